"""JobFactory: what is left of an amount is pushed to the issuer, or waits as a credit."""

import pytest

from tests.harness.actors import contract_actor
from tests.harness.escrow import ETHER
from tests.harness.events import emitted
from tests.harness.execution import Reverted, ask, isolated, least_gas
from tests.harness.factory import OPEN, job_token
from tests.harness.reverts import arguments_of, encoded
from tests.unit.job_factory.endings import ENDINGS, every_ending, every_signed_ending
from tests.unit.job_factory.lives import credited, gas_for_push, posted

PURSE = "0x" + "9e" * 20  # an account that pays for no gas and holds nothing
ETHER_PUSH_GAS, TOKEN_PUSH_GAS = 50_000, 150_000
VALUE_STIPEND = 2_300  # what the EVM adds to a call that carries ETH
MISSING = 20_000
CHECK_GAS = 100  # between the check and the error
BY_NAME = {ending.name: ending for ending in ENDINGS}
REJECTION, UNCLAIMED = BY_NAME["rejected"], BY_NAME["unclaimed"]


@pytest.fixture
def wallet(factory, project, owner):
    """A contract as the issuer: `wallet(project.RefusingReceiver)`; it has a million USDC."""

    def wallet(kind, *arguments):
        account = contract_actor(owner.deploy(kind, *arguments))
        factory.usdc.mint(account, 10**12, sender=owner)
        factory.usdc.approve(factory.contract, 10**12, sender=account)
        return account

    return wallet


def owed(factory, job):
    """What the issuer must have back of an amount, once the job has ended."""
    return job.terms.amount - factory.earned(factory.actors["worker"], job.terms.token)


@every_signed_ending
@pytest.mark.parametrize("token", ["ETH", "USDC"])
def test_pushed(factory, issuer, ending, token):
    """It should send the refund at once, whatever ends the job."""
    token = ETHER if token == "ETH" else factory.usdc.address
    job = ending.prepared(factory, issuer, token=token, claimBond=0)
    held, had = factory.held(token), factory.balance(issuer, token)
    receipt = ending.end(job)
    assert job.status == ending.status
    assert held - factory.held(token) == owed(factory, job) > 0
    gas = receipt.gas_used * receipt.gas_price if receipt.sender == issuer else 0
    assert factory.balance(issuer, token) - had == owed(factory, job) - (token == ETHER) * gas
    assert factory.credits(issuer, token) == 0


@every_ending
def test_refused(factory, project, wallet, ending):
    """It should credit the refund, whatever ends the job, and say so."""
    issuer = wallet(project.RefusingReceiver)
    job = ending.prepared(factory, issuer, token=ETHER, claimBond=0)
    happened = emitted(ending.end(job))
    assert job.status == ending.status
    assert factory.credits(issuer) == owed(factory, job)
    assert happened[-1] == credited(factory, issuer, owed(factory, job))


def test_elsewhere(factory, project, wallet):
    """It should let it withdraw the refund elsewhere."""
    issuer = wallet(project.RefusingReceiver)
    job = REJECTION.prepared(factory, issuer, token=ETHER)
    REJECTION.end(job)
    factory.withdraw(issuer, ETHER, to=PURSE)
    assert factory.balance(PURSE, ETHER) == owed(factory, job)


@pytest.mark.parametrize("kind", ["GuzzlingReceiver", "BombingReceiver"])
@every_ending
def test_bounded(factory, project, wallet, kind, ending):
    """It should cost the caller no more than is promised."""
    costs = []
    for receiver in (project.RefusingReceiver, getattr(project, kind)):
        issuer = wallet(receiver)
        with isolated():
            job = ending.prepared(factory, issuer, token=ETHER)
            costs.append(ending.end(job).gas_used)
            assert factory.credits(issuer) >= owed(factory, job) > 0
    assert costs[1] - costs[0] <= ETHER_PUSH_GAS + VALUE_STIPEND


def test_promised_gas(factory, project, wallet):
    """It should receive the refund."""
    for appetite, is_paid in ((ETHER_PUSH_GAS, True), (ETHER_PUSH_GAS + VALUE_STIPEND, False)):
        hungry = wallet(project.HungryReceiver, appetite)
        job = UNCLAIMED.prepared(factory, hungry, token=ETHER)
        before = factory.balance(hungry, ETHER)
        UNCLAIMED.end(job)
        assert factory.balance(hungry, ETHER) - before == is_paid * job.terms.amount
        assert factory.credits(hungry) == (not is_paid) * job.terms.amount


@every_ending
def test_denied(factory, project, owner, issuer, ending):
    """It should credit the refund, and pay it elsewhere."""
    token = job_token(factory, project.DenylistToken)
    job = ending.prepared(factory, issuer, token=token)
    token.deny(issuer, True, sender=owner)
    ending.end(job)
    assert factory.credits(issuer, token) == owed(factory, job)
    factory.withdraw(issuer, token, to=PURSE)
    assert factory.balance(PURSE, token) == owed(factory, job)


def test_other_tokens(factory, project, owner, issuer):
    """It should credit what was refused, and take silence for success."""
    false = job_token(factory, project.FalseToken)
    job = REJECTION.prepared(factory, issuer, token=false)
    false.setRefusing(True, sender=owner)
    job.reject()
    assert factory.credits(issuer, false) == owed(factory, job)
    silent = job_token(factory, project.SilentToken)
    job = REJECTION.prepared(factory, issuer, token=silent)
    before = factory.balance(issuer, silent)
    job.reject()
    assert factory.balance(issuer, silent) - before == owed(factory, job)
    assert factory.credits(issuer, silent) == 0


# Those that pay by a call with a fixed sender, so that the least gas can be searched.
CALLS = {
    "cancelled": lambda job: (job.contract.cancelJob, job.id),
    "rejected": lambda job: (job.contract.verifyJob, job.id, False, False, 0),
    "unclaimed": lambda job: (job.contract.expireJob, job.id),
    "no work": lambda job: (job.contract.expireJob, job.id),
    "given back": lambda job: (job.contract.releaseClaim, job.id),
}


def caller_of(factory, name):
    """Who makes the call."""
    who = {"given back": "worker"}.get(name, "issuer")
    return factory.actors[who]


@pytest.mark.parametrize("name", CALLS)
def test_barely_fed(factory, issuer, chain, name):
    """It should push with every amount of gas with which it ends the job."""
    ending = BY_NAME[name]
    job = ending.prepared(factory, issuer)
    now = chain.pending_timestamp
    method, *arguments = CALLS[name](job)
    sender = caller_of(factory, name)
    least = least_gas(method, *arguments, sender=sender)
    for surplus in (0, 1, 1_000, ETHER_PUSH_GAS, TOKEN_PUSH_GAS):
        with isolated():
            chain.pending_timestamp = now
            method(*arguments, sender=sender, gas_limit=least + surplus)
            assert job.status == ending.status
            assert factory.credits(issuer, factory.usdc) == 0


@pytest.mark.parametrize("token", ["ETH", "USDC"])
def test_starved(factory, issuer, token):
    """It should refuse with less, and leave the job as it was."""
    stipend = ETHER_PUSH_GAS if token == "ETH" else TOKEN_PUSH_GAS
    required = gas_for_push(stipend)
    job = posted(factory, token=ETHER if token == "ETH" else factory.usdc)
    call = (factory.contract.cancelJob, job.id)
    least = least_gas(*call, sender=issuer)

    def said(missing):
        with pytest.raises(Reverted) as refusal:
            ask(*call, sender=issuer, gas=least - missing)
        return arguments_of(factory.contract.Payments_GasTooLow, refusal.value)

    one, many = said(1), said(1 + MISSING)
    assert one["required"] == many["required"] == required
    assert required - one["available"] < CHECK_GAS
    assert one["available"] - many["available"] == MISSING
    with pytest.raises(Reverted):
        factory.contract.cancelJob(job.id, sender=issuer, gas_limit=least - 1)
    assert (job.status, factory.credits(issuer, job.terms.token)) == (OPEN, 0)


@pytest.mark.parametrize("function", ["cancelJob", "expireJob", "claimByDefault", "withdraw"])
def test_reentrant(factory, project, wallet, owner, function):
    """It should refuse every call that changes anything, and refund once."""
    contract = factory.contract
    reentrant = wallet(project.ReentrantReceiver)
    job = posted(factory, issuer=reentrant, token=ETHER, claimDuration=3_600)
    other = posted(factory, issuer=reentrant, token=ETHER)
    arguments = (ETHER, reentrant) if function == "withdraw" else (other.id,)
    receiver = project.ReentrantReceiver.at(reentrant.address)
    call = getattr(contract, function).encode_input(*arguments)
    receiver.prepare(contract, call, sender=owner)
    before = factory.balance(reentrant, ETHER)
    job.pass_deadline()
    job.expire()
    assert receiver.answer() == encoded(contract.ReentrancyGuardReentrantCall)
    assert factory.balance(reentrant, ETHER) - before == job.terms.amount
    assert other.status == OPEN
