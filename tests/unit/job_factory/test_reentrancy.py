"""A payment token, or a receiver of ETH, that calls back, and what it can do with it: nothing."""

import pytest

from tests.harness.calls import functions
from tests.harness.escrow import ETHER
from tests.harness.execution import isolated
from tests.harness.factory import OPEN, job_token
from tests.harness.reverts import encoded
from tests.unit.job_factory.lives import AMOUNT, BOND, posted, worked

# OpenZeppelin's and the owner's refuse a stranger before they do anything; intents and operators hold no money.
OWNERS = {
    "acceptOwnership",
    "pause",
    "renounceOwnership",
    "setToken",
    "setTreasury",
    "transferOwnership",
    "unpause",
}
UNGUARDED = {"revokeIntent", "setOperator"}


@pytest.fixture
def token(factory, project):
    """A token with ERC-777's hooks."""
    return job_token(factory, project.HookedToken)


@pytest.fixture
def hook(project, owner, issuer, token):
    """What the issuer wants called when it sends or receives."""
    hook = owner.deploy(project.Reentering)
    token.setHook(hook, sender=issuer)
    return hook


@pytest.fixture
def attempts(factory):
    """A call of every function that touches jobs or money."""
    calls = functions(factory.contract, "nonpayable", "payable")
    guarded = {n: data for n, data in calls.items() if n not in OWNERS | UNGUARDED}
    assert len(guarded) == len(calls) - len(OWNERS | UNGUARDED)
    assert {"postJob", "claimJob", "verifyJob", "withdraw", "withdrawFees"} <= set(guarded)
    return guarded


def assert_refused(factory, hook):
    """The hook was called, and its own call ran into the guard."""
    assert hook.calls() > 0
    assert not hook.succeeded()
    assert hook.answer() == encoded(factory.contract.ReentrancyGuardReentrantCall)


def test_posting(factory, issuer, token, hook, attempts):
    """It should refuse every call that touches jobs or money."""
    for data in attempts.values():
        with isolated():
            hook.arm(factory.contract, data, sender=issuer)
            job = posted(factory, token=token)
            assert_refused(factory, hook)
            assert (factory.contract.jobCount(), job.status) == (1, OPEN)
            assert token.balanceOf(factory.contract) == AMOUNT


@pytest.mark.parametrize("way", ["cancel", "reject"])
def test_refund(factory, issuer, token, hook, attempts, way):
    """It should refuse every call that touches jobs or money, while a refund arrives."""
    job = posted(factory, token=token, rejectFeeBps=0)
    if way == "reject":
        worked(job)
    owned = token.balanceOf(issuer)
    for data in attempts.values():
        with isolated():
            hook.arm(factory.contract, data, sender=issuer)
            getattr(job, way)()
            assert_refused(factory, hook)
            assert token.balanceOf(issuer) - owned == AMOUNT
            assert token.balanceOf(factory.contract) == 0


def test_withdrawal(factory, project, owner, worker, attempts):
    """It should refuse every call that touches jobs or money, while somebody is paid."""
    worked(posted(factory))
    receiver = owner.deploy(project.ReentrantReceiver)
    for data in attempts.values():
        with isolated():
            receiver.prepare(factory.contract, data, sender=owner)
            factory.withdraw(worker, ETHER, to=receiver)
            guarded = encoded(factory.contract.ReentrancyGuardReentrantCall)
            assert receiver.answer() == guarded
            assert factory.balance(receiver, ETHER) == BOND


def test_view(factory, issuer, token, hook):
    """It should answer."""
    query = factory.contract.getJob.encode_input(1)
    hook.arm(factory.contract, query, sender=issuer)
    posted(factory, token=token)
    assert hook.succeeded()
    assert int.from_bytes(hook.answer()[:32], "big") == int(issuer.address, 16)
