"""JobMarketplace.submitBatchProofs: up to sixteen proofs, where the proven tokens end."""

import pytest

from tests.harness.escrow import ACTIVE, advance, travel_to
from tests.harness.events import emitted
from tests.harness.evidence import checkpoint_processed, everything, proof_submitted
from tests.harness.execution import isolated
from tests.harness.reverts import reverts
from tests.unit.job_marketplace import refused_proofs as refused

COUNTS = [48, 1, 64]
A_WHILE = 100


@pytest.fixture
def session(escrow):
    """A session in which time has passed, so that the rate bounds nothing."""
    session = escrow.open()
    advance(A_WHILE)
    return session


@pytest.fixture(scope="module")
def submit():
    """The host submits proofs of these counts from `first` on."""

    def submit(session, *counts, first=0):
        proofs = session.proofs(first, list(counts))
        return session.marketplace.submitBatchProofs(
            session.id, proofs, list(counts), sender=session.host
        )

    return submit


@pytest.mark.parametrize("situation", refused.AT_PROVEN)
def test_revert_when_the_batch_is_refused(escrow, situation):
    """It should revert: the batch must be such as {submitProofsAt} accepts."""
    case = situation(escrow)
    with reverts(case.error, **case.arguments):
        case.batch()


def test_same_outcome(session, submit, chain):
    """It should leave what submitProofsAt would leave."""
    now = advance(A_WHILE)
    with isolated():
        travel_to(now)
        session.prove(*COUNTS)
        expected = everything(session)
    travel_to(now)
    submit(session, *COUNTS)
    assert everything(session) == expected


def test_same_events(session, submit, chain):
    """It should emit what submitProofsAt would emit."""
    with isolated():
        expected = emitted(session.prove(*COUNTS))
    assert emitted(submit(session, *COUNTS)) == expected
    assert len(expected) == len(COUNTS)


def test_voucher_ahead(session, submit):
    """It should count from where the proven tokens end."""
    submit(session, *COUNTS)
    session.redeem(500)
    submit(session, *COUNTS, first=sum(COUNTS))
    assert session.details.provenTokens == 2 * sum(COUNTS)


def test_intervals_due(session, submit):
    """It should emit one CheckpointProcessed for the whole batch."""
    assert emitted(submit(session, 900, 900, 900)) == [
        proof_submitted(session, 0, 900),
        proof_submitted(session, 900, 900),
        proof_submitted(session, 1_800, 900),
        checkpoint_processed(session, 2_700, session.cost(2_700)),
    ]


def test_dispute(session, submit):
    """It should end the dispute."""
    session.claim(sum(COUNTS))
    session.contest()
    submit(session, *COUNTS)
    assert session.details.status == ACTIVE


def test_prompt(escrow, submit):
    """It should count the unit."""
    job = escrow.open_prompt()
    submit(job, 48)
    assert job.details.provenTokens == job.details.payableTokens == 1
