"""Following streams: every event, in order, once, from anywhere, whatever happens to the connection."""

import asyncio
import time
from contextlib import AsyncExitStack

import psycopg
import pytest

from provenwork.core.errors import DatabaseError, InvalidState
from provenwork.store import Database, Feed
from tests.services.store.harness import ask, connection_string, wait_for

pytestmark = pytest.mark.anyio


async def emit(database, *numbers, stream="jobs"):
    """Events with these numbers, in one transaction."""
    async with database.transaction() as transaction:
        for number in numbers:
            transaction.emit(stream, "happened", {"n": number})


class Follower:
    """Collects what it is told."""

    def __init__(self, feed, stream="jobs", *, after=0, pause=0.0):
        self.seqs = []
        self._task = asyncio.create_task(self._run(feed, stream, after, pause))

    async def _run(self, feed, stream, after, pause):
        async with feed.follow(stream, after=after) as events:
            async for event in events:
                self.seqs.append(event.seq)
                await asyncio.sleep(pause)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        self._task.cancel()
        await asyncio.wait([self._task])

    async def has(self, last, *, first=1):
        """Waits until it has everything up to a number, in order and once."""
        await wait_for(lambda: len(self.seqs) >= last - first + 1)
        assert self.seqs == list(range(first, last + 1))


async def test_from_the_beginning(database):
    """A follower gets what there is, page by page, and then what comes."""
    await emit(database, *range(25))
    async with Feed(database, page=10) as feed, Follower(feed) as follower:
        await follower.has(25)
        await emit(database, 25)
        await follower.has(26)


async def test_from_a_number(database):
    """A follower goes on after the number that it has."""
    await emit(database, *range(10))
    async with Feed(database) as feed, Follower(feed, after=7) as follower:
        await follower.has(10, first=8)
        await emit(database, 10)
        await follower.has(11, first=8)


async def test_before_the_first_event(database):
    """A stream can be followed before it has any event."""
    async with Feed(database) as feed, Follower(feed) as follower:
        await asyncio.sleep(0.1)
        await emit(database, 1, stream="others")
        await emit(database, 1)
        await follower.has(1)


async def test_number_of_another_database(database):
    """A number that the stream has not reached is of another database: the follower must begin anew, and is told so."""
    await emit(database, 1)
    async with Feed(database) as feed:
        with pytest.raises(InvalidState, match="ends at 1"):
            async with feed.follow("jobs", after=2) as events:
                await anext(events)


async def test_ahead_of_the_reader(database):
    """A number that another process has told is taken, also before this process has seen it."""
    async with Feed(database, poll=0.1) as feed, Follower(feed) as first:
        await emit(database, 1)
        await first.has(1)
        # No word comes of this one.
        ask(database.url, "UPDATE streams SET seq = 2")
        ask(database.url, "INSERT INTO events VALUES ('jobs', 2, 'happened', '{}', now())")
        async with Follower(feed, after=2) as second:
            await emit(database, 3)
            await second.has(3, first=3)


async def test_word_comes_at_once(database):
    """A follower hears of an event within moments of its commit, not at the next look."""
    async with Feed(database, poll=60) as feed, Follower(feed) as follower:
        await emit(database, 1)
        await follower.has(1)
        await feed._listener.connected.wait()
        started = time.monotonic()
        await emit(database, 2)
        await follower.has(2)
        assert time.monotonic() - started < 2


async def test_without_word(database):
    """An event of which no word came is found at the next look."""
    async with Feed(database, poll=0.1) as feed, Follower(feed) as follower:
        await emit(database, 1)
        await follower.has(1)
        ask(database.url, "UPDATE streams SET seq = 2")
        ask(database.url, "INSERT INTO events VALUES ('jobs', 2, 'happened', '{}', now())")
        await follower.has(2)


async def test_slow_follower(database):
    """A follower that falls out of memory reads on from the database, and misses nothing; others are not slowed."""
    async with (
        Feed(database, recent=5, page=7) as feed,
        Follower(feed, pause=0.05) as slow,
        Follower(feed) as fast,
    ):
        for number in range(40):
            await emit(database, number)
        await fast.has(40)
        assert len(slow.seqs) < 40
        await slow.has(40)


async def test_many_followers(database):
    """Two hundred followers from different numbers each get theirs, with one reader between them."""
    await emit(database, *range(50))
    async with Feed(database, recent=20) as feed, AsyncExitStack() as stack:
        followers = [
            (after, await stack.enter_async_context(Follower(feed, after=after)))
            for after in [*range(50)] * 4
        ]
        await asyncio.sleep(0.2)
        assert len([t for t in asyncio.all_tasks() if t.get_name() == "events of jobs"]) == 1
        await emit(database, *range(10))
        for after, follower in followers:
            await follower.has(60, first=after + 1)


async def test_nothing_is_left(database):
    """With its last follower a stream's reader goes; with the feed, everything."""
    async with Feed(database) as feed:
        async with Follower(feed):
            await wait_for(lambda: feed._channels)
        assert not feed._channels
        follower = Follower(feed)
        await asyncio.sleep(0.1)
    follower._task.cancel()
    await asyncio.wait([follower._task])
    names = {task.get_name() for task in asyncio.all_tasks()}
    assert not names & {"listener", "events of jobs"}


async def test_cut_connections(database, proxy):
    """Connections are cut again and again while events come: none is missed, none comes twice."""
    async with (
        Database(proxy.url, pool_size=3) as over_network,
        Feed(over_network, poll=60) as feed,
        Follower(feed) as follower,
    ):
        for number in range(30):
            await emit(database, number)
            if number % 10 == 5:
                proxy.cut()
            await asyncio.sleep(0.01)
        await follower.has(30)


async def test_database_away(database, proxy):
    """The database is away for a while: the follower waits, and then goes on."""
    async with (
        Database(proxy.url, pool_size=3) as over_network,
        Feed(over_network, poll=60) as feed,
        Follower(feed) as follower,
    ):
        await emit(database, 1)
        await follower.has(1)
        proxy.closed = True
        proxy.cut()
        await emit(database, 2)
        await asyncio.sleep(0.5)
        assert follower.seqs == [1]
        proxy.closed = False
        await follower.has(2)


async def test_terminated_by_the_server(database):
    """The server ends all connections of the feed, as it does when it is shut down: the feed goes on."""
    async with Feed(database, poll=60) as feed, Follower(feed) as follower:
        await emit(database, 1)
        await follower.has(1)
        with psycopg.connect(connection_string(database.url), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        await emit(database, 2)
        await follower.has(2)


async def test_damaged_log(database):
    """A gap that somebody made by hand is not passed over in silence."""
    async with Feed(database, poll=0.1) as feed, feed.follow("jobs") as events:
        await emit(database, 1)
        assert (await anext(events)).seq == 1
        ask(database.url, "UPDATE streams SET seq = 3")
        ask(database.url, "INSERT INTO events VALUES ('jobs', 3, 'happened', '{}', now())")
        with pytest.raises(DatabaseError, match="has no event 2"):
            await anext(events)


async def test_unexpected_failure(database):
    """Whatever goes wrong in the reader, its followers hear of it instead of waiting for ever."""
    async with Feed(database, poll=0.1) as feed, feed.follow("jobs") as events:
        await emit(database, 1)
        assert (await anext(events)).seq == 1
        ask(database.url, "DROP TABLE events CASCADE")
        with pytest.raises(Exception, match="events"):
            await anext(events)
