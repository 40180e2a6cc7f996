"""Proving and verifying, off chain."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from provenwork.circuits._circuit import Circuit
from provenwork.circuits._engine import EngineTask, run_engine
from provenwork.circuits._families import family_of
from provenwork.circuits._keys import SETUP_TIMEOUT, OnStep, require_engine, setup
from provenwork.circuits._proof import Proof
from provenwork.circuits._tag import tag_to_limbs
from provenwork.circuits._transcript import prompt_commitment, transcript_commitment
from provenwork.core.errors import EngineError, ProofRejected

__all__ = ["Prover", "prove", "verify"]

PROVE_TIMEOUT = 600.0
VERIFY_TIMEOUT = 60.0


class Prover:
    """Makes many proofs of one circuit: its keys are made or checked once, here.

    It can be shared between threads. Two proofs at once take twice the memory and no less time. Making one blocks: in a
    coroutine, `await asyncio.to_thread(Prover, circuit)`.

    Args:
        circuit: The circuit.
        cache: Where the proving keys are kept; `cache_folder()` by default.
        timeout: Seconds that one proof may take.
        on_step: Is told what begins while keys are made.

    Raises:
        ArtefactError, CacheError, EngineError: As for `setup`.
    """

    def __init__(
        self,
        circuit: Circuit,
        *,
        cache: Path | None = None,
        timeout: float = PROVE_TIMEOUT,
        setup_timeout: float = SETUP_TIMEOUT,
        on_step: OnStep | None = None,
    ) -> None:
        self.circuit = circuit
        self._timeout = timeout
        self._keys = setup(circuit, cache=cache, timeout=setup_timeout, on_step=on_step)

    def prove(self, tokens: Sequence[int], tag: int, prompt: Sequence[int] = ()) -> Proof:
        """Proves that this place of this session was given these tokens.

        Args:
            tokens: 1 to `circuit.max_tokens` token ids, in order.
            tag: The session tag, see `session_tag`.
            prompt: 1 to `circuit.prompt_size` token ids that stand before them, if the circuit takes a prompt.

        Returns:
            A proof that was verified, and whose instances are those that the tokens and the tag demand.

        Raises:
            CircuitInputError: The circuit cannot take the tokens, the tag or the prompt, or would not count all tokens.
            EngineError: EZKL failed, or what it made is not a proof of this.
            EngineTimeout: It took longer than the prover's timeout.
        """
        task, expected = self._task(tokens, tag, prompt)
        return self._finish(task, expected)

    async def prove_async(
        self, tokens: Sequence[int], tag: int, prompt: Sequence[int] = ()
    ) -> Proof:
        """As `prove`, without blocking the event loop; cancelling the call stops EZKL."""
        task, expected = self._task(tokens, tag, prompt)
        try:
            return await asyncio.to_thread(self._finish, task, expected)
        except asyncio.CancelledError:
            task.stop()
            raise

    def _task(
        self, tokens: Sequence[int], tag: int, prompt: Sequence[int]
    ) -> tuple[EngineTask, tuple[int, ...]]:
        family, size = family_of(self.circuit.name), self.circuit.size
        family.require_provable(tokens, size, prompt)
        expected = family.expected_instances(tokens, tag, size, prompt)
        task = EngineTask(
            "prove",
            compiled=str(self.circuit.compiled),
            pk=str(self._keys.proving_key),
            srs=str(self.circuit.srs),
            inputs=family.inputs(tokens, tag, size, prompt),
        )
        return task, expected

    def _finish(self, task: EngineTask, expected: tuple[int, ...]) -> Proof:
        # The folder holds the tokens: private to this user, and gone afterwards.
        with tempfile.TemporaryDirectory(prefix="provenwork-") as folder:
            made = task.run(timeout=self._timeout, folder=folder)
        proof = Proof(
            self.circuit,
            bytes.fromhex(made["zk"]),
            tuple(int(value) for value in made["instances"]),
        )
        if proof.instances != expected:
            raise EngineError(
                f"EZKL's proof of {self.circuit.name} does not show what it was asked to show"
            )
        try:
            verify(proof)
        except ProofRejected as problem:
            raise EngineError(f"EZKL's proof of {self.circuit.name} does not verify") from problem
        return proof


def prove(
    circuit: Circuit,
    tokens: Sequence[int],
    tag: int,
    prompt: Sequence[int] = (),
    *,
    cache: Path | None = None,
    timeout: float = PROVE_TIMEOUT,
    on_step: OnStep | None = None,
) -> Proof:
    """Makes one proof, and the keys first if they are not there; see `Prover` for many.

    Args:
        circuit: The circuit.
        tokens: 1 to `circuit.max_tokens` token ids, in order.
        tag: The session tag, see `session_tag`.
        prompt: As for `Prover.prove`.
        cache: Where the proving keys are kept; `cache_folder()` by default.
        timeout: Seconds that the proof may take.
        on_step: Is told what begins.

    Raises:
        CircuitInputError: As for `Prover.prove`.
        ArtefactError, CacheError: As for `setup`.
        EngineError: As for `Prover.prove`.
    """
    family = family_of(circuit.name)
    family.require_provable(tokens, circuit.size, prompt)
    family.expected_instances(tokens, tag, circuit.size, prompt)
    prover = Prover(circuit, cache=cache, timeout=timeout, on_step=on_step)
    if on_step is not None:
        on_step(f"proving {len(tokens)} tokens")
    return prover.prove(tokens, tag, prompt)


def verify(
    proof: Proof,
    *,
    tag: int | None = None,
    tokens: Sequence[int] | None = None,
    prompt: Sequence[int] | None = None,
    timeout: float = VERIFY_TIMEOUT,
) -> None:
    """Checks a proof with the committed verification key, and what it says, if that is given.

    It returns if all is well. It needs no proving key.

    Args:
        proof: The proof.
        tag: The session tag that it must carry.
        tokens: The tokens that it must count and commit to.
        prompt: The prompt that it must commit to.
        timeout: Seconds that EZKL may take.

    Raises:
        ProofRejected: It is not a proof, or one of something else.
        CircuitInputError: The tag, the tokens or the prompt are none.
        ArtefactError: A committed file is missing or changed, or another EZKL is installed.
        EngineError: EZKL could not check it.
    """
    circuit = proof.circuit
    _check_statement(proof, tag, tokens, prompt)
    require_engine(circuit)
    circuit.check_committed("settings", "srs", "vk")
    with tempfile.TemporaryDirectory(prefix="provenwork-") as folder:
        accepted = run_engine(
            "verify",
            timeout=timeout,
            zk=proof.zk.hex(),
            instances=[str(value) for value in proof.instances],
            settings=str(circuit.settings),
            vk=str(circuit.verification_key),
            srs=str(circuit.srs),
            version=circuit.ezkl,
            folder=folder,
        )
    if not accepted:
        raise ProofRejected("the proof does not hold for its public instances")


def _check_statement(
    proof: Proof, tag: int | None, tokens: Sequence[int] | None, prompt: Sequence[int] | None
) -> None:
    """Compares what the proof says with what it should say; whether it is true is another question."""
    circuit, layout = proof.circuit, proof.circuit.layout
    limbs = proof.instances[layout.tag : layout.tag + layout.tag_limbs]
    if tag is not None and limbs != tag_to_limbs(tag):
        raise ProofRejected("the proof is of another place, session, host, marketplace or chain")
    if not 1 <= proof.count <= circuit.max_tokens:
        raise ProofRejected(
            f"a proof of {circuit.name} counts 1 to {circuit.max_tokens} tokens, not {proof.count}"
        )
    # EZKL reads what it needs and ignores the rest; the Solidity verifier does not.
    if len(proof.zk) != circuit.proof_bytes:
        raise ProofRejected(
            f"a proof of {circuit.name} has {circuit.proof_bytes} bytes, not {len(proof.zk)}"
        )
    if tokens is not None:
        expected = transcript_commitment(tokens, circuit.size)
        if len(tokens) != proof.count:
            raise ProofRejected(f"the proof counts {proof.count} tokens, these are {len(tokens)}")
        if expected != proof.commitment:
            raise ProofRejected("the proof commits to other tokens")
    if (
        prompt is not None
        and prompt_commitment(prompt, circuit.prompt_size) != proof.prompt_commitment
    ):
        raise ProofRejected("the proof commits to another prompt")
