"""Connections and transactions: Postgres through SQLAlchemy, with errors of our own and events at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import psycopg
from sqlalchemy import URL, CursorResult, Executable, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from provenwork.core.errors import (
    CommitUnknown,
    DatabaseError,
    DatabaseUnavailable,
)
from provenwork.store._errors import translated
from provenwork.store._events import Event, NewEvent, append
from provenwork.store._json import to_json
from provenwork.store._names import require_name
from provenwork.store._schema import require_revision, stored_revision

__all__ = ["Database", "Readiness", "Transaction", "database_url"]

_MIN_VERSION = 140_000


def database_url(text_: str) -> URL:
    """The address of a database as SQLAlchemy wants it, from any of the usual spellings.

    Raises:
        DatabaseError: It is not the URL of a Postgres. The message does not repeat it: it may hold a password.
    """
    try:
        url = make_url(text_)
    except (ArgumentError, ValueError):
        url = URL.create("")
    if url.drivername not in {"postgres", "postgresql", "postgresql+psycopg"}:
        raise DatabaseError(
            "DATABASE_URL is not the address of a Postgres database",
            hint="Write postgresql://user:password@host/database, or leave it out for the embedded one.",
        )
    return url.set(drivername="postgresql+psycopg")


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the database can be worked with now."""

    ready: bool
    problem: str = ""
    """Why not; without secrets."""


class Transaction:
    """One transaction of one connection. Comes from `Database.transaction`, which commits it or takes it all back."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.events: list[Event] = []
        """What was appended to the event log, with its numbers; filled by the commit."""
        self._emitted: list[NewEvent] = []

    async def execute(
        self,
        statement: Executable,
        values: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    ) -> CursorResult[Any]:
        """Executes a statement, once or for each of several sets of values."""
        return await self.connection.execute(statement, values)

    async def scalar(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row, or None."""
        return (await self.connection.execute(statement, values)).scalar()

    def emit(self, stream: str, type: str, payload: Mapping[str, Any]) -> None:  # noqa: A002 (the field's name)
        """Appends an event to a stream, when and only when this transaction commits.

        It is written as the transaction's last act, so that a busy stream is held for as short as can be. The numbers of
        a stream are gapless, and their order is the order of the commits.

        Args:
            stream: 1 to 200 printable ASCII characters.
            type: What happened, in the past tense.
            payload: A JSON object of at most 64 KiB; amounts as decimal strings.

        Raises:
            ValidationFailed: A name or the payload cannot be kept.
        """
        require_name("a stream's name", stream)
        require_name("an event's type", type)
        self._emitted.append(NewEvent(stream, type, to_json(payload)))

    async def now(self) -> datetime:
        """The time of the database, at this very moment (not at the transaction's start)."""
        moment: datetime = await self.scalar(text("SELECT clock_timestamp()"))
        return moment

    async def _append_events(self) -> None:
        emitted, self._emitted = self._emitted, []
        self.events = await append(self.connection, emitted)


class Database:
    """A Postgres database and a pool of connections to it.

    Args:
        url: postgresql://...; see `database_url`. Through a pooler, it must be one that pools sessions.
        pool_size: The most connections at a time.
        statement_timeout: Seconds that a statement may take.
        lock_timeout: Seconds that a statement may wait for a lock.
        idle_timeout: Seconds that a transaction may stay idle before Postgres ends it, and its locks with it.

    Raises:
        DatabaseError: It is not the URL of a Postgres.
    """

    def __init__(
        self,
        url: str | URL,
        *,
        pool_size: int = 10,
        statement_timeout: float = 30.0,
        lock_timeout: float = 10.0,
        idle_timeout: float = 60.0,
    ) -> None:
        self.url = database_url(
            url.render_as_string(hide_password=False) if isinstance(url, URL) else url
        )
        options = {
            "statement_timeout": f"{statement_timeout * 1000:.0f}",
            "lock_timeout": f"{lock_timeout * 1000:.0f}",
            "idle_in_transaction_session_timeout": f"{idle_timeout * 1000:.0f}",
            "timezone": "UTC",
        }
        # Notices a dead peer in some 25 seconds, where the operating system would take two hours.
        connection = {
            "application_name": "provenwork",
            "connect_timeout": "10",
            "keepalives_idle": "10",
            "keepalives_interval": "5",
            "keepalives_count": "3",
            "tcp_user_timeout": "25000",
        } | {"options": " ".join(f"-c {name}={value}" for name, value in options.items())}
        self.connect_args = {k: v for k, v in connection.items() if k not in self.url.query}
        self._engine = create_async_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=lock_timeout,
            # After a restart of the database the first to ask would otherwise fail, once per connection.
            pool_pre_ping=True,
            isolation_level="READ COMMITTED",
            # Values may be secret, and errors end up in logs.
            hide_parameters=True,
            connect_args=self.connect_args,
        )

    @asynccontextmanager
    async def transaction(self, *, read_only: bool = False) -> AsyncIterator[Transaction]:
        """A transaction: committed, with the events it emitted, if the block ends; taken back if it raises.

        Isolation is READ COMMITTED: each statement sees what is committed when it begins.

        Raises:
            DatabaseUnavailable: No answer, no room or read-only; nothing has happened.
            DatabaseConflict: A deadlock or a timeout; nothing has happened, and it can be done again.
            CommitUnknown: The connection was lost while committing: it has happened or it has not.
        """
        try:
            async with self._engine.connect() as connection:
                await connection.execution_options(postgresql_readonly=read_only)
                transaction = Transaction(connection)
                yield transaction
                await transaction._append_events()  # noqa: SLF001 (the two are one thing)
                await self._commit(connection)
        except SQLAlchemyError as problem:
            ours = translated(problem)
            if ours is None:
                raise
            raise ours from problem

    async def readiness(self, *, timeout: float = 2.0) -> Readiness:
        """Whether the database answers, takes writes, is recent enough and has the right tables."""
        try:
            async with asyncio.timeout(timeout), self.transaction() as transaction:
                await _require_usable(transaction)
                require_revision(await stored_revision(transaction.connection))
        except TimeoutError:
            return Readiness(False, f"the database does not answer within {timeout:g} s")
        except DatabaseError as problem:
            return Readiness(False, str(problem))
        return Readiness(True)

    async def require_ready(self) -> None:
        """Returns if the database can be worked with.

        Raises:
            DatabaseUnavailable: It does not answer or takes no writes.
            SchemaMismatch: Its tables are of another version.
            DatabaseError: It is older than PostgreSQL 14.
        """
        async with self.transaction() as transaction:
            await _require_usable(transaction)
            require_revision(await stored_revision(transaction.connection))

    async def connect(self) -> psycopg.AsyncConnection[tuple[Any, ...]]:
        """A connection of its own, outside the pool, for LISTEN. It commits each statement.

        Raises:
            psycopg.Error: The database does not answer.
        """
        address = self.url.translate_connect_args(username="user", database="dbname")
        return await psycopg.AsyncConnection.connect(
            autocommit=True, **{**address, **self.url.query, **self.connect_args}
        )

    async def close(self) -> None:
        """Closes the connections."""
        await self._engine.dispose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"Database({self.url.render_as_string()})"

    @staticmethod
    async def _commit(connection: AsyncConnection) -> None:
        try:
            await connection.commit()
        except DBAPIError as problem:
            # A refusal leaves the connection open and is certain. No answer is not: it may have been carried out.
            if not problem.connection_invalidated:
                raise
            raise CommitUnknown(
                "the connection to the database was lost while committing",
                hint="Ask again under the same idempotency key: it is done once, whatever happened.",
            ) from problem


async def _require_usable(transaction: Transaction) -> None:
    row = (
        await transaction.execute(
            text(
                "SELECT current_setting('server_version_num')::int AS version,"
                " current_setting('transaction_read_only') = 'on' AS read_only"
            )
        )
    ).one()
    if row.version < _MIN_VERSION:
        raise DatabaseError(
            f"PostgreSQL {row.version // 10_000} is too old", hint="Use PostgreSQL 14 or newer."
        )
    if row.read_only:
        raise DatabaseUnavailable(
            "the database takes no writes",
            hint="DATABASE_URL may name a standby: name the primary.",
        )
