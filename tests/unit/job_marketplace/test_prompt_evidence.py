"""Prompt jobs: one unit for the whole deposit, by proof, by voucher or by a matured claim."""

import pytest

from tests.harness.escrow import (
    ACTIVE,
    COMMITMENT,
    INPUT_BOUND,
    MAX_TOKENS,
    SINGLE_PROMPT,
    travel_to,
)
from tests.harness.events import emitted
from tests.harness.evidence import (
    claim_made,
    proof_submitted,
    voucher_redeemed,
)
from tests.harness.execution import ask
from tests.harness.reverts import encoded, reverts

MIN_TOKENS = 10
TOKENS = 48
NO_CIRCUIT = {"circuitId": 0, "inputCommitment": 0, "minTokens": 0}


@pytest.fixture
def job(escrow):
    """A prompt job of 5 USDC for at least ten tokens."""
    job = escrow.open_prompt(minTokens=MIN_TOKENS)
    assert job.details.jobType == SINGLE_PROMPT
    return job


@pytest.fixture
def assert_paid_once(escrow):
    """Closes a job and expects that the host has earned the deposit, all of it and no more."""

    def assert_paid_once(job):
        before = escrow.balance(job.user)
        job.complete(sender=job.host)
        assert escrow.earned(job.host) == job.terms.deposit
        assert escrow.balance(job.user) == before

    return assert_paid_once


def payable(job):
    """The unit, or nothing; and what it would earn."""
    return job.details.payableTokens, ask(job.marketplace.calculateCurrentEarnings, job.id)


def test_unit(job):
    """It should make the unit payable."""
    assert payable(job) == (0, 0)
    job.prove(TOKENS)
    assert payable(job) == (1, job.terms.deposit)
    assert job.details.provenTokens == 1


def test_closing(job, assert_paid_once):
    """It should pay the whole deposit at the closing."""
    job.prove(TOKENS)
    assert_paid_once(job)


def test_event(job):
    """It should emit ProofSubmitted with the tokens that the proof counts."""
    assert emitted(job.prove(TOKENS)) == [proof_submitted(job, 0, TOKENS)]


def test_least(job):
    """It should count."""
    job.prove(MIN_TOKENS)
    assert job.details.provenTokens == 1


def test_most(job, assert_paid_once):
    """It should cost no more."""
    job.prove(MAX_TOKENS)
    assert_paid_once(job)


@pytest.mark.parametrize("commitment", [0, COMMITMENT + 1, COMMITMENT - 1])
def test_other_commitment(job, marketplace, escrow, commitment):
    """It should refuse it with the commitment asked for."""
    (proof,) = job.proofs(0, [TOKENS], commitment=commitment)
    reason = encoded(
        escrow.proof_system.ProofSystem_CommitmentMismatch, expected=COMMITMENT, actual=commitment
    )
    with reverts(marketplace.JobMarketplace_ProofRejected, index=0, reason=reason):
        marketplace.submitProofOfWork(job.id, proof, TOKENS, sender=job.host)


@pytest.mark.parametrize("first", [0, 1])
def test_second_proof(job, marketplace, first):
    """It should refuse it."""
    job.prove(TOKENS)
    with reverts(marketplace.JobMarketplace_FirstTokenOutOfRange, min=1, max=0, actual=first):
        job.prove(TOKENS, first=first)


def test_voucher(job, assert_paid_once):
    """It should make the unit payable."""
    assert emitted(job.redeem(1)) == [voucher_redeemed(job, 1)]
    assert payable(job) == (1, job.terms.deposit)
    assert_paid_once(job)


def test_larger_voucher(job, assert_paid_once):
    """It should make the unit payable and cost no more."""
    job.redeem(2**64 - 1)
    assert payable(job) == (1, job.terms.deposit)
    assert_paid_once(job)


def test_voucher_and_proof(job, assert_paid_once):
    """It should count both and pay once."""
    job.redeem(1)
    job.prove(TOKENS)
    details = job.details
    assert (details.ackedTokens, details.provenTokens, details.payableTokens) == (1, 1, 1)
    assert_paid_once(job)


def test_claim(job, assert_paid_once):
    """It should make the unit payable."""
    assert emitted(job.claim(1)) == [claim_made(job, 1)]
    assert payable(job) == (0, 0)
    job.pass_challenge_window()
    assert payable(job) == (1, job.terms.deposit)
    assert_paid_once(job)


@pytest.mark.parametrize("tokens", [0, 2, TOKENS])
def test_other_claim(job, marketplace, tokens):
    """It should refuse it."""
    with reverts(marketplace.JobMarketplace_ClaimOutOfRange, min=1, max=1, actual=tokens):
        job.claim(tokens)


@pytest.mark.parametrize("evidence", ["prove", "redeem", "claim"])
def test_claim_again(job, marketplace, evidence):
    """It should refuse a claim."""
    if evidence == "prove":
        job.prove(TOKENS)
    elif evidence == "redeem":
        job.redeem(1)
    else:
        job.claim(1)
        job.pass_challenge_window()
    with reverts(marketplace.JobMarketplace_ClaimOutOfRange, min=2, max=1, actual=1):
        job.claim(1)


def test_answered_by_the_proof(job, assert_paid_once):
    """It should be answered by the proof."""
    job.claim(1)
    job.contest()
    job.prove(TOKENS)
    assert job.details.status == ACTIVE
    assert_paid_once(job)


def test_answered_by_a_voucher(job, assert_paid_once):
    """It should be answered by a voucher."""
    job.claim(1)
    job.contest()
    job.redeem(1)
    assert job.details.status == ACTIVE
    assert_paid_once(job)


def test_voucher_only(escrow, assert_paid_once):
    """It should count a voucher."""
    job = escrow.open_prompt(**NO_CIRCUIT)
    job.redeem(1)
    assert_paid_once(job)


def test_nothing_else(escrow, marketplace):
    """It should refuse proofs and claims."""
    job = escrow.open_prompt(**NO_CIRCUIT)
    with reverts(marketplace.JobMarketplace_NoCircuit, jobId=job.id):
        job.prove(TOKENS)
    with reverts(marketplace.JobMarketplace_ClaimsNeedJudge, jobId=job.id):
        job.claim(1)


def test_arbiter_only(escrow, arbiter, assert_paid_once):
    """It should let a claim of one mature."""
    job = escrow.open_prompt(**NO_CIRCUIT, arbiter=arbiter)
    job.claim(1)
    job.pass_challenge_window()
    assert_paid_once(job)


def test_nothing(job, escrow):
    """It should give the whole deposit back."""
    before = escrow.balance(job.user)
    job.complete(sender=job.host)
    assert escrow.balance(job.user) - before == job.terms.deposit
    assert escrow.earned(job.host) == 0


@pytest.mark.parametrize("evidence", ["prove", "redeem"])
def test_first_second(job, evidence):
    """It should know no rate: the unit is payable at once."""
    travel_to(job.details.sessionStartTime)
    getattr(job, evidence)(TOKENS)
    travel_to(job.details.sessionStartTime)
    assert payable(job) == (1, job.terms.deposit)
    assert job.terms.circuitId == INPUT_BOUND
