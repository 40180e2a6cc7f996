"""JobFactory.pause: no new money comes in, and all of it can go out."""

import pytest

from tests.harness.authorizations import Permit
from tests.harness.escrow import DAY, ETHER, HOUR
from tests.harness.events import emitted, event
from tests.harness.factory import (
    APPROVE,
    CANCELLED,
    COMPLETED,
    EXPIRED,
    OPEN,
    REJECTED,
    SPLIT,
    SUBMITTED,
)
from tests.harness.reverts import reverts
from tests.unit.job_factory.lives import AMOUNT, posted, worked


@pytest.mark.parametrize("caller", ["admin", "treasury", "worker", "issuer", "stranger"])
def test_revert_when_the_caller_is_not_the_owner(factory, actors, caller):
    """It should revert: the caller must be the owner."""
    with reverts(factory.contract.OwnableUnauthorizedAccount, account=actors[caller]):
        factory.contract.pause(sender=actors[caller])


def test_revert_when_paused(factory, owner):
    """It should revert: the contract must not be paused."""
    factory.contract.pause(sender=owner)
    with reverts(factory.contract.EnforcedPause):
        factory.contract.pause(sender=owner)


def test_events(factory, owner):
    """It should emit who paused it."""
    paused = factory.contract.pause(sender=owner)
    assert emitted(paused) == [event(factory.contract.Paused, account=owner)]
    assert factory.contract.paused()


def _permit(factory):
    issuer, usdc = factory.actors["issuer"], factory.usdc
    permit = Permit(
        token=usdc,
        owner=issuer.address,
        spender=factory.contract.address,
        value=AMOUNT,
        nonce=usdc.nonces(issuer),
        deadline=factory.intent("CancelJob", jobId=1, round=1).deadline,
    )
    factory.contract.postJobWithPermit(
        factory.terms().encoded(), permit.deadline, *permit.signed_by(issuer), sender=issuer
    )


POSTINGS = {
    "postJob": lambda factory: factory.post(),
    "postJob in ETH": lambda factory: factory.post(token=ETHER),
    "postJobWithPermit": _permit,
    "postJobWithAuthorization": lambda factory: factory.post_with_authorization(),
    "postJobBySig": lambda factory: factory.post_by_sig(),
}


@pytest.mark.parametrize("way", POSTINGS)
def test_postings_stop(factory, owner, way):
    """It should stop every way of posting, until it is unpaused.

    The same call passes afterwards.
    """
    factory.contract.pause(sender=owner)
    with reverts(factory.contract.EnforcedPause):
        POSTINGS[way](factory)
    factory.contract.unpause(sender=owner)
    POSTINGS[way](factory)
    assert factory.contract.jobCount() == 1


@pytest.fixture
def pause(factory, owner):
    """Pauses when called."""
    return lambda: factory.contract.pause(sender=owner)


def test_jobs_go_on(factory, pause):
    """It should let jobs go every way they can."""
    jobs = [posted(factory, claimDuration=HOUR) for _ in range(9)]
    pause()
    approved, signed, split, rejected, back, silent, cancelled, unclaimed, undone = jobs
    for job in (approved, split, rejected, back, silent):
        worked(job)
    signed.claim_by_sig()
    signed.submit_by_sig()
    signed.verify_by_sig(*APPROVE)
    approved.approve()
    split.split(5_000)
    rejected.reject()
    back.reopen()
    cancelled.cancel()
    undone.claim()
    undone.release()
    undone.claim()
    unclaimed.pass_deadline()
    unclaimed.expire()
    undone.pass_deadline()
    undone.expire()
    silent.pass_deadline()
    silent.default()
    assert [job.status for job in jobs] == [
        COMPLETED,
        COMPLETED,
        SPLIT,
        REJECTED,
        OPEN,
        COMPLETED,
        CANCELLED,
        EXPIRED,
        EXPIRED,
    ]


def test_money_goes_out(factory, usdc, owner, worker, issuer, treasury, operator, pause):
    """It should let everybody withdraw, and the owner administrate."""
    worked(posted(factory)).approve()
    pause()
    factory.contract.setToken(usdc, False, 1, sender=owner)
    factory.contract.setTreasury(operator, sender=owner)
    factory.withdraw(worker)
    factory.withdraw(worker, ETHER)
    factory.contract.withdrawFees(usdc, sender=treasury)
    assert factory.balance(worker) + factory.balance(operator) == AMOUNT
    assert factory.held() == factory.held(ETHER) == 0


def test_intents_and_operators(factory, issuer, operator, chain, pause):
    """It should let issuers revoke intents and appoint operators."""
    job = worked(posted(factory))
    pause()
    until = chain.pending_timestamp + DAY
    factory.contract.revokeIntent(bytes(32), sender=issuer)
    factory.appoint(until)
    assert factory.contract.isIntentRevoked(issuer, bytes(32))
    assert job.status == SUBMITTED
    job.approve(sender=operator)
    assert job.status == COMPLETED
