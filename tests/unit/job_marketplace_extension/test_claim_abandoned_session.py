"""JobMarketplace.claimAbandonedSession: the user closes, and says that the host fell silent."""

import pytest

from tests.harness.escrow import (
    ABANDONED,
    ABANDONMENT_PERIOD,
    ACTIVE,
    CLOSE_WINDOW,
    COMPLETED,
    DAY,
    DISPUTED,
    USDC,
    travel_to,
)
from tests.harness.events import emitted, event
from tests.harness.execution import ask
from tests.harness.reverts import reverts

UNKNOWN = 404
DEPOSIT = 10 * USDC
TOKENS, COST = 700, 1_400  # at 2 USDC per million


@pytest.fixture
def session(escrow):
    """A session that lasts longer than the abandonment period."""
    return escrow.open(maxDuration=DAY)


@pytest.fixture
def silent(session):
    """The session in the first second in which it counts as abandoned."""
    travel_to(session.details.sessionStartTime + ABANDONMENT_PERIOD + 1)
    return session


def test_revert_given_no_session(marketplace, user):
    """It should revert: the session must exist."""
    with reverts(marketplace.JobMarketplace_SessionUnknown, jobId=UNKNOWN):
        marketplace.claimAbandonedSession(UNKNOWN, sender=user)


def test_revert_given_final(marketplace, silent, host):
    """It should revert: the session must be active or disputed."""
    silent.complete(sender=host)
    with reverts(marketplace.JobMarketplace_SessionNotOpen, jobId=silent.id, status=COMPLETED):
        silent.abandon()


@pytest.mark.parametrize("role", ["host", "watcher", "stranger"])
def test_revert_when_the_caller_is_not_the_user(marketplace, silent, actors, user, role):
    """It should revert: the caller must be the user."""
    caller = actors[role]
    with reverts(marketplace.JobMarketplace_CallerNotUser, user=user, caller=caller):
        silent.abandon(sender=caller)


def test_revert_given_closing(marketplace, silent, user):
    """It should revert: the session must not be closing already."""
    closing_at = silent.complete(sender=user).timestamp
    with reverts(marketplace.JobMarketplace_SessionClosing, jobId=silent.id, closingAt=closing_at):
        silent.abandon()


def test_revert_given_ended(marketplace, session):
    """It should revert: the session must not have ended."""
    ends_at = session.details.endsAt
    travel_to(ends_at + 1)
    with reverts(marketplace.JobMarketplace_SessionEnded, endsAt=ends_at, time=ends_at + 1):
        session.abandon()


def assert_abandoned_only_after(session, last_sign):
    """The user may call it abandoned one second after the period, and not before."""
    earliest = last_sign + ABANDONMENT_PERIOD + 1
    travel_to(earliest - 1)
    assert not ask(session.marketplace.isSessionAbandoned, session.id)
    with reverts(session.marketplace.JobMarketplace_TooEarly, earliest=earliest, time=earliest - 1):
        session.abandon()
    travel_to(earliest)
    assert ask(session.marketplace.isSessionAbandoned, session.id)
    session.abandon()


def test_revert_given_recent_evidence(marketplace, silent):
    """It should revert: the abandonment period must have passed without evidence."""
    proven_at = silent.prove(TOKENS).timestamp
    with reverts(
        marketplace.JobMarketplace_TooEarly,
        earliest=proven_at + ABANDONMENT_PERIOD + 1,
        time=proven_at + 1,
    ):
        travel_to(proven_at + 1)
        silent.abandon()


def test_no_evidence(session):
    """It should count from the opening where there is no evidence."""
    assert_abandoned_only_after(session, session.details.sessionStartTime)


@pytest.mark.parametrize("evidence", ["prove", "redeem", "claim"])
def test_evidence(silent, evidence):
    """It should count from the last proof, voucher or claim."""
    tx = getattr(silent, evidence)(TOKENS)
    assert_abandoned_only_after(silent, tx.timestamp)


def test_checkpoint(session):
    """It should not count a checkpoint as evidence."""
    proven_at = session.prove(TOKENS).timestamp
    travel_to(proven_at + ABANDONMENT_PERIOD)
    session.checkpoint()
    travel_to(proven_at + ABANDONMENT_PERIOD + 1)
    session.abandon()
    assert session.details.abandoned


def test_no_money(silent):
    """It should move no money."""
    assert silent.moved_by(silent.abandon) == (0, 0)


def test_label(silent):
    """It should start the close window and set the label."""
    closing_at = silent.abandon().timestamp
    details = silent.details
    assert (details.status, details.abandoned) == (ACTIVE, True)
    assert (details.closingAt, details.evidenceEnd) == (closing_at, closing_at + CLOSE_WINDOW)


def test_event(marketplace, silent):
    """It should emit SessionClosing."""
    tx = silent.abandon()
    assert emitted(tx) == [
        event(
            marketplace.SessionClosing,
            jobId=silent.id,
            closingAt=tx.timestamp,
            evidenceEnd=tx.timestamp + CLOSE_WINDOW,
            abandoned=True,
        )
    ]


def test_evidence_in_the_window(silent):
    """It should leave the host the same time to bring evidence."""
    silent.abandon()
    travel_to(silent.details.evidenceEnd)
    silent.prove(TOKENS)
    silent.pass_evidence_end()
    assert silent.moved_by(silent.finalize) == (COST, DEPOSIT - COST)


@pytest.mark.parametrize("closer", ["host", "anyone"])
def test_closing(marketplace, silent, usdc, user, host, closer):
    """It should end as Abandoned whoever closes."""
    silent.redeem(TOKENS)
    travel_to(silent.details.lastProofSubmission + ABANDONMENT_PERIOD + 1)
    silent.abandon()
    if closer == "host":
        tx = silent.complete(sender=host)
    else:
        silent.pass_evidence_end()
        tx = silent.finalize()
    assert emitted(tx)[0] == event(
        marketplace.SessionAbandoned,
        jobId=silent.id,
        tokens=TOKENS,
        payment=COST,
        refund=DEPOSIT - COST,
    )
    assert silent.details.status == ABANDONED


def test_dispute(session, arbiter, escrow):
    """It should obey in a dispute."""
    session = escrow.open(maxDuration=DAY, arbiter=arbiter)
    claimed_at = session.claim(TOKENS).timestamp
    session.contest()
    travel_to(claimed_at + ABANDONMENT_PERIOD + 1)
    session.abandon()
    assert (session.details.status, session.details.abandoned) == (DISPUTED, True)
