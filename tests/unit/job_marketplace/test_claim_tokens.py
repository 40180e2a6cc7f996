"""JobMarketplace.claimTokens: the host's word, which costs a tenth of a proof and can be contested."""

from dataclasses import replace

import pytest

from tests.harness.escrow import (
    ANSWER_WINDOW,
    CHALLENGE_WINDOW,
    COMPLETED,
    DISPUTED,
    INSTANCES,
    MAX_BATCH,
    METERED,
    advance,
    travel_to,
)
from tests.harness.events import emitted
from tests.harness.evidence import checkpoint_processed, claim_made, everything
from tests.harness.execution import written_words
from tests.harness.reverts import reverts

NO_JOB = 10**6
NO_CIRCUIT = 0
A_WHILE = 100
INTERVAL = 1_000
TOKENS = 400
COMMITMENT = b"\xce" * 32
SMALL_CIRCUIT, SMALL = 8, 64
PROVABLE = MAX_BATCH * SMALL


@pytest.fixture
def session(escrow):
    """A session in which time has passed, so that the rate bounds nothing."""
    session = escrow.open(proofInterval=INTERVAL)
    advance(A_WHILE)
    return session


@pytest.fixture
def small_circuit(escrow, owner, project):
    """A circuit whose proofs count at most 64 tokens."""
    layout = (INSTANCES, 2, INSTANCES - 1, False, 0, 0, SMALL)
    verifier = owner.deploy(project.AcceptingVerifier)
    escrow.proof_system.registerCircuit(SMALL_CIRCUIT, verifier, layout, sender=owner)
    return SMALL_CIRCUIT


@pytest.fixture
def revoked_at(session, escrow, owner):
    """When the circuit was revoked, after the opening."""
    return escrow.proof_system.revokeCircuit(METERED, sender=owner).timestamp


def test_revert_given_no_such_session(session, marketplace):
    """It should revert: the session must exist."""
    with reverts(marketplace.JobMarketplace_SessionUnknown, jobId=NO_JOB):
        replace(session, id=NO_JOB).claim(TOKENS)


@pytest.mark.parametrize("status", [COMPLETED, DISPUTED])
def test_revert_given_the_session_is_not_active(session, marketplace, status):
    """It should revert: the session must be active."""
    if status == COMPLETED:
        session.complete(sender=session.host)
    else:
        session.claim(TOKENS)
        session.contest()
    with reverts(marketplace.JobMarketplace_SessionNotActive, jobId=session.id, status=status):
        session.claim(TOKENS)


@pytest.mark.parametrize("role", ["user", "other_host", "stranger", "owner", "arbiter"])
def test_revert_when_the_caller_is_not_the_host(session, marketplace, actors, role):
    """It should revert: the caller must be the host."""
    caller = actors[role]
    with reverts(marketplace.JobMarketplace_CallerNotHost, host=session.host, caller=caller):
        session.claim(TOKENS, sender=caller)


def test_revert_when_it_is_too_late(session, marketplace):
    """It should revert: the time for evidence must not be over."""
    end = session.details.evidenceEnd
    travel_to(end + 1)
    with reverts(marketplace.JobMarketplace_EvidenceClosed, evidenceEnd=end, time=end + 1):
        session.claim(TOKENS)


def test_revert_given_claims_are_off(session, marketplace):
    """It should revert: claims must not be off."""
    session.claim(TOKENS)
    contested = session.contest().timestamp
    travel_to(contested + ANSWER_WINDOW + 1)
    session.expire()
    with reverts(marketplace.JobMarketplace_ClaimsOff, jobId=session.id):
        session.claim(TOKENS)


@pytest.mark.parametrize("tokens", [TOKENS - 1, TOKENS, TOKENS + 1])
def test_revert_given_a_claim_is_live(session, marketplace, tokens):
    """It should revert: no claim may be live."""
    until = session.claim(TOKENS).timestamp + CHALLENGE_WINDOW
    with reverts(marketplace.JobMarketplace_ClaimLive, claimed=TOKENS, until=until):
        session.claim(tokens)


def test_revert_given_no_judge(escrow, marketplace):
    """It should revert: there must be a judge: a circuit or an arbiter."""
    session = escrow.open(circuitId=NO_CIRCUIT)
    with reverts(marketplace.JobMarketplace_ClaimsNeedJudge, jobId=session.id):
        session.claim(TOKENS)


def test_revert_given_the_circuit_is_revoked(session, marketplace, revoked_at):
    """It should revert: the circuit, without an arbiter, must not be revoked."""
    with reverts(
        marketplace.JobMarketplace_CircuitRevoked, circuitId=METERED, revokedAt=revoked_at
    ):
        session.claim(TOKENS)


def test_revert_given_an_interval_beyond_proof(escrow, marketplace, small_circuit):
    """It should revert: the proof interval, without an arbiter, must be provable in one batch."""
    session = escrow.open(circuitId=small_circuit, proofInterval=PROVABLE + 1)
    with reverts(
        marketplace.JobMarketplace_IntervalUnprovable,
        proofInterval=PROVABLE + 1,
        maxProvable=PROVABLE,
    ):
        session.claim(TOKENS)


COVERED = 300


@pytest.mark.parametrize("tokens", [0, COVERED - 1, COVERED, COVERED + INTERVAL + 1, 2**64 - 1])
@pytest.mark.parametrize("evidence", ["proof", "voucher", "matured claim"])
def test_revert_when_the_claim_is_out_of_range(session, marketplace, tokens, evidence):
    """It should revert: the claim must lie in (covered, covered + proofInterval], and be 1 in a prompt job.

    For prompt jobs see `prompt_evidence.tree`.
    """
    if evidence == "proof":
        session.prove(COVERED)
    elif evidence == "voucher":
        session.redeem(COVERED)
    else:
        session.claim(COVERED)
        session.pass_challenge_window()
    with reverts(
        marketplace.JobMarketplace_ClaimOutOfRange,
        min=COVERED + 1,
        max=COVERED + INTERVAL,
        actual=tokens,
    ):
        session.claim(tokens)


def test_total_and_time(session):
    """It should write down total and time."""
    claimed = session.claim(TOKENS)
    details = session.details
    assert (details.claimedTokens, details.claimedAt) == (TOKENS, claimed.timestamp)


def test_nothing_payable(session):
    """It should make nothing payable yet."""
    session.claim(INTERVAL)
    details = session.details
    assert details.coveredTokens == details.payableTokens == details.settledTokens == 0


def test_event(session):
    """It should emit ClaimMade with the commitment."""
    assert emitted(session.claim(TOKENS, COMMITMENT)) == [
        claim_made(session, TOKENS, commitment=COMMITMENT)
    ]


def test_commitment(session, marketplace):
    """It should keep the commitment nowhere but in the event."""
    written = written_words(session.claim(TOKENS, COMMITMENT), marketplace)
    assert written
    assert int.from_bytes(COMMITMENT, "big") not in written.values()


def test_all_else(session):
    """It should leave all else alone."""
    session.prove(48)
    session.redeem(100)
    before = everything(session)
    session.claim(TOKENS)
    changed = {name for name, value in everything(session).items() if value != before[name]}
    assert changed == {"claimedTokens", "claimedAt"}


def test_whole_interval(session):
    """It should be accepted."""
    session.redeem(COVERED)
    session.claim(COVERED + INTERVAL)
    assert session.details.claimedTokens == COVERED + INTERVAL


@pytest.mark.parametrize("circuit", ["none", "revoked", "small"])
def test_arbiter(escrow, owner, arbiter, small_circuit, circuit):
    """It should be accepted without circuit, with a revoked one, and for an interval beyond proof."""
    circuit_id = NO_CIRCUIT if circuit == "none" else small_circuit
    session = escrow.open(circuitId=circuit_id, proofInterval=PROVABLE + 1, arbiter=arbiter)
    if circuit == "revoked":
        escrow.proof_system.revokeCircuit(circuit_id, sender=owner)
    session.claim(PROVABLE + 1)
    assert session.details.claimedTokens == PROVABLE + 1


def test_largest_provable_interval(escrow, small_circuit):
    """It should be accepted."""
    session = escrow.open(circuitId=small_circuit, proofInterval=PROVABLE)
    session.claim(PROVABLE)
    assert session.details.claimedTokens == PROVABLE


def test_folding(session):
    """It should fold it in."""
    session.claim(TOKENS)
    session.pass_challenge_window()
    assert emitted(session.claim(TOKENS + 1)) == [claim_made(session, TOKENS + 1, matured=TOKENS)]
    details = session.details
    assert (details.maturedTokens, details.claimedTokens) == (TOKENS, TOKENS + 1)
    assert details.coveredTokens == TOKENS


def test_settling(session):
    """It should settle it if it brought an interval."""
    session.claim(INTERVAL)
    session.pass_challenge_window()
    assert emitted(session.claim(INTERVAL + 1)) == [
        claim_made(session, INTERVAL + 1, matured=INTERVAL),
        checkpoint_processed(session, INTERVAL, session.cost(INTERVAL)),
    ]


@pytest.mark.parametrize("evidence", ["prove", "redeem"])
def test_overtaken(session, evidence):
    """It should claim beyond the evidence and have nothing to fold in."""
    session.claim(TOKENS)
    getattr(session, evidence)(TOKENS)
    assert emitted(session.claim(TOKENS + 1)) == [claim_made(session, TOKENS + 1)]


def test_partly_covered(session):
    """It should fold in the whole of it."""
    session.claim(TOKENS)
    session.prove(48)
    session.redeem(100)
    session.pass_challenge_window()
    session.claim(TOKENS + INTERVAL)
    assert session.details.maturedTokens == TOKENS


def test_again_and_again(session):
    """It should never let more than an interval wait for its window."""
    for round_ in range(1, 5):
        session.claim(round_ * INTERVAL)
        details = session.details
        assert details.claimedTokens - details.coveredTokens == INTERVAL
        session.pass_challenge_window()
    assert session.details.coveredTokens == 4 * INTERVAL
    assert session.details.settledTokens == 3 * INTERVAL


def test_administration(session, escrow, marketplace, owner, admin):
    """It should be accepted all the same."""
    marketplace.pause(sender=owner)
    escrow.registry.deactivate(session.host, sender=admin)
    session.claim(TOKENS)
    assert session.details.claimedTokens == TOKENS
