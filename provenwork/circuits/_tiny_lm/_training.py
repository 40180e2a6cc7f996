"""Trains the language model on corpus.txt, in whole numbers only.

The same source gives the same weights on every machine: there is no floating point whose last bit could depend on the
processor or on a library, and the initial weights come from SHA-256. What is trained is the very network that is proved:
each step rounds the weights as they will be committed, looks how that network errs, and moves the unrounded ones.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from provenwork.circuits._tiny_lm._model import CONTEXT, END, LanguageModel

__all__ = ["train"]

CORPUS = Path(__file__).with_name("corpus.txt")

FEATURES, HIDDEN = 4, 10
SEED, EPOCHS = "provenwork tiny_lm", 1_500

_FRACTION = 12
"""Bits behind the point of an unrounded weight."""
_TEMPERATURE = 6
"""2^6 points of score less make a word half as likely, while training."""
_LIMITS = {"embedding": 7, "kernel": 7, "bias": 255, "output": 15, "output_bias": 4_095}
"""The largest absolute value of each kind of weight: they bound every number in the circuit."""
_SHORTER = (3, 4, 5, 6)
"""The model also learns from so few words, and so makes something of a prompt that it never saw."""

_Array: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]


def train(corpus: Path = CORPUS, *, epochs: int = EPOCHS) -> LanguageModel:
    """Trains a model on a text of questions and answers, one of each on a line; takes a few seconds.

    Args:
        corpus: The text: words, question marks and full stops, with a space between any two.
        epochs: How often the whole text is looked at.

    Returns:
        The best of all models on the way: the one that continues the text rightly in the most places.
    """
    lines = [line.split() for line in corpus.read_text(encoding="utf-8").splitlines()]
    vocabulary = sorted({word for line in lines for word in line})
    ids = {word: number for number, word in enumerate(vocabulary, start=1)}
    contexts, targets, counted = _examples([[ids[word] for word in line] for line in lines], ids)
    size, examples = len(vocabulary), np.arange(len(targets))
    weights = _initial(size)
    direction = {name: np.zeros_like(values) for name, values in weights.items()}
    spread = {name: np.zeros_like(values) for name, values in weights.items()}
    # What is counted weighs twice as much.
    emphasis = np.where(examples < counted, 2, 1)[:, None]
    best, best_merit = _rounded(weights), (-1, -1, -1)

    for epoch in range(epochs):
        rounded = _rounded(weights)
        seen = rounded["embedding"][contexts].reshape(len(targets), -1)
        sums = seen @ rounded["kernel"] + rounded["bias"]
        hidden = np.maximum(sums, 0)
        scores = hidden @ rounded["output"] + rounded["output_bias"]

        right = scores.argmax(1) == targets
        likely = _likelihood(scores)
        merit = (
            int(right[:counted].sum()),
            int(right.sum()),
            int(likely[examples, targets][:counted].sum()),
        )
        if merit > best_merit:
            best, best_merit = rounded, merit

        error = likely.copy()
        error[examples, targets] -= _ONE
        error *= emphasis
        back = (error @ rounded["output"].T) * (sums > 0)
        to_words = np.zeros_like(weights["embedding"])
        np.add.at(
            to_words, contexts, (back @ rounded["kernel"].T).reshape(*contexts.shape, FEATURES)
        )
        slopes = {
            "embedding": to_words,
            "kernel": seen.T @ back,
            "bias": back.sum(0),
            "output": hidden.T @ error,
            "output_bias": error.sum(0),
        }
        pace = (1 << (_FRACTION - 3)) * (epochs - epoch) // epochs + 1
        for name, slope in slopes.items():
            direction[name] += (slope - direction[name]) // 8
            spread[name] += (np.abs(slope) - spread[name]) // 64
            bound = _LIMITS[name] << _FRACTION
            weights[name] -= pace * direction[name] // (spread[name] + 1)
            weights[name] = np.clip(weights[name], -bound, bound)
    return LanguageModel(
        vocabulary=tuple(vocabulary),
        embedding=_rows(best["embedding"][1:]),
        # From [position, feature] to one table for each position.
        kernel=tuple(_rows(part) for part in best["kernel"].reshape(CONTEXT, FEATURES, HIDDEN)),
        bias=_row(best["bias"]),
        output=_rows(best["output"].T),
        output_bias=_row(best["output_bias"]),
    )


_ONE = 1 << 12
"""Certainty."""


def _likelihood(scores: _Array) -> _Array:
    """How likely each word is, in parts of `_ONE`: a softmax to the base 2, piecewise linear."""
    below = scores.max(1)[:, None] - scores
    whole, part = below >> _TEMPERATURE, below & ((1 << _TEMPERATURE) - 1)
    shares = ((1 << 16) - (part << (15 - _TEMPERATURE))) >> np.minimum(whole, 40)
    return np.asarray((shares * _ONE) // shares.sum(1)[:, None], dtype=np.int64)


def _examples(lines: list[list[int]], ids: dict[str, int]) -> tuple[_Array, _Array, int]:
    """Contexts of encoded ids, the id that follows each, and how many of them, at the beginning, are counted.

    Counted are every place of the text read as one circle, and every place of an answer to a question read by itself.
    """
    contexts: list[list[int]] = []
    targets: list[int] = []

    def learn(before: list[int], word: int) -> None:
        contexts.append(([0] * CONTEXT + before)[-CONTEXT:])
        targets.append(word - 1)

    text = [word for line in lines for word in line]
    for place, word in enumerate(text):
        learn([*text, *text][len(text) + place - CONTEXT : len(text) + place], word)
    for line in lines:
        for place in range(line.index(ids["?"]) + 1, min(CONTEXT, len(line))):
            learn(line[:place], line[place])
    counted = len(targets)
    for line in lines:
        for place in range(2, len(line)):
            for length in _SHORTER:
                if length < min(place, CONTEXT):
                    learn(line[place - length : place], line[place])
    assert all(line[-1] == ids[END] for line in lines)  # noqa: S101 (the corpus is ours)
    return np.array(contexts, dtype=np.int64), np.array(targets, dtype=np.int64), counted


def _initial(words: int) -> dict[str, _Array]:
    """Small pseudo-random weights, the same everywhere."""
    shapes = {
        "embedding": (words + 1, FEATURES),
        "kernel": (CONTEXT * FEATURES, HIDDEN),
        "output": (HIDDEN, words),
    }
    spreads = {"embedding": 1, "kernel": 2, "output": 2}
    drawn = {
        name: _noise(f"{SEED}/{name}", shape, _LIMITS[name] << (_FRACTION - spreads[name]))
        for name, shape in shapes.items()
    }
    return drawn | {
        "bias": np.zeros(HIDDEN, dtype=np.int64),
        "output_bias": np.zeros(words, dtype=np.int64),
    }


def _noise(seed: str, shape: tuple[int, int], bound: int) -> _Array:
    """Numbers in [-bound, bound]."""
    drawn: list[int] = []
    for block in range(-(-shape[0] * shape[1] // 8)):
        digest = hashlib.sha256(f"{seed}/{block}".encode()).digest()
        drawn += [
            int.from_bytes(digest[at : at + 4], "big") % (2 * bound + 1) - bound
            for at in range(0, 32, 4)
        ]
    return np.array(drawn[: shape[0] * shape[1]], dtype=np.int64).reshape(shape)


def _rounded(weights: dict[str, _Array]) -> dict[str, _Array]:
    """The weights as they would be committed; padding, the embedding's first row, is nothing."""
    half = 1 << (_FRACTION - 1)
    rounded = {
        name: np.clip((values + half) >> _FRACTION, -_LIMITS[name], _LIMITS[name])
        for name, values in weights.items()
    }
    rounded["embedding"][0] = 0
    return rounded


def _row(values: _Array) -> tuple[int, ...]:
    return tuple(int(value) for value in values)


def _rows(values: _Array) -> tuple[tuple[int, ...], ...]:
    return tuple(_row(row) for row in values)
