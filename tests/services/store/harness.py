"""Databases, a network that can be cut, a clock that can be moved, and children that can be killed."""

import asyncio
import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import URL

ROOT = Path(__file__).parents[3]


def connection_string(url: URL) -> str:
    """The address as psycopg takes it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def new_database(server: URL, *, template: str) -> URL:
    """A new database, and its address."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(connection_string(server), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return server.set(database=name)


def ask(url: URL, question: str, *values: Any) -> list[tuple[Any, ...]]:
    """What a statement returns, on a connection of its own."""
    with psycopg.connect(connection_string(url), autocommit=True) as connection:
        cursor = connection.execute(question, values or None)
        return cursor.fetchall() if cursor.description else []


def wait_until(condition: Callable[[], object], *, seconds: float = 20.0) -> None:
    """Returns once something is true.

    Raises:
        AssertionError: It does not become true in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not true within {seconds:g} s"
        time.sleep(0.02)


async def wait_for(condition: Callable[[], object], *, seconds: float = 20.0) -> None:
    """As `wait_until`, while other tasks go on."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not true within {seconds:g} s"
        await asyncio.sleep(0.02)


@contextmanager
def small_disk_of(size: str, mode: str) -> Iterator[Path]:
    """A folder on a disk of its own that can be filled, such as 8m.

    Only a file system with an end says "no space left" as a full disk does: a quota or a limit of file sizes is another
    error, of which Postgres does other things. Mounting one takes root. Where that is missing the test is skipped, and
    pytest's summary says so: such a run shows nothing about full disks.
    """
    folder = Path(tempfile.mkdtemp(prefix="provenwork-test-"))
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode={mode}", "none", folder]
    if os.geteuid() or subprocess.run(command, check=False, capture_output=True).returncode:
        folder.rmdir()
        pytest.skip("making a small disk takes the right to mount one")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)
        folder.rmdir()


# ------------------------------------------------------------------------------------------------- embedded servers


def postmaster(data: Path) -> int | None:
    """The process that serves a data folder; None if none does."""
    try:
        pid = int((data / "cluster" / "postmaster.pid").read_text().splitlines()[0])
    except (FileNotFoundError, IndexError):
        return None
    return pid if Path(f"/proc/{pid}").exists() else None


def keeper(data: Path) -> int | None:
    """The process that keeps the server of a data folder."""
    found = processes_of(b"_keeper.py", data)
    return found[0] if found else None


def processes_of(program: bytes, folder: Path) -> list[int]:
    """The processes that run a program, by the end of its name, on a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit():
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if os.fsencode(folder) in words and any(word.endswith(program) for word in words):
                    found.append(int(entry.name))
    return found


def server_is_gone(data: Path) -> bool:
    """Whether neither the server of a folder nor its keeper is left."""
    if not (data / "keeper.lock").exists():
        return True
    with (data / "keeper.lock").open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return postmaster(data) is None


# ------------------------------------------------------------------------------------------------------------ clock


@dataclass(frozen=True)
class DatabaseClock:
    """The clock of one database, which stands still until it is moved.

    A function of our own stands before Postgres's in the search path: whatever asks for the database's time gets this one,
    and this machine's clock stays what it is.
    """

    url: URL

    @classmethod
    def install(cls, url: URL) -> Self:
        """Stops the clock of a database, for all connections made from now on."""
        ask(url, "CREATE SCHEMA moved")
        ask(url, "CREATE TABLE moved.now AS SELECT pg_catalog.clock_timestamp() AS at")
        ask(
            url,
            "CREATE FUNCTION moved.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE"
            " AS 'SELECT at FROM moved.now'",
        )
        ask(url, f'ALTER DATABASE "{url.database}" SET search_path = moved, pg_catalog, public')
        return cls(url)

    def advance(self, seconds: float) -> None:
        """Moves it, forward or back."""
        ask(self.url, "UPDATE moved.now SET at = at + make_interval(secs => %s)", seconds)


# ---------------------------------------------------------------------------------------------------------- network


class Proxy:
    """Stands between a client and Postgres on a TCP port, and can lose what passes.

    `cut()` ends all connections. `lose_commit` says what becomes of the next COMMIT: "before" it arrives, or "after" it
    was carried out, the connection is cut.
    """

    def __init__(self, server: URL) -> None:
        query = dict(server.query)
        self._target = f"{query['host']}/.s.PGSQL.{query['port']}"
        self._server = server
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.lose_commit = ""
        self.closed = False
        """Whether new connections are refused."""

    @property
    def url(self) -> URL:
        """The database's address through the proxy."""
        port = self._listening.sockets[0].getsockname()[1]
        return self._server.set(host="127.0.0.1", port=port, query={})

    async def __aenter__(self) -> Self:
        self._listening = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listening.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Ends all connections, without a word."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        self._writers.add(writer)
        upstream = None
        try:
            if self.closed:
                return
            from_server, upstream = await asyncio.open_unix_connection(self._target)
            self._writers.add(upstream)
            await asyncio.gather(
                self._forward(reader, upstream, asks=True),
                self._forward(from_server, writer, asks=False),
            )
        except OSError:
            pass
        finally:
            for end in (writer, upstream):
                if end is not None:
                    self._writers.discard(end)
                    end.transport.abort()
            self._tasks.discard(task)

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, asks: bool
    ) -> None:
        while data := await reader.read(65_536):
            commits = asks and b"COMMIT\0" in data
            if commits and self.lose_commit == "before":
                self.cut()
                return
            if not asks and self.lose_commit == "answer":
                # Postgres has answered: it is done. Nobody hears of it.
                self.cut()
                return
            if commits and self.lose_commit == "after":
                self.lose_commit = "answer"
            writer.write(data)
            await writer.drain()
        # One side is gone: so is the other.
        writer.transport.abort()


# --------------------------------------------------------------------------------------------------------- children


class Child:
    """A process of its own that works on a database and says how far it is, line by line."""

    def __init__(
        self, scenario: str, *arguments: object, module: str = "tests.services.store.child"
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, scenario, *map(str, arguments)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    def says(self, line: str) -> str:
        """Waits until the child says a line that begins so; returns the rest of it."""
        assert self.process.stdout
        for said in self.process.stdout:
            if said.startswith(line):
                return said[len(line) :].strip()
        raise AssertionError(f"the child ended ({self.process.wait()}) before it said {line!r}")

    def kill(self) -> None:
        """Ends it at once, with no chance to tidy up."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def freeze(self) -> None:
        """Stops it where it is, as a machine that is swapped out."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets it go on."""
        self.process.send_signal(signal.SIGCONT)


@contextmanager
def child(scenario: str, *arguments: object, **options: str) -> Iterator[Child]:
    """A child, which does not outlive the block; of another `module` if that is said."""
    running = Child(scenario, *arguments, **options)
    try:
        yield running
    finally:
        running.kill()
        for pipe in (running.process.stdin, running.process.stdout):
            assert pipe
            pipe.close()
