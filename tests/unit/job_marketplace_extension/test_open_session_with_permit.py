"""JobMarketplaceExtension.openSessionWithPermit: the permit is tried, then the allowance decides."""

import pytest

from tests.harness.authorizations import permit_for
from tests.harness.deployment import MINIMUM_ETHER, payment_token
from tests.harness.escrow import ETHER, USDC
from tests.harness.events import emitted, event
from tests.harness.execution import Reverted, ask
from tests.harness.reverts import reverts
from tests.unit.job_marketplace.openings import (
    REFUSALS,
    details_of,
    fresh_details,
    opening_events,
    payment,
)

DEPOSIT = 10 * USDC
UNLIMITED = 2**256 - 1
ONE_PERCENT = 100  # in basis points
JUNK = (27, b"\x01" * 32, b"\x02" * 32)


@pytest.fixture(autouse=True)
def no_allowance(marketplace, usdc, user):
    """The user has approved nothing."""
    usdc.approve(marketplace, 0, sender=user)


@pytest.fixture
def terms(escrow):
    """The usual terms."""
    return escrow.terms(deposit=DEPOSIT)


@pytest.fixture
def permit(escrow, user):
    """What the user signs for the usual deposit."""
    return permit_for(escrow, user, DEPOSIT)


def open_with(escrow, terms, deadline, signature, sender, value=0):
    """Opens with a permit."""
    return escrow.marketplace.openSessionWithPermit(
        terms.encoded(), deadline, *signature, sender=sender, value=value
    )


ETH_INSTEAD = {"in ETH": None}


@pytest.mark.parametrize("case", REFUSALS | ETH_INSTEAD)
def test_revert_when_the_terms_are_wrong(escrow, marketplace, user, terms, permit, case):
    """It should revert: the terms must be such as {IJobMarketplaceMain-openSession} accepts, in a token."""
    if case in REFUSALS:
        changes, error, arguments = REFUSALS[case](escrow, terms)
    else:
        changes = {"token": ETHER, "deposit": MINIMUM_ETHER}
        error, arguments = marketplace.JobMarketplace_TokenNotAllowed, {"token": ETHER}
    wrong = terms.but(**changes)
    signature = permit.but(value=wrong.deposit).signed_by(user)
    with reverts(error, **arguments):
        open_with(escrow, wrong, permit.deadline, signature, user)


def test_value(escrow, user, terms, permit):
    """It should refuse it."""
    with pytest.raises(Reverted) as refusal:
        open_with(escrow, terms, permit.deadline, permit.signed_by(user), user, value=1)
    assert refusal.value.data == b""


def test_permit(escrow, marketplace, usdc, user, terms, permit):
    """It should open the session without an earlier approval."""
    held, owned = usdc.balanceOf(marketplace), usdc.balanceOf(user)
    tx = open_with(escrow, terms, permit.deadline, permit.signed_by(user), user)
    stored = details_of(escrow, marketplace.jobCount())
    assert stored == fresh_details(user, terms, tx.timestamp)
    assert usdc.balanceOf(marketplace) - held == owned - usdc.balanceOf(user) == DEPOSIT


def test_id(marketplace, user, terms, permit):
    """It should return the next job's id."""
    call = (terms.encoded(), permit.deadline, *permit.signed_by(user))
    expected = marketplace.jobCount() + 1
    assert ask(marketplace.openSessionWithPermit, *call, sender=user) == expected


def test_no_allowance_is_left(escrow, marketplace, usdc, user, terms, permit):
    """It should leave no allowance behind."""
    open_with(escrow, terms, permit.deadline, permit.signed_by(user), user)
    assert usdc.allowance(user, marketplace) == 0


def test_events(escrow, marketplace, usdc, user, terms, permit):
    """It should emit the session and its terms, then let the token speak."""
    tx = open_with(escrow, terms, permit.deadline, permit.signed_by(user), user)
    assert emitted(tx) == [
        *opening_events(escrow, marketplace.jobCount(), user, terms, tx.timestamp),
        event(usdc.Approval, owner=user, spender=marketplace, value=DEPOSIT),
        payment(usdc, user, marketplace, DEPOSIT),
    ]


def test_front_run(escrow, marketplace, usdc, user, stranger, terms, permit):
    """It should open the session all the same."""
    signature = permit.signed_by(user)
    usdc.permit(user, marketplace, DEPOSIT, permit.deadline, *signature, sender=stranger)
    open_with(escrow, terms, permit.deadline, signature, user)
    assert details_of(escrow, marketplace.jobCount())["depositAmount"] == DEPOSIT


def test_payer_is_the_caller(escrow, marketplace, usdc, user, stranger, terms, permit):
    """It should never make the signer pay.

    Neither by the permit that somebody else brings, nor by the allowance that the permit left.
    """
    signature = permit.signed_by(user)
    refusal = {"spender": marketplace, "allowance": 0, "needed": DEPOSIT}
    with reverts(usdc.ERC20InsufficientAllowance, **refusal):
        open_with(escrow, terms, permit.deadline, signature, stranger)
    usdc.permit(user, marketplace, DEPOSIT, permit.deadline, *signature, sender=stranger)
    with reverts(usdc.ERC20InsufficientAllowance, **refusal):
        open_with(escrow, terms, permit.deadline, signature, stranger)


BAD_PERMITS = {
    "another's signature": lambda permit, user, other: permit.signed_by(other),
    "another spender": lambda permit, user, other: permit.but(spender=other).signed_by(user),
    "less": lambda permit, user, other: permit.but(value=DEPOSIT - 1).signed_by(user),
    "more": lambda permit, user, other: permit.but(value=DEPOSIT + 1).signed_by(user),
    "a later nonce": lambda permit, user, other: permit.but(nonce=permit.nonce + 1).signed_by(user),
    "another deadline": lambda permit, user, other: permit.but(
        deadline=permit.deadline + 1
    ).signed_by(user),
    "junk": lambda permit, user, other: JUNK,
    "nothing": lambda permit, user, other: (0, bytes(32), bytes(32)),
}


@pytest.mark.parametrize("bad", BAD_PERMITS)
def test_bad_permit(escrow, marketplace, usdc, user, stranger, terms, permit, bad):
    """It should refuse a permit that is not good."""
    signature = BAD_PERMITS[bad](permit, user, stranger)
    with reverts(usdc.ERC20InsufficientAllowance, spender=marketplace, allowance=0, needed=DEPOSIT):
        open_with(escrow, terms, permit.deadline, signature, user)


def test_replay(escrow, marketplace, usdc, user, terms, permit):
    """It should refuse a permit that was used for a session already."""
    signature = permit.signed_by(user)
    open_with(escrow, terms, permit.deadline, signature, user)
    with reverts(usdc.ERC20InsufficientAllowance, spender=marketplace, allowance=0, needed=DEPOSIT):
        open_with(escrow, terms, permit.deadline, signature, user)


def test_seeming_permit(escrow, marketplace, project, user, terms, permit):
    """It should refuse a token that only seems to have permits.

    Its fallback takes the permit for a deposit of nothing, and succeeds.
    """
    token = payment_token(escrow, project.WrappedEther)
    token.approve(marketplace, 0, sender=user)
    with reverts(
        token.ERC20InsufficientAllowance, spender=marketplace, allowance=0, needed=DEPOSIT
    ):
        open_with(escrow, terms.but(token=token), permit.deadline, JUNK, user)


@pytest.mark.parametrize("bad", BAD_PERMITS)
def test_allowance_decides(escrow, marketplace, usdc, user, stranger, terms, permit, bad):
    """It should open the session whatever the permit is."""
    usdc.approve(marketplace, DEPOSIT, sender=user)
    signature = BAD_PERMITS[bad](permit, user, stranger)
    open_with(escrow, terms, permit.deadline, signature, user)
    assert details_of(escrow, marketplace.jobCount())["depositAmount"] == DEPOSIT
    assert usdc.allowance(user, marketplace) == 0


@pytest.mark.parametrize("token", ["SilentToken", "FeeToken", "WrappedEther"])
def test_without_permits(escrow, marketplace, project, user, terms, permit, token):
    """It should open the session in a token without permits."""
    paid_in = payment_token(escrow, getattr(project, token))
    open_with(escrow, terms.but(token=paid_in), permit.deadline, JUNK, user)
    assert paid_in.balanceOf(marketplace) == DEPOSIT


def test_allowance_is_raised(escrow, marketplace, usdc, user, terms, permit):
    """It should let the permit raise it."""
    usdc.approve(marketplace, DEPOSIT - 1, sender=user)
    open_with(escrow, terms, permit.deadline, permit.signed_by(user), user)
    assert usdc.allowance(user, marketplace) == 0


def test_allowance_is_lowered(escrow, marketplace, usdc, user, terms, permit):
    """It should let the permit lower it to the deposit, and take that."""
    usdc.approve(marketplace, UNLIMITED, sender=user)
    open_with(escrow, terms, permit.deadline, permit.signed_by(user), user)
    assert usdc.allowance(user, marketplace) == 0
    assert details_of(escrow, marketplace.jobCount())["depositAmount"] == DEPOSIT


def test_last_second(escrow, marketplace, user, terms, permit, chain):
    """It should open the session in the permit's last second."""
    chain.pending_timestamp = permit.deadline
    tx = open_with(escrow, terms, permit.deadline, permit.signed_by(user), user)
    assert tx.timestamp == permit.deadline
    assert details_of(escrow, marketplace.jobCount())["depositAmount"] == DEPOSIT


def test_expired(escrow, marketplace, usdc, user, terms, permit, chain):
    """It should leave it to the allowance."""
    signature = permit.signed_by(user)
    chain.pending_timestamp = permit.deadline + 1
    with reverts(usdc.ERC20InsufficientAllowance, spender=marketplace, allowance=0, needed=DEPOSIT):
        open_with(escrow, terms, permit.deadline, signature, user)
    usdc.approve(marketplace, DEPOSIT, sender=user)
    open_with(escrow, terms, permit.deadline, signature, user)
    assert details_of(escrow, marketplace.jobCount())["depositAmount"] == DEPOSIT


def test_fee_on_transfer(escrow, marketplace, project, owner, user, terms, permit):
    """It should refuse what arrives."""
    token = payment_token(escrow, project.FeeToken)
    token.setFee(ONE_PERCENT, sender=owner)
    with reverts(
        marketplace.Payments_TransferShort, expected=DEPOSIT, received=DEPOSIT * 99 // 100
    ):
        open_with(escrow, terms.but(token=token), permit.deadline, JUNK, user)
