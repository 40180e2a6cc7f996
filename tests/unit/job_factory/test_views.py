"""What JobFactory says of itself and its jobs."""

import pytest
from eth_abi import encode
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from tests.harness.escrow import ETHER, ZERO
from tests.harness.execution import ask
from tests.harness.factory import FEE_BPS, MIN_CLAIM, MIN_REVIEW, MIN_WORK, deploy_factory
from tests.unit.job_factory.lives import UNKNOWN, posted
from tests.unit.job_factory.posting import details_of

NAME, VERSION = "Provenwork JobFactory", "1"
DOMAIN = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
TERMS = "(address,address,address,uint256,uint256,uint256,uint256,uint256,uint256,bytes32)"
PLACE = ["uint256", "address", TERMS, "address", "bytes32"]


def separator(chain_id, address):
    """The domain separator, written down apart."""
    words = [keccak(text=DOMAIN), keccak(text=NAME), keccak(text=VERSION), chain_id, address]
    return keccak(encode(["bytes32", "bytes32", "bytes32", "uint256", "address"], words))


def test_domain_separator(project, escrow, factory, chain):
    """It should be that of this chain and this contract."""
    other = deploy_factory(project, escrow)
    for contract in (factory.contract, other.contract):
        assert contract.getDomainSeparator() == separator(chain.chain_id, contract.address)
    domain = factory.contract.eip712Domain()
    assert (domain.name, domain.version) == (NAME, VERSION)
    assert (domain.chainId, domain.verifyingContract) == (chain.chain_id, factory.contract.address)


@pytest.mark.parametrize("job_id", [0, 2, UNKNOWN, 2**256 - 1])
def test_unknown_job(factory, job_id):
    """It should show zeros."""
    posted(factory)
    details = details_of(factory, job_id)
    assert len(details) == 16
    assert {value for name, value in details.items()} <= {0, ZERO, bytes(32)}


def test_unknown_accounts(factory, stranger, owner):
    """It should show zeros."""
    contract = factory.contract
    assert tuple(contract.tokenTerms(stranger)) == (False, 0, 0)
    assert contract.operatorUntil(stranger, owner) == contract.nonces(stranger) == 0
    assert contract.earned(stranger, ETHER) == contract.credits(stranger, ETHER) == 0
    assert not contract.isIntentRevoked(stranger, bytes(32))


addresses = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
numbers = st.integers(0, 2**256 - 1)
words = st.binary(min_size=32, max_size=32)


@given(
    terms=st.tuples(*[addresses] * 3, *[numbers] * 6, words),
    issuer=addresses,
    salt=words,
)
def test_authorization_nonce(factory, chain, terms, issuer, salt):
    """It should be that of an independent implementation."""
    place = [chain.chain_id, factory.contract.address, terms, issuer, salt]
    asked = ask(factory.contract.authorizationNonce, terms, issuer, salt)
    assert bytes(asked) == keccak(encode(PLACE, place))


def test_count(factory):
    """It should count them."""
    assert factory.contract.jobCount() == 0
    for count, post in enumerate((factory.post, factory.post_by_sig, posted), start=1):
        job = post(factory) if post is posted else post()
        assert factory.contract.jobCount() == job.id == count


def test_deployed(factory, escrow, treasury, owner):
    """It should name parameters, registry, treasury and owner."""
    contract = factory.contract
    assert tuple(contract.parameters()) == (MIN_CLAIM, MIN_WORK, MIN_REVIEW, FEE_BPS)
    assert (contract.registry(), contract.treasury()) == (escrow.registry, treasury)
    assert contract.owner() == owner
