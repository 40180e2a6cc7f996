"""Live events: the memory of idle sockets, the time from commit to socket, and how many messages leave in a second.

The server and its clients are processes of their own; the clients only take frames apart. `python -m bench.socket_service
hub|bare|follow ...` is what they run.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any, NoReturn

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from bench.services import Row, Stage
from provenwork.store import Database
from provenwork.web import Hub, SocketPolicy
from provenwork.web._wire import UVICORN_SOCKETS

IDLE = 5_000
BUSY = 500
PACED = 100
PACE = 0.05  # seconds between events while latency is measured
BURST = 2_000
TOGETHER = 20  # events of one transaction while throughput is measured
ROUNDS = 3
STREAM = "bench"
_SEQ = re.compile(rb'"seq":(\d+)')


async def rows(stage: Stage) -> list[Row]:
    """One machine has it all: server, clients, database."""
    allow_files(IDLE + 500)
    async with stage.database() as database:
        idle, bare = _memory("hub", database), _memory("bare", database)
        async with asyncio.timeout(300):
            many = await _latencies(database, BUSY)
            one = await _latencies(database, 1)
        told = [await _throughput(database) for _ in range(ROUNDS)]
        sent = [_bare_throughput(database) for _ in range(ROUNDS)]
    clients = "the clients' process, the server's and Postgres share the machine's cores"
    return [
        Row(
            f"memory of an idle socket, of {IDLE:,}",
            idle,
            "KiB",
            bare,
            "uvicorn's and websockets' objects for each connection; the kernel's buffers are not counted",
        ),
        Row(
            f"commit to socket, {BUSY} sockets, median",
            median(many) * 1_000,
            "ms",
            median(one) * 1_000,
            f"NOTIFY, one read of the log, then one write per socket, one after the other; {clients}",
        ),
        Row(
            f"commit to socket, {BUSY} sockets, 99 of 100",
            _p99(many) * 1_000,
            "ms",
            _p99(one) * 1_000,
            f"the last of {BUSY} writes, and what else the cores do meanwhile; {clients}",
        ),
        Row(
            f"messages to {BUSY} sockets",
            median(told),
            "messages/s",
            median(sent),
            f"one core: a write of the kernel per socket and transaction; {clients}",
        ),
    ]


def _p99(values: list[float]) -> float:
    return quantiles(values, n=100)[98]


def allow_files(needed: int) -> None:
    """Allows this process and its children as many open files as may be.

    Raises:
        SystemExit: That is not enough.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < needed:
        raise SystemExit(f"needs {needed} open files, and may have {most}: see `ulimit -Hn`")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


# --------------------------------------------------------------------------------------------------- measurements


def _memory(kind: str, database: Database) -> float:
    """KiB of the server's memory for each of many idle sockets."""
    with _process(kind, _address(database)) as server:
        port = _said(server)
        # What the first connections bring with them is the server's, not theirs.
        with _process("follow", port, 10, 0) as few:
            _said(few)
        before = _pss(server.pid)
        with _process("follow", port, IDLE, 0) as clients:
            _said(clients)
            return (_pss(server.pid) - before) / IDLE


async def _latencies(database: Database, sockets: int) -> list[float]:
    """Seconds from a commit's return to the frame's arrival, for each event and socket."""
    with _process("hub", _address(database)) as server:
        port = _said(server)
        with _process("follow", port, sockets, PACED) as clients:
            await asyncio.to_thread(_said, clients)
            # Whatever the clients' greetings cost is over.
            await asyncio.sleep(1.0)
            committed = {}
            for _ in range(PACED):
                async with database.transaction() as transaction:
                    transaction.emit(STREAM, "happened", {"jobId": "7", "price": "1000000"})
                committed[str(transaction.events[0].seq)] = time.monotonic()
                await asyncio.sleep(PACE)
            heard = _heard(await asyncio.to_thread(_said, clients))
    return [at - committed[seq] for seq, times in heard.items() for at in times]


async def _throughput(database: Database) -> float:
    """Messages a second, from the first commit until every socket has the last event."""
    with _process("hub", _address(database)) as server:
        port = _said(server)
        with _process("follow", port, BUSY, BURST) as clients:
            await asyncio.to_thread(_said, clients)
            began = time.monotonic()
            for _ in range(BURST // TOGETHER):
                async with database.transaction() as transaction:
                    for _ in range(TOGETHER):
                        transaction.emit(STREAM, "happened", {"jobId": "7", "price": "1000000"})
            heard = _heard(await asyncio.to_thread(_said, clients))
    return BUSY * BURST / (max(max(times) for times in heard.values()) - began)


def _bare_throughput(database: Database) -> float:
    """The same messages, sent by a bare application as fast as it can."""
    with _process("bare", _address(database), BURST) as server:
        port = _said(server)
        with _process("follow", port, BUSY, BURST) as clients:
            _said(clients)
            heard = _heard(_said(clients))
    first = min(min(times) for times in heard.values())
    last = max(max(times) for times in heard.values())
    return BUSY * BURST / (last - first)


# ------------------------------------------------------------------------------------------------------- processes


@contextmanager
def _process(*words: object) -> Iterator[subprocess.Popen[str]]:
    running = subprocess.Popen(
        [sys.executable, "-m", "bench.socket_service", *map(str, words)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def _said(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    line = process.stdout.readline().strip()
    assert line, "a process of the benchmark has ended"
    return line


def _heard(line: str) -> dict[str, list[float]]:
    """When each event was heard, on the machine's clock, by its number."""
    heard: dict[str, list[float]] = json.loads(line)
    return heard


def _address(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


def _pss(process: int) -> float:
    """KiB of memory, a process's share of what it shares."""
    text = Path(f"/proc/{process}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    assert found
    return float(found[1])


def _listening() -> socket.socket:
    listening = socket.create_server(("127.0.0.1", 0), backlog=2_048)
    print(listening.getsockname()[1], flush=True)
    return listening


async def serve_hub(address: str) -> None:
    """Live events, without the layers of a service: these cost a request, and a socket only its handshake."""
    async with Database(address) as database:
        hub = Hub(database, STREAM, policy=SocketPolicy(most_per_address=IDLE + 100))
        async with hub:
            await _serve(Starlette(routes=[hub.route("/ws")]))


async def _serve(app: Starlette) -> None:
    config = uvicorn.Config(app, log_level="critical", lifespan="off", **UVICORN_SOCKETS)
    await uvicorn.Server(config).serve(sockets=[_listening()])


async def serve_bare(_: str, count: str = "0") -> None:
    """An application that greets, and then waits; or sends so many messages to each, once all are there."""
    number, here, all_here = int(count), 0, asyncio.Event()
    filler = '"timestamp":"2026-01-31T12:00:00.000000Z","jobId":"7","price":"1000000"}'

    async def talk(websocket: WebSocket) -> None:
        nonlocal here
        await websocket.accept()
        await websocket.send_text('{"type":"hello","stream":"bench","seq":0,"heartbeat":20.0}')
        here += 1
        if here == BUSY:
            all_here.set()
        if number:
            await all_here.wait()
            # The clients say that all are open before the first message comes.
            await asyncio.sleep(1.0)
        for seq in range(1, number + 1):
            await websocket.send_text(f'{{"type":"happened","seq":{seq},{filler}')
        try:
            while True:
                await websocket.receive_text()
        except WebSocketDisconnect:
            pass

    await _serve(Starlette(routes=[WebSocketRoute("/ws", talk)]))


class _Client(asyncio.Protocol):
    """Shakes hands, and takes frames apart as they come."""

    def __init__(
        self,
        greeted: Callable[[], None],
        heard: Callable[[str], None],
        failed: Callable[[str], None],
    ) -> None:
        self._greeted = greeted
        self._heard = heard
        self._failed = failed
        self._waiting = b""
        self._open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        data = self._waiting + data
        at = 0
        if not self._open:
            at = data.find(b"\r\n\r\n") + 4
            if at < 4:
                self._waiting = data
                return
            if not data.startswith(b"HTTP/1.1 101"):
                self._failed(data.decode(errors="replace"))
            self._open = True
        while at + 4 <= len(data):
            size = data[at + 1]
            start = at + 2
            if size == 126:
                size, start = int.from_bytes(data[at + 2 : at + 4]), at + 4
            if start + size > len(data):
                break
            self._take(data[start : start + size])
            at = start + size
        self._waiting = data[at:]

    def connection_lost(self, problem: Exception | None) -> None:
        self._failed(f"a connection was lost: {problem}")

    def _take(self, message: bytes) -> None:
        if message.startswith(b'{"type":"hello"'):
            self._greeted()
        elif message.startswith(b'{"type":"happened"'):
            found = _SEQ.search(message)
            assert found
            self._heard(found[1].decode())


async def follow(port: str, sockets: str, events: str) -> None:
    """Opens sockets, says so, and says when each of them has heard each event."""
    expected = int(sockets) * int(events)
    greeted, count = 0, 0
    all_open, all_heard = asyncio.Event(), asyncio.Event()
    times: dict[str, list[float]] = {}

    def on_greeting() -> None:
        nonlocal greeted
        greeted += 1
        if greeted == int(sockets):
            all_open.set()

    def on_event(seq: str) -> None:
        nonlocal count
        times.setdefault(seq, []).append(time.monotonic())
        count += 1
        if count == expected:
            all_heard.set()

    def on_failure(why: str) -> NoReturn:
        # Of a figure with a socket less nothing could be said.
        print(why, file=sys.stderr, flush=True)
        os._exit(1)

    loop = asyncio.get_running_loop()
    for start in range(0, int(sockets), 50):
        connecting = [
            loop.create_connection(
                lambda: _Client(on_greeting, on_event, on_failure), "127.0.0.1", int(port)
            )
            for _ in range(start, min(start + 50, int(sockets)))
        ]
        await asyncio.gather(*connecting)
    await all_open.wait()
    print("open", flush=True)
    await all_heard.wait()
    print(json.dumps(times), flush=True)


if __name__ == "__main__":
    parts: dict[str, Callable[..., Coroutine[Any, Any, None]]] = {
        "hub": serve_hub,
        "bare": serve_bare,
        "follow": follow,
    }
    asyncio.run(parts[sys.argv[1]](*sys.argv[2:]))
