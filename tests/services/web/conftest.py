"""A Postgres as the store's tests have it."""

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

__all__ = [
    "anyio_backend", "data_folder", "database", "database_clock", "direct_connection", "isolated_file", "isolated_test",
    "proxy", "server", "template", "url",
]  # fmt: skip
