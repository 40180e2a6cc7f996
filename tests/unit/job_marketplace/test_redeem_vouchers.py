"""JobMarketplace.redeemVouchers: many sessions' vouchers at once, none of which can block another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.harness.escrow import ACTIVE, ETHER, advance
from tests.harness.events import emitted
from tests.harness.evidence import (
    checkpoint_processed,
    everything,
    voucher_redeemed,
    voucher_skipped,
)
from tests.harness.execution import Reverted, ask, isolated, least_gas
from tests.harness.reverts import reverts
from tests.harness.signing import compact, high_s
from tests.harness.values import Within

TOKENS = 400
A_WHILE = 100
NO_JOB = 10**6
# What must be left before each item, and how much of it the check itself may use.
GAS_PER_ITEM = 250_000
CHECKING = 500
# What a transaction costs before it does anything.
INTRINSIC = 21_000


@pytest.fixture
def sessions(escrow, other_host, other_user):
    """Three sessions in which time has passed: two of one host, one of other parties."""
    opened = [escrow.open(), escrow.open(), escrow.open(user=other_user, host=other_host)]
    advance(A_WHILE)
    return opened


def item(session, tokens=TOKENS, signature=None, **signed):
    """One voucher as it travels in a batch."""
    if signature is None:
        signature = session.voucher(tokens, **signed)
    return (session.id, tokens, signature)


def redeem(session, *items, sender=None, **options):
    """Somebody (by default the host) brings a batch."""
    method = session.marketplace.redeemVouchers
    return method(list(items), sender=sender or session.host, **options)


def test_revert_when_gas_is_short(sessions, marketplace, host):
    """It should revert: enough gas must be left before each item that the item cannot run out of it."""
    items = [item(sessions[0])]
    one_too_few = least_gas(marketplace.redeemVouchers, items, sender=host) - 1
    with reverts(
        marketplace.JobMarketplace_GasTooLow,
        required=GAS_PER_ITEM,
        available=Within(GAS_PER_ITEM - CHECKING, GAS_PER_ITEM - 1),
    ):
        ask(marketplace.redeemVouchers, items, sender=host, gas=one_too_few)


def test_gas_short_later(sessions, marketplace, host):
    """It should refuse the whole batch if that shows at a later item."""
    items = [item(session) for session in sessions]
    enough_for_two = least_gas(marketplace.redeemVouchers, items[:2], sender=host)
    with reverts(
        marketplace.JobMarketplace_GasTooLow,
        required=GAS_PER_ITEM,
        available=Within(GAS_PER_ITEM // 2, GAS_PER_ITEM - 1),
    ):
        ask(marketplace.redeemVouchers, items, sender=host, gas=enough_for_two)


@given(gas=st.integers(3 * INTRINSIC, 600_000))  # less does not pay for the calldata
def test_any_gas(sessions, chain, gas):
    """It should do all or nothing, and never skip an item for want of gas."""
    items = [item(session, session.terms.proofInterval) for session in sessions]
    with isolated():
        before = [session.details.settledTokens for session in sessions]
        try:
            redeem(sessions[0], *items, gas_limit=gas)
        except Reverted:
            after = before
        else:
            after = [session.terms.proofInterval for session in sessions]
        assert [session.details.settledTokens for session in sessions] == after


def test_most_expensive_item(escrow, owner, user):
    """It should need less than is asked for.

    Everything happens at once and for the first time: the session's first voucher, its host's first
    earnings, the end of a dispute and its challenger's first credit; by a named signer.
    """
    session = escrow.open(voucherSigner=owner, voucherCap=2**63, watcher=escrow.actors["watcher"])
    advance(A_WHILE)
    session.claim(session.terms.proofInterval)
    session.contest(sender=escrow.actors["watcher"])
    call = [item(session, session.terms.proofInterval, signer=owner)]
    receipt = redeem(session, *call)
    assert session.details.status == ACTIVE
    assert session.details.settledTokens == session.terms.proofInterval
    assert receipt.gas_used - INTRINSIC < GAS_PER_ITEM


def test_empty(sessions):
    """It should do nothing."""
    assert emitted(redeem(sessions[0])) == []


def test_all_good(sessions):
    """It should redeem each."""
    redeem(sessions[0], *[item(session, TOKENS + session.id) for session in sessions])
    for session in sessions:
        assert session.details.ackedTokens == TOKENS + session.id


def test_events(sessions):
    """It should emit what redeemVoucher emits for each, in order."""
    first, second, third = sessions
    interval = second.terms.proofInterval
    batch = [item(first), item(second, interval), item(third)]
    assert emitted(redeem(first, *batch)) == [
        voucher_redeemed(first, TOKENS),
        voucher_redeemed(second, interval),
        checkpoint_processed(second, interval, second.cost(interval)),
        voucher_redeemed(third, TOKENS),
    ]


# ------------------------------------------------------------------------------ ways to be bad
# Each leads to a bad item of the session, and names the error that it would meet alone.


def unknown_session(session):
    bad = (NO_JOB, TOKENS, session.voucher(TOKENS, jobId=NO_JOB))
    return bad, session.marketplace.JobMarketplace_SessionUnknown


def final_session(session):
    session.complete(sender=session.host)
    return item(session), session.marketplace.JobMarketplace_SessionNotOpen


def not_newer(session):
    session.redeem(TOKENS)
    return item(session, TOKENS), session.marketplace.JobMarketplace_VoucherNotNewer


def nothing(session):
    return item(session, 0), session.marketplace.JobMarketplace_VoucherNotNewer


def _badly_signed(name, signature):
    def bad(session):
        refused = session.marketplace.JobMarketplace_VoucherSignatureInvalid
        return item(session, signature=signature(session)), refused

    bad.__name__ = name
    return bad


WAYS = [
    unknown_session,
    final_session,
    not_newer,
    nothing,
    _badly_signed("forged", lambda session: session.voucher(TOKENS, signer=session.host)),
    _badly_signed("other_total", lambda session: session.voucher(TOKENS + 1)),
    _badly_signed("other_session", lambda session: session.voucher(TOKENS, jobId=session.id + 1)),
    _badly_signed("high_s", lambda session: high_s(session.voucher(TOKENS))),
    _badly_signed("compact", lambda session: compact(session.voucher(TOKENS))),
    _badly_signed("trailing_byte", lambda session: session.voucher(TOKENS) + b"\x00"),
    _badly_signed("empty", lambda session: b""),
    _badly_signed("very_long", lambda session: session.voucher(TOKENS) * 100),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("index", [0, 1, 2])
def test_bad_item(sessions, way, index):
    """It should skip it with its index and the selector of the error that it would have met."""
    bad, error = way(sessions[index])
    batch = [item(session) for session in sessions]
    batch[index] = bad
    expected = [voucher_redeemed(session, TOKENS) for session in sessions]
    expected[index] = voucher_skipped(sessions[index], index, error, job_id=bad[0])
    assert emitted(redeem(sessions[0], *batch)) == expected


@pytest.mark.parametrize("way", WAYS)
def test_other_items(sessions, way):
    """It should redeem the items before and after it."""
    bad, _ = way(sessions[1])
    before = everything(sessions[1])
    redeem(sessions[0], item(sessions[0]), bad, item(sessions[2]))
    assert [session.details.ackedTokens for session in sessions[::2]] == [TOKENS] * 2
    assert everything(sessions[1]) == before


def test_all_bad(sessions):
    """It should skip them all and change nothing."""
    before = [everything(session) for session in sessions]
    forged = sessions[0].marketplace.JobMarketplace_VoucherSignatureInvalid
    batch = [item(session, signer=session.host) for session in sessions]
    assert emitted(redeem(sessions[0], *batch)) == [
        voucher_skipped(session, index, forged) for index, session in enumerate(sessions)
    ]
    assert [everything(session) for session in sessions] == before


def test_twice(sessions):
    """It should skip the second."""
    first, second, _ = sessions
    older = first.marketplace.JobMarketplace_VoucherNotNewer
    assert emitted(redeem(first, item(first), item(first), item(second))) == [
        voucher_redeemed(first, TOKENS),
        voucher_skipped(first, 1, older),
        voucher_redeemed(second, TOKENS),
    ]


def test_growing(sessions):
    """It should count each of them."""
    session = sessions[0]
    batch = [item(session, total) for total in (100, 200, 300)]
    assert emitted(redeem(session, *batch)) == [
        voucher_redeemed(session, total) for total in (100, 200, 300)
    ]


def test_falling(sessions):
    """It should count the first and skip the others."""
    session = sessions[0]
    older = session.marketplace.JobMarketplace_VoucherNotNewer
    batch = [item(session, total) for total in (300, 200, 100)]
    assert emitted(redeem(session, *batch)) == [
        voucher_redeemed(session, 300),
        voucher_skipped(session, 1, older),
        voucher_skipped(session, 2, older),
    ]


def test_interval_due(sessions, escrow):
    """It should settle that session before the next item."""
    session = sessions[0]
    interval = session.terms.proofInterval
    batch = [item(session, total) for total in (interval, interval + 1, 2 * interval)]
    assert emitted(redeem(session, *batch)) == [
        voucher_redeemed(session, interval),
        checkpoint_processed(session, interval, session.cost(interval)),
        voucher_redeemed(session, interval + 1),
        voucher_redeemed(session, 2 * interval),
        checkpoint_processed(session, interval, session.cost(interval)),
    ]
    assert escrow.earned(session.host) == session.cost(2 * interval)


def test_dispute(sessions, escrow):
    """It should end that dispute."""
    contested, other, _ = sessions
    contested.claim(TOKENS)
    bond = contested.bond()
    contested.contest()
    redeem(contested, item(other), item(contested))
    assert contested.details.status == ACTIVE
    assert escrow.credits(contested.user) == bond


def test_payment_tokens(escrow):
    """It should credit each host in its own token."""
    in_usdc, in_ether = escrow.open(), escrow.open(token=ETHER)
    advance(A_WHILE)
    interval = in_usdc.terms.proofInterval
    redeem(in_usdc, item(in_usdc, interval), item(in_ether, interval))
    assert escrow.earned(in_usdc.host) == in_usdc.cost(interval)
    assert escrow.earned(in_ether.host, ETHER) == in_ether.cost(interval)


@pytest.mark.parametrize("bringer", ["user", "stranger", "relayer"])
def test_anyone(sessions, actors, bringer):
    """It should count all the same."""
    redeem(sessions[0], *[item(session) for session in sessions], sender=actors[bringer])
    assert [session.details.ackedTokens for session in sessions] == [TOKENS] * len(sessions)
