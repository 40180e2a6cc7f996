"""The demo's language: UTF-8 bytes as token ids, in the way of byte-level models such as ByT5."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

__all__ = ["answer", "decode", "encode", "words"]

_SHIFT = 3
"""The ids below are for padding, the end, and what is unknown."""


def answer() -> str:
    """What the host answers."""
    return (Path(__file__).parent / "answer.txt").read_text(encoding="utf-8").strip()


def encode(text: str) -> list[int]:
    """The token ids of a text."""
    return [octet + _SHIFT for octet in text.encode()]


def decode(tokens: Sequence[int]) -> str:
    """The text of token ids."""
    return bytes(token - _SHIFT for token in tokens).decode(errors="replace")


def words(tokens: Sequence[int]) -> Iterator[Sequence[int]]:
    """The tokens in the pieces in which a model would stream them: about a word at a time."""
    space, start = ord(" ") + _SHIFT, 0
    for index, token in enumerate(tokens):
        if token == space:
            yield tokens[start : index + 1]
            start = index + 1
    if start < len(tokens):
        yield tokens[start:]
