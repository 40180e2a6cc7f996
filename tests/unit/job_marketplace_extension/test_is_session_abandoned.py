"""JobMarketplace.isSessionAbandoned: whether the host has been silent for long."""

import pytest

from tests.harness.escrow import ABANDONMENT_PERIOD, DAY, USDC, travel_to
from tests.harness.execution import ask
from tests.harness.reverts import reverts

NO_JOB = 10**6
TOKENS = 48
LATER = 1_000


@pytest.fixture
def session(escrow):
    """A session much longer than the abandonment period."""
    return escrow.open(maxDuration=DAY)


def abandoned_at(session, time):
    """Whether the session counts as abandoned then."""
    travel_to(time)
    return ask(session.marketplace.isSessionAbandoned, session.id)


def test_unknown(marketplace):
    """It should be false."""
    assert not ask(marketplace.isSessionAbandoned, NO_JOB)


def test_last_second(session, marketplace):
    """It should be false, and the user could not claim it."""
    last = session.details.sessionStartTime + ABANDONMENT_PERIOD
    assert not abandoned_at(session, last)
    with reverts(marketplace.JobMarketplace_TooEarly, earliest=last + 1, time=last):
        session.abandon()


def test_next_second(session):
    """It should be true, and the user can claim it."""
    last = session.details.sessionStartTime + ABANDONMENT_PERIOD
    assert abandoned_at(session, last + 1)
    session.abandon()
    assert session.details.abandoned


@pytest.mark.parametrize("kind", ["prove", "redeem", "claim"])
def test_evidence(session, kind):
    """It should count the period from the last proof, voucher or claim."""
    time = session.details.sessionStartTime + LATER
    travel_to(time)
    getattr(session, kind)(TOKENS)
    assert not abandoned_at(session, time + ABANDONMENT_PERIOD)
    assert abandoned_at(session, time + ABANDONMENT_PERIOD + 1)


@pytest.mark.parametrize(("earlier", "later"), [("claim", "redeem"), ("redeem", "claim")])
def test_latest_evidence(session, earlier, later):
    """It should count it from the latest of them."""
    opened = session.details.sessionStartTime
    travel_to(opened + LATER)
    getattr(session, earlier)(TOKENS)
    travel_to(opened + 2 * LATER)
    getattr(session, later)(2 * TOKENS)
    assert not abandoned_at(session, opened + 2 * LATER + ABANDONMENT_PERIOD)
    assert abandoned_at(session, opened + 2 * LATER + ABANDONMENT_PERIOD + 1)


def test_no_evidence(session, user):
    """It should count neither as evidence."""
    opened = session.details.sessionStartTime
    travel_to(opened)
    session.redeem(TOKENS)
    travel_to(opened + LATER)
    session.checkpoint()
    session.marketplace.topUp(session.id, USDC, sender=user)
    assert abandoned_at(session, opened + ABANDONMENT_PERIOD + 1)


def test_disputed(session):
    """It should be true once the period has passed."""
    claimed = session.claim(TOKENS).timestamp
    session.contest()
    assert not abandoned_at(session, claimed + ABANDONMENT_PERIOD)
    assert abandoned_at(session, claimed + ABANDONMENT_PERIOD + 1)


def test_closing(session, user):
    """It should be false."""
    session.complete(sender=user)
    assert not abandoned_at(session, session.details.sessionStartTime + ABANDONMENT_PERIOD + 1)


def test_final(session):
    """It should be false."""
    session.complete(sender=session.host)
    assert not abandoned_at(session, session.details.sessionStartTime + ABANDONMENT_PERIOD + 1)
