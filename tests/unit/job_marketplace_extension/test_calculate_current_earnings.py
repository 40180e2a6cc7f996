"""JobMarketplace.calculateCurrentEarnings: what a session would have earned its host by now."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.harness.escrow import CHALLENGE_WINDOW, HOUR, USDC, advance, travel_to
from tests.harness.execution import ask, isolated

NO_JOB = 10**6
A_WHILE = 100
TOKENS = 400
INTERVAL = 1_000
ODD_PRICE = 1_234_567


@pytest.fixture
def session(escrow):
    """A session in which time has passed, so that the rate bounds nothing."""
    session = escrow.open(pricePerToken=ODD_PRICE, proofInterval=INTERVAL)
    advance(A_WHILE)
    return session


def earnings(session):
    """What the marketplace says, as of the next block."""
    return ask(session.marketplace.calculateCurrentEarnings, session.id)


def test_unknown(marketplace):
    """It should be zero."""
    assert ask(marketplace.calculateCurrentEarnings, NO_JOB) == 0


def test_nothing(session):
    """It should be zero."""
    assert earnings(session) == 0


@pytest.mark.parametrize("tokens", [1, TOKENS, INTERVAL - 1])
def test_cost(session, tokens):
    """It should be what they cost, rounded down."""
    session.prove(tokens)
    assert earnings(session) == tokens * ODD_PRICE // 10**6


def test_settled(session):
    """It should include what was settled."""
    session.redeem(INTERVAL)
    assert session.details.settledTokens == INTERVAL
    assert earnings(session) == session.cost(INTERVAL)
    session.redeem(INTERVAL + TOKENS)
    assert earnings(session) == session.cost(INTERVAL + TOKENS)


@given(
    acknowledged=st.integers(1, 3_000),
    proven=st.integers(1, 1_000),
    rate=st.integers(1, 20),
    seconds=st.integers(0, HOUR),
)
def test_closing(escrow, acknowledged, proven, rate, seconds):
    """It should be what the host has earned once it closes then."""
    with isolated():
        session = escrow.open(maxTokensPerSecond=rate, pricePerToken=ODD_PRICE, proofInterval=100)
        session.prove(proven)
        session.redeem(acknowledged)
        now = session.details.sessionStartTime + 1 + seconds
        travel_to(now)
        expected = earnings(session)
        travel_to(now)
        session.complete(sender=session.host)
        assert escrow.earned(session.host) == expected == earnings(session)


def test_beyond_the_limit(escrow):
    """It should leave out what is not payable yet."""
    session = escrow.open(maxTokensPerSecond=1, proofInterval=100)
    session.prove(1_000)
    opened = session.details.sessionStartTime
    travel_to(opened + 50)
    assert earnings(session) == session.cost(100 + 50)
    travel_to(opened + 51)
    assert earnings(session) == session.cost(100 + 51)


def test_claim(session):
    """It should leave it out until the second after its window."""
    claimed = session.claim(TOKENS).timestamp
    travel_to(claimed + CHALLENGE_WINDOW)
    assert earnings(session) == 0
    travel_to(claimed + CHALLENGE_WINDOW + 1)
    assert earnings(session) == session.cost(TOKENS)


def test_prompt(escrow):
    """It should be the deposit once the unit is covered."""
    job = escrow.open_prompt(payment=5 * USDC)
    assert earnings(job) == 0
    job.prove(48)
    assert earnings(job) == 5 * USDC


def test_final(escrow):
    """It should be what was paid, however much time passes."""
    session = escrow.open(maxTokensPerSecond=1, proofInterval=100)
    session.prove(1_000)
    travel_to(session.details.sessionStartTime + 50)
    session.complete(sender=session.host)
    advance(HOUR)
    assert earnings(session) == session.cost(100 + 50) == escrow.earned(session.host)
