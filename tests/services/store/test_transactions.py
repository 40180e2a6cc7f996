"""Transactions: all or nothing, and one honest word about which."""

import asyncio
import socket

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from provenwork.core.errors import (
    CommitUnknown,
    DatabaseConflict,
    DatabaseError,
    DatabaseUnavailable,
)
from provenwork.store import Database, database_url, open_database
from tests.services.store.harness import ask

pytestmark = pytest.mark.anyio

_ADD = text("INSERT INTO effects VALUES (:id)")


@pytest.fixture(autouse=True)
def effects(url):
    """A table for effects."""
    ask(url, "CREATE TABLE effects (id text PRIMARY KEY)")
    return lambda: [row[0] for row in ask(url, "SELECT id FROM effects ORDER BY id")]


async def add(database, *names):
    """One transaction with these effects, and an event for each."""
    async with database.transaction() as transaction:
        for name in names:
            await transaction.execute(_ADD, {"id": name})
            transaction.emit("jobs", "added", {"id": name})


async def test_all_or_nothing(database, effects):
    """A block that raises leaves nothing behind; one that ends leaves everything."""
    await add(database, "a", "b")
    with pytest.raises(IntegrityError):
        await add(database, "c", "a")
    assert effects() == ["a", "b"]


async def test_cancelled_block_is_taken_back(database, effects):
    """A task that is cancelled in the middle leaves nothing behind, and its connection is fit for the next."""
    inside = asyncio.Event()

    async def work():
        async with database.transaction() as transaction:
            await transaction.execute(_ADD, {"id": "a"})
            inside.set()
            await transaction.execute(text("SELECT pg_sleep(60)"))

    task = asyncio.create_task(work())
    await inside.wait()
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.wait([task], timeout=10)
    assert task.cancelled()
    await add(database, "b")
    assert effects() == ["b"]


async def test_read_only(database, effects):
    """A transaction that only reads cannot write."""
    with pytest.raises(DatabaseUnavailable, match="read-only"):
        async with database.transaction(read_only=True) as transaction:
            await transaction.execute(_ADD, {"id": "a"})
    assert effects() == []
    await add(database, "b")


@pytest.mark.parametrize(("moment", "happened"), [("before", []), ("after", ["a"])])
async def test_commit_unknown(proxy, effects, moment, happened):
    """The connection is cut while committing: nobody can say whether it happened, and it may be either."""
    async with Database(proxy.url, pool_size=1) as database:
        await database.readiness()
        proxy.lose_commit = moment
        with pytest.raises(CommitUnknown):
            await add(database, "a")
        proxy.lose_commit = ""
        assert effects() == happened
        # The connection that was lost does no harm to the next transaction.
        await add(database, "b")
    assert effects() == [*happened, "b"]


async def test_connection_cut(proxy, effects):
    """The connection is cut before the commit: nothing has happened, and it says so."""
    async with Database(proxy.url, pool_size=1) as database:
        with pytest.raises(DatabaseUnavailable):  # noqa: PT012
            async with database.transaction() as transaction:
                await transaction.execute(_ADD, {"id": "a"})
                proxy.cut()
                await transaction.execute(_ADD, {"id": "b"})
        assert effects() == []
        await add(database, "c")
    assert effects() == ["c"]


async def test_idle_connections_cut(proxy, effects):
    """Connections that were lost while nobody used them, as in a restart of the database, are noticed by nobody."""
    async with Database(proxy.url, pool_size=3) as database:
        await asyncio.gather(*(add(database, name) for name in "abc"))
        proxy.cut()
        await asyncio.gather(*(add(database, name) for name in "def"))
    assert effects() == list("abcdef")


async def test_unreachable(proxy):
    """A database that is not there is unavailable, also for readiness, which says why."""
    proxy.closed = True
    async with Database(proxy.url) as database:
        with pytest.raises(DatabaseUnavailable):
            await add(database, "a")
        readiness = await database.readiness()
        assert not readiness.ready
        assert "does not answer" in readiness.problem
        proxy.closed = False
        assert (await database.readiness()).ready


async def test_silent_database(url):
    """A database that accepts a connection and then says nothing does not hold up readiness."""
    with socket.create_server(("127.0.0.1", 0)) as hung:
        address = url.set(host="127.0.0.1", port=hung.getsockname()[1], query={})
        async with Database(address) as database:
            readiness = await database.readiness(timeout=0.2)
    assert readiness.problem == "the database does not answer within 0.2 s"


async def test_deadlock(database, effects):
    """Of two transactions that wait for each other one is told to try again, and nothing of it has happened."""
    await add(database, "a", "b")
    update = text("UPDATE effects SET id = id WHERE id = :id")
    both_hold = asyncio.Barrier(2)

    async def lock(first, second):
        async with database.transaction() as transaction:
            await transaction.execute(update, {"id": first})
            await both_hold.wait()
            await transaction.execute(update, {"id": second})
            await transaction.execute(_ADD, {"id": f"{first}{second}"})

    outcomes = await asyncio.gather(lock("a", "b"), lock("b", "a"), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "DatabaseConflict",
        "NoneType",
    ]
    assert len(effects()) == 3


async def test_lock_timeout(url, database, effects):
    """Nobody waits for a lock for ever."""
    await add(database, "a")
    update = text("UPDATE effects SET id = id")
    async with Database(url, lock_timeout=0.1) as hasty, database.transaction() as holder:
        await holder.execute(update)
        with pytest.raises(DatabaseConflict, match="lock timeout"):
            async with hasty.transaction() as transaction:
                await transaction.execute(update)


async def test_statement_timeout(url):
    """No statement runs for ever."""
    async with Database(url, statement_timeout=0.1) as database:
        with pytest.raises(DatabaseConflict, match="statement timeout"):
            async with database.transaction() as transaction:
                await transaction.execute(text("SELECT pg_sleep(10)"))


async def test_idle_transaction(url, effects):
    """A transaction that nobody goes on with is ended by Postgres, with its locks, and nothing of it has happened."""
    async with Database(url, idle_timeout=0.1) as database:
        with pytest.raises(DatabaseUnavailable):  # noqa: PT012
            async with database.transaction() as transaction:
                await transaction.execute(_ADD, {"id": "a"})
                await asyncio.sleep(0.4)
                await transaction.execute(_ADD, {"id": "b"})
    assert effects() == []


async def test_all_connections_busy(url):
    """Who finds all connections in use waits, and is then told so."""
    async with Database(url, pool_size=1, lock_timeout=0.1) as database, database.transaction():
        with pytest.raises(DatabaseUnavailable, match="in use"):
            async with database.transaction():
                pass


async def test_time_of_the_database(database):
    """`now` is the moment of the question, not of the transaction's beginning."""
    async with database.transaction() as transaction:
        first = await transaction.now()
        await asyncio.sleep(0.05)
        assert (await transaction.now() - first).total_seconds() >= 0.05
        assert first.utcoffset().total_seconds() == 0


async def test_no_secrets(url):
    """Neither the password nor the values of a statement are in what is printed or logged."""
    with_password = url.set(password="hunter2")
    async with Database(with_password) as database:
        assert "hunter2" not in repr(database)
        with pytest.raises(IntegrityError) as raised:  # noqa: PT012
            async with database.transaction() as transaction:
                for _ in range(2):
                    await transaction.execute(
                        text("INSERT INTO effects SELECT 'a' WHERE :value <> ''"),
                        {"value": "my secret"},
                    )
    assert "my secret" not in str(raised.value)


@pytest.mark.parametrize(
    "address", ["sqlite:///x", "mysql://u:hunter2@h/d", "hunter2", "", "postgresql+asyncpg://h/d"]
)
def test_other_databases(address):
    """There is one kind of database; any other address is refused, and not repeated."""
    with pytest.raises(DatabaseError) as raised:
        database_url(address)
    assert "hunter2" not in str(raised.value)
    assert "postgresql://" in raised.value.hint


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_usual_spellings(scheme):
    """All usual spellings of the address mean the same."""
    assert str(database_url(f"{scheme}://u@h/d")) == "postgresql+psycopg://u@h/d"


async def test_open_by_address(url):
    """A database of one's own is opened by its address."""
    async with open_database(url.render_as_string(hide_password=False)) as database:
        assert (await database.readiness()).ready


async def test_disk_full(url, database, small_disk, effects):
    """The disk is full: nothing has happened, it says so, and once there is room it goes on."""
    ask(url, f"CREATE TABLESPACE small LOCATION '{small_disk}'")
    try:
        ask(url, "CREATE TABLE large (content text STORAGE EXTERNAL) TABLESPACE small")
        fill = text("INSERT INTO large SELECT repeat(:id, 1000000) FROM generate_series(1, 20)")
        with pytest.raises(DatabaseUnavailable, match="No space left"):  # noqa: PT012
            async with database.transaction() as transaction:
                await transaction.execute(_ADD, {"id": "a"})
                transaction.emit("jobs", "added", {})
                await transaction.execute(fill, {"id": "x"})
        assert effects() == []
        ask(url, "DROP TABLE large")
        await add(database, "b")
        assert effects() == ["b"]
    finally:
        ask(url, "DROP TABLE IF EXISTS large")
        ask(url, "DROP TABLESPACE small")
