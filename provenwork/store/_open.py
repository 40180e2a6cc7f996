"""From settings to a database that can be worked with."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from provenwork.store._database import Database, database_url
from provenwork.store._embedded import EmbeddedServer
from provenwork.store._schema import migrate

__all__ = ["open_database"]


@asynccontextmanager
async def open_database(
    url: str | None = None, *, data: Path | None = None, pool_size: int = 10
) -> AsyncIterator[Database]:
    """A database that answers and has the right tables.

    Args:
        url: Its address; the environment's `DATABASE_URL` if it is not said. With neither, the embedded Postgres is
            started, and its tables are brought up to date; a database of one's own is never changed without being told
            (`provenwork database migrate`).
        data: The embedded Postgres's folder; `default_data_folder()` if it is not said.
        pool_size: The most connections at a time.

    Raises:
        EmbeddedServerError: The embedded Postgres does not start.
        DatabaseUnavailable: The database does not answer, or takes no writes.
        SchemaMismatch: Its tables are of another version.
        DatabaseError: The URL is none of a Postgres, or it is too old.
    """
    url = url or os.environ.get("DATABASE_URL")
    server = None if url else EmbeddedServer(data)
    try:
        if server:
            address = await asyncio.to_thread(server.start)
            await asyncio.to_thread(migrate, address)
        else:
            address = database_url(url or "")
        async with Database(address, pool_size=pool_size) as database:
            await database.require_ready()
            yield database
    finally:
        if server:
            server.stop()
