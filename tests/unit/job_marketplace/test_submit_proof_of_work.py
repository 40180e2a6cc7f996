"""JobMarketplace.submitProofOfWork: one proof, where the proven tokens end."""

import pytest

from tests.harness.escrow import ACTIVE, advance, travel_to
from tests.harness.events import emitted
from tests.harness.evidence import (
    checkpoint_processed,
    everything,
    proof_submitted,
    tag_mismatch,
)
from tests.harness.execution import ask, isolated
from tests.harness.reverts import encoded, reverts
from tests.unit.job_marketplace import refused_proofs as refused

TOKENS = 48
A_WHILE = 100


@pytest.fixture
def session(escrow):
    """A session in which time has passed, so that the rate bounds nothing."""
    session = escrow.open()
    advance(A_WHILE)
    return session


@pytest.fixture(scope="module")
def submit():
    """The host submits a proof of so many tokens from `first` on."""

    def submit(session, tokens, first=0):
        (proof,) = session.proofs(first, [tokens])
        return session.marketplace.submitProofOfWork(session.id, proof, tokens, sender=session.host)

    return submit


@pytest.mark.parametrize("situation", refused.ALWAYS)
def test_revert_when_the_proof_is_refused(escrow, situation):
    """It should revert: the proof must be such as {submitProofsAt} accepts."""
    case = situation(escrow)
    with reverts(case.error, **case.arguments):
        case.single()


def test_answer(session, host):
    """It should return true."""
    (proof,) = session.proofs(0, [TOKENS])
    assert (
        ask(session.marketplace.submitProofOfWork, session.id, proof, TOKENS, sender=host) is True
    )


def test_same_outcome(session, submit, chain):
    """It should leave what submitProofsAt would leave."""
    now = advance(A_WHILE)
    with isolated():
        travel_to(now)
        session.prove(TOKENS)
        expected = everything(session)
    travel_to(now)
    submit(session, TOKENS)
    assert everything(session) == expected


def test_same_events(session, submit, chain):
    """It should emit what submitProofsAt would emit."""
    with isolated():
        expected = emitted(session.prove(TOKENS))
    assert emitted(submit(session, TOKENS)) == expected == [proof_submitted(session, 0, TOKENS)]


def test_voucher_ahead(session, submit):
    """It should count from where the proven tokens end."""
    submit(session, TOKENS)
    session.redeem(500)
    submit(session, TOKENS, first=TOKENS)
    assert session.details.provenTokens == 2 * TOKENS


def test_place_behind_the_voucher(session, submit, escrow):
    """It should refuse the proof of the place behind the voucher."""
    session.redeem(500)
    reason = encoded(
        escrow.proof_system.ProofSystem_TagMismatch,
        **tag_mismatch(session.tag(0), session.tag(500)),
    )
    with reverts(session.marketplace.JobMarketplace_ProofRejected, index=0, reason=reason):
        submit(session, TOKENS, first=500)


def test_interval_due(session, submit):
    """It should emit CheckpointProcessed after the proof."""
    interval = session.terms.proofInterval
    assert emitted(submit(session, interval)) == [
        proof_submitted(session, 0, interval),
        checkpoint_processed(session, interval, session.cost(interval)),
    ]


def test_dispute(session, submit):
    """It should end the dispute."""
    session.claim(TOKENS)
    session.contest()
    submit(session, TOKENS)
    assert session.details.status == ACTIVE


def test_prompt(escrow, submit):
    """It should count the unit."""
    job = escrow.open_prompt()
    submit(job, TOKENS)
    assert job.details.provenTokens == job.details.payableTokens == 1
