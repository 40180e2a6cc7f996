"""The version of the tables: which one this program wants, which one is there, and the way from one to the other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import as_file, files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import NullPool

from provenwork.core.errors import SchemaMismatch
from provenwork.store._errors import translated

__all__ = ["expected_revision", "migrate", "require_revision", "revisions", "stored_revision"]

# One migration at a time, whoever starts it: the key of an advisory lock.
_LOCK = int.from_bytes(hashlib.sha256(b"provenwork migrations").digest()[:8], "big", signed=True)


@contextmanager
def _config() -> Iterator[Config]:
    with as_file(files("provenwork.store").joinpath("migrations")) as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        yield config


@cache
def revisions() -> tuple[str, ...]:
    """Every version of the tables, the first one first."""
    with _config() as config:
        steps = ScriptDirectory.from_config(config).walk_revisions()
        return tuple(step.revision for step in steps)[::-1]


def expected_revision() -> str:
    """The version that this program works with."""
    return revisions()[-1]


async def stored_revision(connection: AsyncConnection) -> str | None:
    """The version of a database's tables; None if there are none."""
    return await connection.run_sync(_stored_revision)


def _stored_revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def require_revision(found: str | None) -> None:
    """Returns if tables of this version are the right ones.

    Raises:
        SchemaMismatch: They are older, newer, or not there.
    """
    if found == expected_revision():
        return
    if found is not None and found not in revisions():
        raise SchemaMismatch(
            f"the database's tables are of version {found}, which this program does not know",
            hint="A newer Provenwork made them: update this one.",
        )
    raise SchemaMismatch(
        f"the database has {f'tables of version {found}' if found else 'no tables'}, not version {expected_revision()}",
        hint="Run: provenwork database migrate",
    )


def migrate(url: URL, target: str = "head") -> str:
    """Brings a database's tables forward, all steps or none; does nothing if they are there.

    Several processes may do so at once: one works, the others wait for it.

    Args:
        url: The database, as `database_url` returns it.
        target: The version to stop at.

    Returns:
        The version that was there, or an empty string.

    Raises:
        SchemaMismatch: A newer program made the tables.
        DatabaseUnavailable: The database does not answer.
    """
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
    try:
        with engine.begin() as connection, _config() as config:
            # Held until the commit, which is also when all steps become visible at once.
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            found = _stored_revision(connection)
            if found is not None and found not in revisions():
                require_revision(found)
            config.attributes["connection"] = connection
            command.upgrade(config, target)
            return found or ""
    except SQLAlchemyError as problem:
        ours = translated(problem)
        if ours is None:
            raise
        raise ours from problem
    finally:
        engine.dispose()
