"""The event log: gapless numbers in the order of the commits, whatever is killed."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from uuid import uuid4

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from provenwork.core.errors import DatabaseUnavailable, ValidationFailed
from provenwork.store import MAX_PAYLOAD, Database, last_seq, read_events
from tests.services.store.harness import ask, child, connection_string

pytestmark = pytest.mark.anyio

_LOSE = text("SELECT pg_terminate_backend(pg_backend_pid())")


async def all_events(database, stream="jobs"):
    """Every event of a stream, read page by page."""
    async with database.transaction(read_only=True) as transaction:
        found, page = [], None
        while page is None or page:
            page = await read_events(
                transaction, stream, after=found[-1].seq if found else 0, limit=100
            )
            found += page
    return found


async def test_numbers_from_one(database):
    """Events are numbered from 1, each stream by itself, and read back as they were written."""
    async with database.transaction() as transaction:
        transaction.emit("jobs", "posted", {"jobId": "7", "amount": "0.26"})
        transaction.emit("others", "posted", {})
        transaction.emit("jobs", "claimed", {"big": 2**80, "text": "ü\\u0000\n"})
    assert [(event.stream, event.seq, event.type) for event in transaction.events] == [
        ("jobs", 1, "posted"),
        ("jobs", 2, "claimed"),
        ("others", 1, "posted"),
    ]
    stored = await all_events(database)
    assert stored == transaction.events[:2]
    assert stored[1].payload == {"big": 2**80, "text": "ü\\u0000\n"}


async def test_rollback_leaves_no_gap(database):
    """What is taken back never had a number."""

    async def fail():
        async with database.transaction() as transaction:
            transaction.emit("jobs", "posted", {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with database.transaction() as transaction:
        transaction.emit("jobs", "posted", {})
    assert [event.seq for event in transaction.events] == [1]
    async with database.transaction() as transaction:
        assert await last_seq(transaction, "jobs") == 1
        assert await last_seq(transaction, "nothing") == 0


async def test_late_appender_waits(database):
    """A transaction that appends while another has not committed waits, and numbers on."""
    released = asyncio.Event()

    async def slow():
        async with database.transaction() as transaction:
            transaction.emit("jobs", "first", {})
            await transaction._append_events()
            released.set()
            await asyncio.sleep(0.3)

    async def fast():
        await released.wait()
        started = time.monotonic()
        async with database.transaction() as transaction:
            transaction.emit("jobs", "second", {})
        return time.monotonic() - started

    _, waited = await asyncio.gather(slow(), fast())
    assert waited > 0.2
    assert [event.type for event in await all_events(database)] == ["first", "second"]


async def test_streams_do_not_wait_for_each_other(database):
    """Transactions that append to the same streams in opposite orders never stand in each other's way."""

    async def append(streams):
        for _ in range(20):
            async with database.transaction() as transaction:
                for stream in streams:
                    transaction.emit(stream, "happened", {})

    await asyncio.gather(append(["a", "b", "c"]), append(["c", "b", "a"]), append(["b", "c", "a"]))
    for stream in "abc":
        assert [event.seq for event in await all_events(database, stream)] == list(range(1, 61))


@pytest.mark.parametrize(
    "statement",
    ["UPDATE events SET type = 'x'", "DELETE FROM events", "TRUNCATE events CASCADE"],
)
async def test_append_only(database, statement):
    """The database itself refuses to change or to forget what happened."""
    async with database.transaction() as transaction:
        transaction.emit("jobs", "posted", {})
    with pytest.raises(SQLAlchemyError, match="append-only"):
        async with database.transaction() as transaction:
            await transaction.execute(text(statement))
    assert len(await all_events(database)) == 1


@pytest.mark.parametrize(
    "payload",
    [
        {"text": "nul \x00"},
        {"text": "lone \ud800"},
        {"number": float("nan")},
        {"object": object()},
        {"large": "x" * MAX_PAYLOAD},
    ],
    ids=["nul", "surrogate", "nan", "object", "large"],
)
async def test_refuses_what_cannot_be_kept(database, payload):
    """A payload that could not be read back as it was is refused when it is emitted, not when it is committed."""
    async with database.transaction() as transaction:
        with pytest.raises(ValidationFailed):
            transaction.emit("jobs", "posted", payload)


@pytest.mark.parametrize("stream", ["", "x" * 201, "line\nbreak", "ü"])
async def test_refuses_stream_names(database, stream):
    """A stream's name and an event's type are short and plain."""
    async with database.transaction() as transaction:
        with pytest.raises(ValidationFailed):
            transaction.emit(stream, "posted", {})
        with pytest.raises(ValidationFailed):
            transaction.emit("jobs", stream, {})


class Watcher:
    """Reads a stream over and over, and complains as soon as it sees a gap or a change of what it has seen."""

    def __init__(self, database, stream):
        self._database = database
        self._stream = stream
        self.seen = []

    async def look(self):
        """Reads everything once."""
        events = await all_events(self._database, self._stream)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert events[: len(self.seen)] == self.seen
        self.seen = events

    async def watch(self):
        """Reads until it is cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(0.01)


steps = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from("abc"), st.integers(1, 3), min_size=1),  # stream: events
        st.sampled_from(["commit", "commit", "raise", "lose the connection"]),
        st.floats(0, 0.005),
    ),
    max_size=6,
)


def test_property_gapless(url):
    """Whatever commits, fails and loses its connection at the same time: readers see 1, 2, 3, ..., and nothing changes."""
    with asyncio.Runner() as runner:
        database = Database(url, pool_size=8)

        @given(programs=st.lists(steps, min_size=1, max_size=4))
        def check(programs):
            # The examples share a database, so each has streams of its own.
            runner.run(_play(database, uuid4().hex, programs))

        check()
        runner.run(database.close())


async def _play(database, example, programs):
    committed = Counter()

    async def run(program):
        for streams, outcome, pause in program:
            try:
                async with database.transaction() as transaction:
                    for stream, number in streams.items():
                        for _ in range(number):
                            transaction.emit(f"{example} {stream}", "happened", {})
                    await transaction._append_events()
                    await asyncio.sleep(pause)
                    if outcome == "raise":
                        raise ZeroDivisionError
                    if outcome == "lose the connection":
                        await transaction.execute(_LOSE)
            except (ZeroDivisionError, DatabaseUnavailable):
                continue
            committed.update(streams)

    watchers = {stream: Watcher(database, f"{example} {stream}") for stream in "abc"}
    watching = [asyncio.create_task(watcher.watch()) for watcher in watchers.values()]
    await asyncio.gather(*map(run, programs))
    for task in watching:
        task.cancel()
    outcomes = await asyncio.gather(*watching, return_exceptions=True)
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes), outcomes
    for stream, watcher in watchers.items():
        await watcher.look()
        assert len(watcher.seen) == committed[stream]


async def test_killed_writers(database, url):
    """Processes are killed while they write: each event has its effect, each effect its event, and no number is missing."""
    ask(url, "CREATE TABLE effects (id text PRIMARY KEY)")
    address = url.render_as_string(hide_password=False)
    watcher = Watcher(database, "jobs")
    watching = asyncio.create_task(watcher.watch())
    with child("emit", address, "a") as one, child("emit", address, "b") as two:
        for writer in (one, two):
            await asyncio.to_thread(writer.says, "emitting")
        await asyncio.sleep(random.uniform(0.1, 0.3))
        one.kill()
        await asyncio.sleep(random.uniform(0.0, 0.1))
        two.kill()
    watching.cancel()
    await asyncio.wait([watching])
    assert watching.cancelled()
    # A transaction of the dead may still be on its way: a new one queues behind it.
    async with database.transaction() as transaction:
        transaction.emit("jobs", "last", {})
        transaction.emit("others", "last", {})
    for stream in ("jobs", "others"):
        events = await all_events(database, stream)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        told = [event.payload["id"] for event in events if event.type == "happened"]
        assert sorted(told) == sorted(row[0] for row in ask(url, "SELECT id FROM effects"))
        assert len(told) > 10


async def test_server_process_killed(database, url):
    """Postgres loses one of its own processes and recovers: what was committed is there, and the numbers go on."""
    async with database.transaction() as transaction:
        transaction.emit("jobs", "before", {})
    with psycopg.connect(connection_string(url)) as victim:
        os.kill(victim.info.backend_pid, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):  # noqa: PT012 (until it fails)
            # Postgres restarts all its processes: shared memory may be damaged.
            while True:
                victim.execute("SELECT 1")
    for _ in range(200):
        try:
            async with database.transaction() as transaction:
                transaction.emit("jobs", "after", {})
            break
        except DatabaseUnavailable:
            await asyncio.sleep(0.05)
    assert [event.type for event in await all_events(database)] == ["before", "after"]
