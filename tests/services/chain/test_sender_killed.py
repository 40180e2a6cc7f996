"""Senders that are killed at the worst moments, as processes, and others that go on in their place."""

import asyncio
import contextlib

import pytest
from coincurve import PrivateKey

from provenwork.chain import Call
from provenwork.chain.sender import Policy, State, TransactionSender, enqueue_call, find_call
from provenwork.core.clock import SystemClock
from provenwork.crypto import LocalSigner, to_address
from provenwork.store import Listener
from tests.services.chain.node import CHAIN_ID, Fault
from tests.services.store.harness import ask, child, wait_for

pytestmark = pytest.mark.anyio

RECIPIENT = to_address("0x" + "00" * 16 + "deadbeef")

# When, and how many signatures are stored by then.
MOMENTS = {
    "before anything is signed": (Fault("die_before", "eth_estimateGas"), 0),
    "stored, not sent": (Fault("die_before", "eth_sendRawTransaction"), 1),
    "sent, not answered": (Fault("die_after", "eth_sendRawTransaction"), 1),
    "mined, not noted": (Fault("die_after", "eth_getTransactionReceipt"), 1),
}


@pytest.mark.parametrize("moment", MOMENTS)
async def test_killed(database, anvil, node, rpc, url, moment):
    """Whenever a sender is killed: the next one goes on from what is stored, and the payment arrives once."""
    secret = PrivateKey().secret
    signer = LocalSigner(secret)
    anvil.fund(signer.address)
    before = anvil.balance(RECIPIENT)
    async with database.transaction() as transaction:
        call = Call(RECIPIENT, b"", 7)
        await enqueue_call(transaction, CHAIN_ID, signer.address, call, key="a")
    fault, stored = MOMENTS[moment]
    address = url.render_as_string(hide_password=False)
    arguments = (address, node.url, secret.hex())
    with child("send", *arguments, module="tests.services.chain.child") as running:
        node.on_death = running.kill
        node.fail(fault)
        if moment == "mined, not noted":
            await wait_for(lambda: node.asked["eth_sendRawTransaction"], seconds=90)
            await asyncio.sleep(0.1)
            anvil.mine()
        await wait_for(lambda: running.process.poll() is not None, seconds=90)
    assert ask(url, "SELECT count(*) FROM transaction_attempts") == [(stored,)]
    # Nobody gave the lease back.
    ask(url, "UPDATE leases SET expires_at = to_timestamp(0)")
    ask(url, "UPDATE transaction_attempts SET next_broadcast_at = clock_timestamp()")

    async with Listener(database) as listener:
        policy = Policy(confirmations=0, poll=0.05)
        sender = TransactionSender(database, rpc, signer, policy=policy, listener=listener)
        running_sender = asyncio.create_task(sender.run())
        found = None
        while found is None or not found.state.final:
            await asyncio.sleep(0.02)
            anvil.mine()
            async with database.transaction() as transaction:
                found = await find_call(transaction, CHAIN_ID, signer.address, "a")
        running_sender.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running_sender
    assert (found.state, len(found.hashes)) == (State.SETTLED, 1)
    assert anvil.balance(RECIPIENT) == before + 7
    assert anvil.nonce(signer.address) == 1


class Hasty(SystemClock):
    """Waits for nothing long."""

    async def sleep(self, seconds):
        await asyncio.sleep(min(seconds, 0.05))


async def test_two_at_once(database, anvil, node, rpc, url):
    """Of two senders of one account one works and the other waits; when the one ends, the other goes on."""
    signer = LocalSigner(PrivateKey().secret)
    anvil.fund(signer.address)
    policy = Policy(confirmations=0, poll=0.02)
    senders = [
        TransactionSender(database, rpc, signer, policy=policy, clock=Hasty()) for _ in range(2)
    ]
    tasks = [asyncio.create_task(sender.run()) for sender in senders]
    for index, task in enumerate(tasks):
        async with database.transaction() as transaction:
            call = Call(to_address("0x" + "00" * 19 + "aa"), b"", 1)
            await enqueue_call(transaction, CHAIN_ID, signer.address, call, key=str(index))
        found = None
        while found is None or not found.state.final:
            await asyncio.sleep(0.02)
            anvil.mine()
            async with database.transaction() as transaction:
                found = await find_call(transaction, CHAIN_ID, signer.address, str(index))
        assert found.nonce == index
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert anvil.nonce(signer.address) == 2
