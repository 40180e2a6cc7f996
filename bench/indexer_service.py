"""Back-fill: events from Anvil into Postgres, beside only reading their logs from Anvil."""

from __future__ import annotations

from bench.services import Row, Stage, rate
from provenwork.chain import Rpc
from provenwork.chain.indexer import Indexer
from provenwork.store import acquire_lease, last_seq
from tests.services.chain import emitter
from tests.services.chain.node import CHAIN_ID, Anvil

BLOCKS = 500
EVENTS_PER_BLOCK = 40
EVENTS = BLOCKS * EVENTS_PER_BLOCK


async def rows(stage: Stage) -> list[Row]:
    """Anvil, Postgres and the indexer share the machine's cores."""
    with Anvil("--no-mining", "--gas-limit", "300000000") as anvil:
        account = anvil.tell("eth_accounts")[0]
        anvil.tell("anvil_setCode", emitter.address(0), emitter.assemble())
        data = emitter.emit(0xA11CE, 10**18, 7, count=EVENTS_PER_BLOCK)
        call = {"from": account, "to": emitter.address(0), "data": data, "gas": hex(10**6)}
        for _ in range(BLOCKS):
            anvil.tell("eth_sendTransaction", call)
            anvil.mine()
        async with stage.database() as database, Rpc(anvil.url, CHAIN_ID) as rpc:

            async def read() -> None:
                for first in range(1, BLOCKS + 1, 125):
                    span = {"fromBlock": hex(first), "toBlock": hex(first + 124)}
                    await rpc.call("eth_getLogs", span)

            async def index(stream: str, *, every_header: bool) -> None:
                indexer = Indexer(
                    database,
                    rpc,
                    [emitter.watched(0)],
                    stream=stream,
                    confirmations=0,
                    page=125,
                    every_header=every_header,
                )
                async with database.transaction() as transaction:
                    lease = await acquire_lease(
                        transaction, indexer.lease_name, "bench", seconds=600
                    )
                await indexer.open()
                while await indexer.step(lease):
                    pass
                await indexer.close()
                async with database.transaction() as transaction:
                    assert await last_seq(transaction, stream) >= EVENTS

            bare = max([await rate(EVENTS, read) for _ in range(2)])
            every = [
                await rate(EVENTS, lambda n=n: index(f"every.{n}", every_header=True))  # type: ignore[misc]
                for n in range(2)
            ]
            return [
                Row(
                    "back-fill, every header checked",
                    max(every),
                    "events/s",
                    bare,
                    "one core of Python: decoding, JSON both ways; then Postgres, one multi-row insert per page",
                )
            ]
