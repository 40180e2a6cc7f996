"""Following live events without asyncio."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

from provenwork.client._protocol import LiveEvent
from provenwork.client._stream import EventStream

__all__ = ["EventStreamSync"]

_T = TypeVar("_T")


class EventStreamSync:
    """As `EventStream`, with the same arguments, for programs without asyncio. Enter it, then iterate.

    Another thread may `close` it at any time: the loop then ends, within a second. An event loop in a thread of its own does
    the work, so the two behave alike.
    """

    def __init__(self, url: str, **options: Any) -> None:
        self._stream = EventStream(url, **options)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="live events", daemon=True
        )
        self._lock = threading.Lock()
        self._turn = asyncio.Lock()
        self._waiting: concurrent.futures.Future[LiveEvent] | None = None
        self._closed = False

    @property
    def position(self) -> int | None:
        """As of `EventStream`."""
        return self._stream.position

    @property
    def delayed(self) -> bool:
        """As of `EventStream`."""
        return self._stream.delayed

    def take(self) -> None:
        """As of `EventStream`."""
        self._stream.take()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> LiveEvent:
        """The next event, whenever it comes. Raises what `EventStream` does."""
        with self._lock:
            if self._closed:
                raise StopIteration
            if not self._thread.is_alive():
                raise RuntimeError("enter the stream first")
            waiting = self._waiting = self._submit(self._next())
        try:
            return waiting.result()
        except concurrent.futures.CancelledError:
            raise StopIteration from None

    def close(self) -> None:
        """Ends it, from any thread; whoever waits for an event gets no more."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            waiting = self._waiting
        if waiting is not None:
            waiting.cancel()
        if self._thread.is_alive():
            self._submit(self._end()).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()

    async def _next(self) -> LiveEvent:
        async with self._turn:
            return await self._stream.__anext__()

    async def _end(self) -> None:
        # Whoever waited for an event has let go of the stream by then.
        async with self._turn:
            await self._stream.__aexit__()
        await self._loop.shutdown_default_executor()

    def _submit(self, work: Coroutine[Any, Any, _T]) -> concurrent.futures.Future[_T]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)
