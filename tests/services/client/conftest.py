"""A Postgres as the store's tests have it."""

import socket

import pytest

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


@pytest.fixture
def unused_port() -> int:
    """A port of this machine that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
