"""Every way in which a job ends with a refund, for what holds in all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.harness.escrow import HOUR, travel_to
from tests.harness.factory import CANCELLED, EXPIRED, REJECTED, SPLIT, Factory, Job
from tests.unit.job_factory.intents import cancelling, expiring, releasing, verifying
from tests.unit.job_factory.lives import posted, worked

SHARE = 6_000


@dataclass(frozen=True)
class Ending:
    """How a job comes to an end with a refund, and in which status."""

    name: str
    status: int
    prepare: Callable[[Job], Any]
    end: Callable[[Job], Any]

    def prepared(self, factory: Factory, issuer: Any, **terms: Any) -> Job:
        """A job that ends with the next call."""
        terms = {"claimDuration": HOUR, "workDuration": 2 * HOUR} | terms
        job = posted(factory, issuer=issuer, **terms)
        self.prepare(job)
        return job


def _late(job: Job) -> None:
    job.pass_deadline()


def _claimed_late(job: Job) -> None:
    job.claim()
    job.pass_deadline()


def _claim_over(job: Job) -> None:
    job.claim()
    travel_to(job.posted.timestamp + HOUR + 1)


ENDINGS = [
    Ending("cancelled", CANCELLED, lambda job: None, Job.cancel),
    Ending("rejected", REJECTED, worked, Job.reject),
    Ending("split", SPLIT, worked, lambda job: job.split(SHARE)),
    Ending("unclaimed", EXPIRED, _late, Job.expire),
    Ending("no work", EXPIRED, _claimed_late, Job.expire),
    Ending("given back", EXPIRED, _claim_over, Job.release),
]
SIGNED_ENDINGS = [
    Ending("cancelled by signature", CANCELLED, lambda job: None, lambda j: cancelling(j).relay()),
    Ending(
        "split by signature",
        SPLIT,
        worked,
        lambda job: verifying(job, False, False, SHARE).relay(),
    ),
    Ending("expired by signature", EXPIRED, _late, lambda job: expiring(job).relay()),
    Ending("given back by signature", EXPIRED, _claim_over, lambda job: releasing(job).relay()),
]
every_ending = pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.name)
every_signed_ending = pytest.mark.parametrize(
    "ending", ENDINGS + SIGNED_ENDINGS, ids=lambda ending: ending.name
)
