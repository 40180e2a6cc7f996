"""The `tiny_lm` family: how many of the host's tokens the language model itself says after the user's prompt.

::

    prompt[1, 8] ─┐                          ┌── embedding ── window of 8 ── ReLU ── score of every word ─┐
                  ├── one row for each word ─┤                                                            ├── wrong? ──┐
    tokens[1, N] ─┘                          └── the token that was said ─────────────────────────────────┘            │
                                                                                                                       │
    tag[1, 8] ─────────────────────────────────────── concat ── tag[1, 8], count ── places before the first wrong one ─┘

    _model      the model in plain Python: what a host runs, and what everybody can run again
    _network    the same as a network for EZKL, with the counting
    _training   how weights.json was made of corpus.txt
"""

from __future__ import annotations

from collections.abc import Sequence

from provenwork.circuits._poseidon import poseidon_hash
from provenwork.circuits._tag import TAG_LIMB_BITS, TAG_LIMBS, tag_to_limbs
from provenwork.circuits._tiny_lm._model import CONTEXT, LanguageModel, language_model
from provenwork.circuits._tiny_lm._network import check_settings, onnx_model, run_args
from provenwork.circuits._transcript import (
    encode_prompt,
    encode_tokens,
    prompt_commitment,
    transcript_commitment,
)
from provenwork.core.errors import CircuitInputError

__all__ = [
    "LOGROWS",
    "PROMPT_SIZE",
    "LanguageModel",
    "check_settings",
    "expected_instances",
    "inputs",
    "language_model",
    "layout",
    "onnx_model",
    "require_provable",
    "run_args",
]

LOGROWS = {16: 14}
"""The sizes that are built, and the base-2 logarithm of the rows that each needs."""

PROMPT_SIZE = CONTEXT
"""As much as the model looks back."""


def require_provable(tokens: Sequence[int], size: int, prompt: Sequence[int]) -> None:
    """Refuses tokens that the model would not say after the prompt: the circuit would not count them.

    Raises:
        CircuitInputError: As for `encode_tokens` and `encode_prompt`, or the model would say something else.
    """
    encode_tokens(tokens, size)
    encode_prompt(prompt, PROMPT_SIZE)
    model = language_model()
    right = model.agreement(prompt, tokens)
    if right < len(tokens):
        expected = model.next_token([*prompt, *tokens[:right]])
        raise CircuitInputError(
            f"token {right} is {tokens[right]}, but after this prompt the model says {expected}: "
            f"{model.decode([expected])!r}",
            hint="Let the model make the tokens: language_model().generate(prompt, count).",
        )


def expected_instances(
    tokens: Sequence[int], tag: int, size: int, prompt: Sequence[int]
) -> tuple[int, ...]:
    """The public instances of a proof that counts all of these tokens, said after this prompt at this place.

    Raises:
        CircuitInputError: As for `encode_tokens`, `encode_prompt` and `tag_to_limbs`.
    """
    limbs = tag_to_limbs(tag)
    return (
        prompt_commitment(prompt, PROMPT_SIZE),
        transcript_commitment(tokens, size),
        poseidon_hash(limbs),
        *limbs,
        len(tokens),
    )


def inputs(tokens: Sequence[int], tag: int, size: int, prompt: Sequence[int]) -> list[list[int]]:
    """The circuit's inputs: one list of field elements for each input of the network."""
    return [
        encode_prompt(prompt, PROMPT_SIZE),
        encode_tokens(tokens, size),
        list(tag_to_limbs(tag)),
    ]


def layout() -> dict[str, int | None]:
    """Where things stand among the public instances."""
    return {
        "instances": 3 + TAG_LIMBS + 1,
        "commitment": 1,
        "prompt_commitment": 0,
        "tag_commitment": 2,
        "tag": 3,
        "tag_limbs": TAG_LIMBS,
        "tag_limb_bits": TAG_LIMB_BITS,
        "count": 3 + TAG_LIMBS,
        "scale": 0,
    }
