"""JobFactory.setTreasury: who receives the fees."""

import pytest

from tests.harness.escrow import ZERO
from tests.harness.events import emitted, event
from tests.harness.reverts import reverts


@pytest.mark.parametrize("caller", ["admin", "treasury", "worker", "issuer", "stranger"])
def test_revert_when_the_caller_is_not_the_owner(factory, actors, caller):
    """It should revert: the caller must be the owner."""
    with reverts(factory.contract.OwnableUnauthorizedAccount, account=actors[caller]):
        factory.contract.setTreasury(actors[caller], sender=actors[caller])


@pytest.mark.parametrize("wrong", ["zero", "factory"])
def test_revert_when_the_treasury_is_invalid(factory, owner, wrong):
    """It should revert: the treasury must be neither the address zero nor this contract."""
    treasury = {"zero": ZERO, "factory": factory.contract}[wrong]
    with reverts(factory.contract.JobFactory_TreasuryInvalid, treasury=treasury):
        factory.contract.setTreasury(treasury, sender=owner)


def test_events(factory, owner, operator):
    """It should emit TreasurySet, and show it."""
    assert emitted(factory.contract.setTreasury(operator, sender=owner)) == [
        event(factory.contract.TreasurySet, treasury=operator)
    ]
    assert factory.contract.treasury() == operator
