"""Whatever JSON a node answers with, it is an error of the chain's, and never one that ends a service."""

import asyncio
import contextlib
from copy import deepcopy

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from provenwork.chain import Rpc
from provenwork.core.errors import ChainError, DatabaseError
from provenwork.store import Database
from tests.services.chain.index import Chain, Index
from tests.services.chain.node import CHAIN_ID, Anvil, Fault, FaultyNode
from tests.services.chain.payments import Payments

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.text(max_size=4),
    st.sampled_from(
        [
            "0x",
            "0x0",
            "0x1",
            "-0x1",
            "0x_1",
            "0xzz",
            "0x" + "f" * 64,
            "0x" + "f" * 600,
            "0x" + "ab" * 20,
        ]
    ),
)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)


def spoiled(answer, path, value):
    """An answer in which something, found by following a path of numbers, is something else."""
    answer = deepcopy(answer)
    at, parent, key = answer, None, None
    for step in path:
        if not isinstance(at, dict | list) or not at:
            break
        keys = list(at) if isinstance(at, dict) else range(len(at))
        parent, key = at, keys[step % len(keys)]
        at = at[key]
    if parent is None:
        return value
    parent[key] = value
    return answer


METHODS = (
    "eth_getBlockByNumber", "eth_getTransactionCount", "eth_getBalance", "eth_maxPriorityFeePerGas", "eth_chainId",
    "eth_estimateGas", "eth_getTransactionReceipt", "eth_sendRawTransaction", "eth_getLogs", "eth_getBlockReceipts",
)  # fmt: skip

spoilings = st.tuples(
    st.sampled_from(METHODS), st.lists(st.integers(0, 30), max_size=4), anything, st.integers(0, 2)
)


def spoil(method, path, value, skip):
    """The fault that does so to the answers to a method."""

    def lie(question, answer):
        return answer | {"result": spoiled(answer.get("result"), path, value)}

    return Fault("lie", method, times=3, skip=skip, lie=lie)


@given(said=anything)
def test_any_json(said):
    """Whatever JSON comes instead of an answer, to one question or to several."""

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
                for questions in ([("a", [])], [("a", []), ("b", [])]):
                    with pytest.raises(ChainError):
                        await rpc.calls(questions)
        finally:
            await runner.cleanup()

    asyncio.run(ask())


def test_sender(url, database_clock):
    """Whatever is in an answer, the sender goes on, and what it sends arrives once."""
    with asyncio.Runner() as runner, Anvil("--no-mining") as anvil:
        run = runner.run

        async def enter():
            node = await FaultyNode(anvil).__aenter__()
            return node, await Rpc(node.url, CHAIN_ID, timeout=5.0).__aenter__()

        node, rpc = run(enter())
        database = Database(url, pool_size=4)

        @given(one=spoilings, other=spoilings, mined=st.integers(0, 4), taken=st.booleans())
        def check(one, other, mined, taken):
            payments = Payments(database, rpc, anvil, database_clock)
            run(payments.pay("a", 1))
            run(payments.step())
            anvil.mine(mined)
            if taken:
                run(payments.pay("b", 1, gas=21_000))
            node.fail(spoil(*one), spoil(*other))
            for _ in range(2):
                with contextlib.suppress(ChainError, DatabaseError):
                    run(payments.step())
            node.heal()
            found = run(payments.found("a"))
            assert not found.state.final or payments.arrived("a") == (found.state == "settled")
            run(payments.finish())
            assert payments.arrived("a") == ((run(payments.state("a"))) == "settled")

        try:
            check()
        finally:

            async def leave():
                await database.close()
                await rpc.__aexit__()
                await node.__aexit__()

            run(leave())


def test_indexer(url):
    """Whatever is in an answer, nothing wrong is indexed that the headers contradict, and afterwards all is there."""
    with asyncio.Runner() as runner, Anvil("--no-mining") as anvil:
        run = runner.run

        async def enter():
            node = await FaultyNode(anvil).__aenter__()
            return node, await Rpc(node.url, CHAIN_ID, timeout=5.0).__aenter__()

        node, rpc = run(enter())
        database = Database(url, pool_size=4)
        chain = Chain(anvil)
        chain.blocks([1, None, 2] + [None] * 20 + [3, 4])
        streams = iter(range(10_000))

        @given(one=spoilings, other=spoilings, page=st.sampled_from([1, 7, 100]))
        def check(one, other, page):
            index = Index(database, rpc, chain, stream=f"test.{next(streams)}", page=page)
            run(index.restart())
            node.fail(spoil(*one), spoil(*other))
            for _ in range(2):
                with contextlib.suppress(ChainError, DatabaseError):
                    run(index.step())
            node.heal()
            run(index.indexer.close())

        try:
            check()
        finally:

            async def leave():
                await database.close()
                await rpc.__aexit__()
                await node.__aexit__()

            run(leave())
