"""Whatever JSON a node answers with, it is an error of the chain's, and never one that ends a service."""

import asyncio
import contextlib
from copy import deepcopy
from dataclasses import replace

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from provenwork.chain import Rpc
from provenwork.core.errors import ChainError, DatabaseError
from tests.services.chain.node import Fault
from tests.services.chain.payments import POLICY

VALUES = (
    None, True, 7, -1.5, "", "0x", "-0x1", "0xzz", "0x" + "f" * 64, "0x" + "f" * 600, "\ud800\x00", [], [None], {},
)  # fmt: skip

scalars = st.sampled_from([value for value in VALUES if not isinstance(value, list | dict)])
keys = st.sampled_from(["jsonrpc", "id", "result", "error", "code", "message", "data"])
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=8,
)


@given(
    said=anything | st.lists(st.fixed_dictionaries({"id": anything, "result": anything})),
    number=st.integers(1, 2),
)
def test_any_json(said, number):
    """Whatever JSON comes instead of an answer, to one question or to two, it is no answer."""

    async def ask():
        application = web.Application()

        async def serve(request):
            return web.json_response(said)

        application.router.add_post("/", serve)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        try:
            async with Rpc(f"http://{host}:{port}", 1) as rpc:
                rpc._right_chain = True
                # No answer is to these: what is asked for is numbered from 1.
                await rpc.calls([("a", [])] * number)
        finally:
            await runner.cleanup()

    with contextlib.suppress(ChainError):
        asyncio.run(ask())


def spoil(method, path, value):
    """The fault that puts something else in one place of the answers to a method."""

    def lie(question, answer):
        answer = deepcopy(answer)
        at = answer
        *way, last = ("result", *path)
        try:
            for step in way:
                at = at[step]
            at[last] = value
        except (KeyError, IndexError, TypeError):
            # This answer has no such place.
            pass
        return answer

    return Fault("lie", method, times=20, lie=lie)


def places(method, *paths):
    """Places in the answers to a method: all of it, and parts."""
    return [(method, ()), *((method, path) for path in paths)]


LOG = ("address", "topics", "data", "blockNumber", "blockHash", "transactionHash", "logIndex", "removed")  # fmt: skip
BLOCK = ("number", "hash", "parentHash", "timestamp", "logsBloom", "baseFeePerGas", "transactions")
RECEIPT = (
    "transactionHash",
    "blockHash",
    "blockNumber",
    "status",
    "gasUsed",
    "effectiveGasPrice",
)
READ = [
    *places("eth_getBlockByNumber", *((key,) for key in BLOCK)),
    *places("eth_getLogs", (0,), (0, "topics", 0), *((0, key) for key in LOG)),
    *places("eth_getBlockReceipts", (0,), (0, "logs"), (0, "logs", 0), *((0, "logs", 0, k) for k in LOG)),
    *places("eth_chainId"),
]  # fmt: skip
SENT = [
    *places("eth_getBlockByNumber", *((key,) for key in BLOCK)),
    *places("eth_getTransactionReceipt", *((key,) for key in RECEIPT)),
    *(
        place
        for method in (
            "eth_getTransactionCount", "eth_getBalance", "eth_maxPriorityFeePerGas", "eth_chainId",
            "eth_estimateGas", "eth_sendRawTransaction",
        )
        for place in places(method)
    ),
]  # fmt: skip


def spoilings(where, share):
    """Every place with one of so many shares of the values; neighbours have others."""
    for index, (method, path) in enumerate(where):
        for value in VALUES[index % share :: share]:
            yield method, path, value


@pytest.mark.anyio
async def test_indexer(index, chain, node):
    """Whatever is in whatever place of what it reads: nothing ends it, and afterwards all is there."""
    for number, (method, path, value) in enumerate(spoilings(READ, 2)):
        if number % 20 == 0:
            await index.restart(stream=f"test.{number}")
        node.fail(spoil(method, path, value))
        with contextlib.suppress(ChainError, DatabaseError):
            chain.blocks([number])
            await index.step()
        node.heal()
        if number % 20 == 19:
            await index.catch_up()
            index.contracts = [
                replace(one, from_block=chain.anvil.head()) for one in index.contracts
            ]
            chain.start = chain.anvil.head()
    await index.restart(stream="last")
    await index.catch_up()
    await index.assert_exact()


@pytest.mark.anyio
async def test_sender(payments, node, anvil):
    """Whatever is in whatever place of what it reads: nothing ends it, and what is paid is paid once and said to be."""
    payments.policy = replace(POLICY, window=64)
    payments.restart()
    await payments.step()
    keys = []
    for number, (method, path, value) in enumerate(spoilings(SENT, 3)):
        if number % 3 == 0:
            keys.append(f"p{number}")
            await payments.pay(keys[-1])
        node.fail(spoil(method, path, value))
        with contextlib.suppress(ChainError, DatabaseError):
            await payments.step()
        node.heal()
        if number % 5 == 0:
            anvil.mine()
            await payments.step()
    payments.clock.advance(10)
    await payments.finish()
    assert len(keys) > 20
    for key in keys:
        assert payments.arrived(key) == ((await payments.state(key)) == "settled")
