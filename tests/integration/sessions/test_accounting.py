"""The SDK's arithmetic is the contract's: on every history, at every time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenwork.sessions import _accounting as accounting
from tests.harness.escrow import (
    CHALLENGE_WINDOW,
    CLOSE_WINDOW,
    HOUR,
    USDC,
    advance,
    travel_to,
)
from tests.harness.execution import Reverted, isolated, rpc

# What may happen to a session: an action, how many tokens it is about, and how long it takes.
steps = st.tuples(
    st.sampled_from(["voucher", "prove", "claim", "contest", "top_up", "close", "wait"]),
    st.integers(1, 2_500),
    st.sampled_from([1, 60, CHALLENGE_WINDOW, CHALLENGE_WINDOW + 1, CLOSE_WINDOW + 1]),
)


def act(session, action: str, tokens: int) -> None:
    """One step of a session's history; what the contract refuses does not happen."""
    details = session.details
    covered = details.coveredTokens
    deeds = {
        "voucher": lambda: session.redeem(covered + tokens),
        "prove": lambda: session.prove(min(tokens, 1_024)),
        "claim": lambda: session.claim(covered + min(tokens, details.checkpointInterval)),
        "contest": session.contest,
        "top_up": lambda: session.marketplace.topUp(session.id, tokens, sender=session.user),
        "close": lambda: session.complete(sender=session.user),
        "wait": lambda: rpc("evm_mine"),
    }
    try:
        deeds[action]()
    except Reverted:
        rpc("evm_mine")


def assert_agrees(market, session) -> None:
    """Every figure that the SDK computes from the counters is the one that the contract computes in the next block."""
    rpc("evm_mine")
    now = market.node.block().timestamp
    details, windows = market.details(session.id), market.parameters
    assert accounting.covered(details, windows, now) == details.covered
    assert accounting.payable(details, windows, now) == details.payable
    assert accounting.evidence_end(details, windows) == details.evidence_end
    earned = market.ask("calculateCurrentEarnings", session.id)
    assert accounting.due(details, accounting.payable(details, windows, now)) == earned
    live = accounting.has_live_claim(details, windows, now)
    assert live or not market.ask("disputeBond", session.id)
    if live and not details.is_disputed:
        assert market.ask("disputeBond", session.id) > 0


@given(
    deposit=st.integers(USDC, 100 * USDC),
    price=st.integers(1, 100 * USDC),
    rate=st.sampled_from([1, 7, 200, 10_000]),
    interval=st.sampled_from([1, 64, 1_000, 9_000]),
    history=st.lists(steps, max_size=8),
)
def test_every_figure_agrees(escrow, market, deposit, price, rate, interval, history):
    """Covered, payable, due, live claims and deadlines agree after every step of a random history."""
    with isolated():
        session = escrow.open(
            deposit=deposit,
            pricePerToken=price,
            maxTokensPerSecond=rate,
            proofInterval=interval,
            maxDuration=HOUR,
        )
        assert_agrees(market, session)
        for action, tokens, seconds in history:
            advance(seconds)
            act(session, action, tokens)
            assert_agrees(market, session)


@given(
    tokens=st.integers(1, 50_000),
    seconds=st.integers(0, 2 * HOUR),
    rate=st.sampled_from([1, 10, 200]),
)
def test_the_limit_is_what_a_voucher_makes_payable(escrow, market, tokens, seconds, rate):
    """What the SDK says would be payable with a voucher is what is payable once it was redeemed."""
    with isolated():
        session = escrow.open(
            deposit=USDC // 10, pricePerToken=5 * USDC, maxTokensPerSecond=rate, proofInterval=500
        )
        before = market.details(session.id)
        advance(1 + seconds)
        session.redeem(tokens)
        now = market.node.block().timestamp
        assert market.details(session.id).payable == min(
            tokens, accounting.limit(before, now, tokens)
        )


@given(
    acked=st.integers(0, 4_000),
    proven=st.integers(1, 12_000),
    seconds=st.integers(1, 900),
    rate=st.sampled_from([1, 5, 50]),
    interval=st.sampled_from([1, 64, 1_000]),
    closes=st.booleans(),
)
def test_what_is_proven_beyond_the_limit_waits(
    escrow, market, acked, proven, seconds, rate, interval, closes
):
    """Far more evidence than is payable yet: the limit itself agrees, before and after time has passed or stopped."""
    with isolated():
        session = escrow.open(maxTokensPerSecond=rate, proofInterval=interval)
        if acked:
            session.redeem(acked)
        counts = [1_024] * (proven // 1_024) + [proven % 1_024] * (proven % 1_024 > 0)
        session.prove(*counts, first=0)
        if closes:
            session.complete(sender=session.user)
        advance(seconds)
        assert_agrees(market, session)
        details, now = market.details(session.id), market.node.block().timestamp
        expected = min(max(acked, proven), accounting.limit(details, now))
        assert details.payable == expected


@given(tokens=st.integers(0, 10_000), cap=st.integers(1, 5_000))
def test_the_cap_is_applied_as_the_contract_does(escrow, market, tokens, cap):
    """A voucher beyond the cap counts up to it."""
    with isolated():
        session = escrow.open(voucherCap=cap)
        details = market.details(session.id)
        if tokens:
            session.redeem(tokens)
        assert market.details(session.id).acked == accounting.voucher_counts(details, tokens)


@pytest.mark.parametrize("past", [0, 1])
def test_a_claim_counts_from_the_second_after_its_window(escrow, market, past):
    """In the last second of the window a claim is live and can be contested; in the next one it is covered."""
    session = escrow.open()
    session.claim(800)
    details = market.details(session.id)
    travel_to(accounting.claim_matures_at(details, market.parameters) + past)
    assert_agrees(market, session)
    assert market.details(session.id).covered == 800 * past


def test_a_contested_claim_never_matures(escrow, market):
    """While it is contested no time makes a claim count, nor after its deadline, when it is undecided no more."""
    session = escrow.open()
    session.claim(800)
    session.contest()
    windows, details = market.parameters, market.details(session.id)
    for moment, undecided in (
        (details.dispute_deadline, True),
        (details.dispute_deadline + 1, False),
    ):
        assert moment > accounting.claim_matures_at(details, windows)
        travel_to(moment)
        assert_agrees(market, session)
        assert accounting.covered(details, windows, moment) == 0
        assert accounting.is_undecided(details, windows, moment) is undecided


def test_what_has_matured_stays_when_the_next_claim_is_contested(escrow, market):
    """The next claim folds the matured one in, and contesting it freezes the difference only."""
    session = escrow.open()
    session.claim(800)
    advance(CHALLENGE_WINDOW + 1)
    session.claim(1_500)
    session.contest()
    assert_agrees(market, session)
    details = market.details(session.id)
    assert (details.covered, accounting.standing(details)) == (800, 800)
