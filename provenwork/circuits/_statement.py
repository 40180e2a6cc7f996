"""What a proof must say: its public instances, which everybody can compute who knows the tokens."""

from __future__ import annotations

from collections.abc import Sequence

from eth_utils.crypto import keccak

from provenwork.circuits._circuit import Circuit
from provenwork.circuits._families import family_of

__all__ = ["expected_instances", "instances_hash"]


def expected_instances(
    circuit: Circuit, tokens: Sequence[int], tag: int, prompt: Sequence[int] = ()
) -> tuple[int, ...]:
    """The public instances of a proof that counts all of these tokens at one place of one session.

    Args:
        circuit: The circuit.
        tokens: The token ids, in order.
        tag: The session tag, see `session_tag`.
        prompt: The prompt's token ids, for a circuit that takes one.

    Raises:
        CircuitInputError: The circuit could take no such tokens, tag or prompt.
    """
    return family_of(circuit.name).expected_instances(tokens, tag, circuit.size, prompt)


def instances_hash(instances: Sequence[int]) -> bytes:
    """What the contracts record of a proof (`proofHash`): keccak256 of its instances, 32 bytes big-endian each."""
    return keccak(b"".join(instance.to_bytes(32, "big") for instance in instances))
