"""Running an application: on loopback unless told otherwise, bounds on every connection, no request lost when it stops.

At the first SIGTERM or SIGINT /readyz says no for `drain` seconds, so that a load balancer sends nothing more; then no new
connection is taken, WebSockets are closed with 1012 (their clients go on elsewhere), requests that are being answered have
`shutdown_timeout` seconds to end, and what runs beside them is left. A second signal ends it at once.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from provenwork.core.errors import Unavailable
from provenwork.web._health import Health
from provenwork.web._intake import HEAD_LIMIT
from provenwork.web._settings import WebSettings
from provenwork.web._wire import UVICORN_SOCKETS

__all__ = ["serve"]

_MOST_BUFFERED: Final = 65_536  # bytes of an answer that wait in this process
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


async def serve(
    app: FastAPI,
    settings: WebSettings,
    *,
    listening: socket.socket | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Serves an application until a signal ends it. Returns once everything has ended.

    Args:
        app: From `create_app`.
        settings: The same.
        listening: A bound socket to take connections from, instead of the settings' host and port.
        stop: Does what a signal does when it is set, for whoever runs a service inside another program.

    Raises:
        Unavailable: The port is taken, or the application does not start.
    """
    listening = listening or _bound(settings)
    config = uvicorn.Config(
        app,
        http=_patience_of(settings),
        # Configured by the program, if at all.
        log_config=None,
        access_log=False,
        server_header=False,
        # The application's own layer does it, for the proxies that it knows.
        proxy_headers=False,
        lifespan="on",
        limit_concurrency=settings.most_connections,
        h11_max_incomplete_event_size=HEAD_LIMIT,
        timeout_keep_alive=10,
        timeout_graceful_shutdown=settings.shutdown_timeout,
        **UVICORN_SOCKETS,
    )
    app.state.health.stopping = False
    server = _Server(config, app.state.health, settings.drain)
    waiting = asyncio.create_task(server.stop_with(stop or asyncio.Event()))
    try:
        await server.serve(sockets=[listening])
    except SystemExit:
        # uvicorn has logged why.
        raise Unavailable("the service did not start; its log says why") from None
    finally:
        waiting.cancel()
        listening.close()


def _bound(settings: WebSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((settings.host, settings.port))
    except OSError as problem:
        listening.close()
        raise Unavailable(
            f"cannot listen on {settings.host} port {settings.port}: {problem.strerror or problem}",
            hint="Choose another with PROVENWORK_HOST and PROVENWORK_PORT, or end what uses it.",
        ) from None
    return listening


class _Server(uvicorn.Server):
    """uvicorn's, which says that it is stopping before it does, and leaves the process to whoever started it."""

    def __init__(self, config: uvicorn.Config, health: Health, drain: float) -> None:
        super().__init__(config)
        self._health = health
        self._drain = drain
        self._signals = 0

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn raises the signal again at the end, which would end the process before the caller's own `finally`.
        loop = asyncio.get_running_loop()
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._stop)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

    async def stop_with(self, event: asyncio.Event) -> None:
        """Stops once an event is set."""
        await event.wait()
        self._stop()

    def _stop(self) -> None:
        self._signals += 1
        self._health.stopping = True
        if self._signals > 1:
            self.force_exit = self.should_exit = True
        else:
            asyncio.get_running_loop().call_later(self._drain, self._exit)

    def _exit(self) -> None:
        self.should_exit = True


def _patience_of(settings: WebSettings) -> type[H11Protocol]:
    times = {"header_timeout": settings.header_timeout, "write_timeout": settings.write_timeout}
    return type("Protocol", (_Impatient,), times)


class _Impatient(H11Protocol):
    """uvicorn's HTTP/1.1, which waits only so long: for headers, for the rest of a refused body, for an answer to be taken.

    uvicorn would wait for ever. A refused body is not cut off at once: the caller would lose the answer with it.
    """

    header_timeout: float
    write_timeout: float
    _waiting: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=_MOST_BUFFERED)
        connection = transport.get_extra_info("socket")
        if connection.family in (socket.AF_INET, socket.AF_INET6):
            # What the kernel holds for a peer that takes nothing, also after the connection was closed here.
            patience = max(1, int(self.write_timeout * 1_000))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, patience)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_no_more()
        self._go_on()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stuck = self.loop.call_later(self.write_timeout, self._give_up)

    def resume_writing(self) -> None:
        self._go_on()
        super().resume_writing()

    def _go_on(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        is_socket = self.transport.get_protocol() is not self
        if not is_socket and self._lacks_something():
            self._expect()
        else:
            self._expect_no_more()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._lacks_something():
            self._expect()

    def _lacks_something(self) -> bool:
        if self.conn.their_state is h11.IDLE:
            return bool(self.conn.trailing_data[0])
        return self.conn.their_state is h11.SEND_BODY and self.conn.our_state is h11.DONE

    def _expect(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(self.header_timeout, self._give_up)

    def _expect_no_more(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        self._waiting = None
        self.transport.abort()
