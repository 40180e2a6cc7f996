"""Jobs with a bond and a reject fee, brought to where a test begins."""

from typing import Any

import pytest

from tests.harness.escrow import MINUTE, USDC
from tests.harness.events import Event, event
from tests.harness.factory import BPS, MAX_INTENT_TIME, NONE, Factory, Job
from tests.unit.job_marketplace.closings import STARVED, gas_for_push

__all__ = ["STARVED", "gas_for_push"]

AMOUNT = 20 * USDC
BOND = 3 * 10**15
REJECT_FEE_BPS = 1_250
REJECT_FEE = AMOUNT * REJECT_FEE_BPS // BPS
SECOND_AMOUNT = AMOUNT - REJECT_FEE
SECOND_FEE = SECOND_AMOUNT * REJECT_FEE_BPS // BPS
THIRD_AMOUNT = SECOND_AMOUNT - SECOND_FEE
THIRD_FEE = THIRD_AMOUNT * REJECT_FEE_BPS // BPS
UNKNOWN = 404
STATUSES = range(9)


def posted(factory: Factory, **changes: Any) -> Job:
    """20 USDC, a bond of 0.003 ETH, an eighth for rejected work; changed as said."""
    return factory.post(**{"claimBond": BOND, "rejectFeeBps": REJECT_FEE_BPS} | changes)


def standing(factory: Factory, status: int, **changes: Any) -> Job:
    """Such a job in a status; `NONE` is one that was never posted."""
    job = posted(factory, **changes)
    if status == NONE:
        job.id = UNKNOWN
        return job
    return job.in_status(status)


def every_status_but(*allowed: int) -> Any:
    """Parametrizes `status` with all others."""
    return pytest.mark.parametrize("status", [s for s in STATUSES if s not in allowed])


def worked(job: Job, worker: Any = None) -> Job:
    """Somebody (by default the worker) claims and submits."""
    job.claim(sender=worker)
    job.submit(sender=worker)
    return job


def reopened(job: Job, times: int = 1) -> Job:
    """The verifier sends the worker's work back."""
    verifier = next(
        account
        for account in (job.issuer, *job.factory.actors.values())
        if account.address.lower() == job.details.verifier.lower()
    )
    for _ in range(times):
        worked(job).reopen(sender=verifier)
    return job


def credited(factory: Factory, account: Any, amount: int, token: Any = None) -> Event:
    """A credit's event; a bond's unless a token is said."""
    ether = "0x" + "00" * 20
    return event(factory.contract.Credited, account=account, token=token or ether, amount=amount)


def untimely(chain: Any, late: bool) -> tuple[int, dict[str, int]]:
    """A deadline that has passed a second ago, or comes a second too late, and what the refusal says."""
    now = chain.pending_timestamp + MINUTE
    chain.pending_timestamp = now
    latest = now + MAX_INTENT_TIME
    deadline = now - 1 if late else latest + 1
    return deadline, {"min": now, "max": latest, "actual": deadline}


late_or_early = pytest.mark.parametrize("late", [True, False], ids=["passed", "too far"])
