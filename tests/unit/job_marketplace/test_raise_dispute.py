"""JobMarketplace.raiseDispute: the user or the watcher contests a claim, with a bond."""

import pytest

from tests.harness.escrow import (
    ACTIVE,
    ANSWER_WINDOW,
    ARBITER_WINDOW,
    BOND_PER_PROOF,
    CHALLENGE_WINDOW,
    COMPLETED,
    DISPUTED,
    ETHER,
    METERED,
    travel_to,
)
from tests.harness.events import emitted, event
from tests.harness.execution import set_base_fee
from tests.harness.reverts import reverts

UNKNOWN = 404
TOKENS = 700
CLAIMED = 900
EVIDENCE_HASH = b"\x0e" * 32
EXCESS = 12_345
GWEI = 10**9


@pytest.fixture
def session(escrow, watcher):
    """A session with a claim, and a watcher."""
    session = escrow.open(watcher=watcher)
    session.claim(CLAIMED)
    return session


@pytest.fixture
def judged(escrow, arbiter):
    """A session with a claim that an arbiter would judge."""
    session = escrow.open(arbiter=arbiter)
    session.claim(CLAIMED)
    return session


def test_revert_given_no_session(marketplace, user):
    """It should revert: the session must exist."""
    with reverts(marketplace.JobMarketplace_SessionUnknown, jobId=UNKNOWN):
        marketplace.raiseDispute(UNKNOWN, EVIDENCE_HASH, value=BOND_PER_PROOF, sender=user)


def test_revert_given_final(marketplace, session, host):
    """It should revert: the session must be active."""
    session.complete(sender=host)
    with reverts(marketplace.JobMarketplace_SessionNotActive, jobId=session.id, status=COMPLETED):
        session.contest(value=BOND_PER_PROOF)


@pytest.mark.parametrize("challenger", ["user", "watcher"])
def test_twice(marketplace, session, actors, challenger):
    """It should refuse to contest a claim twice."""
    session.contest()
    with reverts(marketplace.JobMarketplace_SessionNotActive, jobId=session.id, status=DISPUTED):
        session.contest(value=BOND_PER_PROOF, sender=actors[challenger])


def test_revert_when_the_caller_is_the_host(marketplace, session, host):
    """It should revert: the caller must be the user or the watcher."""
    with reverts(marketplace.JobMarketplace_CallerNotParty, caller=host):
        session.contest(sender=host)


@pytest.mark.parametrize("role", ["voucher_signer", "watcher", "arbiter", "stranger"])
def test_other_roles(marketplace, escrow, actors, voucher_signer, arbiter, role):
    """It should refuse the voucher signer, and a watcher whom nobody named."""
    session = escrow.open(voucherSigner=voucher_signer, arbiter=arbiter)
    session.claim(CLAIMED)
    with reverts(marketplace.JobMarketplace_CallerNotParty, caller=actors[role]):
        session.contest(sender=actors[role])


def test_revert_given_no_claim(marketplace, escrow):
    """It should revert: there must be a live claim, in its challenge window."""
    session = escrow.open()
    with reverts(marketplace.JobMarketplace_NoLiveClaim, jobId=session.id):
        session.contest(value=BOND_PER_PROOF)


def test_late(marketplace, session):
    """It should refuse in the second after the window."""
    travel_to(session.details.claimedAt + CHALLENGE_WINDOW + 1)
    with reverts(marketplace.JobMarketplace_NoLiveClaim, jobId=session.id):
        session.contest(value=BOND_PER_PROOF)


@pytest.mark.parametrize("evidence", ["prove", "redeem"])
def test_reached(marketplace, session, evidence):
    """It should refuse a claim that evidence has reached."""
    getattr(session, evidence)(CLAIMED)
    with reverts(marketplace.JobMarketplace_NoLiveClaim, jobId=session.id):
        session.contest(value=BOND_PER_PROOF)


@pytest.mark.parametrize("end", ["ruled", "expired"])
def test_over(marketplace, judged, end):
    """It should refuse a claim that was ruled on, or went unanswered."""
    judged.contest()
    if end == "ruled":
        judged.rule(TOKENS)
    else:
        travel_to(judged.details.disputeDeadline + 1)
        judged.expire()
    with reverts(marketplace.JobMarketplace_NoLiveClaim, jobId=judged.id):
        judged.contest(value=BOND_PER_PROOF)


def test_revert_given_the_circuit_was_revoked(marketplace, escrow, session, owner):
    """It should revert: the circuit, without an arbiter, must not be revoked."""
    revoked_at = escrow.proof_system.revokeCircuit(METERED, sender=owner).timestamp
    with reverts(
        marketplace.JobMarketplace_CircuitRevoked, circuitId=METERED, revokedAt=revoked_at
    ):
        session.contest()


def test_revoked_with_arbiter(escrow, judged, owner):
    """It should obey where an arbiter judges."""
    escrow.proof_system.revokeCircuit(METERED, sender=owner)
    judged.contest()
    assert judged.details.status == DISPUTED


def test_revert_when_the_bond_is_too_low(marketplace, session):
    """It should revert: the value sent must be at least {disputeBond}."""
    set_base_fee(0)
    with reverts(
        marketplace.JobMarketplace_BondTooLow, required=BOND_PER_PROOF, actual=BOND_PER_PROOF - 1
    ):
        session.contest(value=BOND_PER_PROOF - 1)


def test_outgrown(marketplace, session):
    """It should refuse a bond that the base fee has outgrown."""
    set_base_fee(GWEI)
    quoted = session.bond()
    set_base_fee(2 * GWEI)
    with reverts(marketplace.JobMarketplace_BondTooLow, required=2 * quoted, actual=quoted):
        session.contest(value=quoted)


def test_last_second(session):
    """It should obey the user until the last second of the window."""
    travel_to(session.details.claimedAt + CHALLENGE_WINDOW)
    session.contest()
    assert session.details.status == DISPUTED


def test_watcher(session, watcher):
    """It should obey the watcher."""
    session.contest(sender=watcher)
    details = session.details
    assert (details.status, details.challenger) == (DISPUTED, watcher)


def test_event(marketplace, session, user):
    """It should emit DisputeRaised."""
    bond = session.bond()
    tx = session.contest(value=bond)
    assert emitted(tx) == [
        event(
            marketplace.DisputeRaised,
            jobId=session.id,
            challenger=user,
            bond=bond,
            deadline=tx.timestamp + ANSWER_WINDOW,
            evidenceHash=EVIDENCE_HASH,
        )
    ]


def test_bond(escrow, marketplace, session, user):
    """It should hold the bond and name the challenger."""
    bond = session.bond()
    session.contest(value=bond)
    details = session.details
    assert (details.bond, details.challenger) == (bond, user)
    assert escrow.balance(marketplace, ETHER) == bond
    assert escrow.credits(user) == 0


def test_answer_window(session):
    """It should give the host the answer window."""
    contested_at = session.contest().timestamp
    assert session.details.disputeDeadline == contested_at + ANSWER_WINDOW


def test_arbiter_window(judged):
    """It should give the arbiter the arbiter window."""
    contested_at = judged.contest().timestamp
    assert judged.details.disputeDeadline == contested_at + ARBITER_WINDOW


def test_frozen(escrow):
    """It should freeze the claimed tokens only."""
    session = escrow.open()
    session.prove(TOKENS)
    session.claim(CLAIMED)
    claimed_at = session.details.claimedAt
    session.contest()
    travel_to(claimed_at + CHALLENGE_WINDOW + 1)
    details = session.details
    assert (details.coveredTokens, details.claimedTokens) == (TOKENS, CLAIMED)


def test_matured_before(escrow, session, host):
    """It should pay a claim before it that has matured."""
    session.pass_challenge_window()
    session.claim(CLAIMED + 1)
    session.contest()
    session.checkpoint()
    assert escrow.earned(host) == session.cost(CLAIMED)


def test_no_second_claim(marketplace, session):
    """It should keep the host from claiming more meanwhile."""
    session.contest()
    with reverts(marketplace.JobMarketplace_SessionNotActive, jobId=session.id, status=DISPUTED):
        session.claim(CLAIMED + 1)


def test_excess(escrow, marketplace, session, user):
    """It should credit what is too much."""
    bond = session.bond()
    session.contest(value=bond + EXCESS)
    assert (session.details.bond, escrow.credits(user)) == (bond, EXCESS)
    assert escrow.balance(marketplace, ETHER) == bond + EXCESS


def test_excess_event(marketplace, session, watcher):
    """It should emit Credited."""
    tx = session.contest(value=session.bond() + EXCESS, sender=watcher)
    assert emitted(tx)[1:] == [
        event(marketplace.Credited, account=watcher, token=ETHER, amount=EXCESS)
    ]


@pytest.mark.parametrize("state", ["closing", "over"])
def test_late_in_the_session(escrow, user, state):
    """It should obey all the same."""
    session = escrow.open()
    if state == "closing":
        session.complete(sender=user)
    travel_to(session.details.evidenceEnd)
    session.claim(CLAIMED)
    travel_to(session.details.claimedAt + CHALLENGE_WINDOW)
    session.contest()
    assert session.details.status == DISPUTED


def test_prompt_job(escrow):
    """It should contest its unit."""
    job = escrow.open_prompt()
    job.claim(1)
    assert job.details.status == ACTIVE
    job.contest()
    assert job.details.status == DISPUTED
