"""JobFactory.submitWork: once in a round, and the bond comes back."""

import pytest

from tests.harness.escrow import ZERO
from tests.harness.events import emitted, event
from tests.harness.factory import CLAIMED, SUBMITTED, WORK
from tests.harness.reverts import reverts
from tests.unit.job_factory.intents import claiming
from tests.unit.job_factory.lives import BOND, credited, every_status_but, posted, standing
from tests.unit.job_factory.posting import details_of

STORED_BYTES = 20


@pytest.fixture
def job(factory):
    """A claimed job."""
    return posted(factory).in_status(CLAIMED)


@every_status_but(CLAIMED)
def test_revert_given_the_job_is_not_claimed(factory, status):
    """It should revert: the job must be claimed."""
    job = standing(factory, status)
    with reverts(
        factory.contract.JobFactory_WrongStatus, jobId=job.id, expected=CLAIMED, actual=status
    ):
        job.submit()


@pytest.mark.parametrize("who", ["issuer", "evaluator", "host", "relayer", "owner", "stranger"])
def test_revert_when_the_caller_is_not_the_worker(factory, worker, job, actors, who):
    """It should revert: the caller must be the worker."""
    with reverts(factory.contract.JobFactory_NotWorker, worker=worker, account=actors[who]):
        job.submit(sender=actors[who])


def test_revert_when_it_is_too_late(factory, chain, job):
    """It should revert: the time to work must not be over."""
    work_by = job.details.deadline
    chain.pending_timestamp = work_by + 1
    with reverts(factory.contract.JobFactory_TooLate, deadline=work_by, time=work_by + 1):
        job.submit()


def test_revert_when_the_hash_is_zero(factory, job):
    """It should revert: the work hash must not be zero."""
    with reverts(factory.contract.JobFactory_WorkHashZero):
        job.submit(bytes(32))


def test_details(factory, job):
    """It should show the work, and the time to review from now on."""
    before = details_of(factory, job.id)
    work = bytes(range(1, 33))
    submitted_at = job.submit(work).timestamp
    assert details_of(factory, job.id) == before | {
        "status": SUBMITTED,
        "deadline": submitted_at + job.terms.reviewDuration,
        "bondFunder": ZERO,
        "workHash": work[:STORED_BYTES].ljust(32, b"\0"),
    }


def submitted(factory, job, worker, tx, bond=BOND, work=WORK):
    """The event."""
    return event(
        factory.contract.WorkSubmitted,
        jobId=job.id,
        worker=worker,
        round=1,
        workHash=work,
        reviewBy=tx.timestamp + job.terms.reviewDuration,
        bond=bond,
    )


def test_events(factory, worker, job):
    """It should emit WorkSubmitted with all of the hash, and the credit of the bond."""
    work = bytes(range(1, 33))
    tx = job.submit(work)
    assert emitted(tx) == [
        submitted(factory, job, worker, tx, work=work),
        credited(factory, worker, BOND),
    ]


@pytest.mark.parametrize("funder", ["worker", "relayer"])
def test_bond(factory, actors, funder):
    """It should credit the bond to whoever funded it."""
    job = posted(factory)
    claiming(job).relay(sender=actors[funder])
    job.submit()
    waiting = {name: factory.credits(actors[name]) for name in ("worker", "relayer", "issuer")}
    assert waiting == dict.fromkeys(waiting, 0) | {funder: BOND}


def test_no_bond(factory, worker):
    """It should emit WorkSubmitted alone."""
    job = posted(factory, claimBond=0).in_status(CLAIMED)
    tx = job.submit()
    assert emitted(tx) == [submitted(factory, job, worker, tx, bond=0)]


def test_low_bits(factory, job):
    """It should accept it."""
    tx = job.submit(bytes(31) + b"\1")
    assert emitted(tx)[0].arguments[3] == ("workHash", bytes(31) + b"\1")
    assert (job.status, job.details.workHash) == (SUBMITTED, bytes(32))


def test_last_second(factory, job):
    """It should accept the work in its last second."""
    job.at_deadline()
    job.submit()
    assert job.status == SUBMITTED
