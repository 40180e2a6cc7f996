"""WorkerRegistry's read-only functions, where the other tests do not use them already."""

from eth_abi import encode
from eth_utils import keccak

from tests.harness.values import ZERO_ADDRESS

NAME = "Provenwork WorkerRegistry"
VERSION = "1"


def _separator(chain_id, address):
    domain = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    return keccak(
        encode(
            ["bytes32", "bytes32", "bytes32", "uint256", "address"],
            [keccak(text=domain), keccak(text=NAME), keccak(text=VERSION), chain_id, address],
        )
    )


def test_unknown_worker(registry, stranger):
    """It should show an empty profile, inactive, with nonce zero."""
    assert tuple(registry.profiles(stranger)) == (bytes(32), 0, 0, False)
    assert not registry.isActiveWorker(stranger)
    assert registry.nonces(stranger) == 0


def test_zero_address(registry):
    """It should not revert for the zero address."""
    assert not registry.isActiveWorker(ZERO_ADDRESS)
    assert registry.nonces(ZERO_ADDRESS) == 0


def test_empty_registry(registry):
    """It should count none."""
    assert registry.activeWorkerCount() == 0


def test_domain_separator(registry, chain):
    """It should be that of this chain and this contract."""
    assert registry.getDomainSeparator() == _separator(chain.chain_id, registry.address)


def test_domain_separator_of_another(project, registry, owner, signer, admin):
    """It should differ from another registry's."""
    other = owner.deploy(project.WorkerRegistry, signer, admin)
    assert other.getDomainSeparator() != registry.getDomainSeparator()


def test_eip712_domain(registry, chain):
    """It should name the fields that signatures are bound to."""
    domain = registry.eip712Domain()
    assert (domain.name, domain.version) == (NAME, VERSION)
    assert (domain.chainId, domain.verifyingContract) == (chain.chain_id, registry.address)
