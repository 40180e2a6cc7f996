"""JobFactory.cancelJobBySig: the issuer's word, brought by anyone."""

import pytest

from tests.harness.escrow import DAY
from tests.harness.events import emitted, event
from tests.harness.factory import CANCELLED, OPEN
from tests.harness.reverts import reverts
from tests.unit.job_factory.intents import cancelling
from tests.unit.job_factory.lives import (
    AMOUNT,
    every_status_but,
    late_or_early,
    posted,
    reopened,
    standing,
    untimely,
)
from tests.unit.job_factory.posting import payment


@pytest.fixture
def job(factory):
    """An open job."""
    return posted(factory)


@every_status_but(OPEN)
def test_revert_given_the_job_is_not_open(factory, status):
    """It should revert: the job must be such as {cancelJob} accepts."""
    job = standing(factory, status)
    with reverts(
        factory.contract.JobFactory_WrongStatus, jobId=job.id, expected=OPEN, actual=status
    ):
        cancelling(job).relay()


@late_or_early
def test_revert_when_the_deadline_is_out_of_bounds(factory, chain, job, late):
    """It should revert: the deadline must not have passed, nor be more than seven days away."""
    deadline, bounds = untimely(chain, late)
    with reverts(factory.contract.JobFactory_DeadlineOutOfRange, **bounds):
        cancelling(job, deadline=deadline).relay()


def test_revert_when_revoked(factory, issuer, job):
    """It should revert: the intent must not have been revoked by its signer."""
    intent = cancelling(job)
    factory.contract.revokeIntent(intent.digest(), sender=issuer)
    with reverts(factory.contract.JobFactory_IntentRevoked, signer=issuer, digest=intent.digest()):
        intent.relay()


@pytest.mark.parametrize("who", ["worker", "evaluator", "relayer", "user", "owner", "stranger"])
def test_revert_when_somebody_else_signed(factory, issuer, job, actors, who):
    """It should revert: the signature must be the issuer's."""
    intent = cancelling(job)
    with reverts(
        factory.contract.JobFactory_SignatureInvalid, signer=issuer, digest=intent.digest()
    ):
        intent.relay(intent.signed_by(actors[who]))


@pytest.mark.parametrize("who", ["relayer", "issuer", "worker", "stranger"])
def test_refund(factory, issuer, job, actors, who):
    """It should refund the issuer, whoever brings it."""
    before = factory.balance(issuer)
    cancelling(job).relay(sender=actors[who])
    assert factory.balance(issuer) - before == AMOUNT
    assert job.status == CANCELLED


def test_events(factory, usdc, issuer, job):
    """It should emit JobCancelled in the issuer's name, then let the token speak."""
    assert emitted(cancelling(job).relay()) == [
        event(
            factory.contract.JobCancelled,
            jobId=job.id,
            canceller=issuer,
            round=1,
            refund=AMOUNT,
        ),
        payment(usdc, factory.contract, issuer, AMOUNT),
    ]


def test_nonce(factory, issuer, job):
    """It should leave the issuer's nonce alone."""
    cancelling(job).relay()
    assert factory.nonce(issuer) == 0


def test_operator(factory, issuer, operator, chain, job):
    """It should refuse it."""
    factory.appoint(chain.pending_timestamp + DAY)
    intent = cancelling(job, signer=operator)
    with reverts(
        factory.contract.JobFactory_SignatureInvalid, signer=issuer, digest=intent.digest()
    ):
        intent.relay()


def test_round_before(factory, issuer, job):
    """It should refuse it."""
    intent = cancelling(job)
    reopened(job)
    with reverts(
        factory.contract.JobFactory_SignatureInvalid,
        signer=issuer,
        digest=intent.digest(round=2),
    ):
        intent.relay()


def test_same_round(factory, issuer, job):
    """It should accept it, for it is the same round."""
    intent = cancelling(job)
    job.claim()
    job.release()
    before = factory.balance(issuer)
    intent.relay()
    assert factory.balance(issuer) - before == AMOUNT
