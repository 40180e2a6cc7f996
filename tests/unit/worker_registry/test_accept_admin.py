"""WorkerRegistry.acceptAdmin: the second of two steps to a new admin."""

import pytest

from tests.harness.events import emitted, event
from tests.harness.reverts import reverts
from tests.harness.values import ZERO_ADDRESS


@pytest.fixture
def proposed(registry, admin, operator):
    """The account that was proposed as the admin."""
    registry.transferAdmin(operator, sender=admin)
    return operator


def test_revert_when_the_caller_was_not_proposed(registry, proposed, admin):
    """It should revert: the caller must be the proposed admin."""
    with reverts(registry.WorkerRegistry_NotPendingAdmin, caller=admin, pendingAdmin=proposed):
        registry.acceptAdmin(sender=admin)


def test_revert_given_the_proposed_became_signer(registry, proposed, admin):
    """It should revert: the caller must not be the registration signer."""
    registry.proposeSignerUpdate(proposed, sender=admin)
    registry.acceptSignerRole(sender=proposed)
    with reverts(registry.WorkerRegistry_AdminIsSigner, account=proposed):
        registry.acceptAdmin(sender=proposed)


def test_role(registry, proposed):
    """It should make the caller the admin and end the proposal."""
    registry.acceptAdmin(sender=proposed)
    assert (registry.admin(), registry.pendingAdmin()) == (proposed, ZERO_ADDRESS)


def test_old_admin(registry, proposed, admin, host):
    """It should leave the old admin without power."""
    registry.acceptAdmin(sender=proposed)
    with reverts(registry.WorkerRegistry_NotAdmin, caller=admin, admin=proposed):
        registry.deactivate(host, sender=admin)


def test_event(registry, proposed, admin):
    """It should emit AdminTransferred."""
    tx = registry.acceptAdmin(sender=proposed)
    assert emitted(tx) == [event(registry.AdminTransferred, previousAdmin=admin, newAdmin=proposed)]


def test_twice(registry, proposed):
    """It should refuse a second acceptance."""
    registry.acceptAdmin(sender=proposed)
    with reverts(
        registry.WorkerRegistry_NotPendingAdmin, caller=proposed, pendingAdmin=ZERO_ADDRESS
    ):
        registry.acceptAdmin(sender=proposed)
