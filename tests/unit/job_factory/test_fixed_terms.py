"""Promise 5: terms are fixed at posting, and no officer's act reaches a posted job."""

import pytest

from tests.harness.factory import BPS, CLAIMED, EXPIRED, FEE_BPS, MAX_AMOUNT, OPEN, job_token
from tests.harness.reverts import reverts
from tests.unit.job_factory.lives import AMOUNT, BOND, posted, standing, worked
from tests.unit.job_factory.posting import details_of

PURSE = "0x" + "9e" * 20


def _deactivate(factory):
    actors = factory.actors
    factory.escrow.registry.deactivate(actors["worker"], sender=actors["admin"])


def _set_token(factory, allowed):
    owner = factory.actors["owner"]
    factory.contract.setToken(factory.usdc, allowed, MAX_AMOUNT, sender=owner)


def _change_treasury(factory):
    factory.contract.setTreasury(factory.actors["relayer"], sender=factory.actors["owner"])


def _pause(factory):
    factory.contract.pause(sender=factory.actors["owner"])


def _hand_over(factory):
    operator = factory.actors["operator"]
    factory.contract.transferOwnership(operator, sender=factory.actors["owner"])
    factory.contract.acceptOwnership(sender=operator)


def _renounce(factory):
    factory.contract.renounceOwnership(sender=factory.actors["owner"])


def _withdraw_approval(factory):
    factory.usdc.approve(factory.contract, 0, sender=factory.actors["issuer"])


ACTS = {
    "the worker is deactivated": _deactivate,
    "the token is stopped": lambda factory: _set_token(factory, False),
    "the minimum is raised": lambda factory: _set_token(factory, True),
    "the treasury changes": _change_treasury,
    "the contract is paused": _pause,
    "the owner hands over": _hand_over,
    "the owner renounces": _renounce,
    "the issuer withdraws its approval": _withdraw_approval,
}
every_act = pytest.mark.parametrize("act", ACTS)


@pytest.mark.parametrize("status", [1, 2, 3])
@every_act
def test_terms_stand(factory, status, act):
    """It should keep its terms whatever the officers change."""
    job = standing(factory, status)
    before = details_of(factory, job.id)
    ACTS[act](factory)
    assert details_of(factory, job.id) == before


@pytest.mark.parametrize("status", [1, 2, 3])
@every_act
def test_outcome_stands(factory, worker, host, issuer, status, act):
    """It should end as agreed whatever the officers change."""
    job = standing(factory, status, payee=worker)
    before = factory.balance(issuer)
    ACTS[act](factory)
    if status == OPEN:
        job.claim()
    if status != 3:
        job.submit()
    job.split(4_000)
    factory.withdraw(worker, to=PURSE)
    earned = AMOUNT * 4_000 // BPS
    assert factory.balance(PURSE) == earned - earned * FEE_BPS // BPS
    assert factory.balance(issuer) - before == AMOUNT - earned
    assert factory.credits(worker) == BOND


def test_stopped_token(factory, owner, worker):
    """It should let the payee claim and be paid in the token."""
    job = posted(factory, payee=worker)
    factory.contract.setToken(factory.usdc, False, 1, sender=owner)
    with reverts(factory.contract.JobFactory_TokenNotAllowed, token=factory.usdc):
        posted(factory)
    worked(job).approve()
    factory.withdraw(worker, to=PURSE)
    assert factory.balance(PURSE) > 0


def test_no_workers_left(factory, escrow, admin, issuer, worker):
    """It should let no deactivated worker claim, and refund the issuer in the end."""
    job = posted(factory)
    escrow.registry.deactivate(worker, sender=admin)
    with reverts(factory.contract.JobFactory_WorkerNotActive, worker=worker):
        job.claim()
    before = factory.balance(issuer)
    job.pass_deadline()
    job.expire()
    assert (job.status, factory.balance(issuer) - before) == (EXPIRED, AMOUNT)


def test_reopened_while_paused(factory, owner):
    """It should go on."""
    job = worked(posted(factory))
    factory.contract.pause(sender=owner)
    job.reopen()
    job.claim()
    assert (job.status, job.details.round) == (CLAIMED, 2)


def test_another_token(factory, project, worker):
    """It should pay in its own."""
    job = worked(posted(factory))
    other = job_token(factory, project.MockUSDC)
    job.approve()
    assert job.details.token == factory.usdc
    assert (factory.earned(worker), factory.earned(worker, other)) == (AMOUNT, 0)
