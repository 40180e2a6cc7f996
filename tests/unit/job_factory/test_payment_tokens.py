"""The zoo of payment tokens at the factory's door."""

import pytest

from tests.harness.authorizations import Permit
from tests.harness.deployment import MINIMUM_USDC
from tests.harness.execution import ask
from tests.harness.factory import BPS, FEE_BPS, MAX_AMOUNT, job_token
from tests.harness.reverts import reverts
from tests.unit.job_factory.lives import AMOUNT, posted, worked

PURSE = "0x" + "9e" * 20


def call_form(factory, token):
    """With an approval."""
    posted(factory, token=token)


def permit_form(factory, token):
    """With a permit that is worth nothing, and an allowance that is enough."""
    issuer = factory.actors["issuer"]
    deadline = factory.intent("CancelJob", jobId=1, round=1).deadline
    spender = factory.contract.address
    permit = Permit(factory.usdc, issuer.address, spender, AMOUNT, 0, deadline)
    terms = factory.terms(token=token)
    factory.contract.postJobWithPermit(
        terms.encoded(), deadline, *permit.signed_by(issuer), sender=issuer
    )


def signed_form(factory, token):
    """By signature."""
    factory.post_by_sig(token=token)


FORMS = [call_form, permit_form, signed_form]
every_form = pytest.mark.parametrize("form", FORMS)


@every_form
def test_silent(factory, project, issuer, worker, form):
    """It should be posted, refunded and paid like any other."""
    token = job_token(factory, project.SilentToken)
    form(factory, token)
    job = worked(posted(factory, token=token))
    owned = token.balanceOf(issuer)
    job.split(5_000)
    factory.withdraw(worker, token)
    half = AMOUNT // 2
    assert token.balanceOf(issuer) - owned == half
    assert token.balanceOf(worker) == half - half * FEE_BPS // BPS
    factory.contract.withdrawFees(token, sender=worker)
    assert token.balanceOf(factory.contract) == AMOUNT  # the other form's


@pytest.mark.parametrize("fee", [1, BPS])
@every_form
def test_fee(factory, project, owner, form, fee):
    """It should be refused, however the job is posted."""
    token = job_token(factory, project.FeeToken)
    token.setFee(fee, sender=owner)
    received = AMOUNT - AMOUNT * fee // BPS
    with reverts(factory.contract.Payments_TransferShort, expected=AMOUNT, received=received):
        form(factory, token)


@every_form
def test_false(factory, project, owner, form):
    """It should be refused, however the job is posted."""
    token = job_token(factory, project.FalseToken)
    token.setRefusing(True, sender=owner)
    with reverts(factory.contract.SafeERC20FailedOperation, token=token):
        form(factory, token)


@every_form
def test_more_than_asked(factory, project, owner, issuer, form):
    """It should be refused.

    The issuer's hook sends a unit of its own along while the amount is on its way.
    """
    token = job_token(factory, project.HookedToken)
    hook = owner.deploy(project.Reentering)
    token.mint(hook, 1, sender=owner)
    token.setHook(hook, sender=issuer)
    hook.arm(token, token.transfer.encode_input(factory.contract, 1), sender=issuer)
    with reverts(factory.contract.Payments_TransferShort, expected=AMOUNT, received=AMOUNT + 1):
        form(factory, token)


@pytest.mark.parametrize("denied", ["issuer", "worker"])
def test_denied_party(factory, project, owner, actors, issuer, worker, denied):
    """It should not keep the other from its money."""
    token = job_token(factory, project.DenylistToken)
    job = worked(posted(factory, token=token))
    token.deny(actors[denied], True, sender=owner)
    job.split(5_000)
    other = worker if denied == "issuer" else issuer
    if denied == "issuer":
        factory.withdraw(worker, token)
    assert token.balanceOf(other) > 0
    assert factory.earned(worker, token) == (0 if denied == "issuer" else AMOUNT // 2)
    assert factory.credits(issuer, token) == (AMOUNT // 2 if denied == "issuer" else 0)


def test_others_are_safe(factory, project, owner, worker, issuer):
    """It should leave the money of other tokens alone."""
    broken = job_token(factory, project.FalseToken)
    lost, sound = (worked(posted(factory, token=token)) for token in (broken, factory.usdc))
    broken.setRefusing(True, sender=owner)
    lost.split(5_000)
    sound.split(5_000)
    with reverts(factory.contract.SafeERC20FailedOperation, token=broken):
        factory.withdraw(worker, broken)
    factory.withdraw(worker)
    assert factory.held() == ask(factory.contract.feesOwed, factory.usdc)
    assert factory.credits(issuer, broken) == AMOUNT // 2


def test_large_amounts(factory, project, owner, issuer, worker):
    """It should pay them to the last unit."""
    token = job_token(factory, project.SilentToken, MINIMUM_USDC)
    token.mint(issuer, 2 * MAX_AMOUNT, sender=owner)
    jobs = [worked(posted(factory, token=token, amount=MAX_AMOUNT)) for _ in range(2)]
    owned = token.balanceOf(issuer)
    jobs[0].approve()
    jobs[1].split(3_333)
    share = MAX_AMOUNT * 3_333 // BPS
    gross = MAX_AMOUNT + share
    assert factory.earned(worker, token) == gross
    factory.withdraw(worker, token, to=PURSE)
    factory.contract.withdrawFees(token, sender=worker)
    fee = -(-gross * FEE_BPS // BPS)
    assert token.balanceOf(PURSE) == gross - fee
    assert token.balanceOf(issuer) - owned == MAX_AMOUNT - share
    assert token.balanceOf(factory.contract) == 0
