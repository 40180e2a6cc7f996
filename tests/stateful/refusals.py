"""With which arguments a call must be refused: each error's own, told from the model (invariant 20).

The rules say which errors may refuse a call; this says what such an error must carry. `None` stands for a value that the
model does not know, such as the digest of a signature.
"""

from collections.abc import Callable
from typing import Any

from tests.harness.escrow import ABANDONMENT_PERIOD, CHALLENGE_WINDOW
from tests.stateful.job_model import JobModel
from tests.stateful.session_model import SessionModel
from tests.stateful.world import Refusal

Expected = tuple[Any, ...]
MAX_ROUNDS = 3


def _too_early(x: SessionModel, function: str) -> int:
    """The first second at which a session's function would pass."""
    if function == "claimAbandonedSession":
        return max(x.opened_at, x.last_evidence, x.claimed_at) + ABANDONMENT_PERIOD + 1
    return x.evidence_end + 1


# What is known of a refused call about a session: the session, who called at which second, the function, its arguments.
SESSION: dict[str, Callable[[SessionModel, str, int, str, Expected], Expected]] = {
    "SessionNotOpen": lambda x, who, now, f, a: (x.id, x.status),
    "SessionNotActive": lambda x, who, now, f, a: (x.id, x.status),
    "NotDisputed": lambda x, who, now, f, a: (x.id, x.status),
    "CallerNotHost": lambda x, who, now, f, a: (x.host, who),
    "CallerNotUser": lambda x, who, now, f, a: (x.user, who),
    "CallerNotParty": lambda x, who, now, f, a: (who,),
    "CallerNotArbiter": lambda x, who, now, f, a: (x.arbiter, who),
    "SessionClosing": lambda x, who, now, f, a: (x.id, x.closing_at),
    "SessionEnded": lambda x, who, now, f, a: (x.ends_at, now),
    "SessionNotClosing": lambda x, who, now, f, a: (x.id,),
    "NotMetered": lambda x, who, now, f, a: (x.id,),
    "NoCircuit": lambda x, who, now, f, a: (x.id,),
    "NoLiveClaim": lambda x, who, now, f, a: (x.id,),
    "NothingDue": lambda x, who, now, f, a: (x.id,),
    "ClaimsOff": lambda x, who, now, f, a: (x.id,),
    "ClaimsNeedJudge": lambda x, who, now, f, a: (x.id,),
    "EvidenceClosed": lambda x, who, now, f, a: (x.evidence_end, now),
    "ClaimLive": lambda x, who, now, f, a: (x.claimed, x.claimed_at + CHALLENGE_WINDOW),
    "ClaimOutOfRange": lambda x, who, now, f, a: (
        x.covered(now) + 1,
        1 if x.prompt else x.covered(now) + x.interval,
        a[1],
    ),
    "FirstTokenOutOfRange": lambda x, who, now, f, a: (
        x.proven,
        0 if x.prompt else x.covered(now),
        a[1] if f in ("submitProofsAt", "claimWithProof") else x.proven,
    ),
    "TokensBelowMinimum": lambda x, who, now, f, a: (x.min_tokens, None),
    "CircuitRevoked": lambda x, who, now, f, a: (x.circuit, None),
    "BondTooLow": lambda x, who, now, f, a: (None, 0),
    "DisputeExpired": lambda x, who, now, f, a: (x.dispute_deadline, now),
    "DisputeOpen": lambda x, who, now, f, a: (x.dispute_deadline, now),
    "RulingTooHigh": lambda x, who, now, f, a: (x.claimed, a[1]),
    "TooEarly": lambda x, who, now, f, a: (_too_early(x, f), now),
    "AgreementSignatureInvalid": lambda x, who, now, f, a: (x.host,),
    "VoucherSignatureInvalid": lambda x, who, now, f, a: (x.voucher_signer, None),
    "VoucherNotNewer": lambda x, who, now, f, a: (x.acked, min(a[1], x.cap) if x.cap else a[1]),
    "DeadlineOutOfRange": lambda x, who, now, f, a: (now, now + 600, a[2]),
}
JOB: dict[str, Callable[[JobModel, str, int, str, Expected], Expected]] = {
    "WrongStatus": lambda x, who, now, f, a: (x.id, None, x.status),
    "NotExpirable": lambda x, who, now, f, a: (x.id, x.status),
    "NotIssuer": lambda x, who, now, f, a: (x.issuer, who),
    "NotPayee": lambda x, who, now, f, a: (x.payee, a[1] if f.endswith("BySig") else who),
    "NotWorker": lambda x, who, now, f, a: (x.worker, who),
    "NotVerifier": lambda x, who, now, f, a: (x.verifier, a[5] if f.endswith("BySig") else who),
    "TooLate": lambda x, who, now, f, a: (x.deadline, now),
    "TooEarly": lambda x, who, now, f, a: (x.deadline + 1, now),
    "RoundsExhausted": lambda x, who, now, f, a: (MAX_ROUNDS,),
    "WorkHashZero": lambda x, who, now, f, a: (),
}
CONTRACTS = {"JobMarketplace_": SESSION, "JobFactory_": JOB}


def _alike(expected: Any, actual: Any) -> bool:
    return expected is None or expected == actual


def carries(
    refusal: Refusal,
    about: SessionModel | JobModel | None,
    sender: str,
    now: int,
    function: str,
    arguments: Expected,
) -> bool:
    """Whether an error carries what it must.

    Args:
        refusal: The error.
        about: The session or job that the call is about, if it is about one.
        sender: Who called.
        now: The call's second.
        function: What was called.
        arguments: What it was given.

    Returns:
        False if a value differs from the model's; true also if the model knows none.
    """
    for prefix, known in CONTRACTS.items():
        told = known.get(refusal.error.removeprefix(prefix))
        if about is not None and refusal.error.startswith(prefix) and told is not None:
            expected = told(about, sender, now, function, arguments)  # type: ignore[operator]
            return len(expected) == len(refusal.arguments) and all(
                map(_alike, expected, refusal.arguments)
            )
    return True
