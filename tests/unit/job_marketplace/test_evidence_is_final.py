"""JobMarketplace: nobody can reduce a payment below the proven and acknowledged tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.harness.escrow import (
    DAY,
    METERED,
    MINUTE,
    USDC,
    advance,
    travel_to,
)
from tests.harness.execution import isolated
from tests.unit.job_marketplace.closings import CLOSINGS, every_closing

TOKENS, COST = 700, 1_400  # at 2 USDC per million
FEWER = 300
INTERVAL = 1_000
SLOW = 1  # token per second


def matured(session):
    session.claim(TOKENS)
    session.pass_challenge_window()


def folded(session):
    matured(session)
    session.claim(TOKENS + 1)
    session.contest()
    travel_to(session.details.disputeDeadline + 1)
    session.expire()


def granted(session):
    session.claim(INTERVAL)
    session.contest()
    session.rule(TOKENS)


def answered(session):
    session.claim(TOKENS)
    session.contest()
    session.prove(TOKENS)


EVIDENCE = {
    "proven": lambda session: session.prove(TOKENS),
    "acknowledged": lambda session: session.redeem(
        TOKENS, signer=session.escrow.actors["voucher_signer"]
    ),
    "matured": matured,
    "folded": folded,
    "granted": granted,
    "answered": answered,
}


@pytest.fixture
def open_session(escrow, voucher_signer, arbiter):
    """Opens a session as the list of closings wants it."""

    def open_session(**terms):
        usual = {"maxDuration": 10 * DAY, "voucherSigner": voucher_signer, "arbiter": arbiter}
        return escrow.open(**(usual | terms))

    return open_session


@every_closing
@pytest.mark.parametrize("kind", EVIDENCE)
def test_every_kind(escrow, open_session, host, kind, closing):
    """It should pay for all of them, whatever closes."""
    session = open_session()
    EVIDENCE[kind](session)
    closing(session)
    one_more = 2 if closing.function == "claimWithProof" else 0
    assert escrow.earned(host) == COST + one_more


def test_contest(escrow, open_session, user, host):
    """It should not let the user contest them away."""
    session = open_session()
    session.prove(TOKENS)
    session.claim(TOKENS + 1)
    session.contest()
    session.complete(sender=user)
    travel_to(session.details.disputeDeadline + 1)
    session.finalize()
    assert escrow.earned(host) == COST


def test_ruling(escrow, open_session, host):
    """It should not let the arbiter rule them away."""
    session = open_session()
    session.prove(TOKENS)
    session.claim(INTERVAL)
    session.contest()
    session.rule(0)
    session.complete(sender=host)
    assert escrow.earned(host) == COST


def test_agreement(escrow, open_session, host):
    """It should not let the user agree them away with a careless host."""
    session = open_session()
    session.prove(TOKENS)
    session.close_with_agreement(0)
    assert escrow.earned(host) == COST


def test_later_words(escrow, open_session, host, voucher_signer):
    """It should not let the host's own later words take them away."""
    session = open_session()
    session.redeem(TOKENS, signer=voucher_signer)
    session.prove(FEWER, first=0)
    session.close_with_voucher(FEWER, signer=voucher_signer)
    assert escrow.earned(host) == COST


def test_owners(escrow, marketplace, open_session, owner, admin, user, host):
    """It should not let the owners take them away."""
    session = open_session()
    session.prove(TOKENS)
    escrow.proof_system.revokeCircuit(METERED, sender=owner)
    escrow.registry.deactivate(host, sender=admin)
    marketplace.setToken(escrow.usdc, False, 0, sender=owner)
    marketplace.pause(sender=owner)
    session.complete(sender=user)
    session.pass_evidence_end()
    session.finalize()
    assert escrow.earned(host) == COST


@every_closing
def test_deposit(escrow, open_session, host, voucher_signer, closing):
    """It should pay the whole deposit, whatever closes."""
    session = open_session(deposit=USDC, pricePerToken=1_000 * USDC)
    session.redeem(2 * INTERVAL, signer=voucher_signer)
    assert session.moved_by(lambda: closing(session)) == (0, 0)
    assert escrow.earned(host) == USDC


@given(
    rate=st.sampled_from([SLOW, 10_000]),
    proven=st.lists(st.integers(1, INTERVAL), max_size=2),
    acknowledged=st.integers(0, 3 * INTERVAL),
    claimed=st.integers(0, INTERVAL),
    waited=st.integers(0, DAY),
    closing=st.sampled_from(CLOSINGS),
)
def test_any(escrow, host, open_session, rate, proven, acknowledged, claimed, waited, closing):
    """It should pay no less than what is covered within the limit, whatever closes."""
    with isolated():
        session = open_session(maxTokensPerSecond=rate, proofInterval=INTERVAL)
        earned = escrow.earned(host)
        advance(MINUTE)
        if proven:
            session.prove(*proven)
        if acknowledged:
            session.redeem(acknowledged, signer=escrow.actors["voucher_signer"])
        covered = max(sum(proven), acknowledged)
        if claimed:
            covered += claimed
            session.claim(covered)
            session.pass_challenge_window()
            session.checkpoint()  # the window's end is only the next block's: mine it
        if waited:
            advance(waited)
        closing(session)
        exposed = max(acknowledged, rate * MINUTE) + INTERVAL
        affordable = session.terms.deposit * 10**6 // session.terms.pricePerToken
        least = min(covered, exposed, affordable)
        assert escrow.earned(host) - earned >= session.cost(least)
