"""Promise 7: what a user can lose is bounded, whatever the host proves or claims.

Beyond the larger of what it acknowledged and `maxTokensPerSecond × elapsed`, which stops when it
closes, a user pays at most one interval, and never more than its deposit.
"""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.harness.escrow import (
    CHALLENGE_WINDOW,
    CLOSE_WINDOW,
    HOUR,
    INSTANCES,
    MAX_TOKENS,
    PRICE_UNIT,
    USDC,
    advance,
    travel_to,
)
from tests.harness.execution import ask, isolated

RATE, INTERVAL = 10, 1_000
MANY = [MAX_TOKENS] * 16
LEAST_DEPOSIT = USDC // 10
LARGE_CIRCUIT, PROVEN = 9, 16_384


@dataclass
class Bound:
    """What promise 7 allows, reckoned from the promise's own words."""

    deposit: int
    price: int
    interval: int
    rate: int
    opened: int
    ends: int
    acknowledged: int = 0
    closed: int | None = None

    def at(self, now):
        """The most tokens that may be payable now."""
        elapsed = min(now, self.closed or self.ends) - self.opened
        affordable = self.deposit * PRICE_UNIT // self.price
        return min(affordable, max(self.acknowledged, self.rate * elapsed) + self.interval)


@st.composite
def terms(draw):
    """Terms of which the deposit, the rate or the interval may be what bounds."""
    interval = draw(st.integers(1, 2_000))
    price = draw(st.integers(1, 10**9))
    tokens = draw(st.integers(interval, 20 * interval))
    return {
        "deposit": max(LEAST_DEPOSIT, -(-tokens * price // PRICE_UNIT)),
        "pricePerToken": price,
        "proofInterval": interval,
        "maxTokensPerSecond": draw(st.integers(1, 50)),
    }


class Host:
    """A session whose host brings whatever it can, and what its user can lose meanwhile."""

    def __init__(self, escrow, terms):
        self.session = escrow.open(**terms)
        details = self.session.details
        self.claimed_until = 0
        self.bound = Bound(
            terms["deposit"],
            terms["pricePerToken"],
            terms["proofInterval"],
            terms["maxTokensPerSecond"],
            details.sessionStartTime,
            details.endsAt,
        )

    def options(self, now):
        """What can be done at this time without being refused."""
        running = self.bound.closed is None and now <= self.bound.ends
        options = ["prove", "acknowledge", "wait"]
        if now > self.claimed_until:
            options.append("claim")
        return [*options, "top up", "close"] if running else options

    def act(self, option, amount, now):
        """Does it, `amount` being tokens or base units."""
        session, bound = self.session, self.bound
        travel_to(now)
        match option:
            case "prove":
                counts = [MAX_TOKENS] * (amount // MAX_TOKENS) + [amount % MAX_TOKENS + 1]
                session.prove(*counts)
            case "acknowledge":
                bound.acknowledged += amount
                session.redeem(bound.acknowledged)
            case "claim":
                within = 1 + amount % bound.interval
                session.claim(session.details.coveredTokens + within)
                self.claimed_until = now + CHALLENGE_WINDOW
            case "top up":
                session.marketplace.topUp(session.id, amount, sender=session.user)
                bound.deposit += amount
            case "close":
                session.complete(sender=session.user)
                bound.closed = now


steps = st.lists(
    st.tuples(st.integers(0, HOUR // 2), st.integers(1, 5_000), st.integers(0, 5)),
    min_size=1,
    max_size=5,
)


def play(escrow, terms, steps):
    """Plays the steps; after each, yields the session's details and the bound."""
    host = Host(escrow, terms)
    now = host.bound.opened
    for seconds, amount, choice in steps:
        now = min(now + seconds, (host.bound.closed or host.bound.ends) + CLOSE_WINDOW)
        options = host.options(now)
        host.act(options[choice % len(options)], amount, now)
        travel_to(now)
        yield host.session, host.bound, now


@given(terms=terms(), steps=steps)
def test_bound(escrow, terms, steps):
    """It should make no more payable than deposit, acknowledgement and rate allow, plus one interval.

    And no less than what is proven or acknowledged within that bound.
    """
    with isolated():
        for session, bound, now in play(escrow, terms, steps):
            most = bound.at(now)
            details = session.details
            shown = max(details.provenTokens, details.ackedTokens)
            assert min(shown, most) <= details.payableTokens <= most
            earnings = ask(session.marketplace.calculateCurrentEarnings, session.id)
            assert escrow.earned(session.host) <= earnings <= session.cost(most) <= bound.deposit


@pytest.fixture
def large_circuit(escrow, owner, project):
    """A circuit whose proofs count more than any of these users can lose."""
    layout = (INSTANCES, 2, INSTANCES - 1, False, 0, 0, PROVEN)
    verifier = owner.deploy(project.AcceptingVerifier)
    escrow.proof_system.registerCircuit(LARGE_CIRCUIT, verifier, layout, sender=owner)
    return LARGE_CIRCUIT


@given(
    rate=st.integers(1, 10),
    interval=st.integers(1, 2_000),
    seconds=st.integers(0, 1_200),
    acknowledged=st.integers(0, 14_000),
)
def test_loss(escrow, large_circuit, rate, interval, seconds, acknowledged):
    """It should pay what the rate allowed until then, plus one interval, and not a token more."""
    with isolated():
        session = escrow.open(
            circuitId=large_circuit, maxTokensPerSecond=rate, proofInterval=interval
        )
        travel_to(session.details.sessionStartTime + seconds)
        session.complete(sender=session.user)
        if acknowledged:
            session.redeem(acknowledged)
        session.prove(PROVEN, first=0)
        session.pass_evidence_end()
        session.finalize()
        most = max(acknowledged, rate * seconds) + interval
        assert most < PROVEN
        assert escrow.earned(session.host) == session.cost(most)


@pytest.fixture
def session(escrow):
    """A session of ten tokens per second with far more proven than that; it has just begun."""
    session = escrow.open(maxTokensPerSecond=RATE, proofInterval=INTERVAL, maxDuration=HOUR)
    travel_to(session.details.sessionStartTime)
    session.prove(*MANY)
    return session


def payable_after(session, seconds):
    """What is payable so many seconds after the opening."""
    travel_to(session.details.sessionStartTime + seconds)
    return session.details.payableTokens


def test_accepted(session):
    """It should be accepted."""
    travel_to(session.details.sessionStartTime)
    details = session.details
    assert details.provenTokens == details.coveredTokens == sum(MANY)
    assert details.payableTokens == details.settledTokens == INTERVAL


@pytest.mark.parametrize("seconds", [0, 1, 2, 600])
def test_second_by_second(session, seconds):
    """It should become payable second by second."""
    assert payable_after(session, seconds) == RATE * seconds + INTERVAL


@pytest.mark.parametrize("later", [0, 1, CLOSE_WINDOW])
def test_ended(escrow, later):
    """It should let the limit grow no further."""
    session = escrow.open(maxTokensPerSecond=RATE, proofInterval=INTERVAL, maxDuration=HOUR)
    for _ in range(4):
        session.prove(*MANY)
    assert payable_after(session, HOUR + later) == RATE * HOUR + INTERVAL


@pytest.mark.parametrize("later", [0, 1, CLOSE_WINDOW])
def test_closing(session, later, user):
    """It should let the limit grow no further."""
    travel_to(session.details.sessionStartTime + 60)
    session.complete(sender=user)
    assert payable_after(session, 60 + later) == RATE * 60 + INTERVAL


def test_acknowledged(session):
    """It should pay all of that, and one interval of proofs beyond it."""
    acknowledged = 8_000
    session.redeem(acknowledged)
    assert payable_after(session, 60) == acknowledged + INTERVAL


def test_deposit(escrow, marketplace, user):
    """It should pay the deposit, and more after a top-up."""
    # A token costs a thousandth of a USDC, so that one USDC pays for an interval.
    session = escrow.open(
        deposit=2 * USDC,
        pricePerToken=1_000 * USDC,
        maxTokensPerSecond=RATE,
        proofInterval=INTERVAL,
    )
    session.prove(*MANY)
    assert payable_after(session, 600) == 2 * INTERVAL
    marketplace.topUp(session.id, USDC, sender=user)
    assert payable_after(session, 600) == 3 * INTERVAL


def test_idle(escrow):
    """It should let idle time count."""
    session = escrow.open(maxTokensPerSecond=RATE, proofInterval=INTERVAL)
    advance(10 * 60)
    idle = advance(10 * 60) - session.details.sessionStartTime
    session.prove(*MANY)
    assert payable_after(session, idle) == RATE * idle + INTERVAL
