"""JobFactory.unpause."""

import pytest

from tests.harness.events import emitted, event
from tests.harness.reverts import reverts


@pytest.mark.parametrize("caller", ["admin", "treasury", "worker", "issuer", "stranger"])
def test_revert_when_the_caller_is_not_the_owner(factory, owner, actors, caller):
    """It should revert: the caller must be the owner."""
    factory.contract.pause(sender=owner)
    with reverts(factory.contract.OwnableUnauthorizedAccount, account=actors[caller]):
        factory.contract.unpause(sender=actors[caller])


def test_revert_when_not_paused(factory, owner):
    """It should revert: the contract must be paused."""
    with reverts(factory.contract.ExpectedPause):
        factory.contract.unpause(sender=owner)


def test_events(factory, owner):
    """It should emit who unpaused it."""
    factory.contract.pause(sender=owner)
    unpaused = factory.contract.unpause(sender=owner)
    assert emitted(unpaused) == [event(factory.contract.Unpaused, account=owner)]
    assert not factory.contract.paused()
