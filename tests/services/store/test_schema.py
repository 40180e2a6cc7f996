"""The tables: from nothing, from every earlier version, by several at once, and never beyond what this program knows."""

import asyncio

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from provenwork.core.errors import DatabaseUnavailable, SchemaMismatch
from provenwork.store import Database, database_url, migrate
from provenwork.store._schema import expected_revision, revisions
from provenwork.store.tables import metadata
from tests.services.store.harness import ask, new_database

pytestmark = pytest.mark.anyio

# What the tables of each version may already hold when the next one comes.
CONTENTS = {
    "0001": [
        "INSERT INTO streams VALUES ('jobs', 1)",
        "INSERT INTO events VALUES ('jobs', 1, 'posted', '{\"jobId\": \"7\"}', now())",
    ],
    "0002": [
        """INSERT INTO idempotency_keys VALUES
        ('alice', 'POST', '/jobs', 'key', sha256(''), 201, 'application/json', '{}', now())"""
    ],
    "0003": [
        "INSERT INTO outbox VALUES (gen_random_uuid(), 'mail', '{}', now(), now(), 1, 'late')"
    ],
    "0004": ["INSERT INTO leases VALUES ('job', 'alice', 3, now())"],
    "0005": [
        """INSERT INTO transactions (id, chain_id, sender, key, to_address, value, data, purpose, state, nonce, enqueued_at)
        VALUES ('00000000-0000-0000-0000-000000000001', 8453, '0xA', 'pay/7', '0xB', 1, '', '', 'sent', 0, now())""",
        """INSERT INTO transaction_attempts VALUES ('0xC', '00000000-0000-0000-0000-000000000001', 1, false, '', 2, 1,
        now(), 0, now(), '')""",
    ],
    "0006": [
        "INSERT INTO chain_cursors VALUES ('chain.8453', 8453, '{}', 8, '0xA', 6, 3)",
        "INSERT INTO chain_blocks VALUES ('chain.8453', 7, '0xA', 4, 5)",
    ],
    "0007": ["INSERT INTO rate_buckets VALUES ('0a', 1.5, now(), now())"],
    "0008": ["INSERT INTO sender_accounts VALUES (8453, '0xA', 7)"],
}


@pytest.fixture
def empty(server):
    """A database without tables."""
    url = new_database(server.url, template="template0")
    yield url
    ask(server.url, f'DROP DATABASE "{url.database}" WITH (FORCE)')


def differences(url):
    """What the tables in a database lack, or have too much, compared with what the code says."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def contents(url, tables):
    """All rows of some tables."""
    return {table: ask(url, f"SELECT * FROM {table}") for table in tables}


def fill(url, upto):
    """Rows for every table that there is at a version; returns the tables."""
    for revision in revisions()[: revisions().index(upto) + 1]:
        for statement in CONTENTS[revision]:
            ask(url, statement)
    question = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
    return [row[0] for row in ask(url, question)]


def test_from_nothing(empty):
    """An empty database gets exactly the tables that the code works with, and a second time nothing happens."""
    assert migrate(empty) == ""
    assert differences(empty) == []
    assert migrate(empty) == expected_revision()


def test_differences_are_seen(empty):
    """The comparison that the test above rests on sees a missing column."""
    migrate(empty)
    ask(empty, "ALTER TABLE leases DROP COLUMN holder")
    assert len(differences(empty)) == 1


@pytest.mark.parametrize("revision", revisions())
def test_from_every_version(empty, revision):
    """From each version, with rows in all of its tables, the way leads to the newest, and no row is lost."""
    migrate(empty, revision)
    tables = fill(empty, revision)
    before = contents(empty, tables)
    assert all(before.values())
    assert migrate(empty) == revision
    assert contents(empty, tables) == before
    assert differences(empty) == []


def test_every_version_has_contents():
    """Whoever adds a version says what its tables may hold."""
    assert tuple(CONTENTS) == revisions()


async def test_several_at_once(empty):
    """Replicas that start together migrate once."""
    found = await asyncio.gather(*(asyncio.to_thread(migrate, empty) for _ in range(4)))
    assert sorted(found) == ["", *[expected_revision()] * 3]
    assert differences(empty) == []


def test_failure_leaves_nothing(empty):
    """A migration that fails halfway has done nothing."""
    ask(empty, "CREATE TABLE outbox (mine text)")
    with pytest.raises(Exception, match="already exists"):
        migrate(empty)
    assert ask(empty, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(1,)]


async def test_missing_tables(empty):
    """A database without tables is not ready, and says what to do."""
    async with Database(empty) as database:
        with pytest.raises(SchemaMismatch) as raised:
            await database.require_ready()
    assert "no tables" in str(raised.value)
    assert raised.value.hint == "Run: provenwork database migrate"


async def test_old_tables(empty):
    """A database of an earlier version is not ready."""
    migrate(empty, "0001")
    async with Database(empty) as database:
        assert "version 0001" in (await database.readiness()).problem


async def test_newer_tables(empty):
    """Tables of a newer program are neither used nor touched."""
    migrate(empty)
    ask(empty, "UPDATE alembic_version SET version_num = '9999'")
    async with Database(empty) as database:
        assert "9999" in (await database.readiness()).problem
    with pytest.raises(SchemaMismatch, match="does not know"):
        migrate(empty)


def test_unreachable():
    """A database that is not there is said to be unavailable."""
    with pytest.raises(DatabaseUnavailable):
        migrate(database_url("postgresql://nobody@127.0.0.1:1/nothing"))
