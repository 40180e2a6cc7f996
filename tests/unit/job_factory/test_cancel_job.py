"""JobFactory.cancelJob: the issuer takes back what nobody has claimed."""

import pytest

from tests.harness.escrow import DAY
from tests.harness.events import emitted, event
from tests.harness.execution import ask, least_gas
from tests.harness.factory import CANCELLED, OPEN
from tests.harness.reverts import reverts
from tests.unit.job_factory.lives import (
    AMOUNT,
    BOND,
    SECOND_AMOUNT,
    STARVED,
    every_status_but,
    posted,
    reopened,
    standing,
)
from tests.unit.job_factory.posting import details_of, payment


@pytest.fixture
def job(factory):
    """An open job."""
    return posted(factory)


@every_status_but(OPEN)
def test_revert_given_the_job_is_not_open(factory, status):
    """It should revert: the job must be open."""
    job = standing(factory, status)
    with reverts(
        factory.contract.JobFactory_WrongStatus, jobId=job.id, expected=OPEN, actual=status
    ):
        job.cancel()


@pytest.mark.parametrize(
    "who", ["worker", "evaluator", "operator", "relayer", "owner", "treasury", "user", "stranger"]
)
def test_revert_when_the_caller_is_not_the_issuer(factory, issuer, actors, who):
    """It should revert: the caller must be the issuer or its operator."""
    job = posted(factory, payee=actors["worker"], evaluator=actors["evaluator"])
    with reverts(factory.contract.JobFactory_NotIssuer, issuer=issuer, account=actors[who]):
        job.cancel(sender=actors[who])


def test_revert_when_the_gas_is_too_low(factory, issuer, job):
    """It should revert: enough gas must be left for the refund."""
    call = (factory.contract.cancelJob, job.id)
    one_too_few = least_gas(*call, sender=issuer) - 1
    with reverts(factory.contract.Payments_GasTooLow, **STARVED):
        ask(*call, sender=issuer, gas=one_too_few)


def test_refund(factory, issuer, job):
    """It should refund the whole amount to the issuer."""
    before = factory.balance(issuer)
    job.cancel()
    assert factory.balance(issuer) - before == AMOUNT
    assert factory.held() == 0


def test_events(factory, usdc, issuer, job):
    """It should emit JobCancelled, then let the token speak."""
    assert emitted(job.cancel()) == [
        event(
            factory.contract.JobCancelled,
            jobId=job.id,
            canceller=issuer,
            round=1,
            refund=AMOUNT,
        ),
        payment(usdc, factory.contract, issuer, AMOUNT),
    ]


def test_details(factory, job):
    """It should show the job as cancelled, with nothing left to wait for."""
    before = details_of(factory, job.id)
    job.cancel()
    assert details_of(factory, job.id) == before | {"status": CANCELLED, "deadline": 0}


def test_second_round(factory, usdc, issuer, job):
    """It should refund what the round is about."""
    reopened(job)
    assert emitted(job.cancel()) == [
        event(
            factory.contract.JobCancelled,
            jobId=job.id,
            canceller=issuer,
            round=2,
            refund=SECOND_AMOUNT,
        ),
        payment(usdc, factory.contract, issuer, SECOND_AMOUNT),
    ]


@pytest.mark.parametrize("late", [1, DAY])
def test_unclaimed(factory, issuer, chain, job, late):
    """It should refund all the same."""
    chain.pending_timestamp = job.details.deadline + late
    before = factory.balance(issuer)
    job.cancel()
    assert factory.balance(issuer) - before == AMOUNT
    assert job.status == CANCELLED


def test_given_back(factory, issuer, job):
    """It should refund it, and leave the issuer the bond."""
    job.claim()
    job.release()
    before = factory.balance(issuer)
    job.cancel()
    assert factory.balance(issuer) - before == AMOUNT
    assert factory.credits(issuer) == BOND


def test_operator(factory, usdc, issuer, operator, chain, job):
    """It should refund the issuer, and name the operator."""
    factory.appoint(chain.pending_timestamp + DAY)
    assert emitted(job.cancel(sender=operator)) == [
        event(
            factory.contract.JobCancelled,
            jobId=job.id,
            canceller=operator,
            round=1,
            refund=AMOUNT,
        ),
        payment(usdc, factory.contract, issuer, AMOUNT),
    ]
