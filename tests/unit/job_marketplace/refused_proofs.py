"""Every way in which proofs can be refused, and the error that says so.

Each function leads a session into one situation and returns what must be refused there. All forms of
submitting proofs refuse the same, so their tests share these.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.harness.escrow import (
    COMMITMENT,
    COMPLETED,
    INPUT_BOUND,
    MAX_BATCH,
    Escrow,
    Session,
    travel_to,
)
from tests.harness.reverts import encoded

UNKNOWN_JOB = 10**6
TOKENS = 48
PROVEN, COVERED = 100, 250
NO_CIRCUIT = 0
# The situations put their bad proof here, between good ones.
BAD_INDEX = 1
# In stub proofs' instances: a commitment, a filler, eight limbs of the tag, the count.
FIRST_LIMB, LAST_LIMB = 2, 9


@dataclass
class Refusal:
    """Proofs that must be refused, who brings them, and the error."""

    session: Session
    error: Any
    arguments: dict[str, Any]
    first: int = 0
    counts: list[int] = field(default_factory=lambda: [TOKENS])
    proofs: list[bytes] | None = None
    sender: Any = None

    def at(self, function: str = "submitProofsAt") -> Any:
        """Submits them from the first token on; `claimWithProof` takes the same arguments."""
        method = getattr(self.session.marketplace, function)
        return method(self.session.id, self.first, self._proofs, self.counts, sender=self._sender)

    def batch(self) -> Any:
        """Submits them where the proven tokens end."""
        submit = self.session.marketplace.submitBatchProofs
        return submit(self.session.id, self._proofs, self.counts, sender=self._sender)

    def single(self) -> Any:
        """Submits the only one of them where the proven tokens end."""
        (proof,), (count,) = self._proofs, self.counts
        submit = self.session.marketplace.submitProofOfWork
        return submit(self.session.id, proof, count, sender=self._sender)

    @property
    def _proofs(self) -> list[bytes]:
        if self.proofs is None:
            return self.session.proofs(self.first, self.counts)
        return self.proofs

    @property
    def _sender(self) -> Any:
        return self.sender or self.session.host


Situation = Callable[[Escrow], Refusal]


def unknown_session(escrow: Escrow) -> Refusal:
    session = replace(escrow.open(), id=UNKNOWN_JOB)
    error = escrow.marketplace.JobMarketplace_SessionUnknown
    return Refusal(session, error, {"jobId": UNKNOWN_JOB})


def final_session(escrow: Escrow) -> Refusal:
    session = escrow.open()
    session.complete(sender=session.host)
    error = escrow.marketplace.JobMarketplace_SessionNotOpen
    return Refusal(session, error, {"jobId": session.id, "status": COMPLETED})


def _sent_by(role: str) -> Situation:
    def situation(escrow: Escrow) -> Refusal:
        session = escrow.open(watcher=escrow.actors["watcher"], arbiter=escrow.actors["arbiter"])
        sender = escrow.actors[role]
        error = escrow.marketplace.JobMarketplace_CallerNotHost
        arguments = {"host": session.host, "caller": sender}
        return Refusal(session, error, arguments, sender=sender)

    situation.__name__ = f"sent_by_{role}"
    return situation


# Nobody proves in the host's name: neither who pays, watches or judges nor who runs it all.
NOT_THE_HOST = [_sent_by(role) for role in ("user", "other_host", "watcher", "arbiter", "owner")]


def too_late(escrow: Escrow) -> Refusal:
    session = escrow.open()
    end = session.details.evidenceEnd
    travel_to(end + 1)
    error = escrow.marketplace.JobMarketplace_EvidenceClosed
    return Refusal(session, error, {"evidenceEnd": end, "time": end + 1})


def no_circuit(escrow: Escrow) -> Refusal:
    session = escrow.open(circuitId=NO_CIRCUIT)
    return Refusal(session, escrow.marketplace.JobMarketplace_NoCircuit, {"jobId": session.id})


def _batch_of(session: Session, size: int, most: int) -> Refusal:
    error = session.marketplace.JobMarketplace_BatchSizeOutOfRange
    arguments = {"min": 1, "max": most, "actual": size}
    return Refusal(session, error, arguments, counts=[TOKENS] * size)


def empty_batch(escrow: Escrow) -> Refusal:
    return _batch_of(escrow.open(), 0, MAX_BATCH)


def large_batch(escrow: Escrow) -> Refusal:
    return _batch_of(escrow.open(), MAX_BATCH + 1, MAX_BATCH)


def two_for_a_prompt(escrow: Escrow) -> Refusal:
    return _batch_of(escrow.open_prompt(), 2, 1)


BATCH_SIZES = [empty_batch, large_batch, two_for_a_prompt]


def _counts_for(session: Session, proofs: int, counts: int) -> Refusal:
    error = session.marketplace.JobMarketplace_LengthMismatch
    arguments = {"proofs": proofs, "tokenCounts": counts}
    made = session.proofs(0, [TOKENS] * proofs)
    return Refusal(session, error, arguments, counts=[TOKENS] * counts, proofs=made)


def count_missing(escrow: Escrow) -> Refusal:
    return _counts_for(escrow.open(), 2, 1)


def count_too_many(escrow: Escrow) -> Refusal:
    return _counts_for(escrow.open(), 1, 2)


LENGTHS = [count_missing, count_too_many]


def _starting_at(session: Session, first: int, low: int, high: int) -> Refusal:
    error = session.marketplace.JobMarketplace_FirstTokenOutOfRange
    arguments = {"min": low, "max": high, "actual": first}
    return Refusal(session, error, arguments, first=first)


def _partly_proven(escrow: Escrow) -> Session:
    session = escrow.open()
    session.prove(PROVEN)
    session.redeem(COVERED)
    return session


def before_proven(escrow: Escrow) -> Refusal:
    return _starting_at(_partly_proven(escrow), PROVEN - 1, PROVEN, COVERED)


def beyond_covered(escrow: Escrow) -> Refusal:
    return _starting_at(_partly_proven(escrow), COVERED + 1, PROVEN, COVERED)


def beyond_the_prompt(escrow: Escrow) -> Refusal:
    # Its unit is acknowledged, so that 1 is covered, and still no place for a proof.
    job = escrow.open_prompt()
    job.redeem(1)
    return _starting_at(job, 1, 0, 0)


def prompt_proven(escrow: Escrow) -> Refusal:
    job = escrow.open_prompt()
    job.prove(TOKENS)
    return _starting_at(job, 1, 1, 0)


POSITIONS = [before_proven, beyond_covered, beyond_the_prompt, prompt_proven]


def below_minimum(escrow: Escrow) -> Refusal:
    job = escrow.open_prompt(minTokens=TOKENS)
    error = escrow.marketplace.JobMarketplace_TokensBelowMinimum
    arguments = {"minTokens": TOKENS, "actual": TOKENS - 1}
    return Refusal(job, error, arguments, counts=[TOKENS - 1])


# ------------------------------------------------------------------------------ one that does not verify


def rejected(
    session: Session,
    proofs: list[bytes],
    counts: list[int],
    index: int,
    error: Any,
    /,
    **why: Any,
) -> Refusal:
    """The batch's proof at `index` is refused by the proof system with this error of its own."""
    arguments = {"index": index, "reason": encoded(error, **why)}
    refused = session.marketplace.JobMarketplace_ProofRejected
    return Refusal(session, refused, arguments, counts=counts, proofs=proofs)


def another_count(escrow: Escrow) -> Refusal:
    """The host says that its only proof counts one token more than it does."""
    session = escrow.open()
    return rejected(
        session,
        session.proofs(0, [TOKENS]),
        [TOKENS + 1],
        0,
        escrow.proof_system.ProofSystem_CountMismatch,
        expected=TOKENS + 1,
        actual=TOKENS,
    )


def another_commitment(escrow: Escrow) -> Refusal:
    """A prompt job's proof answers another prompt."""
    job = escrow.open_prompt()
    return rejected(
        job,
        job.proofs(0, [TOKENS], commitment=COMMITMENT + 1),
        [TOKENS],
        0,
        escrow.proof_system.ProofSystem_CommitmentMismatch,
        expected=COMMITMENT,
        actual=COMMITMENT + 1,
    )


def revoked_circuit(escrow: Escrow) -> Refusal:
    """The circuit was revoked after the opening; its id and time are in the reason."""
    job = escrow.open_prompt()
    revoked = escrow.proof_system.revokeCircuit(INPUT_BOUND, sender=escrow.actors["owner"])
    return rejected(
        job,
        job.proofs(0, [TOKENS]),
        [TOKENS],
        0,
        escrow.proof_system.ProofSystem_CircuitRevoked,
        circuitId=INPUT_BOUND,
        revokedAt=revoked.timestamp,
    )


UNVERIFIED = [another_count, another_commitment, revoked_circuit]

# What the forms refuse that begin where the proven tokens end, and what the form for one proof refuses.
ALWAYS = [
    unknown_session,
    final_session,
    *NOT_THE_HOST,
    too_late,
    no_circuit,
    prompt_proven,
    below_minimum,
    *UNVERIFIED,
]
AT_PROVEN = [*ALWAYS, *BATCH_SIZES, *LENGTHS]
ANYWHERE = [*AT_PROVEN, before_proven, beyond_covered, beyond_the_prompt]
