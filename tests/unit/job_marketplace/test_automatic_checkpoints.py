"""JobMarketplace: evidence settles by itself once an interval is due."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.harness.escrow import DAY, MAX_TOKENS, MINUTE, USDC, advance
from tests.harness.events import emitted, event
from tests.harness.execution import ask, isolated

INTERVAL, INTERVAL_COST = 1_000, 2_000  # at 2 USDC per million
SLOW = 1  # token per second
EVIDENCE = ("prove", "redeem", "claim")


@pytest.fixture
def session(escrow):
    """A session that settles every thousand tokens."""
    return escrow.open(proofInterval=INTERVAL)


@pytest.fixture
def settlement(marketplace):
    """The event of a settlement of so many tokens for so much."""

    def settlement(session, tokens, payment):
        return event(
            marketplace.CheckpointProcessed,
            jobId=session.id,
            tokensSettled=tokens,
            paymentAmount=payment,
        )

    return settlement


def names(tx):
    return [happened.name for happened in emitted(tx)]


def test_short_proof(escrow, session, host):
    """It should not settle after a proof."""
    assert names(session.prove(INTERVAL - 1)) == ["ProofSubmitted"]
    assert escrow.earned(host) == 0


def test_short_voucher(escrow, session, host):
    """It should not settle after a voucher."""
    assert names(session.redeem(INTERVAL - 1)) == ["VoucherRedeemed"]
    assert escrow.earned(host) == 0


def test_proof(escrow, session, host, settlement):
    """It should settle after a proof."""
    tx = session.prove(INTERVAL)
    assert names(tx) == ["ProofSubmitted", "CheckpointProcessed"]
    assert emitted(tx)[-1] == settlement(session, INTERVAL, INTERVAL_COST)
    assert escrow.earned(host) == INTERVAL_COST


def test_voucher(escrow, session, host, settlement):
    """It should settle after a voucher."""
    tx = session.redeem(INTERVAL)
    assert names(tx) == ["VoucherRedeemed", "CheckpointProcessed"]
    assert emitted(tx)[-1] == settlement(session, INTERVAL, INTERVAL_COST)
    assert escrow.earned(host) == INTERVAL_COST


def test_batch_of_vouchers(escrow, marketplace, session, host, stranger):
    """It should settle after each voucher of a batch that brings one."""
    positions = [INTERVAL, INTERVAL + 1, 2 * INTERVAL]
    items = [(session.id, tokens, session.voucher(tokens)) for tokens in positions]
    tx = marketplace.redeemVouchers(items, sender=stranger)
    redeemed, settled = "VoucherRedeemed", "CheckpointProcessed"
    assert names(tx) == [redeemed, settled, redeemed, redeemed, settled]
    assert escrow.earned(host) == 2 * INTERVAL_COST


def test_folded_claim(escrow, session, host, settlement):
    """It should settle a matured claim when the next one folds it in."""
    session.claim(INTERVAL)
    session.pass_challenge_window()
    tx = session.claim(INTERVAL + 1)
    assert names(tx) == ["ClaimMade", "CheckpointProcessed"]
    assert emitted(tx)[-1] == settlement(session, INTERVAL, INTERVAL_COST)
    assert escrow.earned(host) == INTERVAL_COST


def test_all_at_once(session, settlement):
    """It should settle all of it at once."""
    tx = session.redeem(3 * INTERVAL + 1)
    assert emitted(tx)[-1] == settlement(session, 3 * INTERVAL + 1, 3 * INTERVAL_COST + 2)


def test_after_a_settlement_by_hand(session, settlement):
    """It should count the next interval from there."""
    by_hand = 400
    session.prove(by_hand)
    session.checkpoint()
    assert names(session.redeem(by_hand + INTERVAL - 1)) == ["VoucherRedeemed"]
    tx = session.redeem(by_hand + INTERVAL)
    assert emitted(tx)[-1] == settlement(session, INTERVAL, INTERVAL_COST)


def test_not_payable_yet(escrow, settlement):
    """It should wait until an interval of them is."""
    session = escrow.open(deposit=USDC, pricePerToken=500 * USDC, proofInterval=INTERVAL)
    session.redeem(INTERVAL)
    affordable = 2 * INTERVAL
    session.redeem(2 * affordable)
    assert session.details.settledTokens == affordable
    assert names(session.redeem(3 * affordable)) == ["VoucherRedeemed"]


def test_answer(session):
    """It should end the dispute first, then settle."""
    session.claim(INTERVAL)
    session.contest()
    happened = names(session.redeem(INTERVAL))
    assert happened == ["VoucherRedeemed", "DisputeResolved", "Credited", "CheckpointProcessed"]


def test_ruling(escrow, arbiter, host):
    """It should leave the settling to others."""
    session = escrow.open(proofInterval=INTERVAL, arbiter=arbiter)
    session.claim(INTERVAL)
    session.contest()
    session.rule(INTERVAL)
    assert escrow.earned(host) == 0
    session.checkpoint()
    assert escrow.earned(host) == INTERVAL_COST


def test_prompt_job(escrow, host):
    """It should settle when the job closes."""
    job = escrow.open_prompt()
    job.prove(MAX_TOKENS)
    assert escrow.earned(host) == 0
    job.complete(sender=host)
    assert escrow.earned(host) == job.terms.deposit


@given(
    price=st.integers(1, 10**9),
    steps=st.lists(st.tuples(st.sampled_from(EVIDENCE), st.integers(1, INTERVAL)), max_size=5),
)
def test_history(escrow, chain, host, price, steps):
    """It should make the events add up to what is settled and earned."""
    with isolated():
        session = escrow.open(pricePerToken=price, deposit=100_000 * USDC, maxDuration=DAY)
        advance(MINUTE)  # the rate shall not hold anything back
        tokens = payments = 0
        for kind, step in steps:
            details = session.details
            if kind == "prove":
                tx = session.prove(step)
            elif kind == "redeem":
                tx = session.redeem(details.ackedTokens + step)
            else:
                tx = session.claim(details.coveredTokens + step)
                session.pass_challenge_window()
            for settled in tx.events.filter(session.marketplace.CheckpointProcessed):
                tokens += settled.tokensSettled
                payments += settled.paymentAmount
        details = session.details
        assert (tokens, payments) == (details.settledTokens, escrow.earned(host))
        # A claim that nobody contests counts when its window is over; the next call settles it.
        matured_since = steps[-1][1] if steps and steps[-1][0] == "claim" else 0
        assert details.coveredTokens - tokens < INTERVAL + matured_since
        assert ask(session.marketplace.calculateCurrentEarnings, session.id) >= payments
