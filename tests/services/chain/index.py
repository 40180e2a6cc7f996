"""A chain with contracts that emit what they are told to, and an indexer of it."""

from provenwork.chain.indexer import Indexer, index_progress
from provenwork.store import acquire_lease, read_events
from tests.services.chain import emitter
from tests.services.store.harness import ask

OWN = ("reverted", "finalized")


class Chain:
    """An Anvil with two contracts that emit what they are told to."""

    def __init__(self, anvil):
        self.anvil = anvil
        self.account = anvil.tell("eth_accounts")[0]
        for index in (0, 1, 2):
            anvil.tell("anvil_setCode", emitter.address(index), emitter.assemble())
        # Deeper than any reorg, so that the contracts are there in every chain.
        anvil.mine(40)
        self.start = anvil.head() + 1

    def request(self, index, amount, *, gas=10**6, **options):
        """A transaction that emits."""
        data = emitter.emit(0xA11CE, amount, **options)
        return {"from": self.account, "to": emitter.address(index), "data": data, "gas": hex(gas)}

    def emit(self, index, amount, **options):
        """Into the pool."""
        self.anvil.tell("eth_sendTransaction", self.request(index, amount, **options))

    def blocks(self, amounts, index=0):
        """One block for each amount; None for an empty one."""
        for amount in amounts:
            if amount is not None:
                self.emit(index, amount)
            self.anvil.mine()

    def truth(self, *indices):
        """All logs of the contracts that the chain has now: block, index, block's hash."""
        question = {
            "fromBlock": hex(self.start),
            "toBlock": "latest",
            "address": [emitter.address(index) for index in indices or (0, 1)],
        }
        return [
            (int(log["blockNumber"], 16), int(log["logIndex"], 16), log["blockHash"])
            for log in self.anvil.tell("eth_getLogs", question)
        ]


class Index:
    """An indexer of the chain's two contracts, in a stream of its own."""

    def __init__(self, database, rpc, chain, **options):
        self.database, self.rpc, self.chain = database, rpc, chain
        self.options = {"confirmations": 30, "stream": "test"} | options
        self.contracts = [emitter.watched(index, chain.start) for index in (0, 1)]
        self.indexer = None
        self.url = database.url

    async def restart(self, **options):
        """Another process goes on."""
        self.options |= options
        if self.indexer:
            await self.indexer.close()
        self.indexer = Indexer(self.database, self.rpc, self.contracts, **self.options)
        ask(self.url, "UPDATE leases SET expires_at = to_timestamp(0)")
        async with self.database.transaction() as transaction:
            self.lease = await acquire_lease(
                transaction, self.indexer.lease_name, "test", seconds=600
            )
        await self.indexer.open()

    async def step(self):
        """One page, or one reorg."""
        if self.indexer is None:
            await self.restart()
        return await self.indexer.step(self.lease)

    async def catch_up(self, most=500):
        """As far as the chain is."""
        for _ in range(most):
            if not await self.step():
                return
        raise AssertionError("it does not come to an end")

    async def rows(self):
        """The stream."""
        async with self.database.transaction() as transaction:
            return await read_events(transaction, self.options["stream"], limit=100_000)

    async def live(self):
        """What is left of the stream: all that was not reverted, as the chain has it."""
        left = {}
        for row in await self.rows():
            if row.type == "reverted":
                # The latest first, and each once.
                assert row.payload["seq"] == max(left), "not the latest one"
                del left[row.payload["seq"]]
            elif row.type not in OWN:
                left[row.seq] = row
        return [
            (r.payload["blockNumber"], r.payload["logIndex"], r.payload["blockHash"])
            for r in left.values()
        ]

    async def progress(self):
        """How far it is."""
        async with self.database.transaction() as transaction:
            return await index_progress(transaction, self.options["stream"])

    async def assert_exact(self):
        """The stream is the chain."""
        assert await self.live() == self.chain.truth()
