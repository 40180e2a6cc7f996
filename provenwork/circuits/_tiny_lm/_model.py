"""The language model itself: 32 words, 810 whole numbers, and the last eight words to judge by.

Each of the last eight words becomes four numbers; what they add up to, place by place, switches ten hidden numbers on or off
(ReLU); these give every word of the vocabulary a score, and the highest one is said next, of equal ones the first. Whole
numbers only, so that a proof and this file cannot differ by a rounding.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from provenwork.core.errors import CircuitInputError

__all__ = ["CONTEXT", "END", "WEIGHTS", "LanguageModel", "language_model"]

CONTEXT = 8
"""How many words the model looks back."""
END = "."
"""The word that ends an answer."""
WEIGHTS = Path(__file__).with_name("weights.json")

_Row: TypeAlias = tuple[int, ...]
_Table: TypeAlias = tuple[_Row, ...]
_WORD = re.compile(r"[a-z]+|[.?]")


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """A language model of words; a token's id is its word's place in the vocabulary, from 0 on.

    Weights are integers. Shapes: `embedding` [words, features], `kernel` [CONTEXT, features, hidden], the oldest word first,
    `bias` [hidden], `output` [words, hidden], `output_bias` [words].
    """

    vocabulary: tuple[str, ...]
    embedding: _Table
    kernel: tuple[_Table, ...]
    bias: _Row
    output: _Table
    output_bias: _Row

    # ---------------------------------------------------------------------------------------------------------- words

    def encode(self, text: str) -> list[int]:
        """The token ids of a text.

        Raises:
            CircuitInputError: A word is not in the vocabulary, which the hint tells.
        """
        ids = {word: number for number, word in enumerate(self.vocabulary)}
        lowered = text.lower()
        words = _WORD.findall(lowered)
        unknown = sorted({word for word in words if word not in ids})
        unknown += sorted(set(re.sub(r"[a-z.?\s]", "", lowered)))
        if unknown:
            raise CircuitInputError(
                f"the model does not know {', '.join(map(repr, unknown[:5]))}",
                hint=f"Its words: {' '.join(self.vocabulary)}",
            )
        return [ids[word] for word in words]

    def decode(self, tokens: Sequence[int]) -> str:
        """The words of token ids, with a space between any two."""
        return " ".join(
            self.vocabulary[token] if 0 <= token < len(self.vocabulary) else f"<{token}>"
            for token in tokens
        )

    @property
    def end(self) -> int:
        """The id of the full stop."""
        return self.vocabulary.index(END)

    # ------------------------------------------------------------------------------------------------------- speaking

    def scores(self, context: Sequence[int]) -> list[int]:
        """The score of every word as the next one after these; only the last `CONTEXT` of them are looked at.

        An id that is no word counts as no word at all, as it does in the circuit.
        """
        hidden = list(self.bias)
        recent = list(context[-CONTEXT:])
        for part, token in zip(self.kernel[CONTEXT - len(recent) :], recent, strict=True):
            if not 0 <= token < len(self.vocabulary):
                continue
            for feature, row in zip(self.embedding[token], part, strict=True):
                hidden = [sum_ + feature * weight for sum_, weight in zip(hidden, row, strict=True)]
        awake = [max(0, sum_) for sum_ in hidden]
        return [
            bias + sum(weight * value for weight, value in zip(row, awake, strict=True))
            for row, bias in zip(self.output, self.output_bias, strict=True)
        ]

    def next_token(self, context: Sequence[int]) -> int:
        """The id of the word with the highest score, of equal ones the first."""
        scores = self.scores(context)
        return scores.index(max(scores))

    def generate(self, context: Sequence[int], count: int, *, until_end: bool = False) -> list[int]:
        """Continues a text, greedily: the same words every time.

        Args:
            context: The ids so far, for example a prompt.
            count: How many more to say.
            until_end: Stop behind the first full stop.
        """
        text = list(context)
        for _ in range(count):
            text.append(self.next_token(text))
            if until_end and text[-1] == self.end:
                break
        return text[len(context) :]

    def agreement(self, context: Sequence[int], tokens: Sequence[int]) -> int:
        """How many of these tokens, from the first one on, the model itself would say after the context."""
        text = list(context)
        for count, token in enumerate(tokens):
            if token != self.next_token(text):
                return count
            text.append(token)
        return len(tokens)

    # ----------------------------------------------------------------------------------------------------------- file

    def to_json(self) -> dict[str, Any]:
        """As weights.json holds it."""
        return asdict(self)

    @classmethod
    def from_json(cls, written: dict[str, Any]) -> LanguageModel:
        """Reads what `to_json` wrote."""
        return cls(
            vocabulary=tuple(written["vocabulary"]),
            embedding=_table(written["embedding"]),
            kernel=tuple(_table(part) for part in written["kernel"]),
            bias=tuple(written["bias"]),
            output=_table(written["output"]),
            output_bias=tuple(written["output_bias"]),
        )

    def write(self, path: Path = WEIGHTS) -> None:
        """Writes the weights; one row of a table is one line."""
        text = json.dumps(self.to_json(), indent=1)
        rows = re.sub(r"\[\s+(-?\d[^\[\]]*?)\s+\]", lambda row: f"[{_joined(row[1])}]", text)
        path.write_text(rows + "\n", encoding="utf-8")


@cache
def language_model() -> LanguageModel:
    """The model whose weights are committed, and proved by the tiny_lm circuits."""
    return LanguageModel.from_json(json.loads(WEIGHTS.read_text(encoding="utf-8")))


def _table(rows: Sequence[Sequence[int]]) -> _Table:
    return tuple(tuple(row) for row in rows)


def _joined(numbers: str) -> str:
    return ", ".join(numbers.replace(",", " ").split())
