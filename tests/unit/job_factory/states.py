"""Every situation that a job can be in: what was done, in which round, and how late it is."""

from collections.abc import Callable
from typing import Any

from tests.harness.escrow import DAY, HOUR, travel_to
from tests.harness.factory import CLAIMED, SUBMITTED, Factory, Job
from tests.unit.job_factory.lives import posted

# The issuer's operator is appointed in all of them. `worker` and `host` are active workers.
TERM = 300 * DAY


def _operated(factory: Factory, **terms: Any) -> Job:
    job = posted(factory, claimDuration=HOUR, workDuration=2 * HOUR, **terms)
    factory.appoint(job.posted.timestamp + TERM)
    return job


def opened(factory: Factory) -> Job:
    """For any active worker."""
    return _operated(factory)


def named(factory: Factory) -> Job:
    """For the worker alone."""
    return _operated(factory, payee=factory.actors["worker"])


def judged(factory: Factory) -> Job:
    """With an evaluator, who is an active worker."""
    return _operated(factory, evaluator=factory.actors["evaluator"])


def claimed(job: Job) -> Job:
    """The worker claims."""
    return job.in_status(CLAIMED)


def given_back(job: Job) -> Job:
    """The worker claims and gives up."""
    claimed(job).release()
    return job


def submitted(job: Job) -> Job:
    """The worker submits."""
    return job.in_status(SUBMITTED)


def again(job: Job) -> Job:
    """The issuer sends the work back."""
    job.reopen()
    return job


def late(job: Job) -> Job:
    """The first second after the time of whoever must act."""
    job.pass_deadline()
    return job


def claim_over(job: Job) -> Job:
    """Nobody else could claim any more, but the worker still works."""
    travel_to(job.posted.timestamp + HOUR + 1)
    return job


def in_turn(*steps: Callable[[Any], Job]) -> Callable[[Factory], Job]:
    """One step after the other, the posting first."""

    def build(factory: Factory) -> Job:
        state: Any = factory
        for step in steps:
            state = step(state)
        return state

    return build


OPEN_STATES: dict[str, Callable[[Factory], Job]] = {
    "open": opened,
    "open for one": named,
    "open with evaluator": judged,
    "open, late": in_turn(opened, late),
    "open, given back": in_turn(opened, given_back),
    "open again": in_turn(opened, submitted, again),
    "open a third time": in_turn(opened, submitted, again, submitted, again),
    "open again, late": in_turn(opened, submitted, again, late),
    "claimed": in_turn(opened, claimed),
    "claimed by the payee": in_turn(named, claimed),
    "claimed, no more claims": in_turn(opened, claimed, claim_over),
    "claimed, late": in_turn(opened, claimed, late),
    "claimed again": in_turn(opened, submitted, again, claimed),
    "submitted": in_turn(opened, submitted),
    "submitted, late": in_turn(opened, submitted, late),
    "submitted with evaluator": in_turn(judged, submitted),
    "submitted with evaluator, late": in_turn(judged, submitted, late),
    "submitted a third time": in_turn(opened, submitted, again, submitted, again, submitted),
}


def _ended(end: Callable[[Job], Any], *steps: Callable[[Any], Job]) -> Callable[[Factory], Job]:
    def build(factory: Factory) -> Job:
        job = in_turn(*steps)(factory)
        end(job)
        return job

    return build


FINAL_STATES: dict[str, Callable[[Factory], Job]] = {
    "completed": _ended(Job.approve, opened, submitted),
    "completed by silence": _ended(Job.default, opened, submitted, late),
    "split": _ended(lambda job: job.split(6_000), opened, submitted),
    "rejected": _ended(Job.reject, opened, submitted),
    "cancelled": _ended(Job.cancel, opened),
    "expired unclaimed": _ended(Job.expire, opened, late),
    "expired without work": _ended(Job.expire, opened, claimed, late),
    "expired when given back": _ended(Job.release, opened, claimed, claim_over),
    "rejected in the third round": _ended(
        Job.reject, opened, submitted, again, submitted, again, submitted
    ),
}
