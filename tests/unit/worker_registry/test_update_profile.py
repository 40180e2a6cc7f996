"""WorkerRegistry.updateProfile: a worker speaks for itself."""

from tests.harness.events import emitted, event
from tests.harness.reverts import reverts
from tests.unit.worker_registry.registration import MAX_RATE, OTHER_PROFILE, OTHER_RATE


def test_revert_given_the_caller_is_not_active(registry, stranger):
    """It should revert: the caller must be active."""
    with reverts(registry.WorkerRegistry_NotActive, worker=stranger):
        registry.updateProfile(OTHER_PROFILE, OTHER_RATE, sender=stranger)


def test_a_worker_that_left(registry, register, host):
    """It should refuse a worker that left."""
    register(host)
    registry.deregister(sender=host)
    with reverts(registry.WorkerRegistry_NotActive, worker=host):
        registry.updateProfile(OTHER_PROFILE, OTHER_RATE, sender=host)


def test_revert_when_the_hash_is_zero(registry, register, host):
    """It should revert: the profile's hash must not be zero."""
    register(host)
    with reverts(registry.WorkerRegistry_EmptyProfile, worker=host):
        registry.updateProfile(bytes(32), OTHER_RATE, sender=host)


def test_revert_when_the_rate_is_too_high(registry, register, host):
    """It should revert: the hourly rate must fit 96 bits."""
    register(host)
    too_high = MAX_RATE + 1
    with reverts(registry.WorkerRegistry_RateTooHigh, hourlyRate=too_high, maxHourlyRate=MAX_RATE):
        registry.updateProfile(OTHER_PROFILE, too_high, sender=host)


def test_profile(registry, register, host):
    """It should replace the profile and keep when it was registered."""
    registered_at = register(host).timestamp
    registry.updateProfile(OTHER_PROFILE, MAX_RATE, sender=host)
    assert tuple(registry.profiles(host)) == (OTHER_PROFILE, MAX_RATE, registered_at, True)


def test_nonce_and_count(registry, register, host):
    """It should not touch the nonce or the count."""
    register(host)
    registry.updateProfile(OTHER_PROFILE, OTHER_RATE, sender=host)
    assert (registry.nonces(host), registry.activeWorkerCount()) == (1, 1)


def test_event(registry, register, host):
    """It should emit ProfileUpdated."""
    register(host)
    tx = registry.updateProfile(OTHER_PROFILE, OTHER_RATE, sender=host)
    assert emitted(tx) == [
        event(registry.ProfileUpdated, worker=host, ipfsHash=OTHER_PROFILE, hourlyRate=OTHER_RATE)
    ]
