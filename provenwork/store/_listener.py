"""Word of what was committed: one connection that listens, for all who wait in this process.

Word may be lost, with the connection or to a pooler in between, and it may come twice. Whoever waits therefore looks for
itself, when it is woken and now and then without it.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Self

import psycopg

from provenwork.store._database import Database

__all__ = ["Listener", "Watch"]

_log = logging.getLogger(__name__)

_PING = 15.0  # seconds of silence before the connection is tried
_LONGEST_PAUSE = 5.0


class Watch:
    """Waits for word of one topic. Comes from `Listener.watch`."""

    def __init__(self, listener: Listener, topic: str) -> None:
        self._listener = listener
        self._topic = topic
        self._event = asyncio.Event()

    def wake(self) -> None:
        """There may be news."""
        self._event.set()

    def clear(self) -> None:
        """What came before does not count any more. Call it before looking, so that nothing falls in between."""
        self._event.clear()

    async def wait(self, timeout: float) -> None:
        """Waits for word, at most so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._event.wait()

    def close(self) -> None:
        """Waits no more."""
        self._listener.forget(self._topic, self)


class Listener:
    """Listens while it is entered, and connects again whenever it must.

    Args:
        database: The database; a pooler in between must pool sessions.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watches: dict[str, set[Watch]] = {}
        self._task: asyncio.Task[None] | None = None
        self.connected = asyncio.Event()
        """Whether word comes at the moment."""

    def watch(self, topic: str) -> Watch:
        """Somebody waits for word of a topic: `events:` and a stream, or `outbox:` and a topic."""
        watch = Watch(self, topic)
        self._watches.setdefault(topic, set()).add(watch)
        return watch

    def forget(self, topic: str, watch: Watch) -> None:
        """It waits no more."""
        watches = self._watches.get(topic, set())
        watches.discard(watch)
        if not watches:
            self._watches.pop(topic, None)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="listener")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        pause = 0.1
        while True:
            try:
                async with await self._database.connect() as connection:
                    await connection.execute("LISTEN provenwork")
                    self.connected.set()
                    pause = 0.1
                    # Whatever was committed meanwhile, nobody said so.
                    self._wake_all()
                    await self._listen(connection)
            except (psycopg.Error, OSError) as problem:
                self.connected.clear()
                _log.warning("lost the connection that listens: %s", type(problem).__name__)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    async def _listen(self, connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        while True:
            async for notice in connection.notifies(timeout=_PING):
                for watch in self._watches.get(notice.payload, ()):
                    watch.wake()
            async with asyncio.timeout(_PING):
                await connection.execute("SELECT 1")

    def _wake_all(self) -> None:
        for watches in self._watches.values():
            for watch in watches:
                watch.wake()
