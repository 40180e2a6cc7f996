"""Keeps the embedded Postgres for as long as somebody uses it. Run by path, with nothing but the standard library.

Whoever uses the server holds a shared lock on `users.lock`; the kernel drops it when a process ends, however it ends.
The keeper waits for an exclusive one: when it gets it, nobody is left, and it stops the server. While it does, newcomers
wait for their shared lock, and then start afresh. Should Postgres itself die, it is started again; should the keeper
die, the next user brings a new one, which takes over the server as it finds it.

    _keeper.py BIN DATA UID GID    prints "ready", or why not, and goes into the background
"""

from __future__ import annotations

import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

_START = 120.0  # seconds until ready; after a crash Postgres replays what it had not yet sorted in
_STOP = 60.0
_PAUSE = 0.5  # more after each failure in a row
_LONGEST_PAUSE = 20.0
_ABANDONED = 3_600.0  # no initdb takes so long
_ORPHANS = 30.0  # for the processes of a Postgres that was killed to notice it
_MAX_SOCKET = 100  # bytes of a Unix socket's path: the kernel takes 107

# All it serves is this machine's files; who may reach the socket's folder is trusted.
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgres-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "timezone": "UTC",
}


class CannotStart(Exception):
    """Why not, for people; a second argument says what to do."""


class Server:
    """The cluster in a data folder, and the process that serves it."""

    def __init__(self, binaries: Path, data: Path, uid: int, gid: int) -> None:
        self.binaries = binaries
        self.cluster = data / "cluster"
        self.sockets = data / "run"
        self._data = data
        self._uid, self._gid = uid, gid
        # Postgres refuses to run as root.
        self._as: dict[str, Any] = {"cwd": "/", "env": _ENVIRONMENT}
        if os.geteuid() == 0:
            self._as |= {"user": uid, "group": gid, "extra_groups": []}
        self._child: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        """Makes the cluster if there is none; killed halfway, it begins anew."""
        for left in self._data.glob("cluster.new-*"):
            if time.time() - left.stat().st_mtime > _ABANDONED:
                shutil.rmtree(left, ignore_errors=True)
        if self.cluster.exists():
            return
        # A name of its own: the initdb of a keeper that was killed may still be at work.
        new = self._folder(self._data / f"cluster.new-{os.urandom(8).hex()}")
        done = subprocess.run(
            [
                self.binaries / "initdb",
                *("-D", new, "-U", "provenwork", "--auth=trust", "--encoding=UTF8"),
                *("--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions"),
            ],
            check=False,
            capture_output=True,
            **self._as,
        )
        if done.returncode:
            raise CannotStart(f"initdb failed: {_tail(done.stderr)}")
        new.rename(self.cluster)
        folder = os.open(self._data, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def running(self) -> int | None:
        """The process that serves the cluster already, if one does.

        A `postmaster.pid` outlives a machine that loses power, and its number may be another process's by now.
        """
        lines = self._pid_file()
        if not lines:
            return None
        own, pid = self._processes(), int(lines[0])
        deadline = time.monotonic() + _ORPHANS
        while own and pid not in own and time.monotonic() < deadline:
            time.sleep(0.05)
            own = self._processes()
        if pid in own:
            if len(lines) > 4 and Path(lines[4]) not in {self.sockets, self._short_sockets()}:
                raise CannotStart(
                    f"a Postgres that Provenwork did not start (process {pid}) runs on {self.cluster}",
                    f"Stop it (pg_ctl stop -D {self.cluster}), or set DATABASE_URL to use it.",
                )
            return pid
        if own:
            raise CannotStart(
                f"processes of a Postgres that is gone still use {self.cluster}: {own}",
                "They end when they have done what they are doing, unless they hang: then end them.",
            )
        (self.cluster / "postmaster.pid").unlink(missing_ok=True)
        return None

    def start(self) -> int:
        """Starts Postgres and waits until it is ready; returns its process."""
        sockets = self._folder(self.sockets)
        # Clients take a comma for the end of the name.
        if len(os.fsencode(sockets)) + len("/.s.PGSQL.5432") > _MAX_SOCKET or "," in str(sockets):
            sockets = self._folder(self._short_sockets())
        settings = {**_SETTINGS, "unix_socket_directories": _quoted(sockets)}
        with tempfile.TemporaryFile() as said:
            self._child = subprocess.Popen(
                [
                    self.binaries / "postgres",
                    *("-D", self.cluster),
                    *(part for name in settings for part in ("-c", f"{name}={settings[name]}")),
                ],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                **self._as,
            )
            deadline = time.monotonic() + _START
            while time.monotonic() < deadline:
                lines = self._pid_file()
                if (
                    len(lines) > 7
                    and lines[7].strip() == "ready"
                    and int(lines[0]) == self._child.pid
                ):
                    return self._child.pid
                if self._child.poll() is not None:
                    said.seek(0)
                    why = _tail(said.read())
                    # Its last words are elsewhere if it had begun to log.
                    if "logging collector" in why:
                        why = self._logged()
                    raise CannotStart(
                        f"Postgres does not start: {why}",
                        f"What it says is in {self.cluster / 'log'}.",
                    )
                time.sleep(0.02)
        self._child.kill()
        raise CannotStart(f"Postgres is not ready after {_START:g} s")

    def stop(self, pid: int) -> None:
        """Ends it: connections are cut, what is committed is kept."""
        for number, patience in ((signal.SIGINT, _STOP), (signal.SIGQUIT, 10.0)):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
                if self.ended(pid, patience):
                    return

    def ended(self, pid: int, timeout: float | None, *others: int) -> bool:
        """Waits until the process ends or one of some other descriptors can be read; whether it has ended."""
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            return True
        try:
            ready, _, _ = select.select([descriptor, *others], [], [], timeout)
        finally:
            os.close(descriptor)
        if descriptor in ready and self._child is not None and self._child.pid == pid:
            self._child.wait()
        return descriptor in ready

    def _processes(self) -> list[int]:
        return [pid for pid in _pids() if _works_in(pid, self.cluster)]

    def _pid_file(self) -> list[str]:
        try:
            return (self.cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _folder(self, path: Path) -> Path:
        path.mkdir(mode=0o700, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(path, self._uid, self._gid)
        found = path.lstat()
        if (
            not path.is_dir()
            or path.is_symlink()
            or found.st_uid != self._uid
            or found.st_mode & 0o077
        ):
            raise CannotStart(f"{path} is not a folder of user {self._uid} alone")
        return path

    def _short_sockets(self) -> Path:
        # Where the data folder's own path will not do: named after the folder's identity.
        found = self._data.stat()
        return Path(tempfile.gettempdir()) / f"provenwork-{found.st_dev:x}-{found.st_ino:x}"

    def _logged(self) -> str:
        logs = sorted((self.cluster / "log").glob("*.log"), key=lambda path: path.stat().st_mtime)
        return _tail(logs[-1].read_bytes()) if logs else "it said nothing"


_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}


def _quoted(path: Path) -> str:
    """One name in a list of Postgres's, whatever characters it has."""
    return '"{}"'.format(str(path).replace('"', '""'))


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _works_in(pid: int, cluster: Path) -> bool:
    """Whether a process is one of the cluster's; in doubt it is."""
    try:
        return Path(os.readlink(f"/proc/{pid}/cwd")) == cluster
    except PermissionError:
        # Another account's, and in a container even root may not look.
        with suppress(OSError):
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            return os.fsencode(cluster) in command or command.startswith(b"postgres: ")
        return False
    except OSError:
        return False


def _tail(said: bytes) -> str:
    lines = [line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()]
    return " | ".join(lines[-3:])[-600:]


def _keep(server: Server, pid: int, users: int) -> None:
    """Watches until nobody uses the server any more, then stops it."""
    nobody_left, told = os.pipe()

    def wait() -> None:
        fcntl.flock(users, fcntl.LOCK_EX)
        os.write(told, b".")

    threading.Thread(target=wait, daemon=True).start()
    failures = 0
    while True:
        started = time.monotonic()
        if not server.ended(pid, None, nobody_left):
            server.stop(pid)
            return
        # It died. Once it may be restarted at once; again and again something is wrong.
        # For as long as somebody uses it: a disk that is full has room again one day.
        failures = failures + 1 if time.monotonic() - started < 10.0 else 0
        while True:
            if select.select([nobody_left], [], [], min(failures * _PAUSE, _LONGEST_PAUSE))[0]:
                return
            try:
                pid = server.running() or server.start()
                break
            except (CannotStart, OSError):
                failures += 1


def main() -> None:
    """Starts the server, or takes over the one that runs, and keeps it."""
    binaries, data, uid, gid = Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:5])
    if os.fork():
        os._exit(0)
    os.setsid()
    os.chdir("/")
    keeper = os.open(data / "keeper.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(keeper, fcntl.LOCK_EX)
    users = os.open(data / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
    server = Server(binaries, data, uid, gid)
    try:
        server.create()
        pid = server.running() or server.start()
    except CannotStart as problem:
        print(*(str(part) for part in problem.args), sep="\n", flush=True)  # noqa: T201 (the answer)
        return
    except OSError as problem:
        print(f"{type(problem).__name__}: {problem}", flush=True)  # noqa: T201
        return
    print("ready", flush=True)  # noqa: T201
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    _keep(server, pid, users)


if __name__ == "__main__":
    main()
