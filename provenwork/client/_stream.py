"""Following live events with asyncio."""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from provenwork.client._address import Address
from provenwork.client._position import PositionFile
from provenwork.client._protocol import Follower, LiveEvent
from provenwork.core.errors import EventsInconsistent, ProvenworkError, Unavailable

__all__ = ["EventStream"]

_log = logging.getLogger(__name__)
# At its lowest level websockets logs headers and addresses, and these may hold secrets.
_quiet = logging.getLogger(f"{__name__}.websockets")
_quiet.setLevel(logging.INFO)

_TOO_BIG = 1009


class _Connect(connect):
    """Connects where it was told to, and nowhere else: another server must not get the headers."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc


class _Lost(Exception):
    """The connection is gone."""

    def __init__(self, why: str, pause: float) -> None:
        super().__init__(why)
        self.pause = pause


class EventStream:
    """The events of a stream, for ever: enter it, then iterate. For one task at a time.

    What the server refuses for good is raised: `AuthError`, `Forbidden`, `NotFound`, `ValidationFailed` with what it said.
    Everything else, such as a server that is away, is waited out.

    Args:
        url: Where the stream is, wss://...; ws:// is for this machine only, unless `insecure`.
        after: The number after which to begin; what comes from now on if neither this nor the store says one.
        types: Which types of events; all if none is named.
        filters: Which values a field must have, one or several, by the field's name.
        headers: What to send with each handshake; made anew for each if it is a function, as signatures must be.
        store: Where to keep the position; what it has comes before `after`.
        insecure: Whether ws:// may leave this machine.
        tls: How to check the server; if not said, as the system does.
        max_size: The largest message, in bytes; a larger one raises `EventsInconsistent`.
        open_timeout: Seconds for making a connection, and as many for the server to greet.
        jitter: Spreads the pauses; of the system's randomness if not said.

    Raises:
        ValidationFailed: The address is not one, or is not encrypted.
    """

    def __init__(
        self,
        url: str,
        *,
        after: int | None = None,
        types: Iterable[str] = (),
        filters: Mapping[str, str | Iterable[str]] | None = None,
        headers: Mapping[str, str] | Callable[[], Mapping[str, str]] | None = None,
        store: PositionFile | None = None,
        insecure: bool = False,
        tls: ssl.SSLContext | None = None,
        max_size: int = 1024 * 1024,
        open_timeout: float = 10.0,
        jitter: random.Random | None = None,
    ) -> None:
        types, filters = tuple(types), dict(filters or {})
        self._address = Address.of(url, types=types, filters=filters, insecure=insecure)
        self._headers = headers
        self._store = store
        self._tls = tls
        self._max_size = max_size
        self._open_timeout = open_timeout
        stream, stored = (store and store.load()) or ("", None)
        self._follower = Follower(
            after=after if stored is None else stored,
            stream=stream,
            filtered=bool(types or filters),
            patience=open_timeout,
            jitter=jitter,
        )
        self._connection: ClientConnection | None = None
        self._saved = stored
        self._saved_at = -float("inf")
        self.connections = 0
        """How often a connection was made."""

    @property
    def position(self) -> int | None:
        """Everything up to this number is done with. An event is done with when the next is asked for, or by `take`."""
        return self._follower.position

    @property
    def delayed(self) -> bool:
        """Whether the server says that events may be late, because it has lost its database."""
        return self._follower.delayed

    def take(self) -> None:
        """The event in hand is done with: for who leaves the loop after it."""
        self._follower.take()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._leave()
        await self._keep(now=True)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> LiveEvent:
        """The next event, whenever it comes.

        Raises:
            PositionUnknown: The stream does not reach the position: it is another database's.
            EventsInconsistent: The server tells something that cannot be, such as a gap.
            Unavailable: The server's certificate is not valid.
            ServiceError: The server refuses, and would again.
        """
        self._follower.take()
        while True:
            await self._keep()
            try:
                connection = self._connection or await self._connect()
                event = self._follower.receive(await self._receive(connection))
            except _Lost as lost:
                await self._leave()
                _log.info("%s: %s; trying again in %.1f s", self._address.shown, lost, lost.pause)
                await asyncio.sleep(lost.pause)
                continue
            except ProvenworkError:
                await self._leave()
                raise
            if event is not None:
                return event

    def __repr__(self) -> str:
        return f"EventStream({self._address.shown}, position={self.position})"

    async def _connect(self) -> ClientConnection:
        headers = self._headers() if callable(self._headers) else self._headers
        extra: dict[str, Any] = {}
        if not self._address.is_secure:
            extra["proxy"] = None
        elif self._tls:
            extra["ssl"] = self._tls
        try:
            connection = await _Connect(
                self._address.going_on_after(self._follower.after),
                additional_headers=dict(headers or {}),
                compression=None,
                open_timeout=self._open_timeout,
                close_timeout=0.5,
                max_size=self._max_size,
                max_queue=16,
                logger=_quiet,
                **extra,
            )
        except InvalidStatus as refused:
            answer = refused.response
            later = answer.headers.get_all("Retry-After")
            pause = self._follower.refused(
                answer.status_code, later[-1] if later else "", answer.body or b""
            )
            raise _Lost(f"refused with {answer.status_code}", pause) from None
        except ssl.SSLCertVerificationError as problem:
            raise Unavailable(
                f"{self._address.shown}: the certificate is not valid: {problem.verify_message}",
                hint="Look at the server's certificate; tls= says whom else to trust.",
            ) from None
        except (OSError, EOFError, WebSocketException) as problem:
            # Of the problem only the kind: its words may have the address, and with it secrets.
            raise _Lost(
                f"no connection ({type(problem).__name__})", self._follower.failed()
            ) from None
        self._connection = connection
        self.connections += 1
        self._follower.connected()
        return connection

    async def _receive(self, connection: ClientConnection) -> str | bytes:
        try:
            async with asyncio.timeout(self._follower.silence):
                return await connection.recv()
        except TimeoutError:
            raise _Lost("silent", self._follower.failed()) from None
        except ConnectionClosed as closed:
            if closed.sent and closed.sent.code == _TOO_BIG and not closed.rcvd_then_sent:
                raise EventsInconsistent(
                    f"a message is larger than {self._max_size} bytes", hint="Raise max_size."
                ) from None
            code = closed.rcvd.code if closed.rcvd else 1006
            raise _Lost(f"closed with {code}", self._follower.closed(code)) from None

    async def _leave(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                await connection.close()
            finally:
                connection.transport.abort()

    async def _keep(self, *, now: bool = False) -> None:
        position, store = self.position, self._store
        if store is None or position is None or position == self._saved:
            return
        if now or time.monotonic() - self._saved_at >= store.every:
            await asyncio.to_thread(store.save, self._follower.stream, position)
            self._saved, self._saved_at = position, time.monotonic()
