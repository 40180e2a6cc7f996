"""Running a service: bounded connections, and an end at which no request is lost."""

import asyncio
import signal
import socket
import subprocess
import sys

import httpx
import pytest
import websockets

from provenwork.core.errors import Unavailable
from provenwork.store import Database
from provenwork.web import Router, Service, WebSettings, create_app, serve
from tests.services.store.harness import ROOT, ask, connection_string, wait_for, wait_until
from tests.services.web.harness import is_listening, problem_of

pytestmark = pytest.mark.anyio


# Requests that are being answered under an idempotency key.
LOCKED = """
SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
WHERE locktype = 'advisory' AND datname = current_database()
"""


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Child:
    """A service in a process of its own."""

    def __init__(self, url):
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        program = [sys.executable, "-m", "tests.services.web.child"]
        self.process = subprocess.Popen(
            [*program, connection_string(url), str(self.port)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __enter__(self):
        wait_until(lambda: self.process.poll() is not None or is_listening(self.port))
        assert self.process.poll() is None
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    async def pay(self, seconds, key="k"):
        """A payment that takes a while."""
        async with httpx.AsyncClient(base_url=self.base, timeout=20.0) as client:
            headers = {"idempotency-key": key}
            return await client.post(f"/pay/{seconds}", headers=headers)

    def begun(self, url):
        """Waits until a payment has begun."""
        wait_until(lambda: ask(url, LOCKED) != [(0,)])


@pytest.fixture
def child(url):
    """The service."""
    with Child(url) as running:
        yield running


def paid(url):
    """How many payments there are."""
    return ask(url, "SELECT count(*) FROM events")[0][0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_signal(child, url, number):
    """A signal ends a service once what it was doing is done: the request is answered, sockets are sent elsewhere."""
    async with websockets.connect(f"ws://127.0.0.1:{child.port}/ws") as listener:
        paying = asyncio.create_task(child.pay(1.0))
        await asyncio.to_thread(child.begun, url)
        child.process.send_signal(number)
        assert (await paying).status_code == 201
        async with asyncio.timeout(10.0):
            await listener.wait_closed()
        assert listener.close_code == 1012
    out, _ = await asyncio.to_thread(child.process.communicate, timeout=20)
    assert out.strip() == "ended well"
    assert child.process.returncode == 0
    assert paid(url) == 1


async def test_two_signals(child, url):
    """A second signal does not wait: what was being done has not happened, and can be asked for again elsewhere."""
    paying = asyncio.create_task(child.pay(30.0))
    await asyncio.to_thread(child.begun, url)
    child.process.send_signal(signal.SIGINT)
    child.process.send_signal(signal.SIGTERM)
    # Cut off, or told that nobody knows.
    (outcome,) = await asyncio.gather(paying, return_exceptions=True)
    if not isinstance(outcome, httpx.HTTPError):
        problem_of(outcome, 504, "timeout")
    await asyncio.to_thread(child.process.wait, 10)
    wait_until(lambda: paid(url) == 0)
    with Child(url) as other:
        assert (await other.pay(0.0)).status_code == 201
    assert paid(url) == 1


async def test_killed(child, url):
    """A service that is killed in the middle of a request has done nothing, or all of it; asking again pays once."""
    paying = asyncio.create_task(child.pay(30.0))
    await asyncio.to_thread(child.begun, url)
    child.process.kill()
    with pytest.raises(httpx.HTTPError):
        await paying
    with Child(url) as other:
        # Postgres notices at once that the process has gone, and takes its transaction back.
        answers = [await other.pay(0.0) for _ in range(2)]
        assert [one.status_code for one in answers] == [201, 201]
    assert paid(url) == 1


async def test_port_taken(database):
    """A port that is taken is named, with what to do."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        settings = WebSettings(port=other.getsockname()[1])
        app = create_app(Service(name="test", version="1"), database, settings)
        with pytest.raises(
            Unavailable, match=f"port {settings.port}: Address already in use"
        ) as raised:
            await serve(app, settings)
    assert "PROVENWORK_PORT" in raised.value.hint


def test_loopback_by_default():
    """Unless told otherwise nothing but this machine reaches a service."""
    assert WebSettings().host == "127.0.0.1"


async def test_does_not_start(database):
    """A service whose parts do not start says so, and leaves its port."""

    def broken():
        raise RuntimeError("no node")

    settings = WebSettings(port=free_port())
    parts = Service(name="test", version="1", background=[broken])
    with pytest.raises(Unavailable, match="did not start"):
        await serve(create_app(parts, database, settings), settings)
    assert not is_listening(settings.port)


@pytest.mark.parametrize(
    "begun",
    [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\n"],
    ids=["nothing", "half a line", "half of the headers"],
)
async def test_slow_headers(start, begun):
    """A connection whose headers do not come is closed, also if they trickle in."""
    service = await start(header_timeout=0.4)
    async with service.raw() as (reader, writer):
        writer.write(begun)
        trickle = asyncio.create_task(_trickle(writer, b"X: y\r\n" if b"Host" in begun else b""))
        assert await asyncio.wait_for(_rest(reader), 3.0) == b""
        trickle.cancel()


async def test_slow_second_request(start):
    """The second request on a connection has no more time than the first."""
    service = await start(header_timeout=0.4)
    async with service.raw() as (reader, writer):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        await asyncio.sleep(0.6)
        writer.write(b"GET /healthz HT")
        await asyncio.wait_for(_rest(reader), 3.0)


async def test_slow_handler_is_no_slow_header(start):
    """A request that has arrived is not cut off because its answer takes a while."""
    router = Router()

    @router.get("/slow")
    async def slow() -> str:
        await asyncio.sleep(0.8)
        return "done"

    service = await start(router, header_timeout=0.3)
    assert (await service.get("/slow")).json() == "done"


async def test_end_that_takes_too_long(start):
    """A request that is not done when the service must end is told that nobody knows what became of it."""
    router = Router()

    @router.get("/slow")
    async def slow() -> str:
        await asyncio.sleep(30.0)
        return "done"

    service = await start(router, shutdown_timeout=1)
    asked = asyncio.create_task(service.get("/slow"))
    await wait_for(lambda: service.app.state.metrics.in_flight._value.get() == 1)
    await asyncio.wait_for(service.begin_to_stop(), 10.0)
    problem_of(await asked, 504, "timeout")


async def test_answer_that_is_not_read(start):
    """A caller that does not read its answer is cut off, and nothing is kept for it."""
    router = Router()

    @router.get("/large")
    async def large() -> str:
        return "x" * 5_000_000

    service = await start(router, write_timeout=0.5)
    with socket.socket() as caller:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        caller.connect(("127.0.0.1", service.port))
        caller.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        # It is answered, as far as the service can see; the kernel still has it.
        await wait_for(lambda: b'route="/large"' in service.app.state.metrics.text())
        await asyncio.sleep(1.5)
        caller.setblocking(False)
        with pytest.raises(ConnectionResetError):
            _read_all(caller)


async def test_answer_that_is_read_slowly(start):
    """A caller that reads slowly, but reads, gets all of its answer."""
    router = Router()

    @router.get("/large")
    async def large() -> str:
        return "x" * 2_000_000

    service = await start(router, write_timeout=0.5)
    async with service.raw() as (reader, writer):
        writer.write(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        for _ in range(20):
            await asyncio.sleep(0.1)
            assert len(await reader.readexactly(100_000)) == 100_000


async def test_large_headers(start):
    """Headers beyond their bound are refused."""
    service = await start()
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"X: " + b"y" * 20_000
    async with service.raw() as (reader, writer):
        writer.write(request)
        assert (await reader.readline()).startswith(b"HTTP/1.1 400")


async def test_too_many_connections(start):
    """Beyond its bound a service refuses connections, and goes on when there is room."""
    service = await start(most_connections=10)
    opened = [await asyncio.open_connection("127.0.0.1", service.port) for _ in range(12)]
    assert (await service.get("/healthz")).status_code == 503
    for _, writer in opened:
        writer.transport.abort()
    await asyncio.sleep(0.1)
    assert (await service.get("/healthz")).status_code == 200


async def test_database_restarts(data_folder):
    """A service whose database is stopped and started again goes on by itself."""
    from provenwork.store import EmbeddedServer, migrate

    folder = data_folder()
    first = EmbeddedServer(folder)
    url = await asyncio.to_thread(first.start)
    await asyncio.to_thread(migrate, url)
    async with Database(url, lock_timeout=1.0) as database:
        settings = WebSettings(port=free_port())
        stop = asyncio.Event()
        app = create_app(Service(name="test", version="1"), database, settings)
        serving = asyncio.create_task(serve(app, settings, stop=stop))
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.port}") as client:
            await asyncio.to_thread(wait_until, lambda: is_listening(settings.port))
            assert (await client.get("/readyz")).status_code == 200
            await asyncio.to_thread(first.stop)
            assert (await client.get("/readyz")).status_code == 503
            assert (await client.get("/nothing")).status_code == 503
            second = EmbeddedServer(folder)
            assert await asyncio.to_thread(second.start) == url
            assert (await client.get("/readyz")).status_code == 200
            assert (await client.get("/nothing")).status_code == 404
        stop.set()
        await serving
    await asyncio.to_thread(second.stop)


def _read_all(caller):
    while caller.recv(65_536):
        pass


async def _trickle(writer, data):
    while data:
        await asyncio.sleep(0.1)
        writer.write(data)


async def _rest(reader):
    """What still comes before the end."""
    try:
        return await reader.read()
    except ConnectionError:
        return b""
