"""JobFactory.claimJobBySig: the worker's word; whoever brings it brings the bond."""

import pytest

from tests.harness.escrow import ETHER, HOUR
from tests.harness.events import emitted, event
from tests.harness.factory import CLAIMED, OPEN
from tests.harness.reverts import reverts
from tests.unit.job_factory.intents import claiming
from tests.unit.job_factory.lives import (
    BOND,
    late_or_early,
    posted,
    standing,
    untimely,
)
from tests.unit.job_factory.posting import details_of


@pytest.fixture
def job(factory):
    """An open job."""
    return posted(factory)


WRONG = {
    "status": lambda f, job, actors: (
        standing(f, CLAIMED),
        "worker",
        ("JobFactory_WrongStatus", {"expected": OPEN, "actual": CLAIMED}),
    ),
    "payee": lambda f, job, actors: (
        posted(f, payee=actors["host"]),
        "worker",
        ("JobFactory_NotPayee", {"payee": actors["host"], "account": actors["worker"]}),
    ),
    "issuer": lambda f, job, actors: (
        job,
        "issuer",
        ("JobFactory_RolesCollide", {"account": actors["issuer"]}),
    ),
    "evaluator": lambda f, job, actors: (
        posted(f, evaluator=actors["host"]),
        "host",
        ("JobFactory_RolesCollide", {"account": actors["host"]}),
    ),
    "no worker": lambda f, job, actors: (
        job,
        "stranger",
        ("JobFactory_WorkerNotActive", {"worker": actors["stranger"]}),
    ),
}


@pytest.mark.parametrize("wrong", [*WRONG, "late", "value"])
def test_revert_when_something_is_wrong(factory, chain, job, actors, wrong):
    """It should revert: the job, the worker and the value sent must be such as {claimJob} accepts."""
    who, value = "worker", BOND
    if wrong == "late":
        claim_by = job.details.deadline
        chain.pending_timestamp = claim_by + 1
        refusal = "JobFactory_TooLate", {"deadline": claim_by, "time": claim_by + 1}
    elif wrong == "value":
        value = BOND - 1
        refusal = "Payments_ValueMismatch", {"expected": BOND, "actual": value}
    else:
        job, who, refusal = WRONG[wrong](factory, job, actors)
    error, arguments = refusal
    if wrong == "status":
        arguments = arguments | {"jobId": job.id}
    with reverts(getattr(factory.contract, error), **arguments):
        claiming(job, actors[who]).relay(value=value)


@late_or_early
def test_revert_when_the_deadline_is_out_of_bounds(factory, chain, job, late):
    """It should revert: the deadline must not have passed, nor be more than seven days away."""
    deadline, bounds = untimely(chain, late)
    with reverts(factory.contract.JobFactory_DeadlineOutOfRange, **bounds):
        claiming(job, deadline=deadline).relay()


def test_revert_when_revoked(factory, worker, job):
    """It should revert: the intent must not have been revoked by its signer."""
    intent = claiming(job)
    factory.contract.revokeIntent(intent.digest(), sender=worker)
    with reverts(factory.contract.JobFactory_IntentRevoked, signer=worker, digest=intent.digest()):
        intent.relay()


@pytest.mark.parametrize("who", ["issuer", "host", "relayer", "owner", "signer", "stranger"])
def test_revert_when_somebody_else_signed(factory, worker, job, actors, who):
    """It should revert: the signature must be the worker's."""
    intent = claiming(job)
    with reverts(
        factory.contract.JobFactory_SignatureInvalid, signer=worker, digest=intent.digest()
    ):
        intent.relay(intent.signed_by(actors[who]))


def test_details(factory, worker, relayer, job):
    """It should make the worker the worker, and the caller the one who gets the bond back."""
    before = details_of(factory, job.id)
    claimed_at = claiming(job).relay().timestamp
    assert details_of(factory, job.id) == before | {
        "status": CLAIMED,
        "worker": worker.address.lower(),
        "deadline": claimed_at + job.terms.workDuration,
        "bondFunder": relayer.address.lower(),
    }
    assert factory.held(ETHER) == BOND


def test_events(factory, worker, relayer, job):
    """It should emit NonceUsed and JobClaimed."""
    tx = claiming(job).relay()
    assert emitted(tx) == [
        event(factory.contract.NonceUsed, account=worker, nonce=0),
        event(
            factory.contract.JobClaimed,
            jobId=job.id,
            worker=worker,
            round=1,
            workBy=tx.timestamp + job.terms.workDuration,
            bond=BOND,
            bondFunder=relayer,
        ),
    ]


def test_nonce(factory, actors, job):
    """It should raise the worker's nonce by one, and nobody else's."""
    claiming(job).relay()
    nonces = {name: factory.nonce(account) for name, account in actors.items()}
    assert nonces == dict.fromkeys(actors, 0) | {"worker": 1}


@pytest.mark.parametrize("who", ["worker", "stranger", "host", "owner"])
def test_any_relayer(factory, worker, job, actors, who):
    """It should let anyone bring it."""
    claiming(job).relay(sender=actors[who])
    assert (job.details.worker, job.details.bondFunder) == (worker, actors[who])


def test_order(factory, worker, job):
    """It should take them in the order of their nonces only."""
    other = posted(factory)
    deadline = factory.intent("CancelJob", jobId=1, round=1).deadline + HOUR
    first = claiming(job, nonce=0, deadline=deadline)
    second = claiming(other, nonce=1, deadline=deadline)
    with reverts(
        factory.contract.JobFactory_SignatureInvalid,
        signer=worker,
        digest=second.digest(nonce=0),
    ):
        second.relay()
    first.relay()
    second.relay()
    assert job.status == other.status == CLAIMED


def test_twice(factory, worker, job):
    """It should refuse the claim the second time."""
    intent = claiming(job)
    intent.relay()
    job.release()
    with reverts(
        factory.contract.JobFactory_SignatureInvalid,
        signer=worker,
        digest=intent.digest(nonce=1),
    ):
        intent.relay()


def test_issuer_funds(factory, issuer, job):
    """It should let it fund its own worker."""
    claiming(job).relay(sender=issuer)
    assert job.details.bondFunder == issuer
    job.submit()
    assert factory.credits(issuer) == BOND
