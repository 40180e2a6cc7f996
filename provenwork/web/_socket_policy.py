"""What the live events allow, and what a client asks for in its address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import QueryParams

from provenwork.core.errors import Malformed

__all__ = ["Filter", "SocketPolicy", "Wish", "comparable", "wish_of"]

_LONGEST_VALUE: Final = 200
_MOST_AFTER: Final = 2**63 - 1
_ORIGIN = re.compile(r"null|[a-z][a-z0-9+.-]*://[^/?#\s@]+")
_HEX = re.compile(r"0[xX][0-9a-fA-F]+")


@dataclass(frozen=True, slots=True)
class SocketPolicy:
    """Limits of one hub. The defaults fit a small machine; sizes are per process."""

    heartbeat: float = 20.0
    """Seconds of silence on a socket after which it gets a heartbeat."""
    queue: int = 1_000
    """How many of the latest events stay in memory, and how far behind them a client may be and lose ground."""
    memory: int = 16 * 1024 * 1024
    """Bytes of the latest events that stay in memory, however many they are; as much again for older ones."""
    send_timeout: float = 10.0
    """Seconds within which a client must make room in its buffer."""
    start_timeout: float = 5.0
    """Seconds that a handshake waits for who calls to be found out, and for a hub that has not seen its database yet."""
    reads: int = 4
    """How many clients' older events are read from the database at a time."""
    most_sockets: int = 10_000
    most_per_address: int = 50
    """Sockets of one IPv4 address, or of one IPv6 network of 64 bits."""
    origins: frozenset[str] = frozenset()
    """Which pages may connect from a browser, each as scheme://host or scheme://host:port; none if it is empty. "null"
    stands for pages without one. Programs send no origin and need none."""
    filters: tuple[str, ...] = ()
    """Fields of the messages that clients may filter by."""
    most_filters: int = 16
    """How many filters one client may set, types and fields together."""

    def __post_init__(self) -> None:
        for origin in self.origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"not an origin as browsers write it: {origin}")
        if reserved := {"after", "type"} & set(self.filters):
            raise ValueError(f"parameters of another meaning: {', '.join(sorted(reserved))}")
        seconds = (self.heartbeat, self.send_timeout, self.start_timeout)
        counts = (self.queue, self.memory, self.reads, self.most_sockets, self.most_per_address)
        if min(*seconds, *counts) <= 0:
            raise ValueError("every limit is above 0")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which messages a client wants: of one of the types, if any are named, and each field with one of its values."""

    types: frozenset[str] = frozenset()
    fields: tuple[tuple[str, frozenset[str]], ...] = ()

    @property
    def is_everything(self) -> bool:
        """Whether every message passes."""
        return not self.types and not self.fields

    def passes(self, kind: str, fields: Mapping[str, str]) -> bool:
        """Whether a message passes, by its type and its fields as `comparable` writes them."""
        if self.types and kind not in self.types:
            return False
        return all(fields.get(name) in values for name, values in self.fields)


def comparable(value: object) -> str | None:
    """A field's value as filters compare it: text as it is, 0x and hex digits in lower case, whole numbers in decimal."""
    match value:
        case str():
            return value.lower() if _HEX.fullmatch(value) else value
        case bool():
            return None
        case int():
            return str(value)
    return None


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client asks for."""

    after: int | None
    """The number after which to go on; None for what comes from now on."""
    filter: Filter


def wish_of(parameters: QueryParams, policy: SocketPolicy) -> Wish:
    """What the parameters of a client's address ask for.

    Raises:
        Malformed: A parameter is unknown, repeated, out of bounds, or there are too many. `fields` names it.
    """
    after: int | None = None
    types: set[str] = set()
    fields: dict[str, set[str]] = {}
    for count, (name, value) in enumerate(parameters.multi_items()):
        if count > policy.most_filters:
            raise _malformed(name[:50], f"more than {policy.most_filters} filters")
        if name == "after" and after is None:
            after = _number(value)
        elif name == "after":
            raise _malformed("after", "given twice")
        elif not 0 < len(value) <= _LONGEST_VALUE:
            raise _malformed(name[:50], f"not of 1 to {_LONGEST_VALUE} characters")
        elif name == "type":
            types.add(value)
        elif name in policy.filters:
            fields.setdefault(name, set()).add(comparable(value) or value)
        else:
            known = ", ".join(["after", "type", *policy.filters])
            raise _malformed(name[:50], "unknown", hint=f"Parameters are {known}.")
    if len(types) + sum(map(len, fields.values())) > policy.most_filters:
        raise _malformed("type", f"more than {policy.most_filters} filters")
    wanted = tuple(sorted((name, frozenset(values)) for name, values in fields.items()))
    return Wish(after, Filter(frozenset(types), wanted))


def _number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,19}", text, re.ASCII) or int(text) > _MOST_AFTER:
        raise _malformed("after", f"not a whole number from 0 to {_MOST_AFTER}")
    return int(text)


def _malformed(name: str, why: str, *, hint: str = "") -> Malformed:
    return Malformed(f"{name}: {why}", fields={f"query.{name}": why}, hint=hint)
