"""Events as they are sent: made into frames once for all clients, the latest kept, older ones read when needed."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

from provenwork.core.errors import DatabaseError
from provenwork.store import Database, Event, read_events
from provenwork.web._socket_policy import Filter, comparable
from provenwork.web._wire import frame_of

__all__ = [
    "Chunk",
    "History",
    "Recent",
    "Rendered",
    "Renderer",
    "chunk_of",
    "control_frame",
    "plain_message",
]

RESERVED: Final = frozenset({"hello", "heartbeat", "resync"})
"""Types of the hub's own messages."""

_CHUNK = (
    16 * 1024
)  # bytes that are handed to a connection at a time; the last message may exceed it
_PAGE = 250
_MOST_CHUNKS = 64  # kept until the next event, for clients that stand at the same number


@dataclass(frozen=True, slots=True)
class Rendered:
    """An event as it is sent."""

    seq: int
    frame: bytes
    """Empty if the event is not for clients."""
    type: str
    fields: Mapping[str, str]
    """What clients may filter by."""


def plain_message(event: Event) -> dict[str, Any]:
    """An event's payload with its type, number and time; of a payload's own fields with these names nothing is sent."""
    at = event.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return {**event.payload, "type": event.type, "seq": event.seq, "timestamp": at}


class Renderer:
    """Makes events into frames.

    Args:
        message: Turns an event into a message; None if it is not for clients.
        filters: Which of the messages' fields clients may filter by.
    """

    def __init__(
        self, message: Callable[[Event], Mapping[str, Any] | None], filters: Sequence[str]
    ) -> None:
        self._message = message
        self._filters = filters

    def __call__(self, event: Event) -> Rendered:
        """The event's frame.

        Raises:
            ValueError: The message's type is none, or one of the hub's own.
        """
        message = self._message(event)
        if message is None:
            return Rendered(event.seq, b"", "", {})
        kind = message.get("type")
        if not isinstance(kind, str) or kind in RESERVED:
            raise ValueError(
                f"event {event.seq} of {event.stream} has a type that no message may: {kind!r}"
            )
        # The fields that every client reads come first.
        text = _json({"type": kind, "seq": event.seq} | {**message, "seq": event.seq})
        found = ((name, comparable(message.get(name))) for name in self._filters)
        fields = {name: value for name, value in found if value is not None}
        return Rendered(event.seq, frame_of(text), kind, fields)


def control_frame(kind: str, **fields: Any) -> bytes:
    """A message of the hub's own."""
    return frame_of(_json({"type": kind, **fields}))


def _json(message: Mapping[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Frames for one client."""

    data: bytes
    count: int
    """How many events these are."""
    last: int
    """The number up to which the client then has everything that it wants."""


def chunk_of(events: Iterable[Rendered], wanted: Filter, after: int) -> Chunk:
    """As many of the events that follow a number as are sent at a time.

    A client without filters is told of numbers that are not for clients by a heartbeat: it can then see for itself that
    nothing is missing.
    """
    frames: list[bytes] = []
    size = count = hidden = 0
    last = after
    for event in events:
        if size >= _CHUNK:
            break
        last = event.seq
        if not event.frame:
            hidden = event.seq
        elif wanted.is_everything or wanted.passes(event.type, event.fields):
            if hidden and wanted.is_everything:
                frames.append(control_frame("heartbeat", seq=hidden))
            hidden = 0
            frames.append(event.frame)
            size += len(event.frame)
            count += 1
    if hidden and wanted.is_everything:
        frames.append(control_frame("heartbeat", seq=hidden))
    return Chunk(b"".join(frames), count, last)


class Recent:
    """The latest events, as many as memory is to hold.

    Args:
        count: How many at most.
        size: How many bytes of frames at most.
    """

    def __init__(self, count: int, size: int) -> None:
        self._most = count
        self._most_bytes = size
        self._events: dict[int, Rendered] = {}
        self._bytes = 0
        self._chunks: dict[tuple[Filter, int], Chunk] = {}
        self.first = 1
        """The number of the oldest."""
        self.last = 0
        """The number of the latest event known."""

    def begin(self, after: int) -> None:
        """Nothing is known up to a number."""
        self.first, self.last = after + 1, after

    def add(self, event: Rendered) -> None:
        """Adds the next."""
        self._events[event.seq] = event
        self._bytes += len(event.frame)
        self.last = event.seq
        self._chunks.clear()
        while len(self._events) > self._most or (
            self._bytes > self._most_bytes and len(self._events) > 1
        ):
            self._bytes -= len(self._events.pop(self.first).frame)
            self.first += 1

    def chunk(self, wanted: Filter, after: int) -> Chunk | None:
        """What to send to a client that has everything up to a number; None if memory does not go back so far.

        It is made once for all who want the same.
        """
        if after + 1 < self.first:
            return None
        known = self._chunks.get((wanted, after))
        if known is None:
            events = (self._events[seq] for seq in range(after + 1, self.last + 1))
            known = chunk_of(events, wanted, after)
            if len(self._chunks) < _MOST_CHUNKS:
                self._chunks[wanted, after] = known
        return known


class History:
    """Events that memory does not hold any more, a page at a time: one read serves all who need the same page.

    Args:
        database: Where the events are.
        stream: Of which stream.
        renderer: Makes them into frames.
        reads: How many pages are read at a time.
        size: How many bytes of frames are kept.
    """

    def __init__(
        self, database: Database, stream: str, renderer: Renderer, *, reads: int, size: int
    ) -> None:
        self._database = database
        self._stream = stream
        self._renderer = renderer
        self._turn = asyncio.Semaphore(reads)
        self._most_bytes = size
        self._bytes = 0
        self._pages: OrderedDict[int, list[Rendered]] = OrderedDict()
        self._reading: dict[int, asyncio.Task[list[Rendered]]] = {}
        self.reads = 0
        """How often the database was asked."""

    async def after(self, position: int) -> list[Rendered]:
        """The events that follow a number, to the end of its page; at least one.

        Raises:
            DatabaseError: The database does not answer, or has none.
        """
        number, skip = divmod(position, _PAGE)
        page = self._pages.get(number, [])
        # Events are never changed, so what is known stays true; the last page may have got longer.
        if len(page) <= skip:
            reading = self._reading.get(number)
            if reading is None:
                reading = asyncio.create_task(self._read(number), name=f"page of {self._stream}")
                self._reading[number] = reading
                reading.add_done_callback(lambda done: self._forget(number, done))
            # Whoever leaves does not take the page away from the others.
            page = await asyncio.shield(reading)
        else:
            self._pages.move_to_end(number)
        if len(page) <= skip:
            raise DatabaseError(f"{self._stream} has no event {position + 1}")
        return page[skip:]

    async def close(self) -> None:
        """Ends what is being read."""
        reading = list(self._reading.values())
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)

    def _forget(self, number: int, reading: asyncio.Task[list[Rendered]]) -> None:
        del self._reading[number]
        if not reading.cancelled():
            # Whoever still waits gets the failure; if nobody does, it is nobody's.
            reading.exception()

    async def _read(self, number: int) -> list[Rendered]:
        start = number * _PAGE
        async with self._turn:
            self.reads += 1
            async with self._database.transaction(read_only=True) as transaction:
                events = await read_events(transaction, self._stream, after=start, limit=_PAGE)
        for expected, event in enumerate(events, start + 1):
            if event.seq != expected:
                raise DatabaseError(f"{self._stream} has no event {expected}, but {event.seq}")
        page = [self._renderer(event) for event in events]
        self._bytes += _size(page) - _size(self._pages.pop(number, []))
        self._pages[number] = page
        while self._bytes > self._most_bytes and len(self._pages) > 1:
            self._bytes -= _size(self._pages.popitem(last=False)[1])
        return page


def _size(page: Sequence[Rendered]) -> int:
    return sum(len(event.frame) for event in page)
