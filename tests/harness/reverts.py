"""Expecting a revert: which error, with which arguments, and nothing mined."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ape
from eth_abi import decode
from eth_utils import keccak

from tests.harness.execution import Reverted
from tests.harness.values import named, plain


def _types(parameters: Any) -> list[str]:
    return [parameter.canonical_type for parameter in parameters]


def selector(error: Any) -> bytes:
    """The four bytes that stand for an error of a contract."""
    return _selector(error.abi)


def _selector(abi: Any) -> bytes:
    return keccak(text=f"{abi.name}({','.join(_types(abi.inputs))})")[:4]


def _described(error: Any, data: bytes) -> str:
    """The revert's data in words, if the contract of the expected error knows it."""
    for abi in getattr(error.contract, "contract_type", error.contract).errors:
        if data[:4] == _selector(abi):
            values = decode(_types(abi.inputs), data[4:])
            return f"{abi.name}({', '.join(map(str, values))})"
    return f"0x{data.hex()}" if data else "no data"


def encoded(error: Any, **arguments: Any) -> bytes:
    """The data of a revert with this error, for errors that carry another's."""
    ecosystem = ape.chain.provider.network.ecosystem
    names = [parameter.name for parameter in error.abi.inputs]
    if set(names) != set(arguments):
        raise TypeError(f"{error.abi.name} has the arguments {names}, got {sorted(arguments)}")
    values = [arguments[name] for name in names]
    return _selector(error.abi) + bytes(ecosystem.encode_calldata(error.abi, *values))


def arguments_of(error: Any, revert: Reverted) -> dict[str, Any]:
    """What a revert with this error says, where a test cannot know it beforehand."""
    assert revert.data[:4] == _selector(error.abi), _described(error, revert.data)
    names = [parameter.name for parameter in error.abi.inputs]
    values = decode(_types(error.abi.inputs), revert.data[4:])
    return {name: plain(value) for name, value in zip(names, values, strict=True)}


@contextmanager
def reverts(error: Any, **arguments: Any) -> Iterator[None]:
    """Passes if the block's call reverts with exactly this error and these arguments.

    ```python
    with reverts(registry.WorkerRegistry_NotAdmin, caller=stranger, admin=admin):
        registry.deactivate(worker, sender=stranger)
    ```

    All arguments of the error must be given. The call must be sent by an `Actor`, or be made with
    `ask`: both execute it without mining, so it cannot have changed anything.
    """
    name = error.abi.name
    names = [parameter.name for parameter in error.abi.inputs]
    expected = named(name, names, arguments)
    try:
        yield
    except Reverted as revert:
        if revert.data[:4] != _selector(error.abi):
            got = _described(error, revert.data)
            raise AssertionError(f"expected {name}, got {got}") from None
        values = decode(_types(error.abi.inputs), revert.data[4:])
        actual = {key: plain(value) for key, value in zip(names, values, strict=True)}
        assert actual == expected, f"{name} with {actual}, expected {expected}"
    else:
        raise AssertionError(f"expected {name}, but nothing reverted")
