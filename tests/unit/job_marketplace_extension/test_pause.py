"""JobMarketplaceExtension.pause: no new money comes in, and all of it can go out."""

import pytest

from tests.harness.authorizations import authorized, permit_for
from tests.harness.escrow import (
    ABANDONED,
    ABANDONMENT_PERIOD,
    ACTIVE,
    ANSWER_WINDOW,
    CLOSE_WINDOW,
    COMPLETED,
    DAY,
    ETHER,
    HOUR,
    INPUT_BOUND,
    TIMED_OUT,
    USDC,
    advance,
)
from tests.harness.events import emitted, event
from tests.harness.reverts import reverts
from tests.unit.job_marketplace.openings import MAX_RATE

TOKENS = 1_000


@pytest.mark.parametrize("caller", ["admin", "treasury", "host", "stranger"])
def test_revert_when_the_caller_is_not_the_owner(marketplace, actors, caller):
    """It should revert: the caller must be the owner."""
    with reverts(marketplace.OwnableUnauthorizedAccount, account=actors[caller]):
        marketplace.pause(sender=actors[caller])


def test_revert_when_paused(marketplace, owner):
    """It should revert: the contract must not be paused."""
    marketplace.pause(sender=owner)
    with reverts(marketplace.EnforcedPause):
        marketplace.pause(sender=owner)


def test_events(marketplace, owner):
    """It should emit who paused it."""
    assert emitted(marketplace.pause(sender=owner)) == [event(marketplace.Paused, account=owner)]
    assert marketplace.paused()


def test_shared_slot(escrow, marketplace, owner, operator):
    """It should keep the job count, the defaults and the pending owner, which share its slot."""

    def neighbours():
        return marketplace.jobCount(), tuple(marketplace.defaults()), marketplace.pendingOwner()

    escrow.open()
    marketplace.transferOwnership(operator, sender=owner)
    before = neighbours()
    marketplace.pause(sender=owner)
    assert neighbours() == before
    marketplace.unpause(sender=owner)
    assert neighbours() == before


def _seed(escrow, session):
    terms = session.terms
    escrow.marketplace.createSessionJobWithToken(
        terms.host,
        terms.token,
        terms.deposit,
        terms.pricePerToken,
        terms.maxDuration,
        terms.proofInterval,
        sender=session.user,
    )


def _seed_in_ether(escrow, session):
    terms = session.terms
    escrow.marketplace.createSessionJob(
        terms.host,
        10**16,
        10**15,
        terms.maxDuration,
        terms.proofInterval,
        value=10**16,
        sender=session.user,
    )


def _permit(escrow, session):
    permit = permit_for(escrow, session.user, session.terms.deposit)
    escrow.marketplace.openSessionWithPermit(
        session.terms.encoded(),
        permit.deadline,
        *permit.signed_by(session.user),
        sender=session.user,
    )


def _authorization(escrow, session):
    opening = authorized(escrow, session.user)
    opening.relay(opening.signed_by(session.user))


# Everything that brings money in.
PAYMENTS = {
    "openSession": lambda escrow, session: escrow.open(),
    "openSession in ETH": lambda escrow, session: escrow.open(token=ETHER),
    "createSessionJob": _seed_in_ether,
    "createSessionJobWithToken": _seed,
    "openSessionWithPermit": _permit,
    "openSessionWithAuthorization": _authorization,
    "createPromptJob": lambda escrow, session: escrow.open_prompt(),
    "topUp": lambda escrow, session: escrow.marketplace.topUp(
        session.id, USDC, sender=session.user
    ),
}


@pytest.mark.parametrize("payment", PAYMENTS)
def test_payments_stop(escrow, marketplace, owner, payment):
    """It should stop every way of opening and topping up.

    The same call passes before and after.
    """
    session = escrow.open()
    marketplace.pause(sender=owner)
    with reverts(marketplace.EnforcedPause):
        PAYMENTS[payment](escrow, session)
    marketplace.unpause(sender=owner)
    count = marketplace.jobCount()
    PAYMENTS[payment](escrow, session)
    assert marketplace.jobCount() == count + (payment != "topUp")


@pytest.fixture
def paused(marketplace, owner):
    """Pauses when called."""
    return lambda: marketplace.pause(sender=owner)


def test_evidence(escrow, marketplace, host, paused):
    """It should let the evidence in."""
    session, other = escrow.open(), escrow.open()
    paused()
    session.prove(TOKENS)
    session.redeem(2 * TOKENS)
    session.claim(3 * TOKENS)
    item = (other.id, TOKENS, other.voucher(TOKENS))
    marketplace.redeemVouchers([item], sender=host)
    advance(MAX_RATE)
    details = session.details
    assert (details.provenTokens, details.ackedTokens) == (TOKENS, 2 * TOKENS)
    assert details.coveredTokens == 3 * TOKENS
    assert other.details.ackedTokens == TOKENS


def test_disputes(escrow, marketplace, arbiter, stranger, paused):
    """It should let disputes take their course."""
    expiring, ruled = escrow.open(), escrow.open(arbiter=arbiter)
    expiring.claim(TOKENS)
    ruled.claim(TOKENS)
    paused()
    expiring.contest()
    ruled.contest()
    ruled.rule(TOKENS)
    advance(ANSWER_WINDOW + 1)
    marketplace.expireDispute(expiring.id, sender=stranger)
    assert expiring.details.claimsOff
    assert ruled.details.maturedTokens == TOKENS
    assert expiring.details.status == ruled.details.status == ACTIVE


def test_parties_close(escrow, host, user, paused):
    """It should let the parties lengthen and close sessions."""
    by_user, by_host, by_voucher, by_agreement, by_silence = (
        escrow.open(maxDuration=DAY) for _ in range(5)
    )
    paused()
    marketplace = escrow.marketplace
    marketplace.extend(by_user.id, by_user.details.endsAt + HOUR, sender=user)
    by_user.complete(sender=user)
    by_host.complete(sender=host)
    by_voucher.close_with_voucher(TOKENS)
    by_agreement.close_with_agreement(TOKENS)
    advance(max(CLOSE_WINDOW, ABANDONMENT_PERIOD) + 60)
    by_user.finalize()
    marketplace.claimAbandonedSession(by_silence.id, sender=user)
    advance(CLOSE_WINDOW + 1)
    by_silence.finalize()
    for session in (by_user, by_host, by_voucher, by_agreement):
        assert session.details.status == COMPLETED
    assert by_silence.details.status == ABANDONED


def test_clock_closes(escrow, paused):
    """It should let the clock close sessions."""
    session = escrow.open(maxDuration=HOUR)
    paused()
    advance(HOUR + CLOSE_WINDOW + 1)
    session.time_out()
    assert session.details.status == TIMED_OUT


def test_withdrawals(escrow, marketplace, usdc, host, treasury, paused):
    """It should let everybody withdraw."""
    session = escrow.open()
    paused()
    session.close_with_voucher(TOKENS)
    marketplace.withdraw(usdc, host, sender=host)
    marketplace.withdrawFees(usdc, sender=treasury)
    assert usdc.balanceOf(host) + usdc.balanceOf(treasury) == session.cost(TOKENS)
    assert usdc.balanceOf(marketplace) == 0


def test_administration(escrow, marketplace, usdc, owner, operator, relayer, paused):
    """It should let the owner administrate."""
    paused()
    marketplace.setToken(usdc, False, 1, sender=owner)
    marketplace.setDefaults(INPUT_BOUND, MAX_RATE, sender=owner)
    marketplace.setTreasury(relayer, sender=owner)
    marketplace.transferOwnership(operator, sender=owner)
    assert not marketplace.tokenTerms(usdc).allowed
    assert tuple(marketplace.defaults()) == (INPUT_BOUND, MAX_RATE)
    assert marketplace.treasury() == relayer
    assert marketplace.pendingOwner() == operator
