"""Whether a value fits a Solidity type, before a chain has to say so, and how it is then encoded."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from provenwork.core.errors import AddressInvalid
from provenwork.crypto import to_address
from scripts._deployment._errors import DeploymentError

__all__ = ["encode_arguments", "encode_call", "entry_of", "fit", "fit_arguments", "type_of"]

_INTEGER = re.compile(r"(u?)int(\d+)")
_BYTES = re.compile(r"bytes(\d*)")
_ARRAY = re.compile(r"(.+)\[(\d*)\]")

Resolve = Callable[[Any, str], Any]
"""Puts in what a reference stands for; leaves any other value as it is. Gets the place, for messages."""


def fit_arguments(
    given: Mapping[str, Any], inputs: Sequence[Mapping[str, Any]], where: str, resolve: Resolve
) -> tuple[Any, ...]:
    """Named arguments as a function or a struct takes them, in its order.

    Raises:
        DeploymentError: One is missing, unknown, or does not fit its type.
    """
    names = [item["name"] for item in inputs]
    if missing := [name for name in names if name not in given]:
        raise DeploymentError(f"{where}: {', '.join(missing)} is missing")
    if unknown := [str(name) for name in given if name not in names]:
        raise DeploymentError(
            f"{where}: there is no {', '.join(unknown)}",
            hint=f"It takes {', '.join(names) or 'nothing'}.",
        )
    return tuple(
        fit(given[item["name"]], item, f"{where}: {item['name']}", resolve) for item in inputs
    )


def fit(value: Any, declared: Mapping[str, Any], where: str, resolve: Resolve) -> Any:
    """A value as the ABI's type takes it.

    Args:
        value: From a parameter file: numbers, texts, lists, and mappings for structs.
        declared: An ABI entry with `type`, and `components` for a struct.
        where: The place, for messages.
        resolve: Puts in what references stand for.

    Raises:
        DeploymentError: It does not fit.
    """
    value, kind = resolve(value, where), str(declared["type"])
    if match := _ARRAY.fullmatch(kind):
        return _list(value, {**declared, "type": match[1]}, match[2], where, resolve)
    if kind == "tuple":
        if not isinstance(value, Mapping):
            raise DeploymentError(f"{where}: {value!r} must name its fields")
        return fit_arguments(value, declared["components"], where, resolve)
    if match := _INTEGER.fullmatch(kind):
        return _integer(value, signed=not match[1], bits=int(match[2]), kind=kind, where=where)
    if kind == "address":
        return _address(value, where)
    if kind == "bool" and isinstance(value, bool):
        return value
    if kind == "string" and isinstance(value, str):
        return value
    if match := _BYTES.fullmatch(kind):
        return _bytes(value, match[1], kind, where)
    raise DeploymentError(f"{where}: {value!r} is not a {kind}")


def _list(
    value: Any, element: Mapping[str, Any], length: str, where: str, resolve: Resolve
) -> list[Any]:
    if not isinstance(value, list) or (length and len(value) != int(length)):
        raise DeploymentError(
            f"{where}: {value!r} is not a list of {length or 'any number of'} values"
        )
    return [fit(item, element, f"{where}[{index}]", resolve) for index, item in enumerate(value)]


def _integer(value: Any, *, signed: bool, bits: int, kind: str, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise DeploymentError(f"{where}: {value!r} is not a {kind}")
    least = -(2 ** (bits - 1)) if signed else 0
    most = 2 ** (bits - 1) - 1 if signed else 2**bits - 1
    if not least <= value <= most:
        raise DeploymentError(f"{where}: {value} does not fit a {kind}")
    return value


def _address(value: Any, where: str) -> Any:
    try:
        return to_address(value if isinstance(value, str) else repr(value))
    except AddressInvalid as problem:
        hint = "Put it in quotes: YAML takes it for a number." if isinstance(value, int) else ""
        raise DeploymentError(f"{where}: {problem}", hint=hint or problem.hint) from None


def _bytes(value: Any, size: str, kind: str, where: str) -> bytes:
    try:
        octets = bytes.fromhex(str(value).removeprefix("0x"))
    except ValueError:
        raise DeploymentError(f"{where}: {value!r} is not a {kind} in hexadecimal") from None
    if not str(value).startswith("0x") or (size and len(octets) != int(size)):
        raise DeploymentError(f"{where}: {value!r} is not a {kind} in hexadecimal")
    return octets


def entry_of(
    abi: Sequence[Mapping[str, Any]], kind: str, name: str | None = None
) -> Mapping[str, Any] | None:
    """A function's entry in an ABI, or the constructor's; None if it has none."""
    for entry in abi:
        if entry["type"] == kind and (name is None or entry["name"] == name):
            return entry
    return None


def type_of(declared: Mapping[str, Any]) -> str:
    """An ABI entry's type with its structs spelled out: (address,uint256)[]."""
    kind = str(declared["type"])
    if not kind.startswith("tuple"):
        return kind
    fields = ",".join(map(type_of, declared["components"]))
    return f"({fields}){kind.removeprefix('tuple')}"


def encode_arguments(inputs: Sequence[Mapping[str, Any]], values: Sequence[Any]) -> bytes:
    """Values that fit, in the ABI's encoding."""
    return encode([type_of(item) for item in inputs], values)


def encode_call(entry: Mapping[str, Any], values: Sequence[Any]) -> bytes:
    """The calldata of a function."""
    signature = f"{entry['name']}({','.join(map(type_of, entry['inputs']))})"
    return keccak(text=signature)[:4] + encode_arguments(entry["inputs"], values)
