"""WorkerRegistry.disableSigner: the brake for the day the backend's key is lost."""

import pytest

from tests.harness.events import emitted, event
from tests.harness.reverts import reverts
from tests.harness.values import ZERO_ADDRESS


@pytest.fixture
def proposed(registry, admin, relayer):
    """The account that was proposed as the signer."""
    registry.proposeSignerUpdate(relayer, sender=admin)
    return relayer


def test_revert_when_the_caller_is_not_the_admin(registry, admin, signer):
    """It should revert: the caller must be the admin."""
    with reverts(registry.WorkerRegistry_NotAdmin, caller=signer, admin=admin):
        registry.disableSigner(sender=signer)


def test_both(registry, admin, proposed):
    """It should drop both."""
    registry.disableSigner(sender=admin)
    assert registry.registrationSigner() == ZERO_ADDRESS
    assert registry.pendingSigner() == ZERO_ADDRESS


def test_count(registry, register, admin, host):
    """It should keep the count of workers that shares the signer's slot."""
    register(host)
    registry.disableSigner(sender=admin)
    assert registry.activeWorkerCount() == 1


def test_proposed_one(registry, admin, proposed):
    """It should refuse the proposed signer's acceptance."""
    registry.disableSigner(sender=admin)
    with reverts(
        registry.WorkerRegistry_NotPendingSigner, caller=proposed, pendingSigner=ZERO_ADDRESS
    ):
        registry.acceptSignerRole(sender=proposed)


def test_event(registry, admin, signer, proposed):
    """It should emit SignerDisabled with both."""
    tx = registry.disableSigner(sender=admin)
    assert emitted(tx) == [
        event(registry.SignerDisabled, previousSigner=signer, droppedSigner=proposed)
    ]


def test_again_with_a_proposal(registry, admin, relayer):
    """It should still drop a proposed signer."""
    registry.disableSigner(sender=admin)
    registry.proposeSignerUpdate(relayer, sender=admin)
    tx = registry.disableSigner(sender=admin)
    assert registry.pendingSigner() == ZERO_ADDRESS
    assert emitted(tx) == [
        event(registry.SignerDisabled, previousSigner=ZERO_ADDRESS, droppedSigner=relayer)
    ]


def test_again(registry, admin):
    """It should not fail when there is nothing to drop."""
    registry.disableSigner(sender=admin)
    registry.disableSigner(sender=admin)
    assert registry.registrationSigner() == ZERO_ADDRESS


def test_new_signer(registry, register, consent, admin, relayer, host):
    """It should let workers register again."""
    registry.disableSigner(sender=admin)
    registry.proposeSignerUpdate(relayer, sender=admin)
    registry.acceptSignerRole(sender=relayer)
    wanted = consent(host)
    register(host, deadline=wanted.deadline, signature=wanted.signed_by(relayer))
    assert registry.isActiveWorker(host)
