"""One prompt and its answer, as the host holds it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from provenwork.chain import SessionDetails
from provenwork.core.errors import NothingToDo, SessionOver
from provenwork.sessions._accounting import evidence_end, standing
from provenwork.sessions._host_session import Served
from provenwork.sessions._plan import Action, Plan, Step

if TYPE_CHECKING:
    from provenwork.sessions._host import Host
    from provenwork.sessions._store import ProofTask

__all__ = ["HostPromptJob"]


class HostPromptJob:
    """One prompt and its answer, as the host holds it: made by `Host`.

    Prompt, answer and proof are in the store before a method returns, so another one made from the same file continues where
    this one was killed. One transaction proves, is paid and closes.
    """

    def __init__(self, host: Host, job_id: int) -> None:
        self.job_id = job_id
        self._host = host
        self._details: SessionDetails
        self._now: int
        self.refresh()

    def refresh(self) -> SessionDetails:
        """The job as the chain has it now."""
        self._details = self._host.marketplace.details(self.job_id)
        self._now = self._host.marketplace.node.now()
        if not self._details.is_open:
            self._host.store.set_done(self.job_id)
        return self._details

    @property
    def prompt(self) -> list[int]:
        """The prompt's token ids: what the job commits to."""
        stored = self._host.store.prompt(self.job_id)
        assert stored is not None  # noqa: S101 (`Host` keeps it first)
        return stored.tokens

    @property
    def min_tokens(self) -> int:
        """The fewest tokens that an answer must have."""
        return self._details.min_tokens

    @property
    def max_tokens(self) -> int:
        """The most tokens that the proof can count."""
        return self._host.proofs.max_tokens(self._details.circuit_id)

    @property
    def answer(self) -> list[int]:
        """The answer's token ids, as they are written down; none before `serve`."""
        stored = self._host.store.session(self.job_id)
        return self._host.store.transcript(self.job_id, 0, stored.served) if stored else []

    def serve(self, tokens: Sequence[int]) -> Served:
        """Writes down the whole answer. Send it when this has returned, or when it is paid: the proof binds it either way.

        Args:
            tokens: What the model says after the prompt: `min_tokens` to `max_tokens` ids.

        Raises:
            SessionOver: The job is final, or its user has asked to close it.
            ValueError: They are too few or too many, or something is not a token id.
            StoreError: There is an answer already.
        """
        details = self.refresh()
        if not details.is_open or details.is_closing or self._now > details.ends_at:
            raise SessionOver(f"job {self.job_id} is closing, has ended or is final")
        if not self.min_tokens <= len(tokens) <= self.max_tokens:
            raise ValueError(
                f"the answer has {len(tokens)} tokens, must have {self.min_tokens} to {self.max_tokens}"
            )
        total = self._host.store.append(self.job_id, 0, tokens)
        return Served(0, tuple(tokens), total)

    def prove(self) -> None:
        """Asks for the proof; the host's proof queue makes it.

        Raises:
            NothingToDo: There is no answer yet.
        """
        if not (answer := self.answer):
            raise NothingToDo(f"job {self.job_id} has no answer yet")
        self._host.proofs.want(self.job_id, 0, len(answer), self._details.circuit_id, urgent=True)

    def close(self) -> SessionDetails:
        """Brings the proof to the chain, which pays for it and closes the job, in one transaction.

        Raises:
            NothingToDo: The proof is not made yet.
            ContractReverted: It is too late, or the circuit was revoked.
        """
        if (task := self._made()) is None:
            raise NothingToDo(f"the proof of job {self.job_id} is not made yet")
        assert task.proof is not None  # noqa: S101 (`_made` looked)
        self._host.sender.send(
            self._host.marketplace.claim_with_proof(self.job_id, 0, [task.proof], [task.count])
        )
        return self.refresh()

    def next_step(self) -> Plan:
        """What should be done now, without doing it."""
        details = self.refresh()
        if not details.is_open:
            return Plan(because="the job is final")
        if standing(details):
            return Plan(step=Step(Action.CLOSE), because="the user has acknowledged the answer")
        if not (answer := self.answer):
            return Plan(because="there is no answer yet")
        if self._now > evidence_end(details, self._host.marketplace.parameters):
            return Plan(because="the time for proofs is over")
        if self._made() is None:
            return Plan(prove=((0, len(answer)),), because="the answer is to be proven")
        return Plan(
            step=Step(Action.CLOSE_WITH_PROOF, 0, len(answer)), because="the answer is proven"
        )

    def tick(self) -> Plan:
        """Does what should be done now: asks for the proof, or sends the one transaction.

        Raises:
            TransactionFailed, TransactionUnknown, NodeUnavailable: As for `Sender.send`.
        """
        decided = self.next_step()
        if decided.prove:
            self.prove()
        if decided.step is not None and decided.step.action is Action.CLOSE_WITH_PROOF:
            self.close()
        elif decided.step is not None:
            self._host.sender.send(self._host.marketplace.complete_session(self.job_id))
            self.refresh()
        return decided

    def _made(self) -> ProofTask | None:
        for task in self._host.store.proofs(self.job_id):
            if task.proof is not None:
                return task
        return None
