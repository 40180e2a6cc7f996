"""JobFactory.verifyJobBySig: a verdict that names the round and the work that it judges."""

import pytest

from tests.harness.escrow import DAY
from tests.harness.events import emitted
from tests.harness.execution import isolated
from tests.harness.factory import (
    APPROVE,
    BPS,
    COMPLETED,
    MAX_ROUNDS,
    MAX_SPLIT_BPS,
    OPEN,
    REJECT,
    REOPEN,
    SUBMITTED,
    WORK,
)
from tests.harness.reverts import reverts
from tests.unit.job_factory.intents import verifying
from tests.unit.job_factory.lives import (
    late_or_early,
    posted,
    reopened,
    standing,
    untimely,
    worked,
)
from tests.unit.job_factory.posting import details_of

SHARE = 6_000
VERDICTS = {
    "approve": APPROVE,
    "reopen": REOPEN,
    "split": (False, False, SHARE),
    "reject": REJECT,
}
every_verdict = pytest.mark.parametrize("verdict", VERDICTS)


@pytest.fixture
def job(factory):
    """A submitted job."""
    return worked(posted(factory))


@pytest.fixture
def evaluated(factory, evaluator):
    """A submitted job with an evaluator."""
    return worked(posted(factory, evaluator=evaluator))


@pytest.mark.parametrize("wrong", ["status", "contradiction", "split", "late", "rounds"])
def test_revert_given_the_wrong_job(factory, chain, job, wrong):
    """It should revert: the job and the verdict must be such as {verifyJob} accepts."""
    contract, verdict = factory.contract, REOPEN
    if wrong == "status":
        job = standing(factory, OPEN)
        error = contract.JobFactory_WrongStatus
        arguments = {"jobId": job.id, "expected": SUBMITTED, "actual": OPEN}
    elif wrong == "contradiction":
        verdict, error = (True, True, 1), contract.JobFactory_VerdictContradictory
        arguments = {"approved": True, "reopen": True, "splitBps": 1}
    elif wrong == "split":
        verdict, error = (False, False, BPS), contract.JobFactory_SplitOutOfRange
        arguments = {"min": 1, "max": MAX_SPLIT_BPS, "actual": BPS}
    elif wrong == "late":
        review_by = job.details.deadline
        chain.pending_timestamp = review_by + 1
        error = contract.JobFactory_TooLate
        arguments = {"deadline": review_by, "time": review_by + 1}
    else:
        job = worked(reopened(job.factory.post(), 2))
        error, arguments = contract.JobFactory_RoundsExhausted, {"maxRounds": MAX_ROUNDS}
    with reverts(error, **arguments):
        verifying(job, *verdict).relay()


@every_verdict
@pytest.mark.parametrize("who", ["worker", "operator", "relayer", "stranger"])
def test_revert_when_the_signer_is_not_the_verifier(factory, issuer, job, actors, who, verdict):
    """It should revert: the signer must be the verifier, or the issuer to approve."""
    with reverts(factory.contract.JobFactory_NotVerifier, verifier=issuer, account=actors[who]):
        verifying(job, *VERDICTS[verdict], verifier=actors[who]).relay()


def test_revert_when_the_work_is_another(factory, job):
    """It should revert: the work hash must be that of the submitted work."""
    stored = WORK[:20].ljust(32, b"\0")
    for work in (b"\x4e" * 32, bytes(32), WORK[:19] + b"\x3c" + WORK[20:]):
        with reverts(factory.contract.JobFactory_WorkHashMismatch, submitted=stored, actual=work):
            verifying(job, *APPROVE, work=work).relay()


@late_or_early
def test_revert_when_the_deadline_is_out_of_bounds(factory, chain, job, late):
    """It should revert: the deadline must not have passed, nor be more than seven days away."""
    deadline, bounds = untimely(chain, late)
    with reverts(factory.contract.JobFactory_DeadlineOutOfRange, **bounds):
        verifying(job, *APPROVE, deadline=deadline).relay()


def test_revert_when_revoked(factory, issuer, job):
    """It should revert: the intent must not have been revoked by its signer."""
    intent = verifying(job, *REJECT)
    factory.contract.revokeIntent(intent.digest(), sender=issuer)
    with reverts(factory.contract.JobFactory_IntentRevoked, signer=issuer, digest=intent.digest()):
        intent.relay()


@pytest.mark.parametrize("who", ["worker", "evaluator", "relayer", "owner", "stranger"])
def test_revert_when_somebody_else_signed(factory, issuer, job, actors, who):
    """It should revert: the signature must be the signer's."""
    intent = verifying(job, *APPROVE)
    with reverts(
        factory.contract.JobFactory_SignatureInvalid, signer=issuer, digest=intent.digest()
    ):
        intent.relay(intent.signed_by(actors[who]))


def outcome(factory, job, act, second):
    """What an act does: the job, and the money of everyone."""
    with isolated():
        actors = factory.actors
        second(act)
        money = {
            name: (factory.earned(account), factory.credits(account), factory.balance(account))
            for name, account in actors.items()
        }
        return details_of(factory, job.id), money


@every_verdict
@pytest.mark.parametrize("who", ["relayer", "worker", "stranger"])
def test_as_by_call(factory, chain, actors, job, verdict, who):
    """It should carry out every verdict as a call would, whoever brings it."""
    intent = verifying(job, *VERDICTS[verdict])
    now = chain.pending_timestamp + 10

    def at_that_time(act):
        chain.pending_timestamp = now
        act()

    called = outcome(factory, job, lambda: job.verify(*VERDICTS[verdict]), at_that_time)
    signed = outcome(factory, job, lambda: intent.relay(sender=actors[who]), at_that_time)
    assert signed == called


@every_verdict
def test_events(factory, chain, job, verdict):
    """It should emit as a call of the signer's would."""
    intent = verifying(job, *VERDICTS[verdict])
    now = chain.pending_timestamp + 10
    with isolated():
        chain.pending_timestamp = now
        called = emitted(job.verify(*VERDICTS[verdict]))
    chain.pending_timestamp = now
    assert emitted(intent.relay()) == called


def test_nonce(factory, issuer, job):
    """It should leave the signer's nonce alone."""
    verifying(job, *REOPEN).relay()
    assert factory.nonce(issuer) == 0


def test_issuers_approval(factory, issuer, evaluated):
    """It should accept the issuer's approval."""
    (completed,) = emitted(verifying(evaluated, *APPROVE, verifier=issuer).relay())
    assert ("completer", issuer.address.lower()) in completed.arguments
    assert evaluated.status == COMPLETED


@pytest.mark.parametrize("verdict", ["reopen", "split", "reject"])
def test_issuers_other_verdicts(factory, issuer, evaluator, evaluated, verdict):
    """It should refuse the issuer's other verdicts."""
    with reverts(factory.contract.JobFactory_NotVerifier, verifier=evaluator, account=issuer):
        verifying(evaluated, *VERDICTS[verdict], verifier=issuer).relay()


@every_verdict
def test_operator(factory, issuer, operator, chain, job, verdict):
    """It should refuse it."""
    factory.appoint(chain.pending_timestamp + DAY)
    with reverts(factory.contract.JobFactory_NotVerifier, verifier=issuer, account=operator):
        verifying(job, *VERDICTS[verdict], verifier=operator).relay()
    intent = verifying(job, *VERDICTS[verdict], signer=operator)
    with reverts(
        factory.contract.JobFactory_SignatureInvalid, signer=issuer, digest=intent.digest()
    ):
        intent.relay()


def test_unstored_bits(factory, issuer, job):
    """It should refuse it, for they are signed."""
    other = WORK[:20] + bytes(12)
    intent = verifying(job, *APPROVE)
    misquoted = intent.but(arguments=(job.id, other, *intent.arguments[2:]))
    with reverts(
        factory.contract.JobFactory_SignatureInvalid,
        signer=issuer,
        digest=intent.digest(workHash=other),
    ):
        misquoted.relay()
