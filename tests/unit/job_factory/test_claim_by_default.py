"""JobFactory.claimByDefault: silence pays the worker."""

import pytest

from tests.harness.escrow import ZERO
from tests.harness.events import emitted, event
from tests.harness.factory import COMPLETED, SUBMITTED
from tests.harness.reverts import reverts
from tests.unit.job_factory.lives import (
    AMOUNT,
    REJECT_FEE,
    SECOND_AMOUNT,
    every_status_but,
    posted,
    reopened,
    standing,
    worked,
)
from tests.unit.job_factory.posting import details_of


@pytest.fixture
def job(factory):
    """A submitted job."""
    return worked(posted(factory))


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
        job.default()


@pytest.mark.parametrize("left", [0, 1, 60])
@pytest.mark.parametrize("who", ["worker", "issuer", "stranger"])
def test_revert_when_it_is_too_early(factory, chain, actors, job, left, who):
    """It should revert: the time to review must be over."""
    review_by = job.details.deadline
    chain.pending_timestamp = review_by - left
    with reverts(
        factory.contract.JobFactory_TooEarly, earliest=review_by + 1, time=review_by - left
    ):
        job.default(sender=actors[who])


@pytest.mark.parametrize("who", ["worker", "issuer", "relayer", "stranger"])
def test_payment(factory, worker, actors, job, who):
    """It should credit the worker with the whole amount, whoever calls."""
    job.pass_deadline()
    job.default(sender=actors[who])
    assert factory.earned(worker) == factory.held() == AMOUNT


def test_events(factory, worker, job):
    """It should emit JobCompleted in nobody's name."""
    job.pass_deadline()
    assert emitted(job.default()) == [
        event(
            factory.contract.JobCompleted,
            jobId=job.id,
            worker=worker,
            completer=ZERO,
            payment=AMOUNT,
        )
    ]


def test_details(factory, job):
    """It should show the job as completed, with nothing left to wait for."""
    before = details_of(factory, job.id)
    job.pass_deadline()
    job.default()
    assert details_of(factory, job.id) == before | {"status": COMPLETED, "deadline": 0}


def test_second_round(factory, worker, host):
    """It should credit what the round is about."""
    job = worked(reopened(posted(factory)), host)
    job.pass_deadline()
    job.default()
    assert (factory.earned(worker), factory.earned(host)) == (REJECT_FEE, SECOND_AMOUNT)
