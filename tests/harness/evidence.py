"""What evidence leaves behind: its events, and all that can be read of a session."""

from typing import Any

from tests.harness.escrow import COMMITMENT, ETHER, Session, instances_hash
from tests.harness.events import Event, event
from tests.harness.execution import ask, ask_raw
from tests.harness.reverts import selector
from tests.harness.values import plain

WHOLE_HISTORY = 2**256 - 1


def proof_submitted(
    session: Session, first: int, tokens: int, commitment: int = COMMITMENT
) -> Event:
    """The stub proof of `tokens` from `first` on was accepted."""
    return event(
        session.marketplace.ProofSubmitted,
        jobId=session.id,
        host=session.host,
        tokensClaimed=tokens,
        proofHash=instances_hash(session.tag(first), tokens, commitment),
        verified=True,
        firstToken=first,
    )


def voucher_redeemed(session: Session, tokens: int) -> Event:
    """The user has acknowledged `tokens` in all."""
    return event(session.marketplace.VoucherRedeemed, jobId=session.id, ackedTokens=tokens)


def voucher_skipped(
    session: Session, index: int, error: Any, *, job_id: int | None = None
) -> Event:
    """The batch's item for this session (or `job_id`) did not count, because of this error."""
    return event(
        session.marketplace.VoucherSkipped,
        jobId=session.id if job_id is None else job_id,
        index=index,
        reason=selector(error),
    )


def claim_made(
    session: Session, tokens: int, matured: int = 0, commitment: bytes = bytes(32)
) -> Event:
    """The host claims `tokens` in all, of which `matured` have matured already."""
    return event(
        session.marketplace.ClaimMade,
        jobId=session.id,
        claimedTokens=tokens,
        maturedTokens=matured,
        commitment=commitment,
    )


def checkpoint_processed(session: Session, tokens: int, payment: int) -> Event:
    """So many more tokens were settled, for so much."""
    return event(
        session.marketplace.CheckpointProcessed,
        jobId=session.id,
        tokensSettled=tokens,
        paymentAmount=payment,
    )


def dispute_resolved(
    session: Session,
    outcome: int,
    *,
    challenger: Any,
    matured: int = 0,
    to_host: int = 0,
    to_challenger: int = 0,
) -> Event:
    """A dispute ended so, and the bond went there."""
    return event(
        session.marketplace.DisputeResolved,
        jobId=session.id,
        outcome=outcome,
        maturedTokens=matured,
        challenger=challenger,
        bondToHost=to_host,
        bondToChallenger=to_challenger,
    )


def credited(session: Session, account: Any, amount: int) -> Event:
    """So much of a bond waits for an account, in ETH."""
    return event(session.marketplace.Credited, account=account, token=ETHER, amount=amount)


def tag_mismatch(wanted: int, found: int) -> dict[str, int]:
    """How the proof system says that a proof carries one tag where another is wanted."""
    for limb, shift in enumerate(range(112, -1, -16)):
        expected, actual = wanted >> shift & 0xFFFF, found >> shift & 0xFFFF
        if expected != actual:
            return {"limb": limb, "expected": expected, "actual": actual}
    raise ValueError("the tags are the same")


def history(session: Session, cursor: int = 0, limit: int = WHOLE_HISTORY) -> list[tuple[Any, ...]]:
    """The proofs of a session: hash, tokens, time and that they were verified."""
    proofs = ask(session.marketplace.getProofHistory, session.id, cursor, limit)
    return [plain(tuple(proof)) for proof in proofs]


def everything(session: Session) -> dict[str, Any]:
    """All that can be read of a session and of what it brought its parties."""
    details = {name: plain(value) for name, value in session.details.items()}
    token = session.terms.token
    return details | {
        "history": history(session),
        "earned": session.escrow.earned(session.host, token),
        "credits": session.escrow.credits(session.user, token),
        "bonds": session.escrow.credits(session.user),
    }


def fingerprint(session: Session) -> bytes:
    """The same as `everything`, as it came: only good for comparing, and ten times as fast."""
    market, token = session.marketplace, session.terms.token
    return b"".join(
        ask_raw(*question)
        for question in [
            (market.getSessionDetails, session.id),
            (market.getProofHistory, session.id, 0, WHOLE_HISTORY),
            (market.earned, session.host, token),
            (market.credits, session.user, token),
            (market.credits, session.user, ETHER),
        ]
    )
