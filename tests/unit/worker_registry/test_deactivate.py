"""WorkerRegistry.deactivate: the admin removes a worker, and what was signed for it."""

from tests.harness.events import emitted, event
from tests.harness.reverts import reverts
from tests.harness.values import ZERO_ADDRESS


def test_revert_when_the_caller_is_not_the_admin(registry, register, host, signer, admin):
    """It should revert: the caller must be the admin."""
    register(host)
    with reverts(registry.WorkerRegistry_NotAdmin, caller=signer, admin=admin):
        registry.deactivate(host, sender=signer)


def test_revert_when_the_worker_is_zero(registry, admin):
    """It should revert: the worker must not be the zero address."""
    with reverts(registry.WorkerRegistry_ZeroAddress):
        registry.deactivate(ZERO_ADDRESS, sender=admin)


def test_profile(registry, register, host, admin):
    """It should clear the profile."""
    register(host)
    registry.deactivate(host, sender=admin)
    assert tuple(registry.profiles(host)) == (bytes(32), 0, 0, False)
    assert not registry.isActiveWorker(host)


def test_count(registry, register, host, worker, admin):
    """It should no longer count the worker."""
    register(host)
    register(worker)
    registry.deactivate(host, sender=admin)
    assert registry.activeWorkerCount() == 1


def test_nonce(registry, register, host, admin):
    """It should raise the nonce by one."""
    register(host)
    registry.deactivate(host, sender=admin)
    assert registry.nonces(host) == 2


def test_event(registry, register, host, admin):
    """It should emit WorkerDeactivated with the nonce to sign next."""
    register(host)
    tx = registry.deactivate(host, sender=admin)
    assert emitted(tx) == [event(registry.WorkerDeactivated, worker=host, nextNonce=2)]


def test_nonce_of_an_inactive_worker(registry, host, admin):
    """It should raise the nonce by one all the same."""
    tx = registry.deactivate(host, sender=admin)
    assert registry.nonces(host) == 1
    assert emitted(tx) == [event(registry.WorkerDeactivated, worker=host, nextNonce=1)]


def test_count_without_an_active_worker(registry, register, host, worker, admin):
    """It should not change the count."""
    register(worker)
    registry.deactivate(host, sender=admin)
    assert registry.activeWorkerCount() == 1


def test_signature_made_before(registry, register, consent, host, signer, admin):
    """It should refuse that signature from then on."""
    held = consent(host)
    registry.deactivate(host, sender=admin)
    with reverts(
        registry.WorkerRegistry_InvalidSignature,
        registrationSigner=signer,
        digest=held.but(nonce=1).digest(),
    ):
        register(host, deadline=held.deadline, signature=held.signed_by(signer))


def test_leaving_ahead(registry, register, consent, host, signer, admin):
    """It should refuse it also if the worker left ahead of the call."""
    register(host)
    held = consent(host)
    registry.deregister(sender=host)
    registry.deactivate(host, sender=admin)
    with reverts(
        registry.WorkerRegistry_InvalidSignature,
        registrationSigner=signer,
        digest=held.but(nonce=2).digest(),
    ):
        register(host, deadline=held.deadline, signature=held.signed_by(signer))


def test_signature_made_afterwards(registry, register, host, admin):
    """It should accept a signature made afterwards."""
    registry.deactivate(host, sender=admin)
    register(host)
    assert registry.isActiveWorker(host)
