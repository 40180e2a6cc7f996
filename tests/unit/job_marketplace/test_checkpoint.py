"""JobMarketplace.checkpoint: what evidence has made payable becomes the host's."""

import pytest

from tests.harness.escrow import (
    ABANDONED,
    CHALLENGE_WINDOW,
    COMPLETED,
    DAY,
    ETHER,
    TIMED_OUT,
    USDC,
    travel_to,
)
from tests.harness.events import emitted, event
from tests.harness.execution import ask
from tests.harness.reverts import reverts
from tests.unit.job_marketplace.closings import every_closing

UNKNOWN = 404
TOKENS, COST = 500, 1_000  # at 2 USDC per million
MORE_TOKENS, MORE_COST = 250, 500
CENT_PER_MILLION = USDC // 100  # so 100 tokens cost one base unit
SLOW = 1  # token per second
ELAPSED = 60
INTERVAL = 1_000


@pytest.fixture
def session(escrow):
    """A session whose interval is larger than what the tests prove, so nothing settles by itself."""
    return escrow.open(proofInterval=INTERVAL)


def test_revert_given_no_session(marketplace, host):
    """It should revert: the session must exist."""
    with reverts(marketplace.JobMarketplace_SessionUnknown, jobId=UNKNOWN):
        marketplace.checkpoint(UNKNOWN, sender=host)


def test_revert_given_final(marketplace, session, host):
    """It should revert: the session must be active or disputed."""
    session.prove(TOKENS)
    session.complete(sender=host)
    with reverts(marketplace.JobMarketplace_SessionNotOpen, jobId=session.id, status=COMPLETED):
        session.checkpoint()


def test_revert_given_nothing_due(marketplace, session):
    """It should revert: something must be due."""
    with reverts(marketplace.JobMarketplace_NothingDue, jobId=session.id):
        session.checkpoint()


def test_twice(marketplace, session):
    """It should refuse to settle the same tokens twice."""
    session.prove(TOKENS)
    session.checkpoint()
    with reverts(marketplace.JobMarketplace_NothingDue, jobId=session.id):
        session.checkpoint()


def test_costless_tokens(marketplace, escrow):
    """It should refuse tokens too few to cost anything."""
    session = escrow.open(pricePerToken=CENT_PER_MILLION)
    session.prove(99)
    with reverts(marketplace.JobMarketplace_NothingDue, jobId=session.id):
        session.checkpoint()


def test_credit(escrow, session, host):
    """It should credit the host with what they cost."""
    session.prove(TOKENS)
    session.checkpoint()
    assert (escrow.earned(host), session.details.settledTokens) == (COST, TOKENS)


def test_returned(marketplace, session, stranger):
    """It should return what it credited."""
    session.prove(TOKENS)
    assert ask(marketplace.checkpoint, session.id, sender=stranger) == COST


def test_event(marketplace, session):
    """It should emit CheckpointProcessed with the tokens and the payment."""
    session.prove(TOKENS)
    assert emitted(session.checkpoint()) == [
        event(
            marketplace.CheckpointProcessed,
            jobId=session.id,
            tokensSettled=TOKENS,
            paymentAmount=COST,
        )
    ]


def test_money_stays(escrow, marketplace, session, user, host, treasury):
    """It should move no money out of the contract."""
    session.prove(TOKENS)
    holders = (marketplace, user, host, treasury)
    before = [escrow.balance(holder) for holder in holders]
    session.checkpoint()
    assert [escrow.balance(holder) for holder in holders] == before
    assert ask(marketplace.feesOwed, escrow.usdc) == 0


def test_anyone(escrow, session, host, stranger):
    """It should obey anyone."""
    session.prove(TOKENS)
    session.checkpoint(sender=stranger)
    assert (escrow.earned(host), escrow.earned(stranger)) == (COST, 0)


def test_acknowledged(escrow, session, host):
    """It should credit what they cost."""
    session.redeem(TOKENS)
    session.checkpoint()
    assert escrow.earned(host) == COST


def test_claim_in_its_window(marketplace, session):
    """It should refuse to pay it in the last second of its window."""
    claimed_at = session.claim(TOKENS).timestamp
    travel_to(claimed_at + CHALLENGE_WINDOW)
    with reverts(marketplace.JobMarketplace_NothingDue, jobId=session.id):
        session.checkpoint()


def test_matured_claim(escrow, session, host):
    """It should pay it from the second after."""
    claimed_at = session.claim(TOKENS).timestamp
    travel_to(claimed_at + CHALLENGE_WINDOW + 1)
    session.checkpoint()
    assert escrow.earned(host) == COST


def test_contested_claim(escrow, session, host):
    """It should pay only what a contested claim leaves undisputed."""
    session.prove(TOKENS)
    session.claim(TOKENS + MORE_TOKENS)
    session.contest()
    session.pass_challenge_window()
    session.checkpoint()
    assert (escrow.earned(host), session.details.settledTokens) == (COST, TOKENS)


def test_several(marketplace, session, escrow, host):
    """It should pay each time for what came since."""
    session.prove(TOKENS)
    session.checkpoint()
    session.prove(MORE_TOKENS)
    assert emitted(session.checkpoint()) == [
        event(
            marketplace.CheckpointProcessed,
            jobId=session.id,
            tokensSettled=MORE_TOKENS,
            paymentAmount=MORE_COST,
        )
    ]
    assert escrow.earned(host) == COST + MORE_COST


def test_rounding_never_compounds(escrow, host):
    """It should lose nothing to rounding.

    Four times 150 tokens at 0.01 USDC per million are 1.5 units each: rounded down alone they would
    make 4, together they make 6.
    """
    session = escrow.open(pricePerToken=CENT_PER_MILLION)
    paid = []
    for _ in range(4):
        session.prove(150)
        before = escrow.earned(host)
        session.checkpoint()
        paid.append(escrow.earned(host) - before)
    assert (paid, sum(paid)) == ([1, 2, 1, 2], 6)


def test_deposit(escrow, host):
    """It should pay no more than the deposit."""
    session = escrow.open(deposit=USDC, pricePerToken=1_000 * USDC)  # buys 1,000 tokens
    session.redeem(10 * INTERVAL)
    assert (escrow.earned(host), session.details.settledTokens) == (USDC, INTERVAL)
    assert session.details.coveredTokens == 10 * INTERVAL


def test_top_up(escrow, marketplace, user, host):
    """It should pay the rest after a top-up."""
    session = escrow.open(deposit=USDC, pricePerToken=1_000 * USDC)
    session.redeem(INTERVAL + TOKENS)
    marketplace.topUp(session.id, 2 * USDC, sender=user)
    session.checkpoint()
    assert escrow.earned(host) == USDC + USDC // 2


def test_rate(escrow):
    """It should pay what the rate and one interval allow."""
    slow = escrow.open(maxTokensPerSecond=SLOW)
    slow.prove(1_000, 1_000)
    travel_to(slow.details.sessionStartTime + ELAPSED)
    slow.checkpoint()
    assert slow.details.settledTokens == INTERVAL + SLOW * ELAPSED


def test_rate_with_time(marketplace, escrow):
    """It should pay more with every second."""
    slow = escrow.open(maxTokensPerSecond=SLOW)
    slow.prove(1_000, 1_000)
    travel_to(slow.details.sessionStartTime + ELAPSED)
    settled_at = slow.checkpoint().timestamp
    travel_to(settled_at + 1)
    assert emitted(slow.checkpoint()) == [
        event(marketplace.CheckpointProcessed, jobId=slow.id, tokensSettled=SLOW, paymentAmount=2)
    ]


@every_closing
def test_closed_later(escrow, marketplace, voucher_signer, closing):
    """It should leave the closing's event only what came since, whatever closes."""
    session = escrow.open(maxDuration=DAY, voucherSigner=voucher_signer)
    session.prove(TOKENS)
    session.checkpoint()
    session.redeem(TOKENS + MORE_TOKENS, signer=voucher_signer)
    one_more = 1 if closing.function == "claimWithProof" else 0
    closed = {
        COMPLETED: marketplace.SessionCompleted,
        TIMED_OUT: marketplace.SessionTimedOut,
        ABANDONED: marketplace.SessionAbandoned,
    }
    assert event(
        closed[closing.status],
        jobId=session.id,
        tokens=MORE_TOKENS + one_more,
        payment=MORE_COST + 2 * one_more,
        refund=session.terms.deposit - COST - MORE_COST - 2 * one_more,
    ) in emitted(closing(session))


@pytest.mark.parametrize("state", ["disputed", "closing", "over"])
def test_late(escrow, session, user, host, state):
    """It should settle all the same."""
    session.prove(TOKENS)
    if state == "disputed":
        session.claim(TOKENS + 1)
        session.contest()
    elif state == "closing":
        session.complete(sender=user)
    else:
        session.pass_evidence_end()
    session.checkpoint()
    assert escrow.earned(host) == COST


def test_paused(escrow, marketplace, session, owner, host):
    """It should settle all the same."""
    session.prove(TOKENS)
    marketplace.pause(sender=owner)
    session.checkpoint()
    assert escrow.earned(host) == COST


def test_ether(escrow, host):
    """It should credit in the session's token: ETH."""
    session = escrow.open(token=ETHER)
    session.prove(TOKENS)
    session.checkpoint()
    assert escrow.earned(host, ETHER) == session.cost(TOKENS)
    assert escrow.earned(host) == 0
