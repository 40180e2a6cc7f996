"""JobMarketplace.finalizeSession: anyone closes, after the window that the user started."""

import pytest

from tests.harness.disputes import ended
from tests.harness.escrow import (
    CHALLENGE_WINDOW,
    CLOSE_WINDOW,
    COMPLETED,
    ETHER,
    METERED,
    STANDS,
    USDC,
    VOIDED,
    travel_to,
)
from tests.harness.events import emitted, event
from tests.harness.execution import ask, least_gas
from tests.harness.reverts import reverts
from tests.unit.job_marketplace.closings import STARVED

UNKNOWN = 404
DEPOSIT = 10 * USDC
TOKENS, COST = 700, 1_400  # at 2 USDC per million
CLAIMED, CLAIMED_COST = 900, 1_800


@pytest.fixture
def session(escrow):
    """A session with tokens proven."""
    session = escrow.open()
    session.prove(TOKENS)
    return session


@pytest.fixture
def closing(session, user):
    """The session after its user asked to close."""
    session.complete(sender=user)
    return session


@pytest.fixture
def claimed_late(closing):
    """The session with a claim from the last second for evidence."""
    travel_to(closing.details.evidenceEnd)
    closing.claim(CLAIMED)
    return closing


@pytest.fixture
def contested(claimed_late):
    """The session with that claim contested, in the last second for that."""
    travel_to(claimed_late.details.claimedAt + CHALLENGE_WINDOW)
    claimed_late.contest()
    return claimed_late


def test_revert_given_no_session(marketplace, stranger):
    """It should revert: the session must exist."""
    with reverts(marketplace.JobMarketplace_SessionUnknown, jobId=UNKNOWN):
        marketplace.finalizeSession(UNKNOWN, sender=stranger)


def test_revert_given_final(marketplace, closing):
    """It should revert: the session must be active or disputed."""
    closing.pass_evidence_end()
    closing.finalize()
    with reverts(marketplace.JobMarketplace_SessionNotOpen, jobId=closing.id, status=COMPLETED):
        closing.finalize()


@pytest.mark.parametrize("caller", ["user", "stranger"])
def test_revert_given_not_asked(marketplace, session, actors, caller):
    """It should revert: the session must be closing."""
    with reverts(marketplace.JobMarketplace_SessionNotClosing, jobId=session.id):
        session.finalize(sender=actors[caller])


def test_ended_by_itself(marketplace, session):
    """It should refuse a session that ended by itself."""
    session.pass_evidence_end()
    with reverts(marketplace.JobMarketplace_SessionNotClosing, jobId=session.id):
        session.finalize()


@pytest.mark.parametrize("caller", ["user", "host", "stranger"])
def test_revert_given_the_window_is_open(marketplace, closing, actors, caller):
    """It should revert: the time for evidence must be over."""
    last_second = closing.details.closingAt + CLOSE_WINDOW
    travel_to(last_second)
    with reverts(marketplace.JobMarketplace_TooEarly, earliest=last_second + 1, time=last_second):
        closing.finalize(sender=actors[caller])


def test_revert_given_a_live_claim(marketplace, claimed_late):
    """It should revert: no claim may be live."""
    last_second = claimed_late.details.claimedAt + CHALLENGE_WINDOW
    travel_to(last_second)
    with reverts(marketplace.JobMarketplace_ClaimLive, claimed=CLAIMED, until=last_second):
        claimed_late.finalize()


def test_matured_claim(claimed_late):
    """It should pay the claim from the second after its window."""
    claimed_late.pass_challenge_window()
    moved = claimed_late.moved_by(claimed_late.finalize)
    assert moved == (CLAIMED_COST, DEPOSIT - CLAIMED_COST)


def test_revert_given_an_open_dispute(marketplace, contested):
    """It should revert: no dispute may be open."""
    deadline = contested.details.disputeDeadline
    travel_to(deadline)
    with reverts(marketplace.JobMarketplace_DisputeOpen, deadline=deadline, time=deadline):
        contested.finalize()


def test_expired_dispute(escrow, contested, user):
    """It should void the claim, return the bond, and close."""
    details = contested.details
    travel_to(details.disputeDeadline + 1)
    tx = contested.finalize()
    assert emitted(tx)[:2] == ended(contested, VOIDED, user, details.bond)
    assert escrow.credits(user) == details.bond
    assert (contested.details.status, contested.details.settledTokens) == (COMPLETED, TOKENS)


def test_revoked_circuit(escrow, contested, owner, user):
    """It should let the claim stand, and close."""
    bond = contested.details.bond
    escrow.proof_system.revokeCircuit(METERED, sender=owner)
    tx = contested.finalize()
    assert emitted(tx)[:2] == ended(contested, STANDS, user, bond, matured=CLAIMED)
    assert (contested.details.status, contested.details.settledTokens) == (COMPLETED, CLAIMED)


@pytest.mark.parametrize("role", ["user", "host", "stranger"])
def test_anyone(closing, actors, role):
    """It should obey anyone, the second after."""
    travel_to(closing.details.closingAt + CLOSE_WINDOW + 1)
    closing.finalize(sender=actors[role])
    assert closing.details.status == COMPLETED


def test_payment_and_refund(closing):
    """It should pay for what is covered and refund the rest."""
    closing.pass_evidence_end()
    assert closing.moved_by(closing.finalize) == (COST, DEPOSIT - COST)


def test_ether(escrow, user):
    """It should pay and refund in ETH likewise."""
    million = 10**15
    session = escrow.open(token=ETHER, deposit=million, pricePerToken=million)
    session.prove(1_000)  # an interval, which settles by itself
    session.redeem(1_500)
    session.complete(sender=user)
    session.pass_evidence_end()
    paid, refunded = session.moved_by(session.finalize)
    assert (paid, refunded) == (million // 2_000, million - million * 3 // 2_000)


def test_settled_in_part(closing):
    """It should pay for what is covered when it was settled in part."""
    closing.checkpoint()
    closing.redeem(CLAIMED)
    closing.pass_evidence_end()
    assert closing.moved_by(closing.finalize) == (CLAIMED_COST - COST, DEPOSIT - CLAIMED_COST)


def test_nothing_shown(escrow, user):
    """It should refund everything where nothing was shown."""
    session = escrow.open()
    session.complete(sender=user)
    session.pass_evidence_end()
    assert session.moved_by(session.finalize) == (0, DEPOSIT)


def test_event(marketplace, closing, usdc, user):
    """It should emit SessionCompleted."""
    closing.pass_evidence_end()
    assert emitted(closing.finalize()) == [
        event(
            marketplace.SessionCompleted,
            jobId=closing.id,
            tokens=TOKENS,
            payment=COST,
            refund=DEPOSIT - COST,
        ),
        event(usdc.Transfer, **{"from": marketplace, "to": user, "value": DEPOSIT - COST}),
    ]


@pytest.mark.parametrize("shown", [False, True])
def test_prompt_job(escrow, user, shown):
    """It should pay a prompt job's unit only if it was shown."""
    job = escrow.open_prompt()
    if shown:
        job.redeem(1)
    job.complete(sender=user)
    job.pass_evidence_end()
    assert job.moved_by(job.finalize) == (
        (job.terms.deposit, 0) if shown else (0, job.terms.deposit)
    )


def test_revert_when_the_refund_is_starved(marketplace, closing, stranger):
    """It should revert: enough gas must be left for the refund."""
    closing.pass_evidence_end()
    call = (marketplace.finalizeSession, closing.id)
    one_too_few = least_gas(*call, sender=stranger) - 1
    with reverts(marketplace.Payments_GasTooLow, **STARVED):
        ask(*call, sender=stranger, gas=one_too_few)
