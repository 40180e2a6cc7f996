"""The indexer in any order of events, reorgs, restarts and faults: the stream is the chain, and stays what it was."""

import asyncio
from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from provenwork.chain import Rpc
from provenwork.core.errors import DatabaseError, NodeInconsistent, NodeRefused, NodeUnavailable
from provenwork.store import Database
from tests.services.chain.index import Chain, Index
from tests.services.chain.node import CHAIN_ID, Anvil, Fault, FaultyNode
from tests.services.store.harness import Proxy

CONFIRMATIONS = 6

HOWS = ("lose", "lose_answer", "error", "error_after", "repeat", "garbage", "unavailable")
METHODS = ("", "eth_getLogs", "eth_getBlockByNumber", "eth_getBlockReceipts")


def nothing(question, answer):
    """What a node says that leaves out what it has."""
    return answer | {"result": []}


def higher(question, answer):
    """What a node says whose head is not there."""
    block = answer["result"]
    if question["params"][0] != "latest" or not block:
        return answer
    return answer | {"result": block | {"number": hex(int(block["number"], 16) + 40)}}


faults = st.lists(
    st.one_of(
        st.builds(
            Fault,
            how=st.sampled_from(HOWS),
            method=st.sampled_from(METHODS),
            times=st.integers(1, 2),
            skip=st.integers(0, 6),
        ),
        st.integers(1, 2).map(lambda times: Fault("lie", "eth_getLogs", times, lie=nothing)),
        st.just("lie").map(lambda how: Fault(how, "eth_getBlockByNumber", lie=higher)),
    ),
    max_size=2,
)


class Indexing(RuleBasedStateMachine):
    """The actions, in any order; what is final when, is the indexer's to say."""

    chain: Chain
    index: Index
    node: FaultyNode
    proxy: Proxy
    streams = count()

    def __init__(self):
        super().__init__()
        self.chain.start = self.chain.anvil.head() + 1
        # Deeper than any reorg: what came before belongs to another example.
        self.chain.anvil.mine(CONFIRMATIONS + 1)
        self.index.options["stream"] = f"test.{next(self.streams)}"
        self.index.contracts = [
            type(one)(one.name, one.address, one.abi, self.chain.start)
            for one in self.index.contracts
        ]
        self.amounts = count(1)
        self.before = []
        self.run(self.index.restart(confirmations=CONFIRMATIONS, page=3))

    def run(self, work):
        return self.runner.run(work)

    @rule(blocks=st.lists(st.integers(0, 3), min_size=1, max_size=4))
    def mine(self, blocks):
        for events in blocks:
            for index in range(events):
                self.chain.emit(index % 2, next(self.amounts), count=1 + index)
            self.chain.anvil.mine()

    @rule(depth=st.integers(1, CONFIRMATIONS), kept=st.lists(st.integers(0, 5), max_size=3))
    def reorg(self, depth, kept):
        again = [[self.chain.request(0, next(self.amounts)), at % depth] for at in kept]
        self.chain.anvil.tell("anvil_reorg", depth, again)

    @rule(faults=faults, lose_commit=st.sampled_from(["", "", "", "before", "after"]))
    def step(self, faults, lose_commit):
        self.node.fail(*faults)
        self.proxy.lose_commit = lose_commit
        try:
            self.run(self.index.step())
        except (NodeUnavailable, NodeRefused, NodeInconsistent, DatabaseError):
            pass
        finally:
            self.node.heal()
            self.proxy.lose_commit = ""
        rows = self.run(self.index.rows())
        assert rows[: len(self.before)] == self.before, "the past was rewritten"
        self.before = rows

    @rule(page=st.integers(1, 9))
    def restart(self, page):
        self.run(self.index.restart(page=page))

    @rule()
    def catch_up(self):
        self.run(self.index.catch_up())
        self.run(self.index.assert_exact())
        rows = self.run(self.index.rows())
        assert [row.seq for row in rows] == list(range(1, len(rows) + 1))

    def teardown(self):
        self.catch_up()
        rows = self.run(self.index.rows())
        final = 0
        for row in rows:
            if row.type == "finalized":
                final = row.payload["seq"]
            assert row.type != "reverted" or row.payload["seq"] > final


def test_state_machine(url):
    """Whatever happens in whatever order: gapless, each event once, what is gone reverted, what is final never."""
    tries = settings(max_examples=settings().max_examples * 2 // 5, stateful_step_count=14)
    with asyncio.Runner() as runner, Anvil("--no-mining") as anvil:

        async def enter():
            proxy = await Proxy(url).__aenter__()
            node = await FaultyNode(anvil).__aenter__()
            rpc = await Rpc(node.url, CHAIN_ID, timeout=5.0).__aenter__()
            return proxy, node, rpc

        proxy, node, rpc = runner.run(enter())
        database, chain = Database(proxy.url, pool_size=4), Chain(anvil)
        index = Index(database, rpc, chain)
        # Not through the proxy, which runs in this thread.
        index.url = url
        scene = {"chain": chain, "index": index, "node": node, "proxy": proxy, "runner": runner}

        async def leave():
            await index.indexer.close()
            await database.close()
            await rpc.__aexit__()
            await node.__aexit__()
            await proxy.__aexit__()

        try:
            run_state_machine_as_test(type("Playing", (Indexing,), scene), settings=tries)
        finally:
            runner.run(leave())
