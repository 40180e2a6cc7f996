"""JobMarketplace.closeWithAgreement: the user closes at once, with the host's word."""

import ape
import pytest

from tests.harness.actors import contract_actor
from tests.harness.deployment import register
from tests.harness.disputes import ended
from tests.harness.escrow import (
    ABANDONED,
    ABANDONMENT_PERIOD,
    ANSWER_WINDOW,
    COMPLETED,
    DAY,
    DROPPED,
    MINUTE,
    USDC,
    VOIDED,
    travel_to,
)
from tests.harness.events import emitted, event
from tests.harness.execution import ask, least_gas
from tests.harness.reverts import reverts
from tests.harness.signing import compact, high_s
from tests.unit.job_marketplace.closings import STARVED

UNKNOWN = 404
DEPOSIT = 10 * USDC
TOKENS, COST = 700, 1_400  # at 2 USDC per million
FEWER, FEWER_COST = 300, 600
MAX_AGREEMENT_TIME = 10 * MINUTE
OTHER_ADDRESS = "0x" + "5a" * 20


@pytest.fixture
def session(escrow):
    """A session without evidence."""
    return escrow.open()


@pytest.fixture
def wallet_session(project, escrow, signer, stranger):
    """A session whose host is a wallet of the stranger's."""
    wallet = contract_actor(stranger.deploy(project.MockWallet, stranger))
    register(escrow.registry, signer, wallet)
    return escrow.open(host=wallet)


def stop_the_clock():
    """Fixes the second of the next block, and says which."""
    now = ape.chain.pending_timestamp + 1
    travel_to(now)
    return now


def close(session, tokens, deadline, signature):
    return session.marketplace.closeWithAgreement(
        session.id, tokens, deadline, signature, sender=session.user
    )


def test_revert_given_no_session(marketplace, session, user):
    """It should revert: the session must exist."""
    now = stop_the_clock()
    signature = session.agreement(TOKENS, now, jobId=UNKNOWN)
    with reverts(marketplace.JobMarketplace_SessionUnknown, jobId=UNKNOWN):
        marketplace.closeWithAgreement(UNKNOWN, TOKENS, now, signature, sender=user)


def test_revert_given_final(marketplace, session):
    """It should revert: the session must be active or disputed."""
    session.close_with_agreement(TOKENS)
    with reverts(marketplace.JobMarketplace_SessionNotOpen, jobId=session.id, status=COMPLETED):
        session.close_with_agreement(TOKENS)


def test_revert_when_the_caller_is_not_the_user(marketplace, session, user, host):
    """It should revert: the caller must be the user."""
    with reverts(marketplace.JobMarketplace_CallerNotUser, user=user, caller=host):
        session.close_with_agreement(TOKENS, sender=host)


@pytest.mark.parametrize("offset", [-1, MAX_AGREEMENT_TIME + 1], ids=["passed", "far away"])
def test_revert_when_the_deadline_is_out_of_range(marketplace, session, offset):
    """It should revert: the deadline must not have passed, nor be more than ten minutes away."""
    now = stop_the_clock()
    deadline = now + offset
    with reverts(
        marketplace.JobMarketplace_DeadlineOutOfRange,
        min=now,
        max=now + MAX_AGREEMENT_TIME,
        actual=deadline,
    ):
        close(session, TOKENS, deadline, session.agreement(TOKENS, deadline))


def test_deadline_now(session):
    """It should accept a deadline of this very second."""
    now = stop_the_clock()
    close(session, TOKENS, now, session.agreement(TOKENS, now))
    assert session.details.settledTokens == TOKENS


def test_deadline_far(session):
    """It should accept a deadline ten minutes away."""
    now = stop_the_clock()
    deadline = now + MAX_AGREEMENT_TIME
    close(session, TOKENS, deadline, session.agreement(TOKENS, deadline))
    assert session.details.settledTokens == TOKENS


def test_revert_when_the_signature_is_the_user_s(marketplace, session, user, host):
    """It should revert: the signature must be the host's."""
    now = stop_the_clock()
    with reverts(marketplace.JobMarketplace_AgreementSignatureInvalid, host=host):
        close(session, TOKENS, now, session.agreement(TOKENS, now, signer=user))


@pytest.mark.parametrize(
    "change",
    [
        {"tokens": TOKENS + 1},
        {"jobId": UNKNOWN},
        {"user": OTHER_ADDRESS},
        {"host": OTHER_ADDRESS},
        {"deadline": 0},
    ],
    ids=lambda change: next(iter(change)),
)
def test_other_agreement(marketplace, session, host, change):
    """It should refuse a signature over anything else."""
    now = stop_the_clock()
    with reverts(marketplace.JobMarketplace_AgreementSignatureInvalid, host=host):
        signed = {"tokens": TOKENS, "deadline": now} | change
        close(session, TOKENS, now, session.agreement(**signed))


@pytest.mark.parametrize("rewrite", [high_s, compact, lambda signature: signature + b"\0"])
def test_rewritten(marketplace, session, host, rewrite):
    """It should refuse the twin with the high s, the compact form and a trailing byte."""
    now = stop_the_clock()
    with reverts(marketplace.JobMarketplace_AgreementSignatureInvalid, host=host):
        close(session, TOKENS, now, rewrite(session.agreement(TOKENS, now)))


def test_wallet(wallet_session, stranger):
    """It should accept what the contract calls its signature."""
    now = stop_the_clock()
    signature = wallet_session.agreement(TOKENS, now, signer=stranger)
    close(wallet_session, TOKENS, now, signature)
    assert wallet_session.details.settledTokens == TOKENS


def test_not_the_wallet_s(marketplace, wallet_session, host):
    """It should refuse what the contract does not."""
    now = stop_the_clock()
    signature = wallet_session.agreement(TOKENS, now, signer=host)
    with reverts(marketplace.JobMarketplace_AgreementSignatureInvalid, host=wallet_session.host):
        close(wallet_session, TOKENS, now, signature)


def test_payment_and_refund(session):
    """It should pay for the agreed tokens and refund the rest."""
    moved = session.moved_by(lambda: session.close_with_agreement(TOKENS))
    assert moved == (COST, DEPOSIT - COST)
    assert session.details.status == COMPLETED


def test_events(marketplace, session, usdc, user):
    """It should emit VoucherRedeemed, then SessionCompleted."""
    assert emitted(session.close_with_agreement(TOKENS)) == [
        event(marketplace.VoucherRedeemed, jobId=session.id, ackedTokens=TOKENS),
        event(
            marketplace.SessionCompleted,
            jobId=session.id,
            tokens=TOKENS,
            payment=COST,
            refund=DEPOSIT - COST,
        ),
        event(usdc.Transfer, **{"from": marketplace, "to": user, "value": DEPOSIT - COST}),
    ]


@pytest.mark.parametrize("evidence", ["redeem", "prove"])
def test_less_than_covered(session, evidence):
    """It should pay for what is covered."""
    getattr(session, evidence)(TOKENS)
    moved = session.moved_by(lambda: session.close_with_agreement(FEWER))
    assert moved == (COST, DEPOSIT - COST)


def test_less_than_acknowledged(session):
    """It should say nothing of the agreement."""
    session.redeem(TOKENS)
    happened = [each.name for each in emitted(session.close_with_agreement(FEWER))]
    assert happened == ["SessionCompleted", "Transfer"]


def test_deposit(session):
    """It should pay the whole deposit."""
    affordable = 5_000_000
    moved = session.moved_by(lambda: session.close_with_agreement(2 * affordable))
    assert moved == (DEPOSIT, 0)


def test_rate_and_cap(escrow):
    """It should pay for the agreed tokens."""
    session = escrow.open(maxTokensPerSecond=1, proofInterval=1, voucherCap=FEWER)
    moved = session.moved_by(lambda: session.close_with_agreement(TOKENS))
    assert moved == (COST, DEPOSIT - COST)


def test_nothing(session):
    """It should refund the whole deposit at once."""
    assert session.moved_by(lambda: session.close_with_agreement(0)) == (0, DEPOSIT)


def test_live_claim(session):
    """It should drop the claim."""
    session.claim(TOKENS)
    moved = session.moved_by(lambda: session.close_with_agreement(FEWER))
    assert moved == (FEWER_COST, DEPOSIT - FEWER_COST)


def test_open_dispute(escrow, session, user):
    """It should return the bond."""
    session.claim(TOKENS)
    session.contest()
    bond = session.details.bond
    tx = session.close_with_agreement(FEWER)
    assert emitted(tx)[1:3] == ended(session, DROPPED, user, bond)
    assert (escrow.credits(user), session.details.settledTokens) == (bond, FEWER)


def test_expired_dispute(session, user):
    """It should void the claim first."""
    session.claim(TOKENS)
    contested_at = session.contest().timestamp
    bond = session.details.bond
    travel_to(contested_at + ANSWER_WINDOW + 1)
    tx = session.close_with_agreement(FEWER)
    assert emitted(tx)[1:3] == ended(session, VOIDED, user, bond)
    assert session.details.settledTokens == FEWER


@pytest.mark.parametrize("state", ["closing", "over"])
def test_late(session, user, state):
    """It should close without waiting."""
    if state == "closing":
        session.complete(sender=user)
    else:
        session.pass_evidence_end()
    moved = session.moved_by(lambda: session.close_with_agreement(TOKENS))
    assert moved == (COST, DEPOSIT - COST)
    assert session.details.status == COMPLETED


def test_abandoned(escrow):
    """It should keep that label."""
    session = escrow.open(maxDuration=DAY)
    travel_to(session.details.sessionStartTime + ABANDONMENT_PERIOD + 1)
    session.abandon()
    session.close_with_agreement(TOKENS)
    assert session.details.status == ABANDONED


def test_prompt_job(escrow):
    """It should pay the unit if both agree on it."""
    job = escrow.open_prompt()
    assert job.moved_by(lambda: job.close_with_agreement(1)) == (job.terms.deposit, 0)


def test_revert_when_the_refund_is_starved(marketplace, session, user):
    """It should revert: enough gas must be left for the refund."""
    now = stop_the_clock()
    call = (marketplace.closeWithAgreement, session.id, TOKENS, now, session.agreement(TOKENS, now))
    one_too_few = least_gas(*call, sender=user) - 1
    with reverts(marketplace.Payments_GasTooLow, **STARVED):
        ask(*call, sender=user, gas=one_too_few)
