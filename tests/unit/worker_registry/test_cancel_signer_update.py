"""WorkerRegistry.cancelSignerUpdate: a proposal can be taken back."""

from tests.harness.events import emitted, event
from tests.harness.reverts import reverts
from tests.harness.values import ZERO_ADDRESS


def test_revert_when_the_caller_is_not_the_admin(registry, admin, relayer):
    """It should revert: the caller must be the admin."""
    registry.proposeSignerUpdate(relayer, sender=admin)
    with reverts(registry.WorkerRegistry_NotAdmin, caller=relayer, admin=admin):
        registry.cancelSignerUpdate(sender=relayer)


def test_revert_given_no_proposal(registry, admin):
    """It should revert: a signer must have been proposed."""
    with reverts(registry.WorkerRegistry_NothingPending):
        registry.cancelSignerUpdate(sender=admin)


def test_proposal(registry, admin, signer, relayer):
    """It should drop the proposal and leave the acting signer in place."""
    registry.proposeSignerUpdate(relayer, sender=admin)
    registry.cancelSignerUpdate(sender=admin)
    assert registry.pendingSigner() == ZERO_ADDRESS
    assert registry.registrationSigner() == signer


def test_dropped_one(registry, admin, relayer):
    """It should refuse the dropped one's acceptance."""
    registry.proposeSignerUpdate(relayer, sender=admin)
    registry.cancelSignerUpdate(sender=admin)
    with reverts(
        registry.WorkerRegistry_NotPendingSigner, caller=relayer, pendingSigner=ZERO_ADDRESS
    ):
        registry.acceptSignerRole(sender=relayer)


def test_event(registry, admin, relayer):
    """It should emit SignerUpdateCancelled."""
    registry.proposeSignerUpdate(relayer, sender=admin)
    tx = registry.cancelSignerUpdate(sender=admin)
    assert emitted(tx) == [event(registry.SignerUpdateCancelled, pendingSigner=relayer)]
