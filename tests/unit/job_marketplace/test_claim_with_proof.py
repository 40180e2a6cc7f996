"""JobMarketplace.claimWithProof: the host's last proofs, and the end."""

import pytest

from tests.harness.disputes import ended
from tests.harness.escrow import (
    ANSWER_WINDOW,
    ANSWERED,
    COMPLETED,
    DROPPED,
    ETHER,
    METERED,
    MINUTE,
    USDC,
    VOIDED,
    advance,
    instances_hash,
    travel_to,
)
from tests.harness.events import emitted, event
from tests.harness.execution import ask, least_gas, set_base_fee
from tests.harness.reverts import encoded, reverts
from tests.unit.job_marketplace.closings import STARVED

UNKNOWN = 404
DEPOSIT = 10 * USDC
BATCH = (400, 300)
TOKENS, COST = 700, 1_400  # at 2 USDC per million
MORE, MORE_COST = 1_000, 2_000
SLOW = 1  # token per second


@pytest.fixture
def session(escrow):
    """A session without evidence."""
    return escrow.open()


def test_revert_when_a_proof_is_bad(escrow, marketplace, session, owner):
    """It should revert: the batch must be such as {submitProofsAt} accepts."""
    revoked_at = escrow.proof_system.revokeCircuit(METERED, sender=owner).timestamp
    reason = encoded(
        escrow.proof_system.ProofSystem_CircuitRevoked, circuitId=METERED, revokedAt=revoked_at
    )
    with reverts(marketplace.JobMarketplace_ProofRejected, index=0, reason=reason):
        session.claim_with_proof(*BATCH)


def test_no_session(marketplace, session, host):
    """It should refuse a session that does not exist."""
    with reverts(marketplace.JobMarketplace_SessionUnknown, jobId=UNKNOWN):
        marketplace.claimWithProof(UNKNOWN, 0, session.proofs(0, [1]), [1], sender=host)


def test_final(marketplace, session):
    """It should refuse a final session."""
    session.claim_with_proof(*BATCH)
    with reverts(marketplace.JobMarketplace_SessionNotOpen, jobId=session.id, status=COMPLETED):
        session.claim_with_proof(1, first=TOKENS)


def test_not_the_host(marketplace, session, user, host):
    """It should refuse anyone but the host."""
    with reverts(marketplace.JobMarketplace_CallerNotHost, host=host, caller=user):
        session.claim_with_proof(*BATCH, sender=user)


def test_too_late(marketplace, session):
    """It should refuse proofs after the time for evidence."""
    evidence_end = session.details.evidenceEnd
    travel_to(evidence_end + 1)
    with reverts(
        marketplace.JobMarketplace_EvidenceClosed,
        evidenceEnd=evidence_end,
        time=evidence_end + 1,
    ):
        session.claim_with_proof(*BATCH)


def test_payment_and_refund(session):
    """It should pay for the proven tokens and refund the rest."""
    moved = session.moved_by(lambda: session.claim_with_proof(*BATCH))
    assert moved == (COST, DEPOSIT - COST)
    assert session.details.status == COMPLETED


def test_ether(escrow):
    """It should pay and refund in ETH likewise."""
    million = 10**15
    session = escrow.open(token=ETHER, deposit=million, pricePerToken=million)
    moved = session.moved_by(lambda: session.claim_with_proof(1_000))
    assert moved == (million // 1_000, million - million // 1_000)


def test_events(marketplace, session, usdc, host, user):
    """It should emit ProofSubmitted for each, then SessionCompleted.

    No CheckpointProcessed, though more than an interval is due: the closing settles.
    """
    first, second = 1_000, 200
    cost = 2 * (first + second)
    advance(MINUTE)  # or the rate would allow an interval only
    submitted = [
        event(
            marketplace.ProofSubmitted,
            jobId=session.id,
            host=host,
            tokensClaimed=tokens,
            proofHash=instances_hash(session.tag(place), tokens),
            verified=True,
            firstToken=place,
        )
        for place, tokens in ((0, first), (first, second))
    ]
    assert emitted(session.claim_with_proof(first, second)) == [
        *submitted,
        event(
            marketplace.SessionCompleted,
            jobId=session.id,
            tokens=first + second,
            payment=cost,
            refund=DEPOSIT - cost,
        ),
        event(usdc.Transfer, **{"from": marketplace, "to": user, "value": DEPOSIT - cost}),
    ]


def test_history(marketplace, session):
    """It should keep the proofs in the session's history."""
    session.claim_with_proof(*BATCH)
    history = ask(marketplace.getProofHistory, session.id, 0, len(BATCH))
    assert tuple(proof.tokensClaimed for proof in history) == BATCH
    assert session.details.provenTokens == TOKENS


def test_inside(session):
    """It should pay for both together."""
    session.redeem(TOKENS)
    overlap = 100
    last = MORE - TOKENS + overlap
    moved = session.moved_by(lambda: session.claim_with_proof(last, first=TOKENS - overlap))
    assert moved == (MORE_COST, DEPOSIT - MORE_COST)


def test_less_than_covered(session):
    """It should pay for what is covered."""
    session.redeem(MORE - 1)
    moved = session.moved_by(lambda: session.claim_with_proof(*BATCH))
    assert moved == (MORE_COST - 2, DEPOSIT - MORE_COST + 2)


def test_deposit(escrow):
    """It should pay the whole deposit."""
    session = escrow.open(deposit=USDC, pricePerToken=1_000 * USDC)
    moved = session.moved_by(lambda: session.claim_with_proof(1_000, 1_000))
    assert moved == (USDC, 0)


def test_rate(escrow):
    """It should pay what the rate and one interval allow."""
    session = escrow.open(maxTokensPerSecond=SLOW, proofInterval=MORE)
    elapsed = 60
    travel_to(session.details.sessionStartTime + elapsed)
    session.claim_with_proof(1_000, 1_000)
    assert session.details.settledTokens == MORE + SLOW * elapsed


def test_settled_before(escrow, marketplace, session, host):
    """It should pay what came since, and say so in the event."""
    session.prove(TOKENS)
    session.checkpoint()
    completed = emitted(session.claim_with_proof(MORE - TOKENS))[1]
    assert completed == event(
        marketplace.SessionCompleted,
        jobId=session.id,
        tokens=MORE - TOKENS,
        payment=MORE_COST - COST,
        refund=DEPOSIT - MORE_COST,
    )
    assert escrow.earned(host) == MORE_COST


def test_live_claim(session):
    """It should drop what the proofs do not reach."""
    session.claim(MORE)
    moved = session.moved_by(lambda: session.claim_with_proof(*BATCH))
    assert moved == (COST, DEPOSIT - COST)


def test_answer(escrow, session, user, host):
    """It should answer it with proofs that reach the claim, and close."""
    session.claim(TOKENS)
    session.contest()
    bond = session.details.bond
    set_base_fee(0)  # the gas of the answer costs nothing, so the whole bond goes back
    tx = session.claim_with_proof(*BATCH)
    assert emitted(tx)[2:4] == ended(session, ANSWERED, user, bond)
    assert (escrow.earned(host), session.details.status) == (COST, COMPLETED)


def test_short_answer(escrow, session, user, host):
    """It should drop it with proofs that do not, and return the bond."""
    session.claim(MORE)
    session.contest()
    bond = session.details.bond
    tx = session.claim_with_proof(*BATCH)
    assert emitted(tx)[2:4] == ended(session, DROPPED, user, bond)
    assert (escrow.earned(host), escrow.credits(user)) == (COST, bond)


@pytest.mark.parametrize("late", [False, True])
def test_late_answer(marketplace, session, late):
    """It should accept proofs until the answer is due, even after the time for evidence."""
    evidence_end = session.details.evidenceEnd
    travel_to(evidence_end)
    session.claim(TOKENS)
    contested_at = session.contest().timestamp
    deadline = contested_at + ANSWER_WINDOW
    travel_to(deadline + late)
    if late:
        with reverts(
            marketplace.JobMarketplace_EvidenceClosed, evidenceEnd=evidence_end, time=deadline + 1
        ):
            session.claim_with_proof(*BATCH)
    else:
        moved = session.moved_by(lambda: session.claim_with_proof(*BATCH))
        assert moved == (COST, DEPOSIT - COST)


def test_expired_dispute(session, user):
    """It should void the claim first."""
    session.claim(MORE)
    contested_at = session.contest().timestamp
    bond = session.details.bond
    travel_to(contested_at + ANSWER_WINDOW + 1)
    tx = session.claim_with_proof(*BATCH)
    assert emitted(tx)[2:4] == ended(session, VOIDED, user, bond)
    assert session.details.settledTokens == TOKENS


def test_closing(session, user):
    """It should accept proofs until the last second of the window."""
    session.complete(sender=user)
    travel_to(session.details.evidenceEnd)
    moved = session.moved_by(lambda: session.claim_with_proof(*BATCH))
    assert moved == (COST, DEPOSIT - COST)


def test_prompt_job(escrow):
    """It should pay the unit."""
    job = escrow.open_prompt()
    assert job.moved_by(lambda: job.claim_with_proof(TOKENS)) == (job.terms.deposit, 0)


def test_revert_when_the_refund_is_starved(marketplace, session, host):
    """It should revert: enough gas must be left for the refund."""
    call = (marketplace.claimWithProof, session.id, 0, session.proofs(0, [TOKENS]), [TOKENS])
    one_too_few = least_gas(*call, sender=host) - 1
    with reverts(marketplace.Payments_GasTooLow, **STARVED):
        ask(*call, sender=host, gas=one_too_few)
