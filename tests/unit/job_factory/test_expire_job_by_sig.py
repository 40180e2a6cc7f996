"""JobFactory.expireJobBySig: the issuer's word for what anyone may do."""

import pytest

from tests.harness.events import emitted, event
from tests.harness.factory import CLAIMED, EXPIRED, OPEN, SUBMITTED
from tests.harness.reverts import reverts
from tests.unit.job_factory.intents import expiring
from tests.unit.job_factory.lives import (
    AMOUNT,
    BOND,
    credited,
    late_or_early,
    posted,
    reopened,
    standing,
    untimely,
)
from tests.unit.job_factory.posting import payment


@pytest.fixture
def job(factory):
    """A claimed job, whose worker is too late."""
    job = posted(factory).in_status(CLAIMED)
    job.pass_deadline()
    return job


@pytest.mark.parametrize("wrong", ["status", "early"])
def test_revert_given_the_wrong_job(factory, wrong):
    """It should revert: the job must be such as {expireJob} accepts."""
    if wrong == "status":
        job = standing(factory, SUBMITTED)
        error = factory.contract.JobFactory_NotExpirable
        arguments = {"jobId": job.id, "status": SUBMITTED}
    else:
        job = standing(factory, OPEN)
        job.at_deadline()
        claim_by = job.details.deadline
        error = factory.contract.JobFactory_TooEarly
        arguments = {"earliest": claim_by + 1, "time": claim_by}
    with reverts(error, **arguments):
        expiring(job).relay()


@late_or_early
def test_revert_when_the_deadline_is_out_of_bounds(factory, chain, job, late):
    """It should revert: the deadline must not have passed, nor be more than seven days away."""
    deadline, bounds = untimely(chain, late)
    with reverts(factory.contract.JobFactory_DeadlineOutOfRange, **bounds):
        expiring(job, deadline=deadline).relay()


def test_revert_when_revoked(factory, issuer, chain, job):
    """It should revert: the intent must not have been revoked by its signer."""
    intent = expiring(job)
    factory.contract.revokeIntent(intent.digest(), sender=issuer)
    with reverts(factory.contract.JobFactory_IntentRevoked, signer=issuer, digest=intent.digest()):
        intent.relay()


@pytest.mark.parametrize("who", ["worker", "operator", "relayer", "owner", "stranger"])
def test_revert_when_somebody_else_signed(factory, issuer, chain, job, actors, who):
    """It should revert: the signature must be the issuer's."""
    if who == "operator":
        factory.appoint(chain.pending_timestamp + 10**6)
    intent = expiring(job)
    with reverts(
        factory.contract.JobFactory_SignatureInvalid, signer=issuer, digest=intent.digest()
    ):
        intent.relay(intent.signed_by(actors[who]))


@pytest.mark.parametrize("who", ["relayer", "issuer", "worker", "stranger"])
def test_expired(factory, issuer, actors, job, who):
    """It should expire the job as a call would, whoever brings it."""
    before = factory.balance(issuer)
    expiring(job).relay(sender=actors[who])
    assert factory.balance(issuer) - before == AMOUNT
    assert (job.status, factory.credits(issuer)) == (EXPIRED, BOND)


def test_events(factory, usdc, issuer, job):
    """It should emit as a call would."""
    assert emitted(expiring(job).relay()) == [
        event(factory.contract.JobExpired, jobId=job.id, round=1, refund=AMOUNT, bond=BOND),
        credited(factory, issuer, BOND),
        payment(usdc, factory.contract, issuer, AMOUNT),
    ]


def test_nonce(factory, issuer, job):
    """It should leave the issuer's nonce alone."""
    expiring(job).relay()
    assert factory.nonce(issuer) == 0


def test_round_before(factory, issuer, chain):
    """It should refuse it."""
    job = posted(factory, claimDuration=3600)
    deadline = job.details.deadline + 6 * 86_400
    intent = expiring(job, deadline=deadline)
    reopened(job)
    job.pass_deadline()
    with reverts(
        factory.contract.JobFactory_SignatureInvalid,
        signer=issuer,
        digest=intent.digest(round=2),
    ):
        intent.relay()
