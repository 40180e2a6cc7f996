"""What JobMarketplace says of itself: domain, counts, parties, tokens, settings."""

from eth_abi import encode
from eth_utils import keccak

from tests.harness.deployment import MINIMUM_ETHER, MINIMUM_USDC, deploy_marketplace
from tests.harness.escrow import (
    ACTIVE,
    COMPLETED,
    DEFAULT_RATE,
    DISPUTED,
    ETHER,
    METERED,
    PARAMETERS,
)

NAME = "Provenwork JobMarketplace"
VERSION = "1"


def _separator(chain_id, address):
    domain = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    return keccak(
        encode(
            ["bytes32", "bytes32", "bytes32", "uint256", "address"],
            [keccak(text=domain), keccak(text=NAME), keccak(text=VERSION), chain_id, address],
        )
    )


def test_domain_separator(marketplace, chain):
    """It should be that of this chain and this contract."""
    expected = _separator(chain.chain_id, marketplace.address)
    assert marketplace.getDomainSeparator() == expected


def test_other_domain_separator(project, escrow, marketplace, owner, treasury, chain):
    """It should differ from another marketplace's."""
    other = deploy_marketplace(
        project, owner, escrow.registry, escrow.proof_system, treasury, owner, PARAMETERS
    )
    assert other.getDomainSeparator() == _separator(chain.chain_id, other.address)
    assert other.getDomainSeparator() != marketplace.getDomainSeparator()


def test_eip712_domain(marketplace, chain):
    """It should name the fields that signatures are bound to."""
    domain = marketplace.eip712Domain()
    assert (domain.name, domain.version) == (NAME, VERSION)
    assert (domain.chainId, domain.verifyingContract) == (chain.chain_id, marketplace.address)


def test_count(escrow, marketplace):
    """It should count each."""
    before = marketplace.jobCount()
    escrow.open()
    assert marketplace.jobCount() == before + 1
    escrow.open_prompt()
    escrow.open(token=ETHER)
    assert marketplace.jobCount() == before + 3


def test_parties(escrow, marketplace, user, host):
    """It should name its parties from the opening to the end."""
    session = escrow.open()
    assert tuple(marketplace.sessionParties(session.id)) == (user, host, ACTIVE)
    session.complete(sender=host)
    assert tuple(marketplace.sessionParties(session.id)) == (user, host, COMPLETED)


def test_disputed_parties(escrow, marketplace, user, host):
    """It should show in its parties whether it is disputed."""
    session = escrow.open()
    session.claim(1)
    session.contest()
    assert tuple(marketplace.sessionParties(session.id)) == (user, host, DISPUTED)


def test_tokens(marketplace, usdc):
    """It should show whether it is allowed, from what deposit, and its id."""
    assert tuple(marketplace.tokenTerms(usdc)) == (True, MINIMUM_USDC, 1)
    assert tuple(marketplace.tokenTerms(ETHER)) == (True, MINIMUM_ETHER, 0)


def test_unknown_token(marketplace, stranger):
    """It should show nothing."""
    assert tuple(marketplace.tokenTerms(stranger)) == (False, 0, 0)


def test_deployed(marketplace, treasury, owner):
    """It should name parameters, treasury and owner."""
    assert tuple(marketplace.parameters()) == PARAMETERS
    assert marketplace.treasury() == treasury
    assert marketplace.owner() == owner


def test_defaults(marketplace):
    """It should name the defaults that the owner set."""
    defaults = marketplace.defaults()
    assert (defaults.circuitId, defaults.maxTokensPerSecond) == (METERED, DEFAULT_RATE)
