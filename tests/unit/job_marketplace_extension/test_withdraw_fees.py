"""JobMarketplace.withdrawFees: anyone sends the treasury its tenth."""

import pytest

from tests.harness.escrow import ETHER, USDC
from tests.harness.events import emitted, event
from tests.harness.execution import ask
from tests.harness.reverts import encoded, reverts

UNIT_PER_TOKEN = 10**6  # a base unit for each token
EARNED, FEE = 1_000, 100


@pytest.fixture
def earn(escrow, host):
    """Lets a host earn a thousand base units and withdraw them, in USDC unless said."""

    def earn(token=None, worker=None):
        session = escrow.open(
            host=worker or host,
            token=token or escrow.usdc,
            pricePerToken=UNIT_PER_TOKEN,
            deposit=10**14 if token == ETHER else USDC,
        )
        session.close_with_voucher(EARNED)
        escrow.withdraw(worker or host, token)

    return earn


def test_revert_given_no_fees(marketplace, usdc, treasury, stranger):
    """It should revert: there must be fees to withdraw."""
    with reverts(marketplace.JobMarketplace_NothingToWithdraw, account=treasury, token=usdc):
        marketplace.withdrawFees(usdc, sender=stranger)


def test_twice(marketplace, usdc, earn, treasury, stranger):
    """It should refuse a second withdrawal."""
    earn()
    marketplace.withdrawFees(usdc, sender=stranger)
    with reverts(marketplace.JobMarketplace_NothingToWithdraw, account=treasury, token=usdc):
        marketplace.withdrawFees(usdc, sender=stranger)


def test_before_the_host(marketplace, escrow, usdc, treasury):
    """It should refuse while the host has not withdrawn."""
    escrow.open().close_with_voucher(EARNED)
    with reverts(marketplace.JobMarketplace_NothingToWithdraw, account=treasury, token=usdc):
        marketplace.withdrawFees(usdc, sender=treasury)


@pytest.fixture
def refusing(project, marketplace, owner):
    """A treasury that takes no ETH."""
    refusing = owner.deploy(project.RefusingReceiver)
    marketplace.setTreasury(refusing, sender=owner)
    return refusing


def test_revert_when_the_treasury_refuses(marketplace, earn, refusing, stranger):
    """It should revert: the treasury must accept the ETH."""
    earn(ETHER)
    with reverts(marketplace.Payments_EtherTransferFailed, to=refusing, amount=FEE):
        marketplace.withdrawFees(ETHER, sender=stranger)


def test_another_treasury(escrow, marketplace, earn, refusing, owner, treasury, stranger):
    """It should pay once another treasury is named."""
    earn(ETHER)
    marketplace.setTreasury(treasury, sender=owner)
    before = escrow.balance(treasury, ETHER)
    marketplace.withdrawFees(ETHER, sender=stranger)
    assert escrow.balance(treasury, ETHER) == before + FEE


@pytest.mark.parametrize("caller", ["stranger", "host", "treasury"])
def test_payment(escrow, marketplace, usdc, earn, actors, treasury, caller):
    """It should pay the treasury, whoever calls."""
    earn()
    marketplace.withdrawFees(usdc, sender=actors[caller])
    assert (escrow.balance(treasury), ask(marketplace.feesOwed, usdc)) == (FEE, 0)


def test_ether(escrow, marketplace, earn, treasury, stranger):
    """It should pay in ETH likewise."""
    earn(ETHER)
    before = escrow.balance(treasury, ETHER)
    marketplace.withdrawFees(ETHER, sender=stranger)
    assert escrow.balance(treasury, ETHER) == before + FEE
    assert ask(marketplace.feesOwed, ETHER) == escrow.balance(marketplace, ETHER) == 0


def test_returned(marketplace, usdc, earn, stranger):
    """It should return what was paid."""
    earn()
    assert ask(marketplace.withdrawFees, usdc, sender=stranger) == FEE


def test_event(marketplace, usdc, earn, treasury, stranger):
    """It should emit FeesWithdrawn."""
    earn()
    assert emitted(marketplace.withdrawFees(usdc, sender=stranger)) == [
        event(marketplace.FeesWithdrawn, token=usdc, treasury=treasury, amount=FEE),
        event(usdc.Transfer, **{"from": marketplace, "to": treasury, "value": FEE}),
    ]


def test_several_hosts(escrow, marketplace, usdc, earn, other_host, treasury, stranger):
    """It should pay the fees of several hosts together."""
    earn()
    earn(worker=other_host)
    marketplace.withdrawFees(usdc, sender=stranger)
    assert escrow.balance(treasury) == 2 * FEE


def test_new_treasury(escrow, marketplace, usdc, earn, owner, treasury, operator, stranger):
    """It should pay it all that waits, and later fees too."""
    earn()
    marketplace.setTreasury(operator, sender=owner)
    marketplace.withdrawFees(usdc, sender=stranger)
    earn()
    marketplace.withdrawFees(usdc, sender=stranger)
    assert (escrow.balance(treasury), escrow.balance(operator)) == (0, 2 * FEE)


def test_two_tokens(marketplace, usdc, earn, stranger):
    """It should leave the other token alone."""
    earn()
    earn(ETHER)
    marketplace.withdrawFees(usdc, sender=stranger)
    assert (ask(marketplace.feesOwed, usdc), ask(marketplace.feesOwed, ETHER)) == (0, FEE)


def test_reentrance(escrow, project, marketplace, earn, owner, stranger):
    """It should let nothing happen twice."""
    reentrant = owner.deploy(project.ReentrantReceiver)
    marketplace.setTreasury(reentrant, sender=owner)
    call = marketplace.withdrawFees.encode_input(ETHER)
    reentrant.prepare(marketplace, call, sender=owner)
    earn(ETHER)
    marketplace.withdrawFees(ETHER, sender=stranger)
    assert reentrant.answer() == encoded(marketplace.ReentrancyGuardReentrantCall)
    assert escrow.balance(reentrant, ETHER) == FEE


def test_whatever_the_owner_does(escrow, marketplace, usdc, earn, owner, treasury, stranger):
    """It should pay all the same."""
    earn()
    marketplace.pause(sender=owner)
    marketplace.setToken(usdc, False, 0, sender=owner)
    marketplace.withdrawFees(usdc, sender=stranger)
    assert escrow.balance(treasury) == FEE
