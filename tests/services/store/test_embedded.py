"""The embedded Postgres: one server per folder, for as long as somebody uses it, whoever is killed."""

import asyncio
import fcntl
import os
import signal
import subprocess
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pytest

from provenwork.core.errors import DatabaseUnavailable, EmbeddedServerError
from provenwork.store import EmbeddedServer, default_data_folder, open_database
from provenwork.store import _embedded as embedded
from tests.services.store.harness import (
    ask,
    child,
    connection_string,
    keeper,
    postmaster,
    processes_of,
    server_is_gone,
    small_disk_of,
    wait_until,
)

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def made(data_folder):
    """A data folder in which a server ran before, and a table with one row."""
    folder = data_folder()
    with EmbeddedServer(folder) as server:
        ask(server.url, "CREATE TABLE kept AS SELECT 1 AS n")
    return folder


@pytest.fixture
def data(made):
    """That folder, in which nothing runs before the test, and nothing after it."""
    wait_until(lambda: server_is_gone(made))
    yield made
    wait_until(lambda: server_is_gone(made))


def rows(server):
    """What is in the table."""
    return ask(server.url, "SELECT n FROM kept")


def answers(server):
    """Whether it takes connections."""
    try:
        return bool(ask(server.url, "SELECT 1"))
    except (psycopg.OperationalError, EmbeddedServerError):
        return False


def test_keeps_what_was_committed(data):
    """What one run commits, the next one finds."""
    with EmbeddedServer(data) as server:
        assert rows(server) == [(1,)]


def test_ends_with_its_last_user(data):
    """Several users share one server; it ends when the last one leaves, and not before."""
    with EmbeddedServer(data) as first:
        with child("use", data) as second, EmbeddedServer(data) as third:
            second.says("uses")
            assert third.url == first.url
            pid = postmaster(data)
        assert rows(first) == [(1,)]
        assert postmaster(data) == pid
    wait_until(lambda: server_is_gone(data))


def test_user_killed(data):
    """A user that is killed leaves: the server ends."""
    with child("use", data) as user:
        user.says("uses")
        assert postmaster(data)
        user.kill()
        wait_until(lambda: server_is_gone(data))


def test_started_by_several_at_once(data):
    """Processes that start at the same moment get the same server."""
    with child("use", data) as one, child("use", data) as two, child("use", data) as three:
        assert len({user.says("uses") for user in (one, two, three)}) == 1


def test_restarted_while_it_ends(data):
    """Who comes while the server ends waits, and gets a new one."""
    for _ in range(5):
        with EmbeddedServer(data) as server:
            assert rows(server) == [(1,)]


def test_keeper_killed(data):
    """The keeper is killed: the server goes on, and the next user brings a keeper, which ends it after the last user."""
    with EmbeddedServer(data) as first:
        pid = postmaster(data)
        os.kill(keeper(data), signal.SIGKILL)
        wait_until(lambda: keeper(data) is None)
        assert rows(first) == [(1,)]
        with EmbeddedServer(data) as second:
            assert rows(second) == [(1,)]
            assert postmaster(data) == pid


def test_everything_killed(data):
    """Keeper and user are killed, and the server is left alone: the next user takes it over, and it ends after that one."""
    with child("use", data) as user:
        user.says("uses")
        os.kill(keeper(data), signal.SIGKILL)
        wait_until(lambda: keeper(data) is None)
        user.kill()
    pid = postmaster(data)
    assert pid
    with EmbeddedServer(data) as server:
        assert rows(server) == [(1,)]
        assert postmaster(data) == pid


async def test_server_killed(data):
    """The server is killed: its keeper starts it again, what was committed is there, and the open database goes on."""
    async with open_database(data=data) as database:
        async with database.transaction() as transaction:
            transaction.emit("jobs", "before", {})
        pid = postmaster(data)
        os.kill(pid, signal.SIGKILL)
        await asyncio.to_thread(wait_until, lambda: postmaster(data) not in {pid, None})
        for _ in range(200):
            try:
                async with database.transaction() as transaction:
                    transaction.emit("jobs", "after", {})
                break
            except DatabaseUnavailable:
                await asyncio.sleep(0.05)
        assert [event.seq for event in transaction.events] == [2]


def test_dies_again_and_again(data):
    """A server that dies again and again is started again each time, after growing pauses, for as long as it is used."""
    with EmbeddedServer(data) as server:
        for _ in range(4):
            wait_until(lambda: answers(server))
            pid = postmaster(data)
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda pid=pid: postmaster(data) != pid)
        wait_until(lambda: answers(server))
        assert rows(server) == [(1,)]


@pytest.fixture
def tiny_disk():
    """A folder on a disk of a hundred megabytes: a fresh cluster takes a third of it."""
    with small_disk_of("100m", "0711") as folder:
        yield folder
        wait_until(lambda: server_is_gone(folder / "data"))
        wait_until(lambda: not processes_of(b"_keeper.py", folder / "data"))


def test_disk_of_the_server_full(tiny_disk):
    """The disk of all its data is full, and Postgres dies of it: once there is room it is back, with what was committed."""
    with EmbeddedServer(tiny_disk / "data") as server:
        ask(server.url, "CREATE TABLE kept AS SELECT -1 AS n")
        balloon = tiny_disk / "balloon"
        with suppress(OSError), balloon.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(65_536))
        committed = []
        with pytest.raises(psycopg.OperationalError):  # noqa: PT012 (until it fails)
            while True:
                ask(server.url, "INSERT INTO kept VALUES (%s)", len(committed))
                committed.append(len(committed))
                # A megabyte for the write-ahead log.
                ask(server.url, "SELECT pg_logical_emit_message(false, '', repeat('x', 1000000))")
        wait_until(lambda: postmaster(tiny_disk / "data") is None)
        # For longer than it is tried at once.
        time.sleep(4)
        balloon.unlink()
        wait_until(lambda: answers(server), seconds=60)
        assert committed
        found = [row[0] for row in ask(server.url, "SELECT n FROM kept ORDER BY n")]
        assert found in ([-1, *committed], [-1, *committed, len(committed)])


def test_initdb_killed(data_folder):
    """A folder whose first start was killed halfway is begun anew."""
    folder = data_folder()
    with child("use", folder) as user:
        wait_until(lambda: list(folder.glob("cluster.new-*/PG_VERSION")))
        os.kill(keeper(folder), signal.SIGKILL)
        with suppress(AssertionError):
            user.says("uses")
    assert not (folder / "cluster").exists()
    (left,) = folder.glob("cluster.new-*")
    with EmbeddedServer(folder) as server:
        assert ask(server.url, "SELECT 1") == [(1,)]
    wait_until(lambda: server_is_gone(folder))
    assert left.exists()
    wait_until(lambda: not processes_of(b"initdb", left))
    # What nobody can be working on any more is removed at the next start.
    os.utime(left, (0, 0))
    with EmbeddedServer(folder):
        assert not left.exists()


def test_number_of_another_process(data):
    """The lock file of a server that is gone names a process that is another's by now: it is not in the way."""
    file = data / "cluster" / "postmaster.pid"
    file.write_text(f"{os.getpid()}\n{data / 'cluster'}\n1\n5432\n{data / 'run'}\n\n1 1\nready\n")
    with EmbeddedServer(data) as server:
        assert rows(server) == [(1,)]
        assert postmaster(data) != os.getpid()


def test_anothers_server(data):
    """A Postgres that somebody else runs on the folder is neither used nor ended."""
    binaries = EmbeddedServer(data)._binaries(*EmbeddedServer(data)._prepare())
    found = (data / "cluster").stat()
    account = {"user": found.st_uid, "group": found.st_gid, "extra_groups": []}
    elsewhere = data / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    os.chown(elsewhere, found.st_uid, found.st_gid)
    foreign = subprocess.Popen(
        [binaries / "postgres", "-D", data / "cluster", "-c", "listen_addresses=", "-k", elsewhere],
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **(account if os.geteuid() == 0 else {}),
    )
    try:
        pid_file = data / "cluster" / "postmaster.pid"
        wait_until(lambda: pid_file.exists() and "ready" in pid_file.read_text())
        with pytest.raises(EmbeddedServerError, match="did not start") as raised:
            EmbeddedServer(data).start()
        assert "pg_ctl stop" in raised.value.hint
        assert foreign.poll() is None
    finally:
        foreign.send_signal(signal.SIGINT)
        foreign.wait()


def test_lock_taken(data, monkeypatch):
    """A lock that somebody holds for too long is named, with what to do about it."""
    monkeypatch.setattr(embedded, "_WAIT", 0.2)
    for name in ("users.lock", "start.lock"):
        with (data / name).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            with pytest.raises(EmbeddedServerError, match=name) as raised:
                EmbeddedServer(data).start()
        assert "fuser" in raised.value.hint


def test_other_version(data_folder):
    """The data of another major version of Postgres is not touched."""
    folder = data_folder()
    (folder / "cluster").mkdir(parents=True)
    (folder / "cluster" / "PG_VERSION").write_text("15\n")
    with pytest.raises(EmbeddedServerError, match="of PostgreSQL 15, and this is 18"):
        EmbeddedServer(folder).start()


def test_damaged_cluster(data_folder):
    """A cluster that Postgres refuses: its own words are in the error, and what to do."""
    folder = data_folder()
    with EmbeddedServer(folder):
        pass
    wait_until(lambda: server_is_gone(folder))
    (folder / "cluster" / "global" / "pg_control").unlink()
    with pytest.raises(EmbeddedServerError, match="pg_control") as raised:
        EmbeddedServer(folder).start()
    assert "log" in raised.value.hint


def test_folder_of_everybody(data_folder):
    """A folder that others may write to is refused."""
    folder = data_folder()
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(EmbeddedServerError, match="others may write") as raised:
        EmbeddedServer(folder).start()
    assert "chmod" in raised.value.hint


def test_no_folder(tmp_path):
    """Where no folder can be, the error says so and what to set."""
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedServerError) as raised:
        EmbeddedServer(tmp_path / "file" / "data").start()
    assert "PROVENWORK_DATA" in raised.value.hint


@pytest.mark.skipif(os.geteuid() != 0, reason="about root")
def test_folder_that_postgres_cannot_enter(tmp_path):
    """As root: a folder below one that only root may enter is refused, before anything is made in it."""
    tmp_path.chmod(0o700)
    with pytest.raises(EmbeddedServerError, match="does not run as root") as raised:
        EmbeddedServer(tmp_path / "data").start()
    assert "PROVENWORK_DATA" in raised.value.hint


@pytest.mark.skipif(os.geteuid() != 0, reason="about root")
def test_programs_that_postgres_cannot_reach(data_folder, monkeypatch):
    """As root: where the installed programs are in a folder of root's alone, a copy of them runs."""
    monkeypatch.setattr(
        embedded, "_may_enter", lambda folder, *_: "site-packages" not in str(folder)
    )
    folder = data_folder()
    with EmbeddedServer(folder) as server:
        assert ask(server.url, "SELECT 1") == [(1,)]
        running = Path(os.readlink(f"/proc/{postmaster(folder)}/exe"))
    assert running.is_relative_to(folder)
    assert (folder.stat().st_uid, running.stat().st_uid) == (0, 0)


def test_long_path(data_folder):
    """A folder whose path is too long for a socket has its socket elsewhere, in a folder of its own."""
    folder = data_folder() / ("x" * 60) / ("y" * 60)
    folder.parent.mkdir(parents=True)
    with EmbeddedServer(folder) as server:
        assert ask(server.url, "SELECT 1") == [(1,)]
        sockets = Path(server.url.query["host"])
    assert not sockets.is_relative_to(folder)
    wait_until(lambda: server_is_gone(folder))
    sockets.rmdir()


def test_path_with_spaces(data_folder):
    """A folder may have any name."""
    folder = data_folder() / 'it\'s, "mine" %s'
    folder.parent.mkdir()
    with EmbeddedServer(folder) as server:
        assert ask(server.url, "SELECT 1") == [(1,)]
        sockets = Path(server.url.query["host"])
    wait_until(lambda: server_is_gone(folder))
    sockets.rmdir()


def test_reachable_by_nobody_else(data):
    """It listens on no network, and its socket is in a folder of one account."""
    with EmbeddedServer(data) as server:
        assert ask(server.url, "SHOW listen_addresses") == [("",)]
        assert Path(server.url.query["host"]).stat().st_mode & 0o077 == 0
        assert Path(data / "cluster").stat().st_mode & 0o077 == 0


def test_durable(data):
    """It waits for the disk, and finds damage: what it says is committed stays."""
    with EmbeddedServer(data) as server:
        for setting in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums"):
            assert ask(server.url, f"SHOW {setting}") == [("on",)]


def test_stop_and_start(data):
    """The same object can be started again; started twice it is started once."""
    server = EmbeddedServer(data)
    with pytest.raises(EmbeddedServerError, match="not started"):
        _ = server.url
    server.start()
    assert server.start() == server.url
    server.stop()
    server.stop()
    with EmbeddedServer(data) as again:
        assert rows(again) == [(1,)]


def test_threads(data):
    """Threads of one process use it side by side."""
    problems = []

    def use():
        try:
            with EmbeddedServer(data) as server:
                assert rows(server) == [(1,)]
        except Exception as problem:  # noqa: BLE001 (the test reads it)
            problems.append(problem)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


async def test_open_database(data, monkeypatch):
    """With no address the embedded server is opened, with its tables; another process finds the same rows."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    async with open_database(data=data) as database:
        assert (await database.readiness()).ready
        with closing(psycopg.connect(connection_string(database.url))) as connection:
            assert connection.execute("SELECT n FROM kept").fetchall() == [(1,)]


def test_default_folder(monkeypatch, tmp_path):
    """The folder is where the environment says, or where data of the account belongs."""
    monkeypatch.setenv("PROVENWORK_DATA", str(tmp_path))
    assert default_data_folder() == tmp_path
    monkeypatch.delenv("PROVENWORK_DATA")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    expected = Path("/var/lib/provenwork") if os.geteuid() == 0 else tmp_path / "provenwork"
    assert default_data_folder() == expected
