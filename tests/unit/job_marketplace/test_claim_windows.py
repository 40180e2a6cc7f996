"""The life of a claim by the second: waiting, matured, overtaken, contested, void."""

import pytest

from tests.harness.escrow import (
    ACTIVE,
    ANSWER_WINDOW,
    CHALLENGE_WINDOW,
    DISPUTED,
    METERED,
    advance,
    travel_to,
)
from tests.harness.events import emitted
from tests.harness.evidence import claim_made
from tests.harness.reverts import reverts

A_WHILE = 100
TOKENS = 400
PART = 150
INTERVAL = 1_000


@pytest.fixture
def session(escrow):
    """A session in which time has passed, so that the rate bounds nothing."""
    session = escrow.open(proofInterval=INTERVAL)
    advance(A_WHILE)
    return session


@pytest.fixture
def window_end(session):
    """The last second in which the host's claim of TOKENS can be contested."""
    return session.claim(TOKENS).timestamp + CHALLENGE_WINDOW


def test_last_second(session, window_end):
    """It should not cover the claim yet."""
    travel_to(window_end)
    assert session.details.coveredTokens == 0


def test_another_claim_too_early(session, window_end, marketplace):
    """It should refuse another claim."""
    travel_to(window_end)
    with reverts(marketplace.JobMarketplace_ClaimLive, claimed=TOKENS, until=window_end):
        session.claim(TOKENS + 1)


def test_contest_in_time(session, window_end):
    """It should let the claim be contested."""
    travel_to(window_end)
    session.contest()
    assert session.details.status == DISPUTED


def test_next_second(session, window_end, escrow):
    """It should cover the claim and pay it."""
    travel_to(window_end + 1)
    assert session.details.coveredTokens == TOKENS
    session.checkpoint()
    assert escrow.earned(session.host) == session.cost(TOKENS)


def test_another_claim(session, window_end):
    """It should accept a claim beyond it."""
    travel_to(window_end + 1)
    assert emitted(session.claim(TOKENS + 1)) == [claim_made(session, TOKENS + 1, matured=TOKENS)]


def test_contest_too_late(session, window_end, marketplace):
    """It should refuse to contest it."""
    travel_to(window_end + 1)
    with reverts(marketplace.JobMarketplace_NoLiveClaim, jobId=session.id):
        session.contest(value=10**18)


@pytest.mark.parametrize("evidence", ["prove", "redeem"])
def test_reached(session, window_end, evidence):
    """It should accept another claim at once."""
    getattr(session, evidence)(TOKENS)
    session.claim(TOKENS + INTERVAL)
    assert session.details.claimedTokens == TOKENS + INTERVAL


@pytest.mark.parametrize("evidence", ["prove", "redeem"])
def test_nothing_to_contest(session, window_end, marketplace, evidence):
    """It should have nothing left to contest."""
    getattr(session, evidence)(TOKENS)
    with reverts(marketplace.JobMarketplace_NoLiveClaim, jobId=session.id):
        session.contest(value=10**18)


@pytest.mark.parametrize("evidence", ["prove", "redeem"])
def test_rest(session, window_end, evidence):
    """It should let the rest mature at the end of its window."""
    getattr(session, evidence)(PART)
    travel_to(window_end)
    assert session.details.coveredTokens == PART
    travel_to(window_end + 1)
    assert session.details.coveredTokens == TOKENS


def test_contested(session, window_end):
    """It should not mature, however long nobody acts."""
    session.contest()
    travel_to(window_end + 10 * ANSWER_WINDOW)
    assert session.details.coveredTokens == 0


@pytest.mark.parametrize("evidence", ["prove", "redeem"])
def test_answered(session, window_end, evidence):
    """It should accept another claim at once."""
    session.contest()
    getattr(session, evidence)(TOKENS)
    session.claim(TOKENS + 1)
    assert session.details.claimedTokens == TOKENS + 1


@pytest.fixture
def ruled(escrow):
    """A session whose arbiter granted PART of a claim of TOKENS."""
    session = escrow.open(arbiter=escrow.actors["arbiter"], proofInterval=INTERVAL)
    advance(A_WHILE)
    session.claim(TOKENS)
    session.contest()
    session.rule(PART)
    return session


def test_granted(ruled):
    """It should cover that part for good."""
    assert ruled.details.coveredTokens == PART
    advance(CHALLENGE_WINDOW + 1)
    assert ruled.details.coveredTokens == ruled.details.maturedTokens == PART


def test_claim_after_a_ruling(ruled):
    """It should accept another claim at once."""
    assert emitted(ruled.claim(PART + 1)) == [claim_made(ruled, PART + 1, matured=PART)]


@pytest.fixture
def void(session):
    """A session whose claim of TOKENS nobody answered; an earlier one of PART had matured."""
    session.claim(PART)
    session.pass_challenge_window()
    session.claim(TOKENS)
    contested = session.contest().timestamp
    travel_to(contested + ANSWER_WINDOW + 1)
    session.expire()
    return session


def test_void(void):
    """It should forget the claim."""
    details = void.details
    assert (details.claimedTokens, details.claimsOff, details.status) == (0, True, ACTIVE)
    advance(CHALLENGE_WINDOW + 1)
    assert void.details.coveredTokens == PART


def test_evidence_after_a_void_claim(void):
    """It should keep counting proofs and vouchers."""
    void.prove(48, first=PART)
    assert void.details.coveredTokens == PART + 48
    void.redeem(TOKENS)
    assert void.details.coveredTokens == TOKENS


def test_matured_before(void, escrow):
    """It should keep what matured before."""
    void.complete(sender=void.host)
    assert escrow.earned(void.host) == void.cost(PART)


def test_revoked_while_waiting(session, window_end, escrow, owner):
    """It should let the claim mature."""
    escrow.proof_system.revokeCircuit(METERED, sender=owner)
    travel_to(window_end + 1)
    assert session.details.coveredTokens == TOKENS


def test_no_claim_after_revocation(session, window_end, escrow, owner, marketplace):
    """It should accept no claim after it."""
    revoked_at = escrow.proof_system.revokeCircuit(METERED, sender=owner).timestamp
    travel_to(window_end + 1)
    with reverts(
        marketplace.JobMarketplace_CircuitRevoked, circuitId=METERED, revokedAt=revoked_at
    ):
        session.claim(TOKENS + 1)


def test_revoked_while_contested(session, window_end, escrow, owner):
    """It should let the claim stand."""
    session.contest()
    escrow.proof_system.revokeCircuit(METERED, sender=owner)
    session.expire()
    details = session.details
    assert (details.status, details.maturedTokens, details.coveredTokens) == (
        ACTIVE,
        TOKENS,
        TOKENS,
    )


def test_closed(session, window_end, escrow):
    """It should have paid it."""
    travel_to(window_end + 1)
    before = escrow.balance(session.user)
    session.complete(sender=session.host)
    assert escrow.earned(session.host) == session.cost(TOKENS)
    refund = session.terms.deposit - session.cost(TOKENS)
    assert escrow.balance(session.user) - before == refund
