"""The indexer: every event of the chain once, in order, whatever the chain takes back and whoever is killed."""

import asyncio
import contextlib

import pytest

from provenwork.chain import Rpc
from provenwork.chain.indexer import Indexer, Watched, chain_stream
from provenwork.core.errors import (
    DatabaseError,
    FinalityBroken,
    InvalidState,
    LeaseLost,
    ValidationFailed,
    WrongChain,
)
from provenwork.store import Database, Feed
from tests.services.chain import emitter
from tests.services.chain.index import Chain, Index
from tests.services.chain.node import CHAIN_ID, Anvil, Fault

pytestmark = pytest.mark.anyio


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
