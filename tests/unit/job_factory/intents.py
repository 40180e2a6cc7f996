"""Each thing that can be signed about a job, with the call that brings it."""

from dataclasses import dataclass, replace
from typing import Any, Self

from tests.harness.execution import ask
from tests.harness.factory import WORK, Factory, Intent, Job, JobTerms


@dataclass(frozen=True)
class Signed:
    """An intent, who signs it, and the call that carries it out.

    `arguments` are what the call takes before the deadline: changing the intent leaves them alone.
    """

    intent: Intent
    signer: Any
    relayer: Any
    method: Any
    arguments: tuple[Any, ...]
    value: int = 0

    def but(self, **changes: Any) -> Self:
        """The same with something else."""
        return replace(self, **changes)

    def digest(self, **changes: Any) -> bytes:
        """What is signed, with other values in some fields of message or domain where said."""
        return self.intent.but(**changes).digest()

    def signature(self, **changes: Any) -> bytes:
        """The signer's 65 bytes over it."""
        return self.intent.but(**changes).signed_by(self.signer)

    def signed_by(self, signer: Any) -> bytes:
        """Somebody else's 65 bytes over the same."""
        return self.intent.signed_by(signer)

    def call(self, signature: bytes | None = None) -> tuple[Any, ...]:
        """All arguments, with the signer's signature unless another is given."""
        signature = self.signature() if signature is None else signature
        return *self.arguments, self.intent.deadline, signature

    def relay(
        self, signature: bytes | None = None, *, sender: Any = None, value: int | None = None
    ) -> Any:
        """Somebody (by default the relayer) brings it."""
        value = self.value if value is None else value
        return self.method(*self.call(signature), sender=sender or self.relayer, value=value)

    def ask(self, signature: bytes | None = None) -> Any:
        """What bringing it would return or revert with, without doing so."""
        return ask(self.method, *self.call(signature), sender=self.relayer, value=self.value)


def _timed(deadline: int | None) -> dict[str, int]:
    return {} if deadline is None else {"deadline": deadline}


def posting(
    factory: Factory,
    terms: JobTerms,
    issuer: Any,
    *,
    signer: Any = None,
    nonce: int | None = None,
    deadline: int | None = None,
) -> Signed:
    """The issuer posts a job."""
    nonce = factory.nonce(issuer) if nonce is None else nonce
    intent = factory.intent(
        "PostJob", issuer=issuer, **terms.fields(), nonce=nonce, **_timed(deadline)
    )
    arguments = (terms.encoded(), getattr(issuer, "address", issuer))
    method, relayer = factory.contract.postJobBySig, factory.actors["relayer"]
    return Signed(intent, signer or issuer, relayer, method, arguments)


def _of(job: Job, intent: Intent, signer: Any, method: Any, *arguments: Any) -> Signed:
    return Signed(intent, signer, job.factory.actors["relayer"], method, (job.id, *arguments))


def cancelling(job: Job, *, signer: Any = None, deadline: int | None = None) -> Signed:
    """The issuer takes the job back."""
    intent = job.intent("CancelJob", **_timed(deadline))
    return _of(job, intent, signer or job.issuer, job.contract.cancelJobBySig)


def expiring(job: Job, *, signer: Any = None, deadline: int | None = None) -> Signed:
    """The issuer has the job ended."""
    intent = job.intent("ExpireJob", **_timed(deadline))
    return _of(job, intent, signer or job.issuer, job.contract.expireJobBySig)


def claiming(
    job: Job,
    worker: Any = None,
    *,
    signer: Any = None,
    nonce: int | None = None,
    deadline: int | None = None,
) -> Signed:
    """A worker claims; who brings it brings the bond."""
    worker = worker or job.factory.actors["worker"]
    nonce = job.factory.nonce(worker) if nonce is None else nonce
    intent = job.intent("ClaimJob", worker=worker, nonce=nonce, **_timed(deadline))
    method = job.contract.claimJobBySig
    signed = _of(job, intent, signer or worker, method, getattr(worker, "address", worker))
    return signed.but(value=job.terms.claimBond)


def releasing(
    job: Job,
    worker: Any = None,
    *,
    signer: Any = None,
    nonce: int | None = None,
    deadline: int | None = None,
) -> Signed:
    """The worker gives the job back."""
    worker = worker or job.factory.actors["worker"]
    nonce = job.factory.nonce(worker) if nonce is None else nonce
    intent = job.intent("ReleaseClaim", worker=worker, nonce=nonce, **_timed(deadline))
    return _of(job, intent, signer or worker, job.contract.releaseClaimBySig)


def submitting(
    job: Job,
    work: bytes = WORK,
    *,
    worker: Any = None,
    signer: Any = None,
    deadline: int | None = None,
) -> Signed:
    """The worker submits."""
    worker = worker or job.factory.actors["worker"]
    intent = job.intent("SubmitWork", worker=worker, workHash=work, **_timed(deadline))
    return _of(job, intent, signer or worker, job.contract.submitWorkBySig, work)


def verifying(
    job: Job,
    approved: bool,
    reopen: bool,
    split_bps: int = 0,
    *,
    work: bytes = WORK,
    verifier: Any = None,
    signer: Any = None,
    deadline: int | None = None,
) -> Signed:
    """The verifier (by default the issuer) judges."""
    verifier = verifier or job.issuer
    verdict = {"workHash": work, "approved": approved, "reopen": reopen, "splitBps": split_bps}
    intent = job.intent("VerifyJob", **verdict, **_timed(deadline))
    arguments = (*verdict.values(), getattr(verifier, "address", verifier))
    return _of(job, intent, signer or verifier, job.contract.verifyJobBySig, *arguments)
