"""Whether the code at an address is what the compiler made, but for the values that its constructor filled in."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Comparison", "compare", "immutable_places"]

_PUSH1, _PUSH32, _PUSH0 = 0x60, 0x7F, 0x5F
_WORD = 32


@dataclass(frozen=True, slots=True)
class Comparison:
    """Code on a chain beside compiled code."""

    problem: str
    """Where they differ, in words; empty if they agree."""
    immutables: tuple[bytes, ...] = ()
    """The words that the constructor filled in, in the code's order."""

    @property
    def agrees(self) -> bool:
        """Whether it is the compiled code."""
        return not self.problem


def compare(found: bytes, compiled: bytes) -> Comparison:
    """Compares code on a chain with the compiler's `deployedBytecode`."""
    if not found:
        return Comparison("there is no code")
    if len(found) != len(compiled):
        return Comparison(f"it has {len(found):,} bytes, not {len(compiled):,}")
    masked, immutables = bytearray(found), []
    for place in immutable_places(compiled):
        immutables.append(found[place : place + _WORD])
        masked[place : place + _WORD] = bytes(_WORD)
    if masked != compiled:
        at = next(i for i, (a, b) in enumerate(zip(masked, compiled, strict=True)) if a != b)
        return Comparison(f"it differs from byte {at:,} on")
    return Comparison("", tuple(immutables))


def immutable_places(compiled: bytes) -> list[int]:
    """Where a constructor fills in immutables: solc leaves a PUSH32 of zero there, which it writes nowhere else."""
    places, at = [], 0
    while at < len(compiled):
        operation = compiled[at]
        if operation == _PUSH32 and compiled[at + 1 : at + 1 + _WORD] == bytes(_WORD):
            places.append(at + 1)
        at += 1 + (operation - _PUSH0 if _PUSH1 <= operation <= _PUSH32 else 0)
    return places
