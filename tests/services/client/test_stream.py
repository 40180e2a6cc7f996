"""Following live events over real sockets: the real hub, its faults, and servers that follow a script."""

import asyncio
import json
import logging
import random
import socket
import ssl
import threading
import time
from contextlib import asynccontextmanager

import pytest
import trustme
from websockets.asyncio.server import serve
from websockets.datastructures import Headers
from websockets.http11 import Response

from provenwork.client import EventStream, EventStreamSync, PositionFile
from provenwork.core.errors import (
    AuthError,
    EventsInconsistent,
    PositionUnknown,
    ServiceError,
    Unavailable,
    ValidationFailed,
)
from provenwork.store import Database
from tests.services.store.harness import child, wait_for
from tests.services.web.sockets import emit, emit_many, serving

pytestmark = pytest.mark.anyio


class Soon(random.Random):
    """Pauses of a hundredth of what they might be."""

    def uniform(self, a, b):
        return a + (b - a) / 100


def following(url, **options):
    """A stream that does not wait long."""
    return EventStream(url, **{"jitter": Soon(), "open_timeout": 5.0, **options})


class Reader:
    """Reads a stream in a task of its own."""

    def __init__(self, stream, *, pause=0.0):
        self.stream = stream
        self.seqs = []
        self.messages = []
        self.task = asyncio.create_task(self._read(pause))

    async def _read(self, pause):
        async with self.stream as events:
            async for event in events:
                self.seqs.append(event.seq)
                self.messages.append(event.message)
                await asyncio.sleep(pause)

    async def has(self, last, *, first=1):
        """Waits until it has everything up to a number, in order and once."""
        await wait_for(lambda: self.task.done() or len(self.seqs) >= last - first + 1)
        assert self.seqs == list(range(first, last + 1))


@asynccontextmanager
async def reading(url, *, pause=0.0, **options):
    """A reader, which does not outlive the block."""
    reader = Reader(following(url, **options), pause=pause)
    try:
        yield reader
    finally:
        reader.task.cancel()
        await asyncio.wait([reader.task])


# ----------------------------------------------------------------------------------------------------- the real hub


async def test_from_now_on_and_from_a_number(database):
    """A stream begins with what comes from now on, or after the number that is said."""
    await emit_many(database, 30)
    async with (
        serving(database) as running,
        reading(running.url) as late,
        reading(running.url, after=10) as early,
    ):
        await wait_for(lambda: late.stream.position == 30)
        await emit(database, {"jobId": "7"})
        await early.has(31, first=11)
        await late.has(31, first=31)
        assert late.messages[0]["jobId"] == "7"
        # An event is done with when the next is asked for.
        await wait_for(lambda: late.stream.position == 31)


async def test_filters(database):
    """Types and fields are the server's to choose by; gaps are none then, and the position moves on in silence."""
    async with serving(database, filters=("jobId",), heartbeat=0.2) as running:
        options = {"after": 0, "types": ["paid"], "filters": {"jobId": ["7", "8"]}}
        async with reading(running.url, **options) as reader:
            for number in range(10):
                await emit(
                    database, {"jobId": str(number)}, kind="paid" if number % 2 else "posted"
                )
            await wait_for(lambda: reader.seqs == [8])
            await wait_for(lambda: reader.stream.position == 10)


async def test_cut_again_and_again(database):
    """The connection is cut while events come: each of them arrives once, in order."""
    async with serving(database, queue=10) as running, reading(running.url, after=0) as reader:
        for number in range(40):
            await emit(database, {})
            if number % 8 == 5:
                for client in list(running.hub._clients):
                    client.wire.transport.abort()
            await asyncio.sleep(0.005)
        await reader.has(40)
        assert reader.stream.connections > 3


async def test_server_killed_and_started_again(database, unused_port):
    """The server's process is killed and another takes its place: nothing is lost or doubled."""
    address = database.url.render_as_string(hide_password=False)
    module = "tests.services.web.child"
    async with reading(f"ws://127.0.0.1:{unused_port}/ws", after=0) as reader:
        await emit_many(database, 20, stream="payments")
        with child(address, unused_port, module=module) as process:
            await wait_for(lambda: reader.seqs[-1:] == [20], seconds=60)
            emitting = asyncio.create_task(emit_one_by_one(database, 40))
            await wait_for(lambda: len(reader.seqs) > 25)
            process.kill()
            await emitting
        with child(address, unused_port, module=module):
            await wait_for(lambda: reader.seqs[-1:] == [60], seconds=60)
        assert reader.seqs == list(range(1, 61))
        assert reader.stream.connections == 2


async def emit_one_by_one(database, count):
    """Events in transactions of their own, to the child's stream."""
    for _ in range(count):
        await emit(database, {}, stream="payments")
        await asyncio.sleep(0.02)


async def test_server_ends_and_comes_back(database, unused_port):
    """A server that is stopped as it should be sends its clients elsewhere, or back to it once it runs again."""
    settings = {"port": unused_port}
    async with reading(f"ws://127.0.0.1:{unused_port}/ws", after=0) as reader:
        for round_ in range(1, 4):
            async with serving(database, uvicorn_settings=settings) as running:
                await emit(database, {})
                await reader.has(round_)
                await running.stop()


async def test_database_away(database, proxy):
    """While the server has lost its database the stream knows that it may be late; then it gets everything, once."""
    async with (
        Database(proxy.url, pool_size=3) as over_network,
        serving(over_network, heartbeat=0.2) as running,
        reading(running.url, after=0) as reader,
    ):
        await emit(database, {})
        await reader.has(1)
        proxy.closed = True
        proxy.cut()
        await emit(database, {})
        await wait_for(lambda: reader.stream.delayed)
        proxy.closed = False
        await reader.has(2)
        assert not reader.stream.delayed
        assert reader.stream.connections == 1


async def test_slow_program(database):
    """A program that takes too long over an event is let go by the server, comes back, and misses none."""
    async with serving(database, send_timeout=0.2, queue=10) as running:
        seqs = []
        async with following(running.url, after=0) as events:
            await emit_many(database, 250, size=60_000)
            async for event in events:
                seqs.append(event.seq)
                if event.seq == 1:
                    await wait_for(lambda: running.hub.resyncs == 1)
                if event.seq == 250:
                    break
        assert seqs == list(range(1, 251))


async def test_another_database(database):
    """A position that the stream does not reach is told to the program; it is never passed over in silence."""
    await emit(database, {})
    async with serving(database) as running, following(running.url, after=7) as events:
        with pytest.raises(PositionUnknown, match="does not reach 7"):
            await anext(events)


async def test_refused_by_the_hub(database):
    """What the hub refuses for good is raised with its words and the parameter's name."""
    async with serving(database) as running:
        async with following(running.url, filters={"color": "red"}) as events:
            with pytest.raises(ValidationFailed, match="color: unknown") as caught:
                await anext(events)
        assert caught.value.fields == {"query.color": "unknown"}


# ------------------------------------------------------------------------------------------------ positions in files


async def test_killed_program(database, tmp_path):
    """A program that dies over an event gets it again: its position is never ahead of what it did."""
    await emit_many(database, 10)
    store = PositionFile(tmp_path / "position", every=0.0)
    done = []
    async with serving(database) as running:
        for stops_at in (3, 7, 7, 11):
            stream = following(running.url, after=0, store=PositionFile(store.path, every=0.0))
            async with stream as events:
                async for event in events:
                    if event.seq == stops_at:
                        break
                    done.append(event.seq)
                    if event.seq == 10:
                        events.take()
                        break
        assert done == [*range(1, 11)]
        assert store.load() == ("jobs", 10)


async def test_position_of_another_stream(database, tmp_path):
    """A file that was kept for another stream is not used."""
    store = PositionFile(tmp_path / "position")
    store.save("others", 1)
    await emit(database, {})
    async with serving(database) as running, following(running.url, store=store) as events:
        with pytest.raises(EventsInconsistent, match="jobs instead of others"):
            await anext(events)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"stream": "jobs", "after": -1}', '{"stream": 1, "after": 1}']
)
async def test_damaged_position(tmp_path, text):
    """A file that holds something else is an error, not a beginning."""
    (tmp_path / "position").write_text(text)
    with pytest.raises(EventsInconsistent, match="holds no position"):
        EventStream("wss://host/ws", store=PositionFile(tmp_path / "position"))


# --------------------------------------------------------------------------------------------- servers with a script


HELLO = {"type": "hello", "stream": "jobs", "seq": 0, "heartbeat": 0.2}


def event(seq):
    """An event."""
    return {"type": "happened", "seq": seq}


@asynccontextmanager
async def scripted(*scripts, answer=None, **options):
    """A server that says to each connection what the next script has: messages; a number to close with; None to stay."""
    left = list(scripts)
    paths = []

    async def talk(connection):
        paths.append(connection.request.path)
        for step in left.pop(0) if left else [None]:
            if step is None:
                await connection.wait_closed()
            elif isinstance(step, int):
                await connection.close(step)
            else:
                await connection.send(step if isinstance(step, str) else json.dumps(step))
        await connection.wait_closed()

    async with serve(
        talk, "127.0.0.1", 0, process_request=answer, compression=None, close_timeout=0.1, **options
    ) as server:
        server.paths = paths
        scheme = "wss" if "ssl" in options else "ws"
        server.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws"
        yield server


async def test_half_open():
    """A server that has gone silent without a word is left after two and a half heartbeats, and asked again."""
    async with scripted([HELLO, event(1), None], [HELLO | {"seq": 1}, event(2), None]) as server:
        began = time.monotonic()
        async with reading(server.url, after=0) as reader:
            await reader.has(2)
        assert 0.5 <= time.monotonic() - began < 5
        assert server.paths == ["/ws?after=0", "/ws?after=1"]


async def test_never_greeted():
    """A connection on which nobody greets is not waited on for ever."""
    async with scripted([None], [HELLO, event(1), None]) as server:
        async with reading(server.url, after=0, open_timeout=0.5) as reader:
            await reader.has(1)
        assert server.paths == ["/ws?after=0", "/ws?after=0"]


async def test_goes_on_from_the_first_greeting():
    """Who asked for what comes from now on goes on from there after a cut, also if nothing had come yet."""
    greeting = HELLO | {"seq": 41}
    async with scripted([greeting, 1001], [greeting, event(42), None]) as server:
        async with reading(server.url) as reader:
            await reader.has(42, first=42)
        assert server.paths == ["/ws", "/ws?after=41"]


@pytest.mark.parametrize(
    ("script", "good", "said"),
    [
        ([HELLO, event(2)], 0, "event 1 is missing"),
        ([HELLO, event(1), event(3)], 1, "event 2 is missing"),
        ([event(1)], 0, "did not greet"),
        ([HELLO, "{"], 0, "not JSON"),
        ([HELLO, json.dumps(event(1) | {"fill": "x" * 3_000})], 0, "larger than 2000 bytes"),
    ],
)
async def test_cannot_be(script, good, said):
    """What cannot be is an error, and the position stays before it."""
    async with (
        scripted([*script, None]) as server,
        following(server.url, after=0, max_size=2_000) as events,
    ):
        for _ in range(good):
            await anext(events)
        with pytest.raises(EventsInconsistent, match=said):
            await anext(events)
        assert events.position == good


async def test_retry_after():
    """A refusal for now is asked again when the server says, not before."""
    asked = []

    def answer(connection, request):
        asked.append(time.monotonic())
        if len(asked) == 1:
            # A balancer may have added its own to the service's.
            said = Headers([("Retry-After", "30"), ("Retry-After", "1")])
            return Response(503, "Service Unavailable", said, b"{}")
        return None

    async with (
        scripted([HELLO, event(1), None], answer=answer) as server,
        reading(server.url, after=0) as reader,
    ):
        await reader.has(1)
    assert 1.0 <= asked[1] - asked[0] < 4


async def test_redirected():
    """A redirection is not followed: another server does not get the headers."""
    asked = []

    def elsewhere(connection, request):
        asked.append(request)

    async with scripted(answer=elsewhere) as other:

        def answer(connection, request):
            return Response(307, "Temporary Redirect", Headers({"Location": other.url}), b"")

        async with (
            scripted(answer=answer) as server,
            following(server.url, headers={"Authorization": "secret"}) as events,
        ):
            with pytest.raises(ServiceError, match="answered 307"):
                await anext(events)
    assert asked == []


async def test_headers_of_each_handshake():
    """Headers that are made anew are made for every handshake, as a signature's time must be."""
    count, seen = 0, []

    def headers():
        nonlocal count
        count += 1
        return {"x-count": str(count)}

    def answer(connection, request):
        seen.append(request.headers["x-count"])

    scripts = [[HELLO, 1001], [HELLO, 1001], [HELLO, event(1), None]]
    async with (
        scripted(*scripts, answer=answer) as server,
        reading(server.url, after=0, headers=headers) as reader,
    ):
        await reader.has(1)
    assert seen == ["1", "2", "3"]


async def test_secrets_stay_inside(caplog):
    """Neither the log at its finest, nor an error, nor the stream's repr has a header, a password or a parameter."""
    caplog.set_level(logging.DEBUG, logger="provenwork.client")

    def answer(connection, request):
        problem = json.dumps({"type": "auth.required", "detail": "who are you?"}).encode()
        return Response(401, "Unauthorized", Headers(), problem) if len(server.paths) > 1 else None

    async with scripted([HELLO, 1001], [1001], answer=answer) as server:
        url = server.url.replace("ws://", "ws://alice:hunter1@") + "?token=hunter2"
        async with following(url, after=0, headers={"X-Key": "hunter3"}) as events:
            with pytest.raises(AuthError, match="who are you") as caught:
                await anext(events)
            shown = f"{events!r} {events} {caught.value!r}"
    async with following(url, headers={"X-Key": "hunter3"}) as events:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await anext(events)
    assert "closed with 1001" in caplog.text
    assert "no connection" in caplog.text
    assert "hunter" not in caplog.text + shown


async def test_cancelled(database):
    """A task that waits for an event can be cancelled at once, and the stream be read on afterwards: none is lost."""
    async with serving(database) as running, following(running.url, after=0) as events:
        for number in range(1, 4):
            for _ in range(3):
                began = time.monotonic()
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await anext(events)
                assert time.monotonic() - began < 1
            await emit(database, {})
            assert (await anext(events)).seq == number


async def test_certificate():
    """A server whose certificate nobody vouches for is not spoken to; one that the program trusts is."""
    authority = trustme.CA()
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(ours)
    async with scripted([HELLO, event(1), None], ssl=ours) as server:
        async with following(server.url, after=0) as events:
            with pytest.raises(Unavailable, match="certificate is not valid"):
                await anext(events)
        assert server.paths == []
        trusting = ssl.create_default_context()
        authority.configure_trust(trusting)
        async with reading(server.url, after=0, tls=trusting) as reader:
            await reader.has(1)


# --------------------------------------------------------------------------------------------------- without asyncio


async def in_thread(work):
    """Runs blocking work beside the servers."""
    async with asyncio.timeout(20):
        return await asyncio.to_thread(work)


async def test_sync(database, tmp_path):
    """Without asyncio a stream behaves the same: in order, once, across cuts, with its position kept."""
    store = PositionFile(tmp_path / "position")
    await emit_many(database, 20)
    async with serving(database) as running:

        def work():
            seqs = []
            with EventStreamSync(running.url, after=0, store=store, jitter=Soon()) as events:
                for event in events:
                    seqs.append(event.seq)
                    if event.seq == 10:
                        for client in list(running.hub._clients):
                            client.wire.loop.call_soon_threadsafe(client.wire.transport.abort)
                    if event.seq == 20:
                        events.take()
                        assert events.position == 20
                        break
            return seqs

        assert await in_thread(work) == list(range(1, 21))
    assert store.load() == ("jobs", 20)
    assert "live events" not in {thread.name for thread in threading.enumerate()}


async def test_sync_refused(database):
    """Without asyncio a refusal is the same error."""
    async with serving(database) as running:

        def work():
            stream = EventStreamSync(running.url, types=[""])
            with stream as events, pytest.raises(ValidationFailed, match="type"):
                next(events)

        await in_thread(work)


@pytest.mark.parametrize("state", ["waiting", "connecting", "pausing"])
async def test_sync_closed_by_another_thread(database, state):
    """A stream that waits for an event, a connection or its next attempt is ended by another thread within a second."""
    async with serving(database) as running:
        # The kernel takes its connections, and nobody answers.
        silent = socket.create_server(("127.0.0.1", 0))
        dead = f"ws://127.0.0.1:{silent.getsockname()[1]}/"
        url = {"waiting": running.url, "connecting": dead, "pausing": "ws://127.0.0.1:9/"}[state]

        def work():
            events = EventStreamSync(url, jitter=random.Random(3))
            with events:
                closing = threading.Timer(0.5, events.close)
                closing.start()
                seqs = [event.seq for event in events]
                ended = time.monotonic()
                closing.join()
            with pytest.raises(StopIteration):
                next(events)
            return seqs, ended

        began = time.monotonic()
        seqs, ended = await in_thread(work)
        assert seqs == []
        assert 0.4 < ended - began < 1.5
        silent.close()


def test_sync_not_entered():
    """A stream that was not entered says so, instead of waiting for ever; closing it does no harm."""
    events = EventStreamSync("wss://host/ws")
    with pytest.raises(RuntimeError, match="enter"):
        next(events)
    events.close()
    events.close()
