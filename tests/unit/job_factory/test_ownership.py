"""Who owns the factory: handed over in two steps, or given up; and nothing of it reaches a posted job."""

import pytest

from tests.harness.escrow import ZERO
from tests.harness.events import emitted, event
from tests.harness.reverts import reverts
from tests.unit.job_factory.lives import AMOUNT, posted, worked
from tests.unit.job_factory.posting import details_of


def test_first_step(factory, owner, operator):
    """It should stay the owner until the successor accepts."""
    contract = factory.contract
    assert emitted(contract.transferOwnership(operator, sender=owner)) == [
        event(contract.OwnershipTransferStarted, previousOwner=owner, newOwner=operator)
    ]
    assert (contract.owner(), contract.pendingOwner()) == (owner, operator)
    with reverts(contract.OwnableUnauthorizedAccount, account=operator):
        contract.pause(sender=operator)
    contract.pause(sender=owner)


@pytest.mark.parametrize("who", ["admin", "treasury", "issuer", "stranger"])
def test_anybody_else(factory, owner, operator, actors, who):
    """It should refuse."""
    contract, refusal = factory.contract, {"account": actors[who]}
    contract.transferOwnership(operator, sender=owner)
    for call in (
        lambda: contract.transferOwnership(actors[who], sender=actors[who]),
        lambda: contract.acceptOwnership(sender=actors[who]),
        lambda: contract.renounceOwnership(sender=actors[who]),
    ):
        with reverts(contract.OwnableUnauthorizedAccount, **refusal):
            call()


def test_second_step(factory, owner, operator):
    """It should hand over everything at once, and leave jobs alone."""
    contract, job = factory.contract, posted(factory)
    before = details_of(factory, job.id), contract.jobCount(), tuple(contract.parameters())
    contract.transferOwnership(operator, sender=owner)
    assert emitted(contract.acceptOwnership(sender=operator)) == [
        event(contract.OwnershipTransferred, previousOwner=owner, newOwner=operator)
    ]
    assert (contract.owner(), contract.pendingOwner()) == (operator, ZERO)
    after = details_of(factory, job.id), contract.jobCount(), tuple(contract.parameters())
    assert after == before
    with reverts(contract.OwnableUnauthorizedAccount, account=owner):
        contract.pause(sender=owner)
    contract.pause(sender=operator)


def test_renounced(factory, owner, worker, treasury):
    """It should let jobs end as agreed."""
    contract, job = factory.contract, posted(factory)
    contract.pause(sender=owner)
    contract.renounceOwnership(sender=owner)
    with reverts(contract.OwnableUnauthorizedAccount, account=owner):
        contract.unpause(sender=owner)
    worked(job).approve()
    factory.withdraw(worker)
    contract.withdrawFees(factory.usdc, sender=worker)
    assert factory.balance(worker) + factory.balance(treasury) == AMOUNT
