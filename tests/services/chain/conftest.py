"""A Postgres as the store's tests have it, an Anvil of each file's own, and a faulty network in front of it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from provenwork.chain import Rpc
from tests.services.chain.index import Chain, Index
from tests.services.chain.node import CHAIN_ID, Anvil, FaultyNode
from tests.services.chain.payments import Payments
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
    small_disk,
    template,
    url,
)

__all__ = [
    "anyio_backend", "data_folder", "database", "database_clock", "direct_connection", "isolated_file", "isolated_test",
    "proxy", "server", "small_disk", "template", "url",
]  # fmt: skip


@pytest.fixture(scope="module")
def anvil() -> Iterator[Anvil]:
    """The chain of one file; it mines when it is told to."""
    with Anvil("--no-mining") as running:
        yield running


@pytest.fixture
async def node(anvil: Anvil) -> AsyncIterator[FaultyNode]:
    """What stands between the test and the chain."""
    async with FaultyNode(anvil) as network:
        yield network


@pytest.fixture
async def rpc(node: FaultyNode) -> AsyncIterator[Rpc]:
    """The chain, through the faulty network."""
    async with Rpc(node.url, CHAIN_ID, timeout=5.0) as opened:
        yield opened


@pytest.fixture
def payments(database_clock, database, rpc: Rpc, anvil: Anvil) -> Payments:
    """An account with ether; the database's clock stands still until it is moved."""
    anvil.forget_pool()
    return Payments(database, rpc, anvil, database_clock)


@pytest.fixture
def chain(anvil: Anvil) -> Chain:
    """The chain, from here on."""
    anvil.forget_pool()
    return Chain(anvil)


@pytest.fixture
def index(database, rpc: Rpc, chain: Chain) -> Index:
    """Its indexer."""
    return Index(database, rpc, chain)
