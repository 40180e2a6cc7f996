"""Operators: an issuer's power in another's hands, in its place and in nothing else."""

import pytest

from tests.harness.escrow import DAY, HOUR
from tests.harness.events import emitted
from tests.harness.factory import (
    APPROVE,
    CANCELLED,
    COMPLETED,
    OPEN,
    REJECT,
    REJECTED,
    REOPEN,
    SPLIT,
)
from tests.harness.reverts import reverts
from tests.unit.job_factory.intents import cancelling, posting, verifying
from tests.unit.job_factory.lives import posted, worked

VERDICTS = {
    "approve": (APPROVE, COMPLETED),
    "reopen": (REOPEN, OPEN),
    "split": ((False, False, 6_000), SPLIT),
    "reject": (REJECT, REJECTED),
}
every_verdict = pytest.mark.parametrize("verdict", VERDICTS)
every_other_verdict = pytest.mark.parametrize("verdict", ["reopen", "split", "reject"])


@pytest.fixture(autouse=True)
def until(factory, chain):
    """The issuer has an operator for a month; until when."""
    until = chain.pending_timestamp + 30 * DAY
    factory.appoint(until)
    return until


def test_cancels(factory, operator):
    """It should cancel as the issuer would, in its own name."""
    job = posted(factory)
    cancelled, _ = emitted(job.cancel(sender=operator))
    assert ("canceller", operator.address.lower()) in cancelled.arguments
    assert job.status == CANCELLED


@every_verdict
def test_judges(factory, operator, verdict):
    """It should judge as the issuer would, in all four ways, in its own name."""
    job = worked(posted(factory))
    arguments, status = VERDICTS[verdict]
    happened, *_ = emitted(job.verify(*arguments, sender=operator))
    name = "completer" if verdict == "approve" else "verifier"
    assert (name, operator.address.lower()) in happened.arguments
    assert job.status == status


def test_every_job(factory, issuer, user, operator):
    """It should act for every job of the issuer, of before and after."""
    factory.appoint(0)
    before = posted(factory)
    factory.appoint(before.posted.timestamp + DAY)
    after = posted(factory)
    for job in (before, after):
        job.cancel(sender=operator)
        assert job.status == CANCELLED
    theirs = posted(factory, issuer=user)
    with reverts(factory.contract.JobFactory_NotIssuer, issuer=user, account=operator):
        theirs.cancel(sender=operator)


@pytest.mark.parametrize("act", ["cancel", "approve"])
def test_last_second(factory, issuer, operator, chain, until, act):
    """It should act until its last second, and no longer."""
    first, second = (posted(factory) for _ in range(2))
    error = factory.contract.JobFactory_NotIssuer, {"issuer": issuer}
    if act == "approve":
        for job in (first, second):
            worked(job)
        error = factory.contract.JobFactory_NotVerifier, {"verifier": issuer}
    chain.pending_timestamp = until
    getattr(first, act)(sender=operator)
    chain.pending_timestamp = until + 1
    with reverts(error[0], **error[1], account=operator):
        getattr(second, act)(sender=operator)


def test_taken_back(factory, issuer, operator):
    """It should refuse it."""
    open_, done = posted(factory), worked(posted(factory))
    factory.appoint(0)
    with reverts(factory.contract.JobFactory_NotIssuer, issuer=issuer, account=operator):
        open_.cancel(sender=operator)
    with reverts(factory.contract.JobFactory_NotVerifier, verifier=issuer, account=operator):
        done.approve(sender=operator)


@every_verdict
def test_beside_an_evaluator(factory, operator, evaluator, verdict):
    """It should approve, and nothing else."""
    job = worked(posted(factory, evaluator=evaluator))
    arguments, status = VERDICTS[verdict]
    if verdict == "approve":
        job.verify(*arguments, sender=operator)
        assert job.status == status
        return
    with reverts(factory.contract.JobFactory_NotVerifier, verifier=evaluator, account=operator):
        job.verify(*arguments, sender=operator)


@every_verdict
def test_issuer_as_evaluator(factory, issuer, operator, verdict):
    """It should judge as the issuer would."""
    job = worked(posted(factory, evaluator=issuer))
    arguments, status = VERDICTS[verdict]
    job.verify(*arguments, sender=operator)
    assert job.status == status


@every_verdict
def test_evaluators_operator(factory, evaluator, relayer, until, verdict):
    """It should refuse that one's verdict."""
    factory.appoint(until, operator=relayer, issuer=evaluator)
    job = worked(posted(factory, evaluator=evaluator))
    with reverts(factory.contract.JobFactory_NotVerifier, verifier=evaluator, account=relayer):
        job.verify(*VERDICTS[verdict][0], sender=relayer)


def test_operators_operator(factory, issuer, operator, relayer, until):
    """It should refuse that one."""
    factory.appoint(until, operator=relayer, issuer=operator)
    job = posted(factory)
    with reverts(factory.contract.JobFactory_NotIssuer, issuer=issuer, account=relayer):
        job.cancel(sender=relayer)
    worked(job)
    with reverts(factory.contract.JobFactory_NotVerifier, verifier=issuer, account=relayer):
        job.approve(sender=relayer)


@every_verdict
@pytest.mark.parametrize("evaluated", [False, True])
def test_own_work(factory, issuer, worker, evaluator, until, verdict, evaluated):
    """It should refuse its verdict on its own work."""
    factory.appoint(until, operator=worker)
    terms = {"evaluator": evaluator} if evaluated else {}
    job = worked(posted(factory, **terms))
    with reverts(
        factory.contract.JobFactory_NotVerifier,
        verifier=evaluator if evaluated else issuer,
        account=worker,
    ):
        job.verify(*VERDICTS[verdict][0], sender=worker)


def test_anothers_work(factory, worker, host, until):
    """It should accept its verdict on another's work."""
    factory.appoint(until, operator=worker)
    job = worked(posted(factory), host)
    job.reject(sender=worker)
    assert job.status == REJECTED


def test_signature(factory, issuer, operator):
    """It should refuse its signature, which no party gave."""
    job, done = posted(factory), worked(posted(factory))
    for intent in (
        posting(factory, factory.terms(), issuer, signer=operator),
        cancelling(job, signer=operator),
        verifying(done, *REJECT, signer=operator),
    ):
        with reverts(
            factory.contract.JobFactory_SignatureInvalid, signer=issuer, digest=intent.digest()
        ):
            intent.relay()
    with reverts(factory.contract.JobFactory_NotVerifier, verifier=issuer, account=operator):
        verifying(done, *APPROVE, verifier=operator).relay()


def test_posts_for_itself(factory, usdc, owner, operator, issuer):
    """It should post a job of its own."""
    usdc.mint(operator, 10**9, sender=owner)
    usdc.approve(factory.contract, 10**9, sender=operator)
    job = posted(factory, issuer=operator, claimDuration=2 * HOUR)
    assert job.details.issuer == operator
    with reverts(factory.contract.JobFactory_NotIssuer, issuer=operator, account=issuer):
        job.cancel(sender=issuer)
