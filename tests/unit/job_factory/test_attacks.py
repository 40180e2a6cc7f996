"""What parties and strangers might try beyond the rules of a single function."""

import pytest

from tests.harness.actors import contract_actor, give_ether
from tests.harness.escrow import DAY, ETHER, HOUR, USDC, travel_to
from tests.harness.execution import Reverted, put_code, simulate
from tests.harness.factory import (
    APPROVE,
    CANCELLED,
    CLAIMED,
    COMPLETED,
    EXPIRED,
    OPEN,
    REJECT,
    SUBMITTED,
    WORK,
)
from tests.harness.reverts import reverts
from tests.unit.job_factory.intents import cancelling, claiming, verifying
from tests.unit.job_factory.lives import (
    AMOUNT,
    BOND,
    REJECT_FEE,
    SECOND_FEE,
    THIRD_AMOUNT,
    posted,
    worked,
)

OTHER_WORK = b"\x4e" * 32
DONATION = 7 * USDC
FORCED = 10**18


@pytest.mark.parametrize("data", ["", "0x12345678"])
def test_plain_ether(factory, stranger, data):
    """It should be refused, unless it is forced."""
    request = {"from": stranger.address, "to": factory.contract.address, "value": "0x1"}
    with pytest.raises(Reverted) as refusal:
        simulate(request | ({"data": data} if data else {}))
    assert refusal.value.data == b""


def test_donations(factory, usdc, owner, issuer, worker):
    """It should owe nobody what was forced on it or donated, and post and pay as ever."""
    usdc.mint(factory.contract, DONATION, sender=owner)
    give_ether(factory.contract, FORCED)
    before = factory.balance(issuer)
    job = worked(posted(factory))
    job.split(5_000)
    factory.withdraw(worker)
    factory.withdraw(worker, ETHER)
    factory.contract.withdrawFees(usdc, sender=worker)
    assert before - factory.balance(issuer) == AMOUNT // 2
    assert (factory.held(), factory.held(ETHER)) == (DONATION, FORCED)
    with reverts(factory.contract.JobFactory_NothingToWithdraw, account=owner, token=ETHER):
        factory.withdraw(owner, ETHER)


def test_one_second(factory, worker, host, issuer):
    """It should play a whole job, three rounds of it."""
    job = posted(factory)
    now = job.posted.timestamp
    steps = [job.claim, job.release]
    for verdict in (job.reopen, job.reopen, job.approve):
        steps += [job.claim, job.submit, verdict]
    for step in steps:
        travel_to(now)
        assert step().timestamp == now
    assert factory.earned(worker) == REJECT_FEE + SECOND_FEE + THIRD_AMOUNT == AMOUNT
    assert (factory.credits(worker), factory.credits(issuer)) == (3 * BOND, BOND)


def test_swapped_below_a_call(factory, host, worker):
    """It should judge by a call whatever is submitted by then.

    The interface warns of it: a verifier that cannot trust its own timing brings its own signature.
    """
    job = worked(posted(factory))
    job.reopen()
    job.claim(sender=host)
    job.submit(OTHER_WORK, sender=host)
    job.approve()
    assert factory.earned(host) == AMOUNT - REJECT_FEE


def test_swapped_below_a_signature(factory, issuer, host):
    """It should judge by signature only what was named."""
    job = worked(posted(factory))
    verdict = verifying(job, *APPROVE)
    job.reopen()
    job.claim(sender=host)
    job.submit(OTHER_WORK, sender=host)
    stored = OTHER_WORK[:20].ljust(32, b"\0")
    with reverts(factory.contract.JobFactory_WorkHashMismatch, submitted=stored, actual=WORK):
        verdict.relay(sender=issuer)
    # The same work in the next round is no way round it either.
    job.reopen()
    worked(job, host)
    with reverts(
        factory.contract.JobFactory_SignatureInvalid,
        signer=issuer,
        digest=verdict.digest(round=3),
    ):
        verdict.relay(sender=issuer)


@pytest.mark.parametrize("role", ["payee", "evaluator"])
@pytest.mark.parametrize("who", ["factory", "token", "precompile"])
def test_dead_parties(factory, worker, role, who):
    """It should still be ended by the issuer, or by the clock."""
    dead = {
        "factory": factory.contract,
        "token": factory.usdc,
        "precompile": "0x" + "00" * 19 + "01",
    }
    first, second = (posted(factory, claimDuration=HOUR, **{role: dead[who]}) for _ in range(2))
    if role == "payee":
        first.cancel()
        second.pass_deadline()
        second.expire()
        assert (first.status, second.status) == (CANCELLED, EXPIRED)
        return
    worked(first).approve()
    worked(second).pass_deadline()
    second.default()
    assert first.status == second.status == COMPLETED


def test_crossed_roles(factory, escrow, usdc, owner, issuer, worker):
    """It should keep their money and their powers apart."""
    usdc.mint(worker, AMOUNT, sender=owner)
    usdc.approve(factory.contract, AMOUNT, sender=worker)
    ours = posted(factory, payee=worker)
    theirs = posted(factory, issuer=worker, payee=issuer)
    worked(ours)
    worked(theirs, issuer)
    for job, not_the_verifier, verifier in ((ours, worker, issuer), (theirs, issuer, worker)):
        with reverts(
            factory.contract.JobFactory_NotVerifier, verifier=verifier, account=not_the_verifier
        ):
            job.approve(sender=not_the_verifier)
    before = factory.balance(issuer)
    ours.split(5_000)
    theirs.reject()
    assert (factory.earned(worker), factory.earned(issuer)) == (AMOUNT // 2, REJECT_FEE)
    assert factory.balance(issuer) - before == AMOUNT // 2
    assert factory.credits(worker) == factory.credits(issuer) == BOND


def test_front_run_relay(factory, worker, relayer, stranger):
    """It should lock nothing of the relayer's."""
    job = posted(factory)
    intent = claiming(job)
    signature = intent.signature()
    intent.relay(signature, sender=stranger)
    with reverts(
        factory.contract.JobFactory_WrongStatus, jobId=job.id, expected=OPEN, actual=CLAIMED
    ):
        intent.relay(signature)
    assert factory.held(ETHER) == BOND
    job.submit()
    assert (factory.credits(stranger), factory.credits(relayer)) == (BOND, 0)


def test_claimed_again_and_again(factory, issuer, chain):
    """It should take a bond each time, and not lengthen the time to claim."""
    job = posted(factory, claimDuration=HOUR, workDuration=DAY)
    claim_by = job.details.deadline
    for seconds in (600, 1_200, 1_799):
        chain.pending_timestamp += 1
        job.claim()
        chain.pending_timestamp += min(seconds, claim_by - chain.pending_timestamp)
        job.release()
        assert (job.status, job.details.deadline) == (OPEN, claim_by)
    assert factory.credits(issuer) == 3 * BOND
    travel_to(claim_by + 1)
    job.expire()
    assert job.status == EXPIRED


def test_last_second_of_all(factory, host, chain):
    """It should be open for the rest of that second, and no longer."""
    job = posted(factory, claimDuration=HOUR)
    claim_by = job.details.deadline
    for step in (job.claim, job.release):
        travel_to(claim_by)
        assert step().timestamp == claim_by
    travel_to(claim_by)
    job.claim(sender=host)
    travel_to(claim_by + 1)
    job.release(sender=host)
    assert job.status == EXPIRED


def test_other_low_bits(factory, worker):
    """It should count the verdict on the work that the verifier saw."""
    job = posted(factory)
    job.claim()
    job.submit(WORK[:20] + b"\xee" * 12)
    verifying(job, *APPROVE, work=WORK).relay()
    assert factory.earned(worker) == AMOUNT


def test_yes_man(factory, project, owner, worker, stranger, host):
    """It should bind only that contract."""
    yes = bytes.fromhex("1626ba7e").ljust(32, b"\0")
    wallet = contract_actor(owner.deploy(project.AnsweringContract, yes))
    job = posted(factory, payee=worker)
    intent = claiming(job, wallet, signer=stranger)
    with reverts(factory.contract.JobFactory_NotPayee, payee=worker, account=wallet):
        intent.relay()
    forged = claiming(job, worker, signer=stranger)
    with reverts(
        factory.contract.JobFactory_SignatureInvalid, signer=worker, digest=forged.digest()
    ):
        forged.relay()
    assert job.status == OPEN


def test_changed_mind(factory, project, owner, user, usdc):
    """It should keep what was done."""
    wallet = contract_actor(owner.deploy(project.MockWallet, user))
    usdc.mint(wallet, AMOUNT, sender=owner)
    usdc.approve(factory.contract, AMOUNT, sender=wallet)
    job = posted(factory, issuer=wallet)
    before = factory.balance(wallet)
    cancelling(job, signer=user).relay()
    put_code(owner.deploy(project.AnsweringContract, bytes(32)), wallet.address)
    assert (job.status, factory.balance(wallet) - before) == (CANCELLED, AMOUNT)


def test_worker_as_operator(factory, issuer, worker, chain):
    """It should refuse the worker, and take the issuer's word only."""
    factory.appoint(chain.pending_timestamp + DAY, operator=worker)
    job = worked(posted(factory))
    for verdict in (APPROVE, REJECT):
        with reverts(factory.contract.JobFactory_NotVerifier, verifier=issuer, account=worker):
            job.verify(*verdict, sender=worker)
        with reverts(factory.contract.JobFactory_NotVerifier, verifier=issuer, account=worker):
            verifying(job, *verdict, verifier=worker).relay()
    assert job.status == SUBMITTED
    job.approve()
    assert factory.earned(worker) == AMOUNT
