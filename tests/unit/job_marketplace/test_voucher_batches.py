"""redeemVouchers against redeemVoucher, over all that can go wrong in between.

The sessions are such that a voucher can meet everything: an open session, one whose vouchers are
capped, one with a contested claim, one that is closing, and one that is final.
"""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.harness.escrow import advance, travel_to
from tests.harness.events import emitted, event
from tests.harness.evidence import fingerprint
from tests.harness.execution import Reverted, isolated

A_WHILE = 100
CAP = 900
CLAIMED = 800
KINDS = 5
NO_JOB = 10**6
# Around the interval of 1,000, the cap, the claim and zero; and often the same again.
totals = st.one_of(
    st.sampled_from([0, 1, CLAIMED - 1, CLAIMED, CAP, CAP + 1, 999, 1_000, 2_000, 2**64 - 1]),
    st.integers(0, 3_000),
)


@dataclass(frozen=True)
class Brought:
    """A voucher for one of the sessions, signed rightly or not."""

    session: int
    tokens: int
    signed: str


good = st.builds(Brought, st.integers(0, KINDS - 1), totals, st.just("rightly"))
bad = st.builds(
    Brought,
    st.integers(0, KINDS - 1),
    totals,
    st.sampled_from(["by another", "for another", "not at all", "nowhere"]),
)
batches = st.lists(st.one_of(good, good, bad), max_size=8)


@pytest.fixture
def sessions(escrow, voucher_signer):
    """One session of each kind."""
    opened = [
        escrow.open(),
        escrow.open(voucherSigner=voucher_signer, voucherCap=CAP),
        escrow.open(),
        escrow.open(),
        escrow.open(),
    ]
    _, _, contested, closing, final = opened
    advance(A_WHILE)
    contested.claim(CLAIMED)
    contested.contest()
    closing.complete(sender=closing.user)
    final.complete(sender=final.host)
    return opened


@pytest.fixture
def items(sessions, voucher_signer):
    """What was brought, as the contract takes it."""

    def items(batch):
        return [item(brought) for brought in batch]

    def item(brought):
        session = sessions[brought.session]
        capped = session.terms.voucherCap != 0
        signer = voucher_signer if capped else session.user
        match brought.signed:
            case "by another":
                signer = session.host
            case "for another":
                signature = session.voucher(brought.tokens, signer=signer, jobId=session.id + 1)
                return (session.id, brought.tokens, signature)
            case "not at all":
                return (session.id, brought.tokens, b"")
            case "nowhere":
                return (NO_JOB, brought.tokens, session.voucher(brought.tokens, jobId=NO_JOB))
        return (session.id, brought.tokens, session.voucher(brought.tokens, signer=signer))

    return items


@pytest.fixture
def one_by_one(marketplace, stranger):
    """Brings items in transactions of their own, at one time; returns the events, refusals too."""

    def one_by_one(items, now):
        events = []
        for index, item in enumerate(items):
            travel_to(now)
            try:
                events += emitted(marketplace.redeemVoucher(*item, sender=stranger))
            except Reverted as refused:
                skipped = marketplace.VoucherSkipped
                reason = refused.data[:4]
                events.append(event(skipped, jobId=item[0], index=index, reason=reason))
        return events

    return one_by_one


@pytest.fixture
def at_once(marketplace, stranger):
    """Brings items in one transaction; returns the events."""

    def at_once(items, now):
        travel_to(now)
        return emitted(marketplace.redeemVouchers(items, sender=stranger))

    return at_once


def everywhere(sessions):
    """All that can be read of the sessions, and of what they brought their parties."""
    return [fingerprint(session) for session in sessions]


@given(batch=batches)
def test_same_outcome(sessions, items, one_by_one, at_once, chain, batch):
    """It should leave and emit what bringing them one by one does, refusals becoming skips."""
    brought, now = items(batch), chain.pending_timestamp + A_WHILE
    with isolated():
        events = one_by_one(brought, now)
        outcome = everywhere(sessions)
    with isolated():
        assert at_once(brought, now) == events
        assert everywhere(sessions) == outcome


@given(right=st.lists(good, max_size=4), wrong=st.lists(bad, max_size=4), data=st.data())
def test_bad_items(sessions, items, at_once, chain, right, wrong, data):
    """It should leave the same whoever's bad items are added between the good ones."""
    mixed = list(right)
    for item in wrong:
        mixed.insert(data.draw(st.integers(0, len(mixed))), item)
    now = chain.pending_timestamp + A_WHILE
    with isolated():
        at_once(items(right), now)
        expected = everywhere(sessions)
    with isolated():
        at_once(items(mixed), now)
        assert everywhere(sessions) == expected
