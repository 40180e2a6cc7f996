"""JobMarketplace.completeSession: the host closes at once, the user gives the host time."""

import pytest

from tests.harness.disputes import ended
from tests.harness.escrow import (
    ACTIVE,
    CLOSE_WINDOW,
    COMPLETED,
    DISPUTED,
    DROPPED,
    ETHER,
    METERED,
    MINUTE,
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
SLOW = 1  # token per second
INTERVAL = 1_000


@pytest.fixture
def session(escrow):
    """A session without evidence."""
    return escrow.open()


def test_revert_given_no_session(marketplace, host):
    """It should revert: the session must exist."""
    with reverts(marketplace.JobMarketplace_SessionUnknown, jobId=UNKNOWN):
        marketplace.completeSession(UNKNOWN, sender=host)


@pytest.mark.parametrize("party", ["user", "host"])
def test_revert_given_final(marketplace, session, actors, host, party):
    """It should revert: the session must be active or disputed."""
    session.complete(sender=host)
    with reverts(marketplace.JobMarketplace_SessionNotOpen, jobId=session.id, status=COMPLETED):
        session.complete(sender=actors[party])


@pytest.mark.parametrize("role", ["stranger", "watcher", "arbiter", "voucher_signer", "owner"])
def test_revert_when_the_caller_is_no_party(
    marketplace, escrow, actors, watcher, arbiter, voucher_signer, role
):
    """It should revert: the caller must be the user or the host."""
    session = escrow.open(watcher=watcher, arbiter=arbiter, voucherSigner=voucher_signer)
    with reverts(marketplace.JobMarketplace_CallerNotParty, caller=actors[role]):
        session.complete(sender=actors[role])


# --------------------------------------------------------------------------------------- the host


def test_host(session, host):
    """It should pay for what is covered and refund the rest, at once."""
    session.prove(TOKENS)
    moved = session.moved_by(lambda: session.complete(sender=host))
    assert moved == (COST, DEPOSIT - COST)
    assert session.details.status == COMPLETED


def test_ether(escrow, host):
    """It should pay and refund in ETH likewise."""
    million = 10**15
    session = escrow.open(token=ETHER, deposit=million, pricePerToken=million)
    session.redeem(250_000)
    moved = session.moved_by(lambda: session.complete(sender=host))
    assert moved[1] == million - million // 4
    assert escrow.earned(host, ETHER) == million // 4


def test_event(marketplace, session, usdc, user, host):
    """It should emit SessionCompleted."""
    session.prove(TOKENS)
    assert emitted(session.complete(sender=host)) == [
        event(
            marketplace.SessionCompleted,
            jobId=session.id,
            tokens=TOKENS,
            payment=COST,
            refund=DEPOSIT - COST,
        ),
        event(usdc.Transfer, **{"from": marketplace, "to": user, "value": DEPOSIT - COST}),
    ]


def test_nothing_shown(session, host):
    """It should refund everything where nothing was shown."""
    assert session.moved_by(lambda: session.complete(sender=host)) == (0, DEPOSIT)


def test_live_claim(session, host):
    """It should drop a live claim."""
    session.prove(TOKENS)
    session.claim(CLAIMED)
    moved = session.moved_by(lambda: session.complete(sender=host))
    assert moved == (COST, DEPOSIT - COST)


def test_matured_claim(session, host):
    """It should pay a matured claim."""
    session.claim(CLAIMED)
    session.pass_challenge_window()
    moved = session.moved_by(lambda: session.complete(sender=host))
    assert moved == (CLAIMED_COST, DEPOSIT - CLAIMED_COST)


@pytest.fixture
def contested(session):
    """The session with tokens proven, and a claim beyond them contested."""
    session.prove(TOKENS)
    session.claim(CLAIMED)
    session.contest()
    return session


def test_open_dispute(escrow, contested, user, host):
    """It should return the bond of an open dispute."""
    bond = contested.details.bond
    tx = contested.complete(sender=host)
    assert emitted(tx)[:2] == ended(contested, DROPPED, user, bond)
    assert (escrow.credits(user), escrow.earned(host)) == (bond, COST)


def test_expired_dispute(escrow, contested, user, host):
    """It should void the claim of an expired dispute."""
    bond = contested.details.bond
    travel_to(contested.details.disputeDeadline + 1)
    tx = contested.complete(sender=host)
    assert emitted(tx)[:2] == ended(contested, VOIDED, user, bond)
    assert (escrow.credits(user), escrow.earned(host)) == (bond, COST)


def test_revoked_circuit(escrow, contested, owner, user, host):
    """It should let the claim stand whose circuit was revoked in time."""
    bond = contested.details.bond
    escrow.proof_system.revokeCircuit(METERED, sender=owner)
    tx = contested.complete(sender=host)
    assert emitted(tx)[:2] == ended(contested, STANDS, user, bond, matured=CLAIMED)
    assert (escrow.credits(user), escrow.earned(host)) == (bond, CLAIMED_COST)


def test_host_while_closing(session, user, host):
    """It should close a session that its user asked to close."""
    session.prove(TOKENS)
    session.complete(sender=user)
    moved = session.moved_by(lambda: session.complete(sender=host))
    assert moved == (COST, DEPOSIT - COST)


def test_host_when_over(session, host):
    """It should close a session that is over."""
    session.prove(TOKENS)
    session.pass_evidence_end()
    moved = session.moved_by(lambda: session.complete(sender=host))
    assert moved == (COST, DEPOSIT - COST)
    assert session.details.status == COMPLETED


@pytest.mark.parametrize("shown", [False, True])
def test_prompt_job(escrow, host, shown):
    """It should pay a prompt job's unit only if it was shown."""
    job = escrow.open_prompt()
    if shown:
        job.prove(TOKENS)
    moved = job.moved_by(lambda: job.complete(sender=host))
    assert moved == ((job.terms.deposit, 0) if shown else (0, job.terms.deposit))


# --------------------------------------------------------------------------------------- the user


def test_revert_given_closing(marketplace, session, user):
    """It should revert: the session must not be closing already, for the user."""
    closing_at = session.complete(sender=user).timestamp
    with reverts(marketplace.JobMarketplace_SessionClosing, jobId=session.id, closingAt=closing_at):
        session.complete(sender=user)


def test_revert_given_ended(marketplace, session, user):
    """It should revert: the session must not have ended, for the user."""
    ends_at = session.details.endsAt
    travel_to(ends_at + 1)
    with reverts(marketplace.JobMarketplace_SessionEnded, endsAt=ends_at, time=ends_at + 1):
        session.complete(sender=user)


def test_last_second(session, user):
    """It should obey in the last second."""
    ends_at = session.details.endsAt
    travel_to(ends_at)
    session.complete(sender=user)
    assert session.details.closingAt == ends_at


def test_no_money(escrow, marketplace, session, user, host):
    """It should move no money."""
    session.prove(TOKENS)
    held = escrow.balance(marketplace)
    assert session.moved_by(lambda: session.complete(sender=user)) == (0, 0)
    assert escrow.balance(marketplace) == held


def test_window(session, user):
    """It should start the close window."""
    closing_at = session.complete(sender=user).timestamp
    details = session.details
    assert (details.status, details.closingAt) == (ACTIVE, closing_at)
    assert (details.evidenceEnd, details.abandoned) == (closing_at + CLOSE_WINDOW, False)


def test_closing_event(marketplace, session, user):
    """It should emit SessionClosing."""
    tx = session.complete(sender=user)
    assert emitted(tx) == [
        event(
            marketplace.SessionClosing,
            jobId=session.id,
            closingAt=tx.timestamp,
            evidenceEnd=tx.timestamp + CLOSE_WINDOW,
            abandoned=False,
        )
    ]


def test_rate(escrow, user):
    """It should stop the growth of what the rate allows."""
    session = escrow.open(maxTokensPerSecond=SLOW, proofInterval=INTERVAL)
    session.prove(1_000, 1_000)
    travel_to(session.details.sessionStartTime + MINUTE)
    session.complete(sender=user)
    session.pass_evidence_end()
    assert session.details.payableTokens == INTERVAL + SLOW * MINUTE


def test_evidence_in_the_window(session, user):
    """It should still accept proofs, vouchers and claims in the window."""
    session.complete(sender=user)
    travel_to(session.details.evidenceEnd - 2)
    session.prove(100)
    session.redeem(200)
    session.claim(300)
    details = session.details
    assert (details.provenTokens, details.ackedTokens, details.claimedTokens) == (100, 200, 300)


@pytest.mark.parametrize("evidence", ["prove", "claim"])
def test_evidence_after_the_window(marketplace, session, user, evidence):
    """It should refuse proofs and claims after the window."""
    session.complete(sender=user)
    evidence_end = session.details.evidenceEnd
    travel_to(evidence_end + 1)
    with reverts(
        marketplace.JobMarketplace_EvidenceClosed, evidenceEnd=evidence_end, time=evidence_end + 1
    ):
        getattr(session, evidence)(TOKENS)


def test_voucher_after_the_window(session, user):
    """It should still accept vouchers after the window."""
    session.complete(sender=user)
    session.pass_evidence_end()
    session.redeem(TOKENS)
    assert session.details.payableTokens == TOKENS


def test_dispute_goes_on(contested, user):
    """It should obey in a dispute, which goes on."""
    deadline = contested.details.disputeDeadline
    contested.complete(sender=user)
    details = contested.details
    assert (details.status, details.disputeDeadline) == (DISPUTED, deadline)
    travel_to(deadline)
    contested.prove(CLAIMED - TOKENS)
    assert contested.details.status == ACTIVE
    assert contested.details.payableTokens == CLAIMED


def test_revert_when_the_refund_is_starved(marketplace, session, host):
    """It should revert: enough gas must be left for the refund."""
    call = (marketplace.completeSession, session.id)
    one_too_few = least_gas(*call, sender=host) - 1
    with reverts(marketplace.Payments_GasTooLow, **STARVED):
        ask(*call, sender=host, gas=one_too_few)
