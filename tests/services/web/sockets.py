"""A hub served by a real uvicorn on loopback, and clients of several kinds."""

import asyncio
import base64
import json
import os
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
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
    options = {"compression": None, "proxy": None, "max_size": 2**24, "close_timeout": 1, **options}
    async with connect(f"{running.url}?{query}", **options) as connection:
        watcher = Watcher(connection)
        await watcher.next()
        yield watcher


class Deaf:
    """A client that shakes hands and then reads only when it is told to, through a socket with little room."""

    def __init__(self, port: int) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        self.socket.setblocking(False)
        self._port = port
        self._loop = asyncio.get_running_loop()

    async def shake(self, query: str) -> None:
        """Shakes hands; the server's half is read byte by byte."""
        await self._loop.sock_connect(self.socket, ("127.0.0.1", self._port))
        key = base64.b64encode(os.urandom(16)).decode()
        request = (
            f"GET /ws?{query} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
        )
        await self._loop.sock_sendall(self.socket, request.encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += await self.read(1)
        assert b" 101 " in answer.splitlines()[0]

    async def send(self, opcode: int, payload: bytes = b"", *, times: int = 1) -> None:
        """Sends frames, masked as a client must (with zeros)."""
        head = struct.pack("!BB4s", 0x80 | opcode, 0x80 | len(payload), bytes(4))
        await self._loop.sock_sendall(self.socket, (head + payload) * times)

    async def read(self, most: int) -> bytes:
        """Some of what there is, once there is any."""
        async with asyncio.timeout(10):
            return await self._loop.sock_recv(self.socket, most)

    async def read_all(self) -> bytes:
        """What else comes, to the end."""
        got = b""
        with suppress(ConnectionResetError):
            while data := await self.read(65_536):
                got += data
        return got


@asynccontextmanager
async def deaf(running: Served, query: str = "") -> AsyncIterator[Deaf]:
    """A client that has shaken hands, and does not read."""
    client = Deaf(running.port)
    try:
        await client.shake(query)
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
