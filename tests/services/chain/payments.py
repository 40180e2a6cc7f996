"""Accounts that pay through a sender, and whether what they paid arrived."""

from itertools import count

from coincurve import PrivateKey
from sqlalchemy import text

from provenwork.chain import Call, Transaction
from provenwork.chain.sender import (
    Policy,
    TransactionSender,
    enqueue_call,
    find_call,
    sender_backlog,
    sender_stream,
)
from provenwork.crypto import LocalSigner, to_address
from provenwork.store import Database, acquire_lease, read_events
from tests.services.chain.node import CHAIN_ID
from tests.services.store.harness import DatabaseClock, ask, new_database

POLICY = Policy(confirmations=2, window=4, proof_pause=0.0)
_recipients = count(0xFEED_0000)


def recipient():
    """An address that never had anything."""
    return to_address("0x" + next(_recipients).to_bytes(20, "big").hex())


class Payments:
    """One account's payments, each to an address of its own, and whether they arrived."""

    def __init__(self, database, rpc, anvil, clock, *, policy=POLICY, signer=None):
        self.database, self.rpc, self.anvil, self.policy = database, rpc, anvil, policy
        self.signer = signer or LocalSigner(PrivateKey().secret)
        self.address = self.signer.address
        self.to = {}
        self.clock = clock
        anvil.fund(self.address)
        self.restart()

    def restart(self):
        """Another process takes over."""
        self.sender = TransactionSender(self.database, self.rpc, self.signer, policy=self.policy)
        self.lease = None

    async def pay(self, key, wei=1, **options):
        """Has a payment sent."""
        to = self.to.setdefault(key, (recipient(), wei))
        async with self.database.transaction() as transaction:
            call = Call(to[0], b"", wei, key)
            return await enqueue_call(transaction, CHAIN_ID, self.address, call, key=key, **options)

    async def step(self, times=1):
        """So many looks at the chain."""
        if self.lease is None:
            async with self.database.transaction() as transaction:
                self.lease = await acquire_lease(
                    transaction, self.sender.lease_name, "test", seconds=80_000
                )
        for _ in range(times):
            await self.sender.step(self.lease)

    async def found(self, key):
        """What became of a payment."""
        async with self.database.transaction() as transaction:
            return await find_call(transaction, CHAIN_ID, self.address, key)

    async def state(self, key):
        """How far it is."""
        return (await self.found(key)).state

    def arrived(self, key):
        """What its recipient has."""
        return self.anvil.balance(self.to[key][0])

    async def finish(self, rounds=30):
        """Mines and looks until everything is decided."""
        for _ in range(rounds):
            await self.step()
            self.anvil.mine()
            self.clock.advance(6)
            async with self.database.transaction() as transaction:
                left = await sender_backlog(transaction, CHAIN_ID, self.address)
            if not (left.queued or left.sent or left.unknown or left.mined):
                return
        raise AssertionError(f"still undecided: {left}")

    async def told(self, key):
        """The types of the events about a payment."""
        async with self.database.transaction() as transaction:
            events = await read_events(transaction, sender_stream(CHAIN_ID, self.address))
        return [e.type.removeprefix("transaction_") for e in events if e.payload.get("key") == key]


async def release_all(payments):
    """Whoever held the account's lease is gone."""
    async with payments.database.transaction() as transaction:
        await transaction.execute(text("UPDATE leases SET expires_at = to_timestamp(0)"))


async def foreign(payments, nonce, *, chain=None, chain_id=CHAIN_ID):
    """Somebody else signs with the account's key, on this chain or another."""
    content = Transaction(chain_id, nonce, 10**10, 10**12, 21_000, recipient(), 5, b"")
    raw = content.sign(payments.signer).raw
    return (chain or payments.anvil).tell("eth_sendRawTransaction", "0x" + raw.hex())


async def copied(payments):
    """Another one for the same account, on a copy of its database as it is now: a backup, restored or beside it."""
    await payments.database.close()
    url = new_database(payments.database.url, template=payments.database.url.database)
    ask(url, f'ALTER DATABASE "{url.database}" SET search_path = moved, pg_catalog, public')
    other = Payments(
        Database(url, pool_size=4),
        payments.rpc,
        payments.anvil,
        DatabaseClock(url),
        policy=payments.policy,
        signer=payments.signer,
    )
    other.to = dict(payments.to)
    await release_all(other)
    return other
