"""JobMarketplace and JobFactory beside each other: one registry, the same tokens, and money that moves between them while
a transfer of the other is under way. Each guards itself, so a call into the other is not refused; it must not matter."""

import pytest

from tests.harness.actors import contract_actor
from tests.harness.deployment import MINIMUM_ETHER, payment_token, register
from tests.harness.escrow import COMPLETED, ETHER, USDC, travel_to
from tests.harness.execution import ask
from tests.harness.factory import COMPLETED as JOB_COMPLETED
from tests.harness.factory import SUBMITTED
from tests.harness.reverts import reverts

DEPOSIT = AMOUNT = 10 * USDC
TOKENS = 1_000_000


@pytest.fixture
def token(escrow, factory, project, owner, user, issuer):
    """A token with ERC-777's hooks, in both escrows."""
    token = payment_token(escrow, project.HookedToken)
    factory.contract.setToken(token, True, 1, sender=owner)
    for payer in (user, issuer):
        token.mint(payer, 100 * USDC, sender=owner)
        token.approve(factory.contract, 2**255, sender=payer)
    return token


@pytest.fixture
def earner(escrow, factory, project, token, owner, signer, issuer):
    """A contract that earned in both escrows, and calls one of them from within a transfer of the other."""
    hook = owner.deploy(project.Reentering)
    account = contract_actor(hook)
    register(escrow.registry, signer, account)
    session = escrow.open(host=account, token=token)
    session.prove(1_000, sender=account)
    session.complete(sender=account)
    job = factory.post(issuer=issuer, token=token, payee=account)
    job.claim(sender=account)
    job.submit(sender=account)
    job.approve()
    assert escrow.earned(account, token) > 0
    assert factory.earned(account, token) > 0
    return hook


def arm(hook, contract, token, to, owner):
    """The next transfer makes the hook withdraw all that it earned in a contract."""
    hook.arm(contract, contract.withdraw.encode_input(token, to), sender=owner)


def test_deposit_fed_from_next_door(escrow, factory, token, earner, owner, user):
    """What arrives from the other escrow during a deposit is not taken for a part of it."""
    token.setHook(earner, sender=user)
    arm(earner, factory.contract, token, escrow.marketplace, owner)
    stray = factory.earned(earner, token)
    stray -= -(-stray * 300 // 10_000)
    terms = escrow.terms(token=token, deposit=DEPOSIT)
    with reverts(
        escrow.marketplace.Payments_TransferShort, expected=DEPOSIT, received=DEPOSIT + stray
    ):
        escrow.marketplace.openSession(terms.encoded(), sender=user)


def test_amount_fed_from_next_door(escrow, factory, token, earner, owner, issuer):
    """And the other way round."""
    token.setHook(earner, sender=issuer)
    arm(earner, escrow.marketplace, token, factory.contract, owner)
    stray = escrow.earned(earner, token)
    stray -= -(-stray // 10)
    terms = factory.terms(token=token, amount=AMOUNT)
    with reverts(factory.contract.Payments_TransferShort, expected=AMOUNT, received=AMOUNT + stray):
        factory.contract.postJob(terms.encoded(), sender=issuer)


def test_withdrawal_during_a_deposit(escrow, factory, token, earner, owner, user):
    """Who earned next door can take it while a deposit is on its way, and both hold what they owe."""
    token.setHook(earner, sender=user)
    arm(earner, factory.contract, token, earner, owner)
    held = escrow.balance(escrow.marketplace, token)
    session = escrow.open(token=token, deposit=DEPOSIT)
    assert earner.succeeded()
    assert session.details.depositAmount == DEPOSIT
    assert escrow.balance(escrow.marketplace, token) - held == DEPOSIT
    assert factory.earned(earner, token) == 0
    assert factory.held(token) == ask(factory.contract.feesOwed, token)


def test_refunds_within_refunds(escrow, factory, project, token, owner, user, worker):
    """A refund of a session that ends a job next door, from within: each is paid once, to the last unit."""
    hook = owner.deploy(project.Reentering)
    job = factory.post(issuer=user, token=token)
    job.claim(sender=worker)
    job.submit(sender=worker)
    session = escrow.open(token=token, deposit=DEPOSIT)
    travel_to(job.details.deadline + 1)
    token.setHook(hook, sender=user)
    call = factory.contract.claimByDefault.encode_input(job.id)
    hook.arm(factory.contract, call, sender=owner)
    before = escrow.balance(user, token)
    session.complete(sender=session.host)
    assert hook.succeeded()
    assert job.status == JOB_COMPLETED
    assert factory.earned(worker, token) == job.terms.amount == factory.held(token)
    assert session.details.status == COMPLETED
    assert escrow.balance(user, token) - before == DEPOSIT
    assert escrow.balance(escrow.marketplace, token) == 0


def test_ether_of_one_is_not_the_others(escrow, factory, owner, user, host):
    """What one escrow holds in ETH cannot be withdrawn from the other, by the same account in the same role."""
    factory.contract.setToken(ETHER, True, MINIMUM_ETHER, sender=owner)
    job = factory.post(issuer=user, token=ETHER)
    job.claim(sender=host)
    job.submit(sender=host)
    assert job.status == SUBMITTED
    job.approve(sender=user)
    session = escrow.open(token=ETHER)
    held = escrow.balance(escrow.marketplace, ETHER)
    with reverts(escrow.marketplace.JobMarketplace_NothingToWithdraw, account=host, token=ETHER):
        escrow.withdraw(host, ETHER)
    factory.withdraw(host, ETHER)
    assert escrow.balance(escrow.marketplace, ETHER) == held == session.terms.deposit


def test_voucher_next_door(escrow, factory, user, worker):
    """A session's voucher is nobody's word about the job of the same number, nor the other way round."""
    session = escrow.open()
    job = factory.post(issuer=user)
    while job.id < session.id:
        job = factory.post(issuer=user)
    job.claim(sender=worker)
    job.submit(sender=worker)
    digest = session.voucher_digest(TOKENS)
    intent = job.verdict(True, False)
    assert digest != intent.digest()
    voucher = session.voucher(TOKENS)
    with reverts(factory.contract.JobFactory_SignatureInvalid, signer=user, digest=intent.digest()):
        factory.contract.verifyJobBySig(
            *(job.id, b"\x3d" * 32, True, False, 0, user, intent.deadline, voucher),
            sender=worker,
        )
    assert job.status == SUBMITTED
