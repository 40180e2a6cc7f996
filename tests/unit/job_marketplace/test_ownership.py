"""Who owns the marketplace: handed over in two steps, or given up."""

import pytest

from tests.harness.escrow import METERED, ZERO
from tests.harness.events import emitted, event
from tests.harness.reverts import reverts
from tests.unit.job_marketplace.openings import MAX_RATE, details_of

TOKENS = 1_000


def test_first_step(marketplace, owner, operator):
    """It should emit both and stay the owner until the successor accepts."""
    tx = marketplace.transferOwnership(operator, sender=owner)
    assert emitted(tx) == [
        event(marketplace.OwnershipTransferStarted, previousOwner=owner, newOwner=operator)
    ]
    assert (marketplace.owner(), marketplace.pendingOwner()) == (owner, operator)
    with reverts(marketplace.OwnableUnauthorizedAccount, account=operator):
        marketplace.pause(sender=operator)
    marketplace.pause(sender=owner)


@pytest.mark.parametrize("instead", ["another", "nobody"])
def test_change_of_mind(marketplace, owner, operator, relayer, instead):
    """It should let the owner change its mind."""
    marketplace.transferOwnership(operator, sender=owner)
    successor = {"another": relayer.address, "nobody": ZERO}[instead]
    marketplace.transferOwnership(successor, sender=owner)
    with reverts(marketplace.OwnableUnauthorizedAccount, account=operator):
        marketplace.acceptOwnership(sender=operator)
    assert (marketplace.owner(), marketplace.pendingOwner()) == (owner, successor)


def test_second_step(marketplace, owner, operator):
    """It should emit both and hand over everything at once."""
    marketplace.transferOwnership(operator, sender=owner)
    tx = marketplace.acceptOwnership(sender=operator)
    assert emitted(tx) == [
        event(marketplace.OwnershipTransferred, previousOwner=owner, newOwner=operator)
    ]
    assert (marketplace.owner(), marketplace.pendingOwner()) == (operator, ZERO)
    with reverts(marketplace.OwnableUnauthorizedAccount, account=owner):
        marketplace.setDefaults(METERED, MAX_RATE, sender=owner)
    marketplace.setDefaults(METERED, MAX_RATE, sender=operator)
    assert marketplace.defaults().maxTokensPerSecond == MAX_RATE


def test_nothing_else_changes(escrow, marketplace, usdc, owner, operator):
    """It should leave sessions, settings and the pause as they were."""

    def everything():
        settings = (marketplace.defaults(), marketplace.tokenTerms(usdc))
        counts = (marketplace.jobCount(), marketplace.paused(), marketplace.treasury())
        return [*map(tuple, settings), *counts, details_of(escrow, session.id)]

    session = escrow.open()
    marketplace.pause(sender=owner)
    before = everything()
    marketplace.transferOwnership(operator, sender=owner)
    marketplace.acceptOwnership(sender=operator)
    assert everything() == before


@pytest.mark.parametrize("who", ["owner", "admin", "treasury", "stranger"])
def test_wrong_successor(marketplace, owner, operator, actors, who):
    """It should refuse."""
    marketplace.transferOwnership(operator, sender=owner)
    with reverts(marketplace.OwnableUnauthorizedAccount, account=actors[who]):
        marketplace.acceptOwnership(sender=actors[who])


@pytest.mark.parametrize("who", ["admin", "treasury", "host", "stranger"])
def test_not_the_owner(marketplace, actors, who):
    """It should refuse it."""
    refusal = {"account": actors[who]}
    with reverts(marketplace.OwnableUnauthorizedAccount, **refusal):
        marketplace.transferOwnership(actors[who], sender=actors[who])
    with reverts(marketplace.OwnableUnauthorizedAccount, **refusal):
        marketplace.renounceOwnership(sender=actors[who])


def test_renounced(escrow, marketplace, owner):
    """It should leave the settings as they are, for good."""
    marketplace.renounceOwnership(sender=owner)
    assert marketplace.owner() == ZERO
    with reverts(marketplace.OwnableUnauthorizedAccount, account=owner):
        marketplace.setDefaults(METERED, MAX_RATE, sender=owner)
    assert escrow.open().details.depositAmount > 0


def test_renounced_while_paused(escrow, marketplace, usdc, owner, host, treasury):
    """It should let sessions that are open end as agreed, even if it paused before."""
    session = escrow.open()
    marketplace.pause(sender=owner)
    marketplace.renounceOwnership(sender=owner)
    session.close_with_voucher(TOKENS)
    marketplace.withdraw(usdc, host, sender=host)
    marketplace.withdrawFees(usdc, sender=treasury)
    assert usdc.balanceOf(host) + usdc.balanceOf(treasury) == session.cost(TOKENS)
