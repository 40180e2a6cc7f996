"""Provers where the proof is not the subject."""

from dataclasses import dataclass

from tests.harness.escrow import MAX_TOKENS, stub_proof


@dataclass(frozen=True)
class StubCircuit:
    """A circuit as large as the one that the escrow's stub verifier stands for."""

    max_tokens: int = MAX_TOKENS
    prompt_size: int = 0


@dataclass(frozen=True)
class StubProof:
    """A proof that the stub verifier accepts."""

    encoded: bytes

    def encode(self) -> bytes:
        """As the contracts take it."""
        return self.encoded


class StubProver:
    """Proves at once, for the verifier that accepts everything; remembers what it was asked."""

    def __init__(self, max_tokens: int = MAX_TOKENS) -> None:
        self.circuit = StubCircuit(max_tokens)
        self.asked: list[list[int]] = []

    def prove(self, tokens, tag, prompt=()) -> StubProof:
        """A well-formed proof of so many tokens."""
        self.asked.append(list(tokens))
        return StubProof(stub_proof(tag, len(tokens)))
