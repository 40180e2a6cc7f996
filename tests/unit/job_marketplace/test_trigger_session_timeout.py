"""JobMarketplace.triggerSessionTimeout: anyone closes a session that ended by itself."""

import pytest

from tests.harness.disputes import ended
from tests.harness.escrow import (
    CHALLENGE_WINDOW,
    CLOSE_WINDOW,
    ETHER,
    HOUR,
    METERED,
    STANDS,
    TIMED_OUT,
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
def claimed_late(session):
    """The session with a claim from the last second for evidence."""
    travel_to(session.details.evidenceEnd)
    session.claim(CLAIMED)
    return session


@pytest.fixture
def contested(claimed_late):
    """The session with that claim contested, in the last second for that."""
    travel_to(claimed_late.details.claimedAt + CHALLENGE_WINDOW)
    claimed_late.contest()
    return claimed_late


def test_revert_given_no_session(marketplace, stranger):
    """It should revert: the session must exist."""
    with reverts(marketplace.JobMarketplace_SessionUnknown, jobId=UNKNOWN):
        marketplace.triggerSessionTimeout(UNKNOWN, sender=stranger)


def test_revert_given_final(marketplace, session):
    """It should revert: the session must be active or disputed."""
    session.pass_evidence_end()
    session.time_out()
    with reverts(marketplace.JobMarketplace_SessionNotOpen, jobId=session.id, status=TIMED_OUT):
        session.time_out()


def test_revert_given_closing(marketplace, session, user):
    """It should revert: the session must not be closing."""
    closing_at = session.complete(sender=user).timestamp
    session.pass_evidence_end()
    with reverts(marketplace.JobMarketplace_SessionClosing, jobId=session.id, closingAt=closing_at):
        session.time_out()


@pytest.mark.parametrize("caller", ["user", "host", "stranger"])
def test_revert_given_time_for_evidence(marketplace, session, actors, caller):
    """It should revert: the time for evidence must be over."""
    last_second = session.details.endsAt + CLOSE_WINDOW
    travel_to(last_second)
    with reverts(marketplace.JobMarketplace_TooEarly, earliest=last_second + 1, time=last_second):
        session.time_out(sender=actors[caller])


def test_extended(marketplace, session, user):
    """It should wait as much longer as the user extends the session."""
    ends_at = session.details.endsAt + HOUR
    marketplace.extend(session.id, ends_at, sender=user)
    last_second = ends_at + CLOSE_WINDOW
    travel_to(last_second)
    with reverts(marketplace.JobMarketplace_TooEarly, earliest=last_second + 1, time=last_second):
        session.time_out()


def test_revert_given_a_live_claim(marketplace, claimed_late):
    """It should revert: no claim may be live."""
    last_second = claimed_late.details.claimedAt + CHALLENGE_WINDOW
    travel_to(last_second)
    with reverts(marketplace.JobMarketplace_ClaimLive, claimed=CLAIMED, until=last_second):
        claimed_late.time_out()


def test_matured_claim(claimed_late):
    """It should pay the claim from the second after its window."""
    claimed_late.pass_challenge_window()
    moved = claimed_late.moved_by(claimed_late.time_out)
    assert moved == (CLAIMED_COST, DEPOSIT - CLAIMED_COST)


def test_revert_given_an_open_dispute(marketplace, contested):
    """It should revert: no dispute may be open."""
    deadline = contested.details.disputeDeadline
    travel_to(deadline)
    with reverts(marketplace.JobMarketplace_DisputeOpen, deadline=deadline, time=deadline):
        contested.time_out()


def test_expired_dispute(escrow, contested, user):
    """It should void the claim, return the bond, and close."""
    details = contested.details
    travel_to(details.disputeDeadline + 1)
    tx = contested.time_out()
    assert emitted(tx)[:2] == ended(contested, VOIDED, user, details.bond)
    assert escrow.credits(user) == details.bond
    assert (contested.details.status, contested.details.settledTokens) == (TIMED_OUT, TOKENS)


def test_revoked_circuit(escrow, contested, owner, user):
    """It should let the claim stand, and close."""
    bond = contested.details.bond
    escrow.proof_system.revokeCircuit(METERED, sender=owner)
    tx = contested.time_out()
    assert emitted(tx)[:2] == ended(contested, STANDS, user, bond, matured=CLAIMED)
    assert (contested.details.status, contested.details.settledTokens) == (TIMED_OUT, CLAIMED)


@pytest.mark.parametrize("role", ["user", "host", "stranger"])
def test_anyone(session, actors, role):
    """It should obey anyone, the second after."""
    travel_to(session.details.endsAt + CLOSE_WINDOW + 1)
    session.time_out(sender=actors[role])
    assert session.details.status == TIMED_OUT


def test_payment_and_refund(session):
    """It should pay for what is covered and refund the rest."""
    session.pass_evidence_end()
    assert session.moved_by(session.time_out) == (COST, DEPOSIT - COST)


def test_ether(escrow):
    """It should pay and refund in ETH likewise."""
    million = 10**15
    session = escrow.open(token=ETHER, deposit=million, pricePerToken=million)
    session.prove(1_000)  # an interval, which settles by itself
    session.redeem(1_500)
    session.pass_evidence_end()
    paid, refunded = session.moved_by(session.time_out)
    assert (paid, refunded) == (million // 2_000, million - million * 3 // 2_000)


def test_settled_in_part(session):
    """It should pay for what is covered when it was settled in part."""
    session.checkpoint()
    session.redeem(CLAIMED)
    session.pass_evidence_end()
    assert session.moved_by(session.time_out) == (CLAIMED_COST - COST, DEPOSIT - CLAIMED_COST)


def test_nothing_shown(escrow):
    """It should refund everything where nothing was shown."""
    session = escrow.open()
    session.pass_evidence_end()
    assert session.moved_by(session.time_out) == (0, DEPOSIT)


def test_event(marketplace, session, usdc, user):
    """It should emit SessionTimedOut."""
    session.pass_evidence_end()
    assert emitted(session.time_out()) == [
        event(
            marketplace.SessionTimedOut,
            jobId=session.id,
            tokens=TOKENS,
            payment=COST,
            refund=DEPOSIT - COST,
        ),
        event(usdc.Transfer, **{"from": marketplace, "to": user, "value": DEPOSIT - COST}),
    ]


@pytest.mark.parametrize("shown", [False, True])
def test_prompt_job(escrow, shown):
    """It should pay a prompt job's unit only if it was shown."""
    job = escrow.open_prompt()
    if shown:
        job.redeem(1)
    job.pass_evidence_end()
    assert job.moved_by(job.time_out) == (
        (job.terms.deposit, 0) if shown else (0, job.terms.deposit)
    )


def test_revert_when_the_refund_is_starved(marketplace, session, stranger):
    """It should revert: enough gas must be left for the refund."""
    session.pass_evidence_end()
    call = (marketplace.triggerSessionTimeout, session.id)
    one_too_few = least_gas(*call, sender=stranger) - 1
    with reverts(marketplace.Payments_GasTooLow, **STARVED):
        ask(*call, sender=stranger, gas=one_too_few)
