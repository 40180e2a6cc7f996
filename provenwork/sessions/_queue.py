"""Makes the proofs that a store asks for, one after the other, and keeps each as soon as it is made."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Protocol

from provenwork.circuits import session_tag
from provenwork.core.errors import CircuitError, StoreError
from provenwork.sessions._store import HostStore, Place, ProofTask

__all__ = ["CircuitSize", "MadeProof", "ProofQueue", "TokenProver"]


class MadeProof(Protocol):
    """A proof."""

    def encode(self) -> bytes:
        """As the contracts take it."""
        ...


class CircuitSize(Protocol):
    """How much a circuit takes."""

    @property
    def max_tokens(self) -> int:
        """The most AI tokens that one proof counts."""
        ...

    @property
    def prompt_size(self) -> int:
        """The most AI tokens of prompt that it takes; 0 if it takes none."""
        ...


class TokenProver(Protocol):
    """What makes proofs of one circuit, such as `provenwork.circuits.Prover`."""

    @property
    def circuit(self) -> CircuitSize:
        """The circuit."""
        ...

    def prove(self, tokens: Sequence[int], tag: int, prompt: Sequence[int] = ()) -> MadeProof:
        """Proves that a place of a session was given these tokens, after a prompt if the circuit takes one."""
        ...


class ProofQueue:
    """A bounded queue of proofs, in the host's store: what was asked for and what was made survive a crash.

    Two proofs at once take twice the memory and no less time, so there is one worker. Each proof is made in a process of
    its own, so that EZKL can take down neither this one nor the queue.

    Args:
        store: Where wishes and results are.
        provers: A prover for each circuit, by the circuit's number.
        place: Whose proofs, and where they count.
        capacity: How many proofs may wait; urgent ones always may.
        attempts: How often a proof is tried.
    """

    def __init__(
        self,
        store: HostStore,
        provers: Mapping[int, TokenProver],
        place: Place,
        *,
        capacity: int = 64,
        attempts: int = 3,
    ) -> None:
        self._store = store
        self._provers = dict(provers)
        self._place = place
        self._capacity = capacity
        self.attempts = attempts
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._worker: threading.Thread | None = None

    def max_tokens(self, circuit_id: int) -> int:
        """The most AI tokens that one proof of a circuit counts here; 0 without a prover."""
        prover = self._provers.get(circuit_id)
        return 0 if prover is None else prover.circuit.max_tokens

    def prompt_size(self, circuit_id: int) -> int:
        """The most AI tokens of prompt that a circuit takes; 0 if it takes none, or without a prover."""
        prover = self._provers.get(circuit_id)
        return 0 if prover is None else prover.circuit.prompt_size

    def want(
        self, job_id: int, first: int, count: int, circuit_id: int, *, urgent: bool = False
    ) -> bool:
        """Asks for a proof of [first, first + count).

        Returns:
            False if the queue is full: ask again later.
        """
        if not urgent and self.waiting >= self._capacity:
            return False
        self._store.want_proof(job_id, first, count, circuit_id, urgent=urgent)
        self._wake.set()
        return True

    @property
    def waiting(self) -> int:
        """How many proofs are still to be made."""
        return self._store.queued_proofs(self.attempts)

    def work(self) -> bool:
        """Makes the next proof, in this thread.

        Returns:
            Whether there was one to make.
        """
        task = self._store.next_proof(self.attempts)
        if task is None:
            return False
        try:
            self._store.keep_proof(task, self._make(task))
        except (CircuitError, StoreError) as problem:
            self._store.proof_failed(task, str(problem))
        return True

    def start(self) -> None:
        """Makes proofs in a thread of its own until `stop`."""
        if self._worker is not None:
            return
        self._stopping.clear()
        self._worker = threading.Thread(target=self._run, name="provenwork-proofs", daemon=True)
        self._worker.start()

    def stop(self) -> None:
        """Lets the proof in work finish, and starts no other."""
        if self._worker is None:
            return
        self._stopping.set()
        self._wake.set()
        self._worker.join()
        self._worker = None

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            if not self.work():
                self._wake.wait()

    def _make(self, task: ProofTask) -> bytes:
        prover = self._provers.get(task.circuit_id)
        if prover is None:
            raise CircuitError(f"there is no prover for circuit {task.circuit_id}")
        place = self._place
        tokens = self._store.transcript(task.job_id, task.first, task.first + task.count)
        tag = session_tag(place.chain_id, place.marketplace, task.job_id, place.host, task.first)
        before = self._before(task, prover.circuit.prompt_size)
        return prover.prove(tokens, tag, before).encode()

    def _before(self, task: ProofTask, size: int) -> list[int]:
        """The last tokens before a proof's first one: of the prompt, and of the text that it was continued to."""
        if size == 0:
            return []
        kept = self._store.prompt(task.job_id)
        prompt = [] if kept is None else kept.tokens
        said = self._store.transcript(task.job_id, max(0, task.first - size), task.first)
        return [*prompt, *said][-size:]
