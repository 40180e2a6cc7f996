"""The host's side: reviews what is offered, serves, keeps evidence, answers, closes, and is paid."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from eth_typing import ChecksumAddress

from provenwork.chain import CircuitTerms, Marketplace, Outcome, ProofSystem, Sender
from provenwork.circuits import prompt_commitment
from provenwork.core.errors import (
    NodeUnavailable,
    ProvenworkError,
    SessionUnknown,
    TermsRefused,
    TransactionUnknown,
)
from provenwork.crypto import ZERO_ADDRESS, Signer
from provenwork.sessions._host_prompt_job import HostPromptJob
from provenwork.sessions._host_session import HostSession
from provenwork.sessions._plan import Plan
from provenwork.sessions._policy import HostPolicy, Refusal, SessionFacts
from provenwork.sessions._queue import ProofQueue, TokenProver
from provenwork.sessions._spending import withdraw
from provenwork.sessions._store import HostStore, Place, ProofTask

__all__ = ["Host", "Ticked"]


@dataclass(frozen=True, slots=True)
class Ticked:
    """What a tick did in one session."""

    plan: Plan | None
    """What was decided, and done unless there is a problem."""
    problem: ProvenworkError | None = None
    """Why it was not done; the next tick tries again."""


class Host:
    """An account that serves sessions. Made again from the same file after a crash, it continues.

    Args:
        marketplace: The session escrow.
        signer: The account.
        store: The path of the host's sqlite file; made if it is not there. One process at a time. Or an open store.
        policy: Which sessions to serve, and how much to risk.
        proof_system: Where circuits are registered; needed to serve sessions that have one.
        provers: A prover for each circuit by its number on chain, for example
            `{1: Prover(load_circuit("token_count/64"))}`.
        timeout: Seconds to wait for a receipt before an outcome counts as unknown.
        clock: Unix seconds of this machine.

    Raises:
        StoreError: The file belongs to another host, marketplace or chain, or another process holds it.
    """

    def __init__(
        self,
        marketplace: Marketplace,
        signer: Signer,
        store: HostStore | Path | str,
        *,
        policy: HostPolicy,
        proof_system: ProofSystem | None = None,
        provers: Mapping[int, TokenProver] | None = None,
        timeout: float = 120.0,
        poll: float = 0.25,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.marketplace = marketplace
        self.signer = signer
        self.policy = policy
        self.clock = clock
        self._proof_system = proof_system
        place = Place(marketplace.node.chain_id, marketplace.address, signer.address)
        self.store = store if isinstance(store, HostStore) else HostStore(store, place)
        self.sender = Sender(
            marketplace.node, signer, journal=self.store, timeout=timeout, poll=poll
        )
        self.proofs = ProofQueue(self.store, provers or {}, place)

    @property
    def address(self) -> ChecksumAddress:
        """The account."""
        return self.signer.address

    def start(self) -> None:
        """Makes proofs in the background until `close`."""
        self.proofs.start()

    def close(self) -> None:
        """Lets the proof in work finish, and lets go of the store; sessions stay as they are."""
        self.proofs.stop()
        self.store.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ----------------------------------------------------------------------------------------------------- sessions

    def review(self, job_id: int) -> tuple[Refusal, ...]:
        """Every reason not to serve a session; none means that this host would.

        Raises:
            SessionUnknown: There is no such session.
        """
        return self.policy.review(self._facts(job_id))

    def review_prompt(self, job_id: int, prompt: Sequence[int]) -> tuple[Refusal, ...]:
        """Every reason not to answer a prompt; none means that this host would.

        Raises:
            SessionUnknown: There is no such job.
            CircuitInputError: The prompt is none that the job's circuit could take.
        """
        facts = self._facts(job_id)
        size = self.proofs.prompt_size(facts.details.circuit_id)
        commitment = prompt_commitment(prompt, size) if size else 0
        return self.policy.review_prompt(facts, commitment)

    def accept(self, job_id: int) -> HostSession:
        """Takes on a session, if the policy finds nothing against it.

        Raises:
            SessionUnknown: There is no such session.
            TermsRefused: With every reason.
        """
        self._require_none(self.review(job_id), f"session {job_id}")
        self.store.add_session(job_id)
        return HostSession(self, job_id)

    def accept_prompt(self, job_id: int, prompt: Sequence[int]) -> HostPromptJob:
        """Takes on a prompt job, if its prompt is this one and the policy finds nothing against it.

        Args:
            job_id: The job.
            prompt: The prompt's token ids, as the user sent them.

        Raises:
            SessionUnknown: There is no such job.
            CircuitInputError: The prompt is none that the job's circuit could take.
            TermsRefused: With every reason.
        """
        self._require_none(self.review_prompt(job_id, prompt), f"job {job_id}")
        self.store.add_session(job_id)
        self.store.keep_prompt(job_id, prompt, single=True)
        return HostPromptJob(self, job_id)

    def session(self, job_id: int) -> HostSession:
        """A session that was taken on before, perhaps by a process that is no more.

        Raises:
            SessionUnknown: The store does not know it.
        """
        if self.store.session(job_id) is None:
            raise SessionUnknown(f"this host has not taken on session {job_id}")
        return HostSession(self, job_id)

    def prompt_job(self, job_id: int) -> HostPromptJob:
        """A prompt job that was taken on before, perhaps by a process that is no more.

        Raises:
            SessionUnknown: The store does not know it.
        """
        if not self._is_prompt_job(job_id):
            raise SessionUnknown(f"this host has not taken on prompt job {job_id}")
        return HostPromptJob(self, job_id)

    def sessions(self) -> list[HostSession]:
        """All sessions that were taken on and not seen final."""
        return [
            self.session(job_id)
            for job_id in self.store.open_sessions()
            if not self._is_prompt_job(job_id)
        ]

    def prompt_jobs(self) -> list[HostPromptJob]:
        """All prompt jobs that were taken on and not seen final."""
        return [
            self.prompt_job(job_id)
            for job_id in self.store.open_sessions()
            if self._is_prompt_job(job_id)
        ]

    def tick(self) -> dict[int, Ticked]:
        """Does in every session and prompt job what should be done now; call it at least a few times in each window.

        Transactions whose outcome is unknown are found out first: nothing is ever signed twice because an answer was lost.

        Returns:
            What was done, by session. One session's problem does not keep the others waiting.

        Raises:
            TransactionUnknown: What became of a transaction is unknown, and nothing else is signed before it is.
            NodeUnavailable: The node does not answer.
        """
        self.reconcile()
        done: dict[int, Ticked] = {}
        for job_id in self.store.open_sessions():
            try:
                held = self.prompt_job if self._is_prompt_job(job_id) else self.session
                done[job_id] = Ticked(held(job_id).tick())
            except TransactionUnknown:
                raise
            except ProvenworkError as problem:
                done[job_id] = Ticked(None, problem)
        return done

    def run(
        self,
        stop: threading.Event,
        *,
        every: float = 5.0,
        on_tick: Callable[[dict[int, Ticked]], None] | None = None,
    ) -> None:
        """Ticks until it is told to stop; a node that does not answer, or an unknown outcome, is asked again next time.

        Args:
            stop: Set it to stop.
            every: Seconds between two ticks: well below every window of the marketplace.
            on_tick: Is told what each tick did, for logs and alarms.
        """
        while not stop.is_set():
            try:
                done = self.tick()
            except (NodeUnavailable, TransactionUnknown) as problem:
                done = {0: Ticked(None, problem)}
            if on_tick is not None:
                on_tick(done)
            stop.wait(every)

    def problems(self) -> list[ProofTask]:
        """The proofs that could not be made, as often as they were tried: an operator should look at them."""
        return self.store.failed_proofs(self.proofs.attempts)

    # -------------------------------------------------------------------------------------------------------- money

    def earned(self, token: str = ZERO_ADDRESS) -> int:
        """What was earned and not yet withdrawn, in base units, before the marketplace's fee."""
        return self.marketplace.earned(self.address, token)

    def withdraw(self, token: str = ZERO_ADDRESS, to: str | None = None) -> int:
        """Withdraws all earnings and credits in one token.

        Returns:
            What was paid, net, in base units; 0 if there was nothing.

        Raises:
            TransactionFailed, TransactionUnknown: As for `Sender.send`.
        """
        return withdraw(self.sender, self.marketplace, token, to)

    def reconcile(self) -> list[Outcome]:
        """Finds out what became of transactions whose outcome was unknown; see `Sender.reconcile`."""
        return self.sender.reconcile()

    def circuit(self, circuit_id: int) -> CircuitTerms | None:
        """A circuit as the proof system has it; None for circuit 0, or without a proof system."""
        if circuit_id == 0:
            return None
        if self._proof_system is None:
            return CircuitTerms(max_tokens=0, binds_input=False, revoked_at=0)
        return self._proof_system.circuit_info(circuit_id)

    # --------------------------------------------------------------------------------------------------- internals

    def _facts(self, job_id: int) -> SessionFacts:
        details = self.marketplace.details(job_id)
        stored = self.store.session(job_id)
        return SessionFacts(
            job_id=job_id,
            details=details,
            parameters=self.marketplace.parameters,
            now=self.marketplace.node.now(),
            host=self.address,
            circuit=self.circuit(details.circuit_id),
            provable=self.proofs.max_tokens(details.circuit_id),
            signer_code=self.marketplace.node.code(details.voucher_signer),
            served=None if stored is None else stored.served,
        )

    def _is_prompt_job(self, job_id: int) -> bool:
        kept = self.store.prompt(job_id)
        return kept is not None and kept.single

    @staticmethod
    def _require_none(reasons: Sequence[Refusal], what: str) -> None:
        if reasons:
            raise TermsRefused(
                f"{what}: " + "; ".join(refusal.reason for refusal in reasons),
                reasons=reasons,
                hint="Open it on other terms, or ask this host what it serves on.",
            )
