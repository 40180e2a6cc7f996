"""One prompt and its answer, as the user holds it."""

from __future__ import annotations

from collections.abc import Sequence

from provenwork.chain import Marketplace, PromptTerms, ProofRecord, SessionDetails
from provenwork.circuits import (
    Circuit,
    expected_instances,
    instances_hash,
    prompt_commitment,
    session_tag,
)
from provenwork.core.errors import NothingToDo, ProofRejected, TermsInvalid
from provenwork.sessions._user_session import UserSession

__all__ = ["UserPromptJob", "check_prompt_terms"]

_RECORDED = 20
"""Bytes of an instances' hash that the chain keeps."""


class UserPromptJob:
    """One prompt and its answer, as the user holds it: made by `User`.

    The prompt and the answer travel between user and host as the caller likes. The chain pays the whole payment for a proof
    that the circuit's model gave at least `min_tokens` tokens to this very prompt. **It pays for the proof, not for the
    delivery**: `check` tells whether what arrived is what was proven.

    Attributes:
        session: The same job as a session: to close it, to finalize it, or to acknowledge it without a proof.
        prompt: The prompt's token ids, to be sent to the host.
    """

    def __init__(
        self,
        marketplace: Marketplace,
        session: UserSession,
        circuit: Circuit,
        prompt: Sequence[int],
    ) -> None:
        self.session = session
        self.circuit = circuit
        self.prompt = tuple(prompt)
        self._marketplace = marketplace

    @property
    def job_id(self) -> int:
        """The job."""
        return self.session.job_id

    def details(self) -> SessionDetails:
        """The job as the chain has it now."""
        return self.session.details()

    def check(self, tokens: Sequence[int]) -> ProofRecord:
        """Compares an answer that arrived with the proof that the chain has verified, word for word.

        Args:
            tokens: The answer's token ids.

        Returns:
            The proof, as the chain recorded it.

        Raises:
            NothingToDo: The host has proven nothing yet.
            ProofRejected: Something else was proven: other tokens, more of them, or fewer.
            CircuitInputError: This could be no answer.
        """
        records = self._marketplace.proofs(self.job_id, 0, 1)
        if not records:
            raise NothingToDo(
                f"nothing is proven of job {self.job_id} yet",
                hint="Wait for the host; after the job's end, finalize() brings the payment back.",
            )
        node = self._marketplace.node
        tag = session_tag(
            node.chain_id, self._marketplace.address, self.job_id, self.session.host, 0
        )
        expected = instances_hash(expected_instances(self.circuit, tokens, tag, self.prompt))
        if records[0].instances_hash[:_RECORDED] != expected[:_RECORDED]:
            raise ProofRejected(
                f"the proof of job {self.job_id} is of {records[0].tokens} tokens that are not these {len(tokens)}",
                hint="Ask the host for the answer that it has proven; the chain has its commitment.",
            )
        return records[0]


def check_prompt_terms(terms: PromptTerms, circuit: Circuit, prompt: Sequence[int]) -> int:
    """Computes what the job commits to, if the terms are such as somebody can meet.

    Returns:
        The commitment to the prompt: the job's `inputCommitment`.

    Raises:
        TermsInvalid: The circuit takes no prompt, or proves fewer tokens than are asked for.
        CircuitInputError: The prompt is none.
    """
    if not circuit.prompt_size:
        raise TermsInvalid(
            f"{circuit.name} takes no prompt: it could not show what was asked",
            hint="Choose a circuit of the family tiny_lm.",
        )
    if not 1 <= terms.min_tokens <= circuit.max_tokens:
        raise TermsInvalid(
            f"min_tokens is {terms.min_tokens}; a proof of {circuit.name} counts 1 to {circuit.max_tokens}"
        )
    return prompt_commitment(prompt, circuit.prompt_size)
