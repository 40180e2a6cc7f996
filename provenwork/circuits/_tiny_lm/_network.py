"""The language model as a network for EZKL, and with it the count of tokens that the model itself would say.

Every value behind the first step is a whole number whose size the weights bound (`bounds`), whatever a prover feeds: a token
takes part only by being equal to one of the words' ids or to none. So nothing can leave the range in which EZKL's
decompositions mean what they say, and nothing can wrap around the field.

Two operations do all that is not adding and multiplying by constants:

* `Equal` asks for zero with a field inverse, as in token_count: 1 or 0, and the prover has no choice.
* `Abs` takes a number apart into a sign in {−1, 0, 1} and digits, checks that sign × digits is the number and multiplies the
  number by the sign. For the number 0 every sign passes, and 0 × sign is 0 all the same; for any other one the digits leave
  one sign. `Relu` and `Sign` would cost half as many rows again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from provenwork.circuits._tag import TAG_LIMBS
from provenwork.circuits._tiny_lm._model import CONTEXT, LanguageModel, language_model
from provenwork.core.errors import ArtefactError, CircuitInputError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["bounds", "check_settings", "onnx_model", "run_args"]

_BLINDING_ROWS = 16
_DIGITS = 2


def run_args(logrows: int) -> dict[str, Any]:
    """EZKL's settings of the family.

    Two digits to the base 2^(logrows − 1), so that one column of 2^logrows rows holds the table of the digits. Inputs and
    outputs are not range-checked: nothing relies on it.
    """
    return {
        "input_visibility": "hashed",
        "output_visibility": "public",
        "param_visibility": "fixed",
        "input_scale": 0,
        "param_scale": 0,
        "logrows": logrows,
        "num_inner_cols": 2,
        "lookup_range": (0, 0),
        "decomp_base": _base(logrows),
        "decomp_legs": _DIGITS,
        "ignore_range_check_inputs_outputs": True,
        "disable_freivalds": True,
        "variables": [("batch_size", 1)],
    }


def check_settings(settings: Mapping[str, Any], logrows: int) -> None:
    """Refuses what EZKL made of the settings if the circuit does not fit, or would rest on more than signs and digits.

    Raises:
        CircuitInputError: There are too few rows, or too few digits for the model's numbers.
        ArtefactError: There are lookups, or other range checks.
    """
    if settings["num_rows"] >= (1 << logrows) - _BLINDING_ROWS:
        raise CircuitInputError(
            f"the circuit takes {settings['num_rows']} rows, more than 2^{logrows} has"
        )
    least, most = bounds(language_model())
    if max(-least, most) >= _base(logrows) ** _DIGITS:
        raise CircuitInputError(
            f"the model's numbers reach from {least} to {most}: 2^{logrows} rows have no digits for them"
        )
    lookups = ("required_lookups", "num_dynamic_lookups", "num_shuffles")
    if any(settings[name] for name in lookups):
        raise ArtefactError("EZKL would add lookups, on which this circuit must not depend")
    if sorted(settings["required_range_checks"]) != [[-1, 1], [0, _base(logrows) - 1]]:
        raise ArtefactError("EZKL would add range checks other than those of signs and digits")


def bounds(model: LanguageModel) -> tuple[int, int]:
    """The least and the largest number that can be taken apart in the circuit, whatever its inputs are."""
    hidden: list[tuple[int, int]] = []
    for index, bias in enumerate(model.bias):
        low = high = bias
        for part in model.kernel:
            reached = [
                sum(row[index] * value for row, value in zip(part, word, strict=True))
                for word in model.embedding
            ]
            # 0 stands for what is no word.
            low, high = low + min(0, *reached), high + max(0, *reached)
        hidden.append((low, high))
    size = len(model.vocabulary)
    least_score = most_score = 0  # of the token that was said, if it is no word
    for number, (row, bias) in enumerate(zip(model.output, model.output_bias, strict=True)):
        awake = [2 * weight * max(0, high) for weight, (_, high) in zip(row, hidden, strict=True)]
        low = high = 2 * bias
        low, high = low + sum(min(0, part) for part in awake), high + sum(max(0, p) for p in awake)
        tie = size - 1 - number
        least_score = min(least_score, size * low + tie)
        most_score = max(most_score, size * high + tie)
    spread = most_score - least_score
    return (
        min(-spread, *(low for low, _ in hidden)),
        max(spread, *(high for _, high in hidden)),
    )


def onnx_model(size: int, model: LanguageModel | None = None) -> bytes:
    """Builds the network for `size` tokens, in ONNX (opset 13); the same bytes every time.

    Args:
        size: How many tokens the circuit takes.
        model: The committed one by default.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    def tensor(name: str, width: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, width])

    graph = helper.make_graph(
        name="tiny_lm",
        inputs=[tensor("prompt", CONTEXT), tensor("tokens", size), tensor("tag", TAG_LIMBS)],
        outputs=[tensor("bound", TAG_LIMBS + 1)],
        initializer=[
            numpy_helper.from_array(values, name)
            for name, values in _constants(model or language_model(), size).items()
        ],
        nodes=[
            helper.make_node(kind, inputs, [output], **attributes)
            for kind, inputs, output, attributes in _steps()
        ],
    )
    network = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    network.producer_name = "provenwork"
    onnx.checker.check_model(network)
    return bytes(network.SerializeToString(deterministic=True))


def _steps() -> list[tuple[str, list[str], str, dict[str, Any]]]:
    """The operations: kind, inputs, output and attributes. Tables are [words or features, places]."""
    float_type = 1
    return [
        # A token is a column with a 1 at its word; padding and what is no word is a column of zeros.
        ("Concat", ["prompt", "tokens"], "text", {"axis": 1}),
        ("Equal", ["text", "ids"], "is_word", {}),
        ("Cast", ["is_word"], "words", {"to": float_type}),
        # The model, at every place of the answer at once.
        ("MatMul", ["embedding", "words"], "embedded", {}),
        ("Gather", ["embedded", "windows"], "seen_by_place", {"axis": 1}),
        ("Reshape", ["seen_by_place", "columns"], "seen", {}),
        ("MatMul", ["kernel", "seen"], "sums_before_bias", {}),
        ("Add", ["sums_before_bias", "bias"], "sums", {}),
        ("Abs", ["sums"], "sizes", {}),
        ("Add", ["sums", "sizes"], "awake", {}),  # twice their ReLU
        ("MatMul", ["output", "awake"], "votes", {}),
        ("Add", ["votes", "output_bias"], "scores", {}),
        # By how much other words beat the one that was said: |x| + x is positive if x is, and 0 if not.
        ("Slice", ["words", "answer", "end", "places"], "said", {}),
        ("Mul", ["said", "scores"], "picked", {}),
        ("ReduceSum", ["picked", "word_axis"], "score_said", {"keepdims": 1}),
        ("Sub", ["scores", "score_said"], "ahead", {}),
        ("Abs", ["ahead"], "distance", {}),
        ("Add", ["ahead", "distance"], "beaten", {}),
        ("ReduceSum", ["beaten", "word_axis"], "beaten_by", {"keepdims": 1}),
        # A place is wrong if any word beats the one said, or if none was said.
        ("ReduceSum", ["said", "word_axis"], "is_said", {"keepdims": 1}),
        ("Sub", ["one", "is_said"], "is_not_said", {}),
        ("Add", ["beaten_by", "is_not_said"], "wrong", {}),
        # Nothing wrong so far, place by place: sums of what is never negative.
        ("MatMul", ["wrong", "until"], "wrong_so_far", {}),
        ("Equal", ["wrong_so_far", "zero"], "is_right", {}),
        ("Cast", ["is_right"], "right", {"to": float_type}),
        ("ReduceSum", ["right", "places"], "count", {"keepdims": 1}),
        ("Concat", ["tag", "count"], "bound", {"axis": 1}),
    ]


def _constants(model: LanguageModel, size: int) -> dict[str, np.ndarray[Any, Any]]:
    """The weights, and what else the steps name."""
    import numpy as np

    words, features, hidden = len(model.vocabulary), len(model.embedding[0]), len(model.bias)
    ties = np.arange(words)[::-1].reshape(words, 1)
    numbers = {
        "ids": np.arange(1, words + 1).reshape(words, 1),
        "embedding": np.array(model.embedding).T,
        # From [place, feature, hidden] to [hidden, feature and place].
        "kernel": np.array(model.kernel).transpose(2, 1, 0).reshape(hidden, -1),
        "bias": np.array(model.bias).reshape(hidden, 1),
        # Multiplied by the number of words, and the first word favoured: no two scores are ever equal.
        "output": words * np.array(model.output),
        "output_bias": words * 2 * np.array(model.output_bias).reshape(words, 1) + ties,
        "one": np.ones((1, 1)),
        "zero": np.zeros((1, 1)),
        "until": np.triu(np.ones((size, size))),
    }
    indices = {
        # Of the eight places before each one of the answer.
        "windows": [[first + place for place in range(size)] for first in range(CONTEXT)],
        "columns": [features * CONTEXT, size],
        "word_axis": [0],
        "places": [1],
        "answer": [CONTEXT],
        "end": [CONTEXT + size],
    }
    return {name: values.astype(np.float32) for name, values in numbers.items()} | {
        name: np.array(values, dtype=np.int64) for name, values in indices.items()
    }


def _base(logrows: int) -> int:
    return 1 << (logrows - 1)
