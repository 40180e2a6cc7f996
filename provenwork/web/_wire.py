"""What a server's end of a WebSocket needs beyond ASGI: frames made once for all, a bounded buffer, and an end that is one.

ASGI hands every message to the server one by one, says nothing of what is still waiting to leave, and leaves the ending of a
connection whose peer does not read to the operating system. So the hub speaks to uvicorn's own protocol, through what this
module adds to it; `UVICORN_SOCKETS` are the settings that make uvicorn use it.
"""

from __future__ import annotations

import socket
from asyncio.transports import BaseTransport
from collections.abc import Mapping
from typing import Any, Final

from starlette.types import Scope
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode

__all__ = ["UVICORN_SOCKETS", "Wire", "frame_of", "wire_of"]

_EXTENSION: Final = "provenwork.wire"

_MOST_BUFFERED: Final = (
    32 * 1024
)  # bytes that may wait in this process before the peer counts as full
_GO_ON_BELOW: Final = 8 * 1024
# What the kernel may hold besides (it doubles this). Left to itself it grows to megabytes for a peer that does not read.
_KERNEL_BUFFER: Final = 64 * 1024
# Milliseconds until the kernel gives up a peer that acknowledges nothing, or takes nothing.
_PEER_TIMEOUT: Final = 30_000
_LAST_WORDS: Final = 1.0  # seconds that the end of a connection may take


def frame_of(text: str) -> bytes:
    """A text message as it stands on the wire of any client: a server neither masks nor, here, compresses."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


class Wire(WebSocketsSansIOProtocol):
    """One connection."""

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=_MOST_BUFFERED, low=_GO_ON_BELOW)
        connection = transport.get_extra_info("socket")
        if connection is not None and connection.family in {socket.AF_INET, socket.AF_INET6}:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BUFFER)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _PEER_TIMEOUT)

    @property
    def is_open(self) -> bool:
        """Whether anything can still be sent."""
        return not self.close_sent and not self.transport.is_closing()

    @property
    def takes_more(self) -> bool:
        """Whether the buffer has room."""
        return self.writable.is_set()

    def write(self, frames: bytes) -> None:
        """Sends whole frames, or nothing if the connection is ending. Look at `takes_more` first."""
        if self.is_open:
            self.transport.write(frames)

    def drop(self, code: int, reason: str, *, last: bytes = b"") -> None:
        """Ends the connection: a last frame and the reason, if the peer takes them within a second; then for good.

        Args:
            code: RFC 6455 section 7.4.
            reason: At most 123 bytes.
            last: Frames that are sent before.
        """
        if not self.is_open:
            return
        self.stop_keepalive()
        self.conn.send_close(code, reason)
        self.transport.write(last + b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        # The peer's answer ends it sooner.
        self.read_paused = False
        self.transport.resume_reading()
        self.close_timer = self.loop.call_later(_LAST_WORDS, self.transport.close)
        self._end_soon()

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            # uvicorn would complain in its log that nothing was answered, for every refusal.
            self.handshake_complete = True

    def pause_writing(self) -> None:
        super().pause_writing()
        # Else every ping of a peer that does not read would add its pong to the buffer.
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self.read_paused:
            self.transport.resume_reading()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self._end_soon()

    async def run_asgi(self) -> None:
        self.scope["extensions"][_EXTENSION] = {"wire": self}
        try:
            await super().run_asgi()
        finally:
            self._end_soon()

    def _end_soon(self) -> None:
        # Closing waits for the buffer to be taken, and a peer that is gone never takes it.
        self.loop.call_later(_LAST_WORDS, self.transport.abort)


def wire_of(scope: Scope) -> Wire:
    """The connection behind a WebSocket.

    Raises:
        RuntimeError: The server does not run with `UVICORN_SOCKETS`.
    """
    wire = scope.get("extensions", {}).get(_EXTENSION, {}).get("wire")
    if isinstance(wire, Wire):
        return wire
    raise RuntimeError("WebSockets need uvicorn with the settings UVICORN_SOCKETS")


UVICORN_SOCKETS: Final[Mapping[str, Any]] = {
    "ws": Wire,
    # Nothing is expected of clients.
    "ws_max_size": 4_096,
    "ws_ping_interval": 20.0,
    "ws_ping_timeout": 20.0,
    # It would cost each socket its own compressor, and each client its own copy of every frame.
    "ws_per_message_deflate": False,
}
"""Settings of uvicorn for the live events; `Hub` does not work without them."""
