"""JobMarketplaceExtension.setTreasury: who receives the fees."""

import pytest

from tests.harness.escrow import ZERO
from tests.harness.events import emitted, event
from tests.harness.reverts import reverts

REDEEMED = 100_000


@pytest.mark.parametrize("caller", ["treasury", "admin", "host", "stranger"])
def test_revert_when_the_caller_is_not_the_owner(marketplace, relayer, actors, caller):
    """It should revert: the caller must be the owner."""
    with reverts(marketplace.OwnableUnauthorizedAccount, account=actors[caller]):
        marketplace.setTreasury(relayer, sender=actors[caller])


@pytest.mark.parametrize("treasury", ["nobody", "the escrow"])
def test_revert_when_the_treasury_is_invalid(marketplace, owner, treasury):
    """It should revert: the treasury must be neither the address zero nor this contract."""
    invalid = {"nobody": ZERO, "the escrow": marketplace.address}[treasury]
    with reverts(marketplace.JobMarketplace_TreasuryInvalid, treasury=invalid):
        marketplace.setTreasury(invalid, sender=owner)


def test_events(marketplace, owner, relayer):
    """It should emit and name it."""
    assert emitted(marketplace.setTreasury(relayer, sender=owner)) == [
        event(marketplace.TreasurySet, treasury=relayer)
    ]
    assert marketplace.treasury() == relayer


@pytest.fixture
def earnings(escrow, host):
    """A host that earned something and did not yet withdraw."""
    escrow.open().close_with_voucher(REDEEMED)
    return escrow.earned(host)


def test_fees_owed(marketplace, usdc, owner, host, treasury, relayer, earnings):
    """It should send it the fees that are owed already."""
    marketplace.withdraw(usdc, host, sender=host)
    owed = marketplace.feesOwed(usdc)
    marketplace.setTreasury(relayer, sender=owner)
    marketplace.withdrawFees(usdc, sender=treasury)
    assert usdc.balanceOf(relayer) == owed > 0
    assert usdc.balanceOf(treasury) == 0


def test_earnings(escrow, marketplace, owner, host, relayer, earnings):
    """It should leave what hosts earned alone."""
    marketplace.setTreasury(relayer, sender=owner)
    assert escrow.earned(host) == earnings > 0
