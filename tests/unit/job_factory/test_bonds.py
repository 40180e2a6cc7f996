"""Bonds: in ETH, apart from the job's amount, to the funder for a submission and to the issuer without one."""

import pytest

from tests.harness.actors import contract_actor, give_ether
from tests.harness.escrow import ETHER
from tests.harness.events import emitted
from tests.harness.execution import isolated
from tests.harness.factory import APPROVE, GWEI, MAX_BOND, REJECT, REOPEN, SUBMITTED
from tests.unit.job_factory.intents import claiming
from tests.unit.job_factory.lives import BOND, posted

PARTIES = ("issuer", "worker", "host", "relayer", "evaluator")


def credits_of(factory):
    """Whom bonds wait for."""
    waiting = {who: factory.credits(factory.actors[who]) for who in PARTIES}
    return {who: amount for who, amount in waiting.items() if amount}


@pytest.fixture
def job(factory):
    """An open job."""
    return posted(factory)


def late(job):
    """Somebody ends a claim whose time is over."""
    job.pass_deadline()
    job.expire()


WAYS = {"submits": lambda job: job.submit(), "gives up": lambda job: job.release(), "late": late}


def test_submits(factory, job):
    """It should have it back when it submits."""
    job.claim()
    assert (credits_of(factory), factory.held(ETHER)) == ({}, BOND)
    job.submit()
    assert (credits_of(factory), factory.held(ETHER)) == ({"worker": BOND}, BOND)


def test_gives_up(factory, job):
    """It should lose it to the issuer when it gives up."""
    job.claim()
    job.release()
    assert (credits_of(factory), factory.held(ETHER)) == ({"issuer": BOND}, BOND)


def test_late(factory, job):
    """It should lose it to the issuer when its time is over."""
    job.claim()
    late(job)
    assert (credits_of(factory), factory.held(ETHER)) == ({"issuer": BOND}, BOND)


def test_funded(factory, job):
    """It should come back to who funded it."""
    claiming(job).relay()
    job.submit()
    assert credits_of(factory) == {"relayer": BOND}


@pytest.mark.parametrize("way", ["gives up", "late"])
def test_funded_and_lost(factory, job, way):
    """It should be lost to the issuer all the same."""
    claiming(job).relay()
    WAYS[way](job)
    assert credits_of(factory) == {"issuer": BOND}


@pytest.mark.parametrize("way", WAYS)
def test_never_the_workers(factory, worker, job, way):
    """It should never be the worker's."""
    claiming(job).relay()
    WAYS[way](job)
    assert factory.credits(worker) == 0


@pytest.mark.parametrize("way", WAYS)
def test_issuer_funds(factory, issuer, job, way):
    """It should have it back in every way."""
    claiming(job).relay(sender=issuer)
    WAYS[way](job)
    assert credits_of(factory) == {"issuer": BOND}


@pytest.mark.parametrize("way", WAYS)
def test_unwilling_funder(factory, project, owner, job, way):
    """It should be credited, and block nothing."""
    funder = contract_actor(owner.deploy(project.RefusingReceiver))
    claiming(job).relay(sender=funder)
    WAYS[way](job)
    assert factory.credits(funder) == (BOND if way == "submits" else 0)


def test_each_its_own(factory, relayer, evaluator, host, job):
    """It should give back to each its own.

    The third claim is the worker's own: what the second round's funder left in storage must not get it.
    """
    claiming(job).relay()
    job.submit()
    job.reopen()
    claiming(job, host).relay(sender=evaluator)
    job.submit(sender=host)
    job.reopen()
    job.claim()
    job.submit()
    assert credits_of(factory) == {"relayer": BOND, "evaluator": BOND, "worker": BOND}


def test_after_a_release(factory, host, job):
    """It should give back to each its own, also after one of them lost it."""
    claiming(job).relay()
    job.release()
    job.claim(sender=host)
    job.submit(sender=host)
    assert credits_of(factory) == {"issuer": BOND, "host": BOND}


@pytest.mark.parametrize("bond", [GWEI, MAX_BOND])
@pytest.mark.parametrize("way", WAYS)
def test_extremes(factory, worker, bond, way):
    """It should keep all of it."""
    give_ether(worker, MAX_BOND + 10**20)
    job = posted(factory, claimBond=bond)
    job.claim()
    assert factory.held(ETHER) == bond
    WAYS[way](job)
    assert credits_of(factory) == {"worker" if way == "submits" else "issuer": bond}


@pytest.mark.parametrize("way", WAYS)
def test_no_bond(factory, issuer, way):
    """It should move nothing, and say nothing."""
    job = posted(factory, claimBond=0)
    claimed = emitted(job.claim())
    with isolated():
        WAYS[way](job)
        assert credits_of(factory) == {}
    assert [log.name for log in claimed] == ["JobClaimed"]
    if way != "late":
        assert "Credited" not in [log.name for log in emitted(WAYS[way](job))]


@pytest.mark.parametrize("verdict", [APPROVE, REOPEN, REJECT, (False, False, 1)])
def test_verdicts(factory, job, verdict):
    """It should move no bond, for it is back already."""
    job.in_status(SUBMITTED)
    before = credits_of(factory), factory.held(ETHER)
    job.verify(*verdict)
    assert (credits_of(factory), factory.held(ETHER)) == before == ({"worker": BOND}, BOND)
