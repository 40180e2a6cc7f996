"""WorkerRegistry.acceptSignerRole: the second of two steps to a new signer."""

import pytest

from tests.harness.events import emitted, event
from tests.harness.reverts import reverts
from tests.harness.values import ZERO_ADDRESS


@pytest.fixture
def proposed(registry, admin, relayer):
    """The account that was proposed as the signer."""
    registry.proposeSignerUpdate(relayer, sender=admin)
    return relayer


def test_revert_when_the_caller_was_not_proposed(registry, proposed, stranger):
    """It should revert: the caller must be the proposed signer."""
    with reverts(registry.WorkerRegistry_NotPendingSigner, caller=stranger, pendingSigner=proposed):
        registry.acceptSignerRole(sender=stranger)


def test_the_admin(registry, proposed, admin):
    """It should refuse the admin that proposed."""
    with reverts(registry.WorkerRegistry_NotPendingSigner, caller=admin, pendingSigner=proposed):
        registry.acceptSignerRole(sender=admin)


def test_revert_given_the_proposed_became_admin(registry, proposed, admin):
    """It should revert: the caller must not be the admin."""
    registry.transferAdmin(proposed, sender=admin)
    registry.acceptAdmin(sender=proposed)
    with reverts(registry.WorkerRegistry_AdminIsSigner, account=proposed):
        registry.acceptSignerRole(sender=proposed)


def test_role(registry, proposed):
    """It should make the caller the signer and end the proposal."""
    registry.acceptSignerRole(sender=proposed)
    assert registry.registrationSigner() == proposed
    assert registry.pendingSigner() == ZERO_ADDRESS


def test_count(registry, register, proposed, host, worker):
    """It should keep the count of workers that shares its slot."""
    register(host)
    register(worker)
    registry.acceptSignerRole(sender=proposed)
    assert registry.activeWorkerCount() == 2


def test_event(registry, proposed, signer):
    """It should emit SignerUpdated."""
    tx = registry.acceptSignerRole(sender=proposed)
    assert emitted(tx) == [event(registry.SignerUpdated, previousSigner=signer, newSigner=proposed)]


def test_twice(registry, proposed):
    """It should refuse a second acceptance."""
    registry.acceptSignerRole(sender=proposed)
    with reverts(
        registry.WorkerRegistry_NotPendingSigner, caller=proposed, pendingSigner=ZERO_ADDRESS
    ):
        registry.acceptSignerRole(sender=proposed)
