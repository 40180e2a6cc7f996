"""Expecting events: all of them, in order, with all of their data, from the right contract."""

from dataclasses import dataclass
from typing import Any

from tests.harness.values import named, plain


@dataclass(frozen=True)
class Event:
    """One log, in plain values."""

    emitter: str
    name: str
    arguments: tuple[tuple[str, Any], ...]


def event(declared: Any, **arguments: Any) -> Event:
    """An event of `contract.SomethingHappened` with these arguments, which must be all of them."""
    names = [parameter.name for parameter in declared.abi.inputs]
    values = named(declared.abi.name, names, arguments)
    return Event(plain(declared.contract), declared.abi.name, tuple(values.items()))


def emitted(receipt: Any) -> list[Event]:
    """Everything that a transaction logged, in order: compare with a list of `event(...)`."""
    return [
        Event(
            plain(log.contract_address),
            log.event_name,
            tuple((name, plain(value)) for name, value in log.event_arguments.items()),
        )
        for log in receipt.events
    ]
