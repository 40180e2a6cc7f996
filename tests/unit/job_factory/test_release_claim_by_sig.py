"""JobFactory.releaseClaimBySig: the worker's word that it gives the job back."""

import pytest

from tests.harness.events import emitted, event
from tests.harness.factory import CLAIMED, OPEN
from tests.harness.reverts import reverts
from tests.unit.job_factory.intents import releasing
from tests.unit.job_factory.lives import (
    BOND,
    credited,
    late_or_early,
    posted,
    standing,
    untimely,
)


@pytest.fixture
def job(factory):
    """A claimed job."""
    return posted(factory).in_status(CLAIMED)


@pytest.mark.parametrize("late", [False, True], ids=["open", "late"])
def test_revert_given_the_wrong_job(factory, chain, job, late):
    """It should revert: the job must be such as {releaseClaim} accepts."""
    if late:
        work_by = job.details.deadline
        chain.pending_timestamp = work_by + 1
        error = factory.contract.JobFactory_TooLate
        arguments = {"deadline": work_by, "time": work_by + 1}
    else:
        job = standing(factory, OPEN)
        error = factory.contract.JobFactory_WrongStatus
        arguments = {"jobId": job.id, "expected": CLAIMED, "actual": OPEN}
    with reverts(error, **arguments):
        releasing(job).relay()


@late_or_early
def test_revert_when_the_deadline_is_out_of_bounds(factory, chain, job, late):
    """It should revert: the deadline must not have passed, nor be more than seven days away."""
    deadline, bounds = untimely(chain, late)
    with reverts(factory.contract.JobFactory_DeadlineOutOfRange, **bounds):
        releasing(job, deadline=deadline).relay()


def test_revert_when_revoked(factory, worker, job):
    """It should revert: the intent must not have been revoked by its signer."""
    intent = releasing(job)
    factory.contract.revokeIntent(intent.digest(), sender=worker)
    with reverts(factory.contract.JobFactory_IntentRevoked, signer=worker, digest=intent.digest()):
        intent.relay()


@pytest.mark.parametrize("who", ["issuer", "host", "relayer", "owner", "stranger"])
def test_revert_when_somebody_else_signed(factory, worker, job, actors, who):
    """It should revert: the signature must be the worker's."""
    intent = releasing(job)
    with reverts(
        factory.contract.JobFactory_SignatureInvalid, signer=worker, digest=intent.digest()
    ):
        intent.relay(intent.signed_by(actors[who]))


@pytest.mark.parametrize("who", ["relayer", "worker", "issuer", "stranger"])
def test_released(factory, issuer, job, actors, who):
    """It should open the job again, whoever brings it."""
    releasing(job).relay(sender=actors[who])
    assert (job.status, job.details.round) == (OPEN, 1)
    assert job.details.deadline == job.posted.timestamp + job.terms.claimDuration
    assert factory.credits(issuer) == BOND


def test_events(factory, issuer, worker, job):
    """It should emit NonceUsed, then ClaimReleased and the credit."""
    assert emitted(releasing(job).relay()) == [
        event(factory.contract.NonceUsed, account=worker, nonce=0),
        event(
            factory.contract.ClaimReleased,
            jobId=job.id,
            worker=worker,
            round=1,
            claimBy=job.posted.timestamp + job.terms.claimDuration,
            bond=BOND,
        ),
        credited(factory, issuer, BOND),
    ]


def test_nonce(factory, actors, job):
    """It should raise the worker's nonce by one, and nobody else's."""
    releasing(job).relay()
    nonces = {name: factory.nonce(account) for name, account in actors.items()}
    assert nonces == dict.fromkeys(actors, 0) | {"worker": 1}


def test_twice(factory, worker, job):
    """It should refuse the release the second time."""
    intent = releasing(job)
    intent.relay()
    job.claim()
    with reverts(
        factory.contract.JobFactory_SignatureInvalid,
        signer=worker,
        digest=intent.digest(nonce=1),
    ):
        intent.relay()
    assert job.status == CLAIMED


def test_another_worker(factory, worker, host, job):
    """It should refuse what the first one signed."""
    intent = releasing(job)
    job.release()
    job.claim(sender=host)
    with reverts(
        factory.contract.JobFactory_SignatureInvalid,
        signer=host,
        digest=intent.digest(worker=host),
    ):
        intent.relay()
