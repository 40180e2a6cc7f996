"""WorkerRegistry.deregister: a worker may leave at any time."""

from tests.harness.events import emitted, event
from tests.harness.reverts import reverts


def test_revert_given_the_caller_is_not_active(registry, stranger):
    """It should revert: the caller must be active."""
    with reverts(registry.WorkerRegistry_NotActive, worker=stranger):
        registry.deregister(sender=stranger)


def test_twice(registry, register, host):
    """It should refuse to remove a worker twice."""
    register(host)
    registry.deregister(sender=host)
    with reverts(registry.WorkerRegistry_NotActive, worker=host):
        registry.deregister(sender=host)


def test_profile(registry, register, host):
    """It should clear the profile."""
    register(host)
    registry.deregister(sender=host)
    assert tuple(registry.profiles(host)) == (bytes(32), 0, 0, False)
    assert not registry.isActiveWorker(host)


def test_count(registry, register, host, worker):
    """It should no longer count the worker."""
    register(host)
    register(worker)
    registry.deregister(sender=host)
    assert registry.activeWorkerCount() == 1


def test_nonce(registry, register, host):
    """It should keep the nonce."""
    register(host)
    registry.deregister(sender=host)
    assert registry.nonces(host) == 1


def test_event(registry, register, host):
    """It should emit WorkerDeregistered."""
    register(host)
    tx = registry.deregister(sender=host)
    assert emitted(tx) == [event(registry.WorkerDeregistered, worker=host)]
