"""Where WorkerRegistry keeps what: two slots per worker, and no word that could be shared."""

import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.harness.execution import storage_word
from tests.unit.worker_registry.registration import MAX_RATE, PROFILE

# Slots 0 and 1 belong to OpenZeppelin's EIP712, which no longer uses them.
ADMIN, PENDING_ADMIN, PENDING_SIGNER, SIGNER_AND_COUNT, PROFILES = range(2, 7)

NONCE_AT = 96
REGISTERED_AT = 160
ACTIVE_AT = 200


def _profile_slot(worker):
    key = keccak(encode(["address", "uint256"], [worker.address, PROFILES]))
    return int.from_bytes(key, "big")


def _address(account):
    return int(account.address, 16)


def test_profile(registry, register, host):
    """It should keep the profile in two slots, the nonce beside the rate."""
    registered_at = register(host, hourlyRate=MAX_RATE).timestamp
    slot = _profile_slot(host)
    assert storage_word(registry, slot) == int.from_bytes(PROFILE, "big")
    assert storage_word(registry, slot + 1) == (
        MAX_RATE | 1 << NONCE_AT | registered_at << REGISTERED_AT | 1 << ACTIVE_AT
    )


def test_count(registry, register, host, worker, signer):
    """It should keep the count beside the registration signer."""
    register(host)
    register(worker)
    assert storage_word(registry, SIGNER_AND_COUNT) == _address(signer) | 2 << 160


def test_deregistered(registry, register, host):
    """It should keep nothing but the nonce."""
    register(host)
    registry.deregister(sender=host)
    slot = _profile_slot(host)
    assert storage_word(registry, slot) == 0
    assert storage_word(registry, slot + 1) == 1 << NONCE_AT


@pytest.mark.parametrize("role", ["admin", "pending_admin", "pending_signer"])
def test_roles(registry, role, admin, operator, relayer):
    """It should keep one address per slot."""
    registry.transferAdmin(operator, sender=admin)
    registry.proposeSignerUpdate(relayer, sender=admin)
    slot, account = {
        "admin": (ADMIN, admin),
        "pending_admin": (PENDING_ADMIN, operator),
        "pending_signer": (PENDING_SIGNER, relayer),
    }[role]
    assert storage_word(registry, slot) == _address(account)
