"""JobFactory.expireJob: nobody claimed, or no work came, and the issuer has its money back."""

import pytest

from tests.harness.escrow import DAY, HOUR
from tests.harness.events import emitted, event
from tests.harness.execution import ask, least_gas
from tests.harness.factory import CLAIMED, EXPIRED, NONE, OPEN
from tests.harness.reverts import reverts
from tests.unit.job_factory.lives import (
    AMOUNT,
    BOND,
    SECOND_AMOUNT,
    STARVED,
    credited,
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


@every_status_but(OPEN, CLAIMED)
def test_revert_given_the_job_is_neither_open_nor_claimed(factory, chain, status):
    """It should revert: the job must be open or claimed."""
    job = standing(factory, status)
    chain.pending_timestamp += DAY
    assert (status == NONE) == (job.details.amount == 0)
    with reverts(factory.contract.JobFactory_NotExpirable, jobId=job.id, status=status):
        job.expire()


@pytest.mark.parametrize("status", [OPEN, CLAIMED])
@pytest.mark.parametrize("who", ["issuer", "stranger", "worker"])
def test_revert_when_it_is_too_early(factory, actors, status, who):
    """It should revert: the time to claim, or to work, must be over."""
    job = standing(factory, status)
    job.at_deadline()
    deadline = job.details.deadline
    with reverts(factory.contract.JobFactory_TooEarly, earliest=deadline + 1, time=deadline):
        job.expire(sender=actors[who])


@pytest.mark.parametrize("status", [OPEN, CLAIMED])
def test_revert_when_the_gas_is_too_low(factory, stranger, status):
    """It should revert: enough gas must be left for the refund."""
    job = standing(factory, status)
    job.pass_deadline()
    call = (factory.contract.expireJob, job.id)
    one_too_few = least_gas(*call, sender=stranger) - 1
    with reverts(factory.contract.Payments_GasTooLow, **STARVED):
        ask(*call, sender=stranger, gas=one_too_few)


@pytest.mark.parametrize("who", ["issuer", "stranger", "worker", "owner"])
def test_unclaimed(factory, issuer, actors, job, who):
    """It should refund the issuer, whoever calls."""
    before, expected = factory.balance(issuer), details_of(factory, job.id)
    job.pass_deadline()
    job.expire(sender=actors[who])
    assert factory.balance(issuer) - before == AMOUNT
    assert factory.held() == 0
    assert details_of(factory, job.id) == expected | {"status": EXPIRED, "deadline": 0}


def expired(factory, job, refund=AMOUNT, bond=0, round_=1):
    """The event."""
    return event(factory.contract.JobExpired, jobId=job.id, round=round_, refund=refund, bond=bond)


def test_unclaimed_events(factory, usdc, issuer, job):
    """It should emit JobExpired, then let the token speak."""
    job.pass_deadline()
    assert emitted(job.expire()) == [
        expired(factory, job),
        payment(usdc, factory.contract, issuer, AMOUNT),
    ]


def test_no_work(factory, issuer, worker, job):
    """It should refund the issuer, and make the bond the issuer's."""
    job.claim()
    before = factory.balance(issuer)
    job.pass_deadline()
    job.expire()
    assert factory.balance(issuer) - before == AMOUNT
    assert (factory.credits(issuer), factory.credits(worker)) == (BOND, 0)
    assert (job.status, factory.earned(worker)) == (EXPIRED, 0)


def test_no_work_events(factory, usdc, issuer, job):
    """It should emit JobExpired and the credit, then let the token speak."""
    job.claim()
    job.pass_deadline()
    assert emitted(job.expire()) == [
        expired(factory, job, bond=BOND),
        credited(factory, issuer, BOND),
        payment(usdc, factory.contract, issuer, AMOUNT),
    ]


def test_given_back(factory, issuer, job):
    """It should refund the issuer."""
    job.claim()
    job.release()
    before = factory.balance(issuer)
    job.pass_deadline()
    assert emitted(job.expire())[0] == expired(factory, job)
    assert factory.balance(issuer) - before == AMOUNT
    assert factory.credits(issuer) == BOND


@pytest.mark.parametrize("claimed", [False, True])
def test_second_round(factory, issuer, job, claimed):
    """It should refund what the round is about."""
    reopened(job)
    if claimed:
        job.claim()
    before = factory.balance(issuer)
    job.pass_deadline()
    happened = emitted(job.expire())
    bond = BOND if claimed else 0
    assert happened[0] == expired(factory, job, SECOND_AMOUNT, bond, round_=2)
    assert factory.balance(issuer) - before == SECOND_AMOUNT


def test_work_goes_on(factory, chain):
    """It should wait for the work all the same."""
    job = posted(factory, claimDuration=HOUR, workDuration=5 * HOUR)
    claim_by = job.details.deadline
    job.claim()
    work_by = job.details.deadline
    chain.pending_timestamp = claim_by + 1
    with reverts(factory.contract.JobFactory_TooEarly, earliest=work_by + 1, time=claim_by + 1):
        job.expire()
    chain.pending_timestamp = work_by + 1
    job.expire()
    assert job.status == EXPIRED
