"""A hub served by a real uvicorn on loopback, and clients of several kinds."""

import asyncio
import base64
import json
import os
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect

from provenwork.store import Database
from provenwork.web._hub import Hub
from provenwork.web._socket_policy import SocketPolicy
from provenwork.web._wire import UVICORN_SOCKETS


class Server(uvicorn.Server):
    """A uvicorn that leaves the tests' signals alone."""

    def capture_signals(self):
        """Captures none."""
        return nullcontext()


@dataclass
class Served:
    """A hub, and where it is."""

    hub: Hub
    server: Server
    port: int

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"ws://127.0.0.1:{self.port}/ws"

    async def stop(self) -> None:
        """Ends the server as a signal would."""
        self.server.should_exit = True
        async with asyncio.timeout(10):
            await self.server.ended.wait()


@asynccontextmanager
async def served(hub: Hub, *, port: int = 0, **settings: object) -> AsyncIterator[Served]:
    """Serves an entered hub."""
    app = Starlette(routes=[hub.route("/ws")])
    options = {**UVICORN_SOCKETS, "log_level": "critical", "lifespan": "off", **settings}
    server = Server(uvicorn.Config(app, host="127.0.0.1", port=port, **options))
    server.ended = asyncio.Event()

    async def run() -> None:
        try:
            await server.serve()
        finally:
            server.ended.set()

    task = asyncio.create_task(run())
    try:
        while not server.started:
            assert not task.done(), "uvicorn did not start"
            await asyncio.sleep(0.01)
        yield Served(hub, server, server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        async with asyncio.timeout(10):
            await task


@asynccontextmanager
async def serving(
    database: Database, *, stream: str = "jobs", uvicorn_settings=None, **options
) -> AsyncIterator[Served]:
    """A hub of one stream, served; `options` are the hub's, and whatever else is said the policy's."""
    own = {name: options.pop(name) for name in ("render", "authenticate") if name in options}
    options.setdefault("most_per_address", 10_000)
    hub = Hub(database, stream, policy=SocketPolicy(**options), **own)
    async with hub, served(hub, **(uvicorn_settings or {})) as running:
        yield running


async def emit(database: Database, *payloads: dict, kind: str = "happened", stream: str = "jobs"):
    """Events, in one transaction."""
    async with database.transaction() as transaction:
        for payload in payloads:
            transaction.emit(stream, kind, payload)


async def emit_many(database: Database, count: int, *, size: int = 0, stream: str = "jobs"):
    """Many events at once, in as few round trips as there may be."""
    for start in range(0, count, 500):
        payloads = [{"n": n, "fill": "x" * size} for n in range(start, min(start + 500, count))]
        await emit(database, *payloads, stream=stream)


class Watcher:
    """A client that reads, and remembers what it is told."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.messages: list[dict] = []

    async def next(self, *, seconds: float = 10.0) -> dict:
        """The next message."""
        async with asyncio.timeout(seconds):
            message = json.loads(await self.connection.recv())
        self.messages.append(message)
        return message

    async def until(self, seq: int, *, seconds: float = 20.0) -> list[int]:
        """Reads up to a number; the numbers of the events read since the watcher came."""
        async with asyncio.timeout(seconds):
            while not self.messages or self.messages[-1]["seq"] < seq:
                await self.next()
        return self.seqs

    @property
    def seqs(self) -> list[int]:
        """The numbers of all events so far."""
        own = {"hello", "heartbeat", "resync"}
        return [m["seq"] for m in self.messages if m["type"] not in own]


@asynccontextmanager
async def watching(running: Served, query: str = "", **options) -> AsyncIterator[Watcher]:
    """A client that has been greeted."""
    options = {"compression": None, "proxy": None, "max_size": 2**24, **options}
    async with connect(f"{running.url}?{query}", **options) as connection:
        watcher = Watcher(connection)
        await watcher.next()
        yield watcher


class Deaf:
    """A client that shakes hands and then reads only when it is told to, through a socket with little room."""

    def __init__(self, port: int, query: str = "", *, buffer: int = 4_096) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.connect(("127.0.0.1", port))
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /ws?{query} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        self.socket.settimeout(10)
        self.answer = b""

    def shake(self) -> None:
        """Reads the server's half of the handshake, byte by byte."""
        while not self.answer.endswith(b"\r\n\r\n"):
            self.answer += self.socket.recv(1)
        assert b" 101 " in self.answer.splitlines()[0]

    def send(self, opcode: int, payload: bytes = b"") -> None:
        """Sends a frame, masked as a client must (with zeros)."""
        assert len(payload) < 126
        self.socket.sendall(
            struct.pack("!BB4s", 0x80 | opcode, 0x80 | len(payload), bytes(4)) + payload
        )

    def read_all(self) -> bytes:
        """What else comes, to the end."""
        got = b""
        try:
            while data := self.socket.recv(65_536):
                got += data
        except ConnectionResetError:
            pass
        return got


@contextmanager
def deaf(running: Served, query: str = "", **options) -> Iterator[Deaf]:
    """A client that does not read."""
    client = Deaf(running.port, query, **options)
    try:
        yield client
    finally:
        client.socket.close()


def messages_of(data: bytes) -> list[dict | int]:
    """The messages in a server's frames, whole ones only; of a closing frame its code."""
    found: list[dict | int] = []
    at = 0
    while at + 2 <= len(data):
        opcode, size = data[at] & 15, data[at + 1]
        head = {126: 4, 127: 10}.get(size, 2)
        if size >= 126:
            size = int.from_bytes(data[at + 2 : at + head])
        body = data[at + head : at + head + size]
        if len(body) < size:
            break
        if opcode == 1:
            found.append(json.loads(body))
        elif opcode == 8:
            found.append(int.from_bytes(body[:2]))
        at += head + size
    return found
