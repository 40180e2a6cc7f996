"""JobMarketplace.resolveDispute: the arbiter's word on a contested claim."""

import pytest

from tests.harness.disputes import ended
from tests.harness.escrow import (
    ACTIVE,
    BOND_PER_PROOF,
    DISPUTED,
    METERED,
    RULED,
    ZERO,
    travel_to,
)
from tests.harness.events import emitted
from tests.harness.execution import set_base_fee
from tests.harness.reverts import reverts

UNKNOWN = 404
PROVEN, GRANTED, CLAIMED = 500, 700, 900


@pytest.fixture
def session(escrow, arbiter, watcher):
    """A session with tokens proven, and a claim beyond them contested before an arbiter."""
    session = escrow.open(arbiter=arbiter, watcher=watcher)
    session.prove(PROVEN)
    session.claim(CLAIMED)
    set_base_fee(0)
    session.contest()
    return session


def test_revert_given_no_session(marketplace, arbiter):
    """It should revert: the session must exist."""
    with reverts(marketplace.JobMarketplace_SessionUnknown, jobId=UNKNOWN):
        marketplace.resolveDispute(UNKNOWN, GRANTED, sender=arbiter)


def test_revert_given_no_dispute(marketplace, escrow, arbiter):
    """It should revert: the session must be disputed."""
    session = escrow.open(arbiter=arbiter)
    session.claim(CLAIMED)
    with reverts(marketplace.JobMarketplace_NotDisputed, jobId=session.id, status=ACTIVE):
        session.rule(GRANTED)


def test_twice(marketplace, session):
    """It should refuse a second ruling."""
    session.rule(GRANTED)
    with reverts(marketplace.JobMarketplace_NotDisputed, jobId=session.id, status=ACTIVE):
        session.rule(CLAIMED)


@pytest.mark.parametrize("role", ["user", "host", "watcher", "owner", "stranger"])
def test_revert_when_the_caller_is_not_the_arbiter(marketplace, session, actors, arbiter, role):
    """It should revert: the caller must be the arbiter."""
    caller = actors[role]
    with reverts(marketplace.JobMarketplace_CallerNotArbiter, arbiter=arbiter, caller=caller):
        session.rule(GRANTED, sender=caller)


@pytest.mark.parametrize("role", ["arbiter", "owner", "user", "host"])
def test_no_arbiter(marketplace, escrow, actors, role):
    """It should refuse everyone where no arbiter was named."""
    session = escrow.open()
    session.claim(CLAIMED)
    session.contest()
    caller = actors[role]
    with reverts(marketplace.JobMarketplace_CallerNotArbiter, arbiter=ZERO, caller=caller):
        session.rule(GRANTED, sender=caller)


def test_revert_given_too_late(marketplace, session):
    """It should revert: the arbiter's time must not be over."""
    deadline = session.details.disputeDeadline
    travel_to(deadline + 1)
    with reverts(marketplace.JobMarketplace_DisputeExpired, deadline=deadline, time=deadline + 1):
        session.rule(GRANTED)


def test_last_second(session):
    """It should obey in the last second."""
    travel_to(session.details.disputeDeadline)
    session.rule(GRANTED)
    assert session.details.coveredTokens == GRANTED


def test_revert_when_the_ruling_is_too_high(marketplace, session):
    """It should revert: the ruling must not exceed the claim."""
    with reverts(marketplace.JobMarketplace_RulingTooHigh, claimed=CLAIMED, tokens=CLAIMED + 1):
        session.rule(CLAIMED + 1)


def assert_stands(session, tokens):
    """The claim is decided: so many tokens are covered, and no dispute is left."""
    details = session.details
    assert (details.coveredTokens, details.status) == (tokens, ACTIVE)
    assert (details.bond, details.challenger, details.claimedTokens) == (0, ZERO, 0)


def test_whole(session):
    """It should make the claim stand."""
    session.rule(CLAIMED)
    assert_stands(session, CLAIMED)


def test_bond_for_the_host(escrow, session, user, host):
    """It should give the host the bond."""
    session.rule(CLAIMED)
    assert (escrow.credits(host), escrow.credits(user)) == (BOND_PER_PROOF, 0)


def test_whole_events(session, user):
    """It should emit DisputeResolved, then Credited."""
    assert emitted(session.rule(CLAIMED)) == ended(
        session, RULED, user, BOND_PER_PROOF, to_host=BOND_PER_PROOF, matured=CLAIMED
    )


@pytest.mark.parametrize("granted", [PROVEN + 1, GRANTED, CLAIMED - 1])
def test_part(session, granted):
    """It should make that part stand for good."""
    session.rule(granted)
    assert_stands(session, granted)
    session.pass_evidence_end()
    assert session.details.coveredTokens == granted


def test_bond_for_the_challenger(escrow, session, user, host):
    """It should give the challenger the bond."""
    session.rule(CLAIMED - 1)
    assert (escrow.credits(host), escrow.credits(user)) == (0, BOND_PER_PROOF)


def test_part_events(session, user):
    """It should emit DisputeResolved, then Credited to the challenger."""
    assert emitted(session.rule(GRANTED)) == ended(
        session, RULED, user, BOND_PER_PROOF, matured=GRANTED
    )


def test_nothing(session):
    """It should leave what is covered."""
    session.rule(0)
    assert_stands(session, PROVEN)


def test_bond_after_nothing(escrow, session, user, host):
    """It should give the challenger the bond."""
    session.rule(0)
    assert (escrow.credits(host), escrow.credits(user)) == (0, BOND_PER_PROOF)


@pytest.mark.parametrize("evidence", ["prove", "redeem"])
def test_below_evidence(session, evidence):
    """It should leave what evidence covers."""
    reached = GRANTED if evidence == "redeem" else GRANTED - PROVEN
    getattr(session, evidence)(reached)
    session.rule(GRANTED - 1)
    assert_stands(session, GRANTED)


def test_no_payment(escrow, session, host):
    """It should pay nothing by itself."""
    session.rule(CLAIMED)
    assert escrow.earned(host) == 0
    session.checkpoint()
    assert escrow.earned(host) == session.cost(CLAIMED)


def test_next_claim(session):
    """It should let the host claim again."""
    session.rule(GRANTED)
    session.claim(CLAIMED)
    session.pass_challenge_window()
    assert session.details.coveredTokens == CLAIMED


def test_proof_afterwards(session):
    """It should let the host prove what was not granted."""
    session.rule(GRANTED)
    session.prove(CLAIMED - GRANTED, first=GRANTED)
    assert session.details.coveredTokens == CLAIMED


def test_matured_before(escrow, arbiter):
    """It should keep that one."""
    session = escrow.open(arbiter=arbiter)
    session.claim(GRANTED)
    session.pass_challenge_window()
    session.claim(CLAIMED)
    session.contest()
    session.rule(0)
    assert_stands(session, GRANTED)


def test_watcher(escrow, arbiter, watcher, user):
    """It should give the watcher the bond."""
    session = escrow.open(arbiter=arbiter, watcher=watcher)
    session.claim(CLAIMED)
    bond = session.bond()
    session.contest(sender=watcher, value=bond)
    session.rule(GRANTED)
    assert (escrow.credits(watcher), escrow.credits(user)) == (bond, 0)


def test_revoked_circuit(escrow, session, owner):
    """It should obey all the same."""
    escrow.proof_system.revokeCircuit(METERED, sender=owner)
    assert session.details.status == DISPUTED
    session.rule(GRANTED)
    assert_stands(session, GRANTED)


@pytest.mark.parametrize("granted", [0, 1])
def test_prompt_job(escrow, arbiter, host, granted):
    """It should grant or refuse the unit."""
    job = escrow.open_prompt(arbiter=arbiter)
    job.claim(1)
    job.contest()
    job.rule(granted)
    price = job.terms.deposit
    moved = job.moved_by(lambda: job.complete(sender=host))
    assert moved == ((price, 0) if granted else (0, price))
