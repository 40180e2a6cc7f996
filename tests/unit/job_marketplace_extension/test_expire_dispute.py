"""JobMarketplace.expireDispute: what becomes of a contested claim that nobody answered."""

import pytest

from tests.harness.disputes import ended
from tests.harness.escrow import (
    ACTIVE,
    BOND_PER_PROOF,
    HOUR,
    METERED,
    STANDS,
    VOIDED,
    ZERO,
    travel_to,
)
from tests.harness.events import emitted
from tests.harness.execution import set_base_fee
from tests.harness.reverts import reverts

UNKNOWN = 404
PROVEN, CLAIMED = 500, 900


@pytest.fixture
def session(escrow):
    """A session with tokens proven, and a claim beyond them contested before the circuit."""
    session = escrow.open()
    session.prove(PROVEN)
    session.claim(CLAIMED)
    set_base_fee(0)
    session.contest()
    return session


@pytest.fixture
def judged(escrow, arbiter):
    """The same before an arbiter."""
    session = escrow.open(arbiter=arbiter)
    session.prove(PROVEN)
    session.claim(CLAIMED)
    set_base_fee(0)
    session.contest()
    return session


@pytest.fixture
def unanswered(session):
    """The session in the second in which nobody can answer any more."""
    travel_to(session.details.disputeDeadline + 1)
    return session


@pytest.fixture
def revoke(escrow, owner):
    """Revokes the circuit."""
    return lambda: escrow.proof_system.revokeCircuit(METERED, sender=owner)


def test_revert_given_no_session(marketplace, stranger):
    """It should revert: the session must exist."""
    with reverts(marketplace.JobMarketplace_SessionUnknown, jobId=UNKNOWN):
        marketplace.expireDispute(UNKNOWN, sender=stranger)


def test_revert_given_no_dispute(marketplace, escrow):
    """It should revert: the session must be disputed."""
    session = escrow.open()
    session.claim(CLAIMED)
    with reverts(marketplace.JobMarketplace_NotDisputed, jobId=session.id, status=ACTIVE):
        session.expire()


def test_twice(marketplace, unanswered):
    """It should refuse to end a dispute twice."""
    unanswered.expire()
    with reverts(marketplace.JobMarketplace_NotDisputed, jobId=unanswered.id, status=ACTIVE):
        unanswered.expire()


@pytest.mark.parametrize("caller", ["user", "host", "stranger"])
def test_revert_given_time_to_answer(marketplace, session, actors, caller):
    """It should revert: the time to answer must be over, or the circuit revoked within it."""
    deadline = session.details.disputeDeadline
    travel_to(deadline)
    with reverts(marketplace.JobMarketplace_DisputeOpen, deadline=deadline, time=deadline):
        session.expire(sender=actors[caller])


def test_time_to_rule(marketplace, judged):
    """It should refuse while the arbiter may still rule."""
    deadline = judged.details.disputeDeadline
    travel_to(deadline)
    with reverts(marketplace.JobMarketplace_DisputeOpen, deadline=deadline, time=deadline):
        judged.expire()


def assert_over(session, covered, *, claims_off):
    """No dispute and no claim are left, and so many tokens are covered."""
    details = session.details
    assert (details.status, details.coveredTokens) == (ACTIVE, covered)
    assert (details.claimedTokens, details.bond, details.challenger) == (0, 0, ZERO)
    assert details.claimsOff == claims_off


@pytest.mark.parametrize("caller", ["user", "host", "stranger"])
def test_void(unanswered, actors, caller):
    """It should void the claim in the second after, for anyone."""
    unanswered.expire(sender=actors[caller])
    assert_over(unanswered, PROVEN, claims_off=True)


def test_bond(escrow, unanswered, user, host):
    """It should return the bond."""
    unanswered.expire()
    assert (escrow.credits(user), escrow.credits(host)) == (BOND_PER_PROOF, 0)


def test_events(unanswered, user):
    """It should emit DisputeResolved, then Credited."""
    assert emitted(unanswered.expire()) == ended(unanswered, VOIDED, user, BOND_PER_PROOF)


def test_claims_off(marketplace, unanswered):
    """It should turn claims off for the rest of the session."""
    unanswered.expire()
    with reverts(marketplace.JobMarketplace_ClaimsOff, jobId=unanswered.id):
        unanswered.claim(PROVEN + 1)


def test_partial_answer(session):
    """It should leave what evidence covers."""
    almost = CLAIMED - 1
    session.prove(almost - PROVEN)
    travel_to(session.details.disputeDeadline + 1)
    session.expire()
    assert_over(session, almost, claims_off=True)


def test_matured_before(escrow):
    """It should leave a claim before it that has matured."""
    session = escrow.open()
    session.claim(PROVEN)
    session.pass_challenge_window()
    session.claim(CLAIMED)
    session.contest()
    travel_to(session.details.disputeDeadline + 1)
    session.expire()
    assert_over(session, PROVEN, claims_off=True)


def test_evidence_goes_on(unanswered):
    """It should let the host prove and redeem on."""
    unanswered.expire()
    unanswered.prove(100)
    assert unanswered.details.coveredTokens == PROVEN + 100
    unanswered.redeem(CLAIMED)
    assert unanswered.details.coveredTokens == CLAIMED


def test_no_payment(escrow, unanswered, host):
    """It should pay nothing by itself."""
    assert unanswered.moved_by(unanswered.expire) == (0, 0)


def test_silent_arbiter(judged, user):
    """It should void the claim likewise."""
    travel_to(judged.details.disputeDeadline + 1)
    assert emitted(judged.expire()) == ended(judged, VOIDED, user, BOND_PER_PROOF)
    assert_over(judged, PROVEN, claims_off=True)


@pytest.mark.parametrize("evidence", ["prove", "redeem"])
def test_late_answer(unanswered, evidence):
    """It should turn claims off, but keep the tokens."""
    reached = CLAIMED if evidence == "redeem" else CLAIMED - PROVEN
    getattr(unanswered, evidence)(reached)
    unanswered.expire()
    assert_over(unanswered, CLAIMED, claims_off=True)


def test_revoked(session, revoke):
    """It should let the claim stand at once."""
    revoke()
    session.expire()
    assert_over(session, CLAIMED, claims_off=False)


def test_revoked_in_the_last_second(session, revoke):
    """It should let the claim stand if it was revoked in the last second."""
    travel_to(session.details.disputeDeadline)
    revoke()
    session.expire()
    assert_over(session, CLAIMED, claims_off=False)


def test_revoked_long_ago(session, revoke):
    """It should let the claim stand whenever it is called."""
    revoke()
    travel_to(session.details.disputeDeadline + HOUR)
    session.expire()
    assert_over(session, CLAIMED, claims_off=False)


def test_bond_of_the_revoked(escrow, session, revoke, user, host):
    """It should return the bond."""
    revoke()
    session.expire()
    assert (escrow.credits(user), escrow.credits(host)) == (BOND_PER_PROOF, 0)


def test_events_of_the_revoked(session, revoke, user):
    """It should emit DisputeResolved, then Credited, for a claim that stands."""
    revoke()
    assert emitted(session.expire()) == ended(
        session, STANDS, user, BOND_PER_PROOF, matured=CLAIMED
    )


def test_claims_of_the_revoked(marketplace, session, revoke):
    """It should not turn claims off, though the circuit has ended them."""
    revoked_at = revoke().timestamp
    session.expire()
    with reverts(
        marketplace.JobMarketplace_CircuitRevoked, circuitId=METERED, revokedAt=revoked_at
    ):
        session.claim(CLAIMED + 1)


def test_revoked_too_late(unanswered, revoke):
    """It should void the claim."""
    revoke()
    unanswered.expire()
    assert_over(unanswered, PROVEN, claims_off=True)


def test_revoked_before_an_arbiter(marketplace, judged, revoke):
    """It should wait for the arbiter, then void the claim."""
    revoke()
    deadline = judged.details.disputeDeadline
    travel_to(deadline)
    with reverts(marketplace.JobMarketplace_DisputeOpen, deadline=deadline, time=deadline):
        judged.expire()
    travel_to(deadline + 1)
    judged.expire()
    assert_over(judged, PROVEN, claims_off=True)


def test_closing(session, user):
    """It should let it go on closing."""
    closing_at = session.complete(sender=user).timestamp
    travel_to(session.details.disputeDeadline + 1)
    session.expire()
    assert_over(session, PROVEN, claims_off=True)
    assert session.details.closingAt == closing_at


def test_prompt_job(escrow, host):
    """It should let the unit be refunded."""
    job = escrow.open_prompt()
    job.claim(1)
    job.contest()
    travel_to(job.details.disputeDeadline + 1)
    job.expire()
    assert job.moved_by(lambda: job.complete(sender=host)) == (0, job.terms.deposit)
