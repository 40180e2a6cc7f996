"""One embedded Postgres per worker, a fresh database per test, and a clock of the database's that tests can move."""

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL

from provenwork.store import Database, EmbeddedServer, migrate
from tests.services.store.harness import (
    DatabaseClock,
    Proxy,
    connection_string,
    new_database,
    server_is_gone,
    small_disk_of,
    wait_until,
)

# Nothing here asks a chain: these take the place of what prepares one for every other test.


@pytest.fixture(scope="session", autouse=True)
def direct_connection() -> None:
    """No chain."""


@pytest.fixture(scope="module", autouse=True)
def isolated_file() -> None:
    """No chain."""


@pytest.fixture(autouse=True)
def isolated_test() -> None:
    """No chain."""


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The event loop of the services."""
    return "asyncio"


@pytest.fixture(scope="session")
def data_folder() -> Iterator[Callable[[], Path]]:
    """Makes folders that Postgres may enter also if it does not run as the tests' own user."""
    folders = []

    def make() -> Path:
        folder = Path(tempfile.mkdtemp(prefix="provenwork-test-", dir=_quick_folder()))
        folder.chmod(0o711)
        folders.append(folder)
        return folder / "data"

    yield make
    for folder in folders:
        wait_until(lambda folder=folder: server_is_gone(folder / "data"))
        shutil.rmtree(folder)


def _quick_folder() -> str | None:
    """Memory, where there is enough of it: a database is copied for every test."""
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2**31:
        return str(memory)
    return None


@pytest.fixture(scope="session")
def server(data_folder: Callable[[], Path]) -> Iterator[EmbeddedServer]:
    """The worker's Postgres. It does not wait for the disk: what is killed here are processes, not machines."""
    with EmbeddedServer(data_folder()) as running:
        with psycopg.connect(connection_string(running.url), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("ALTER SYSTEM SET full_page_writes = off")
            connection.execute("SELECT pg_reload_conf()")
        yield running


@pytest.fixture(scope="session")
def template(server: EmbeddedServer) -> str:
    """A database with all tables, from which the others are copied."""
    url = new_database(server.url, template="template0")
    migrate(url)
    return str(url.database)


@pytest.fixture
def url(server: EmbeddedServer, template: str) -> Iterator[URL]:
    """A database of the test's own."""
    fresh = new_database(server.url, template=template)
    yield fresh
    with psycopg.connect(connection_string(server.url), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{fresh.database}" WITH (FORCE)')


@pytest.fixture
async def database(url: URL) -> AsyncIterator[Database]:
    """The test's own database, ready to be used."""
    async with Database(url, pool_size=8, lock_timeout=5.0) as opened:
        yield opened


@pytest.fixture
def database_clock(url: URL) -> DatabaseClock:
    """The clock of the test's own database; take it before `database`."""
    return DatabaseClock.install(url)


@pytest.fixture
async def proxy(url: URL) -> AsyncIterator[Proxy]:
    """A network between the test and its database, which can be cut."""
    async with Proxy(url) as network:
        yield network
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.sleep(0)


@pytest.fixture
def small_disk(server: EmbeddedServer) -> Iterator[Path]:
    """A folder on a disk of eight megabytes."""
    with small_disk_of("8m", "0700") as folder:
        cluster = (server.data / "cluster").stat()
        os.chown(folder, cluster.st_uid, cluster.st_gid)
        yield folder
