"""Where an indexer could leave out, double or make final what is not: seams between pages, forks, nodes and answers."""

import contextlib

import pytest

from provenwork.chain.indexer import Watched
from provenwork.core.errors import (
    FinalityBroken,
    NodeInconsistent,
    NodeRefused,
    NodeUnavailable,
)
from tests.services.chain import emitter
from tests.services.chain.node import Fault

pytestmark = pytest.mark.anyio


def change(result):
    """A lie that changes an answer's result."""
    return lambda question, answer: answer | {"result": result(answer["result"])}


def no_receipts():
    """A node that has no receipts by block."""
    error = {"code": -32_601, "message": "the method does not exist/is not available"}

    def refuse(question, answer):
        return {"jsonrpc": "2.0", "id": question["id"], "error": error}

    return Fault("lie", "eth_getBlockReceipts", times=1_000, lie=refuse)


@pytest.mark.parametrize("how", ["unavailable", "error", "lose_answer"])
async def test_no_logs_and_no_receipts(index, chain, node, how):
    """One block's logs that a node does not give, and it has no receipts either, are not taken for no logs."""
    chain.blocks([1])
    node.fail(no_receipts())
    await index.catch_up()
    chain.blocks([2])
    node.fail(Fault(how, "eth_getLogs"))
    with contextlib.suppress(NodeUnavailable, NodeRefused):
        await index.catch_up()
    await index.catch_up()
    await index.assert_exact()


@pytest.mark.parametrize("every_header", [True, False])
async def test_reorg_before_a_distant_page(index, chain, every_header):
    """What was taken back while it was away, so long ago that all is final by now, is reverted all the same."""
    await index.restart(confirmations=4, every_header=every_header)
    chain.blocks([1, 2, 3])
    await index.catch_up()
    chain.anvil.tell("anvil_reorg", 2, [])
    chain.blocks([None] * 40)
    chain.blocks([4])
    await index.restart()
    await index.catch_up()
    await index.assert_exact()


async def test_reorg_of_the_first_blocks(index, chain):
    """A contract that is indexed from its first block on, and the chain takes that very block back."""
    chain.blocks([1, 2])
    await index.catch_up()
    assert len(await index.live()) == 2
    chain.anvil.tell("anvil_reorg", 4, [[chain.request(0, 7), 3]])
    chain.blocks([8])
    await index.catch_up()
    await index.assert_exact()
    assert len(await index.live()) == 2


@pytest.mark.parametrize(("depth", "broken"), [(3, False), (4, True)])
async def test_reorg_at_the_watermark(index, chain, depth, broken):
    """A reorg down to the last final block is followed; one block more, and finality is broken."""
    await index.restart(confirmations=3)
    chain.blocks(range(6))
    await index.catch_up()
    assert (await index.progress()).final_block == chain.anvil.head() - 3
    chain.anvil.tell("anvil_reorg", depth, [[chain.request(0, 50), 0]])
    chain.anvil.mine()
    if broken:
        with pytest.raises(FinalityBroken):
            await index.catch_up()
        return
    await index.catch_up()
    await index.assert_exact()


@pytest.mark.parametrize("size", [0, 200, 20_000, 40_000, 200_000])
@pytest.mark.parametrize("known", [True, False])
async def test_event_of_any_size(index, chain, size, known):
    """An event that is larger than a payload may be stops nobody: it is kept by its topics and its data's hash."""
    noisy = "0x" + "00" * 18 + "e0ff"
    # Copies all but the first word of its calldata, and emits it with that word as the topic.
    code = "0x60203603602060003760003560203603" + "6000a100"
    chain.anvil.tell("anvil_setCode", noisy, code)
    inputs = [{"name": "content", "type": "bytes", "indexed": False}]
    declared = [{"type": "event", "name": "Said", "inputs": inputs}] if known else []
    index.contracts = [Watched("Noisy", noisy, declared, chain.start), *index.contracts]
    topic = emitter.keccak(text="Said(bytes)")
    data = topic + emitter.encode(["bytes"], [b"\x07" * size])
    chain.anvil.tell(
        "eth_sendTransaction",
        {"from": chain.account, "to": noisy, "data": "0x" + data.hex(), "gas": hex(2**24)},
    )
    chain.blocks([1])
    await index.catch_up()
    first, second = await index.rows()
    assert second.type == "Paid"
    if size <= 20_000 and known:
        assert (first.type, first.payload["args"]) == ("Said", {"content": "0x" + "07" * size})
    elif size <= 200:
        assert (first.type, first.payload["args"]["data"]) == (
            "unknown_event",
            "0x" + data[32:].hex(),
        )
    else:
        said = {"topics": ["0x" + topic.hex()], "dataHash": "0x" + emitter.keccak(data[32:]).hex()}
        assert (first.type, first.payload["args"]) == ("unknown_event", said)


async def test_logs_of_a_node_behind(index, chain, node):
    """Logs from a node that has not come to the page's end yet are not taken, however full the blooms are."""
    await index.restart(confirmations=4)
    chain.blocks([1, 2, 3] + [None] * 40)
    full = change(lambda block: block | {"logsBloom": "0x" + "ff" * 256})
    node.fail(
        Fault("lie", "eth_getLogs", lie=change(lambda logs: [])),
        Fault("lie", "eth_getBlockByNumber", lie=change(lambda block: None), beside="eth_getLogs"),
        Fault("lie", "eth_getBlockByNumber", times=200, lie=full),
    )
    await index.restart(page=3)
    with contextlib.suppress(NodeInconsistent):
        await index.step()
    node.heal()
    await index.catch_up()
    await index.assert_exact()


async def test_logs_left_out_at_once_final(index, chain, node):
    """Also without confirmations the last blocks are checked with their receipts."""
    await index.restart(confirmations=0)
    chain.blocks([None] * 3)
    await index.catch_up()
    chain.emit(0, 1, count=3)
    chain.anvil.mine()
    node.fail(Fault("lie", "eth_getLogs", lie=change(lambda logs: logs[:1])))
    await index.catch_up()
    await index.assert_exact()


async def test_head_that_is_not_there(index, chain, node):
    """A head that the node speaks of once and does not have makes nothing final."""
    await index.restart(confirmations=10, page=2)
    chain.blocks([1, 2, 3, 4])
    higher = change(lambda block: block | {"number": hex(chain.anvil.head() + 1_000)})
    node.fail(Fault("lie", "eth_getBlockByNumber", lie=higher))
    with contextlib.suppress(NodeInconsistent):
        await index.step()
    assert (await index.progress()).final_block < chain.start
    chain.anvil.tell("anvil_reorg", 4, [[chain.request(0, 9), 0]])
    await index.catch_up()
    await index.assert_exact()


async def test_head_of_another_fork(index, chain, node):
    """A page that is not on the fork of the head it was read for makes nothing final."""
    await index.restart(confirmations=3, page=2)
    chain.blocks([1, 2])
    await index.catch_up()
    chain.blocks([3, 4])
    other = change(
        lambda b: b | {"number": hex(int(b["number"], 16) + 3), "hash": "0x" + "5a" * 32}
    )
    node.fail(Fault("lie", "eth_getBlockByNumber", lie=other))
    with contextlib.suppress(NodeInconsistent):
        await index.step()
    assert (await index.progress()).final_block <= chain.anvil.head() - 3
    await index.catch_up()
    await index.assert_exact()


@pytest.mark.parametrize(
    "said",
    ["method handler crashed", "the method eth_getBlockReceipts is over its rate limit"],
)
async def test_receipts_refused_for_a_while(index, chain, node, said):
    """A node that refuses receipts for another reason than that it has none is asked again."""
    error = {"code": -32_603, "message": said}
    chain.blocks([1])

    def refuse(question, answer):
        return {"jsonrpc": "2.0", "id": question["id"], "error": error}

    node.fail(Fault("lie", "eth_getBlockReceipts", lie=refuse))
    with contextlib.suppress(NodeRefused):
        await index.catch_up()
    chain.emit(0, 2, count=2)
    chain.anvil.mine()
    node.fail(Fault("lie", "eth_getLogs", lie=change(lambda logs: logs[:-1])))
    await index.catch_up()
    await index.assert_exact()


async def test_one_wrong_word_of_the_past(index, chain, node):
    """A node that speaks once of another past does not break finality, which would take a person to mend."""
    await index.restart(confirmations=1)
    chain.blocks([1, 2])
    await index.catch_up()
    before = await index.rows()
    chain.blocks([3])
    foreign = change(lambda block: block | {"parentHash": "0x" + "b0" * 32})
    other = change(lambda block: block | {"hash": "0x" + "b1" * 32})
    node.fail(
        Fault("lie", "eth_getBlockByNumber", lie=foreign, times=3),
        Fault("lie", "eth_getBlockByNumber", lie=other, times=2),
    )
    with pytest.raises(NodeInconsistent, match="this and that"):
        await index.step()
    assert await index.rows() == before
    await index.catch_up()
    await index.assert_exact()
