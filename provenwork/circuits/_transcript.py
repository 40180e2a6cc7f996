"""What a circuit reads of a transcript and of a prompt, and the commitments to them.

A commitment is the Poseidon hash over everything that is read, padding included. It binds and does not hide: who guesses a
short text can check the guess.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence

from provenwork.circuits._poseidon import poseidon_hash
from provenwork.core.errors import CircuitInputError

__all__ = [
    "MAX_TOKEN_ID",
    "encode_prompt",
    "encode_tokens",
    "prompt_commitment",
    "transcript_commitment",
]

MAX_TOKEN_ID = 2**32 - 2
"""The largest token id: encoded as id + 1 it still has 32 bits."""


def encode_tokens(tokens: Sequence[int], size: int) -> list[int]:
    """Writes token ids as the circuit reads them: id + 1, then zeros up to the circuit's size.

    Args:
        tokens: From 1 to `size` ids, each in [0, MAX_TOKEN_ID].
        size: How many tokens the circuit takes.

    Raises:
        CircuitInputError: There are no tokens, too many, or one is not an id.
    """
    if isinstance(tokens, str | bytes) or not isinstance(tokens, Sequence):
        raise CircuitInputError(f"tokens must be a list of integers, not {type(tokens).__name__}")
    if not 1 <= len(tokens) <= size:
        raise CircuitInputError(
            f"the circuit takes 1 to {size} tokens, not {len(tokens)}",
            hint="Split them into several proofs; the next one's first token is this one's plus its count.",
        )
    encoded = [_token(index, token) + 1 for index, token in enumerate(tokens)]
    return encoded + [0] * (size - len(encoded))


def transcript_commitment(tokens: Sequence[int], size: int) -> int:
    """Computes what a proof says about which tokens it binds, from the tokens received.

    It is the Poseidon hash of the encoded, padded ids (see `encode_tokens`), and stands among a proof's public instances
    at `layout.commitment`. It hides nothing: who guesses a short transcript can check the guess.

    Args:
        tokens: The token ids, in order.
        size: The circuit's size: the same tokens have another commitment in a circuit of another size.

    Returns:
        A field element; on chain it is a uint256, or the same 32 bytes big-endian.

    Raises:
        CircuitInputError: As for `encode_tokens`.
    """
    return poseidon_hash(encode_tokens(tokens, size))


def encode_prompt(prompt: Sequence[int], size: int) -> list[int]:
    """Writes a prompt as the circuit reads it: zeros up to the circuit's prompt size, then id + 1 for each token.

    The zeros come first, so that the prompt's last token stands next to the answer's first one.

    Args:
        prompt: From 1 to `size` ids, each in [0, MAX_TOKEN_ID].
        size: How many tokens of prompt the circuit takes.

    Raises:
        CircuitInputError: The circuit takes no prompt, there are no tokens or too many, or one is not an id.
    """
    if size == 0:
        raise CircuitInputError("the circuit takes no prompt")
    if isinstance(prompt, str | bytes) or not isinstance(prompt, Sequence):
        raise CircuitInputError(f"a prompt must be a list of integers, not {type(prompt).__name__}")
    if not 1 <= len(prompt) <= size:
        raise CircuitInputError(
            f"the circuit takes a prompt of 1 to {size} tokens, not {len(prompt)}"
        )
    encoded = [_token(index, token) + 1 for index, token in enumerate(prompt)]
    return [0] * (size - len(encoded)) + encoded


def prompt_commitment(prompt: Sequence[int], size: int) -> int:
    """Computes what a prompt job commits to (`inputCommitment`): known as soon as the prompt is, before any answer.

    Args:
        prompt: The prompt's token ids.
        size: How many tokens of prompt the circuit takes: `circuit.prompt_size`.

    Returns:
        A field element, below 2^254.

    Raises:
        CircuitInputError: As for `encode_prompt`.
    """
    return poseidon_hash(encode_prompt(prompt, size))


def _token(index: int, token: int) -> int:
    try:
        if isinstance(token, bool):
            raise TypeError
        value = operator.index(token)
    except TypeError:
        raise CircuitInputError(f"token {index} must be an integer, not {token!r}") from None
    if not 0 <= value <= MAX_TOKEN_ID:
        raise CircuitInputError(f"token {index} must be in [0, {MAX_TOKEN_ID}], not {value}")
    return value
