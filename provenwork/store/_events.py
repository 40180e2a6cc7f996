"""The event log: appending in the order of commits, reading on from a number.

Why it has no gaps and no surprises: a stream's counter row is locked by the append until the commit. The next append
waits there, so it numbers on from what is committed, and becomes visible after it. A reader that sees number n can
therefore never see a smaller one appear later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import CursorResult, Executable, text

__all__ = ["Event", "NewEvent", "append", "last_seq", "read_events"]

# One round trip: the counter, the events, and word to the listeners, which Postgres passes on at the commit.
_APPEND = text(
    """
    WITH head AS (
        INSERT INTO streams AS s (name, seq) VALUES (:stream, :count)
        ON CONFLICT (name) DO UPDATE SET seq = s.seq + :count
        RETURNING seq - :count AS base
    ), appended AS (
        INSERT INTO events (stream, seq, type, payload, at)
        SELECT :stream, head.base + new.position, new.type, CAST(new.payload AS jsonb), clock_timestamp()
        FROM head, unnest(CAST(:types AS text[]), CAST(:payloads AS text[]))
            WITH ORDINALITY AS new (type, payload, position)
        RETURNING stream, seq, type, payload, at
    )
    SELECT appended.*, told.* FROM appended, pg_notify('provenwork', 'events:' || :stream) AS told ORDER BY seq
    """
)
_READ = text(
    "SELECT stream, seq, type, payload, at FROM events WHERE stream = :stream AND seq > :after ORDER BY seq LIMIT :limit"
)
_LAST = text("SELECT seq FROM streams WHERE name = :stream")


class _Executes(Protocol):
    async def execute(
        self, statement: Executable, values: Mapping[str, Any], /
    ) -> CursorResult[Any]: ...


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened."""

    stream: str
    seq: int
    """1, 2, 3, ... in its stream."""
    type: str
    payload: dict[str, Any]
    at: datetime
    """When it was appended, on the database's clock. Clocks may step back: `seq` is the order."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event before it has a number; `payload` is JSON."""

    stream: str
    type: str
    payload: str


async def append(transaction: _Executes, emitted: Sequence[NewEvent]) -> list[Event]:
    """Appends events, to each stream in the given order. The streams stay locked until the transaction ends."""
    appended = []
    # Always in the same order, so that two transactions never wait for each other.
    for stream in sorted({event.stream for event in emitted}):
        own = [event for event in emitted if event.stream == stream]
        rows = await transaction.execute(
            _APPEND,
            {
                "stream": stream,
                "count": len(own),
                "types": [event.type for event in own],
                "payloads": [event.payload for event in own],
            },
        )
        appended += [Event(r.stream, r.seq, r.type, r.payload, r.at) for r in rows]
    return appended


async def read_events(
    transaction: _Executes, stream: str, *, after: int = 0, limit: int = 500
) -> list[Event]:
    """The events of a stream that follow a number, the oldest first."""
    rows = await transaction.execute(_READ, {"stream": stream, "after": after, "limit": limit})
    return [Event(r.stream, r.seq, r.type, r.payload, r.at) for r in rows]


async def last_seq(transaction: _Executes, stream: str) -> int:
    """The number of a stream's last event; 0 if it has none."""
    return (await transaction.execute(_LAST, {"stream": stream})).scalar() or 0
