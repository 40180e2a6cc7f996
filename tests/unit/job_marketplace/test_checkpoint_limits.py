"""What bounds the checkpoints that evidence makes by itself: the interval, the rate, the deposit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.harness.escrow import (
    CHALLENGE_WINDOW,
    DISPUTED,
    MAX_TOKENS,
    PRICE_UNIT,
    USDC,
    advance,
    travel_to,
)
from tests.harness.events import emitted
from tests.harness.evidence import checkpoint_processed, proof_submitted
from tests.harness.execution import isolated

A_WHILE = 100
INTERVAL = 1_000
SLOW = 1  # tokens per second
HUNDRED = 100

KINDS = ["prove", "redeem"]


@pytest.fixture
def session(escrow):
    """A session in which time has passed, so that the rate bounds nothing."""
    session = escrow.open(proofInterval=INTERVAL)
    advance(A_WHILE)
    return session


def reach(session, kind, total):
    """Evidence of one kind brings what is covered to `total`."""
    if kind == "redeem":
        return session.redeem(total)
    missing = total - session.details.coveredTokens
    counts = [MAX_TOKENS] * (missing // MAX_TOKENS) + [missing % MAX_TOKENS]
    return session.prove(*[count for count in counts if count])


def settlements(receipt):
    """The checkpoints among a transaction's events."""
    return [log for log in emitted(receipt) if log.name == "CheckpointProcessed"]


@pytest.mark.parametrize("kind", KINDS)
def test_not_again(session, kind):
    """It should not settle until another interval is payable."""
    reach(session, kind, INTERVAL + 5)
    assert settlements(reach(session, kind, 2 * INTERVAL + 4)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_again(session, kind):
    """It should settle all since then."""
    reach(session, kind, INTERVAL + 5)
    reach(session, kind, 2 * INTERVAL + 4)
    more = session.cost(2 * INTERVAL + 5) - session.cost(INTERVAL + 5)
    assert settlements(reach(session, kind, 2 * INTERVAL + 5)) == [
        checkpoint_processed(session, INTERVAL, more)
    ]


# ------------------------------------------------------------------------------ the limits


@pytest.fixture
def slow(escrow):
    """A session of one token per second and an interval of a hundred; and when it was opened."""
    session = escrow.open(proofInterval=HUNDRED, maxTokensPerSecond=SLOW)
    return session, session.details.sessionStartTime


def test_first_second(slow):
    """It should pay the first interval at the first second."""
    session, opened = slow
    travel_to(opened)
    proved = session.prove(HUNDRED)
    assert proved.timestamp == opened
    assert settlements(proved) == [checkpoint_processed(session, HUNDRED, session.cost(HUNDRED))]


@pytest.fixture
def limited(slow):
    """The same with 300 tokens proven in the first second, of which one interval was payable."""
    session, opened = slow
    travel_to(opened)
    session.prove(3 * HUNDRED)
    return session, opened


def test_within_an_interval(limited):
    """It should not settle while less than an interval more is payable."""
    session, opened = limited
    travel_to(opened + HUNDRED - 1)
    assert emitted(session.prove(1)) == [proof_submitted(session, 3 * HUNDRED, 1)]


def test_to_the_second(limited):
    """It should settle with the next evidence in the second in which an interval more is payable."""
    session, opened = limited
    travel_to(opened + HUNDRED)
    more = session.cost(2 * HUNDRED) - session.cost(HUNDRED)
    assert emitted(session.prove(1)) == [
        proof_submitted(session, 3 * HUNDRED, 1),
        checkpoint_processed(session, HUNDRED, more),
    ]


def test_limit(limited, escrow):
    """It should pay no more than the limit of that second."""
    session, opened = limited
    seconds = HUNDRED + 50
    travel_to(opened + seconds)
    session.prove(1)
    assert session.details.settledTokens == seconds * SLOW + HUNDRED
    assert escrow.earned(session.host) == session.cost(seconds * SLOW + HUNDRED)


def test_acknowledged(limited):
    """It should settle all that is acknowledged."""
    session, opened = limited
    travel_to(opened)
    session.redeem(10 * HUNDRED)
    assert session.details.settledTokens == 10 * HUNDRED


@pytest.fixture
def poor(escrow):
    """A session whose deposit pays for 5,000 tokens."""
    session = escrow.open(deposit=USDC, pricePerToken=200 * USDC, proofInterval=INTERVAL)
    advance(A_WHILE)
    return session


@pytest.mark.parametrize("kind", KINDS)
def test_deposit(poor, escrow, kind):
    """It should settle the whole deposit and no more."""
    reach(poor, kind, 5_500)
    assert poor.details.settledTokens == 5_000
    assert escrow.earned(poor.host) == poor.terms.deposit


@pytest.mark.parametrize("kind", KINDS)
def test_remainder(poor, kind):
    """It should not settle a remainder that is less than an interval."""
    reach(poor, kind, 4_001)
    assert settlements(reach(poor, kind, 6_000)) == []
    assert poor.details.settledTokens == 4_001


@pytest.mark.parametrize("kind", KINDS)
def test_top_up(poor, kind, user):
    """It should settle with the next evidence after a top-up."""
    reach(poor, kind, 6_000)
    poor.marketplace.topUp(poor.id, USDC, sender=user)
    assert poor.details.settledTokens == 5_000
    reach(poor, kind, 6_001)
    assert poor.details.settledTokens == 6_001


def test_closing(slow, user):
    """It should go on settling what the limit of that moment allows."""
    session, opened = slow
    travel_to(opened + 50)
    session.complete(sender=user)
    travel_to(opened + 1_000)
    session.prove(3 * HUNDRED)
    assert session.details.settledTokens == 50 * SLOW + HUNDRED


def test_beside_a_claim(session):
    """It should settle what evidence covers beside it."""
    session.redeem(600)
    session.claim(600 + INTERVAL)
    session.contest()
    session.redeem(INTERVAL)
    details = session.details
    assert (details.status, details.settledTokens) == (DISPUTED, INTERVAL)


@pytest.mark.parametrize("kind", KINDS)
def test_matured_claim(session, kind):
    """It should settle it with the next evidence, whichever.

    Also with evidence for tokens that the claim covers already.
    """
    claimed = session.claim(INTERVAL).timestamp
    travel_to(claimed + CHALLENGE_WINDOW)
    assert settlements(getattr(session, kind)(1)) == []
    travel_to(claimed + CHALLENGE_WINDOW + 1)
    assert len(settlements(getattr(session, kind)(2))) == 1
    assert session.details.settledTokens == INTERVAL


def test_costing_nothing(escrow):
    """It should settle them without a payment and lose nothing of the next ones."""
    # Three tokens of four cost less than a unit.
    session = escrow.open(proofInterval=1, pricePerToken=PRICE_UNIT // 4)
    advance(A_WHILE)
    for total in (1, 2, 3):
        assert settlements(session.redeem(total)) == [checkpoint_processed(session, 1, 0)]
    assert settlements(session.redeem(4)) == [checkpoint_processed(session, 1, 1)]
    assert escrow.earned(session.host) == session.cost(4) == 1


steps = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(1, MAX_TOKENS), st.integers(0, 20)),
    min_size=1,
    max_size=6,
)


@given(
    steps=steps,
    price=st.integers(1, 10**9),
    interval=st.integers(1, 2_000),
    rate=st.integers(1, 300),
)
def test_any_steps(escrow, steps, price, interval, rate):
    """It should have paid exactly what the settled tokens cost together."""
    with isolated():
        deposit = max(USDC, price * interval // PRICE_UNIT + 1)
        session = escrow.open(
            deposit=deposit, pricePerToken=price, proofInterval=interval, maxTokensPerSecond=rate
        )
        paid = 0
        for kind, tokens, seconds in steps:
            advance(seconds)
            if kind == "redeem":
                tokens += session.details.ackedTokens
            receipt = getattr(session, kind)(tokens)
            logs = settlements(receipt)
            paid += sum(dict(log.arguments)["paymentAmount"] for log in logs)
            travel_to(receipt.timestamp)  # a second later more may be payable
            details = session.details
            assert details.payableTokens - details.settledTokens < interval
        assert paid == escrow.earned(session.host) == session.cost(details.settledTokens)
        before = escrow.balance(session.user)
        session.complete(sender=session.host)
        refund = escrow.balance(session.user) - before
        assert escrow.earned(session.host) + refund == deposit
