"""What nodes do to an indexer: their limits, their silence and their lies. The stream is the chain all the same."""

import contextlib

import pytest

from provenwork.chain.indexer._source import Pager
from provenwork.core.errors import NodeInconsistent, NodeRefused, NodeUnavailable
from tests.services.chain import emitter
from tests.services.chain.node import Fault

pytestmark = pytest.mark.anyio


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


@pytest.mark.parametrize("near", [True, False])
async def test_full_blooms(index, chain, node, near):
    """A bloom that says everything is asked near the head, where its receipts must fit, and not far from it."""
    chain.blocks([None] * (2 if near else 32))
    await index.restart(page=2)
    full = change(lambda block: block | {"logsBloom": "0x" + "ff" * 256})
    node.fail(Fault("lie", "eth_getBlockByNumber", times=100, lie=full))
    if near:
        with pytest.raises(NodeInconsistent, match="are not its header's"):
            await index.step()
    else:
        await index.step()
        assert node.asked["eth_getBlockReceipts"] == 0
        assert (await index.progress()).next_block == chain.start + 2


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


async def test_many_logs(index, chain):
    """A flood of events: thousands in a few blocks, all of them once, in pages that become smaller."""
    for block in range(4):
        chain.emit(block % 2, block, count=1_500, gas=2**24)
        chain.anvil.mine()
    await index.restart(confirmations=0)
    chain.blocks([None] * 17)
    await index.catch_up()
    await index.assert_exact()
    assert len(await index.live()) == 6_000
    assert index.indexer.pager.size < 2_000
