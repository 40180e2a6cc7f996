"""WorkerRegistry.registerProfile: with the backend's signature, and no other way."""

import pytest

from tests.harness.actors import contract_actor
from tests.harness.events import emitted, event
from tests.harness.execution import rpc
from tests.harness.reverts import reverts
from tests.harness.signing import sign
from tests.unit.worker_registry.registration import (
    DAY,
    MAX_RATE,
    OTHER_PROFILE,
    PROFILE,
    RATE,
)

LATER = 1_000


def test_revert_given_the_caller_is_active(registry, register, host):
    """It should revert: the caller must not be active."""
    register(host)
    with reverts(registry.WorkerRegistry_AlreadyActive, worker=host):
        register(host)


def test_revert_when_the_hash_is_zero(registry, register, host):
    """It should revert: the profile's hash must not be zero."""
    with reverts(registry.WorkerRegistry_EmptyProfile, worker=host):
        register(host, ipfsHash=bytes(32))


def test_revert_when_the_rate_is_too_high(registry, register, host):
    """It should revert: the hourly rate must fit 96 bits."""
    too_high = MAX_RATE + 1
    with reverts(registry.WorkerRegistry_RateTooHigh, hourlyRate=too_high, maxHourlyRate=MAX_RATE):
        register(host, hourlyRate=too_high)


def test_largest_rate(registry, register, host):
    """It should store all of it."""
    register(host, hourlyRate=MAX_RATE)
    assert registry.profiles(host).hourlyRate == MAX_RATE


def test_zero_rate(registry, register, host):
    """It should register a worker that asks nothing."""
    register(host, hourlyRate=0)
    assert registry.isActiveWorker(host)
    assert registry.profiles(host).hourlyRate == 0


def test_revert_when_the_deadline_has_passed(registry, register, host, chain):
    """It should revert: the deadline must not have passed."""
    now = chain.pending_timestamp + LATER
    chain.pending_timestamp = now
    with reverts(registry.WorkerRegistry_DeadlinePassed, deadline=now - 1, currentTime=now):
        register(host, deadline=now - 1)


def test_last_second(registry, register, host, chain):
    """It should accept the signature in its last second."""
    now = chain.pending_timestamp + LATER
    chain.pending_timestamp = now
    assert register(host, deadline=now).timestamp == now
    assert registry.isActiveWorker(host)


def test_revert_when_the_deadline_is_too_far(registry, register, host, chain):
    """It should revert: the deadline must be at most seven days away."""
    now = chain.pending_timestamp + LATER
    chain.pending_timestamp = now
    latest = now + 7 * DAY
    with reverts(registry.WorkerRegistry_DeadlineTooFar, deadline=latest + 1, maxDeadline=latest):
        register(host, deadline=latest + 1)


def test_farthest_deadline(registry, register, host, chain):
    """It should accept the signature."""
    now = chain.pending_timestamp + LATER
    chain.pending_timestamp = now
    register(host, deadline=now + 7 * DAY)
    assert registry.isActiveWorker(host)


def test_revert_given_no_signer(registry, register, host, admin):
    """It should revert: there must be a registration signer."""
    registry.disableSigner(sender=admin)
    with reverts(registry.WorkerRegistry_SignerIsDisabled):
        register(host)


@pytest.mark.parametrize("signature", [b"", bytes(65), b"\x01" * 65], ids=["empty", "zero", "junk"])
def test_nobody_is_not_the_signer(registry, register, host, admin, signature):
    """It should refuse a signature from which nobody can be recovered."""
    registry.disableSigner(sender=admin)
    with reverts(registry.WorkerRegistry_SignerIsDisabled):
        register(host, signature=signature)


def test_revert_when_someone_else_signed(registry, register, consent, host, signer, stranger):
    """It should revert: the registration signer must have signed exactly this registration.

    The digest in the error is the contract's own, and equals that of an independent implementation.
    """
    wanted = consent(host)
    with reverts(
        registry.WorkerRegistry_InvalidSignature,
        registrationSigner=signer,
        digest=wanted.digest(),
    ):
        register(host, deadline=wanted.deadline, signature=wanted.signed_by(stranger))


def test_profile(registry, register, host):
    """It should store the profile with the block's time."""
    tx = register(host)
    assert tuple(registry.profiles(host)) == (PROFILE, RATE, tx.timestamp, True)
    assert registry.isActiveWorker(host)


def test_count(registry, register, host, worker):
    """It should count the worker."""
    register(host)
    assert registry.activeWorkerCount() == 1
    register(worker)
    assert registry.activeWorkerCount() == 2


def test_nonce(registry, register, host):
    """It should raise the worker's nonce by one."""
    register(host)
    assert registry.nonces(host) == 1


def test_event(registry, register, host):
    """It should emit WorkerRegistered with the nonce to sign next."""
    assert emitted(register(host)) == [
        event(
            registry.WorkerRegistered,
            worker=host,
            ipfsHash=PROFILE,
            hourlyRate=RATE,
            nextNonce=1,
        )
    ]


def test_others_are_untouched(registry, register, host, worker):
    """It should leave other workers alone."""
    register(worker, ipfsHash=OTHER_PROFILE)
    before = tuple(registry.profiles(worker))
    register(host)
    assert tuple(registry.profiles(worker)) == before
    assert registry.nonces(worker) == 1


def test_used_signature(registry, register, consent, host, signer):
    """It should refuse the signature that it used then."""
    first = consent(host)
    used = first.signed_by(signer)
    register(host, deadline=first.deadline, signature=used)
    registry.deregister(sender=host)
    with reverts(
        registry.WorkerRegistry_InvalidSignature,
        registrationSigner=signer,
        digest=first.but(nonce=1).digest(),
    ):
        register(host, deadline=first.deadline, signature=used)


def test_coming_back(registry, register, host):
    """It should register it again with a signature over its next nonce."""
    register(host)
    registry.deregister(sender=host)
    tx = register(host, ipfsHash=OTHER_PROFILE)
    assert tuple(registry.profiles(host)) == (OTHER_PROFILE, RATE, tx.timestamp, True)
    assert registry.nonces(host) == 2


def test_replaced_signer(registry, register, consent, host, signer, admin, relayer):
    """It should refuse the old signer's signature."""
    wanted = consent(host)
    registry.proposeSignerUpdate(relayer, sender=admin)
    registry.acceptSignerRole(sender=relayer)
    with reverts(
        registry.WorkerRegistry_InvalidSignature,
        registrationSigner=relayer,
        digest=wanted.digest(),
    ):
        register(host, deadline=wanted.deadline, signature=wanted.signed_by(signer))


def test_new_signer(registry, register, consent, host, admin, relayer):
    """It should accept the new signer's signature."""
    registry.proposeSignerUpdate(relayer, sender=admin)
    registry.acceptSignerRole(sender=relayer)
    wanted = consent(host)
    register(host, deadline=wanted.deadline, signature=wanted.signed_by(relayer))
    assert registry.isActiveWorker(host)


@pytest.fixture
def wallet(project, registry, owner, admin, relayer):
    """A contract wallet of the relayer's that has become the registration signer."""
    wallet = owner.deploy(project.MockWallet, relayer)
    registry.proposeSignerUpdate(wallet, sender=admin)
    registry.acceptSignerRole(sender=contract_actor(wallet))
    return wallet


def test_contract_approves(registry, register, consent, host, relayer, wallet):
    """It should register whom the contract approves."""
    wanted = consent(host)
    register(host, deadline=wanted.deadline, signature=wanted.signed_by(relayer))
    assert registry.isActiveWorker(host)


def test_contract_denies(registry, register, consent, host, stranger, wallet):
    """It should refuse whom the contract denies."""
    wanted = consent(host)
    with reverts(
        registry.WorkerRegistry_InvalidSignature,
        registrationSigner=wallet,
        digest=wanted.digest(),
    ):
        register(host, deadline=wanted.deadline, signature=wanted.signed_by(stranger))


@pytest.fixture
def signer_with_code(project, signer, owner, relayer):
    """The registration signer, its key's account now carrying a wallet's code (EIP-7702)."""
    wallet = owner.deploy(project.MockWallet, relayer)
    rpc("anvil_setCode", signer.address, rpc("eth_getCode", wallet.address, "latest"))
    return signer


def test_key_with_code(registry, register, host, signer_with_code):
    """It should accept what the key signed."""
    register(host)
    assert registry.isActiveWorker(host)


def test_code_of_the_key(registry, register, consent, host, relayer, signer_with_code):
    """It should ask the code about what the key did not sign."""
    wanted = consent(host)
    register(host, deadline=wanted.deadline, signature=sign(wanted.digest(), relayer))
    assert registry.isActiveWorker(host)
