"""What JobFactory must refuse, and in which words: its rules once more, over the books instead of the storage."""

from dataclasses import dataclass, field
from typing import Any

from tests.harness.factory import (
    CLAIMED,
    MAX_INTENT_TIME,
    MAX_ROUNDS,
    MAX_SPLIT_BPS,
    OPEN,
    SUBMITTED,
    Intent,
)
from tests.harness.values import ZERO_ADDRESS as ZERO
from tests.stateful.factory_model import Account, Books

Refusal = tuple[str, dict[str, Any]]  # the error's name and its arguments

STRUCTS = {
    "claim": "ClaimJob",
    "release": "ReleaseClaim",
    "submit": "SubmitWork",
    "verify": "VerifyJob",
    "cancel": "CancelJob",
    "expire": "ExpireJob",
}
NEEDS = {"claim": OPEN, "cancel": OPEN, "release": CLAIMED, "submit": CLAIMED}
NEEDS |= {"verify": SUBMITTED, "silence": SUBMITTED}


@dataclass(frozen=True)
class Step:
    """What somebody tries with a job; accounts are lower-case addresses."""

    action: str  # claim, release, submit, verify, silence, cancel, expire
    job_id: int
    actor: str
    now: int
    value: int = 0
    verdict: tuple[bool, bool, int] = (False, False, 0)
    work: bytes = b""


@dataclass(frozen=True)
class Bearing:
    """A signature that somebody brings: who signed what, and what is to be signed now."""

    signed: bytes  # the digest
    by: str
    wanted: Intent  # in the job's present round, with the present nonce and worker


@dataclass
class Rules:
    """Who may do what, told from the books."""

    books: Books
    workers: set[str] = field(default_factory=set)  # active ones

    def refusal(self, step: Step, bearing: Bearing | None = None) -> Refusal | None:
        """How a step is refused, by a call or by a signature; nothing if it passes."""
        job = self.books.accounts[step.job_id]
        return (
            self._wrong_status(step, job)
            or getattr(self, f"_{step.action}")(step, job, bearing)
            or None
        )

    # ------------------------------------------------------------------------------- in common

    def _wrong_status(self, step: Step, job: Account) -> Refusal | None:
        if step.action == "expire":
            if job.status in (OPEN, CLAIMED):
                return None
            return "JobFactory_NotExpirable", {"jobId": step.job_id, "status": job.status}
        expected = NEEDS[step.action]
        if job.status == expected:
            return None
        arguments = {"jobId": step.job_id, "expected": expected, "actual": job.status}
        return "JobFactory_WrongStatus", arguments

    def _late(self, step: Step, job: Account) -> Refusal | None:
        if step.now <= job.deadline:
            return None
        return "JobFactory_TooLate", {"deadline": job.deadline, "time": step.now}

    def _early(self, step: Step, job: Account) -> Refusal | None:
        if step.now > job.deadline:
            return None
        return "JobFactory_TooEarly", {"earliest": job.deadline + 1, "time": step.now}

    def _unsigned(self, step: Step, signer: str, bearing: Bearing) -> Refusal | None:
        """The signature does not count, or not any more."""
        deadline, digest = bearing.wanted.deadline, bearing.wanted.digest()
        if not step.now <= deadline <= step.now + MAX_INTENT_TIME:
            bounds = {"min": step.now, "max": step.now + MAX_INTENT_TIME, "actual": deadline}
            return "JobFactory_DeadlineOutOfRange", bounds
        arguments = {"signer": signer, "digest": digest}
        if (signer, digest) in self.books.revoked:
            return "JobFactory_IntentRevoked", arguments
        if (bearing.by, bearing.signed) != (signer, digest):
            return "JobFactory_SignatureInvalid", arguments
        return None

    def _operates(self, step: Step, issuer: str) -> bool:
        return step.now <= self.books.operators.get((issuer, step.actor), 0)

    # ------------------------------------------------------------------------------- each action

    def _claim(self, step: Step, job: Account, bearing: Bearing | None) -> Refusal | None:
        worker, payee = step.actor, job.posted["payee"]
        unsigned = self._unsigned(step, worker, bearing) if bearing else None
        if refusal := unsigned or self._late(step, job):
            return refusal
        if payee != ZERO:
            if worker != payee:
                return "JobFactory_NotPayee", {"payee": payee, "account": worker}
        elif worker in (job.posted["issuer"], job.verifier):
            return "JobFactory_RolesCollide", {"account": worker}
        elif worker not in self.workers:
            return "JobFactory_WorkerNotActive", {"worker": worker}
        bond = job.posted["claimBond"]
        if step.value != bond:
            return "Payments_ValueMismatch", {"expected": bond, "actual": step.value}
        return None

    def _by_worker(self, step: Step, job: Account, bearing: Bearing | None) -> Refusal | None:
        if refusal := self._late(step, job):
            return refusal
        if bearing:
            return self._unsigned(step, job.worker, bearing)
        if step.actor != job.worker:
            return "JobFactory_NotWorker", {"worker": job.worker, "account": step.actor}
        return None

    _release = _by_worker

    def _submit(self, step: Step, job: Account, bearing: Bearing | None) -> Refusal | None:
        if refusal := self._by_worker(step, job, bearing):
            return refusal
        return None if any(step.work) else ("JobFactory_WorkHashZero", {})

    def _verify(self, step: Step, job: Account, bearing: Bearing | None) -> Refusal | None:
        approved, reopen, split = step.verdict
        issuer, verifier = job.posted["issuer"], job.verifier
        may = step.actor == verifier or (approved and step.actor == issuer)
        if not bearing and not may and step.actor != job.worker:
            may = self._operates(step, issuer) and (approved or verifier == issuer)
        if not may:
            return "JobFactory_NotVerifier", {"verifier": verifier, "account": step.actor}
        if bearing:
            if step.work[:20] != job.work[:20]:
                stored = job.work[:20].ljust(32, b"\0")
                return "JobFactory_WorkHashMismatch", {"submitted": stored, "actual": step.work}
            if refusal := self._unsigned(step, step.actor, bearing):
                return refusal
        if approved + reopen + bool(split) > 1:
            verdict = {"approved": approved, "reopen": reopen, "splitBps": split}
            return "JobFactory_VerdictContradictory", verdict
        if split > MAX_SPLIT_BPS:
            return "JobFactory_SplitOutOfRange", {"min": 1, "max": MAX_SPLIT_BPS, "actual": split}
        if approved:
            return None
        if reopen and step.now <= job.deadline and job.round == MAX_ROUNDS:
            return "JobFactory_RoundsExhausted", {"maxRounds": MAX_ROUNDS}
        return self._late(step, job)

    def _silence(self, step: Step, job: Account, bearing: Bearing | None) -> Refusal | None:
        return self._early(step, job)

    def _cancel(self, step: Step, job: Account, bearing: Bearing | None) -> Refusal | None:
        issuer = job.posted["issuer"]
        if bearing:
            return self._unsigned(step, issuer, bearing)
        if step.actor == issuer or self._operates(step, issuer):
            return None
        return "JobFactory_NotIssuer", {"issuer": issuer, "account": step.actor}

    def _expire(self, step: Step, job: Account, bearing: Bearing | None) -> Refusal | None:
        unsigned = self._unsigned(step, job.posted["issuer"], bearing) if bearing else None
        return unsigned or self._early(step, job)
