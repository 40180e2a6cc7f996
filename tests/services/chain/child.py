"""What the tests' children do: `python -m tests.services.chain.child SCENARIO ...`, until they are killed."""

import asyncio
import sys
from typing import Any

from provenwork.chain import Rpc
from provenwork.chain.indexer import Indexer
from provenwork.chain.sender import Policy, TransactionSender
from provenwork.crypto import LocalSigner
from provenwork.store import Database
from tests.services.chain import emitter
from tests.services.chain.node import CHAIN_ID


async def send(url: str, node: str, key: str) -> None:
    """Sends for an account."""
    async with Database(url, pool_size=3) as database, Rpc(node, CHAIN_ID) as rpc:
        policy = Policy(confirmations=0, poll=0.05)
        await TransactionSender(database, rpc, LocalSigner(key), policy=policy).run()


async def index(url: str, node: str, start: str) -> None:
    """Indexes the emitters from a block on."""
    async with Database(url, pool_size=3) as database, Rpc(node, CHAIN_ID) as rpc:
        contracts = [emitter.watched(number, int(start)) for number in (0, 1)]
        options: Any = {"confirmations": 30, "stream": "test", "page": 3, "poll": 0.05}
        await Indexer(database, rpc, contracts, **options).run()


SCENARIOS = {"send": send, "index": index}

if __name__ == "__main__":
    asyncio.run(SCENARIOS[sys.argv[1]](*sys.argv[2:]))
