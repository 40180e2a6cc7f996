"""The families of circuits: what each one's network is, what it is fed, and what its proofs must say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from provenwork.circuits import _tiny_lm, _token_count
from provenwork.core.errors import UnknownCircuit

__all__ = ["FAMILIES", "Family", "family_of"]


class Family(Protocol):
    """What a module offers to be a family of circuits, one circuit for each size."""

    @property
    def LOGROWS(self) -> Mapping[int, int]:  # noqa: N802 (a module's constant)
        """The sizes that are built, and the base-2 logarithm of the rows that each needs."""

    @property
    def PROMPT_SIZE(self) -> int:  # noqa: N802
        """How many tokens of prompt its circuits take; 0 if none."""

    def onnx_model(self, size: int) -> bytes:
        """The network; the same bytes every time."""

    def run_args(self, logrows: int) -> dict[str, Any]:
        """EZKL's settings."""

    def check_settings(self, settings: Mapping[str, Any], logrows: int) -> None:
        """Raises CircuitInputError or ArtefactError if EZKL made of them something that must not be."""

    def layout(self) -> dict[str, int | None]:
        """Where things stand among the public instances: the fields of `Layout`."""

    def require_provable(self, tokens: Sequence[int], size: int, prompt: Sequence[int]) -> None:
        """Raises CircuitInputError unless a proof would count every one of these tokens."""

    def inputs(
        self, tokens: Sequence[int], tag: int, size: int, prompt: Sequence[int]
    ) -> list[list[int]]:
        """The field elements of each input of the network."""

    def expected_instances(
        self, tokens: Sequence[int], tag: int, size: int, prompt: Sequence[int]
    ) -> tuple[int, ...]:
        """The public instances of a proof that counts every one of these tokens."""


FAMILIES: Mapping[str, Family] = {"token_count": _token_count, "tiny_lm": _tiny_lm}


def family_of(name: str) -> Family:
    """The family of a circuit's name.

    Raises:
        UnknownCircuit: There is none.
    """
    try:
        return FAMILIES[name.partition("/")[0]]
    except KeyError:
        raise UnknownCircuit(
            f"there is no family of circuits for {name!r}",
            hint=f"There are: {', '.join(FAMILIES)}.",
        ) from None
