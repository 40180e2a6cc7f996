"""JobFactory: every party can leave every situation alone, in a time that is known beforehand."""

import pytest

from tests.harness.factory import CLAIMED, MAX_AMOUNT, OPEN, SUBMITTED
from tests.unit.job_factory.lives import BOND
from tests.unit.job_factory.states import OPEN_STATES

every_situation = pytest.mark.parametrize("situation", OPEN_STATES)


def longest(job):
    """How long somebody who waits for others must wait here: the work, and the review of it."""
    return {
        OPEN: job.terms.claimDuration,
        CLAIMED: job.terms.workDuration,
        SUBMITTED: job.terms.reviewDuration,
    }[job.status]


def assert_over(factory, job, before):
    """The job is final; its money is the issuer's, in hand or as a credit, or its worker's."""
    details = job.details
    assert details.deadline == 0
    back = factory.balance(job.issuer) - before
    waiting = factory.credits(job.issuer, factory.usdc)
    worker = factory.actors["worker"]
    assert back + waiting + factory.earned(worker) == job.terms.amount
    bonds = factory.credits(job.issuer) + factory.credits(worker)
    assert bonds % BOND == 0


def wait_and_end(job, chain, caller):
    """Ends the job by the clock; returns how long that took."""
    now, details = chain.pending_timestamp, job.details
    if details.deadline >= now:
        job.pass_deadline()
    waited = chain.pending_timestamp - now
    if details.status == SUBMITTED:
        job.default(sender=caller)
    else:
        job.expire(sender=caller)
    return waited


@every_situation
def test_issuer(factory, issuer, chain, situation):
    """It should let the issuer alone end it, no later than is promised."""
    job = OPEN_STATES[situation](factory)
    before, bound = factory.balance(issuer), longest(job)
    if job.status == OPEN:
        job.cancel()
    elif job.status == SUBMITTED:
        job.approve()
    else:
        assert wait_and_end(job, chain, issuer) <= bound + 1
    assert_over(factory, job, before)


@every_situation
def test_worker(factory, issuer, worker, chain, situation):
    """It should let the worker alone end it, no later than is promised."""
    job = OPEN_STATES[situation](factory)
    before, bound = factory.balance(issuer), longest(job)
    if job.status == CLAIMED and job.details.deadline >= chain.pending_timestamp:
        job.release()
        if job.status != OPEN:
            return assert_over(factory, job, before)
        bound = job.terms.claimDuration
    assert wait_and_end(job, chain, worker) <= bound + 1
    return assert_over(factory, job, before)


@every_situation
def test_anyone(factory, issuer, stranger, chain, situation):
    """It should let anyone end it, no later than is promised."""
    job = OPEN_STATES[situation](factory)
    before, bound = factory.balance(issuer), longest(job)
    assert wait_and_end(job, chain, stranger) <= bound + 1
    assert_over(factory, job, before)


@every_situation
def test_harassed(factory, escrow, project, owner, admin, issuer, stranger, chain, situation):
    """It should let everyone leave all the same."""
    job = OPEN_STATES[situation](factory)
    before = factory.balance(issuer)
    factory.contract.pause(sender=owner)
    factory.contract.setToken(factory.usdc, False, MAX_AMOUNT, sender=owner)
    factory.contract.setTreasury(owner.deploy(project.RefusingReceiver), sender=owner)
    escrow.registry.deactivate(factory.actors["worker"], sender=admin)
    wait_and_end(job, chain, stranger)
    assert_over(factory, job, before)
    for who in ("worker", "issuer"):
        account = factory.actors[who]
        for token in (factory.usdc, "0x" + "00" * 20):
            if factory.earned(account, token) or factory.credits(account, token):
                factory.withdraw(account, token)
    assert factory.held("0x" + "00" * 20) == 0
