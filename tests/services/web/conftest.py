"""A Postgres as the store's tests have it, and services on loopback that tests make up."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from provenwork.store import Database
from provenwork.web import Router, Service, WebSettings, create_app
from tests.services.store.conftest import (
    anyio_backend,
    data_folder,
    database,
    database_clock,
    direct_connection,
    isolated_file,
    isolated_test,
    proxy,
    server,
    template,
    url,
)
from tests.services.web.harness import Running

__all__ = [
    "anyio_backend", "data_folder", "database", "database_clock", "direct_connection", "isolated_file", "isolated_test",
    "proxy", "server", "template", "url",
]  # fmt: skip

Start = Callable[..., Awaitable[Running]]


@pytest.fixture
async def start(database: Database) -> AsyncIterator[Start]:
    """Starts services of some routes, each on a port of its own; they end with the test."""
    async with AsyncExitStack() as stack:

        async def start_one(
            *routers: Router,
            on: Database = database,
            service: dict[str, Any] | None = None,
            **settings: Any,
        ) -> Running:
            # Tests ask quickly, and all from one address.
            settings = {"rate_per_address": 10_000.0, "burst_per_address": 10_000.0} | settings
            chosen = WebSettings(**settings)
            parts = Service(name="test", version="1", routers=routers, **(service or {}))
            app = create_app(parts, on, chosen)
            return await stack.enter_async_context(Running(app, chosen))

        yield start_one
