"""The indexer: every event of the chain once, in order, whatever the chain takes back and the node says."""

import asyncio
import contextlib

import pytest

from provenwork.chain import Rpc
from provenwork.chain.indexer import Indexer, Watched, chain_stream, index_progress
from provenwork.chain.indexer._source import Pager
from provenwork.core.errors import (
    DatabaseError,
    FinalityBroken,
    InvalidState,
    LeaseLost,
    NodeInconsistent,
    NodeRefused,
    NodeUnavailable,
    ValidationFailed,
    WrongChain,
)
from provenwork.store import Database, Feed, acquire_lease, read_events
from tests.services.chain import emitter
from tests.services.chain.node import CHAIN_ID, Anvil, Fault
from tests.services.store.harness import ask

pytestmark = pytest.mark.anyio

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

    def request(self, index, amount, **options):
        """A transaction that emits."""
        data = emitter.emit(0xA11CE, amount, **options)
        return {"from": self.account, "to": emitter.address(index), "data": data, "gas": hex(10**6)}

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


@pytest.fixture
def chain(anvil):
    """The chain, from here on."""
    anvil.forget_pool()
    return Chain(anvil)


@pytest.fixture
def index(database, rpc, chain):
    """Its indexer."""
    return Index(database, rpc, chain)


async def test_events(index, chain):
    """All events of all contracts in the chain's order, with what they say and where they are."""
    chain.emit(0, 10**30, note=7)
    chain.emit(1, 1, count=3)
    chain.emit(2, 9)
    chain.anvil.mine()
    chain.blocks([None, 2])
    await index.catch_up()
    await index.assert_exact()
    rows = await index.rows()
    assert [row.seq for row in rows] == [1, 2, 3, 4, 5]
    block = chain.anvil.tell("eth_getBlockByNumber", hex(chain.start), False)
    log = chain.anvil.tell("eth_getLogs", {"blockHash": block["hash"]})[0]
    assert (rows[0].type, rows[0].payload) == (
        "Paid",
        {
            "contract": "Emitter0",
            "address": emitter.address(0),
            "args": {
                "who": "0x00000000000000000000000000000000000A11cE",
                "amount": str(10**30),
                "note": "7",
            },
            "blockNumber": chain.start,
            "blockHash": block["hash"],
            "timestamp": int(block["timestamp"], 16),
            "transactionHash": log["transactionHash"],
            "logIndex": 0,
        },
    )


async def test_unknown_event(index, chain):
    """An event that the ABI does not have is kept as it is."""
    chain.emit(0, 5, topic=b"\x77" * 32)
    chain.anvil.mine()
    await index.catch_up()
    (row,) = await index.rows()
    assert row.type == "unknown_event"
    assert row.payload["args"]["topics"][0] == "0x" + "77" * 32
    assert row.payload["args"]["data"] == "0x" + (5).to_bytes(32, "big").hex() + "00" * 32


async def test_goes_on_from_anywhere(index, chain):
    """Restarted after every page, of any size, also with new blocks in between, it has everything once."""
    chain.blocks([1, None, 2, 3, None, None, 4, 5, 6, None] * 6)
    pages = 0
    more = True
    while more:
        await index.restart(page=1 + pages % 7)
        more = await index.step()
        if pages < 5:
            chain.blocks([pages])
            more = True
        pages += 1
    await index.catch_up()
    await index.assert_exact()
    assert (await index.progress()).next_block == chain.anvil.head() + 1


@pytest.mark.parametrize("depth", [1, 2, 3, 7, 15, 29, 30])
async def test_reorg(index, chain, depth):
    """A reorg of any depth up to the watermark: what is gone is reverted, the latest first, and what came is there."""
    chain.blocks([n if n % 3 else None for n in range(40)])
    await index.catch_up()
    before = len(await index.rows())
    gone = [at for at in chain.truth() if at[0] > chain.anvil.head() - depth]
    replaced = [[chain.request(n % 2, 100 + n), n % depth] for n in range(0, 2 * depth, 2)]
    chain.anvil.tell("anvil_reorg", depth, replaced)
    await index.catch_up()
    await index.assert_exact()
    reverted = [row for row in await index.rows() if row.type == "reverted"]
    assert len(reverted) == len(gone)
    assert min([row.seq for row in reverted], default=before + 1) > before


async def test_reorg_on_reorg(index, chain):
    """Reorgs on top of each other, while it is away and while it is at work."""
    chain.blocks(range(10))
    for depth in (3, 8, 1, 5):
        await index.step()
        replaced = [[chain.request(depth % 2, depth), n] for n in range(depth)]
        chain.anvil.tell("anvil_reorg", depth, replaced)
        await index.restart()
        chain.blocks([depth])
    await index.catch_up()
    await index.assert_exact()


async def test_shorter_chain(index, chain):
    """A chain that fell back is followed as soon as it is as long again."""
    chain.blocks(range(5))
    snapshot = chain.anvil.tell("evm_snapshot")
    chain.blocks(range(5))
    await index.catch_up()
    chain.anvil.tell("evm_revert", snapshot)
    await index.catch_up()
    chain.blocks([20, 21, 22, 23, 24, 25])
    await index.catch_up()
    await index.assert_exact()


async def test_watermark(index, chain):
    """What is deep enough is final: the watermark says so by number, only grows, and what is below is never reverted."""
    await index.restart(confirmations=3)
    chain.blocks([1, 2, None, 3])
    await index.catch_up()
    chain.anvil.tell("anvil_reorg", 2, [])
    chain.blocks([4, None, None, None])
    await index.catch_up()
    await index.assert_exact()
    rows = await index.rows()
    watermarks = [row.payload["seq"] for row in rows if row.type == "finalized"]
    assert watermarks == sorted(set(watermarks))
    for row in rows:
        if row.type == "reverted":
            earlier = [r.payload["seq"] for r in rows if r.type == "finalized" and r.seq < row.seq]
            assert row.payload["seq"] > max(earlier, default=0)
    progress = await index.progress()
    assert (progress.final_seq, progress.final_block) == (watermarks[-1], chain.anvil.head() - 3)
    final = [r for r in rows if r.type == "Paid" and r.seq <= progress.final_seq]
    gone = {r.payload["seq"] for r in rows if r.type == "reverted"}
    assert [r.payload["args"]["amount"] for r in final if r.seq not in gone] == ["1", "2", "4"]


async def test_beyond_the_watermark(index, chain):
    """A reorg of what was final is an error, and changes nothing: no history is rewritten that others acted on."""
    await index.restart(confirmations=2)
    chain.blocks([1, 2, 3, 4, 5])
    await index.catch_up()
    before = await index.rows()
    chain.anvil.tell("anvil_reorg", 4, [])
    chain.anvil.mine()
    with pytest.raises(FinalityBroken, match="which was final"):
        await index.step()
    assert await index.rows() == before


# ------------------------------------------------------------------------------------------------------------- limits


def test_pager():
    """It halves what is refused down to one, and grows again while there is little."""
    pager = Pager(most=8, target=10)
    assert [(pager.refused(), pager.size) for _ in range(4)] == [
        (True, 4),
        (True, 2),
        (True, 1),
        (False, 1),
    ]
    sizes = []
    for _ in range(6):
        pager.took(pager.size, 1)
        sizes.append(pager.size)
    assert sizes == [2, 3, 4, 6, 8, 8]
    pager.took(8, 11)
    assert pager.size == 4
    pager.took(4, 6)
    pager.took(1, 0)
    assert pager.size == 4


def limited(most, how):
    """A node that gives the logs of so many blocks at once and not more."""

    def lie(question, answer):
        asked = question["params"][0]
        if int(asked["toBlock"], 16) - int(asked["fromBlock"], 16) < most:
            return answer
        error = {"code": -32_005, "message": how}
        return {"jsonrpc": "2.0", "id": question["id"], "error": error}

    return Fault("lie", "eth_getLogs", times=1_000, lie=lie)


@pytest.mark.parametrize("most", [1, 3, 17])
async def test_node_with_limits(index, chain, node, most):
    """A node that gives few logs or blocks at once is asked for less, and not much more often than it takes."""
    await index.restart(confirmations=0)
    chain.blocks([1, None] * 40)
    node.fail(limited(most, "query returned more than 10000 results"))
    await index.catch_up()
    await index.assert_exact()
    assert node.asked["eth_getLogs"] <= 10 + 3 * 80 / most


async def test_slow_node(index, chain, node):
    """No answer to a page is asked again for less."""
    chain.blocks([1] * 20)
    node.fail(Fault("unavailable", "eth_getLogs", times=3))
    await index.catch_up()
    await index.assert_exact()
    assert index.indexer.pager.size < 2_000


async def test_too_much_in_one_block(index, chain, node):
    """Where a node refuses even one block's logs, they are read from its receipts."""
    chain.blocks([1, 2])
    node.fail(limited(0, "too many results"))
    await index.catch_up()
    await index.assert_exact()


# ---------------------------------------------------------------------------------------------------------------- lies


def change(logs):
    """A lie about the logs of a page."""
    return lambda question, answer: answer | {"result": logs(answer["result"])}


LIES = {
    "another fork's": lambda logs: [log | {"blockHash": "0x" + "ab" * 32} for log in logs],
    "taken back": lambda logs: [log | {"removed": True} for log in logs],
    "another contract's": lambda logs: [log | {"address": emitter.address(2)} for log in logs],
    "of another page": lambda logs: [log | {"blockNumber": "0x1"} for log in logs],
    "out of order": lambda logs: logs[::-1],
    "twice": lambda logs: logs + logs[-1:],
    "malformed": lambda logs: [log | {"topics": ["0x12"]} for log in logs],
    "nothing like logs": lambda logs: [None],
}


@pytest.mark.parametrize("lie", LIES)
async def test_wrong_logs(index, chain, node, lie):
    """Logs that cannot be those of the blocks are noticed, and nothing of the page is taken."""
    chain.blocks([1, 2])
    chain.emit(0, 3, count=2)
    chain.anvil.mine()
    node.fail(Fault("lie", "eth_getLogs", lie=change(LIES[lie])))
    with pytest.raises(NodeInconsistent):
        await index.step()
    assert await index.rows() == []
    await index.catch_up()
    await index.assert_exact()


@pytest.mark.parametrize("confirmations", [0, 30])
async def test_logs_left_out(index, chain, node, confirmations):
    """Logs that a node leaves out are missed by the headers' blooms, and read from the blocks' receipts."""
    await index.restart(confirmations=confirmations)
    chain.blocks([1, 2, None, 3])
    node.fail(Fault("lie", "eth_getLogs", lie=change(lambda logs: [])))
    await index.catch_up()
    await index.assert_exact()


async def test_some_logs_left_out(index, chain, node):
    """Near the head a block of which only some logs came is noticed as well."""
    chain.emit(0, 1, count=3)
    chain.emit(1, 2)
    chain.anvil.mine()
    node.fail(Fault("lie", "eth_getLogs", lie=change(lambda logs: logs[1:3])))
    await index.catch_up()
    await index.assert_exact()
    assert len(await index.rows()) == 4


@pytest.mark.parametrize("confirmations", [0, 30])
async def test_full_blooms(index, chain, node, confirmations):
    """A bloom that says everything is asked near the head, where its receipts must fit, and not far from it."""
    await index.restart(confirmations=confirmations)
    chain.blocks([None, None])
    full = change(lambda block: block | {"logsBloom": "0x" + "ff" * 256})
    node.fail(Fault("lie", "eth_getBlockByNumber", times=100, skip=1, lie=full))
    if confirmations:
        with pytest.raises(NodeInconsistent, match="are not its header's"):
            await index.step()
    else:
        await index.catch_up()
        assert node.asked["eth_getBlockReceipts"] == 0


async def test_receipts_left_out(index, chain, node):
    """Receipts that are not what the header's bloom says are refused."""
    chain.blocks([1])
    for answer in ([], None):
        node.fail(Fault("lie", "eth_getLogs", lie=change(lambda logs: [])))
        node.fail(Fault("lie", "eth_getBlockReceipts", lie=change(lambda _, a=answer: a)))
        with pytest.raises(NodeInconsistent):
            await index.step()
    assert await index.rows() == []


async def test_node_without_block_receipts(index, chain, node):
    """A node that has no receipts by block is used without that check."""
    chain.blocks([1, 2])
    error = {"code": -32_601, "message": "method not found"}
    lie = Fault(
        "lie",
        "eth_getBlockReceipts",
        times=100,
        lie=lambda q, a: {"jsonrpc": "2.0", "id": q["id"], "error": error},
    )
    node.fail(lie)
    await index.catch_up()
    await index.assert_exact()
    assert node.asked["eth_getBlockReceipts"] <= 2


async def test_headers_of_another_fork(index, chain, node):
    """Headers that do not follow each other are noticed."""
    chain.blocks([1, 2, 3])
    fork = {"parentHash": "0x" + "cd" * 32}
    other = change(lambda block: block | fork)
    node.fail(Fault("lie", "eth_getBlockByNumber", skip=2, lie=other))
    with pytest.raises(NodeInconsistent, match="does not follow"):
        await index.step()
    assert await index.rows() == []


async def test_node_behind(index, chain, node):
    """A node that lags takes nothing back."""
    chain.blocks([1, 2, 3])
    await index.catch_up()
    before = await index.rows()
    old = chain.anvil.tell("eth_getBlockByNumber", hex(chain.start), False)
    node.fail(Fault("lie", "eth_getBlockByNumber", lie=change(lambda _: old)))
    assert not await index.step()
    assert await index.rows() == before


@pytest.mark.parametrize("how", ["lose", "lose_answer", "error", "garbage", "unavailable"])
@pytest.mark.parametrize("method", ["eth_getBlockByNumber", "eth_getLogs", "eth_getBlockReceipts"])
async def test_faulty_node(index, chain, node, how, method):
    """Whatever question has no answer: nothing is left out, nothing twice."""
    chain.blocks([1, 2, None, 3])
    node.fail(Fault(how, method, skip=1), Fault(how, method))
    with contextlib.suppress(NodeUnavailable, NodeInconsistent, NodeRefused):
        await index.catch_up()
    node.heal()
    await index.catch_up()
    await index.assert_exact()


# ----------------------------------------------------------------------------------------------------------- processes


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("what", ["page", "reorg"])
async def test_lost_commit(index, chain, proxy, moment, what):
    """A connection that is lost while a page or a reorg is committed: it is done once, whether it was or not."""
    chain.blocks([1, 2, 3])
    if what == "reorg":
        await index.catch_up()
        chain.anvil.tell("anvil_reorg", 2, [[chain.request(0, 9), 0]])
        chain.blocks([4])
    async with Database(proxy.url) as frail:
        other = Indexer(frail, index.rpc, index.contracts, confirmations=30, stream="test")
        if index.indexer is None:
            await index.restart()
        writes = other._cursor.append if what == "page" else other._cursor.roll_back

        async def lose(*arguments):
            proxy.lose_commit = moment
            return await writes(*arguments)

        setattr(other._cursor, "append" if what == "page" else "roll_back", lose)
        with pytest.raises(DatabaseError):
            await other.step(index.lease)
        proxy.lose_commit = ""
        await other.close()
    await index.catch_up()
    await index.assert_exact()


async def test_former_holder(index, chain):
    """Whoever lost the lease appends nothing any more."""
    chain.blocks([1, 2])
    await index.restart()
    late, lease = index.indexer, index.lease
    await index.restart()
    with pytest.raises(LeaseLost):
        await late.step(lease)
    assert await index.rows() == []
    await late.close()


async def test_run(index, chain, database, node):
    """It follows the chain by itself, through a node that is down for a while, and others follow the stream."""
    indexer = Indexer(
        database, index.rpc, index.contracts, confirmations=1, stream="test", poll=0.02
    )
    task = asyncio.create_task(indexer.run())
    async with (
        asyncio.timeout(20),
        Feed(database, poll=0.05) as feed,
        feed.follow("test") as events,
    ):
        chain.blocks([1])
        assert (await anext(events)).payload["args"]["amount"] == "1"
        node.fail(Fault("unavailable", times=6))
        chain.blocks([2, None])
        seen = []
        while not (seen and seen[-1].type == "finalized"):
            seen.append(await anext(events))
        assert [event.payload["args"]["amount"] for event in seen if event.type == "Paid"] == ["2"]
        assert not task.done()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


# ----------------------------------------------------------------------------------------------- contracts and chains


async def test_contracts_that_differ(index, chain):
    """Contracts can be added where their history begins later; a stream is never of others than it says."""
    chain.blocks([1])
    await index.catch_up()
    known = index.contracts
    for others in (
        known[:1],
        [*known, emitter.watched(2, chain.start)],
        [Watched("Renamed", known[0].address, emitter.ABI, chain.start), known[1]],
    ):
        index.contracts = others
        with pytest.raises(InvalidState):
            await index.restart()
    index.contracts = [*known, emitter.watched(2, chain.anvil.head() + 1)]
    await index.restart()
    chain.blocks([2], index=2)
    await index.catch_up()
    assert await index.live() == chain.truth(0, 1, 2)


async def test_before_a_contracts_time(index, chain):
    """What a contract emitted before its first block is not taken."""
    chain.blocks([1, 2, 3], index=1)
    index.contracts[1] = emitter.watched(1, chain.start + 2)
    await index.catch_up()
    assert [row.payload["args"]["amount"] for row in await index.rows()] == ["3"]


def test_no_contracts(database_clock):
    """An indexer has contracts, each of them once."""
    for contracts in ([], [emitter.watched(0), emitter.watched(0)]):
        with pytest.raises(ValidationFailed):
            Indexer(None, Rpc("http://127.0.0.1:1", 1), contracts)


async def test_two_chains(index, chain, database):
    """Two chains go into two streams; a node of another chain is refused, and so is a stream of another chain."""
    with Anvil("--no-mining", "--chain-id", "8453") as second:
        other = Chain(second)
        async with Rpc(second.url, 8453) as rpc:
            both = Index(database, rpc, other, stream=chain_stream(8453))
            chain.blocks([1])
            other.blocks([2, 3])
            await index.catch_up()
            await both.catch_up()
            await index.assert_exact()
            await both.assert_exact()
            with pytest.raises(InvalidState, match="is of chain"):
                await Index(database, rpc, other, stream="test").restart()
        async with Rpc(second.url, CHAIN_ID) as rpc:
            with pytest.raises(WrongChain):
                await Index(database, rpc, other, stream="third").step()
