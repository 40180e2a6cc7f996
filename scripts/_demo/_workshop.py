"""Proving in the background: keys, proofs, and how long each took."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from provenwork.circuits import Circuit, Proof, Prover, load_circuit
from provenwork.core.errors import EngineCancelled

__all__ = ["Timing", "Workshop"]

SMALL, LARGE = "token_count/64", "token_count/1024"

BUSY = 3.0
"""Seconds for a proof of 64 tokens beyond which this machine has too much else to do for 1,024 tokens at once. Two idle
cores need 1.4, and ten times as long for the large one."""


@dataclass(frozen=True, slots=True)
class Timing:
    """One proof that was made."""

    tokens: int
    seconds: float


class Workshop:
    """A `TokenProver` whose keys are made while other things happen; it remembers how long each proof took.

    Args:
        circuit: The circuit's name; None to choose by trying how fast this machine is.
    """

    def __init__(self, circuit: str | None = None) -> None:
        self._wanted = circuit
        self._chosen: Future[Circuit] = Future()
        self._prover: Future[Prover] = Future()
        self._stop = threading.Event()
        self._running: tuple[asyncio.AbstractEventLoop, asyncio.Task[Proof]] | None = None
        self.doing = ""
        """What goes on now, in a few words; empty when nothing does."""
        self.since = time.monotonic()
        """When that began, on the monotonic clock."""
        self.tried: float | None = None
        """Seconds for the trial proof of 64 tokens, if the circuit was chosen by one."""
        self.timings: list[Timing] = []

    def start(self) -> None:
        """Begins to make the keys."""
        threading.Thread(target=self._prepare, name="demo-keys", daemon=True).start()

    @property
    def circuit(self) -> Circuit:
        """The circuit; waits until it is chosen."""
        return self._chosen.result()

    @property
    def is_chosen(self) -> bool:
        """Whether `circuit` answers, or fails, at once."""
        return self._chosen.done()

    def require_sound(self) -> None:
        """Raises what went wrong while keys were made, if something did."""
        for future in (self._chosen, self._prover):
            if future.done():
                future.result()

    def prove(self, tokens: Sequence[int], tag: int, prompt: Sequence[int] = ()) -> Proof:
        """Makes a proof, once the keys are there."""
        prover = self._ready()
        self._say(f"proving {len(tokens):,} tokens")
        started = time.monotonic()
        proof = self._make(prover, tokens, tag, prompt)
        self.timings.append(Timing(len(tokens), time.monotonic() - started))
        self._say("")
        return proof

    def stop(self) -> None:
        """Stops the proof in work, from any thread, and makes no other."""
        self._stop.set()
        if (running := self._running) is not None:
            loop, task = running
            with contextlib.suppress(RuntimeError):  # it has just finished by itself
                loop.call_soon_threadsafe(task.cancel)

    # ---------------------------------------------------------------------------------------------------- internals

    def _ready(self) -> Prover:
        """The prover, once its keys are there."""
        while not self._prover.done():
            if self._stop.wait(0.05):
                raise EngineCancelled("the demo was stopped")
        return self._prover.result()

    def _make(
        self, prover: Prover, tokens: Sequence[int], tag: int, prompt: Sequence[int] = ()
    ) -> Proof:
        async def made() -> Proof:
            task = asyncio.ensure_future(prover.prove_async(tokens, tag, prompt))
            self._running = asyncio.get_running_loop(), task
            if self._stop.is_set():
                task.cancel()
            return await task

        try:
            return asyncio.run(made())
        except asyncio.CancelledError:
            raise EngineCancelled("the demo was stopped") from None
        finally:
            self._running = None

    def _prepare(self) -> None:
        try:
            circuit = load_circuit(self._wanted or self._measured())
            self._chosen.set_result(circuit)
            self._prover.set_result(Prover(circuit, on_step=self._say))
        except BaseException as problem:  # noqa: BLE001 (whoever waits for the result gets it)
            for future in (self._chosen, self._prover):
                if not future.done():
                    future.set_exception(problem)
        self._say("")

    def _measured(self) -> str:
        """The largest circuit that this machine proves in reasonable time, judged by one small proof."""
        prover = Prover(load_circuit(SMALL), on_step=self._say)
        self._say("trying how fast this machine proves 64 tokens")
        started = time.monotonic()
        self._make(prover, range(1, 65), 1)
        self.tried = time.monotonic() - started
        return LARGE if self.tried <= BUSY else SMALL

    def _say(self, step: str) -> None:
        self.doing, self.since = step, time.monotonic()
