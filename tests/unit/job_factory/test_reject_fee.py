"""The reject fee: the least that work is worth once it is submitted."""

import pytest

from tests.harness.events import emitted
from tests.harness.factory import BPS, MAX_REJECT_FEE_BPS, REJECT, REOPEN
from tests.unit.job_factory.lives import (
    AMOUNT,
    REJECT_FEE,
    REJECT_FEE_BPS,
    posted,
    reopened,
    worked,
)

VERDICTS = {"reject": REJECT, "reopen": REOPEN, "the least split": (False, False, 1)}


@pytest.mark.parametrize("verdict", VERDICTS)
@pytest.mark.parametrize("bps", [1, REJECT_FEE_BPS, MAX_REJECT_FEE_BPS])
def test_floor(factory, worker, issuer, verdict, bps):
    """It should be the least that a rejection, a split or another round pays."""
    job = worked(posted(factory, rejectFeeBps=bps))
    job.verify(*VERDICTS[verdict])
    assert factory.earned(worker) == AMOUNT * bps // BPS


@pytest.mark.parametrize(
    ("amount", "bps", "fee"),
    [
        (100_001, 3_333, 33_330),
        (100_019, 5_000, 50_009),
        (199_999, 1, 19),
        (123_457, 4_999, 61_716),
    ],
)
@pytest.mark.parametrize("rounds", [0, 1, 2])
def test_share(factory, host, amount, bps, fee, rounds):
    """It should be a share of what the round is about, rounded down."""
    job = reopened(posted(factory, amount=amount, rejectFeeBps=bps), rounds)
    left = amount
    for _ in range(rounds):
        left -= left * bps // BPS
    assert amount * bps // BPS == fee
    assert job.details.amount == left
    worked(job, host).reject()
    assert factory.earned(host) == left * bps // BPS


@pytest.mark.parametrize("verdict", ["reject", "reopen"])
def test_none(factory, worker, verdict):
    """It should let a rejection pay nothing, and say so."""
    job = worked(posted(factory, rejectFeeBps=0))
    happened, *_ = emitted(job.verify(*VERDICTS[verdict]))
    assert ("payment", 0) in happened.arguments
    assert factory.earned(worker) == 0


@pytest.mark.parametrize("verdict", VERDICTS)
def test_rounded_to_nothing(factory, owner, worker, issuer, usdc, verdict):
    """It should pay nothing, and lose nothing."""
    factory.contract.setToken(usdc, True, 1, sender=owner)
    before = factory.balance(issuer)
    job = worked(posted(factory, amount=1, rejectFeeBps=MAX_REJECT_FEE_BPS))
    job.verify(*VERDICTS[verdict])
    if verdict == "reopen":
        assert job.details.amount == factory.held() == 1
        job.cancel()
    assert (factory.earned(worker), factory.balance(issuer), factory.held()) == (0, before, 0)


@pytest.mark.parametrize("way", ["release", "expire"])
def test_no_work(factory, worker, way):
    """It should not be paid."""
    job = posted(factory)
    job.claim()
    if way == "expire":
        job.pass_deadline()
    getattr(job, way)()
    assert factory.earned(worker) == 0


@pytest.mark.parametrize("share", [REJECT_FEE_BPS, REJECT_FEE_BPS + 1, 9_999])
def test_part_of_a_split(factory, worker, share):
    """It should be part of the split, not on top of it."""
    job = worked(posted(factory))
    job.split(share)
    assert factory.earned(worker) == max(REJECT_FEE, AMOUNT * share // BPS)
