"""Sessions in tokens of every kind: opened, served, settled, closed, refunded, withdrawn, before, in and after trouble."""

import pytest

from tests.harness.authorizations import permit_for
from tests.harness.escrow import COMPLETED, FEE_BPS, USDC
from tests.harness.execution import ask
from tests.harness.reverts import reverts
from tests.harness.token_zoo import CREDITED, REBASING, ZOO, Stage, refused_or_not

TOKENS = 1_000_000
"""What is acknowledged in all, a fifth of the deposit's worth each time."""
PURSE = "0x" + "9e" * 20


@pytest.fixture
def at(project, marketplace, owner, user, host):
    """Where the tokens are tried."""
    return Stage(project, marketplace, owner, user, host)


@pytest.fixture
def sound(escrow):
    """A session in another token, with tokens acknowledged."""
    session = escrow.open()
    session.redeem(TOKENS)
    return session


def door_is_as_said(escrow, at, animal, token, deposit):
    """Opening another session and a top-up while there is trouble."""
    terms = escrow.terms(token=token, deposit=deposit, pricePerToken=2 * USDC * animal.unit)

    def pay():
        if animal.by_permit:
            permit = permit_for(escrow, at.payer, deposit)
            parts = (permit.deadline, *permit.signed_by(at.payer))
            at.contract.openSessionWithPermit(terms.encoded(), *parts, sender=at.payer)
        else:
            at.contract.openSession(terms.encoded(), sender=at.payer)

    refused_or_not(animal.door, at, token, deposit, pay)


@pytest.mark.parametrize("animal", ZOO, ids=str)
def test_whole_life(escrow, at, sound, treasury, user, host, animal):
    """It should harm nobody but those who use that token, and pay all that is owed when the trouble is over."""
    unit, market = animal.unit, at.contract
    deposit = 10 * USDC * unit
    token = animal.born(at)
    session = escrow.open(token=token, deposit=deposit, pricePerToken=2 * USDC * unit)
    session.redeem(TOKENS)
    cost, rest = session.cost(2 * TOKENS), deposit - session.cost(2 * TOKENS)
    animal.trouble(at, token, True)
    door_is_as_said(escrow, at, animal, token, deposit)
    opened = token.balanceOf(market) - deposit
    # Evidence, settlement and closing ask the token for nothing that could stop them.
    session.redeem(2 * TOKENS)
    assert escrow.earned(host, token) == cost
    before = token.balanceOf(user)
    session.complete(sender=host)
    assert session.details.status == COMPLETED
    arrived = token.balanceOf(user) - before
    waiting = animal.refund == CREDITED
    assert arrived == (0 if waiting else animal.less(rest))
    assert escrow.credits(user, token) == (rest if waiting else 0)
    # Whoever is paid in another token notices nothing.
    sound.complete(sender=host)
    escrow.withdraw(host)
    assert ask(market.feesOwed, escrow.usdc) == escrow.balance(market) == sound.cost(TOKENS) // 10
    refused_or_not(
        animal.withdrawal, at, token, cost, lambda: escrow.withdraw(host, token, to=host)
    )
    animal.trouble(at, token, False)
    if escrow.earned(host, token):
        escrow.withdraw(host, token)
    if escrow.credits(user, token):
        escrow.withdraw(user, token, to=PURSE)
        assert token.balanceOf(PURSE) == rest
    market.withdrawFees(token, sender=treasury)
    share = cost * FEE_BPS // 10_000
    assert token.balanceOf(treasury) == share
    assert token.balanceOf(host) == animal.less(cost - share)
    assert token.balanceOf(market) == opened


def test_rebased_down(escrow, at, sound, user, host):
    """It should pay who comes first, credit what it cannot push, and touch no other token."""
    token = REBASING.born(at)
    session = escrow.open(token=token)
    session.redeem(2 * TOKENS)
    cost, rest = session.cost(2 * TOKENS), session.terms.deposit - session.cost(2 * TOKENS)
    token.rebase(at.contract, False, sender=at.owner)
    session.complete(sender=host)
    assert escrow.credits(user, token) == rest > token.balanceOf(at.contract)
    escrow.withdraw(host, token)
    left = token.balanceOf(at.contract)
    short = {"sender": at.contract, "balance": left, "needed": rest}
    with reverts(token.ERC20InsufficientBalance, **short):
        escrow.withdraw(user, token)
    sound.complete(sender=host)
    escrow.withdraw(host)
    assert escrow.balance(host) == sound.cost(TOKENS) * 9 // 10
    token.mint(at.contract, rest + cost // 10 - left, sender=at.owner)
    escrow.withdraw(user, token, to=PURSE)
    assert token.balanceOf(PURSE) == rest


def test_rebased_up(escrow, at, treasury, user, host):
    """It should pay what was agreed, and keep what nobody is owed."""
    token = REBASING.born(at)
    session = escrow.open(token=token)
    session.redeem(2 * TOKENS)
    token.rebase(at.contract, True, sender=at.owner)
    session.complete(sender=host)
    escrow.withdraw(host, token)
    at.contract.withdrawFees(token, sender=treasury)
    assert token.balanceOf(at.contract) == session.terms.deposit
