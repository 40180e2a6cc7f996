"""WorkerRegistry.cancelAdminTransfer: a proposal can be taken back."""

from tests.harness.events import emitted, event
from tests.harness.reverts import reverts
from tests.harness.values import ZERO_ADDRESS


def test_revert_when_the_caller_is_not_the_admin(registry, admin, operator):
    """It should revert: the caller must be the admin."""
    registry.transferAdmin(operator, sender=admin)
    with reverts(registry.WorkerRegistry_NotAdmin, caller=operator, admin=admin):
        registry.cancelAdminTransfer(sender=operator)


def test_revert_given_no_proposal(registry, admin):
    """It should revert: an admin must have been proposed."""
    with reverts(registry.WorkerRegistry_NothingPending):
        registry.cancelAdminTransfer(sender=admin)


def test_proposal(registry, admin, operator):
    """It should drop the proposal and leave the acting admin in place."""
    registry.transferAdmin(operator, sender=admin)
    registry.cancelAdminTransfer(sender=admin)
    assert (registry.pendingAdmin(), registry.admin()) == (ZERO_ADDRESS, admin)


def test_dropped_one(registry, admin, operator):
    """It should refuse the dropped one's acceptance."""
    registry.transferAdmin(operator, sender=admin)
    registry.cancelAdminTransfer(sender=admin)
    with reverts(
        registry.WorkerRegistry_NotPendingAdmin, caller=operator, pendingAdmin=ZERO_ADDRESS
    ):
        registry.acceptAdmin(sender=operator)


def test_event(registry, admin, operator):
    """It should emit AdminTransferCancelled."""
    registry.transferAdmin(operator, sender=admin)
    tx = registry.cancelAdminTransfer(sender=admin)
    assert emitted(tx) == [event(registry.AdminTransferCancelled, pendingAdmin=operator)]
