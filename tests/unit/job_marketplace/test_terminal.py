"""JobMarketplace: what is final stays so."""

import pytest

from tests.harness.escrow import (
    ABANDONED,
    BOND_PER_PROOF,
    COMPLETED,
    DAY,
    TIMED_OUT,
    USDC,
    advance,
)
from tests.harness.events import emitted
from tests.harness.evidence import everything, voucher_skipped
from tests.harness.reverts import reverts
from tests.unit.job_marketplace.states import FINAL_STATES, completed, in_turn, judged, revoked

STATUS = {
    "completed by the host": COMPLETED,
    "completed over a claim": COMPLETED,
    "completed over a dispute": COMPLETED,
    "finalized": COMPLETED,
    "finalized as abandoned": ABANDONED,
    "timed out": TIMED_OUT,
}
TOKENS = 2_000
EVIDENCE_HASH = bytes(32)

# Every function that names a session, as its rightful caller would call it.
CALLS = {
    "submitProofsAt": lambda s: s.prove(1),
    "submitProofOfWork": lambda s: s.marketplace.submitProofOfWork(
        s.id, s.proofs(s.details.provenTokens, [1])[0], 1, sender=s.host
    ),
    "submitBatchProofs": lambda s: s.marketplace.submitBatchProofs(
        s.id, s.proofs(s.details.provenTokens, [1]), [1], sender=s.host
    ),
    "redeemVoucher": lambda s: s.redeem(TOKENS),
    "claimTokens": lambda s: s.claim(TOKENS),
    "raiseDispute": lambda s: s.contest(value=BOND_PER_PROOF),
    "resolveDispute": lambda s: s.rule(TOKENS),
    "expireDispute": lambda s: s.expire(),
    "checkpoint": lambda s: s.checkpoint(),
    "topUp": lambda s: s.marketplace.topUp(s.id, USDC, sender=s.user),
    "extend": lambda s: s.marketplace.extend(s.id, s.details.endsAt + DAY, sender=s.user),
    "completeSession by the host": lambda s: s.complete(sender=s.host),
    "completeSession by the user": lambda s: s.complete(sender=s.user),
    "claimAbandonedSession": lambda s: s.abandon(),
    "closeWithVoucher": lambda s: s.close_with_voucher(TOKENS),
    "claimWithProof": lambda s: s.claim_with_proof(1),
    "closeWithAgreement": lambda s: s.close_with_agreement(TOKENS),
    "finalizeSession": lambda s: s.finalize(),
    "triggerSessionTimeout": lambda s: s.time_out(),
}
ERRORS = {
    "claimTokens": "JobMarketplace_SessionNotActive",
    "raiseDispute": "JobMarketplace_SessionNotActive",
    "resolveDispute": "JobMarketplace_NotDisputed",
    "expireDispute": "JobMarketplace_NotDisputed",
}


@pytest.mark.parametrize("way", FINAL_STATES)
def test_refused(escrow, marketplace, way):
    """It should refuse every function, and say what the status is."""
    session = FINAL_STATES[way](escrow)
    for function, call in CALLS.items():
        error = getattr(marketplace, ERRORS.get(function, "JobMarketplace_SessionNotOpen"))
        with reverts(error, jobId=session.id, status=STATUS[way]):
            call(session)


@pytest.mark.parametrize("way", FINAL_STATES)
def test_batch(escrow, marketplace, stranger, way):
    """It should skip its vouchers in a batch."""
    session = FINAL_STATES[way](escrow)
    before = everything(session)
    item = (session.id, TOKENS, session.voucher(TOKENS))
    tx = marketplace.redeemVouchers([item], sender=stranger)
    assert emitted(tx) == [voucher_skipped(session, 0, marketplace.JobMarketplace_SessionNotOpen)]
    assert everything(session) == before
    assert before["status"] == STATUS[way]


@pytest.mark.parametrize("way", FINAL_STATES)
def test_time(escrow, way):
    """It should change in no field as time passes."""
    session = FINAL_STATES[way](escrow)
    before = everything(session)
    advance(3 * DAY)
    assert everything(session) == before


@pytest.mark.parametrize("way", FINAL_STATES)
def test_money(escrow, marketplace, user, host, treasury, way):
    """It should leave the money that it made to be withdrawn."""
    session = FINAL_STATES[way](escrow)
    held = escrow.balance(marketplace)
    assert held == session.cost(session.details.settledTokens) == escrow.earned(host)
    escrow.withdraw(host)
    marketplace.withdrawFees(escrow.usdc, sender=treasury)
    assert escrow.balance(host) + escrow.balance(treasury) == held
    assert escrow.balance(marketplace) == 0


@pytest.mark.parametrize("way", FINAL_STATES)
def test_revoked(escrow, way):
    """It should change nothing."""
    session = FINAL_STATES[way](escrow)
    before = everything(session)
    revoked(session)
    assert everything(session) == before


def test_others(escrow, host):
    """It should not keep them from going on."""
    other = judged(escrow)
    in_turn(judged, completed)(escrow)
    other.redeem(TOKENS)
    other.complete(sender=host)
    assert other.details.settledTokens == TOKENS
