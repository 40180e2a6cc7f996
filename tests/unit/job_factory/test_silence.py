"""Silence pays the worker: promises of a payer that cannot be taken back by doing nothing."""

import pytest

from tests.harness.escrow import DAY, ETHER
from tests.harness.factory import COMPLETED, REJECT, REOPEN, SUBMITTED
from tests.harness.reverts import reverts
from tests.unit.job_factory.intents import verifying
from tests.unit.job_factory.lives import (
    AMOUNT,
    SECOND_AMOUNT,
    THIRD_AMOUNT,
    posted,
    reopened,
    worked,
)

VERDICTS = {"reopen": REOPEN, "split": (False, False, 9_999), "reject": REJECT}


@pytest.fixture
def job(factory):
    """A submitted job."""
    return worked(posted(factory))


def test_first_second(factory, worker, chain, job):
    """It should pay the worker, from the first second after the review on."""
    review_by = job.details.deadline
    chain.pending_timestamp = review_by
    with reverts(factory.contract.JobFactory_TooEarly, earliest=review_by + 1, time=review_by):
        job.default()
    chain.pending_timestamp = review_by + 1
    job.default()
    assert (job.status, factory.earned(worker)) == (COMPLETED, AMOUNT)


@pytest.mark.parametrize("late", [1, 1_000 * DAY])
@pytest.mark.parametrize(("rounds", "amount"), [(0, AMOUNT), (1, SECOND_AMOUNT), (2, THIRD_AMOUNT)])
def test_every_round(factory, host, chain, rounds, amount, late):
    """It should pay it in every round, and no matter how late."""
    job = worked(reopened(posted(factory), rounds), host)
    chain.pending_timestamp = job.details.deadline + late
    job.default()
    assert factory.earned(host) == amount


def test_ether(factory, worker):
    """It should pay it in ETH as in a token."""
    job = worked(posted(factory, token=ETHER))
    job.pass_deadline()
    job.default()
    assert factory.earned(worker, ETHER) == job.terms.amount


@pytest.mark.parametrize("late", [-1, 0, 1, 1_000 * DAY])
def test_approval(factory, worker, chain, job, late):
    """It should take an approval in place of silence, for the same money."""
    chain.pending_timestamp = job.details.deadline + late
    job.approve()
    assert (job.status, factory.earned(worker)) == (COMPLETED, AMOUNT)


@pytest.mark.parametrize("verdict", VERDICTS)
def test_other_verdicts(factory, worker, chain, job, verdict):
    """It should refuse any other verdict."""
    review_by = job.details.deadline
    intent = verifying(job, *VERDICTS[verdict], deadline=review_by + DAY)
    chain.pending_timestamp = review_by + 1
    refusal = {"deadline": review_by, "time": review_by + 1}
    with reverts(factory.contract.JobFactory_TooLate, **refusal):
        job.verify(*VERDICTS[verdict])
    with reverts(factory.contract.JobFactory_TooLate, **refusal):
        intent.relay()
    assert job.status == SUBMITTED


def test_once(factory, worker, job):
    """It should count it once."""
    job.pass_deadline()
    job.default()
    with reverts(
        factory.contract.JobFactory_WrongStatus,
        jobId=job.id,
        expected=SUBMITTED,
        actual=COMPLETED,
    ):
        job.default()
    assert factory.earned(worker) == AMOUNT


def test_evaluator(factory, evaluator, worker):
    """It should pay the worker all the same."""
    job = worked(posted(factory, evaluator=evaluator))
    job.pass_deadline()
    with reverts(
        factory.contract.JobFactory_TooLate,
        deadline=job.details.deadline,
        time=job.details.deadline + 1,
    ):
        job.reject(sender=evaluator)
    job.default()
    assert factory.earned(worker) == AMOUNT


def test_deactivated(factory, escrow, admin, worker, job):
    """It should pay the worker all the same, whatever became of it in the registry."""
    escrow.registry.deactivate(worker, sender=admin)
    job.pass_deadline()
    job.default()
    assert factory.earned(worker) == AMOUNT
