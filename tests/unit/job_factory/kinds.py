"""One intent of each kind, ready to be carried out."""

from collections.abc import Callable
from typing import Any

from tests.harness.factory import CLAIMED, SUBMITTED, Factory, Job
from tests.unit.job_factory.intents import (
    Signed,
    cancelling,
    claiming,
    expiring,
    posting,
    releasing,
    submitting,
    verifying,
)
from tests.unit.job_factory.lives import BOND, REJECT_FEE_BPS, posted

SHARE = 6_000


def _posting(factory: Factory, *, issuer: Any = None, **terms: Any) -> Signed:
    terms = {"claimBond": BOND, "rejectFeeBps": REJECT_FEE_BPS} | terms
    return posting(factory, factory.terms(**terms), issuer or factory.actors["issuer"])


def overdue(job: Job) -> Job:
    """Nobody claimed in time."""
    job.pass_deadline()
    return job


# By the struct's name; a job's terms may be changed.
KINDS: dict[str, Callable[..., Signed]] = {
    "PostJob": _posting,
    "CancelJob": lambda f, **terms: cancelling(posted(f, **terms)),
    "ExpireJob": lambda f, **terms: expiring(overdue(posted(f, **terms))),
    "ClaimJob": lambda f, **terms: claiming(posted(f, **terms)),
    "ReleaseClaim": lambda f, **terms: releasing(posted(f, **terms).in_status(CLAIMED)),
    "SubmitWork": lambda f, **terms: submitting(posted(f, **terms).in_status(CLAIMED)),
    "VerifyJob": lambda f, **terms: verifying(
        posted(f, **terms).in_status(SUBMITTED), False, False, SHARE
    ),
}
