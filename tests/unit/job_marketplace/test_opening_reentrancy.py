"""A payment token that calls the payer back, and a payer that makes the most of it."""

import pytest

from tests.harness.authorizations import permit_for
from tests.harness.calls import functions
from tests.harness.deployment import payment_token
from tests.harness.escrow import COMPLETED, USDC
from tests.harness.execution import isolated
from tests.harness.reverts import encoded
from tests.unit.job_marketplace.openings import details_of, fresh_details

DEPOSIT = 10 * USDC
AMOUNT = 2 * USDC
# OpenZeppelin's, and the owner's: they refuse a stranger before they do anything.
OWNERS = {
    "acceptOwnership",
    "pause",
    "renounceOwnership",
    "setDefaults",
    "setToken",
    "setTreasury",
    "transferOwnership",
    "unpause",
}


@pytest.fixture
def token(escrow, project):
    """A token with ERC-777's hooks."""
    return payment_token(escrow, project.HookedToken)


@pytest.fixture
def hook(project, owner, user, token):
    """What the user wants called when it sends or receives."""
    hook = owner.deploy(project.Reentering)
    token.setHook(hook, sender=user)
    return hook


@pytest.fixture
def terms(escrow, token):
    """The usual terms in that token."""
    return escrow.terms(token=token, deposit=DEPOSIT)


@pytest.fixture
def attempts(marketplace):
    """A call of every function that changes anything and that is for everybody."""
    calls = functions(marketplace, "nonpayable", "payable")
    return {name: data for name, data in calls.items() if name not in OWNERS}


def assert_refused(marketplace, hook):
    """The hook was called, and its own call ran into the guard."""
    assert hook.calls() > 0
    assert not hook.succeeded()
    assert hook.answer() == encoded(marketplace.ReentrancyGuardReentrantCall)


def test_every_function(escrow, marketplace, user, hook, terms, chain, attempts):
    """It should refuse every call that changes anything, and open the session as if nothing had been."""
    assert {"openSession", "topUp", "withdraw", "closeWithVoucher", "createPromptJob"} <= set(
        attempts
    )
    for data in attempts.values():
        with isolated():
            count = marketplace.jobCount()
            hook.arm(marketplace, data, sender=user)
            tx = marketplace.openSession(terms.encoded(), sender=user)
            assert_refused(marketplace, hook)
            assert marketplace.jobCount() == count + 1
            stored = details_of(escrow, count + 1)
            assert stored == fresh_details(user, terms, tx.timestamp)


def _seed(escrow, terms):
    form = (terms.host, terms.token, DEPOSIT, terms.pricePerToken)
    escrow.marketplace.createSessionJobWithToken(
        *form, terms.maxDuration, terms.proofInterval, sender=escrow.actors["user"]
    )


def _permit(escrow, terms):
    user = escrow.actors["user"]
    permit = permit_for(escrow, user, DEPOSIT)
    signature = permit.signed_by(user)
    escrow.marketplace.openSessionWithPermit(
        terms.encoded(), permit.deadline, *signature, sender=user
    )


def _prompt(escrow, terms):
    escrow.open_prompt(token=terms.token, payment=DEPOSIT)


@pytest.mark.parametrize("form", [_seed, _permit, _prompt])
def test_every_form(escrow, marketplace, token, owner, user, hook, terms, form):
    """It should refuse to open another session, whichever form was used for the first.

    The hook has the money for it.
    """
    token.mint(hook, DEPOSIT, sender=owner)
    count = marketplace.jobCount()
    hook.arm(marketplace, marketplace.openSession.encode_input(terms.encoded()), sender=user)
    form(escrow, terms)
    assert_refused(marketplace, hook)
    assert marketplace.jobCount() == count + 1
    assert token.balanceOf(marketplace) == DEPOSIT


def test_owners_functions(marketplace, user, hook, terms, chain):
    """It should refuse what only the owner may do."""
    calls = functions(marketplace, "nonpayable")
    stranger = encoded(marketplace.OwnableUnauthorizedAccount, account=hook.address)
    for name in OWNERS:
        with isolated():
            hook.arm(marketplace, calls[name], sender=user)
            marketplace.openSession(terms.encoded(), sender=user)
            assert (hook.succeeded(), hook.answer()) == (False, stranger)


def test_questions(marketplace, token, user, hook, terms):
    """It should answer questions, and show the session already.

    So whoever reads the escrow from within a payment token's call sees a deposit that has not arrived.
    """
    job_id = marketplace.jobCount() + 1
    hook.arm(marketplace, marketplace.sessionParties.encode_input(job_id), sender=user)
    marketplace.openSession(terms.encoded(), sender=user)
    assert hook.succeeded()
    assert int.from_bytes(hook.answer()[:32], "big") == int(user.address, 16)


def test_top_up(escrow, marketplace, token, user, hook, chain, attempts):
    """It should refuse every call that changes anything, and count the amount once."""
    session = escrow.open(token=token, deposit=DEPOSIT)
    for data in attempts.values():
        with isolated():
            hook.arm(marketplace, data, sender=user)
            marketplace.topUp(session.id, AMOUNT, sender=user)
            assert_refused(marketplace, hook)
            assert session.details.depositAmount == token.balanceOf(marketplace) == DEPOSIT + AMOUNT


def test_refund(escrow, marketplace, token, user, hook, chain, attempts):
    """It should refuse every call that changes anything, and refund once."""
    session = escrow.open(token=token, deposit=DEPOSIT)
    for data in attempts.values():
        with isolated():
            owned = token.balanceOf(user)
            hook.arm(marketplace, data, sender=user)
            session.complete(sender=session.host)
            assert_refused(marketplace, hook)
            assert session.details.status == COMPLETED
            assert token.balanceOf(user) - owned == DEPOSIT
