"""The second act: one question, one answer, and a payment for the proof that the model gave it."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from provenwork.chain import PromptTerms, SessionStatus
from provenwork.circuits import (
    Proof,
    encode_prompt,
    language_model,
    load_circuit,
    transcript_commitment,
)
from provenwork.core.errors import ContractReverted, ProofRejected
from provenwork.sessions import Host, HostPolicy, HostPromptJob, User, UserPromptJob
from scripts._demo._screen import Screen
from scripts._demo._stage import DemoError, Stage
from scripts._demo._tally import Holdings, ProofEntry, events_of, holdings
from scripts._demo._workshop import Workshop

__all__ = ["MODEL", "PromptAct", "PromptTally", "encoded_prompt"]

MODEL = "tiny_lm/16"
"""The circuit that proves the language model."""
PAYMENT = 100_000
"""Base units of USDC for the answer."""
FEWEST = 4
"""The fewest tokens that the user takes for an answer."""


def encoded_prompt(text: str) -> list[int]:
    """The token ids of a question.

    Raises:
        CircuitInputError: The model does not know a word of it, or they are too many.
    """
    prompt = language_model().encode(text)
    encode_prompt(prompt, load_circuit(MODEL).prompt_size)
    return prompt


@dataclass(frozen=True, slots=True)
class PromptTally:
    """What became of a prompt job. Money is in base units of the token, all of it read from the chain."""

    job_id: int
    prompt: str
    answer: str
    payment: int
    host: int
    """What the host took out, after the fee."""
    treasury: int
    """The fee."""
    proof: ProofEntry
    moments: dict[str, float]
    """What happened when, in seconds since the user asked."""
    after: Holdings

    def to_json(self) -> dict[str, Any]:
        """As demo.json has it: amounts as decimal strings of base units."""
        return {
            "jobId": str(self.job_id),
            "prompt": self.prompt,
            "answer": self.answer,
            "payment": str(self.payment),
            "host": str(self.host),
            "treasury": str(self.treasury),
            "moments": {name: round(at, 3) for name, at in self.moments.items()},
            "proof": asdict(self.proof),
        }


class PromptAct:
    """One prompt job, from the question to the withdrawal.

    Args:
        stage: Who plays where; the host is registered.
        screen: Where it is told.
        folder: Where the host keeps its store.
        prompt: The question, in the model's words.
        workshop: Makes the proof; its circuit is the language model's.
    """

    def __init__(
        self, stage: Stage, screen: Screen, workshop: Workshop, *, folder: Path, prompt: str
    ) -> None:
        self.stage, self.screen, self.workshop = stage, screen, workshop
        self._prompt = encoded_prompt(prompt)
        self._model = language_model()
        self._folder = folder
        self._moments: dict[str, float] = {}
        self._asked_at = 0.0
        self._number = stage.circuit_number(MODEL)
        self._user = User(stage.marketplace, stage.user, sender=stage.sender(stage.user))
        self._before = holdings(stage)

    def play(self) -> PromptTally:
        """All of it.

        Raises:
            DemoError: Something is not as it must be.
            ProvenworkError: Whatever the SDK refuses.
        """
        job = self._ask()
        with Host(
            self.stage.marketplace,
            self.stage.host,
            self._folder / "prompts.sqlite",
            policy=HostPolicy(min_price_per_million={self.stage.token.address: 1}),
            proof_system=self.stage.proof_system,
            provers={self._number: self.workshop},
            poll=0.02,
        ) as host:
            try:
                theirs = host.accept_prompt(job.job_id, job.prompt)
                answer = self._answer(theirs)
                self._prove(host, theirs)
                self._lie(host, theirs, answer)
                self._deliver(host, job, answer)
                self._withdraw(host)
            except BaseException:
                self.workshop.stop()
                raise
        return self._tally(job, answer)

    # ------------------------------------------------------------------------------------------------------- scenes

    def _ask(self) -> UserPromptJob:
        money = self.stage.words.money(PAYMENT)
        self.screen.scene(
            "One question, one proven answer",
            "A proof of tokens says nothing about where they come from. This one does: a small language model is the "
            f"circuit. The user pays {money} for that model's answer to this very question, and for nothing else.",
        )
        self._asked_at = time.monotonic()
        circuit = load_circuit(MODEL)
        terms = PromptTerms(
            host=self.stage.host.address,
            token=self.stage.token.address,
            payment=PAYMENT,
            circuit_id=self._number,
            min_tokens=FEWEST,
        )
        job = self._user.ask(terms, circuit, self._prompt)
        self.stage.words.prompts.add(job.job_id)
        self._happened("asked")
        self._told()
        self.screen.say("user", self._model.decode(self._prompt))
        commitment = f"{job.details().input_commitment:#066x}"
        self.screen.note(f"on chain the question is named by its Poseidon hash, {commitment[:18]}…")
        return job

    def _answer(self, theirs: HostPromptJob) -> list[int]:
        model, prompt = self._model, theirs.prompt
        answer = model.generate(prompt, theirs.max_tokens, until_end=True)
        if len(answer) < theirs.min_tokens:
            answer = model.generate(prompt, theirs.min_tokens)
        theirs.serve(answer)
        self._happened("answered")
        self.screen.say("host", model.decode(answer))
        return answer

    def _prove(self, host: Host, theirs: HostPromptJob) -> None:
        theirs.prove()
        with self.screen.waiting(self.workshop):
            while host.proofs.waiting:
                self.workshop.require_sound()
                self.screen.beat(self.workshop)
                time.sleep(0.05)
        for task in host.problems():
            raise DemoError(f"the proof of the answer failed: {task.problem}")
        self._happened("proven")
        (timing,) = self.workshop.timings
        self.screen.note(f"proven here: {timing.tokens} tokens in {timing.seconds:.1f} s")

    def _lie(self, host: Host, theirs: HostPromptJob, answer: list[int]) -> None:
        """Tries what a dishonest host would: a word that the model nearly said, with the honest answer's proof."""
        (task,) = host.store.proofs(theirs.job_id)
        assert task.proof is not None  # it was waited for
        circuit = load_circuit(MODEL)
        honest = Proof.decode(circuit, task.proof)
        scores = self._model.scores([*theirs.prompt, *answer[:-2]])
        second = scores.index(sorted(scores)[-2])
        lie = [*answer[:-2], second, answer[-1]]
        instances = list(honest.instances)
        instances[circuit.layout.commitment] = transcript_commitment(lie, circuit.size)
        forged = honest.with_instances(instances).encode()
        call = self.stage.marketplace.claim_with_proof(theirs.job_id, 0, [forged], [len(lie)])
        try:
            host.sender.send(call)
        except ContractReverted as refused:
            self.screen.note(
                f"for “… {self._model.decode(lie[-4:])}” the chain refuses the proof: {refused.name}"
            )
        else:
            raise DemoError("the chain took a proof of another answer")

    def _deliver(self, host: Host, job: UserPromptJob, answer: list[int]) -> None:
        for ticked in host.tick().values():
            if ticked.problem is not None:
                raise ticked.problem
        self._happened("paid")
        self._told()
        record = job.check(answer)
        try:
            job.check([*answer[:-1], (answer[-1] + 1) % len(self._model.vocabulary)])
        except ProofRejected:
            self.screen.note(
                f"the user compares what it reads with the record on chain: these {record.tokens} tokens, and no others"
            )
        else:
            raise DemoError("another answer passes for the proven one")

    def _withdraw(self, host: Host) -> None:
        stage = self.stage
        host.withdraw(stage.token.address)
        stage.sender(stage.treasury).send(
            stage.marketplace.call("withdrawFees", stage.token.address)
        )
        self._told()

    # -------------------------------------------------------------------------------------------------------- numbers

    def _tally(self, job: UserPromptJob, answer: list[int]) -> PromptTally:
        stage, before, after = self.stage, self._before, holdings(self.stage)
        mined = [
            transaction
            for transaction in stage.reader.mined
            if events_of(transaction, "ProofSubmitted", job.job_id)
        ]
        (verified,) = mined
        (proof,) = events_of(verified, "ProofSubmitted", job.job_id)
        (timing,) = self.workshop.timings
        tally = PromptTally(
            job_id=job.job_id,
            prompt=self._model.decode(self._prompt),
            answer=self._model.decode(answer),
            payment=PAYMENT,
            host=after.host - before.host,
            treasury=after.treasury - before.treasury,
            proof=ProofEntry(
                MODEL,
                int(proof["tokensClaimed"]),
                verified.gas,
                round(timing.seconds, 3),
                verified.hash,
            ),
            moments=dict(self._moments),
            after=after,
        )
        details = job.details()
        for what, found, expected in (
            ("the prompt job: host + treasury", tally.host + tally.treasury, PAYMENT),
            ("the prompt job: what the user has less", before.user - after.user, PAYMENT),
            ("the prompt job: what is left in the escrow", after.escrow - before.escrow, 0),
            ("the prompt job's status", details.status, SessionStatus.COMPLETED),
            ("the prompt job's tokens", tally.proof.tokens, len(answer)),
        ):
            if found != expected:
                raise DemoError(f"the chain does not add up: {what}: {found}, expected {expected}")
        return tally

    def _happened(self, what: str) -> None:
        self._moments[what] = time.monotonic() - self._asked_at

    def _told(self) -> None:
        self.screen.transactions(self.stage.reader.new(), self.stage.words)
