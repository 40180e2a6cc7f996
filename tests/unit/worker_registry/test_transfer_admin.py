"""WorkerRegistry.transferAdmin: the first of two steps to a new admin."""

from tests.harness.events import emitted, event
from tests.harness.reverts import reverts
from tests.harness.values import ZERO_ADDRESS


def test_revert_when_the_caller_is_not_the_admin(registry, admin, stranger):
    """It should revert: the caller must be the admin."""
    with reverts(registry.WorkerRegistry_NotAdmin, caller=stranger, admin=admin):
        registry.transferAdmin(stranger, sender=stranger)


def test_revert_when_zero(registry, admin):
    """It should revert: the proposed admin must not be the zero address."""
    with reverts(registry.WorkerRegistry_ZeroAddress):
        registry.transferAdmin(ZERO_ADDRESS, sender=admin)


def test_revert_when_the_signer(registry, admin, signer):
    """It should revert: the proposed admin must not be the registration signer."""
    with reverts(registry.WorkerRegistry_AdminIsSigner, account=signer):
        registry.transferAdmin(signer, sender=admin)


def test_proposal(registry, admin, operator):
    """It should propose it and leave the acting admin in place."""
    registry.transferAdmin(operator, sender=admin)
    assert (registry.pendingAdmin(), registry.admin()) == (operator, admin)


def test_event(registry, admin, operator):
    """It should emit AdminTransferStarted."""
    tx = registry.transferAdmin(operator, sender=admin)
    assert emitted(tx) == [
        event(registry.AdminTransferStarted, currentAdmin=admin, pendingAdmin=operator)
    ]


def test_second_proposal(registry, admin, operator, relayer):
    """It should replace the proposal."""
    registry.transferAdmin(operator, sender=admin)
    registry.transferAdmin(relayer, sender=admin)
    assert registry.pendingAdmin() == relayer


def test_first_of_two(registry, admin, operator, relayer):
    """It should refuse the one proposed first."""
    registry.transferAdmin(operator, sender=admin)
    registry.transferAdmin(relayer, sender=admin)
    with reverts(registry.WorkerRegistry_NotPendingAdmin, caller=operator, pendingAdmin=relayer):
        registry.acceptAdmin(sender=operator)
