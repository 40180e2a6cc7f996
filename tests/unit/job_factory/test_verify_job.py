"""JobFactory.verifyJob: four verdicts, and who may give them."""

import pytest

from tests.harness.escrow import DAY, ZERO
from tests.harness.events import emitted, event
from tests.harness.execution import ask, least_gas
from tests.harness.factory import (
    BPS,
    COMPLETED,
    MAX_ROUNDS,
    MAX_SPLIT_BPS,
    OPEN,
    REJECTED,
    SPLIT,
    SUBMITTED,
)
from tests.harness.reverts import reverts
from tests.unit.job_factory.lives import (
    AMOUNT,
    REJECT_FEE,
    REJECT_FEE_BPS,
    SECOND_AMOUNT,
    STARVED,
    every_status_but,
    posted,
    reopened,
    standing,
    worked,
)
from tests.unit.job_factory.posting import details_of, payment

SHARE = 6_000
NO_PUSH = 150_000  # less than a refund would ask for
VERDICTS = {
    "approve": (True, False, 0),
    "reopen": (False, True, 0),
    "split": (False, False, SHARE),
    "reject": (False, False, 0),
}
LEADS_TO = {"approve": COMPLETED, "reopen": OPEN, "split": SPLIT, "reject": REJECTED}
every_verdict = pytest.mark.parametrize("verdict", VERDICTS)


@pytest.fixture
def job(factory):
    """A submitted job."""
    return worked(posted(factory))


@pytest.fixture
def evaluated(factory, evaluator):
    """A submitted job with an evaluator."""
    return worked(posted(factory, evaluator=evaluator))


@every_status_but(SUBMITTED)
def test_revert_given_the_job_is_not_submitted(factory, status):
    """It should revert: the job must be submitted."""
    job = standing(factory, status)
    with reverts(
        factory.contract.JobFactory_WrongStatus,
        jobId=job.id,
        expected=SUBMITTED,
        actual=status,
    ):
        job.approve()


@every_verdict
@pytest.mark.parametrize("who", ["worker", "evaluator", "operator", "relayer", "owner", "stranger"])
def test_revert_when_the_caller_is_not_the_verifier(factory, issuer, job, actors, who, verdict):
    """It should revert: the caller must be the verifier, or the verifying issuer's operator; to approve,
    the issuer or its operator will do.
    """
    with reverts(factory.contract.JobFactory_NotVerifier, verifier=issuer, account=actors[who]):
        job.verify(*VERDICTS[verdict], sender=actors[who])


@pytest.mark.parametrize(
    "verdict",
    [(True, True, 0), (True, False, 1), (False, True, 1), (True, True, SHARE), (True, True, BPS)],
)
def test_revert_when_the_verdict_contradicts_itself(factory, job, verdict):
    """It should revert: at most one of approved, reopen and a split may be asked for."""
    approved, reopen, split_bps = verdict
    with reverts(
        factory.contract.JobFactory_VerdictContradictory,
        approved=approved,
        reopen=reopen,
        splitBps=split_bps,
    ):
        job.verify(*verdict)


@pytest.mark.parametrize("share", [BPS, BPS + 1, 2**16 - 1])
def test_revert_when_the_split_is_too_large(factory, job, share):
    """It should revert: the split must be at most 9,999 basis points."""
    with reverts(
        factory.contract.JobFactory_SplitOutOfRange, min=1, max=MAX_SPLIT_BPS, actual=share
    ):
        job.split(share)


@pytest.mark.parametrize("verdict", ["reopen", "split", "reject"])
def test_revert_when_it_is_too_late(factory, chain, job, verdict):
    """It should revert: the time to review must not be over, unless to approve."""
    review_by = job.details.deadline
    chain.pending_timestamp = review_by + 1
    with reverts(factory.contract.JobFactory_TooLate, deadline=review_by, time=review_by + 1):
        job.verify(*VERDICTS[verdict])


def test_revert_given_the_third_round(factory):
    """It should revert: the round must not be the third, to reopen."""
    job = worked(reopened(posted(factory), 2))
    with reverts(factory.contract.JobFactory_RoundsExhausted, maxRounds=MAX_ROUNDS):
        job.reopen()


@pytest.mark.parametrize("verdict", ["split", "reject"])
def test_revert_when_the_gas_is_too_low(factory, issuer, job, verdict):
    """It should revert: enough gas must be left for the refund."""
    call = (factory.contract.verifyJob, job.id, *VERDICTS[verdict])
    one_too_few = least_gas(*call, sender=issuer) - 1
    with reverts(factory.contract.Payments_GasTooLow, **STARVED):
        ask(*call, sender=issuer, gas=one_too_few)


def test_approval(factory, issuer, worker, job):
    """It should credit the worker with the whole amount, and refund nothing."""
    before = factory.balance(issuer)
    job.approve()
    assert factory.earned(worker) == factory.held() == AMOUNT
    assert factory.balance(issuer) == before


def test_approval_events(factory, issuer, worker, job):
    """It should emit JobCompleted alone."""
    assert emitted(job.approve()) == [
        event(
            factory.contract.JobCompleted,
            jobId=job.id,
            worker=worker,
            completer=issuer,
            payment=AMOUNT,
        )
    ]


def test_approval_details(factory, job):
    """It should show the job as completed, with nothing left to wait for."""
    before = details_of(factory, job.id)
    job.approve()
    assert details_of(factory, job.id) == before | {"status": COMPLETED, "deadline": 0}


@pytest.mark.parametrize("verdict", ["approve", "reopen"])
def test_cheap(factory, issuer, job, verdict):
    """It should ask for no gas for a refund."""
    factory.contract.verifyJob(job.id, *VERDICTS[verdict], sender=issuer, gas_limit=NO_PUSH)
    assert job.status == LEADS_TO[verdict]


def test_reopening(factory, worker, job):
    """It should credit the worker with the reject fee, and begin another round with the rest."""
    before = details_of(factory, job.id)
    reopened_at = job.reopen().timestamp
    assert factory.earned(worker) == REJECT_FEE
    assert factory.held() == AMOUNT
    assert details_of(factory, job.id) == before | {
        "status": OPEN,
        "round": 2,
        "amount": SECOND_AMOUNT,
        "worker": ZERO,
        "deadline": reopened_at + job.terms.claimDuration,
    }


def test_reopening_events(factory, issuer, worker, job):
    """It should emit JobReopened alone."""
    tx = job.reopen()
    assert emitted(tx) == [
        event(
            factory.contract.JobReopened,
            jobId=job.id,
            worker=worker,
            verifier=issuer,
            payment=REJECT_FEE,
            round=2,
            amount=SECOND_AMOUNT,
            claimBy=tx.timestamp + job.terms.claimDuration,
        )
    ]


@pytest.mark.parametrize("share", [REJECT_FEE_BPS, SHARE, MAX_SPLIT_BPS])
def test_split(factory, issuer, worker, job, share):
    """It should credit the worker's share and refund the rest."""
    before = factory.balance(issuer)
    job.split(share)
    earned = AMOUNT * share // BPS
    assert factory.earned(worker) == factory.held() == earned
    assert factory.balance(issuer) - before == AMOUNT - earned
    assert (job.status, job.details.deadline) == (SPLIT, 0)


def test_split_events(factory, usdc, issuer, worker, job):
    """It should emit JobSplit, then let the token speak."""
    earned = AMOUNT * SHARE // BPS
    assert emitted(job.split(SHARE)) == [
        event(
            factory.contract.JobSplit,
            jobId=job.id,
            worker=worker,
            verifier=issuer,
            payment=earned,
            refund=AMOUNT - earned,
        ),
        payment(usdc, factory.contract, issuer, AMOUNT - earned),
    ]


@pytest.mark.parametrize(
    ("amount", "share", "earned"),
    [(100_003, 1, 10), (100_003, 3_333, 33_330), (100_003, MAX_SPLIT_BPS, 99_992)],
)
def test_rounding(factory, worker, amount, share, earned):
    """It should round the share down."""
    job = worked(posted(factory, amount=amount, rejectFeeBps=0))
    job.split(share)
    assert factory.earned(worker) == earned


@pytest.mark.parametrize("share", [1, REJECT_FEE_BPS - 1])
def test_least_split(factory, worker, job, share):
    """It should pay no less than the reject fee."""
    job.split(share)
    assert factory.earned(worker) == REJECT_FEE
    assert job.status == SPLIT


def test_rejection(factory, issuer, worker, job):
    """It should credit the reject fee and refund the rest."""
    before = factory.balance(issuer)
    job.reject()
    assert factory.earned(worker) == factory.held() == REJECT_FEE
    assert factory.balance(issuer) - before == SECOND_AMOUNT
    assert (job.status, job.details.deadline) == (REJECTED, 0)


def test_rejection_events(factory, usdc, issuer, worker, job):
    """It should emit JobRejected, then let the token speak."""
    assert emitted(job.reject()) == [
        event(
            factory.contract.JobRejected,
            jobId=job.id,
            worker=worker,
            verifier=issuer,
            payment=REJECT_FEE,
            refund=SECOND_AMOUNT,
        ),
        payment(usdc, factory.contract, issuer, SECOND_AMOUNT),
    ]


@every_verdict
def test_evaluator(factory, evaluator, evaluated, verdict):
    """It should let the evaluator give every verdict."""
    (happened, *_) = emitted(evaluated.verify(*VERDICTS[verdict], sender=evaluator))
    judged_by = dict(happened.arguments)
    assert evaluator.address.lower() in (judged_by.get("verifier"), judged_by.get("completer"))
    assert evaluated.status == LEADS_TO[verdict]


@every_verdict
def test_issuer_beside_evaluator(factory, issuer, evaluator, evaluated, verdict):
    """It should let the issuer approve, and nothing else."""
    if verdict == "approve":
        evaluated.approve(sender=issuer)
        assert evaluated.status == COMPLETED
        return
    with reverts(factory.contract.JobFactory_NotVerifier, verifier=evaluator, account=issuer):
        evaluated.verify(*VERDICTS[verdict], sender=issuer)


@pytest.mark.parametrize("late", [1, 30 * DAY])
@pytest.mark.parametrize("who", ["issuer", "evaluator"])
def test_late_approval(factory, worker, actors, evaluated, chain, late, who):
    """It should let the verifier approve late."""
    chain.pending_timestamp = evaluated.details.deadline + late
    evaluated.approve(sender=actors[who])
    assert (evaluated.status, factory.earned(worker)) == (COMPLETED, AMOUNT)
