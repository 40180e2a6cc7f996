"""Functions and views of contracts, written down as steps and facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from eth_typing import ChecksumAddress

from provenwork.chain import Call
from scripts._deployment._abi import (
    Resolve,
    encode_arguments,
    encode_call,
    entry_of,
    fit,
    type_of,
)
from scripts._deployment._artefacts import Artefacts
from scripts._deployment._errors import DeploymentError
from scripts._deployment._steps import Arguments, Change, Fact, shown

__all__ = ["Calls", "named_values"]


class Calls:
    """Writes calls down.

    Args:
        artefacts: The compiled contracts.
        addresses: Where they stand or will stand.
    """

    def __init__(self, artefacts: Artefacts, addresses: Mapping[str, ChecksumAddress]) -> None:
        self._artefacts = artefacts
        self._addresses = addresses

    def fitted(
        self,
        contract: str,
        function: str,
        values: Sequence[Any],
        where: str = "",
        resolve: Resolve = lambda value, _: value,
    ) -> tuple[Any, ...]:
        """Values as a function takes them.

        Raises:
            DeploymentError: One does not fit; the message begins with `where`.
        """
        inputs = self._function(contract, function)["inputs"]
        where = where or f"{contract}.{function}"
        return tuple(
            fit(value, item, f"{where}: {item['name']}", resolve)
            for value, item in zip(values, inputs, strict=True)
        )

    def change(
        self,
        contract: str,
        function: str,
        values: Sequence[Any],
        purpose: str,
        *done: Fact,
        vacant: Fact | None = None,
    ) -> Change:
        """A function to call with values that fit, and what shows that it was called."""
        entry = self._function(contract, function)
        return Change(
            contract=contract,
            function=function,
            arguments=named_values(entry["inputs"], values),
            call=Call(self._addresses[contract], encode_call(entry, values), purpose=purpose),
            done=done,
            vacant=vacant,
        )

    def fact(
        self, contract: str, view: str, arguments: Sequence[Any], answer: Sequence[Any]
    ) -> Fact:
        """What a view answers; the answer's first values will do."""
        entry = self._function(contract, view)
        return Fact(
            name=f"{contract}.{view}({', '.join(map(shown, arguments))})",
            address=self._addresses[contract],
            data=encode_call(entry, arguments),
            outputs=tuple(map(type_of, entry["outputs"])),
            expected=encode_arguments(entry["outputs"][: len(answer)], answer),
            wanted=", ".join(map(shown, answer)),
        )

    def _function(self, contract: str, name: str) -> Mapping[str, Any]:
        entry = entry_of(self._artefacts.abi(contract), "function", name)
        if entry is None:
            raise DeploymentError(f"{contract} has no function {name}")
        return entry


def named_values(inputs: Sequence[Mapping[str, Any]], values: Sequence[Any]) -> Arguments:
    """Every single value by its name, those in structs too."""
    return tuple(_named(inputs, values, ""))


def _named(
    inputs: Sequence[Mapping[str, Any]], values: Sequence[Any], prefix: str
) -> Iterator[tuple[str, Any]]:
    for item, value in zip(inputs, values, strict=True):
        name = f"{prefix}{item['name']}"
        if item["type"] == "tuple":
            yield from _named(item["components"], value, f"{name}.")
        else:
            yield name, value
