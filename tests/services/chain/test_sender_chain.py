"""What others, the chain and its nodes do to a sender: each call once all the same, and what is not known is not guessed."""

import pytest

from provenwork.chain.sender import (
    Policy,
    State,
    TransactionSender,
)
from provenwork.core.errors import (
    ChainError,
    DatabaseError,
    LeaseLost,
    NodeUnavailable,
)
from provenwork.store import Database
from tests.services.chain.node import Fault
from tests.services.chain.payments import POLICY, foreign, release_all
from tests.services.store.harness import ask

pytestmark = pytest.mark.anyio


async def test_nonce_used_by_another(payments):
    """A call whose nonce another transaction used has failed, once that one is seen in a final block and not before."""
    await payments.pay("a")
    await payments.step()
    payments.anvil.forget_pool()
    other = await foreign(payments, 0)
    payments.anvil.mine()
    await payments.step()
    assert await payments.state("a") is State.SENT
    await payments.finish()
    found = await payments.found("a")
    assert found.state is State.FAILED
    assert other in found.problem
    assert payments.arrived("a") == 0


async def test_receipts_withheld(payments, node):
    """A node that says the nonce is used and gives no receipt leaves it unknown: nothing fails, nothing is paid twice."""
    await payments.pay("a")
    await payments.step()
    payments.anvil.mine(4)

    def no_receipt(question, answer):
        return answer | {"result": None}

    node.fail(Fault("lie", "eth_getTransactionReceipt", times=100, lie=no_receipt))
    await payments.step(3)
    found = await payments.found("a")
    assert found.state is State.SENT
    assert "cannot be seen yet" in found.problem
    node.heal()
    await payments.finish()
    assert (await payments.state("a"), payments.arrived("a")) == (State.SETTLED, 1)


async def test_history_withheld(payments, node):
    """A node that forgot the old states leaves it unknown, too."""
    await payments.pay("a")
    await payments.step()
    payments.anvil.forget_pool()
    await foreign(payments, 0)
    payments.anvil.mine(4)
    node.fail(Fault("error", "eth_getTransactionCount", times=100, skip=2))
    await payments.step()
    found = await payments.found("a")
    assert found.state is State.SENT
    assert "cannot be seen yet" in found.problem


async def test_anothers_receipt(payments, node):
    """A receipt of another transaction is not taken."""
    await payments.pay("a")
    await payments.step()
    payments.anvil.mine()

    def another(question, answer):
        return answer | {"result": answer["result"] | {"transactionHash": "0x" + "11" * 32}}

    node.fail(Fault("lie", "eth_getTransactionReceipt", lie=another))
    with pytest.raises(ChainError, match="another's"):
        await payments.step()
    assert await payments.state("a") is State.SENT


async def test_receipt_of_an_orphaned_block(payments, node):
    """A receipt from a block that is not the chain's counts for nothing: nodes keep those of blocks that were taken back."""
    await payments.pay("a")
    await payments.step()
    payments.anvil.mine(4)

    def orphaned(question, answer):
        return answer | {"result": answer["result"] | {"blockHash": "0x" + "22" * 32}}

    # Whoever asks the block for it gets the same.
    node.fail(Fault("lie", "eth_getTransactionReceipt", times=2, lie=orphaned))
    await payments.step()
    assert await payments.told("a") == ["signed"]
    await payments.finish()
    assert payments.arrived("a") == 1


@pytest.mark.parametrize("depth", [1, 2])
async def test_reorg(payments, depth):
    """What was mined in blocks that are taken back is told, sent again, and arrives once."""
    await payments.pay("a")
    await payments.step()
    payments.anvil.mine(depth)
    await payments.step()
    assert await payments.state("a") is State.MINED
    payments.anvil.tell("anvil_reorg", depth, [])
    assert payments.arrived("a") == 0
    await payments.finish()
    assert payments.arrived("a") == 1
    told = await payments.told("a")
    assert told == ["signed", "mined", "unmined", "mined", "settled"]


async def test_chain_set_back_beyond_finality(payments, database_clock):
    """Where even what was settled is gone, the same bytes are sent again, so it stays true; and later calls go on."""
    snapshot = payments.anvil.tell("evm_snapshot")
    for key in "ab":
        await payments.pay(key)
    await payments.finish()
    payments.anvil.tell("evm_revert", snapshot)
    assert payments.arrived("a") == 0
    await payments.pay("c")
    database_clock.advance(600)
    await payments.finish()
    assert [payments.arrived(key) for key in "abc"] == [1, 1, 1]
    assert payments.anvil.nonce(payments.address) == 3


async def test_node_behind(payments, node):
    """A node that lags behind what is settled changes nothing, and takes no nonce back."""
    await payments.pay("a")
    await payments.finish()
    await payments.pay("b")

    def behind(question, answer):
        return answer | {"result": "0x0"}

    node.fail(Fault("lie", "eth_getTransactionCount", times=3, lie=behind))
    await payments.step(3)
    await payments.finish()
    assert (await payments.found("b")).nonce == 1
    assert (payments.arrived("a"), payments.arrived("b")) == (1, 1)


async def test_drift_and_storm(payments, node, database_clock, anvil):
    """Hundreds of nonces ahead of the chain with every broadcast lost: it heals by itself, and asks the node little.

    The failure of relayers that count nonces for themselves: the counter runs away from the chain, and then all that is
    pending is sent again and again.
    """
    payments.policy = Policy(confirmations=0, window=300)
    payments.restart()
    for index in range(300):
        await payments.pay(f"p{index}", gas=21_000)
    node.fail(Fault("swallow", "eth_sendRawTransaction", times=300))
    await payments.step()
    ahead = ask(payments.database.url, "SELECT max(nonce) FROM transactions")[0][0]
    assert (ahead, anvil.nonce(payments.address)) == (299, 0)
    # From now on a small window: what is ahead of it waits.
    payments.policy = Policy(confirmations=0, window=64)
    payments.restart()
    await release_all(payments)
    node.asked.clear()
    for _ in range(20):
        await payments.step()
    assert node.asked["eth_sendRawTransaction"] == 0
    for _ in range(8):
        database_clock.advance(10)
        await payments.step()
        anvil.mine()
    await payments.finish()
    assert node.asked["eth_sendRawTransaction"] <= 400
    assert anvil.nonce(payments.address) == 300
    assert {payments.arrived(key) for key in payments.to} == {1}


@pytest.mark.parametrize("waiting", [0, 2])
async def test_gap(payments, database_clock, waiting):
    """A nonce that was never given away and blocks those after it goes to what waits, or to a transaction for nothing."""
    for key in "abc":
        await payments.pay(key)
    await payments.step()
    payments.anvil.forget_pool()
    # As if the row had been another program's, and lost with it.
    lost = (await payments.found("b")).id
    ask(payments.database.url, "DELETE FROM transaction_attempts WHERE transaction_id = %s", lost)
    ask(payments.database.url, "DELETE FROM transactions WHERE id = %s", lost)
    for index in range(waiting):
        await payments.pay(f"w{index}")
    database_clock.advance(10)
    await payments.finish()
    assert (payments.arrived("a"), payments.arrived("c"), payments.arrived("b")) == (1, 1, 0)
    assert payments.anvil.nonce(payments.address) == 3 + max(0, waiting - 1)
    if waiting:
        assert (await payments.found("w0")).nonce == 1


async def test_former_holder(payments, database_clock):
    """Whoever lost the lease signs nothing any more, however late it wakes."""
    await payments.step()
    await payments.pay("a")
    late, lease = payments.sender, payments.lease
    database_clock.advance(80_000)
    payments.restart()
    await payments.step()
    await payments.pay("b")
    with pytest.raises(LeaseLost):
        await late.step(lease)
    await payments.finish()
    assert payments.anvil.nonce(payments.address) == 2


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_lost_commit(payments, proxy, moment):
    """A connection that is lost while the signature is being stored: what is not stored was not sent, what is, is sent."""
    await payments.pay("a")
    await payments.step(0)
    async with Database(proxy.url) as frail:
        sender = TransactionSender(frail, payments.rpc, payments.signer, policy=POLICY)
        proxy.lose_commit = ""
        original = sender._ledger.store

        async def store(lease, signed):
            proxy.lose_commit = moment
            return await original(lease, signed)

        sender._ledger.store = store
        with pytest.raises(DatabaseError):
            await sender.step(payments.lease)
        proxy.lose_commit = ""
    stored = len((await payments.found("a")).hashes)
    assert (stored, payments.anvil.tell("txpool_status")["pending"]) == (moment == "after", "0x0")
    await payments.finish()
    assert len((await payments.found("a")).hashes) == 1
    assert payments.arrived("a") == 1


async def test_node_down(payments, node):
    """While the node does not answer, nothing is signed."""
    await payments.pay("a")
    for how in ("lose", "unavailable", "garbage"):
        node.fail(Fault(how))
        with pytest.raises(NodeUnavailable):
            await payments.step()
    assert await payments.state("a") is State.QUEUED
    await payments.finish()
    assert payments.arrived("a") == 1
