"""JobMarketplace.extend: more time on the same terms."""

import pytest

from tests.harness.escrow import (
    CLOSE_WINDOW,
    COMPLETED,
    DAY,
    DISPUTED,
    HOUR,
    MAX_TOKENS,
    travel_to,
)
from tests.harness.events import emitted, event
from tests.harness.reverts import reverts
from tests.unit.job_marketplace.openings import MAX_DURATION, details_of

MAX_EXTENDED_DURATION = 365 * DAY
CLAIMED = 500


@pytest.fixture
def session(escrow):
    """A session of an hour."""
    return escrow.open(maxDuration=HOUR)


def extend(session, ends_at=None, *, sender=None):
    """The user moves the end, by an hour unless a time is said."""
    ends_at = session.details.endsAt + HOUR if ends_at is None else ends_at
    return session.marketplace.extend(session.id, ends_at, sender=sender or session.user)


def test_revert_given_no_session(marketplace, session, user):
    """It should revert: the session must exist."""
    unknown = session.id + 1
    with reverts(marketplace.JobMarketplace_SessionUnknown, jobId=unknown):
        marketplace.extend(unknown, session.details.endsAt + 1, sender=user)


def test_revert_given_a_final_session(marketplace, session, host):
    """It should revert: the session must be active or disputed."""
    session.complete(sender=host)
    with reverts(marketplace.JobMarketplace_SessionNotOpen, jobId=session.id, status=COMPLETED):
        extend(session)


@pytest.mark.parametrize("caller", ["host", "watcher", "stranger"])
def test_revert_when_the_caller_is_not_the_user(escrow, marketplace, user, watcher, actors, caller):
    """It should revert: the caller must be the user."""
    session = escrow.open(watcher=watcher)
    with reverts(marketplace.JobMarketplace_CallerNotUser, user=user, caller=actors[caller]):
        extend(session, sender=actors[caller])


def test_revert_given_a_closing(marketplace, session, user):
    """It should revert: the session must not be closing."""
    closing = session.complete(sender=user)
    with reverts(
        marketplace.JobMarketplace_SessionClosing, jobId=session.id, closingAt=closing.timestamp
    ):
        extend(session)


def test_revert_given_the_end(marketplace, session):
    """It should revert: the session must not have ended."""
    ends_at = session.details.endsAt
    travel_to(ends_at + 1)
    with reverts(marketplace.JobMarketplace_SessionEnded, endsAt=ends_at, time=ends_at + 1):
        extend(session, ends_at + HOUR)


def test_last_second(session):
    """It should move the end in the last second."""
    ends_at = session.details.endsAt
    travel_to(ends_at)
    assert extend(session, ends_at + 1).timestamp == ends_at
    assert session.details.endsAt == ends_at + 1


def test_last_second_but_one(session):
    """It should move the end, in time."""
    ends_at = session.details.endsAt
    travel_to(ends_at - 1)
    extend(session, ends_at + 1)
    assert session.details.endsAt == ends_at + 1


@pytest.mark.parametrize("wrong", ["now", "as before", "too late", "far too late"])
def test_revert_when_the_end_is_out_of_range(marketplace, session, chain, wrong):
    """It should revert: the new end must be later than the old one and at most 365 days after the opening."""
    before = session.details
    latest = before.sessionStartTime + MAX_EXTENDED_DURATION
    ends_at = {
        "now": chain.pending_timestamp,
        "as before": before.endsAt,
        "too late": latest + 1,
        "far too late": 2**40 + before.endsAt + 1,
    }[wrong]
    with reverts(
        marketplace.JobMarketplace_DurationOutOfRange,
        min=before.endsAt + 1,
        max=latest,
        actual=ends_at,
    ):
        extend(session, ends_at)


@pytest.mark.parametrize("extreme", ["earliest", "latest"])
def test_extremes(session, extreme):
    """It should store it."""
    before = session.details
    ends_at = {
        "earliest": before.endsAt + 1,
        "latest": before.sessionStartTime + MAX_EXTENDED_DURATION,
    }[extreme]
    extend(session, ends_at)
    assert session.details.endsAt == ends_at
    assert session.details.maxDuration == ends_at - before.sessionStartTime


def test_paused(marketplace, session, owner):
    """It should move the end."""
    ends_at = session.details.endsAt + HOUR
    marketplace.pause(sender=owner)
    extend(session, ends_at)
    assert session.details.endsAt == ends_at


def test_disputed(session):
    """It should move the end while the claim is judged."""
    ends_at = session.details.endsAt + HOUR
    session.claim(CLAIMED)
    session.contest()
    extend(session, ends_at)
    assert session.details.endsAt == ends_at
    assert session.details.status == DISPUTED


def test_prompt_job(escrow):
    """It should move the end of that too."""
    job = escrow.open_prompt()
    ends_at = job.details.endsAt + HOUR
    extend(job, ends_at)
    assert job.details.endsAt == ends_at


def test_last_possible_second(escrow, marketplace):
    """It should never move it further."""
    session = escrow.open(maxDuration=MAX_DURATION)
    latest = session.details.sessionStartTime + MAX_EXTENDED_DURATION
    extend(session, latest)
    travel_to(latest)
    with reverts(
        marketplace.JobMarketplace_DurationOutOfRange,
        min=latest + 1,
        max=latest,
        actual=latest + 1,
    ):
        extend(session, latest + 1)


def test_rate(escrow):
    """It should let the bound grow beyond the old end."""
    session = escrow.open(maxDuration=HOUR, maxTokensPerSecond=1, proofInterval=1)
    session.prove(*[MAX_TOKENS] * 4)  # more than an hour at that rate
    old_end = session.details.endsAt
    extend(session)
    travel_to(old_end + 1)
    assert session.details.payableTokens == HOUR + 1 + 1  # seconds, and the interval


def test_events(marketplace, session):
    """It should emit the new end."""
    ends_at = session.details.endsAt + HOUR
    assert emitted(extend(session, ends_at)) == [
        event(marketplace.SessionExtended, jobId=session.id, endsAt=ends_at)
    ]


def test_nothing_else_changes(escrow, session):
    """It should move the end and what follows from it, and nothing else."""
    before = details_of(escrow, session.id)
    ends_at = before["endsAt"] + HOUR
    extend(session, ends_at)
    assert details_of(escrow, session.id) == before | {
        "endsAt": ends_at,
        "evidenceEnd": ends_at + CLOSE_WINDOW,
        "maxDuration": before["maxDuration"] + HOUR,
    }
