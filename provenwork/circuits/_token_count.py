"""The `token_count` family: N token ids, bound to one place of one session, and counted.

::

    tokens[1, N] ── = 0 ── sum ── N − sum ──┐
                                            ├── concat ── tag[1, 8], count
    tag[1, 8] ──────────────────────────────┘

An id is sent as **id + 1**, because 0 is padding and 0 is a real token of most vocabularies. A count is N less the number
of zeros, and *zero* is asked with a field inverse (`x·b = 0` where `b = 1 − x·x⁻¹`): every field element is either zero or
counts exactly once, so no prover can count padding, and no negative or huge id counts twice or takes from the count.

`Sign`, the obvious operation, rests on more: EZKL takes a number apart into a sign and digits whose product is the number,
and unless something else ties the sign of zero down (early versions had nothing), a patched prover may give padding the
sign +1 and be paid for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provenwork.circuits._poseidon import poseidon_hash
from provenwork.circuits._tag import TAG_LIMB_BITS, TAG_LIMBS, tag_to_limbs
from provenwork.circuits._transcript import encode_tokens, transcript_commitment
from provenwork.core.errors import ArtefactError, CircuitInputError

__all__ = [
    "LOGROWS",
    "PROMPT_SIZE",
    "check_settings",
    "expected_instances",
    "inputs",
    "layout",
    "onnx_model",
    "require_provable",
    "run_args",
]

LOGROWS = {64: 12, 1024: 16}
"""The sizes that are built, and the base-2 logarithm of the rows that each needs: Poseidon takes 41 for each input."""

PROMPT_SIZE = 0
"""It takes no prompt."""

_BLINDING_ROWS = 16


def require_provable(tokens: Sequence[int], size: int, prompt: Sequence[int]) -> None:
    """Refuses what the circuit cannot count as a whole: it counts any tokens, as many as it has room for.

    Raises:
        CircuitInputError: As for `encode_tokens`, or there is a prompt.
    """
    if prompt:
        raise CircuitInputError("token_count takes no prompt: it counts tokens, whoever asked")
    encode_tokens(tokens, size)


def expected_instances(
    tokens: Sequence[int], tag: int, size: int, prompt: Sequence[int]
) -> tuple[int, ...]:
    """The public instances that a proof of these tokens at this place must have.

    Raises:
        CircuitInputError: As for `encode_tokens` and `tag_to_limbs`.
    """
    require_provable(tokens, size, prompt)
    limbs = tag_to_limbs(tag)
    return (transcript_commitment(tokens, size), poseidon_hash(limbs), *limbs, len(tokens))


def inputs(
    tokens: Sequence[int],
    tag: int,
    size: int,
    prompt: Sequence[int],  # noqa: ARG001 (other families take one)
) -> list[list[int]]:
    """The circuit's inputs: one list of field elements for each input of the network."""
    return [encode_tokens(tokens, size), list(tag_to_limbs(tag))]


def layout() -> dict[str, int | None]:
    """Where things stand among the public instances."""
    return {
        "instances": 2 + TAG_LIMBS + 1,
        "commitment": 0,
        "prompt_commitment": None,
        "tag_commitment": 1,
        "tag": 2,
        "tag_limbs": TAG_LIMBS,
        "tag_limb_bits": TAG_LIMB_BITS,
        "count": 2 + TAG_LIMBS,
        "scale": 0,
    }


def run_args(logrows: int) -> dict[str, Any]:
    """EZKL's settings of the family.

    No lookups and no decomposition: the circuit only adds, multiplies and inverts. Hence one inner column, and no range
    check of inputs and outputs, which nothing here relies on (a limb's 16 bits are checked on chain).
    """
    return {
        "input_visibility": "hashed",
        "output_visibility": "public",
        "param_visibility": "fixed",
        "input_scale": 0,
        "param_scale": 0,
        "logrows": logrows,
        "num_inner_cols": 1,
        "lookup_range": (0, 0),
        "decomp_base": 1 << (logrows - 1),
        "decomp_legs": 2,
        "ignore_range_check_inputs_outputs": True,
        "disable_freivalds": True,
        "variables": [("batch_size", 1)],
    }


def check_settings(settings: Mapping[str, Any], logrows: int) -> None:
    """Refuses what EZKL made of the settings if the circuit does not fit, or would rest on lookups or range checks.

    Raises:
        CircuitInputError: There are too few rows.
        ArtefactError: There are lookups or range checks.
    """
    if settings["num_rows"] >= (1 << logrows) - _BLINDING_ROWS:
        raise CircuitInputError(
            f"the circuit takes {settings['num_rows']} rows, more than 2^{logrows} has"
        )
    if settings["required_lookups"] or settings["required_range_checks"]:
        raise ArtefactError(
            "EZKL would add lookups or range checks, on which this circuit must not depend"
        )


def onnx_model(size: int) -> bytes:
    """Builds the network for `size` tokens, in ONNX (opset 13); the same bytes every time."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    def tensor(name: str, width: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, width])

    graph = helper.make_graph(
        name="token_count",
        inputs=[tensor("tokens", size), tensor("tag", TAG_LIMBS)],
        outputs=[tensor("bound", TAG_LIMBS + 1)],
        initializer=[
            numpy_helper.from_array(np.zeros((1, 1), dtype=np.float32), "zero"),
            numpy_helper.from_array(np.full((1, 1), size, dtype=np.float32), "size"),
            numpy_helper.from_array(np.array([1], dtype=np.int64), "axis"),
        ],
        nodes=[
            helper.make_node("Equal", ["tokens", "zero"], ["is_padding"]),
            helper.make_node("Cast", ["is_padding"], ["padding"], to=TensorProto.FLOAT),
            helper.make_node("ReduceSum", ["padding", "axis"], ["padded"], keepdims=1),
            helper.make_node("Sub", ["size", "padded"], ["count"]),
            helper.make_node("Concat", ["tag", "count"], ["bound"], axis=1),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    model.producer_name = "provenwork"
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))
