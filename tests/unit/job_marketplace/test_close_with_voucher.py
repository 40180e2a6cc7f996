"""JobMarketplace.closeWithVoucher: the happy end, in one transaction of the host."""

import pytest

from tests.harness.disputes import ended
from tests.harness.escrow import (
    ABANDONED,
    ABANDONMENT_PERIOD,
    ANSWER_WINDOW,
    COMPLETED,
    DAY,
    DROPPED,
    ETHER,
    METERED,
    USDC,
    VOIDED,
    travel_to,
)
from tests.harness.events import emitted, event
from tests.harness.execution import ask, least_gas
from tests.harness.reverts import reverts
from tests.harness.signing import recovered
from tests.unit.job_marketplace.closings import STARVED

UNKNOWN = 404
DEPOSIT = 10 * USDC
TOKENS, COST = 700, 1_400  # at 2 USDC per million
FEWER, FEWER_COST = 300, 600
SLOW = 1  # token per second


@pytest.fixture
def session(escrow):
    """A session without evidence."""
    return escrow.open()


def test_revert_given_no_session(marketplace, session, host):
    """It should revert: the session must exist."""
    signature = session.voucher(TOKENS, jobId=UNKNOWN)
    with reverts(marketplace.JobMarketplace_SessionUnknown, jobId=UNKNOWN):
        marketplace.closeWithVoucher(UNKNOWN, TOKENS, signature, sender=host)


def test_revert_given_final(marketplace, session):
    """It should revert: the session must be active or disputed."""
    session.close_with_voucher(TOKENS)
    with reverts(marketplace.JobMarketplace_SessionNotOpen, jobId=session.id, status=COMPLETED):
        session.close_with_voucher(TOKENS)


def test_revert_when_the_caller_is_not_the_host(marketplace, session, user, host):
    """It should revert: the caller must be the host."""
    with reverts(marketplace.JobMarketplace_CallerNotHost, host=host, caller=user):
        session.close_with_voucher(TOKENS, sender=user)


def test_revert_when_the_signature_is_a_stranger_s(marketplace, session, user, stranger):
    """It should revert: the signature must be the voucher signer's."""
    with reverts(
        marketplace.JobMarketplace_VoucherSignatureInvalid, expected=user, recovered=stranger
    ):
        session.close_with_voucher(TOKENS, signer=stranger)


def test_other_signer(marketplace, escrow, user, voucher_signer):
    """It should refuse the user's where another signer was named."""
    session = escrow.open(voucherSigner=voucher_signer)
    with reverts(
        marketplace.JobMarketplace_VoucherSignatureInvalid, expected=voucher_signer, recovered=user
    ):
        session.close_with_voucher(TOKENS, signer=user)


@pytest.mark.parametrize("other", [TOKENS - 1, TOKENS + 1])
def test_other_number(marketplace, session, user, host, other):
    """It should refuse a signature over another number of tokens."""
    signature = session.voucher(other)
    somebody = recovered(session.voucher_digest(TOKENS), signature)
    with reverts(
        marketplace.JobMarketplace_VoucherSignatureInvalid, expected=user, recovered=somebody
    ):
        marketplace.closeWithVoucher(session.id, TOKENS, signature, sender=host)


def test_other_session(marketplace, escrow, session, user, host):
    """It should refuse a voucher of another session."""
    signature = escrow.open().voucher(TOKENS)
    somebody = recovered(session.voucher_digest(TOKENS), signature)
    with reverts(
        marketplace.JobMarketplace_VoucherSignatureInvalid, expected=user, recovered=somebody
    ):
        marketplace.closeWithVoucher(session.id, TOKENS, signature, sender=host)


def test_payment_and_refund(session):
    """It should pay for the voucher's tokens and refund the rest."""
    moved = session.moved_by(lambda: session.close_with_voucher(TOKENS))
    assert moved == (COST, DEPOSIT - COST)
    assert session.details.status == COMPLETED


def test_ether(escrow):
    """It should pay and refund in ETH likewise."""
    million = 10**15
    session = escrow.open(token=ETHER, deposit=2 * million, pricePerToken=million)
    moved = session.moved_by(lambda: session.close_with_voucher(500_000))
    assert moved == (million // 2, 2 * million - million // 2)


def test_event(marketplace, session, usdc, user):
    """It should emit SessionCompleted and nothing else of its own."""
    assert emitted(session.close_with_voucher(TOKENS)) == [
        event(
            marketplace.SessionCompleted,
            jobId=session.id,
            tokens=TOKENS,
            payment=COST,
            refund=DEPOSIT - COST,
        ),
        event(usdc.Transfer, **{"from": marketplace, "to": user, "value": DEPOSIT - COST}),
    ]


@pytest.mark.parametrize("tokens", [FEWER, TOKENS])
def test_old_voucher(session, tokens):
    """It should close on what was acknowledged."""
    session.redeem(TOKENS)
    moved = session.moved_by(lambda: session.close_with_voucher(tokens))
    assert moved == (COST, DEPOSIT - COST)


def test_proven(session):
    """It should close on what was proven."""
    session.prove(TOKENS)
    moved = session.moved_by(lambda: session.close_with_voucher(FEWER))
    assert moved == (COST, DEPOSIT - COST)


def test_nothing(session):
    """It should refund the whole deposit."""
    assert session.moved_by(lambda: session.close_with_voucher(0)) == (0, DEPOSIT)


def test_deposit(marketplace, session):
    """It should pay the whole deposit."""
    affordable = 5_000_000
    tx = session.close_with_voucher(2 * affordable)
    assert emitted(tx) == [
        event(
            marketplace.SessionCompleted,
            jobId=session.id,
            tokens=affordable,
            payment=DEPOSIT,
            refund=0,
        )
    ]


def test_rate(escrow):
    """It should pay all of it: the user has seen it."""
    session = escrow.open(maxTokensPerSecond=SLOW, proofInterval=1)
    moved = session.moved_by(lambda: session.close_with_voucher(TOKENS))
    assert moved == (COST, DEPOSIT - COST)


def test_cap(escrow):
    """It should pay up to the cap."""
    session = escrow.open(voucherCap=FEWER)
    moved = session.moved_by(lambda: session.close_with_voucher(TOKENS))
    assert moved == (FEWER_COST, DEPOSIT - FEWER_COST)


def test_settled_before(escrow, marketplace, session, host):
    """It should pay what came since, and say so in the event."""
    session.redeem(FEWER)
    session.checkpoint()
    tx = session.close_with_voucher(TOKENS)
    assert emitted(tx)[0] == event(
        marketplace.SessionCompleted,
        jobId=session.id,
        tokens=TOKENS - FEWER,
        payment=COST - FEWER_COST,
        refund=DEPOSIT - COST,
    )
    assert escrow.earned(host) == COST


def test_live_claim(session):
    """It should drop the claim."""
    session.claim(TOKENS)
    moved = session.moved_by(lambda: session.close_with_voucher(FEWER))
    assert moved == (FEWER_COST, DEPOSIT - FEWER_COST)


def test_matured_claim(session):
    """It should pay the claim where it is larger."""
    session.claim(TOKENS)
    session.pass_challenge_window()
    moved = session.moved_by(lambda: session.close_with_voucher(FEWER))
    assert moved == (COST, DEPOSIT - COST)


@pytest.mark.parametrize("tokens", [FEWER, TOKENS])
def test_open_dispute(escrow, session, user, tokens):
    """It should return the bond and pay for the voucher's tokens."""
    session.claim(TOKENS)
    session.contest()
    bond = session.details.bond
    tx = session.close_with_voucher(tokens)
    assert emitted(tx)[:2] == ended(session, DROPPED, user, bond)
    assert (escrow.credits(user), session.details.settledTokens) == (bond, tokens)


def test_expired_dispute(escrow, session, user):
    """It should void the claim first."""
    session.claim(TOKENS)
    contested_at = session.contest().timestamp
    bond = session.details.bond
    travel_to(contested_at + ANSWER_WINDOW + 1)
    tx = session.close_with_voucher(FEWER)
    assert emitted(tx)[:2] == ended(session, VOIDED, user, bond)
    assert (escrow.credits(user), session.details.settledTokens) == (bond, FEWER)


def test_revoked_circuit(escrow, session, owner):
    """It should pay the claim where it is larger."""
    session.claim(TOKENS)
    session.contest()
    escrow.proof_system.revokeCircuit(METERED, sender=owner)
    moved = session.moved_by(lambda: session.close_with_voucher(FEWER))
    assert moved == (COST, DEPOSIT - COST)


def test_closing(session, user):
    """It should complete the session without waiting."""
    session.complete(sender=user)
    moved = session.moved_by(lambda: session.close_with_voucher(TOKENS))
    assert moved == (COST, DEPOSIT - COST)
    assert session.details.status == COMPLETED


def test_abandoned(escrow):
    """It should keep the label that the user gave it."""
    session = escrow.open(maxDuration=DAY)
    travel_to(session.details.sessionStartTime + ABANDONMENT_PERIOD + 1)
    session.abandon()
    happened = emitted(session.close_with_voucher(TOKENS))[0]
    assert (happened.name, session.details.status) == ("SessionAbandoned", ABANDONED)


def test_over(session):
    """It should accept the voucher until somebody else closes."""
    session.pass_evidence_end()
    moved = session.moved_by(lambda: session.close_with_voucher(TOKENS))
    assert moved == (COST, DEPOSIT - COST)


@pytest.mark.parametrize("tokens", [1, TOKENS])
def test_prompt_job(escrow, tokens):
    """It should pay the unit for a voucher of one."""
    job = escrow.open_prompt()
    assert job.moved_by(lambda: job.close_with_voucher(tokens)) == (job.terms.deposit, 0)


def test_refused_prompt_job(escrow):
    """It should refund it for a voucher of none."""
    job = escrow.open_prompt()
    assert job.moved_by(lambda: job.close_with_voucher(0)) == (0, job.terms.deposit)


def test_revert_when_the_refund_is_starved(marketplace, session, host):
    """It should revert: enough gas must be left for the refund."""
    call = (marketplace.closeWithVoucher, session.id, TOKENS, session.voucher(TOKENS))
    one_too_few = least_gas(*call, sender=host) - 1
    with reverts(marketplace.Payments_GasTooLow, **STARVED):
        ask(*call, sender=host, gas=one_too_few)
