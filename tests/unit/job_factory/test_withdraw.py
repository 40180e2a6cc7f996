"""JobFactory.withdraw: everybody but the issuer's refund is paid by pulling."""

import pytest

from tests.harness.deployment import MINIMUM_ETHER
from tests.harness.escrow import ETHER, ZERO
from tests.harness.events import emitted, event
from tests.harness.execution import ask
from tests.harness.factory import BPS, CLAIMED, FEE_BPS, deploy_factory, job_token
from tests.harness.reverts import encoded, reverts
from tests.unit.job_factory.lives import AMOUNT, BOND, posted, worked
from tests.unit.job_factory.posting import payment

FEE = AMOUNT * FEE_BPS // BPS
PURSE = "0x" + "9e" * 20  # an account that pays for no gas and holds nothing


@pytest.fixture
def earn(factory, owner):
    """Lets the worker earn an amount, in USDC unless said."""

    def earn(amount=AMOUNT, token=None, **terms):
        token = token or factory.usdc
        factory.contract.setToken(token, True, 1, sender=owner)
        job = worked(factory.post(amount=amount, token=token, **terms))
        job.approve()
        return job

    return earn


def bond_credited(factory):
    """A bond's credit for the worker."""
    posted(factory).in_status(CLAIMED).submit()


@pytest.mark.parametrize("receiver", ["zero", "factory"])
def test_revert_when_the_receiver_is_invalid(factory, earn, worker, receiver):
    """It should revert: the receiver must be neither the address zero nor this contract."""
    earn()
    to = {"zero": ZERO, "factory": factory.contract}[receiver]
    with reverts(factory.contract.JobFactory_ReceiverInvalid, to=to):
        factory.withdraw(worker, to=to)


def test_revert_given_nothing(factory, usdc, worker):
    """It should revert: there must be something to withdraw."""
    with reverts(factory.contract.JobFactory_NothingToWithdraw, account=worker, token=usdc):
        factory.withdraw(worker)


def test_twice(factory, usdc, earn, worker):
    """It should refuse a second withdrawal."""
    earn()
    factory.withdraw(worker)
    with reverts(factory.contract.JobFactory_NothingToWithdraw, account=worker, token=usdc):
        factory.withdraw(worker)


@pytest.mark.parametrize("who", ["issuer", "treasury", "owner", "stranger"])
def test_not_ones_own(factory, usdc, earn, worker, actors, who):
    """It should refuse what waits in another token, or for somebody else."""
    earn()
    with reverts(factory.contract.JobFactory_NothingToWithdraw, account=worker, token=ETHER):
        factory.withdraw(worker, ETHER)
    with reverts(factory.contract.JobFactory_NothingToWithdraw, account=actors[who], token=usdc):
        factory.withdraw(actors[who])


@pytest.fixture(params=["RefusingReceiver", "GuzzlingReceiver", "BombingReceiver"])
def unwilling(project, owner, request):
    """A contract that takes no ETH, in one way or another."""
    return owner.deploy(getattr(project, request.param))


def test_revert_when_the_receiver_refuses(factory, earn, worker, unwilling):
    """It should revert: the receiver must accept the ETH."""
    earn(1_000, ETHER)
    with reverts(factory.contract.Payments_EtherTransferFailed, to=unwilling, amount=970):
        factory.withdraw(worker, ETHER, to=unwilling)


def test_elsewhere(factory, project, owner, earn, worker):
    """It should leave the money to be sent elsewhere."""
    earn(1_000, ETHER)
    refusing = owner.deploy(project.RefusingReceiver)
    with reverts(factory.contract.Payments_EtherTransferFailed, to=refusing, amount=970):
        factory.withdraw(worker, ETHER, to=refusing)
    factory.withdraw(worker, ETHER, to=PURSE)
    assert factory.balance(PURSE, ETHER) == 970


def test_revert_when_the_token_refuses(factory, project, owner, worker):
    """It should revert: the token must accept the transfer."""
    token = job_token(factory, project.DenylistToken)
    worked(posted(factory, token=token)).approve()
    token.deny(worker, True, sender=owner)
    with reverts(token.DenylistToken_Denied, account=worker):
        factory.withdraw(worker, token)
    assert factory.earned(worker, token) == AMOUNT


def test_earnings(factory, earn, worker):
    """It should pay them to whom the caller says, less the fee."""
    earn()
    earn()
    factory.withdraw(worker, to=PURSE)
    assert factory.balance(PURSE) == 2 * (AMOUNT - FEE)
    assert ask(factory.contract.feesOwed, factory.usdc) == factory.held() == 2 * FEE
    assert (factory.earned(worker), factory.balance(worker)) == (0, 0)


@pytest.mark.parametrize(
    ("gross", "fee"), [(1, 1), (33, 1), (34, 2), (66, 2), (67, 3), (100, 3), (101, 4)]
)
def test_rounding(factory, earn, worker, gross, fee):
    """It should round the fee up, and take the whole of a single unit."""
    earn(gross)
    factory.withdraw(worker, to=PURSE)
    assert factory.balance(PURSE) == gross - fee
    assert ask(factory.contract.feesOwed, factory.usdc) == factory.held() == fee
    assert factory.earned(worker) == 0


def test_returned(factory, usdc, earn, worker):
    """It should return what was paid."""
    earn()
    assert ask(factory.contract.withdraw, usdc, PURSE, sender=worker) == AMOUNT - FEE


def test_events(factory, usdc, earn, worker):
    """It should emit Withdrawn, then let the token speak."""
    earn()
    assert emitted(factory.withdraw(worker, to=PURSE)) == [
        event(
            factory.contract.Withdrawn,
            account=worker,
            token=usdc,
            to=PURSE,
            gross=AMOUNT,
            fee=FEE,
            credit=0,
        ),
        payment(usdc, factory.contract, PURSE, AMOUNT - FEE),
    ]


def test_credits(factory, worker):
    """It should pay them without a fee."""
    bond_credited(factory)
    assert emitted(factory.withdraw(worker, ETHER, to=PURSE)) == [
        event(
            factory.contract.Withdrawn,
            account=worker,
            token=ETHER,
            to=PURSE,
            gross=0,
            fee=0,
            credit=BOND,
        )
    ]
    assert (factory.balance(PURSE, ETHER), factory.held(ETHER)) == (BOND, 0)


def test_both(factory, earn, worker):
    """It should pay them together, with the fee on the earnings only."""
    earn(1_000, ETHER)
    bond_credited(factory)
    assert emitted(factory.withdraw(worker, ETHER, to=PURSE)) == [
        event(
            factory.contract.Withdrawn,
            account=worker,
            token=ETHER,
            to=PURSE,
            gross=1_000,
            fee=30,
            credit=BOND,
        )
    ]
    assert factory.balance(PURSE, ETHER) == 970 + BOND


def test_no_fee(project, escrow, worker):
    """It should pay the whole, and set nothing aside."""
    free = deploy_factory(project, escrow, fee_bps=0)
    worked(posted(free)).approve()
    free.withdraw(worker, to=PURSE)
    assert (free.balance(PURSE), free.held()) == (AMOUNT, 0)
    assert ask(free.contract.feesOwed, free.usdc) == 0


def test_reentrance(factory, project, earn, owner, worker):
    """It should let nothing happen twice."""
    reentrant = owner.deploy(project.ReentrantReceiver)
    job = worked(posted(factory))
    contract = factory.contract
    for call in (
        contract.withdraw.encode_input(ETHER, reentrant),
        contract.withdrawFees.encode_input(ETHER),
        contract.claimByDefault.encode_input(job.id),
        contract.expireJob.encode_input(job.id),
    ):
        earn(MINIMUM_ETHER, ETHER)
        reentrant.prepare(contract, call, sender=owner)
        held, had = factory.held(ETHER), factory.balance(reentrant, ETHER)
        factory.withdraw(worker, ETHER, to=reentrant)
        paid = factory.balance(reentrant, ETHER) - had
        assert reentrant.answer() == encoded(contract.ReentrancyGuardReentrantCall)
        assert held - factory.held(ETHER) == paid > 0


def test_whatever_the_officers_do(factory, escrow, earn, owner, admin, worker):
    """It should pay all the same."""
    earn()
    factory.contract.pause(sender=owner)
    factory.contract.setToken(factory.usdc, False, 1, sender=owner)
    escrow.registry.deactivate(worker, sender=admin)
    factory.withdraw(worker)
    assert factory.balance(worker) == AMOUNT - FEE
