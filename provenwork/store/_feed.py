"""Follows streams of events: every one, in order, once, for any number of followers in this process.

One reader per stream asks the database, when word comes and now and then without it. The latest events stay in memory;
who is further behind reads the database at its own pace. So a slow follower costs nobody anything, and there is no queue
that could run over.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from typing import Self

from provenwork.core.errors import DatabaseError, InvalidState
from provenwork.store._database import Database
from provenwork.store._events import Event, last_seq, read_events
from provenwork.store._listener import Listener, Watch

__all__ = ["Feed"]

_log = logging.getLogger(__name__)

_LONGEST_PAUSE = 5.0


class _Channel:
    """What this process knows of one stream."""

    def __init__(self, watch: Watch, recent: int) -> None:
        self.watch = watch
        self.recent: deque[Event] = deque(maxlen=recent)
        self.head = -1
        """The number of the last event known; −1 before the first look."""
        self.followers = 0
        self.problem: Exception | None = None
        self.reader: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    def extend(self, events: list[Event]) -> None:
        for event in events:
            if event.seq != self.head + 1:
                raise DatabaseError(
                    f"{event.stream} has no event {self.head + 1}, but {event.seq}",
                    hint="Somebody changed the event log by hand, or restored another one.",
                )
            self.head = event.seq
            self.recent.append(event)

    def change(self) -> None:
        """Wakes all who wait for more."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def beyond(self, position: int) -> None:
        """Waits until there is something after a position."""
        while self.head <= position:
            if self.problem is not None:
                raise self.problem
            await self._changed.wait()

    def after(self, position: int) -> list[Event] | None:
        """The events after a position, if memory has all of them."""
        missing = self.head - position
        if missing > len(self.recent):
            return None
        return [self.recent[index] for index in range(-missing, 0)]


class Feed:
    """Events as they are committed. Enter it, then `follow`.

    Args:
        database: Where the event log is.
        listener: One that others use too; one of its own if it is not said.
        recent: How many events of a stream stay in memory.
        page: How many to read at a time.
        poll: Seconds between looks for events of which no word came.
    """

    def __init__(
        self,
        database: Database,
        *,
        listener: Listener | None = None,
        recent: int = 500,
        page: int = 500,
        poll: float = 5.0,
    ) -> None:
        self._database = database
        self._own_listener = listener is None
        self._listener = listener or Listener(database)
        self._recent = recent
        self._page = page
        self._poll = poll
        self._channels: dict[str, _Channel] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        if self._own_listener:
            await self._stack.enter_async_context(self._listener)
        return self

    async def __aexit__(self, *_: object) -> None:
        for channel in list(self._channels.values()):
            await _stop(channel)
        self._channels.clear()
        await self._stack.aclose()

    @asynccontextmanager
    async def follow(self, stream: str, *, after: int = 0) -> AsyncIterator[AsyncIterator[Event]]:
        """The events of a stream from after a number on, for ever: those that there are, then each as it is committed.

        ::

            async with feed.follow("jobs", after=41) as events:
                async for event in events:
                    ...

        Losing the database is waited out; nothing is left out or repeated.

        Raises:
            InvalidState: The stream does not reach so far: the number is another database's. Start again from 0.
            DatabaseError: The event log is damaged.
        """
        channel = self._join(stream)
        try:
            async with aclosing(self._events(channel, stream, after)) as events:
                yield events
        finally:
            channel.followers -= 1
            if not channel.followers and self._channels.get(stream) is channel:
                del self._channels[stream]
                await _stop(channel)

    def _join(self, stream: str) -> _Channel:
        channel = self._channels.get(stream)
        if channel is None:
            watch = self._listener.watch(f"events:{stream}")
            channel = self._channels[stream] = _Channel(watch, self._recent)
            channel.reader = asyncio.create_task(
                self._keep_reading(channel, stream), name=f"events of {stream}"
            )
        channel.followers += 1
        return channel

    async def _events(
        self, channel: _Channel, stream: str, after: int
    ) -> AsyncGenerator[Event, None]:
        position, pause = after, 0.1
        await channel.beyond(-1)
        if after > channel.head:
            await self._require_reaches(channel, stream, after)
        while True:
            await channel.beyond(position)
            events = channel.after(position)
            if events is None:
                try:
                    events = await self._read(stream, position)
                    pause = 0.1
                except DatabaseError as problem:
                    pause = await _wait_out(problem, stream, pause)
                    continue
            for event in events:
                position = event.seq
                yield event

    async def _require_reaches(self, channel: _Channel, stream: str, after: int) -> None:
        # The reader may be behind what another process has told the follower already.
        async with self._database.transaction(read_only=True) as transaction:
            last = await last_seq(transaction, stream)
        if after > last:
            raise InvalidState(
                f"{stream} ends at {last}: there is no event {after} to go on from",
                hint="The number is from another database: read everything again, from 0.",
            )
        channel.watch.wake()

    async def _keep_reading(self, channel: _Channel, stream: str) -> None:
        pause = 0.1
        while True:
            try:
                channel.watch.clear()
                if channel.head < 0:
                    async with self._database.transaction(read_only=True) as transaction:
                        channel.head = await last_seq(transaction, stream)
                    channel.change()
                while events := await self._read(stream, channel.head):
                    channel.extend(events)
                    channel.change()
                pause = 0.1
                await channel.watch.wait(self._poll)
            except Exception as problem:  # noqa: BLE001 (the followers get it, whatever it is)
                if not isinstance(problem, DatabaseError) or problem.retry_after is None:
                    channel.problem = problem
                    channel.change()
                    return
                pause = await _wait_out(problem, stream, pause)

    async def _read(self, stream: str, after: int) -> list[Event]:
        async with self._database.transaction(read_only=True) as transaction:
            return await read_events(transaction, stream, after=after, limit=self._page)


async def _wait_out(problem: DatabaseError, stream: str, pause: float) -> float:
    """Waits, and returns how long to wait the next time."""
    if problem.retry_after is None:
        raise problem
    _log.warning("cannot read %s, trying again: %s", stream, problem)
    await asyncio.sleep(pause)
    return min(pause * 2, _LONGEST_PAUSE)


async def _stop(channel: _Channel) -> None:
    channel.watch.close()
    if channel.reader:
        channel.reader.cancel()
        with suppress(asyncio.CancelledError):
            await channel.reader
