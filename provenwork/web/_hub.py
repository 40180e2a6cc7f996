"""Live events: a stream of the event log, told to any number of WebSockets, each from where it wants.

::

    async with Hub(database, "jobs", policy=SocketPolicy(filters=("jobId",))) as hub:
        app = Starlette(routes=[hub.route("/ws")])

A client that stands at the end is written to as soon as an event is known, in one go over all of them. One whose buffer is
full, or that begins further back, gets a task of its own which follows at the client's pace until it stands at the end: from
memory, and beyond that from the database. So nobody waits for anybody, and nothing is queued: a client is a number and at
most one buffer. docs/EVENTS.md has the protocol, and what happens at which fault.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager, suppress
from typing import Any, Self, TypeVar

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from provenwork.core.errors import (
    DatabaseError,
    Forbidden,
    ProvenworkError,
    RateLimited,
    TimedOut,
    Unavailable,
)
from provenwork.store import Database, Event, Feed, Listener, last_seq
from provenwork.web._callers import network_of
from provenwork.web._context import request_id
from provenwork.web._frames import History, Recent, Renderer, chunk_of, control_frame, plain_message
from provenwork.web._problems import problem_response
from provenwork.web._socket_policy import Filter, SocketPolicy, Wish, wish_of
from provenwork.web._wire import Wire, wire_of

__all__ = ["BEYOND", "DAMAGED", "RESTART", "TOO_SLOW", "Hub"]

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

TOO_SLOW = 4408
"""Close code: the client does not keep up; it may go on where it stands."""
BEYOND = 4409
"""Close code: the stream does not reach the number that the client goes on from: it is another database's."""
RESTART = 1012
"""Close code: this server ends; there are others, or it comes back."""
DAMAGED = 1011
"""Close code: the stream cannot be told any more."""
_UNASKED = 1008

_AT_A_TIME = 100  # sockets written to before others get their turn
_LONGEST_PAUSE = 5.0


class _TooSlow(Exception):
    """The client does not keep up."""


class _Client:
    """One socket, and where it stands."""

    __slots__ = ("catching_up", "filter", "lag", "position", "told_at", "waited", "wire")

    def __init__(self, wire: Wire, position: int, wanted: Filter) -> None:
        self.wire = wire
        self.position = position
        """Everything that it wants up to this number is sent."""
        self.filter = wanted
        self.told_at = time.monotonic()
        self.catching_up: asyncio.Task[None] | None = None
        self.waited = 0.0
        """Seconds that it was waited for, since `lag` was taken."""
        self.lag = 0


class Hub:
    """Tells a stream to WebSockets while it is entered.

    Args:
        database: Where the event log is.
        stream: Which stream.
        policy: Limits.
        render: Turns an event into the message that clients get, once for all of them; None keeps an event from them. The
            message's `type` is what they filter by; its `seq` is always the event's. If not said: the payload, with `type`,
            `seq` and `timestamp` (RFC 3339, UTC), which take the place of fields of the payload with these names.
        authenticate: Looks at a handshake before it is accepted; refuses by raising a `ProvenworkError`: an `AuthError`.
        listener: One that others use too; one of its own if it is not said.
    """

    def __init__(
        self,
        database: Database,
        stream: str,
        *,
        policy: SocketPolicy | None = None,
        render: Callable[[Event], Mapping[str, Any] | None] | None = None,
        authenticate: Callable[[WebSocket], Awaitable[object]] | None = None,
        listener: Listener | None = None,
    ) -> None:
        self.policy = policy or SocketPolicy()
        self.stream = stream
        self.problem = ""
        """Why nothing can be told any more; empty if all is well. It stays until the process starts again."""
        self.accepted = 0
        self.refused = 0
        self.events_sent = 0
        """Events, times the sockets that they were sent to."""
        self.resyncs = 0
        """Sockets that were closed for being too slow, or for a number that the stream does not reach."""
        self._database = database
        self._authenticate = authenticate
        self._own_listener = listener is None
        self._listener = listener or Listener(database)
        self._feed = Feed(database, listener=self._listener)
        renderer = Renderer(render or plain_message, self.policy.filters)
        self._renderer = renderer
        self._recent = Recent(self.policy.queue, self.policy.memory)
        self._history = History(
            database, stream, renderer, reads=self.policy.reads, size=self.policy.memory
        )
        self._clients: set[_Client] = set()
        self._places: dict[str, int] = {}
        self._taken = 0
        self._news = asyncio.Event()
        self._ready = asyncio.Event()
        self._ending = False
        self._tasks: list[asyncio.Task[None]] = []
        self._stack = AsyncExitStack()

    @property
    def open(self) -> int:
        """How many sockets are open."""
        return len(self._clients)

    @property
    def last(self) -> int:
        """The number of the latest event known."""
        return self._recent.last

    @property
    def delayed(self) -> bool:
        """Whether word of new events may be late, because the database is out of reach."""
        return not self._listener.connected.is_set()

    def route(self, path: str) -> WebSocketRoute:
        """Where clients connect: GET `path`?after=SEQ&type=TYPE&FIELD=VALUE; docs/EVENTS.md says what then comes."""
        return WebSocketRoute(path, self._serve)

    async def __aenter__(self) -> Self:
        if self._own_listener:
            await self._stack.enter_async_context(self._listener)
        await self._stack.enter_async_context(self._feed)
        for work in (self._read, self._tell_all, self._keep_alive):
            task = asyncio.create_task(self._guarded(work), name=f"{self.stream}: {work.__name__}")
            self._tasks.append(task)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ending = True
        self._close_all(RESTART, "this server ends")
        ending = self._tasks + [c.catching_up for c in self._clients if c.catching_up]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        await self._history.close()
        await self._stack.aclose()

    # ------------------------------------------------------------------------------------------------ one socket

    async def _serve(self, websocket: WebSocket) -> None:
        host = websocket.client.host if websocket.client else ""
        try:
            with self._place(network_of(host)):
                wish = await self._admit(websocket)
                beyond = await self._is_beyond(wish)
                wire = wire_of(websocket.scope)
                await websocket.accept()
                self.accepted += 1
                if beyond:
                    self._send_back(wire, wish.after or 0)
                else:
                    await self._follow(websocket, wire, wish)
        except ProvenworkError as refusal:
            self.refused += 1
            await websocket.send_denial_response(
                problem_response(refusal, request_id(websocket.scope))
            )

    @contextmanager
    def _place(self, address: str) -> Iterator[None]:
        """A place among the sockets, from the first look at the handshake on."""
        if self._taken >= self.policy.most_sockets:
            raise Unavailable("there are too many sockets", retry_after=5.0)
        if self._places.get(address, 0) >= self.policy.most_per_address:
            raise RateLimited(
                f"more than {self.policy.most_per_address} sockets from one address",
                retry_after=5.0,
                hint="Use one for everything, or close those that are not read.",
            )
        self._taken += 1
        self._places[address] = self._places.get(address, 0) + 1
        try:
            yield
        finally:
            self._taken -= 1
            self._places[address] -= 1
            if not self._places[address]:
                del self._places[address]

    async def _admit(self, websocket: WebSocket) -> Wish:
        self._require_well()
        origins = websocket.headers.getlist("origin")
        if origins and not (len(origins) == 1 and origins[0] in self.policy.origins):
            raise Forbidden("pages of this origin may not connect")
        wish = wish_of(websocket.query_params, self.policy)
        if self._authenticate:
            try:
                async with asyncio.timeout(self.policy.start_timeout):
                    await self._authenticate(websocket)
            except TimeoutError:
                raise TimedOut("it took too long to find out who calls") from None
        with suppress(TimeoutError):
            async with asyncio.timeout(self.policy.start_timeout):
                await self._ready.wait()
        self._require_well()
        if not self._ready.is_set():
            raise Unavailable("the events cannot be read yet", retry_after=5.0)
        return wish

    def _require_well(self) -> None:
        if self.problem or self._ending:
            raise Unavailable("the events cannot be told", retry_after=10.0)

    async def _is_beyond(self, wish: Wish) -> bool:
        if wish.after is None or wish.after <= self._recent.last:
            return False
        # Another process may have told the client already what is not known here yet.
        async with self._database.transaction(read_only=True) as transaction:
            return wish.after > await last_seq(transaction, self.stream)

    def _send_back(self, wire: Wire, after: int) -> None:
        self.resyncs += 1
        reason = f"{self.stream} has no event {after}: the number is from another database"
        last = control_frame("resync", after=0, reason=reason)
        wire.drop(BEYOND, "resync", last=last)

    async def _follow(self, websocket: WebSocket, wire: Wire, wish: Wish) -> None:
        client = _Client(wire, self._recent.last if wish.after is None else wish.after, wish.filter)
        heartbeat = self.policy.heartbeat
        wire.write(
            control_frame("hello", stream=self.stream, seq=client.position, heartbeat=heartbeat)
        )
        self._clients.add(client)
        try:
            if self.problem or self._ending:
                wire.drop(RESTART, "this server ends")
            self._tell(client)
            while (await websocket.receive())["type"] != "websocket.disconnect":
                wire.drop(_UNASKED, "nothing is expected of clients")
        finally:
            self._clients.discard(client)
            if client.catching_up:
                client.catching_up.cancel()

    # ------------------------------------------------------------------------------------------------- telling

    def _tell(self, client: _Client) -> None:
        """Tells a client what is new, or sees to it that it is told."""
        if client.catching_up is None and not self._tell_recent(client):
            client.catching_up = asyncio.create_task(self._catch_up(client), name="catching up")

    def _tell_recent(self, client: _Client) -> bool:
        """Writes what memory has for a client while its buffer has room. True if it then stands at the end."""
        while client.position < self._recent.last:
            chunk = self._recent.chunk(client.filter, client.position)
            if chunk is None or not client.wire.takes_more:
                return False
            self._write(client, chunk.data, chunk.count, chunk.last)
        return True

    def _write(self, client: _Client, frames: bytes, count: int, last: int) -> None:
        if frames:
            client.wire.write(frames)
            client.told_at = time.monotonic()
            self.events_sent += count
        client.position = last

    async def _catch_up(self, client: _Client) -> None:
        """Follows at the client's pace until it stands at the end."""
        client.waited, client.lag = 0.0, self._recent.last - client.position
        try:
            while client.wire.is_open:
                await self._until_taken(client)
                if self._tell_recent(client):
                    break
                if client.wire.takes_more:
                    events = await self._older(client)
                    chunk = chunk_of(events, client.filter, client.position)
                    self._write(client, chunk.data, chunk.count, chunk.last)
                # A client that takes everything at once must not keep the others waiting.
                await asyncio.sleep(0)
        except _TooSlow:
            self._let_go(client)
        except Exception as problem:  # noqa: BLE001 (whatever it is, the client must not wait for ever)
            self._damage(problem)
        finally:
            client.catching_up = None

    async def _until_taken(self, client: _Client) -> None:
        """Waits for room in the client's buffer.

        Raises:
            _TooSlow: It made none in time; or it is far behind, and fell further back while it was waited for.
        """
        if client.wire.takes_more:
            return
        began = time.monotonic()
        try:
            async with asyncio.timeout(self.policy.send_timeout):
                await client.wire.writable.wait()
        except TimeoutError:
            raise _TooSlow from None
        client.waited += time.monotonic() - began
        if client.waited >= self.policy.send_timeout:
            lag = self._recent.last - client.position
            if lag > self.policy.queue and lag >= client.lag:
                raise _TooSlow
            client.waited, client.lag = 0.0, lag

    async def _older(self, client: _Client) -> list[Any]:
        """Events that memory does not have any more."""
        return await self._patiently(lambda: self._history.after(client.position))

    def _let_go(self, client: _Client) -> None:
        self.resyncs += 1
        after = client.position
        last = control_frame("resync", after=after, reason="too slow: connect again and go on")
        client.wire.drop(TOO_SLOW, f"too slow; after={after}", last=last)

    def _close_all(self, code: int, reason: str) -> None:
        for client in self._clients:
            client.wire.drop(code, reason)

    # --------------------------------------------------------------------------------------------- whole stream

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Exception as problem:  # noqa: BLE001 (the clients must not wait for ever)
            self._damage(problem)

    def _damage(self, problem: Exception) -> None:
        if not self.problem:
            _log.error("%s cannot be told any more", self.stream, exc_info=problem)
            self.problem = f"{self.stream}: {problem}"
        self._ready.set()
        self._close_all(DAMAGED, "the events cannot be told")

    async def _read(self) -> None:
        end = await self._patiently(self._end)
        # What clients that come back after a restart need is read once for all of them.
        self._recent.begin(max(0, end - self.policy.queue))
        if not end:
            self._ready.set()
        async with self._feed.follow(self.stream, after=self._recent.last) as events:
            async for event in events:
                self._recent.add(self._renderer(event))
                self._news.set()
                if event.seq >= end:
                    self._ready.set()

    async def _end(self) -> int:
        async with self._database.transaction(read_only=True) as transaction:
            return await last_seq(transaction, self.stream)

    async def _patiently(self, read: Callable[[], Awaitable[_T]]) -> _T:
        """What is read, however long the database is away."""
        pause = 0.1
        while True:
            try:
                return await read()
            except DatabaseError as problem:
                if problem.retry_after is None:
                    raise
                _log.warning("cannot read %s, trying again: %s", self.stream, problem)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _tell_all(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            for number, client in enumerate(list(self._clients), 1):
                self._tell(client)
                if not number % _AT_A_TIME:
                    await asyncio.sleep(0)

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(min(self.policy.heartbeat / 4, 1.0))
            due = time.monotonic() - self.policy.heartbeat
            # Most clients stand at the same number.
            frames: dict[int, bytes] = {}
            extra = {"delayed": True} if self.delayed else {}
            for number, client in enumerate(list(self._clients), 1):
                if client.told_at <= due and client.wire.takes_more:
                    at = client.position
                    if at not in frames:
                        frames[at] = control_frame("heartbeat", seq=at, **extra)
                    self._write(client, frames[at], 0, at)
                if not number % _AT_A_TIME:
                    await asyncio.sleep(0)
