"""Rounds: work that is sent back, and what of the job that changes."""

import pytest

from tests.harness.escrow import HOUR, MINUTE, ZERO
from tests.harness.events import emitted
from tests.harness.factory import (
    APPROVE,
    CANCELLED,
    COMPLETED,
    EXPIRED,
    MAX_ROUNDS,
    OPEN,
    REJECT,
    REJECTED,
    SPLIT,
    WORK,
)
from tests.harness.reverts import reverts
from tests.unit.job_factory.intents import verifying
from tests.unit.job_factory.lives import (
    BOND,
    REJECT_FEE,
    SECOND_AMOUNT,
    SECOND_FEE,
    THIRD_AMOUNT,
    THIRD_FEE,
    posted,
    reopened,
    worked,
)
from tests.unit.job_factory.posting import details_of

OTHER_WORK = b"\x4e" * 32
STORED_WORK = WORK[:20].ljust(32, b"\0")


@pytest.fixture
def job(factory):
    """An open job."""
    return posted(factory)


def test_next_round(factory, chain, job):
    """It should begin the next round with the rest, and its own time to claim."""
    for round_, amount in ((2, SECOND_AMOUNT), (3, THIRD_AMOUNT)):
        worked(job)
        chain.pending_timestamp += HOUR
        at = job.reopen().timestamp
        details = job.details
        assert (details.status, details.round, details.amount) == (OPEN, round_, amount)
        assert details.deadline == at + job.terms.claimDuration


def test_kept(factory, evaluator):
    """It should keep terms and work, and forget the worker."""
    job = posted(factory, evaluator=evaluator)
    before = details_of(factory, job.id)
    reopened(job)
    after = details_of(factory, job.id)
    changed = {name for name, value in before.items() if after[name] != value}
    assert changed - {"deadline"} == {"round", "amount", "workHash"}
    assert (after["worker"], after["workHash"]) == (ZERO, STORED_WORK)


@pytest.mark.parametrize("who", ["worker", "host"])
def test_next_worker(factory, actors, job, who):
    """It should let another worker claim, or the same one."""
    reopened(job)
    job.claim(sender=actors[who])
    assert job.details.worker == actors[who]


@pytest.mark.parametrize("rounds", [0, 1, 2])
def test_durations(factory, chain, rounds):
    """It should count each duration from its own start in every round."""
    job = posted(factory, claimDuration=HOUR, workDuration=2 * HOUR, reviewDuration=3 * HOUR)
    for _ in range(rounds):
        for step in (job.claim, job.submit, job.reopen):
            chain.pending_timestamp += 7 * MINUTE
            step()
    chain.pending_timestamp += 11 * MINUTE
    claimed_at = job.claim().timestamp
    assert job.details.deadline == claimed_at + 2 * HOUR
    chain.pending_timestamp += 13 * MINUTE
    submitted_at = job.submit().timestamp
    assert job.details.deadline == submitted_at + 3 * HOUR


def test_bond(factory, worker, issuer, job):
    """It should ask for the bond anew."""
    reopened(job)
    with reverts(factory.contract.Payments_ValueMismatch, expected=BOND, actual=0):
        job.claim(value=0)
    job.claim()
    job.release()
    assert (factory.credits(worker), factory.credits(issuer)) == (BOND, BOND)


def test_work_of_before(factory, issuer, job):
    """It should keep the work of the round before from being judged again.

    Even if the same work is submitted once more, the old verdict names the old round.
    """
    worked(job)
    old = verifying(job, *APPROVE)
    job.reopen()
    worked(job)
    with reverts(
        factory.contract.JobFactory_SignatureInvalid, signer=issuer, digest=old.digest(round=2)
    ):
        old.relay()


def test_cancel(factory, issuer, job):
    """It should let the issuer cancel it, and refund the rest."""
    reopened(job, 2)
    before = factory.balance(issuer)
    job.cancel()
    assert factory.balance(issuer) - before == THIRD_AMOUNT
    assert job.status == CANCELLED


def test_unclaimed(factory, issuer, job):
    """It should expire if nobody claims it again."""
    reopened(job)
    before = factory.balance(issuer)
    job.pass_deadline()
    job.expire()
    assert factory.balance(issuer) - before == SECOND_AMOUNT
    assert job.status == EXPIRED


@pytest.mark.parametrize("who", ["issuer", "evaluator"])
def test_no_fourth(factory, actors, who):
    """It should not go back once more."""
    evaluator = actors["evaluator"] if who == "evaluator" else ZERO
    job = worked(reopened(posted(factory, evaluator=evaluator), 2))
    with reverts(factory.contract.JobFactory_RoundsExhausted, maxRounds=MAX_ROUNDS):
        job.reopen(sender=actors[who])
    with reverts(factory.contract.JobFactory_RoundsExhausted, maxRounds=MAX_ROUNDS):
        verifying(job, False, True, verifier=actors[who]).relay()


ENDINGS = {
    "approved": (lambda job: job.approve(), THIRD_AMOUNT, COMPLETED),
    "split": (lambda job: job.split(5_000), THIRD_AMOUNT // 2, SPLIT),
    "rejected": (lambda job: job.verify(*REJECT), THIRD_FEE, REJECTED),
    "silence": (lambda job: (job.pass_deadline(), job.default()), THIRD_AMOUNT, COMPLETED),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_third(factory, worker, job, ending):
    """It should end in every other way."""
    end, earned, status = ENDINGS[ending]
    worked(reopened(job, 2))
    end(job)
    assert (job.status, job.details.round) == (status, 3)
    assert factory.earned(worker) == REJECT_FEE + SECOND_FEE + earned


def test_each_its_own(factory, worker, host, other_host, job):
    """It should pay each what it earned."""
    worked(job, worker).reopen()
    worked(job, host).reopen()
    worked(job, other_host).split(4_000)
    earned = [factory.earned(who) for who in (worker, host, other_host)]
    assert earned == [REJECT_FEE, SECOND_FEE, THIRD_AMOUNT * 4_000 // 10_000]


def test_given_back(factory, host, job):
    """It should stay in the same round."""
    reopened(job)
    claim_by = job.details.deadline
    job.claim()
    job.release()
    assert (job.details.round, job.details.deadline) == (2, claim_by)
    job.claim(sender=host)
    happened, _ = emitted(job.submit(OTHER_WORK, sender=host))
    assert ("round", 2) in happened.arguments
