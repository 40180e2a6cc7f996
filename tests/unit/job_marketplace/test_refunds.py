"""JobMarketplace: what is left of a deposit is pushed to the user, or waits as a credit."""

import pytest

from tests.harness.actors import contract_actor
from tests.harness.deployment import payment_token
from tests.harness.escrow import ABANDONED, ACTIVE, COMPLETED, DAY, ETHER, TIMED_OUT, USDC
from tests.harness.events import emitted, event
from tests.harness.execution import Reverted, ask, isolated, least_gas
from tests.harness.reverts import arguments_of, encoded, reverts
from tests.unit.job_marketplace.closings import every_closing, gas_for_push

TOKENS = 700
PURSE = "0x" + "9e" * 20  # an account that pays for no gas and holds nothing
ETHER_PUSH_GAS, TOKEN_PUSH_GAS = 50_000, 150_000
VALUE_STIPEND = 2_300  # what the EVM adds to a call that carries ETH
ETHER_GAS, TOKEN_GAS = gas_for_push(ETHER_PUSH_GAS), gas_for_push(TOKEN_PUSH_GAS)
MISSING = 20_000
CLOSING_GAS = 150_000  # more than a closing needs beside the push
CHECK_GAS = 100  # between the check and the error
CLOSED_EVENTS = {
    COMPLETED: "SessionCompleted",
    TIMED_OUT: "SessionTimedOut",
    ABANDONED: "SessionAbandoned",
}


@pytest.fixture
def open_for(escrow, voucher_signer):
    """A session with tokens proven, of a given user, in ETH unless said."""

    def open_for(user, **terms):
        usual = {"token": ETHER, "maxDuration": DAY, "voucherSigner": voucher_signer}
        session = escrow.open(user=user, **(usual | terms))
        session.prove(TOKENS)
        return session

    return open_for


@pytest.fixture
def wallet(project, owner):
    """A contract as the user: `wallet(project.RefusingReceiver)`."""

    def wallet(kind, *arguments):
        return contract_actor(owner.deploy(kind, *arguments))

    return wallet


def rest(session):
    """What the deposit has left, and the user is owed, after the closing."""
    return session.terms.deposit - session.cost(session.details.settledTokens)


@every_closing
def test_token(escrow, open_for, user, closing):
    """It should send a token at once, whatever closes."""
    session = open_for(user, token=escrow.usdc)
    before = escrow.balance(user)
    closing(session)
    assert escrow.balance(user) - before == rest(session)
    assert escrow.credits(user, escrow.usdc) == 0
    assert session.details.status == closing.status


@every_closing
def test_ether(escrow, open_for, user, closing):
    """It should send ETH at once, whatever closes."""
    session = open_for(user)
    held = escrow.balance(session.marketplace, ETHER)
    closing(session)
    assert held - escrow.balance(session.marketplace, ETHER) == rest(session)
    assert escrow.credits(user) == 0
    assert session.details.status == closing.status


def test_promised_gas(escrow, project, open_for, wallet, host):
    """It should give a smart wallet the gas that is promised."""
    hungry = wallet(project.HungryReceiver, ETHER_PUSH_GAS)
    session = open_for(hungry)
    before = escrow.balance(hungry, ETHER)
    session.complete(sender=host)
    assert escrow.balance(hungry, ETHER) - before == rest(session)


@every_closing
def test_refused(escrow, project, open_for, wallet, closing):
    """It should close and credit the refund, whatever closes."""
    refusing = wallet(project.RefusingReceiver)
    session = open_for(refusing)
    closing(session)
    assert escrow.credits(refusing) == rest(session)
    assert session.details.status == closing.status


@every_closing
def test_credited(marketplace, project, open_for, wallet, closing):
    """It should say so in an event after the closing's own."""
    refusing = wallet(project.RefusingReceiver)
    session = open_for(refusing)
    *_, closed, credited = emitted(closing(session))
    assert closed.name == CLOSED_EVENTS[closing.status]
    assert credited == event(
        marketplace.Credited, account=refusing, token=ETHER, amount=rest(session)
    )


def test_elsewhere(escrow, project, open_for, wallet, host):
    """It should let the user withdraw the refund elsewhere, without a fee."""
    refusing = wallet(project.RefusingReceiver)
    session = open_for(refusing)
    session.complete(sender=host)
    escrow.withdraw(refusing, ETHER, to=PURSE)
    assert escrow.balance(PURSE, ETHER) == rest(session)


@pytest.mark.parametrize("kind", ["GuzzlingReceiver", "BombingReceiver"])
def test_bounded(escrow, project, open_for, wallet, host, kind):
    """It should cost the closer no more than the gas that is promised."""
    polite, costly = wallet(project.RefusingReceiver), wallet(getattr(project, kind))
    cheap = open_for(polite).complete(sender=host).gas_used
    session = open_for(costly)
    dear = session.complete(sender=host).gas_used
    assert dear - cheap <= ETHER_PUSH_GAS + VALUE_STIPEND
    assert escrow.credits(costly) == rest(session)


def test_too_hungry(escrow, project, open_for, wallet, host):
    """It should credit the refund."""
    hungry = wallet(project.HungryReceiver, ETHER_PUSH_GAS + VALUE_STIPEND)
    session = open_for(hungry)
    session.complete(sender=host)
    assert escrow.credits(hungry) == rest(session)


def test_flood(escrow, project, open_for, wallet, host):
    """It should take that for a receipt."""
    thankful = wallet(project.ThankfulReceiver)
    session = open_for(thankful)
    before = escrow.balance(thankful, ETHER)
    session.complete(sender=host)
    assert escrow.balance(thankful, ETHER) - before == rest(session)
    assert escrow.credits(thankful) == 0


@pytest.fixture
def denylist(project, marketplace, owner, user):
    """A token that can deny an account, and of which the user has some."""
    token = owner.deploy(project.DenylistToken)
    marketplace.setToken(token, True, 1, sender=owner)
    token.mint(user, 10 * USDC, sender=owner)
    token.approve(marketplace, 10 * USDC, sender=user)
    return token


@every_closing
def test_denied(escrow, open_for, denylist, owner, user, closing):
    """It should close and credit the refund, whatever closes."""
    session = open_for(user, token=denylist)
    denylist.deny(user, True, sender=owner)
    closing(session)
    assert escrow.credits(user, denylist) == rest(session)
    assert session.details.status == closing.status


def test_host_of_the_denied(escrow, open_for, denylist, owner, user, host):
    """It should not touch what the host earned."""
    session = open_for(user, token=denylist)
    denylist.deny(user, True, sender=owner)
    session.complete(sender=host)
    earned = escrow.earned(host, denylist)
    assert earned == session.cost(TOKENS)
    escrow.withdraw(host, denylist)
    assert escrow.balance(host, denylist) == earned * 9 // 10


@pytest.mark.parametrize("way", ["relented", "elsewhere"])
def test_relented(escrow, open_for, denylist, owner, user, host, way):
    """It should let the user withdraw it once the token relents, or elsewhere."""
    session = open_for(user, token=denylist)
    denylist.deny(user, True, sender=owner)
    session.complete(sender=host)
    with reverts(denylist.DenylistToken_Denied, account=user):
        escrow.withdraw(user, denylist)
    if way == "relented":
        denylist.deny(user, False, sender=owner)
        escrow.withdraw(user, denylist)
        assert escrow.balance(user, denylist) == rest(session)
    else:
        escrow.withdraw(user, denylist, to=PURSE)
        assert escrow.balance(PURSE, denylist) == rest(session)


def test_false(escrow, project, open_for, owner, user, host):
    """It should credit the refund, and pay it once the token can."""
    token = payment_token(escrow, project.FalseToken)
    session = open_for(user, token=token)
    token.setRefusing(True, sender=owner)
    session.complete(sender=host)
    assert escrow.credits(user, token) == rest(session)
    token.setRefusing(False, sender=owner)
    escrow.withdraw(user, token, to=PURSE)
    assert escrow.balance(PURSE, token) == rest(session)


def test_two_faced(escrow, project, marketplace, open_for, owner, user, host):
    """It should owe the refund once more, in that token and no other.

    The limit that SECURITY.md states: such a token breaks its own sessions. While it lies nobody can withdraw it.
    """
    token = payment_token(escrow, project.TwoFacedToken)
    sound, other, session = (open_for(user, token=t) for t in (escrow.usdc, token, token))
    held, before = escrow.balance(marketplace), escrow.balance(user, token)
    token.setTrouble(True, sender=owner)
    session.complete(sender=host)
    assert escrow.balance(user, token) - before == escrow.credits(user, token) == rest(session)
    with reverts(marketplace.SafeERC20FailedOperation, token=token):
        escrow.withdraw(user, token)
    token.setTrouble(False, sender=owner)
    escrow.withdraw(user, token)
    assert escrow.balance(marketplace, token) < other.terms.deposit
    assert escrow.balance(marketplace) == held == sound.terms.deposit


def test_silent(escrow, project, open_for, user, host):
    """It should take that for success."""
    token = payment_token(escrow, project.SilentToken)
    session = open_for(user, token=token)
    before = escrow.balance(user, token)
    session.complete(sender=host)
    assert escrow.balance(user, token) - before == rest(session)
    assert escrow.credits(user, token) == 0


def test_guzzling_hook(escrow, project, open_for, owner, user, host):
    """It should credit the refund, and spend no more than the gas that is promised."""
    token = payment_token(escrow, project.HookedToken)
    session = open_for(user, token=token)
    token.setHook(owner.deploy(project.GuzzlingOracle), sender=user)
    tx = session.complete(sender=host)
    assert escrow.credits(user, token) == rest(session)
    assert TOKEN_PUSH_GAS < tx.gas_used < TOKEN_PUSH_GAS + CLOSING_GAS


def test_reentrant_hook(escrow, project, marketplace, open_for, owner, user, host):
    """It should refuse the call, and send the refund."""
    token = payment_token(escrow, project.HookedToken)
    session = open_for(user, token=token)
    hook = owner.deploy(project.Reentering)
    hook.arm(marketplace, marketplace.checkpoint.encode_input(session.id), sender=owner)
    token.setHook(hook, sender=user)
    before = escrow.balance(user, token)
    session.complete(sender=host)
    assert hook.answer() == encoded(marketplace.ReentrancyGuardReentrantCall)
    assert escrow.balance(user, token) - before == rest(session)


@pytest.mark.parametrize("function", ["finalizeSession", "checkpoint", "expireDispute", "withdraw"])
def test_reentrant(escrow, project, marketplace, open_for, wallet, owner, host, function):
    """It should refuse the call and send the refund."""
    contract = owner.deploy(project.ReentrantReceiver)
    reentrant = contract_actor(contract)
    session = open_for(reentrant)
    arguments = (ETHER, reentrant) if function == "withdraw" else (session.id,)
    call = getattr(marketplace, function).encode_input(*arguments)
    contract.prepare(marketplace, call, sender=owner)
    before = escrow.balance(reentrant, ETHER)
    session.complete(sender=host)
    assert contract.answer() == encoded(marketplace.ReentrancyGuardReentrantCall)
    assert escrow.balance(reentrant, ETHER) - before == rest(session)


def test_nothing_left(escrow, marketplace, open_for, user, host):
    """It should send nothing, and ask for no gas to send it with."""
    session = open_for(user, token=escrow.usdc)
    everything = session.terms.deposit * 10**6 // session.terms.pricePerToken
    session.redeem(everything, signer=escrow.actors["voucher_signer"])
    tx = marketplace.completeSession(session.id, sender=host, gas_limit=TOKEN_GAS)
    assert [happened.name for happened in emitted(tx)] == ["SessionCompleted"]


def least_for(session):
    """The least gas with which the host can close."""
    return least_gas(session.marketplace.completeSession, session.id, sender=session.host)


@pytest.mark.parametrize(("token", "required"), [("ETH", ETHER_GAS), ("USDC", TOKEN_GAS)])
def test_starved(escrow, marketplace, open_for, user, host, token, required):
    """It should refuse to close, and say how much is missing."""
    session = open_for(user, token=ETHER if token == "ETH" else escrow.usdc)
    least = least_for(session)

    def said(missing):
        with pytest.raises(Reverted) as refusal:
            ask(marketplace.completeSession, session.id, sender=host, gas=least - missing)
        return arguments_of(marketplace.Payments_GasTooLow, refusal.value)

    one, many = said(1), said(1 + MISSING)
    assert one["required"] == many["required"] == required
    assert required - one["available"] < CHECK_GAS
    assert one["available"] - many["available"] == MISSING


@pytest.mark.parametrize("kind", ["ETH", "USDC"])
def test_barely_fed(escrow, project, marketplace, open_for, wallet, user, host, kind):
    """It should push the refund with every amount of gas with which it closes."""
    if kind == "ETH":
        session = open_for(wallet(project.HungryReceiver, ETHER_PUSH_GAS))
    else:
        session = open_for(user, token=escrow.usdc)
    least = least_for(session)
    for surplus in (0, 1, 1_000, ETHER_PUSH_GAS, TOKEN_PUSH_GAS):
        with isolated():
            marketplace.completeSession(session.id, sender=host, gas_limit=least + surplus)
            assert session.details.status == COMPLETED
            assert escrow.credits(session.user, session.terms.token) == 0


def test_starved_in_vain(escrow, marketplace, open_for, user, host):
    """It should leave the session as it was."""
    session = open_for(user)
    gas = least_for(session) - 1
    with pytest.raises(Reverted):
        marketplace.completeSession(session.id, sender=host, gas_limit=gas)
    assert session.details.status == ACTIVE
    assert (escrow.earned(host, ETHER), escrow.credits(user)) == (0, 0)
