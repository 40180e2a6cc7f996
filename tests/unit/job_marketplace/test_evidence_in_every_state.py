"""Every kind of evidence in every state of a session: one table, both ways."""

import pytest

from tests.harness.escrow import (
    ABANDONED,
    ABANDONMENT_PERIOD,
    ANSWER_WINDOW,
    COMPLETED,
    DAY,
    DISPUTED,
    TIMED_OUT,
    advance,
    travel_to,
)
from tests.harness.reverts import reverts

A_WHILE = 100
BEFORE = 200  # acknowledged in every state
CLAIMED = 500
MORE = 250  # less than is claimed: no dispute ends
COUNTERS = {"proof": "provenTokens", "voucher": "ackedTokens", "claim": "claimedTokens"}


# ------------------------------------------------------------------------------ states


def active(session):
    pass


def disputed(session):
    session.claim(CLAIMED)
    session.contest()


def unanswered(session):
    session.claim(CLAIMED)
    contested = session.contest().timestamp
    travel_to(contested + ANSWER_WINDOW + 1)


def closing(session):
    session.complete(sender=session.user)


def closing_and_disputed(session):
    disputed(session)
    closing(session)


def ended(session):
    travel_to(session.details.endsAt + 1)


def over(session):
    session.pass_evidence_end()


def abandoned_and_closing(session):
    travel_to(session.details.lastProofSubmission + ABANDONMENT_PERIOD + 1)
    session.abandon()


def completed(session):
    session.complete(sender=session.host)


def timed_out(session):
    over(session)
    session.time_out()


def abandoned(session):
    abandoned_and_closing(session)
    over(session)
    session.finalize()


YES = "counts"
# What becomes of a proof, a voucher and a claim. Where it does not count, the error.
TABLE = {
    active: (YES, YES, YES),
    disputed: (YES, YES, "not active"),
    unanswered: (YES, YES, "not active"),
    closing: (YES, YES, YES),
    closing_and_disputed: (YES, YES, "not active"),
    ended: (YES, YES, YES),
    abandoned_and_closing: (YES, YES, YES),
    over: ("too late", YES, "too late"),
    completed: ("not open", "not open", "not active"),
    timed_out: ("not open", "not open", "not active"),
    abandoned: ("not open", "not open", "not active"),
}
STATUS = {
    disputed: DISPUTED,
    unanswered: DISPUTED,
    closing_and_disputed: DISPUTED,
    completed: COMPLETED,
    timed_out: TIMED_OUT,
    abandoned: ABANDONED,
}

ROWS = [
    pytest.param(state, kind, outcome, id=f"{state.__name__}-{kind}")
    for state, outcomes in TABLE.items()
    for kind, outcome in zip(COUNTERS, outcomes, strict=True)
]
TAKEN = [row for row in ROWS if row.values[2] == YES]
NOT_TAKEN = [row for row in ROWS if row.values[2] != YES]


@pytest.fixture
def session(escrow):
    """A long session with some tokens acknowledged."""
    session = escrow.open(maxDuration=DAY)
    advance(A_WHILE)
    session.redeem(BEFORE)
    return session


def bring(session, kind):
    """Brings evidence of MORE tokens in all."""
    if kind == "proof":
        return session.prove(MORE - BEFORE, first=BEFORE)
    if kind == "voucher":
        return session.redeem(MORE)
    return session.claim(MORE)


@pytest.mark.parametrize(("state", "kind", "outcome"), TAKEN)
def test_counts(session, state, kind, outcome):
    """It should count."""
    state(session)
    bring(session, kind)
    assert session.details[COUNTERS[kind]] == MORE


@pytest.mark.parametrize(("state", "kind", "outcome"), TAKEN)
def test_own_counter(session, state, kind, outcome):
    """It should move its own counter and no other."""
    state(session)
    before = session.details
    bring(session, kind)
    after = session.details
    others = {*COUNTERS.values(), "maturedTokens"} - {COUNTERS[kind]}
    assert {name: after[name] for name in others} == {name: before[name] for name in others}


@pytest.mark.parametrize(("state", "kind", "outcome"), TAKEN)
def test_state_stays(session, state, kind, outcome):
    """It should leave the state as it is."""
    state(session)
    before = session.details
    bring(session, kind)
    after = session.details
    for name in ("status", "closingAt", "endsAt", "evidenceEnd", "challenger", "abandoned"):
        assert after[name] == before[name]


@pytest.mark.parametrize(("state", "kind", "outcome"), NOT_TAKEN)
def test_refused(session, marketplace, state, kind, outcome):
    """It should refuse it for that state."""
    state(session)
    end = session.details.evidenceEnd
    error, arguments = {
        "not active": (
            marketplace.JobMarketplace_SessionNotActive,
            {"jobId": session.id, "status": STATUS.get(state)},
        ),
        "not open": (
            marketplace.JobMarketplace_SessionNotOpen,
            {"jobId": session.id, "status": STATUS.get(state)},
        ),
        "too late": (
            marketplace.JobMarketplace_EvidenceClosed,
            {"evidenceEnd": end, "time": end + 1},
        ),
    }[outcome]
    with reverts(error, **arguments):
        bring(session, kind)
