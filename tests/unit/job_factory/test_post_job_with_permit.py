"""JobFactory.postJobWithPermit: the permit is tried, then the allowance decides."""

import pytest

from tests.harness.authorizations import Permit
from tests.harness.escrow import HOUR, USDC
from tests.harness.events import emitted, event
from tests.harness.execution import Reverted, ask
from tests.harness.factory import job_token
from tests.harness.reverts import reverts
from tests.unit.job_factory.posting import (
    REFUSALS,
    details_of,
    fresh_details,
    job_posted,
    payment,
)

AMOUNT = 10 * USDC
JUNK = (27, b"\x01" * 32, b"\x02" * 32)


@pytest.fixture(autouse=True)
def no_allowance(factory, usdc, issuer):
    """The issuer has approved nothing."""
    usdc.approve(factory.contract, 0, sender=issuer)


@pytest.fixture
def terms(factory):
    """The usual terms."""
    return factory.terms(amount=AMOUNT)


@pytest.fixture
def permit(factory, usdc, issuer, chain):
    """What the issuer signs for the usual amount."""
    return Permit(
        token=usdc,
        owner=issuer.address,
        spender=factory.contract.address,
        value=AMOUNT,
        nonce=usdc.nonces(issuer),
        deadline=chain.pending_timestamp + HOUR,
    )


def post_with(factory, terms, deadline, signature, sender, value=0):
    """Posts with a permit."""
    return factory.contract.postJobWithPermit(
        terms.encoded(), deadline, *signature, sender=sender, value=value
    )


def assert_posted(factory, issuer, terms, tx):
    """The first job is the issuer's, on these terms, and paid for."""
    assert details_of(factory, 1) == fresh_details(issuer, terms, tx.timestamp)
    assert factory.held(terms.token) == terms.amount


@pytest.mark.parametrize("case", REFUSALS)
def test_revert_when_the_terms_are_wrong(factory, issuer, permit, case):
    """It should revert: the terms must be such as {postJob} accepts, in a token."""
    changes, error, arguments = REFUSALS[case](factory)
    wrong = factory.terms(**changes)
    signature = permit.but(value=wrong.amount).signed_by(issuer)
    with reverts(error, **arguments):
        post_with(factory, wrong, permit.deadline, signature, issuer)


def test_value(factory, issuer, terms, permit):
    """It should refuse it."""
    with pytest.raises(Reverted) as refusal:
        post_with(factory, terms, permit.deadline, permit.signed_by(issuer), issuer, value=1)
    assert refusal.value.data == b""


def test_permit(factory, usdc, issuer, terms, permit):
    """It should post the job without an earlier approval."""
    owned = usdc.balanceOf(issuer)
    tx = post_with(factory, terms, permit.deadline, permit.signed_by(issuer), issuer)
    assert_posted(factory, issuer, terms, tx)
    assert owned - usdc.balanceOf(issuer) == AMOUNT


def test_id(factory, issuer, terms, permit):
    """It should return the next job's id."""
    call = (terms.encoded(), permit.deadline, *permit.signed_by(issuer))
    assert ask(factory.contract.postJobWithPermit, *call, sender=issuer) == 1


def test_no_allowance_is_left(factory, usdc, issuer, terms, permit):
    """It should leave no allowance behind."""
    post_with(factory, terms, permit.deadline, permit.signed_by(issuer), issuer)
    assert usdc.allowance(issuer, factory.contract) == 0


def test_events(factory, usdc, issuer, terms, permit):
    """It should emit JobPosted, then let the token speak."""
    tx = post_with(factory, terms, permit.deadline, permit.signed_by(issuer), issuer)
    assert emitted(tx) == [
        job_posted(factory, 1, issuer, terms),
        event(usdc.Approval, owner=issuer, spender=factory.contract, value=AMOUNT),
        payment(usdc, issuer, factory.contract, AMOUNT),
    ]


def test_front_run(factory, usdc, issuer, stranger, terms, permit):
    """It should post the job all the same."""
    signature = permit.signed_by(issuer)
    usdc.permit(issuer, factory.contract, AMOUNT, permit.deadline, *signature, sender=stranger)
    tx = post_with(factory, terms, permit.deadline, signature, issuer)
    assert_posted(factory, issuer, terms, tx)


def test_payer_is_the_caller(factory, usdc, issuer, stranger, terms, permit):
    """It should never make the signer pay.

    Neither by the permit that somebody else brings, nor by the allowance that the permit left.
    """
    signature = permit.signed_by(issuer)
    refusal = {"spender": factory.contract, "allowance": 0, "needed": AMOUNT}
    with reverts(usdc.ERC20InsufficientAllowance, **refusal):
        post_with(factory, terms, permit.deadline, signature, stranger)
    usdc.permit(issuer, factory.contract, AMOUNT, permit.deadline, *signature, sender=stranger)
    with reverts(usdc.ERC20InsufficientAllowance, **refusal):
        post_with(factory, terms, permit.deadline, signature, stranger)


BAD_PERMITS = {
    "another's signature": lambda permit, issuer, other: permit.signed_by(other),
    "another spender": lambda permit, issuer, other: permit.but(spender=other).signed_by(issuer),
    "less": lambda permit, issuer, other: permit.but(value=AMOUNT - 1).signed_by(issuer),
    "a later nonce": lambda permit, issuer, other: permit.but(nonce=permit.nonce + 1).signed_by(
        issuer
    ),
    "another deadline": lambda permit, issuer, other: permit.but(
        deadline=permit.deadline + 1
    ).signed_by(issuer),
    "junk": lambda permit, issuer, other: JUNK,
    "nothing": lambda permit, issuer, other: (0, bytes(32), bytes(32)),
}


@pytest.mark.parametrize("bad", BAD_PERMITS)
def test_bad_permit(factory, usdc, issuer, stranger, terms, permit, bad):
    """It should refuse a permit that is not good."""
    signature = BAD_PERMITS[bad](permit, issuer, stranger)
    with reverts(
        usdc.ERC20InsufficientAllowance, spender=factory.contract, allowance=0, needed=AMOUNT
    ):
        post_with(factory, terms, permit.deadline, signature, issuer)


def test_replay(factory, usdc, issuer, terms, permit):
    """It should refuse a permit that was used for a job already."""
    signature = permit.signed_by(issuer)
    post_with(factory, terms, permit.deadline, signature, issuer)
    with reverts(
        usdc.ERC20InsufficientAllowance, spender=factory.contract, allowance=0, needed=AMOUNT
    ):
        post_with(factory, terms, permit.deadline, signature, issuer)


def test_seeming_permit(factory, project, issuer, terms, permit):
    """It should refuse a token that only seems to have permits.

    Its fallback takes the permit for a deposit of nothing, and succeeds.
    """
    token = job_token(factory, project.WrappedEther)
    token.approve(factory.contract, 0, sender=issuer)
    with reverts(
        token.ERC20InsufficientAllowance, spender=factory.contract, allowance=0, needed=AMOUNT
    ):
        post_with(factory, terms.but(token=token), permit.deadline, JUNK, issuer)


@pytest.mark.parametrize("bad", BAD_PERMITS)
def test_allowance_decides(factory, usdc, issuer, stranger, terms, permit, bad):
    """It should post the job whatever the permit is."""
    usdc.approve(factory.contract, AMOUNT, sender=issuer)
    signature = BAD_PERMITS[bad](permit, issuer, stranger)
    tx = post_with(factory, terms, permit.deadline, signature, issuer)
    assert_posted(factory, issuer, terms, tx)


@pytest.mark.parametrize("token", ["SilentToken", "FeeToken", "WrappedEther"])
def test_without_permits(factory, project, issuer, terms, permit, token):
    """It should post the job in a token without permits."""
    terms = terms.but(token=job_token(factory, getattr(project, token)))
    tx = post_with(factory, terms, permit.deadline, JUNK, issuer)
    assert_posted(factory, issuer, terms, tx)


def test_last_second(factory, issuer, terms, permit, chain):
    """It should post the job in the permit's last second."""
    signature = permit.signed_by(issuer)
    chain.pending_timestamp = permit.deadline
    tx = post_with(factory, terms, permit.deadline, signature, issuer)
    assert tx.timestamp == permit.deadline
    assert_posted(factory, issuer, terms, tx)


def test_expired(factory, usdc, issuer, terms, permit, chain):
    """It should leave it to the allowance."""
    signature = permit.signed_by(issuer)
    chain.pending_timestamp = permit.deadline + 1
    with reverts(
        usdc.ERC20InsufficientAllowance, spender=factory.contract, allowance=0, needed=AMOUNT
    ):
        post_with(factory, terms, permit.deadline, signature, issuer)
    usdc.approve(factory.contract, AMOUNT, sender=issuer)
    tx = post_with(factory, terms, permit.deadline, signature, issuer)
    assert_posted(factory, issuer, terms, tx)
