"""JobFactory.postJobBySig: the issuer signs, anyone relays, the issuer's allowance pays."""

import pytest

from tests.harness.escrow import ZERO
from tests.harness.events import emitted, event
from tests.harness.execution import Reverted
from tests.harness.factory import MAX_INTENT_TIME
from tests.harness.reverts import reverts
from tests.unit.job_factory.intents import claiming, posting
from tests.unit.job_factory.posting import (
    REFUSALS,
    details_of,
    fresh_details,
    job_posted,
    payment,
)


@pytest.fixture
def terms(factory, worker, evaluator):
    """Terms that leave nothing to a default."""
    return factory.terms(payee=worker, evaluator=evaluator)


@pytest.fixture
def wanted(factory, issuer, terms):
    """What the issuer signs."""
    return posting(factory, terms, issuer)


@pytest.mark.parametrize("case", REFUSALS)
def test_revert_when_the_terms_are_wrong(factory, issuer, case):
    """It should revert: the terms must be such as {postJob} accepts, in a token."""
    changes, error, arguments = REFUSALS[case](factory)
    terms = factory.terms(**changes)
    with reverts(error, **arguments):
        posting(factory, terms, issuer).relay()


@pytest.mark.parametrize("late", [True, False])
def test_revert_when_the_deadline_is_out_of_bounds(factory, issuer, terms, chain, late):
    """It should revert: the deadline must not have passed, nor be more than seven days away."""
    now = chain.pending_timestamp + MAX_INTENT_TIME
    chain.pending_timestamp = now
    deadline = now - 1 if late else now + MAX_INTENT_TIME + 1
    with reverts(
        factory.contract.JobFactory_DeadlineOutOfRange,
        min=now,
        max=now + MAX_INTENT_TIME,
        actual=deadline,
    ):
        posting(factory, terms, issuer, nonce=0, deadline=deadline).relay()


def test_revert_when_revoked(factory, issuer, wanted):
    """It should revert: the intent must not have been revoked by its signer."""
    digest = wanted.digest()
    factory.contract.revokeIntent(digest, sender=issuer)
    with reverts(factory.contract.JobFactory_IntentRevoked, signer=issuer, digest=digest):
        wanted.relay()


@pytest.mark.parametrize("who", ["relayer", "worker", "evaluator", "user", "owner"])
def test_revert_when_somebody_else_signed(factory, issuer, wanted, actors, who):
    """It should revert: the signature must be the issuer's."""
    with reverts(
        factory.contract.JobFactory_SignatureInvalid, signer=issuer, digest=wanted.digest()
    ):
        wanted.relay(wanted.signed_by(actors[who]))


@pytest.mark.parametrize("signature", [b"", bytes(65), bytes(64) + b"\x1b"])
def test_nobody(factory, issuer, wanted, signature):
    """It should refuse it."""
    terms, _ = wanted.arguments
    nobody = wanted.but(arguments=(terms, ZERO), intent=wanted.intent.but(issuer=ZERO))
    with reverts(factory.contract.JobFactory_SignatureInvalid, signer=ZERO, digest=nobody.digest()):
        nobody.relay(signature)


def test_value(wanted):
    """It should refuse it."""
    with pytest.raises(Reverted) as refusal:
        wanted.relay(value=1)
    assert refusal.value.data == b""


def test_posting(factory, usdc, issuer, relayer, terms, wanted):
    """It should post the issuer's job, paid from its allowance."""
    owned, relayers = usdc.balanceOf(issuer), usdc.balanceOf(relayer)
    tx = wanted.relay()
    assert details_of(factory, 1) == fresh_details(issuer, terms, tx.timestamp)
    assert owned - usdc.balanceOf(issuer) == factory.held() == terms.amount
    assert usdc.balanceOf(relayer) == relayers


def test_id(factory, wanted):
    """It should return the next job's id."""
    assert wanted.ask() == 1
    factory.post()
    assert wanted.ask() == 2


def test_events(factory, usdc, issuer, terms, wanted):
    """It should emit NonceUsed and JobPosted, then let the token speak."""
    assert emitted(wanted.relay()) == [
        event(factory.contract.NonceUsed, account=issuer, nonce=0),
        job_posted(factory, 1, issuer, terms),
        payment(usdc, issuer, factory.contract, terms.amount),
    ]


def test_nonce(factory, actors, wanted):
    """It should raise the issuer's nonce by one, and nobody else's."""
    wanted.relay()
    nonces = {name: factory.nonce(account) for name, account in actors.items()}
    assert nonces == dict.fromkeys(actors, 0) | {"issuer": 1}


@pytest.mark.parametrize("who", ["issuer", "worker", "evaluator", "stranger", "owner"])
def test_any_relayer(factory, issuer, terms, wanted, actors, who):
    """It should post the same job whoever relays it."""
    tx = wanted.relay(sender=actors[who])
    assert details_of(factory, 1) == fresh_details(issuer, terms, tx.timestamp)


def test_order(factory, issuer, terms, wanted):
    """It should take them in the order of their nonces only."""
    second = posting(factory, terms, issuer, nonce=1, deadline=wanted.intent.deadline)
    with reverts(
        factory.contract.JobFactory_SignatureInvalid, signer=issuer, digest=wanted.digest()
    ):
        second.relay()
    wanted.relay()
    second.relay()
    with reverts(
        factory.contract.JobFactory_SignatureInvalid, signer=issuer, digest=second.digest(nonce=2)
    ):
        second.relay()
    assert factory.contract.jobCount() == 2


def test_allowance(factory, usdc, issuer, terms, wanted):
    """It should refuse in the token's words, and leave the nonce for another try."""
    usdc.approve(factory.contract, terms.amount - 1, sender=issuer)
    with reverts(
        usdc.ERC20InsufficientAllowance,
        spender=factory.contract,
        allowance=terms.amount - 1,
        needed=terms.amount,
    ):
        wanted.relay()
    usdc.approve(factory.contract, terms.amount, sender=issuer)
    wanted.relay()
    assert factory.nonce(issuer) == 1


def test_shared_nonce(factory, issuer, user, wanted):
    """It should refuse the posting that carried it."""
    claiming(factory.post(issuer=user, payee=issuer), issuer).relay()
    with reverts(
        factory.contract.JobFactory_SignatureInvalid,
        signer=issuer,
        digest=wanted.digest(nonce=1),
    ):
        wanted.relay()
