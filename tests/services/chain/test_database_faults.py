"""A sender and an indexer at work while their database is restarted, cut off or full: nothing lost, nothing doubled.

The sender calls a contract that emits an event for each call, and the indexer reads them: every call is in the chain
once, and every event is in the stream once.
"""

import asyncio
import contextlib
import logging
import os
import signal

import pytest
from coincurve import PrivateKey

from provenwork.chain import Call
from provenwork.chain.indexer import Indexer
from provenwork.chain.sender import Policy, TransactionSender, enqueue_call, sender_backlog
from provenwork.core.errors import DatabaseError
from provenwork.crypto import LocalSigner
from provenwork.store import Database
from tests.services.chain import emitter
from tests.services.chain.node import CHAIN_ID
from tests.services.store.harness import ask, postmaster, wait_for

pytestmark = pytest.mark.anyio


class Services:
    """A sender and an indexer that run, on a chain that mines by itself."""

    def __init__(self, index, rpc, anvil):
        self.index, self.rpc, self.anvil = index, rpc, anvil
        self.signer = LocalSigner(PrivateKey().secret)
        anvil.fund(self.signer.address)
        self.called = 0
        self._tasks = []

    def start(self, url):
        """Both begin, on a database of this address."""
        self.database = Database(url, pool_size=6)
        policy = Policy(confirmations=1, window=8, poll=0.05, rebroadcast_after=0.5)
        contracts = self.index.contracts
        options = {"confirmations": 30, "stream": "test", "poll": 0.05}
        self._tasks = [
            asyncio.create_task(work)
            for work in (
                TransactionSender(self.database, self.rpc, self.signer, policy=policy).run(),
                Indexer(self.database, self.rpc, contracts, **options).run(),
                self._mine(),
            )
        ]

    async def _mine(self):
        while True:
            self.anvil.mine()
            await asyncio.sleep(0.1)

    async def call(self, database, times):
        """Has calls sent; one whose database does not answer is asked for again, under its key."""
        for _ in range(times):
            data = bytes.fromhex(emitter.emit(0xA11CE, self.called)[2:])
            call = Call(emitter.address(0), data, 0, "emit")
            for _ in range(200):
                try:
                    async with database.transaction() as transaction:
                        await enqueue_call(
                            transaction,
                            CHAIN_ID,
                            self.signer.address,
                            call,
                            key=str(self.called),
                            gas=100_000,
                        )
                    break
                except DatabaseError:
                    await asyncio.sleep(0.05)
            else:
                raise AssertionError("the database does not come back")
            self.called += 1

    async def settled(self, database, *, seconds=150.0):
        """Waits until all calls are."""
        async with asyncio.timeout(seconds):
            while True:
                assert not any(task.done() for task in self._tasks), "one of them ended"
                with contextlib.suppress(DatabaseError):
                    async with database.transaction() as transaction:
                        left = await sender_backlog(transaction, CHAIN_ID, self.signer.address)
                    if not (left.queued or left.sent or left.unknown or left.mined):
                        return
                await asyncio.sleep(0.1)

    async def stop(self):
        """Both end."""
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        await self.database.close()

    async def assert_once(self):
        """Each call is in the chain once, with one nonce, and each of its events in the stream."""
        await self.index.catch_up()
        await self.index.assert_exact()
        rows = await self.index.rows()
        assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
        amounts = [int(row.payload["args"]["amount"]) for row in rows if row.type == "Paid"]
        assert sorted(amounts) == list(range(self.called))
        assert self.anvil.nonce(self.signer.address) == self.called


@pytest.fixture
async def services(index, rpc, anvil):
    """Both, ended after the test."""
    made = Services(index, rpc, anvil)
    yield made
    await made.stop()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL])
async def test_database_restarted(services, database, server, url, how):
    """Postgres is shut down, or killed, and started again while both are at work: they go on by themselves."""
    services.start(url)
    await services.call(database, 6)
    pid = postmaster(server.data)
    os.kill(pid, how)
    await services.call(database, 6)
    assert postmaster(server.data) != pid
    ask(url, "UPDATE leases SET expires_at = to_timestamp(0)")
    await services.settled(database)
    await services.stop()
    await services.assert_once()


async def test_connections_cut(services, database, proxy):
    """All connections are cut again and again while both are at work, and for a while there is no new one."""
    services.start(proxy.url)
    for _ in range(8):
        await services.call(database, 2)
        await asyncio.sleep(0.05)
        proxy.cut()
    proxy.closed = True
    proxy.cut()
    await services.call(database, 2)
    await asyncio.sleep(0.5)
    proxy.closed = False
    # One that was taken in a commit whose answer was lost would be waited for.
    ask(database.url, "UPDATE leases SET expires_at = to_timestamp(0)")
    await services.settled(database)
    await services.stop()
    await services.assert_once()


TABLES = ("transactions", "transaction_attempts", "events", "chain_blocks")


async def test_disk_full(services, database, url, small_disk, caplog):
    """The disk is full while both are at work: nothing is sent that was not stored, and once there is room they go on."""
    ask(url, f"CREATE TABLESPACE small LOCATION '{small_disk}'")
    try:
        for table in TABLES:
            ask(url, f"ALTER TABLE {table} SET TABLESPACE small")
        await services.call(database, 45)
        balloon = small_disk / "balloon"
        with contextlib.suppress(OSError), balloon.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4_096))
        with caplog.at_level(logging.WARNING):
            services.start(url)
            await wait_for(lambda: "No space left" in caplog.text)
            await asyncio.sleep(0.5)
        stored = ask(url, "SELECT count(*) FROM transaction_attempts")[0][0]
        assert services.anvil.nonce(services.signer.address) <= stored < 45
        balloon.unlink()
        await services.settled(database)
        await services.stop()
        await services.assert_once()
    finally:
        await database.close()
        for table in TABLES:
            ask(url, f"ALTER TABLE {table} SET TABLESPACE pg_default")
        ask(url, "DROP TABLESPACE small")
