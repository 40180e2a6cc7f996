"""Every window of JobFactory to the second: a party acts until its last one, everybody else from the next."""

import pytest

from tests.harness.escrow import HOUR, MINUTE
from tests.harness.factory import APPROVE, CLAIMED, OPEN, REJECT, SUBMITTED
from tests.harness.reverts import reverts
from tests.unit.job_factory.lives import posted, standing, worked

EDGES = pytest.mark.parametrize("after", [-1, 0, 1, 2])
# Which all differ, so that one taken for another shows.
TERMS = {
    "claimDuration": HOUR + 7 * MINUTE,
    "workDuration": HOUR + 11 * MINUTE,
    "reviewDuration": HOUR + 13 * MINUTE,
}


@pytest.fixture
def at_edge(factory, chain):
    """A job in a status, so many seconds after the last one of whoever must act; and that second."""

    def at_edge(status, after, **terms):
        job = standing(factory, status, **TERMS, **terms)
        deadline = job.details.deadline
        chain.pending_timestamp = deadline + after
        return job, deadline

    return at_edge


def assert_either(factory, job, deadline, after, party, anyone):
    """The party may until the deadline, anyone after it."""
    late = {"deadline": deadline, "time": deadline + after}
    early = {"earliest": deadline + 1, "time": deadline + after}
    if after <= 0:
        with reverts(factory.contract.JobFactory_TooEarly, **early):
            anyone()
        party()
    else:
        with reverts(factory.contract.JobFactory_TooLate, **late):
            party()
        anyone()


@EDGES
def test_claim(factory, at_edge, after):
    """It should let workers claim until its last second, and anyone expire from the next."""
    job, claim_by = at_edge(OPEN, after)
    assert_either(factory, job, claim_by, after, job.claim, job.expire)


@EDGES
@pytest.mark.parametrize("act", ["submit", "release"])
def test_work(factory, at_edge, after, act):
    """It should let the worker submit or give up until its last second, and anyone expire from the next."""
    job, work_by = at_edge(CLAIMED, after)
    assert_either(factory, job, work_by, after, getattr(job, act), job.expire)


@EDGES
@pytest.mark.parametrize("verdict", [REJECT, (False, True, 0), (False, False, 5_000)])
def test_review(factory, at_edge, after, verdict):
    """It should let the verifier judge until its last second, and anyone pay the worker from the next."""
    job, review_by = at_edge(SUBMITTED, after)
    assert_either(factory, job, review_by, after, lambda: job.verify(*verdict), job.default)


@EDGES
def test_approval(factory, at_edge, after):
    """It should let the issuer approve at any time."""
    job, _ = at_edge(SUBMITTED, after)
    job.verify(*APPROVE)
    assert job.details.deadline == 0


@pytest.mark.parametrize("waits", [(1, 1, 1), (MINUTE, 2 * MINUTE, 3 * MINUTE)])
def test_starts(factory, chain, waits):
    """It should count each from its own start, to the second."""
    job = posted(factory, **TERMS)
    assert job.details.deadline == job.posted.timestamp + TERMS["claimDuration"]
    for wait, step, duration in zip(
        waits,
        (job.claim, job.submit, job.reopen),
        ("workDuration", "reviewDuration", "claimDuration"),
        strict=True,
    ):
        chain.pending_timestamp += wait
        at = step().timestamp
        assert job.details.deadline == at + TERMS[duration]


@EDGES
@pytest.mark.parametrize("act", ["cancel", "reject"])
def test_operator(factory, issuer, operator, chain, after, act):
    """It should let it act until its last second, and no longer."""
    job = posted(factory)
    if act == "reject":
        worked(job)
    until = chain.pending_timestamp + MINUTE
    factory.appoint(until)
    chain.pending_timestamp = until + after
    if after <= 0:
        getattr(job, act)(sender=operator)
        assert job.details.deadline == 0
        return
    contract = factory.contract
    error, arguments = {
        "cancel": (contract.JobFactory_NotIssuer, {"issuer": issuer}),
        "reject": (contract.JobFactory_NotVerifier, {"verifier": issuer}),
    }[act]
    with reverts(error, account=operator, **arguments):
        getattr(job, act)(sender=operator)
