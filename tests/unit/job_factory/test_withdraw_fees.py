"""JobFactory.withdrawFees: anyone sends the treasury its fees."""

import pytest

from tests.harness.escrow import ETHER
from tests.harness.events import emitted, event
from tests.harness.execution import ask
from tests.harness.factory import BPS, FEE_BPS
from tests.harness.reverts import reverts
from tests.unit.job_factory.lives import AMOUNT, posted, worked
from tests.unit.job_factory.posting import payment

FEE = AMOUNT * FEE_BPS // BPS
ETHER_FEE = 10**16 * FEE_BPS // BPS


@pytest.fixture
def fees(factory, worker):
    """Lets the worker earn and withdraw, in USDC unless said."""

    def fees(token=None):
        worked(posted(factory, token=token or factory.usdc)).approve()
        factory.withdraw(worker, token)

    return fees


@pytest.mark.parametrize("earned", [False, True], ids=["nothing earned", "nothing withdrawn"])
def test_revert_given_no_fees(factory, usdc, treasury, stranger, earned):
    """It should revert: there must be fees to withdraw."""
    if earned:
        worked(posted(factory)).approve()
    with reverts(factory.contract.JobFactory_NothingToWithdraw, account=treasury, token=usdc):
        factory.contract.withdrawFees(usdc, sender=stranger)


def test_twice(factory, usdc, fees, treasury, stranger):
    """It should refuse a second withdrawal."""
    fees()
    factory.contract.withdrawFees(usdc, sender=stranger)
    with reverts(factory.contract.JobFactory_NothingToWithdraw, account=treasury, token=usdc):
        factory.contract.withdrawFees(usdc, sender=stranger)


def test_revert_when_the_treasury_refuses(factory, project, fees, owner, stranger):
    """It should revert: the treasury must accept the ETH."""
    fees(ETHER)
    refusing = owner.deploy(project.RefusingReceiver)
    factory.contract.setTreasury(refusing, sender=owner)
    with reverts(factory.contract.Payments_EtherTransferFailed, to=refusing, amount=ETHER_FEE):
        factory.contract.withdrawFees(ETHER, sender=stranger)


@pytest.mark.parametrize("who", ["stranger", "worker", "treasury"])
def test_payment(factory, usdc, fees, treasury, actors, who):
    """It should pay the treasury, whoever calls."""
    fees()
    factory.contract.withdrawFees(usdc, sender=actors[who])
    assert (factory.balance(treasury), factory.held()) == (FEE, 0)
    assert ask(factory.contract.feesOwed, usdc) == 0


def test_returned(factory, usdc, fees, stranger):
    """It should return what was paid."""
    fees()
    assert ask(factory.contract.withdrawFees, usdc, sender=stranger) == FEE


def test_events(factory, usdc, fees, treasury, stranger):
    """It should emit FeesWithdrawn, then let the token speak."""
    fees()
    assert emitted(factory.contract.withdrawFees(usdc, sender=stranger)) == [
        event(factory.contract.FeesWithdrawn, token=usdc, treasury=treasury, amount=FEE),
        payment(usdc, factory.contract, treasury, FEE),
    ]


def test_another_treasury(factory, usdc, fees, treasury, operator, owner, stranger):
    """It should pay that one."""
    fees()
    factory.contract.setTreasury(operator, sender=owner)
    factory.contract.withdrawFees(usdc, sender=stranger)
    assert (factory.balance(operator), factory.balance(treasury)) == (FEE, 0)
