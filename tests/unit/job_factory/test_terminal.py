"""A job that is final stays as it is; that nobody can do anything with it is in the state graph."""

import pytest

from tests.harness.escrow import DAY, ETHER
from tests.harness.factory import COMPLETED
from tests.unit.job_factory.lives import posted, worked
from tests.unit.job_factory.posting import details_of
from tests.unit.job_factory.states import FINAL_STATES

every_final = pytest.mark.parametrize("situation", FINAL_STATES)


@every_final
def test_unchanged(factory, chain, situation):
    """It should change in no field as time passes."""
    job = FINAL_STATES[situation](factory)
    before = details_of(factory, job.id)
    assert before["deadline"] == 0
    chain.pending_timestamp += 400 * DAY
    assert details_of(factory, job.id) == before


@every_final
def test_withdrawn_later(factory, worker, issuer, chain, situation):
    """It should leave the money that it made to be withdrawn."""
    FINAL_STATES[situation](factory)
    chain.pending_timestamp += 400 * DAY
    for account in (worker, issuer):
        for token in (factory.usdc, ETHER):
            if factory.earned(account, token) or factory.credits(account, token):
                factory.withdraw(account, token)
    assert factory.held(ETHER) == 0
    assert factory.held() == factory.contract.feesOwed(factory.usdc)


@every_final
def test_other_jobs(factory, situation):
    """It should not keep them from going on."""
    before = posted(factory)
    FINAL_STATES[situation](factory)
    after = posted(factory, claimDuration=30 * DAY)
    assert before.details.amount == after.details.amount
    worked(after).approve()
    assert after.status == COMPLETED
