"""JobFactory.claimJob: the payee, or any active worker, takes the job."""

import pytest

from tests.harness.escrow import ZERO
from tests.harness.events import emitted, event
from tests.harness.factory import CLAIMED, OPEN
from tests.harness.reverts import reverts
from tests.unit.job_factory.lives import BOND, every_status_but, posted, standing
from tests.unit.job_factory.posting import details_of


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
        job.claim()


def test_revert_when_it_is_too_late(factory, chain, job):
    """It should revert: the time to claim must not be over."""
    claim_by = job.details.deadline
    chain.pending_timestamp = claim_by + 1
    with reverts(factory.contract.JobFactory_TooLate, deadline=claim_by, time=claim_by + 1):
        job.claim()


@pytest.mark.parametrize("who", ["worker", "other_host", "issuer", "evaluator", "stranger"])
def test_revert_when_the_caller_is_not_the_payee(factory, host, actors, evaluator, who):
    """It should revert: the caller must be the payee, if one is named."""
    job = posted(factory, payee=host, evaluator=evaluator)
    with reverts(factory.contract.JobFactory_NotPayee, payee=host, account=actors[who]):
        job.claim(sender=actors[who])


@pytest.mark.parametrize(
    ("who", "evaluator"), [("issuer", None), ("issuer", "host"), ("host", "host")]
)
def test_revert_when_the_caller_has_a_role(factory, actors, worker, who, evaluator):
    """It should revert: the caller must be neither the issuer nor the evaluator.

    The evaluator is an active worker here, so that this alone keeps it from claiming.
    """
    job = posted(factory, evaluator=actors[evaluator] if evaluator else ZERO)
    with reverts(factory.contract.JobFactory_RolesCollide, account=actors[who]):
        job.claim(sender=actors[who])


@pytest.mark.parametrize("who", ["stranger", "user", "owner", "operator"])
def test_revert_when_the_caller_is_no_worker(factory, job, actors, who):
    """It should revert: the caller must be an active worker, if no payee is named."""
    with reverts(factory.contract.JobFactory_WorkerNotActive, worker=actors[who]):
        job.claim(sender=actors[who])


@pytest.mark.parametrize("value", [0, 1, BOND - 1, BOND + 1, 2 * BOND])
def test_revert_when_the_value_is_not_the_bond(factory, job, value):
    """It should revert: the value sent must be the claim bond."""
    with reverts(factory.contract.Payments_ValueMismatch, expected=BOND, actual=value):
        job.claim(value=value)


def test_details(factory, worker, job):
    """It should show the worker, and its time to work from now on."""
    before = details_of(factory, job.id)
    claimed_at = job.claim().timestamp
    assert details_of(factory, job.id) == before | {
        "status": CLAIMED,
        "worker": worker.address.lower(),
        "deadline": claimed_at + job.terms.workDuration,
        "bondFunder": worker.address.lower(),
    }


def test_events(factory, worker, job):
    """It should emit JobClaimed alone."""
    tx = job.claim()
    assert emitted(tx) == [
        event(
            factory.contract.JobClaimed,
            jobId=job.id,
            worker=worker,
            round=1,
            workBy=tx.timestamp + job.terms.workDuration,
            bond=BOND,
            bondFunder=worker,
        )
    ]


def test_bond(factory, worker, job):
    """It should hold the bond, in the caller's name."""
    job.claim()
    assert factory.balance(factory.contract, "0x" + "00" * 20) == BOND
    assert job.details.bondFunder == worker
    assert factory.credits(worker) == 0


def test_unregistered_payee(factory, stranger):
    """It should let it claim."""
    job = posted(factory, payee=stranger)
    job.claim(sender=stranger)
    assert (job.details.worker, job.status) == (stranger, CLAIMED)


def test_payee_only(factory, host, worker):
    """It should let nobody else claim."""
    job = posted(factory, payee=host)
    with reverts(factory.contract.JobFactory_NotPayee, payee=host, account=worker):
        job.claim(sender=worker)
    job.claim(sender=host)
    assert job.details.worker == host


def test_no_bond(factory, worker):
    """It should refuse any value."""
    job = posted(factory, claimBond=0)
    with reverts(factory.contract.Payments_ValueMismatch, expected=0, actual=1):
        job.claim(value=1)
    tx = job.claim(value=0)
    assert emitted(tx) == [
        event(
            factory.contract.JobClaimed,
            jobId=job.id,
            worker=worker,
            round=1,
            workBy=tx.timestamp + job.terms.workDuration,
            bond=0,
            bondFunder=ZERO,
        )
    ]
    assert job.details.bondFunder == ZERO


@pytest.mark.parametrize("how", ["deregisters", "is deactivated"])
def test_former_worker(factory, escrow, admin, worker, job, how):
    """It should refuse its claim."""
    if how == "deregisters":
        escrow.registry.deregister(sender=worker)
    else:
        escrow.registry.deactivate(worker, sender=admin)
    with reverts(factory.contract.JobFactory_WorkerNotActive, worker=worker):
        job.claim()


def test_several_jobs(factory, worker, job):
    """It should let it claim this one too."""
    other = posted(factory)
    other.claim()
    job.claim()
    assert job.details.worker == other.details.worker == worker


def test_last_second(factory, job):
    """It should accept the claim in its last second."""
    job.at_deadline()
    assert job.claim().timestamp == job.posted.timestamp + job.terms.claimDuration
    assert job.status == CLAIMED
