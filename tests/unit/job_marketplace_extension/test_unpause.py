"""JobMarketplaceExtension.unpause: new money is welcome again."""

import pytest

from tests.harness.escrow import USDC
from tests.harness.events import emitted, event
from tests.harness.reverts import reverts


@pytest.mark.parametrize("caller", ["admin", "treasury", "host", "stranger"])
def test_revert_when_the_caller_is_not_the_owner(marketplace, owner, actors, caller):
    """It should revert: the caller must be the owner."""
    marketplace.pause(sender=owner)
    with reverts(marketplace.OwnableUnauthorizedAccount, account=actors[caller]):
        marketplace.unpause(sender=actors[caller])


def test_revert_when_not_paused(marketplace, owner):
    """It should revert: the contract must be paused."""
    with reverts(marketplace.ExpectedPause):
        marketplace.unpause(sender=owner)


def test_events(marketplace, owner):
    """It should emit who unpaused it."""
    marketplace.pause(sender=owner)
    assert emitted(marketplace.unpause(sender=owner)) == [
        event(marketplace.Unpaused, account=owner)
    ]
    assert not marketplace.paused()


def test_payments(escrow, marketplace, owner, user):
    """It should allow sessions and top-ups again."""
    before = escrow.open()
    marketplace.pause(sender=owner)
    marketplace.unpause(sender=owner)
    marketplace.topUp(before.id, USDC, sender=user)
    assert before.details.depositAmount == before.terms.deposit + USDC
    assert escrow.open().id == before.id + 1
