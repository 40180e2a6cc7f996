"""JobMarketplace.topUp: a larger deposit on the same terms."""

import pytest

from tests.harness.deployment import MINIMUM_USDC, payment_token
from tests.harness.escrow import COMPLETED, ETHER, USDC, travel_to
from tests.harness.events import emitted, event
from tests.harness.reverts import reverts
from tests.unit.job_marketplace.openings import MAX_DEPOSIT, details_of, payment

AMOUNT = 3 * USDC
ONE_PERCENT = 100  # in basis points
CLAIMED = 500


@pytest.fixture
def session(escrow):
    """A session with the usual deposit of USDC."""
    return escrow.open()


@pytest.fixture
def ether_session(escrow):
    """A session with a deposit of ETH."""
    return escrow.open(token=ETHER)


def top_up(session, amount=AMOUNT, *, value=0, sender=None):
    """The user adds to the deposit."""
    sender = sender or session.user
    return session.marketplace.topUp(session.id, amount, value=value, sender=sender)


def test_revert_when_paused(marketplace, session, owner):
    """It should revert: the contract must not be paused."""
    marketplace.pause(sender=owner)
    with reverts(marketplace.EnforcedPause):
        top_up(session)


def test_revert_given_no_session(marketplace, session, user):
    """It should revert: the session must exist."""
    unknown = session.id + 1
    with reverts(marketplace.JobMarketplace_SessionUnknown, jobId=unknown):
        marketplace.topUp(unknown, AMOUNT, sender=user)


def test_revert_given_a_final_session(marketplace, session, host):
    """It should revert: the session must be active or disputed."""
    session.complete(sender=host)
    with reverts(marketplace.JobMarketplace_SessionNotOpen, jobId=session.id, status=COMPLETED):
        top_up(session)


@pytest.mark.parametrize("caller", ["host", "voucher_signer", "watcher", "stranger"])
def test_revert_when_the_caller_is_not_the_user(
    escrow, marketplace, user, voucher_signer, watcher, actors, caller
):
    """It should revert: the caller must be the user."""
    session = escrow.open(voucherSigner=voucher_signer, watcher=watcher)
    with reverts(marketplace.JobMarketplace_CallerNotUser, user=user, caller=actors[caller]):
        top_up(session, sender=actors[caller])


def test_revert_given_a_prompt_job(escrow, marketplace):
    """It should revert: the job must be metered."""
    job = escrow.open_prompt()
    with reverts(marketplace.JobMarketplace_NotMetered, jobId=job.id):
        top_up(job)


def test_revert_given_a_closing(marketplace, session, user):
    """It should revert: the session must not be closing."""
    closing = session.complete(sender=user)
    with reverts(
        marketplace.JobMarketplace_SessionClosing, jobId=session.id, closingAt=closing.timestamp
    ):
        top_up(session)


def test_revert_given_the_end(marketplace, session):
    """It should revert: the session must not have ended."""
    ends_at = session.details.endsAt
    travel_to(ends_at + 1)
    with reverts(marketplace.JobMarketplace_SessionEnded, endsAt=ends_at, time=ends_at + 1):
        top_up(session)


def test_last_second(session):
    """It should accept the amount in the last second."""
    ends_at = session.details.endsAt
    travel_to(ends_at)
    assert top_up(session).timestamp == ends_at
    assert session.details.depositAmount == session.terms.deposit + AMOUNT


def test_last_second_but_one(session):
    """It should accept the amount."""
    travel_to(session.details.endsAt - 1)
    top_up(session)
    assert session.details.depositAmount == session.terms.deposit + AMOUNT


def test_revert_when_zero(marketplace, session):
    """It should revert: the amount must be positive."""
    with reverts(marketplace.JobMarketplace_AmountZero):
        top_up(session, 0)


@pytest.mark.parametrize("beyond", [1, 2**96, 2**256 - MAX_DEPOSIT])
def test_revert_when_too_large(marketplace, session, beyond):
    """It should revert: the new deposit must fit 96 bits."""
    most = MAX_DEPOSIT - session.terms.deposit
    with reverts(
        marketplace.JobMarketplace_DepositOutOfRange, min=1, max=most, actual=most + beyond
    ):
        top_up(session, most + beyond)


def test_largest(session, usdc, owner, user):
    """It should store all of it."""
    usdc.mint(user, MAX_DEPOSIT, sender=owner)
    top_up(session, MAX_DEPOSIT - session.terms.deposit)
    assert session.details.depositAmount == MAX_DEPOSIT


@pytest.mark.parametrize(
    ("in_ether", "sent"), [(True, AMOUNT - 1), (True, AMOUNT + 1), (False, 1), (False, AMOUNT)]
)
def test_revert_when_the_value_differs(marketplace, session, ether_session, in_ether, sent):
    """It should revert: the value sent must be the amount for ETH, and zero for a token."""
    expected = AMOUNT if in_ether else 0
    with reverts(marketplace.Payments_ValueMismatch, expected=expected, actual=sent):
        top_up(ether_session if in_ether else session, value=sent)


def test_revert_given_a_fee_on_transfer(escrow, marketplace, project, owner):
    """It should revert: the token must deliver the whole amount."""
    token = payment_token(escrow, project.FeeToken)
    session = escrow.open(token=token)
    token.setFee(ONE_PERCENT, sender=owner)
    with reverts(marketplace.Payments_TransferShort, expected=AMOUNT, received=AMOUNT * 99 // 100):
        top_up(session)


def test_allowance(marketplace, session, usdc, user):
    """It should refuse in the token's words."""
    usdc.approve(marketplace, AMOUNT - 1, sender=user)
    with reverts(
        usdc.ERC20InsufficientAllowance,
        spender=marketplace,
        allowance=AMOUNT - 1,
        needed=AMOUNT,
    ):
        top_up(session)


def test_disputed(session):
    """It should accept the amount."""
    session.claim(CLAIMED)
    session.contest()
    top_up(session)
    assert session.details.depositAmount == session.terms.deposit + AMOUNT


def test_token_stopped(marketplace, session, usdc, owner):
    """It should accept the amount, for the session's terms stand."""
    marketplace.setToken(usdc, False, MINIMUM_USDC, sender=owner)
    top_up(session)
    assert session.details.depositAmount == session.terms.deposit + AMOUNT


def test_host_inactive(escrow, session, host, admin):
    """It should accept the amount."""
    escrow.registry.deactivate(host, sender=admin)
    top_up(session)
    assert session.details.depositAmount == session.terms.deposit + AMOUNT


def test_more_is_payable(session):
    """It should make that evidence payable."""
    bought = 5_000_000  # tokens for the usual 10 USDC
    session.redeem(bought + 1_000_000)
    assert session.details.payableTokens == bought
    top_up(session, 2 * USDC)
    assert session.details.payableTokens == bought + 1_000_000


def test_base_unit(session):
    """It should accept it, whatever the token's least deposit is."""
    top_up(session, 1)
    assert session.details.depositAmount == session.terms.deposit + 1


def test_usdc(marketplace, session, usdc, user):
    """It should lock the amount on top of the deposit, in USDC."""
    held, owned = usdc.balanceOf(marketplace), usdc.balanceOf(user)
    top_up(session)
    assert usdc.balanceOf(marketplace) - held == owned - usdc.balanceOf(user) == AMOUNT
    assert session.details.depositAmount == session.terms.deposit + AMOUNT


def test_ether(marketplace, ether_session, user):
    """It should lock the amount on top of the deposit, in ETH."""
    held, owned = marketplace.balance, user.balance
    tx = top_up(ether_session, value=AMOUNT)
    assert marketplace.balance - held == AMOUNT
    assert owned - user.balance == AMOUNT + tx.total_fees_paid
    assert ether_session.details.depositAmount == ether_session.terms.deposit + AMOUNT


def test_events(marketplace, session, usdc, user):
    """It should emit the amount and the new deposit."""
    assert emitted(top_up(session)) == [
        event(
            marketplace.SessionToppedUp,
            jobId=session.id,
            amount=AMOUNT,
            deposit=session.terms.deposit + AMOUNT,
        ),
        payment(usdc, user, marketplace, AMOUNT),
    ]


def test_nothing_else_changes(escrow, session):
    """It should change nothing else of the session."""
    before = details_of(escrow, session.id)
    top_up(session)
    deposit = session.terms.deposit + AMOUNT
    assert details_of(escrow, session.id) == before | {"depositAmount": deposit}


def test_sum(marketplace, session, usdc):
    """It should add up over several calls."""
    amounts = [1, AMOUNT, 7, MINIMUM_USDC]
    held = usdc.balanceOf(marketplace)
    for amount in amounts:
        top_up(session, amount)
    assert session.details.depositAmount == session.terms.deposit + sum(amounts)
    assert usdc.balanceOf(marketplace) - held == sum(amounts)
