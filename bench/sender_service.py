"""The sender on Anvil, from enqueued to settled, beside sending bytes that were signed before."""

from __future__ import annotations

import asyncio
import contextlib

from bench.services import Row, Stage, rate
from provenwork.chain import Call, Rpc, Transaction
from provenwork.chain.sender import Policy, TransactionSender, enqueue_call, sender_backlog
from provenwork.crypto import LocalSigner, to_address
from provenwork.store import Database
from tests.services.chain.node import CHAIN_ID, Anvil

CALLS = 600
WINDOW = 100
RECIPIENT = to_address("0x" + "00" * 18 + "beef")


async def rows(stage: Stage) -> list[Row]:
    """Anvil mines as soon as there is something to mine; Anvil, Postgres and the sender share the machine's cores."""
    with Anvil("--block-time", "1") as anvil:
        anvil.tell("evm_setIntervalMining", 0)
        anvil.tell("evm_setAutomine", True)
        ours, bare = LocalSigner(b"\x01" * 32), LocalSigner(b"\x02" * 32)
        for signer in (ours, bare):
            anvil.fund(signer.address)
        async with stage.database() as database, Rpc(anvil.url, CHAIN_ID) as rpc:
            signed = [
                Transaction(CHAIN_ID, n, 10**9, 10**11, 21_000, RECIPIENT, 1, b"").sign(bare).raw
                for n in range(CALLS)
            ]

            async def send_bare() -> None:
                for first in range(0, CALLS, WINDOW):
                    part = signed[first : first + WINDOW]
                    await rpc.calls([("eth_sendRawTransaction", ["0x" + r.hex()]) for r in part])
                    while anvil.nonce(bare.address) < first + len(part):
                        await asyncio.sleep(0.005)

            beside = await rate(CALLS, send_bare)
            async with database.transaction() as transaction:
                for number in range(CALLS):
                    call = Call(RECIPIENT, b"", 1)
                    await enqueue_call(
                        transaction, CHAIN_ID, ours.address, call, key=str(number), gas=21_000
                    )
            policy = Policy(confirmations=0, window=WINDOW, poll=0.01)
            sender = TransactionSender(database, rpc, ours, policy=policy)
            value = await rate(CALLS, lambda: _until_settled(database, sender, ours.address))
            return [
                Row(
                    "transactions, enqueued to settled",
                    value,
                    "transactions/s",
                    beside,
                    f"a window of {WINDOW} nonces: some five commits and requests each; on a chain, one per block",
                )
            ]


async def _until_settled(database: Database, sender: TransactionSender, account: str) -> None:
    task = asyncio.create_task(sender.run())
    while True:
        await asyncio.sleep(0.02)
        async with database.transaction() as transaction:
            left = await sender_backlog(transaction, CHAIN_ID, account)
        if not (left.queued or left.sent or left.unknown or left.mined):
            break
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
