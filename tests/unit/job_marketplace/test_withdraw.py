"""JobMarketplace.withdraw: everybody is paid by pulling."""

import pytest

from tests.harness.escrow import BOND_PER_PROOF, ETHER, USDC
from tests.harness.events import emitted, event
from tests.harness.execution import ask, set_base_fee
from tests.harness.reverts import encoded, reverts
from tests.harness.values import ZERO_ADDRESS

UNIT_PER_TOKEN = 10**6  # a base unit for each token
EARNED, FEE = 1_000, 100
PURSE = "0x" + "9e" * 20  # an account that pays for no gas and holds nothing


@pytest.fixture
def earn(escrow):
    """Lets the host earn so many base units, in USDC unless said."""

    def earn(units, token=None):
        deposit = 10**14 if token == ETHER else USDC
        session = escrow.open(
            pricePerToken=UNIT_PER_TOKEN, token=token or escrow.usdc, deposit=deposit
        )
        session.close_with_voucher(units)
        return session

    return earn


@pytest.fixture
def credit(escrow, user):
    """Lets the user have a credit of one bond, in ETH."""

    def credit():
        session = escrow.open(pricePerToken=UNIT_PER_TOKEN)
        session.claim(1)
        set_base_fee(0)
        session.contest()
        session.complete(sender=session.host)
        return BOND_PER_PROOF

    return credit


@pytest.mark.parametrize("receiver", ["zero", "marketplace"])
def test_revert_when_the_receiver_is_invalid(marketplace, usdc, earn, host, receiver):
    """It should revert: the receiver must be neither the address zero nor this contract."""
    earn(EARNED)
    to = {"zero": ZERO_ADDRESS, "marketplace": marketplace}[receiver]
    with reverts(marketplace.JobMarketplace_ReceiverInvalid, to=to):
        marketplace.withdraw(usdc, to, sender=host)


def test_revert_given_nothing(marketplace, escrow, usdc, host):
    """It should revert: there must be something to withdraw."""
    with reverts(marketplace.JobMarketplace_NothingToWithdraw, account=host, token=usdc):
        escrow.withdraw(host)


def test_twice(marketplace, escrow, usdc, earn, host):
    """It should refuse a second withdrawal."""
    earn(EARNED)
    escrow.withdraw(host)
    with reverts(marketplace.JobMarketplace_NothingToWithdraw, account=host, token=usdc):
        escrow.withdraw(host)


def test_other_token(marketplace, escrow, earn, host):
    """It should refuse what waits in another token."""
    earn(EARNED)
    with reverts(marketplace.JobMarketplace_NothingToWithdraw, account=host, token=ETHER):
        escrow.withdraw(host, ETHER)


@pytest.mark.parametrize("role", ["stranger", "user", "treasury", "owner"])
def test_other_account(marketplace, escrow, usdc, earn, actors, role):
    """It should refuse what waits for somebody else."""
    earn(EARNED)
    caller = actors[role]
    with reverts(marketplace.JobMarketplace_NothingToWithdraw, account=caller, token=usdc):
        escrow.withdraw(caller)


@pytest.fixture(params=["RefusingReceiver", "GuzzlingReceiver", "BombingReceiver"])
def unwilling(project, owner, request):
    """A contract that takes no ETH, in one way or another."""
    return owner.deploy(getattr(project, request.param))


def test_revert_when_the_receiver_refuses(marketplace, escrow, earn, host, unwilling):
    """It should revert: the receiver must accept the ETH."""
    earn(EARNED, ETHER)
    with reverts(marketplace.Payments_EtherTransferFailed, to=unwilling, amount=EARNED - FEE):
        escrow.withdraw(host, ETHER, to=unwilling)


def test_elsewhere(marketplace, escrow, project, owner, earn, host):
    """It should leave the money to be sent elsewhere."""
    earn(EARNED, ETHER)
    refusing = owner.deploy(project.RefusingReceiver)
    with reverts(marketplace.Payments_EtherTransferFailed, to=refusing, amount=EARNED - FEE):
        escrow.withdraw(host, ETHER, to=refusing)
    escrow.withdraw(host, ETHER, to=PURSE)
    assert escrow.balance(PURSE, ETHER) == EARNED - FEE


def test_revert_given_denied(marketplace, escrow, project, owner, user, host, earn):
    """It should revert: the token must accept the transfer."""
    token = owner.deploy(project.DenylistToken)
    marketplace.setToken(token, True, 1, sender=owner)
    token.mint(user, USDC, sender=owner)
    token.approve(marketplace, USDC, sender=user)
    earn(EARNED, token.address)
    token.deny(host, True, sender=owner)
    with reverts(token.DenylistToken_Denied, account=host):
        escrow.withdraw(host, token)
    assert escrow.earned(host, token) == EARNED


def test_earnings(escrow, marketplace, usdc, earn, host):
    """It should pay nine tenths and set a tenth aside for the treasury."""
    earn(EARNED)
    escrow.withdraw(host)
    assert escrow.balance(host) == EARNED - FEE
    assert ask(marketplace.feesOwed, usdc) == FEE
    assert escrow.earned(host) == 0


@pytest.mark.parametrize(
    ("gross", "fee"), [(9, 1), (10, 1), (11, 2), (19, 2), (20, 2), (21, 3), (EARNED + 1, FEE + 1)]
)
def test_rounding(escrow, marketplace, usdc, earn, host, gross, fee):
    """It should round the treasury's share up."""
    earn(gross)
    escrow.withdraw(host)
    assert (escrow.balance(host), ask(marketplace.feesOwed, usdc)) == (gross - fee, fee)


def test_single_unit(escrow, marketplace, usdc, earn, host):
    """It should take the whole of a single unit."""
    earn(1)
    escrow.withdraw(host)
    assert (escrow.balance(host), ask(marketplace.feesOwed, usdc)) == (0, 1)
    assert escrow.earned(host) == 0


def test_ether(escrow, marketplace, earn, host):
    """It should pay and set aside in ETH likewise."""
    earn(EARNED, ETHER)
    escrow.withdraw(host, ETHER, to=PURSE)
    assert escrow.balance(PURSE, ETHER) == EARNED - FEE
    assert ask(marketplace.feesOwed, ETHER) == escrow.balance(marketplace, ETHER) == FEE


def test_returned(marketplace, usdc, earn, host):
    """It should return what was paid."""
    earn(EARNED)
    assert ask(marketplace.withdraw, usdc, PURSE, sender=host) == EARNED - FEE


def test_event(escrow, marketplace, usdc, earn, host):
    """It should emit Withdrawn with gross, fee and credit."""
    earn(EARNED)
    assert emitted(escrow.withdraw(host, to=PURSE)) == [
        event(
            marketplace.Withdrawn,
            account=host,
            token=usdc,
            to=PURSE,
            gross=EARNED,
            fee=FEE,
            credit=0,
        ),
        event(usdc.Transfer, **{"from": marketplace, "to": PURSE, "value": EARNED - FEE}),
    ]


def test_several_sessions(escrow, marketplace, usdc, earn, host):
    """It should sum the earnings of several sessions before it rounds."""
    for _ in range(5):
        earn(1)
    escrow.withdraw(host)
    assert (escrow.balance(host), ask(marketplace.feesOwed, usdc)) == (4, 1)


def test_credit(escrow, marketplace, credit, user):
    """It should pay them without a fee."""
    bond = credit()
    escrow.withdraw(user, ETHER, to=PURSE)
    assert (escrow.balance(PURSE, ETHER), escrow.credits(user)) == (bond, 0)
    assert ask(marketplace.feesOwed, ETHER) == 0


def test_credit_event(escrow, marketplace, credit, user):
    """It should emit Withdrawn with the credit alone."""
    bond = credit()
    assert emitted(escrow.withdraw(user, ETHER)) == [
        event(
            marketplace.Withdrawn,
            account=user,
            token=ETHER,
            to=user,
            gross=0,
            fee=0,
            credit=bond,
        )
    ]


def test_both(escrow, marketplace, earn, host, arbiter):
    """It should pay them together, with the fee on the earnings only."""
    earn(EARNED, ETHER)
    session = escrow.open(arbiter=arbiter)
    session.claim(1)
    set_base_fee(0)
    session.contest()
    session.rule(1)
    tx = escrow.withdraw(host, ETHER, to=PURSE)
    assert emitted(tx) == [
        event(
            marketplace.Withdrawn,
            account=host,
            token=ETHER,
            to=PURSE,
            gross=EARNED,
            fee=FEE,
            credit=BOND_PER_PROOF,
        )
    ]
    assert escrow.balance(PURSE, ETHER) == EARNED - FEE + BOND_PER_PROOF


def test_two_tokens(escrow, earn, host):
    """It should leave the other token alone."""
    earn(EARNED)
    earn(2 * EARNED, ETHER)
    escrow.withdraw(host)
    assert (escrow.earned(host), escrow.earned(host, ETHER)) == (0, 2 * EARNED)


def test_other_receiver(escrow, earn, host):
    """It should pay that one."""
    earn(EARNED)
    escrow.withdraw(host, to=PURSE)
    assert (escrow.balance(PURSE), escrow.balance(host)) == (EARNED - FEE, 0)


def test_flood(escrow, project, owner, earn, host):
    """It should pay it like any other."""
    earn(EARNED, ETHER)
    thankful = owner.deploy(project.ThankfulReceiver)
    escrow.withdraw(host, ETHER, to=thankful)
    assert escrow.balance(thankful, ETHER) == EARNED - FEE


@pytest.fixture
def reentrant(project, owner):
    """A contract that calls back when it is paid."""
    return owner.deploy(project.ReentrantReceiver)


def test_reentrance(escrow, marketplace, earn, owner, host, reentrant):
    """It should let nothing happen twice."""
    other = earn(EARNED, ETHER)
    calls = [
        marketplace.withdraw.encode_input(ETHER, reentrant),
        marketplace.withdrawFees.encode_input(ETHER),
        marketplace.checkpoint.encode_input(other.id),
        marketplace.finalizeSession.encode_input(other.id),
        marketplace.expireDispute.encode_input(other.id),
    ]
    guarded = encoded(marketplace.ReentrancyGuardReentrantCall)
    for call in calls:
        reentrant.prepare(marketplace, call, sender=owner)
        before = escrow.balance(reentrant, ETHER)
        escrow.withdraw(host, ETHER, to=reentrant)
        assert reentrant.answer() == guarded
        assert escrow.balance(reentrant, ETHER) == before + EARNED - FEE
        earn(EARNED, ETHER)


def test_view_while_paying(escrow, marketplace, earn, owner, host, reentrant):
    """It should not lend its guard to views."""
    earn(EARNED, ETHER)
    query = marketplace.earned.encode_input(host, ETHER)
    reentrant.prepare(marketplace, query, sender=owner)
    escrow.withdraw(host, ETHER, to=reentrant)
    assert reentrant.answer() == bytes(4)  # the first bytes of zero: already off the books


def test_whatever_the_admins_do(escrow, marketplace, usdc, earn, owner, admin, host):
    """It should pay all the same."""
    earn(EARNED)
    marketplace.pause(sender=owner)
    marketplace.setToken(usdc, False, 0, sender=owner)
    escrow.registry.deactivate(host, sender=admin)
    escrow.withdraw(host)
    assert escrow.balance(host) == EARNED - FEE
