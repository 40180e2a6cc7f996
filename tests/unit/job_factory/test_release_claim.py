"""JobFactory.releaseClaim: the worker gives the job back, and its bond away."""

import pytest

from tests.harness.escrow import HOUR, travel_to
from tests.harness.events import emitted, event
from tests.harness.execution import ask, least_gas
from tests.harness.factory import CLAIMED, EXPIRED, MAX_CLAIM, OPEN
from tests.harness.reverts import reverts
from tests.unit.job_factory.intents import claiming
from tests.unit.job_factory.lives import (
    AMOUNT,
    BOND,
    STARVED,
    credited,
    every_status_but,
    posted,
    standing,
)
from tests.unit.job_factory.posting import details_of, fresh_details, payment

NO_PUSH = 150_000  # less than a refund would ask for


@pytest.fixture
def job(factory):
    """A claimed job, whose time to claim goes on for a day."""
    return posted(factory).in_status(CLAIMED)


@pytest.fixture
def slow_job(factory, chain):
    """A claimed job whose time to claim ends now, and whose work may take longer."""
    job = posted(factory, claimDuration=HOUR, workDuration=5 * HOUR)
    claim_by = job.details.deadline
    job.claim()
    chain.pending_timestamp = claim_by + 1
    return job


@every_status_but(CLAIMED)
def test_revert_given_the_job_is_not_claimed(factory, status):
    """It should revert: the job must be claimed."""
    job = standing(factory, status)
    with reverts(
        factory.contract.JobFactory_WrongStatus, jobId=job.id, expected=CLAIMED, actual=status
    ):
        job.release()


@pytest.mark.parametrize("who", ["issuer", "evaluator", "host", "relayer", "owner", "stranger"])
def test_revert_when_the_caller_is_not_the_worker(factory, worker, job, actors, who):
    """It should revert: the caller must be the worker."""
    with reverts(factory.contract.JobFactory_NotWorker, worker=worker, account=actors[who]):
        job.release(sender=actors[who])


def test_revert_when_it_is_too_late(factory, chain, job):
    """It should revert: the time to work must not be over."""
    work_by = job.details.deadline
    chain.pending_timestamp = work_by + 1
    with reverts(factory.contract.JobFactory_TooLate, deadline=work_by, time=work_by + 1):
        job.release()


def test_revert_when_the_gas_is_too_low(factory, worker, slow_job):
    """It should revert: enough gas must be left for the refund."""
    call = (factory.contract.releaseClaim, slow_job.id)
    one_too_few = least_gas(*call, sender=worker) - 1
    with reverts(factory.contract.Payments_GasTooLow, **STARVED):
        ask(*call, sender=worker, gas=one_too_few)


def test_open_again(factory, issuer, job):
    """It should open the job again, in the same round and until the same second."""
    job.release()
    assert details_of(factory, job.id) == fresh_details(issuer, job.terms, job.posted.timestamp)


def test_bond(factory, issuer, worker, job):
    """It should make the bond the issuer's."""
    job.release()
    assert (factory.credits(issuer), factory.credits(worker)) == (BOND, 0)


def released(factory, job, worker, bond=BOND):
    """The event."""
    return event(
        factory.contract.ClaimReleased,
        jobId=job.id,
        worker=worker,
        round=1,
        claimBy=job.posted.timestamp + job.terms.claimDuration,
        bond=bond,
    )


def test_events(factory, issuer, worker, job):
    """It should emit ClaimReleased and the credit."""
    assert emitted(job.release()) == [
        released(factory, job, worker),
        credited(factory, issuer, BOND),
    ]


def test_cheap(factory, worker, job):
    """It should ask for no gas for a refund."""
    ask(factory.contract.releaseClaim, job.id, sender=worker, gas=NO_PUSH)
    factory.contract.releaseClaim(job.id, sender=worker, gas_limit=NO_PUSH)
    assert job.status == OPEN


def test_expired(factory, issuer, slow_job):
    """It should expire the job, and refund the issuer."""
    before = factory.balance(issuer)
    slow_job.release()
    assert factory.balance(issuer) - before == AMOUNT
    assert (slow_job.status, slow_job.details.deadline) == (EXPIRED, 0)
    assert factory.credits(issuer) == BOND


def test_expired_events(factory, usdc, issuer, worker, slow_job):
    """It should emit ClaimReleased, the credit and JobExpired, then let the token speak."""
    assert emitted(slow_job.release()) == [
        released(factory, slow_job, worker),
        credited(factory, issuer, BOND),
        event(factory.contract.JobExpired, jobId=slow_job.id, round=1, refund=AMOUNT, bond=0),
        payment(usdc, factory.contract, issuer, AMOUNT),
    ]


def test_last_second_to_claim(factory, worker, slow_job, chain):
    """It should still open the job again."""
    claim_by = slow_job.posted.timestamp + HOUR
    chain.pending_timestamp = claim_by
    slow_job.release()
    assert (slow_job.status, slow_job.details.deadline) == (OPEN, claim_by)
    chain.pending_timestamp = claim_by + 1
    with reverts(factory.contract.JobFactory_TooLate, deadline=claim_by, time=claim_by + 1):
        slow_job.claim()


def test_last_second_to_work(factory, job):
    """It should accept the release."""
    job.at_deadline()
    job.release()
    assert job.status == OPEN


def test_longest_time_to_claim(factory):
    """It should open the job until the same second, time after time."""
    job = posted(factory, claimDuration=MAX_CLAIM)
    claim_by = job.details.deadline
    for left in (MAX_CLAIM, MAX_CLAIM // 2, HOUR):
        travel_to(max(claim_by - left, job.posted.timestamp))
        job.claim()
        job.release()
        assert (job.details.status, job.details.deadline) == (OPEN, claim_by)


def test_no_bond(factory, issuer, worker):
    """It should credit nobody."""
    job = posted(factory, claimBond=0).in_status(CLAIMED)
    assert emitted(job.release()) == [released(factory, job, worker, bond=0)]
    assert factory.credits(issuer) == 0


def test_funded_bond(factory, issuer, relayer):
    """It should make it the issuer's all the same."""
    job = posted(factory)
    claiming(job).relay()
    job.release()
    assert (factory.credits(issuer), factory.credits(relayer)) == (BOND, 0)
