"""The numbered scenarios: situations in which simpler rules would have hurt somebody, told whole."""

import pytest

from tests.harness.escrow import (
    CLOSE_WINDOW,
    HOUR,
    MAX_TOKENS,
    METERED,
    USDC,
    advance,
    travel_to,
)
from tests.harness.reverts import reverts

A_WHILE = 100
COVERED, CLAIMED = 5_000, 6_000  # before and after the contested claim of scenarios (2), (5), (6)


@pytest.fixture
def contested(escrow, arbiter):
    """Opens a session with 5,000 tokens covered and a claim of 6,000 contested."""

    def contested(**terms):
        session = escrow.open(**terms)
        advance(A_WHILE)
        session.prove(*[1_000] * 5)
        session.claim(CLAIMED)
        session.contest()
        return session

    return contested


def assert_all_paid_out(session, payable):
    """The session is final, the host has earned what so many tokens cost, the user has the rest."""
    escrow, token = session.escrow, session.escrow.usdc
    deposited = session.details.depositAmount
    assert session.details.settledTokens == payable
    assert escrow.earned(session.host) == session.cost(payable)
    assert escrow.balance(session.marketplace, token) == session.cost(payable) <= deposited


def test_voucher_overtakes_a_proof(escrow):
    """Scenario (1): proven 1,024, a voucher for 3,000 lands, the proof in flight at 1,024 still counts."""
    session = escrow.open()
    advance(A_WHILE)
    session.prove(1_024)
    in_flight = session.proofs(1_024, [1_024])

    session.redeem(3_000)
    session.marketplace.submitProofsAt(session.id, 1_024, in_flight, [1_024], sender=session.host)

    details = session.details
    assert (details.provenTokens, details.ackedTokens) == (2_048, 3_000)
    assert details.coveredTokens == details.payableTokens == 3_000
    session.prove(1_024)
    session.complete(sender=session.host)
    assert_all_paid_out(session, 2_048 + 1_024)


def test_half_an_answer(escrow, contested, user):
    """Scenario (2): covered 5,000, a claim of 6,000 contested, proofs to 5,500, then silence.

    The proofs stay, the rest of the claim is void, the bond goes back, and claims are off.
    """
    session = contested()
    bond = session.details.bond
    session.prove(500)
    assert session.details.coveredTokens == 5_500

    travel_to(session.details.disputeDeadline + 1)
    session.expire()

    details = session.details
    assert (details.coveredTokens, details.claimedTokens) == (5_500, 0)
    assert escrow.credits(user) == bond
    with reverts(session.marketplace.JobMarketplace_ClaimsOff, jobId=session.id):
        session.claim(5_501)
    session.prove(500)
    session.complete(sender=session.host)
    assert_all_paid_out(session, CLAIMED)


def test_top_up_after_the_work(escrow, marketplace, user):
    """Scenario (3): the deposit covers 5,000 tokens, proven 8,000: a top-up to 7,000 makes 7,000 payable."""
    # A thousand tokens cost a fifth of a USDC.
    session = escrow.open(deposit=USDC, pricePerToken=200 * USDC)
    advance(A_WHILE)
    session.prove(*[1_000] * 8)
    details = session.details
    assert (details.coveredTokens, details.payableTokens) == (8_000, 5_000)

    marketplace.topUp(session.id, session.cost(2_000), sender=user)

    details = session.details
    assert (details.coveredTokens, details.payableTokens) == (8_000, 7_000)
    session.checkpoint()
    assert escrow.earned(session.host) == session.cost(7_000)
    session.complete(sender=session.host)
    assert_all_paid_out(session, 7_000)


@pytest.mark.parametrize("proven", [1_599, 1_600, 1_601, 16 * MAX_TOKENS])
def test_user_closes_at_once(escrow, user, proven):
    """Scenario (4): closed after 3 s at 200/s and interval 1,000, at most 1,600 are ever payable.

    Whatever is proven in the close window, and however the session ends.
    """
    session = escrow.open(maxTokensPerSecond=200, proofInterval=1_000, maxDuration=HOUR)
    opened = session.details.sessionStartTime
    travel_to(opened + 3)
    session.complete(sender=user)

    travel_to(opened + 3 + CLOSE_WINDOW)
    whole, rest = divmod(proven, MAX_TOKENS)
    session.prove(*[MAX_TOKENS] * whole, *[rest] * bool(rest))

    assert session.details.coveredTokens == proven
    assert session.details.payableTokens == min(proven, 1_600)
    session.pass_evidence_end()
    session.finalize()
    assert_all_paid_out(session, min(proven, 1_600))


def test_ruling_in_between(escrow, contested, arbiter, user):
    """Scenario (5): the arbiter grants 5,400 of what lies between 5,000 and 6,000, and that stays settled.

    No later claim, dispute, ruling or closing takes any of it back.
    """
    session = contested(arbiter=arbiter)
    session.rule(5_400)
    session.checkpoint()
    assert session.details.settledTokens == 5_400
    assert escrow.earned(session.host) == session.cost(5_400)

    session.claim(CLAIMED)
    session.contest()
    session.rule(0)
    assert session.details.coveredTokens == 5_400

    session.complete(sender=user)
    session.pass_evidence_end()
    session.finalize()
    assert_all_paid_out(session, 5_400)


@pytest.mark.parametrize(
    ("late", "payable"), [(False, CLAIMED), (True, COVERED)], ids=["in time", "too late"]
)
@pytest.mark.parametrize("closes", [False, True], ids=["expired", "closed over"])
def test_revoked_circuit(escrow, contested, owner, user, late, payable, closes):
    """Scenario (6): a circuit revoked within the time to answer leaves the claim, after it the claim is void.

    In the first case the host could not have answered; in the second it had its time. The bond goes back in both.
    """
    session = contested()
    details = session.details
    travel_to(details.disputeDeadline + late)
    escrow.proof_system.revokeCircuit(METERED, sender=owner)

    if not closes:
        session.expire()
        assert session.details.coveredTokens == payable
    session.complete(sender=session.host)

    assert escrow.credits(user) == details.bond
    assert_all_paid_out(session, payable)
