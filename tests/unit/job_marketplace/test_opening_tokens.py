"""The zoo of payment tokens at the escrow's door."""

import pytest

from tests.harness.authorizations import permit_for
from tests.harness.deployment import MINIMUM_USDC, payment_token
from tests.harness.escrow import COMMITMENT, INPUT_BOUND, USDC
from tests.harness.execution import Reverted
from tests.harness.reverts import reverts

DEPOSIT = 10 * USDC
AMOUNT = 2 * USDC
TOKENS = 1_000_000
ONE_BASIS_POINT, EVERYTHING = 1, 10_000
FEES = {"a hundredth of a percent": ONE_BASIS_POINT, "everything": EVERYTHING}


def long_form(escrow, token):
    """All terms."""
    escrow.open(token=token, deposit=DEPOSIT)


def seed_form(escrow, token):
    """The short form."""
    terms = escrow.terms(token=token)
    form = (terms.host, terms.token, DEPOSIT, terms.pricePerToken)
    escrow.marketplace.createSessionJobWithToken(
        *form, terms.maxDuration, terms.proofInterval, sender=escrow.actors["user"]
    )


def permit_form(escrow, token):
    """With a permit that is worth nothing, and an allowance that is enough."""
    user = escrow.actors["user"]
    permit = permit_for(escrow, user, DEPOSIT)
    escrow.marketplace.openSessionWithPermit(
        escrow.terms(token=token, deposit=DEPOSIT).encoded(),
        permit.deadline,
        *permit.signed_by(user),
        sender=user,
    )


def prompt_form(escrow, token):
    """A prompt job."""
    escrow.open_prompt(
        token=token, payment=DEPOSIT, circuitId=INPUT_BOUND, inputCommitment=COMMITMENT
    )


FORMS = [long_form, seed_form, permit_form, prompt_form]


@pytest.mark.parametrize("form", FORMS)
def test_silent(escrow, marketplace, project, user, host, treasury, form):
    """It should open, top up, refund and pay in it."""
    token = payment_token(escrow, project.SilentToken)
    form(escrow, token)
    session = escrow.open(token=token, deposit=DEPOSIT)
    marketplace.topUp(session.id, AMOUNT, sender=user)
    owned = token.balanceOf(user)
    session.close_with_voucher(TOKENS)
    marketplace.withdraw(token, host, sender=host)
    marketplace.withdrawFees(token, sender=treasury)
    assert token.balanceOf(host) + token.balanceOf(treasury) == session.cost(TOKENS)
    assert token.balanceOf(user) - owned == DEPOSIT + AMOUNT - session.cost(TOKENS)
    assert token.balanceOf(marketplace) == DEPOSIT  # the other form's


@pytest.mark.parametrize("fee", FEES)
@pytest.mark.parametrize("form", FORMS)
def test_fee(escrow, marketplace, project, owner, form, fee):
    """It should refuse to open, whichever form is used."""
    token = payment_token(escrow, project.FeeToken)
    token.setFee(FEES[fee], sender=owner)
    received = DEPOSIT - DEPOSIT * FEES[fee] // EVERYTHING
    with reverts(marketplace.Payments_TransferShort, expected=DEPOSIT, received=received):
        form(escrow, token)


def test_no_fee(escrow, marketplace, project, owner):
    """It should open as long as the fee is zero, to the unit or rounded."""
    token = payment_token(escrow, project.FeeToken)
    escrow.open(token=token, deposit=DEPOSIT)
    token.setFee(ONE_BASIS_POINT, sender=owner)
    small = EVERYTHING - 1  # a basis point of it is less than a unit
    escrow.open(token=token, deposit=small, pricePerToken=1)
    assert token.balanceOf(marketplace) == DEPOSIT + small


@pytest.mark.parametrize("form", FORMS)
def test_false(escrow, marketplace, project, owner, form):
    """It should refuse to open, whichever form is used."""
    token = payment_token(escrow, project.FalseToken)
    token.setRefusing(True, sender=owner)
    with reverts(marketplace.SafeERC20FailedOperation, token=token):
        form(escrow, token)


def test_false_top_up(escrow, marketplace, project, owner, user):
    """It should refuse a top-up, and keep the deposit."""
    token = payment_token(escrow, project.FalseToken)
    session = escrow.open(token=token, deposit=DEPOSIT)
    token.setRefusing(True, sender=owner)
    with reverts(marketplace.SafeERC20FailedOperation, token=token):
        marketplace.topUp(session.id, AMOUNT, sender=user)
    assert session.details.depositAmount == token.balanceOf(marketplace) == DEPOSIT


@pytest.fixture
def strict_token(escrow, project):
    """A token with a list of accounts that it does not serve."""
    return payment_token(escrow, project.DenylistToken)


def test_denied_user(escrow, owner, user, strict_token):
    """It should refuse to open for a user on the token's list."""
    strict_token.deny(user, True, sender=owner)
    with reverts(strict_token.DenylistToken_Denied, account=user):
        escrow.open(token=strict_token, deposit=DEPOSIT)


def test_denied_host(escrow, marketplace, owner, host, strict_token):
    """It should open with a host on the token's list."""
    strict_token.deny(host, True, sender=owner)
    escrow.open(token=strict_token, deposit=DEPOSIT)
    assert strict_token.balanceOf(marketplace) == DEPOSIT


def test_wrapped(escrow, marketplace, project, user):
    """It should open by an approval, and by nothing that only seems to pay."""
    token = payment_token(escrow, project.WrappedEther)
    escrow.open(token=token, deposit=DEPOSIT)
    token.approve(marketplace, 0, sender=user)
    with reverts(
        token.ERC20InsufficientAllowance, spender=marketplace, allowance=0, needed=DEPOSIT
    ):
        permit_form(escrow, token)
    assert token.balanceOf(marketplace) == DEPOSIT


def test_more_than_asked(escrow, marketplace, project, owner, user):
    """It should refuse what does not fit the deposit.

    A user's hook sends a unit of its own along while the deposit is on its way.
    """
    token = payment_token(escrow, project.HookedToken)
    hook = owner.deploy(project.Reentering)
    token.mint(hook, 1, sender=owner)
    token.setHook(hook, sender=user)
    hook.arm(token, token.transfer.encode_input(marketplace, 1), sender=user)
    with reverts(marketplace.Payments_TransferShort, expected=DEPOSIT, received=DEPOSIT + 1):
        escrow.open(token=token, deposit=DEPOSIT)


def test_no_token(escrow, marketplace, owner):
    """It should refuse to open."""
    marketplace.setToken(escrow.registry, True, MINIMUM_USDC, sender=owner)
    with pytest.raises(Reverted) as refusal:
        escrow.open(token=escrow.registry, deposit=DEPOSIT)
    assert refusal.value.data == b""


@pytest.mark.parametrize("size", [0, 31])
def test_short_answer(escrow, marketplace, project, owner, size):
    """It should refuse to open when it answers with less than a word. What it holds is then unknown, before any transfer."""
    token = owner.deploy(project.AnsweringContract, b"\1" * size)
    marketplace.setToken(token, True, MINIMUM_USDC, sender=owner)
    with pytest.raises(Reverted) as refusal:
        escrow.open(token=token, deposit=DEPOSIT)
    assert refusal.value.data == b""


def test_others_are_safe(escrow, marketplace, project, usdc, owner, host):
    """It should hold the deposits of the others."""
    broken = payment_token(escrow, project.FalseToken)
    lost, sound = escrow.open(token=broken, deposit=DEPOSIT), escrow.open(deposit=DEPOSIT)
    broken.setRefusing(True, sender=owner)
    lost.close_with_voucher(TOKENS)
    sound.close_with_voucher(TOKENS)
    with reverts(marketplace.SafeERC20FailedOperation, token=broken):
        marketplace.withdraw(broken, host, sender=host)
    marketplace.withdraw(usdc, host, sender=host)
    assert usdc.balanceOf(marketplace) == marketplace.feesOwed(usdc)
