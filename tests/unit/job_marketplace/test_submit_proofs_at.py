"""JobMarketplace.submitProofsAt: the host's proofs, verified one by one and counted together."""

import pytest

from tests.harness.escrow import (
    ANSWERED,
    CHALLENGE_WINDOW,
    DISPUTED,
    INPUT_BOUND,
    MAX_BATCH,
    MAX_TOKENS,
    advance,
    travel_to,
)
from tests.harness.events import emitted
from tests.harness.evidence import (
    checkpoint_processed,
    credited,
    dispute_resolved,
    everything,
    proof_submitted,
)
from tests.harness.execution import isolated, set_base_fee
from tests.harness.reverts import reverts
from tests.unit.job_marketplace import refused_proofs as refused

COUNTS = [48, 1, 64]
A_WHILE = 100


@pytest.fixture
def session(escrow):
    """A session in which time has passed, so that the rate bounds nothing."""
    session = escrow.open()
    advance(A_WHILE)
    return session


def test_revert_given_no_such_session(escrow):
    """It should revert: the session must exist."""
    case = refused.unknown_session(escrow)
    with reverts(case.error, **case.arguments):
        case.at()


def test_revert_given_a_final_session(escrow):
    """It should revert: the session must be active or disputed."""
    case = refused.final_session(escrow)
    with reverts(case.error, **case.arguments):
        case.at()


@pytest.mark.parametrize("situation", refused.NOT_THE_HOST)
def test_revert_when_the_caller_is_not_the_host(escrow, situation):
    """It should revert: the caller must be the host."""
    case = situation(escrow)
    with reverts(case.error, **case.arguments):
        case.at()


def test_revert_when_it_is_too_late(escrow):
    """It should revert: the time for evidence must not be over."""
    case = refused.too_late(escrow)
    with reverts(case.error, **case.arguments):
        case.at()


def test_revert_given_no_circuit(escrow):
    """It should revert: the session must have a circuit."""
    case = refused.no_circuit(escrow)
    with reverts(case.error, **case.arguments):
        case.at()


@pytest.mark.parametrize("situation", refused.BATCH_SIZES)
def test_revert_when_the_batch_has_no_good_size(escrow, situation):
    """It should revert: the batch must hold 1 to 16 proofs, and one in a prompt job."""
    case = situation(escrow)
    with reverts(case.error, **case.arguments):
        case.at()


@pytest.mark.parametrize("situation", refused.LENGTHS)
def test_revert_when_a_count_is_missing_or_too_many(escrow, situation):
    """It should revert: there must be one token count for each proof."""
    case = situation(escrow)
    with reverts(case.error, **case.arguments):
        case.at()


@pytest.mark.parametrize("situation", refused.POSITIONS)
def test_revert_when_it_starts_elsewhere(escrow, situation):
    """It should revert: the first token must lie in [proven, covered], and be 0 in a prompt job."""
    case = situation(escrow)
    with reverts(case.error, **case.arguments):
        case.at()


def test_revert_when_a_prompt_gets_too_few_tokens(escrow):
    """It should revert: a prompt job's proof must count at least its least number of tokens."""
    case = refused.below_minimum(escrow)
    with reverts(case.error, **case.arguments):
        case.at()


@pytest.mark.parametrize("situation", refused.UNVERIFIED)
def test_revert_when_a_proof_does_not_verify(escrow, situation):
    """It should revert: every proof must verify.

    Every way in which one can fail is tried in `invalid_proofs.tree`.
    """
    case = situation(escrow)
    with reverts(case.error, **case.arguments):
        case.at()


def test_proven(session):
    """It should move proven by what the proof counts."""
    session.prove(48)
    assert session.details.provenTokens == 48
    session.prove(16)
    assert session.details.provenTokens == 48 + 16


def test_time(session):
    """It should keep its time as that of the last evidence."""
    proved = session.prove(48)
    assert session.details.lastProofSubmission == proved.timestamp
    later = advance(A_WHILE)
    session.prove(48)
    assert session.details.lastProofSubmission == later


def test_event(session):
    """It should emit ProofSubmitted with the hash of the instances."""
    assert emitted(session.prove(48)) == [proof_submitted(session, 0, 48)]


def test_all_else(session):
    """It should leave all else alone."""
    session.redeem(100)
    before = everything(session)
    advance(A_WHILE)
    session.prove(48)
    changed = {name for name, value in everything(session).items() if value != before[name]}
    of_proofs = {"provenTokens", "aggregateProofHash", "proofCount", "history"}
    assert changed == {*of_proofs, "lastProofSubmission"}


def test_other_sessions(session, escrow):
    """It should leave other sessions of the same user and host alone."""
    others = [escrow.open(), escrow.open_prompt()]
    before = [everything(other) for other in others]
    session.prove(48)
    assert [everything(other) for other in others] == before


def test_batch(session):
    """It should move proven by all counts together."""
    session.prove(16)
    session.prove(*COUNTS)
    assert session.details.provenTokens == 16 + sum(COUNTS)
    assert session.details.proofCount == 1 + len(COUNTS)


def test_batch_events(session):
    """It should emit ProofSubmitted for each proof in order."""
    first, second, third = COUNTS
    assert emitted(session.prove(*COUNTS)) == [
        proof_submitted(session, 0, first),
        proof_submitted(session, first, second),
        proof_submitted(session, first + second, third),
    ]


def test_one_by_one(session, chain):
    """It should leave what its proofs would leave one by one."""
    now = advance(A_WHILE)
    with isolated():
        travel_to(now)
        session.prove(*COUNTS)
        at_once = everything(session)
    for count in COUNTS:
        travel_to(now)
        session.prove(count)
    assert everything(session) == at_once


def test_largest_batch(escrow):
    """It should count them all in one transaction.

    Actors give a transaction no more gas than Base allows (EIP-7825).
    """
    session = escrow.open(proofInterval=1_000)
    advance(A_WHILE)
    session.prove(*[MAX_TOKENS] * MAX_BATCH)
    assert session.details.provenTokens == MAX_BATCH * MAX_TOKENS
    assert session.details.settledTokens == MAX_BATCH * MAX_TOKENS


def test_from_a_voucher(session):
    """It should go on from there."""
    session.prove(48)
    session.redeem(500)
    session.prove(64, first=500)
    assert session.details.provenTokens == session.details.coveredTokens == 500 + 64


def test_between(session):
    """It should count no token twice."""
    session.prove(48)
    session.redeem(500)
    session.prove(64, first=100)
    assert session.details.provenTokens == 100 + 64
    assert session.details.coveredTokens == 500


def test_from_a_matured_claim(session):
    """It should go on from there as well."""
    claimed = session.claim(500).timestamp
    travel_to(claimed + CHALLENGE_WINDOW + 1)
    session.prove(64, first=500)
    assert session.details.provenTokens == session.details.coveredTokens == 500 + 64


def test_behind_a_live_claim(session, marketplace):
    """It should refuse to start behind what is covered without it."""
    session.redeem(100)
    claimed = session.claim(500).timestamp
    travel_to(claimed + CHALLENGE_WINDOW)
    with reverts(marketplace.JobMarketplace_FirstTokenOutOfRange, min=0, max=100, actual=101):
        session.prove(64, first=101)


def test_interval_due(session):
    """It should emit CheckpointProcessed after the proofs."""
    assert emitted(session.prove(600, 400)) == [
        proof_submitted(session, 0, 600),
        proof_submitted(session, 600, 400),
        checkpoint_processed(session, 1_000, session.cost(1_000)),
    ]


def test_answer(session, user):
    """It should emit the proofs, the dispute's end and the checkpoint in this order."""
    session.claim(1_000)
    bond = session.bond()
    session.contest()
    set_base_fee(0)  # so that none of the bond is the host's
    assert emitted(session.prove(600, 400)) == [
        proof_submitted(session, 0, 600),
        proof_submitted(session, 600, 400),
        dispute_resolved(session, ANSWERED, challenger=user, to_challenger=bond),
        credited(session, user, bond),
        checkpoint_processed(session, 1_000, session.cost(1_000)),
    ]


def test_no_answer(session):
    """It should count them and leave the dispute open."""
    session.claim(1_000)
    session.contest()
    assert emitted(session.prove(600, 399)) == [
        proof_submitted(session, 0, 600),
        proof_submitted(session, 600, 399),
    ]
    assert session.details.status == DISPUTED


def test_administration(session, escrow, marketplace, owner, admin):
    """It should count them all the same."""
    marketplace.pause(sender=owner)
    escrow.registry.deactivate(session.host, sender=admin)
    marketplace.setToken(session.terms.token, False, 1, sender=owner)
    marketplace.setDefaults(INPUT_BOUND, 1, sender=owner)
    session.prove(*COUNTS)
    assert session.details.provenTokens == sum(COUNTS)
