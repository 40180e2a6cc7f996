"""Live events when something is wrong: clients that do not read, networks and databases that go away, damage, endings."""

import asyncio
import socket
import time
from contextlib import AsyncExitStack

import psycopg
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from provenwork.store import Database
from provenwork.web._hub import Hub
from provenwork.web._socket_policy import SocketPolicy
from tests.services.store.harness import ask, connection_string, wait_for
from tests.services.web.sockets import (
    deaf,
    emit,
    emit_many,
    messages_of,
    served,
    serving,
    watching,
)

pytestmark = pytest.mark.anyio

PINGS_EVERY_THIRD = {"ws_ping_interval": 0.3, "ws_ping_timeout": 0.3}


def buffered(running):
    """The most bytes that wait for any client in this process."""
    sizes = [c.wire.transport.get_write_buffer_size() for c in running.hub._clients]
    return max(sizes, default=0)


async def closing_code(client):
    """The code with which a client's socket is closed."""
    try:
        while True:
            await client.next()
    except ConnectionClosed as closed:
        return closed.rcvd and closed.rcvd.code


# -------------------------------------------------------------------------------------------- clients that are slow


async def test_deaf_among_fast(database):
    """A client that does not read is let go; meanwhile the others hear of everything at once, and memory stays bounded."""
    async with serving(database, send_timeout=1.0) as running, AsyncExitStack() as stack:
        fast = [await stack.enter_async_context(watching(running)) for _ in range(5)]
        await stack.enter_async_context(deaf(running))
        await wait_for(lambda: running.hub.open == 6)
        most = worst = 0.0
        for number in range(1, 61):
            began = time.monotonic()
            await emit(database, {"fill": "x" * 30_000})
            for watcher in fast:
                await watcher.until(number)
            worst = max(worst, time.monotonic() - began)
            most = max(most, buffered(running))
            await asyncio.sleep(0.01)
        await wait_for(lambda: running.hub.open == 5)
        assert running.hub.resyncs == 1
        assert worst < 1.0
        # The buffer's limit and one message.
        assert most <= 32 * 1024 + 31_000
        assert [w.seqs for w in fast] == [list(range(1, 61))] * 5


async def test_deaf_is_cut_off(database):
    """The connection of a client that was let go ends within moments, also if it never reads the reason."""
    async with serving(database, send_timeout=0.3) as running, deaf(running) as client:
        await wait_for(lambda: running.hub.open == 1)
        await emit_many(database, 50, size=20_000)
        await wait_for(lambda: running.server.server_state.connections == set(), seconds=4)
        assert running.hub._places == {}
        # Cut off, not closed: what is in between never arrives as a whole.
        assert 4408 not in messages_of(await client.read_all())


async def test_slow_but_getting_on(database):
    """A client that takes its time, but takes everything, is not let go however far behind it begins."""
    await emit_many(database, 200, size=5_000)
    async with (
        serving(database, send_timeout=0.2, queue=20) as running,
        deaf(running, "after=0") as client,
    ):
        got, seqs, began = b"", [], time.monotonic()
        while len(seqs) < 201:
            await asyncio.sleep(0.005)
            got += await client.read(8_192)
            seqs = [m["seq"] for m in messages_of(got)]
        assert seqs == list(range(201))
        assert time.monotonic() - began > 0.4
        assert (running.hub.open, running.hub.resyncs) == (1, 0)


async def test_losing_ground(database):
    """A client that reads all the time, but falls further and further behind, is told where to go on: 4408."""
    async with serving(database, send_timeout=1.0, queue=20) as running:
        async with deaf(running) as client:
            await wait_for(lambda: running.hub.open == 1)
            got = b""

            async def trickle():
                nonlocal got
                while running.hub.open:
                    got += await client.read(8_192)
                    await asyncio.sleep(0.01)

            reading = asyncio.create_task(trickle())
            while running.hub.open:
                await emit_many(database, 50, size=20_000)
            await reading
            *_, event, resync, code = messages_of(got + await client.read_all())
        assert (resync["type"], resync["after"], code) == ("resync", event["seq"], 4408)
        async with watching(running, f"after={resync['after']}") as again:
            last = running.hub.last
            assert await again.until(last) == list(range(event["seq"] + 1, last + 1))


async def test_pings_without_reading(database):
    """A client that floods with pings and reads no answer costs one buffer, and is let go."""
    async with (
        serving(database, uvicorn_settings=PINGS_EVERY_THIRD) as running,
        deaf(running) as client,
    ):
        await wait_for(lambda: running.hub.open == 1)
        flood = asyncio.create_task(client.send(9, b"x" * 100, times=200_000))
        most = 0
        while running.hub.open:
            most = max(most, buffered(running))
            await asyncio.sleep(0)
        await asyncio.wait([flood])
        assert isinstance(flood.exception(), OSError)
        # What is read at once is answered at once: 256 KiB, and the buffer.
        assert 0 < most < 320 * 1024


async def test_half_open(database):
    """A peer that is gone without a word is noticed by its pings, whether or not something waits for it."""
    async with serving(database, uvicorn_settings=PINGS_EVERY_THIRD, send_timeout=60.0) as running:
        async with deaf(running):
            await wait_for(lambda: running.hub.open == 1)
            await wait_for(lambda: running.hub.open == 0, seconds=4)
        async with deaf(running, "after=0"):
            await emit_many(database, 50, size=20_000)
            await wait_for(lambda: running.hub.open == 1)
            await wait_for(lambda: running.hub.open == 0, seconds=4)


async def test_kernels_limits(database):
    """The kernel holds no more than some 128 KiB for a client, and gives one up that acknowledges nothing for 30 s."""
    async with serving(database) as running, watching(running):
        (client,) = running.hub._clients
        connection = client.wire.transport.get_extra_info("socket")
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == 128 * 1024
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000


@pytest.mark.parametrize("message", ["hello", b"hello", "", "x" * 5_000])
async def test_unasked(database, message):
    """A client that says anything is closed with 1008, with 1009 if it is much."""
    async with serving(database) as running, watching(running) as client:
        await client.connection.send(message)
        assert await closing_code(client) == (1009 if len(message) > 4_096 else 1008)


async def test_vanishing_clients(database):
    """Clients that come and go, politely or not, in the middle of anything, leave nothing behind."""
    await emit_many(database, 1_000, size=1_000)
    async with serving(database, queue=100) as running:
        for number in range(20):
            async with connect(
                f"{running.url}?after=0", proxy=None, close_timeout=0.1
            ) as connection:
                for _ in range(number):
                    await connection.recv()
                if number % 2:
                    connection.transport.abort()
        for _ in range(10):
            async with deaf(running, "after=0"):
                pass
        await wait_for(lambda: not running.server.server_state.connections)
        assert (running.hub.open, running.hub._taken, running.hub._places) == (0, 0, {})
        assert "catching up" not in {task.get_name() for task in asyncio.all_tasks()}
        assert running.hub.problem == ""


# ----------------------------------------------------------------------------------------------------- the database


async def test_database_away(database, proxy):
    """While the database is away heartbeats go on and say so; afterwards nothing is lost and nothing repeated."""
    await emit_many(database, 600)
    async with (
        Database(proxy.url, pool_size=3) as over_network,
        serving(over_network, heartbeat=0.3, queue=100) as running,
        watching(running) as client,
    ):
        await wait_for(lambda: not running.hub.delayed)
        proxy.closed = True
        proxy.cut()
        await emit(database, {})
        await wait_for(lambda: running.hub.delayed)
        message = await client.next()
        while "delayed" not in message:
            message = await client.next()
        assert message == {"type": "heartbeat", "seq": 600, "delayed": True}
        # One that needs the log is let in, and waits.
        async with watching(running, "after=100") as late:
            while (await late.next()).get("seq") != 100:
                pass
            proxy.closed = False
            assert await client.until(601) == [601]
            assert await late.until(601) == list(range(101, 602))
        await wait_for(lambda: not running.hub.delayed)


async def test_cut_again_and_again(database, proxy):
    """Connections to the database are cut while events come: every client gets each of them once."""
    async with (
        Database(proxy.url, pool_size=3) as over_network,
        serving(over_network, queue=10) as running,
        watching(running) as client,
        watching(running, "after=0") as other,
    ):
        for number in range(40):
            await emit(database, {})
            if number % 10 == 5:
                proxy.cut()
            await asyncio.sleep(0.01)
        assert await client.until(40) == await other.until(40) == list(range(1, 41))


async def test_no_database_at_the_start(database, proxy):
    """A hub starts without its database: clients are asked to come again, and can as soon as it is there."""
    proxy.closed = True
    async with (
        Database(proxy.url, pool_size=2) as over_network,
        serving(over_network, start_timeout=0.3) as running,
    ):
        with pytest.raises(InvalidStatus) as caught:
            async with connect(running.url, proxy=None):
                pass
        assert caught.value.response.status_code == 503
        assert "retry-after" in caught.value.response.headers
        assert running.hub.problem == ""
        proxy.closed = False
        await wait_for(running.hub._ready.is_set)
        async with watching(running) as client:
            await emit(database, {})
            assert await client.until(1) == [1]


async def test_reads_at_a_time(database):
    """However many clients are far behind at different places, a few of their reads are under way at a time."""
    await emit_many(database, 2_500)
    async with serving(database, queue=10, reads=3) as running, AsyncExitStack() as stack:
        await running.hub._ready.wait()
        with psycopg.connect(connection_string(database.url)) as holder:
            holder.execute("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
            clients = [
                await stack.enter_async_context(watching(running, f"after={after}"))
                for after in range(0, 2_400, 300)
            ]
            await asyncio.sleep(0.3)
            ((waiting,),) = ask(
                database.url,
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND wait_event_type = 'Lock' AND query LIKE '%payload%'",
            )
            assert waiting == 3
        for client, after in zip(clients, range(0, 2_400, 300), strict=True):
            assert await client.until(2_500) == list(range(after + 1, 2_501))


# ----------------------------------------------------------------------------------------------- damage and endings


async def test_damaged_log(database):
    """A gap that somebody made by hand closes all sockets with 1011, and is a problem that readiness can show."""
    async with serving(database) as running, watching(running) as client:
        await emit(database, {})
        assert await client.until(1) == [1]
        ask(database.url, "UPDATE streams SET seq = 3")
        ask(database.url, "INSERT INTO events VALUES ('jobs', 3, 'happened', '{}', now())")
        running.hub._feed._channels["jobs"].watch.wake()
        assert await closing_code(client) == 1011
        assert "has no event 2" in running.hub.problem
        with pytest.raises(InvalidStatus) as caught:
            async with connect(running.url, proxy=None):
                pass
        assert caught.value.response.status_code == 503
        assert "event 2" not in caught.value.response.body.decode()


async def test_gap_in_old_events(database):
    """A gap in what memory does not hold any more is noticed by the first client that comes to it."""
    await emit_many(database, 600)
    ask(database.url, "ALTER TABLE events DISABLE TRIGGER ALL")
    ask(database.url, "DELETE FROM events WHERE seq = 42")
    async with serving(database, queue=100) as running, watching(running, "after=0") as client:
        assert await closing_code(client) == 1011
        assert "has no event 42" in running.hub.problem


@pytest.mark.parametrize("message", [{"type": "heartbeat"}, {"n": 1}, {"type": "x", "n": {1}}])
async def test_renderer_fails(database, message):
    """An event that cannot be told is not left out in silence: the sockets are closed with 1011."""
    async with serving(database, render=lambda _: message) as running, watching(running) as client:
        await emit(database, {})
        assert await closing_code(client) == 1011
        assert running.hub.problem.startswith("jobs: ")


async def test_server_ends(database):
    """A server that ends closes its sockets with 1012, and does not wait for those that do not read."""
    async with serving(database, send_timeout=60.0) as running, watching(running) as client:
        async with deaf(running, "after=0"):
            await wait_for(lambda: running.hub.open == 2)
            await emit_many(database, 50, size=20_000)
            await client.until(50)
            began = time.monotonic()
            await running.stop()
            assert time.monotonic() - began < 5
        assert await closing_code(client) == 1012


async def test_hub_ends(database):
    """A hub that ends before its server closes its sockets with 1012, and lets no more in."""
    hub = Hub(database, "jobs", policy=SocketPolicy())
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(hub)
        async with served(hub) as running, watching(running) as client:
            await stack.aclose()
            assert await closing_code(client) == 1012
            with pytest.raises(InvalidStatus):
                async with connect(running.url, proxy=None):
                    pass
    names = {task.get_name() for task in asyncio.all_tasks()}
    assert not {name for name in names if name.startswith(("jobs", "events of", "listener"))}


async def test_client_ends(database):
    """A client that says goodbye is answered, after everything that was sent before."""
    async with serving(database) as running, deaf(running) as client:
        await emit_many(database, 3)
        await wait_for(lambda: running.hub.events_sent == 3)
        await client.send(8, b"\x03\xe8")
        *messages, code = messages_of(await client.read_all())
    assert [m["type"] for m in messages] == ["hello", "happened", "happened", "happened"]
    assert code == 1000
