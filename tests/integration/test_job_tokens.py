"""One-shot jobs in tokens of every kind: posted, done, split, refunded, withdrawn, before, in and after trouble."""

import pytest

from tests.harness.authorizations import Permit
from tests.harness.escrow import HOUR, USDC
from tests.harness.execution import ask
from tests.harness.factory import BPS, FEE_BPS, SPLIT, SUBMITTED
from tests.harness.reverts import reverts
from tests.harness.token_zoo import CREDITED, REBASING, ZOO, Stage, refused_or_not

AMOUNT = 10 * USDC
SHARE_BPS = 4_000
PURSE = "0x" + "9e" * 20


@pytest.fixture
def at(project, factory, owner, issuer, worker):
    """Where the tokens are tried."""
    return Stage(project, factory.contract, owner, issuer, worker)


@pytest.fixture
def sound(factory):
    """A job in another token, done and waiting for its verdict."""
    return factory.post(amount=AMOUNT).in_status(SUBMITTED)


def door_is_as_said(factory, at, chain, animal, token, amount):
    """Posting another job while there is trouble."""
    terms = factory.terms(token=token, amount=amount).encoded()

    def pay():
        if animal.by_permit:
            deadline = chain.pending_timestamp + HOUR
            spender = at.contract.address
            permit = Permit(factory.usdc, at.payer.address, spender, amount, 0, deadline)
            parts = (deadline, *permit.signed_by(at.payer))
            at.contract.postJobWithPermit(terms, *parts, sender=at.payer)
        else:
            at.contract.postJob(terms, sender=at.payer)

    refused_or_not(animal.door, at, token, amount, pay)


@pytest.mark.parametrize("animal", ZOO, ids=str)
def test_whole_life(factory, at, chain, sound, treasury, issuer, worker, animal):
    """It should harm nobody but those who use that token, and pay all that is owed when the trouble is over."""
    amount = AMOUNT * animal.unit
    token = animal.born(at)
    job = factory.post(token=token, amount=amount).in_status(SUBMITTED)
    gross = amount * SHARE_BPS // BPS
    rest = amount - gross
    animal.trouble(at, token, True)
    door_is_as_said(factory, at, chain, animal, token, amount)
    posted = token.balanceOf(at.contract) - amount
    # A verdict asks the token for nothing that could stop it.
    before = token.balanceOf(issuer)
    job.split(SHARE_BPS)
    assert job.status == SPLIT
    assert factory.earned(worker, token) == gross
    waiting = animal.refund == CREDITED
    assert token.balanceOf(issuer) - before == (0 if waiting else animal.less(rest))
    assert factory.credits(issuer, token) == (rest if waiting else 0)
    # Whoever is paid in another token notices nothing.
    sound.split(SHARE_BPS)
    factory.withdraw(worker)
    assert factory.held() == ask(at.contract.feesOwed, factory.usdc)
    refused_or_not(animal.withdrawal, at, token, gross, lambda: factory.withdraw(worker, token))
    animal.trouble(at, token, False)
    if factory.earned(worker, token):
        factory.withdraw(worker, token)
    if factory.credits(issuer, token):
        factory.withdraw(issuer, token, to=PURSE)
        assert token.balanceOf(PURSE) == rest
    at.contract.withdrawFees(token, sender=treasury)
    share = gross * FEE_BPS // BPS
    assert token.balanceOf(treasury) == share
    assert token.balanceOf(worker) == animal.less(gross - share)
    assert token.balanceOf(at.contract) == posted


def test_rebased_down(factory, at, sound, issuer, worker):
    """It should pay who comes first, credit what it cannot push, and touch no other token."""
    token = REBASING.born(at)
    job = factory.post(token=token, amount=AMOUNT).in_status(SUBMITTED)
    gross = AMOUNT * SHARE_BPS // BPS
    rest, share = AMOUNT - gross, gross * FEE_BPS // BPS
    token.rebase(at.contract, False, sender=at.owner)
    job.split(SHARE_BPS)
    assert factory.credits(issuer, token) == rest > token.balanceOf(at.contract)
    factory.withdraw(worker, token)
    left = token.balanceOf(at.contract)
    short = {"sender": at.contract, "balance": left, "needed": rest}
    with reverts(token.ERC20InsufficientBalance, **short):
        factory.withdraw(issuer, token)
    sound.approve()
    factory.withdraw(worker)
    assert factory.held() == ask(at.contract.feesOwed, factory.usdc)
    token.mint(at.contract, rest + share - left, sender=at.owner)
    factory.withdraw(issuer, token, to=PURSE)
    assert token.balanceOf(PURSE) == rest


def test_rebased_up(factory, at, treasury, worker):
    """It should pay what was agreed, and keep what nobody is owed."""
    token = REBASING.born(at)
    job = factory.post(token=token, amount=AMOUNT).in_status(SUBMITTED)
    token.rebase(at.contract, True, sender=at.owner)
    job.split(SHARE_BPS)
    factory.withdraw(worker, token)
    at.contract.withdrawFees(token, sender=treasury)
    assert token.balanceOf(at.contract) == AMOUNT
