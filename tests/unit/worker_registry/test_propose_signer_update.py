"""WorkerRegistry.proposeSignerUpdate: the first of two steps to a new signer."""

from tests.harness.events import emitted, event
from tests.harness.reverts import reverts
from tests.harness.values import ZERO_ADDRESS


def test_revert_when_the_caller_is_not_the_admin(registry, admin, stranger, relayer):
    """It should revert: the caller must be the admin."""
    with reverts(registry.WorkerRegistry_NotAdmin, caller=stranger, admin=admin):
        registry.proposeSignerUpdate(relayer, sender=stranger)


def test_the_signer_itself(registry, admin, signer, relayer):
    """It should refuse the signer that would name its successor."""
    with reverts(registry.WorkerRegistry_NotAdmin, caller=signer, admin=admin):
        registry.proposeSignerUpdate(relayer, sender=signer)


def test_revert_when_zero(registry, admin):
    """It should revert: the proposed signer must not be the zero address."""
    with reverts(registry.WorkerRegistry_ZeroAddress):
        registry.proposeSignerUpdate(ZERO_ADDRESS, sender=admin)


def test_revert_when_the_admin(registry, admin):
    """It should revert: the proposed signer must not be the admin."""
    with reverts(registry.WorkerRegistry_AdminIsSigner, account=admin):
        registry.proposeSignerUpdate(admin, sender=admin)


def test_proposal(registry, admin, signer, relayer):
    """It should propose it and leave the acting signer in place."""
    registry.proposeSignerUpdate(relayer, sender=admin)
    assert registry.pendingSigner() == relayer
    assert registry.registrationSigner() == signer


def test_event(registry, admin, signer, relayer):
    """It should emit SignerUpdateProposed."""
    tx = registry.proposeSignerUpdate(relayer, sender=admin)
    assert emitted(tx) == [
        event(registry.SignerUpdateProposed, currentSigner=signer, pendingSigner=relayer)
    ]


def test_second_proposal(registry, admin, relayer, operator):
    """It should replace the proposal."""
    registry.proposeSignerUpdate(relayer, sender=admin)
    registry.proposeSignerUpdate(operator, sender=admin)
    assert registry.pendingSigner() == operator


def test_first_of_two(registry, admin, relayer, operator):
    """It should refuse the one proposed first."""
    registry.proposeSignerUpdate(relayer, sender=admin)
    registry.proposeSignerUpdate(operator, sender=admin)
    with reverts(registry.WorkerRegistry_NotPendingSigner, caller=relayer, pendingSigner=operator):
        registry.acceptSignerRole(sender=relayer)
