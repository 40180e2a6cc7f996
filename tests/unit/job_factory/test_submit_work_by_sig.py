"""JobFactory.submitWorkBySig: the worker's word for its work."""

import pytest

from tests.harness.events import emitted, event
from tests.harness.factory import CLAIMED, OPEN, SUBMITTED, WORK
from tests.harness.reverts import reverts
from tests.unit.job_factory.intents import submitting
from tests.unit.job_factory.lives import (
    BOND,
    credited,
    late_or_early,
    posted,
    standing,
    untimely,
)

OTHER_WORK = b"\x4e" * 32


@pytest.fixture
def job(factory):
    """A claimed job."""
    return posted(factory).in_status(CLAIMED)


@pytest.mark.parametrize("wrong", ["open", "late", "zero"])
def test_revert_given_the_wrong_job(factory, chain, job, wrong):
    """It should revert: the job and the work hash must be such as {submitWork} accepts."""
    error, arguments = factory.contract.JobFactory_WorkHashZero, {}
    if wrong == "late":
        work_by = job.details.deadline
        chain.pending_timestamp = work_by + 1
        error = factory.contract.JobFactory_TooLate
        arguments = {"deadline": work_by, "time": work_by + 1}
    elif wrong == "open":
        job = standing(factory, OPEN)
        error = factory.contract.JobFactory_WrongStatus
        arguments = {"jobId": job.id, "expected": CLAIMED, "actual": OPEN}
    with reverts(error, **arguments):
        submitting(job, bytes(32) if wrong == "zero" else WORK).relay()


@late_or_early
def test_revert_when_the_deadline_is_out_of_bounds(factory, chain, job, late):
    """It should revert: the deadline must not have passed, nor be more than seven days away."""
    deadline, bounds = untimely(chain, late)
    with reverts(factory.contract.JobFactory_DeadlineOutOfRange, **bounds):
        submitting(job, deadline=deadline).relay()


def test_revert_when_revoked(factory, worker, job):
    """It should revert: the intent must not have been revoked by its signer."""
    intent = submitting(job)
    factory.contract.revokeIntent(intent.digest(), sender=worker)
    with reverts(factory.contract.JobFactory_IntentRevoked, signer=worker, digest=intent.digest()):
        intent.relay()


@pytest.mark.parametrize("who", ["issuer", "host", "relayer", "owner", "stranger"])
def test_revert_when_somebody_else_signed(factory, worker, job, actors, who):
    """It should revert: the signature must be the worker's."""
    intent = submitting(job)
    with reverts(
        factory.contract.JobFactory_SignatureInvalid, signer=worker, digest=intent.digest()
    ):
        intent.relay(intent.signed_by(actors[who]))


@pytest.mark.parametrize("who", ["relayer", "worker", "issuer", "stranger"])
def test_submitted(factory, worker, job, actors, who):
    """It should submit it, whoever brings it."""
    submitting(job).relay(sender=actors[who])
    assert (job.status, job.details.worker) == (SUBMITTED, worker)
    assert factory.credits(worker) == BOND


def test_events(factory, worker, job):
    """It should emit as a call of the worker's would."""
    tx = submitting(job).relay()
    assert emitted(tx) == [
        event(
            factory.contract.WorkSubmitted,
            jobId=job.id,
            worker=worker,
            round=1,
            workHash=WORK,
            reviewBy=tx.timestamp + job.terms.reviewDuration,
            bond=BOND,
        ),
        credited(factory, worker, BOND),
    ]


def test_nonce(factory, worker, job):
    """It should leave the worker's nonce alone."""
    submitting(job).relay()
    assert factory.nonce(worker) == 0


def test_two_works(factory, job):
    """It should take the one that comes first, and only that."""
    first, second = submitting(job), submitting(job, OTHER_WORK)
    second.relay()
    with reverts(
        factory.contract.JobFactory_WrongStatus,
        jobId=job.id,
        expected=CLAIMED,
        actual=SUBMITTED,
    ):
        first.relay()
    assert job.details.workHash == OTHER_WORK[:20].ljust(32, b"\0")


def test_another_worker(factory, host, job):
    """It should refuse what the first one signed."""
    intent = submitting(job)
    job.release()
    job.claim(sender=host)
    with reverts(
        factory.contract.JobFactory_SignatureInvalid,
        signer=host,
        digest=intent.digest(worker=host),
    ):
        intent.relay()


def test_same_round(job):
    """It should accept it, for it is the same round."""
    intent = submitting(job)
    job.release()
    job.claim()
    intent.relay()
    assert job.status == SUBMITTED
