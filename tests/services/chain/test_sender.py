"""The sender, fault by fault: each call once, and its outcome told as it is."""

import asyncio
from dataclasses import replace
from itertools import count

import pytest
from coincurve import PrivateKey
from sqlalchemy import text

from provenwork.chain import Call, Transaction
from provenwork.chain.sender import (
    Policy,
    State,
    TransactionSender,
    cancel_call,
    enqueue_call,
    find_call,
    sender_backlog,
    sender_stream,
)
from provenwork.core.errors import (
    ChainError,
    DatabaseError,
    IdempotencyConflict,
    InvalidState,
    LeaseLost,
    NodeUnavailable,
    NotFound,
    RateLimited,
    ValidationFailed,
)
from provenwork.crypto import LocalSigner, to_address
from provenwork.store import Database, acquire_lease, read_events
from tests.services.chain.node import CHAIN_ID, Fault
from tests.services.store.harness import ask

pytestmark = pytest.mark.anyio

POLICY = Policy(confirmations=2, window=4, proof_pause=0.0)
_recipients = count(0xFEED_0000)


def recipient():
    """An address that never had anything."""
    return to_address("0x" + next(_recipients).to_bytes(20, "big").hex())


class Payments:
    """One account's payments, each to an address of its own, and whether they arrived."""

    def __init__(self, database, rpc, anvil, clock, *, policy=POLICY):
        self.database, self.rpc, self.anvil, self.policy = database, rpc, anvil, policy
        self.signer = LocalSigner(PrivateKey().secret)
        self.address = self.signer.address
        self.to = {}
        self.clock = clock
        anvil.fund(self.address)
        self.restart()

    def restart(self):
        """Another process takes over."""
        self.sender = TransactionSender(self.database, self.rpc, self.signer, policy=self.policy)
        self.lease = None

    async def pay(self, key, wei=1, **options):
        """Has a payment sent."""
        to = self.to.setdefault(key, (recipient(), wei))
        async with self.database.transaction() as transaction:
            call = Call(to[0], b"", wei, key)
            return await enqueue_call(transaction, CHAIN_ID, self.address, call, key=key, **options)

    async def step(self, times=1):
        """So many looks at the chain."""
        if self.lease is None:
            async with self.database.transaction() as transaction:
                self.lease = await acquire_lease(
                    transaction, self.sender.lease_name, "test", seconds=80_000
                )
        for _ in range(times):
            await self.sender.step(self.lease)

    async def found(self, key):
        """What became of a payment."""
        async with self.database.transaction() as transaction:
            return await find_call(transaction, CHAIN_ID, self.address, key)

    async def state(self, key):
        """How far it is."""
        return (await self.found(key)).state

    def arrived(self, key):
        """What its recipient has."""
        return self.anvil.balance(self.to[key][0])

    async def finish(self, rounds=30):
        """Mines and looks until everything is decided."""
        for _ in range(rounds):
            await self.step()
            self.anvil.mine()
            self.clock.advance(6)
            async with self.database.transaction() as transaction:
                left = await sender_backlog(transaction, CHAIN_ID, self.address)
            if not (left.queued or left.sent or left.unknown or left.mined):
                return
        raise AssertionError(f"still undecided: {left}")

    async def told(self, key):
        """The types of the events about a payment."""
        async with self.database.transaction() as transaction:
            events = await read_events(transaction, sender_stream(CHAIN_ID, self.address))
        return [e.type.removeprefix("transaction_") for e in events if e.payload["key"] == key]


@pytest.fixture
def payments(database_clock, database, rpc, anvil):
    """An account with ether; the database's clock stands still until it is moved."""
    anvil.forget_pool()
    return Payments(database, rpc, anvil, database_clock)


async def test_settled(payments, anvil):
    """Sent, mined, and settled once so many blocks are on top that it stays."""
    await payments.pay("a", 7)
    await payments.step()
    assert await payments.state("a") is State.SENT
    anvil.mine()
    await payments.step()
    assert await payments.state("a") is State.MINED
    anvil.mine(2)
    await payments.step()
    found = await payments.found("a")
    assert (found.state, found.nonce, found.hash) == (State.SETTLED, 0, found.hashes[0])
    assert found.gas_used == 21_000
    assert found.fee > 0
    assert payments.arrived("a") == 7
    assert await payments.told("a") == ["signed", "mined", "settled"]


async def test_enqueued_with_its_cause(payments, database):
    """A call is sent when and only when the transaction of its cause commits."""

    async def fail():
        async with database.transaction() as transaction:
            call = Call(recipient(), b"", 1)
            await enqueue_call(transaction, CHAIN_ID, payments.address, call, key="a")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    await payments.step()
    assert await payments.found("a") is None


async def test_same_key(payments):
    """The same key is the same call: also at the same moment, also once it is settled; another call is refused."""
    first, *others = await asyncio.gather(*(payments.pay("a") for _ in range(5)))
    assert set(others) == {first}
    await payments.finish()
    assert await payments.pay("a") == first
    with pytest.raises(IdempotencyConflict):
        await payments.pay("a", 2)
    await payments.finish()
    assert payments.arrived("a") == 1


async def test_bounded_queue(payments):
    """Beyond the most that may wait a new call is refused, and a repeated one is not."""
    for key in "abc":
        await payments.pay(key, most_queued=3)
    with pytest.raises(RateLimited):
        await payments.pay("d", most_queued=3)
    await payments.pay("a", most_queued=3)


@pytest.mark.parametrize(
    ("key", "call", "gas"),
    [
        ("", Call(recipient(), b""), None),
        ("é", Call(recipient(), b""), None),
        ("k", Call(recipient(), b"", 2**256), None),
        ("k", Call(recipient(), b"", -1), None),
        ("k", Call(recipient(), bytes(131_072)), None),
        ("k", Call(recipient(), b""), 20_999),
        ("k", Call(recipient(), b""), 2**24 + 1),
    ],
)
async def test_refused_calls(payments, database, key, call, gas):
    """What no transaction can be is refused before it waits."""
    with pytest.raises(ValidationFailed):
        async with database.transaction() as transaction:
            await enqueue_call(transaction, CHAIN_ID, payments.address, call, key=key, gas=gas)


SENDING = [
    "lose",
    "lose_answer",
    "error",
    "error_after",
    "swallow",
    "repeat",
    "garbage",
    "unavailable",
]


@pytest.mark.parametrize("how", SENDING)
async def test_faulty_broadcast(payments, node, database_clock, how):
    """Whatever a node does to a broadcast and its answer: each payment arrives once, with one signature each."""
    for key in "abc":
        await payments.pay(key)
    node.fail(Fault(how, "eth_sendRawTransaction", times=2))
    await payments.step()
    payments.anvil.mine()
    await payments.step()
    database_clock.advance(10)
    await payments.finish()
    for key in "abc":
        found = await payments.found(key)
        assert (found.state, len(found.hashes), payments.arrived(key)) == (State.SETTLED, 1, 1)
    assert payments.anvil.nonce(payments.address) == 3


async def test_delayed_and_reordered(payments, node, database_clock):
    """Broadcasts that arrive late, and the last one first, are no second payments."""
    for key in "abc":
        await payments.pay(key)
    node.fail(Fault("delay", "eth_sendRawTransaction", times=1))
    await payments.step()
    database_clock.advance(10)
    node.fail(Fault("delay", "eth_sendRawTransaction", times=2, skip=1))
    await payments.step()
    payments.anvil.mine()
    await node.release()
    await payments.finish()
    assert [payments.arrived(key) for key in "abc"] == [1, 1, 1]
    assert payments.anvil.nonce(payments.address) == 3


async def test_lost_pool(payments, database_clock):
    """What a node loses from its pool is sent again, the same bytes, and only when their time has come."""
    await payments.pay("a")
    await payments.step()
    payments.anvil.forget_pool()
    payments.anvil.mine()
    await payments.step()
    assert payments.anvil.tell("txpool_status")["pending"] == "0x0"
    database_clock.advance(5)
    await payments.finish()
    assert len((await payments.found("a")).hashes) == 1
    assert payments.arrived("a") == 1


async def test_unknown(payments, database_clock):
    """What is not mined for long is unknown, says so once, and is settled when it is mined after all."""
    await payments.pay("a")
    await payments.step()
    database_clock.advance(121)
    await payments.step(2)
    assert await payments.state("a") is State.UNKNOWN
    await payments.finish()
    told = await payments.told("a")
    assert (told.count("unknown"), told[-1], payments.arrived("a")) == (1, "settled", 1)


async def test_outbid(payments, database_clock, anvil):
    """What pays too little is signed again under the same nonce for at least an eighth more, and arrives once."""
    await payments.pay("a")
    await payments.step()
    anvil.tell("anvil_setNextBlockBaseFeePerGas", hex(10**13))
    anvil.mine()
    await payments.step()
    assert len((await payments.found("a")).hashes) == 1
    database_clock.advance(30)
    await payments.step()
    assert len((await payments.found("a")).hashes) == 2
    await payments.finish()
    found = await payments.found("a")
    assert (found.state, found.hash, payments.arrived("a")) == (State.SETTLED, found.hashes[1], 1)
    anvil.tell("anvil_setNextBlockBaseFeePerGas", hex(10**9))
    anvil.mine()


async def test_former_bid_is_mined(payments, database_clock, anvil):
    """Where the cheaper of two signatures is mined after all, that is the payment, and there is no other."""
    await payments.pay("a")
    await payments.step()
    cheap = ask(payments.database.url, "SELECT raw FROM transaction_attempts")[0][0]
    anvil.forget_pool()
    database_clock.advance(30)
    await payments.step()
    anvil.forget_pool()
    anvil.tell("eth_sendRawTransaction", "0x" + bytes(cheap).hex())
    anvil.mine()
    await payments.finish()
    found = await payments.found("a")
    assert (found.hash, len(found.hashes), payments.arrived("a")) == (found.hashes[0], 2, 1)


async def test_too_dear(payments, anvil):
    """Calls wait while gas costs more than is allowed, and say so; nothing is signed."""
    payments.policy = replace(POLICY, max_fee_per_gas=10**6)
    payments.restart()
    await payments.pay("a")
    await payments.step()
    found = await payments.found("a")
    assert (found.state, found.problem) == (State.QUEUED, "gas costs more than is allowed")
    payments.policy = POLICY
    payments.restart()
    await release_all(payments)
    await payments.finish()
    assert payments.arrived("a") == 1


async def release_all(payments):
    """Whoever held the account's lease is gone."""
    async with payments.database.transaction() as transaction:
        await transaction.execute(text("UPDATE leases SET expires_at = to_timestamp(0)"))


async def test_too_poor_for_all(payments, anvil):
    """What the account cannot pay for beside what is on its way is not signed, and waits."""
    anvil.fund(payments.address, 10**18 + 10**16)
    await payments.pay("a", 10**18, gas=21_000)
    await payments.pay("b", 10**18, gas=21_000)
    await payments.step(2)
    found = await payments.found("b")
    assert (found.state, found.nonce) == (State.QUEUED, None)
    assert found.problem == "the account does not hold enough to pay for it"
    anvil.fund(payments.address)
    await payments.finish()
    assert (payments.arrived("a"), payments.arrived("b")) == (10**18, 10**18)


async def test_too_poor(payments, anvil):
    """Calls wait for the account's money, in their order, and say so."""
    anvil.fund(payments.address, 10**15)
    await payments.pay("a", 10**18)
    await payments.pay("b")
    await payments.step()
    assert (
        "does not hold enough" in (await payments.found("a")).problem
        or "unds" in (await payments.found("a")).problem
    )
    assert await payments.state("b") is State.QUEUED
    anvil.fund(payments.address)
    await payments.finish()
    assert (payments.arrived("a"), payments.arrived("b")) == (10**18, 1)


# PUSH1 0 PUSH1 0 REVERT
REVERTING = "0x60006000fd"


async def test_refused_by_the_contract(payments, anvil):
    """A call that would revert fails before it is signed, and uses no nonce."""
    contract = recipient()
    anvil.tell("anvil_setCode", contract, REVERTING)
    payments.to["a"] = (contract, 0)
    await payments.pay("a", 0)
    await payments.pay("b")
    await payments.finish()
    found = await payments.found("a")
    assert (found.state, found.nonce, found.hashes) == (State.FAILED, None, ())
    assert "revert" in found.problem
    assert (await payments.found("b")).nonce == 0


async def test_reverted_in_a_block(payments, anvil):
    """A call that is mined and reverts has failed, with the reason, and its nonce is used."""
    contract = recipient()
    anvil.tell("anvil_setCode", contract, REVERTING)
    payments.to["a"] = (contract, 0)
    await payments.pay("a", 0, gas=50_000)
    await payments.finish()
    found = await payments.found("a")
    assert (found.state, found.nonce) == (State.FAILED, 0)
    assert found.hash == found.hashes[0]
    assert "revert" in found.problem


async def test_too_late_to_sign(payments, database_clock):
    """A call that was not signed in time fails, and is never signed."""
    await payments.pay("a", patience=5)
    database_clock.advance(5)
    await payments.finish()
    found = await payments.found("a")
    assert (found.state, found.hashes, payments.arrived("a")) == (State.FAILED, (), 0)


async def test_cancelled_before_it_is_signed(payments, database):
    """Where nothing is signed a call is taken back at once."""
    await payments.pay("a")
    async with database.transaction() as transaction:
        await cancel_call(transaction, CHAIN_ID, payments.address, "a")
    await payments.finish()
    assert (await payments.state("a"), payments.arrived("a")) == (State.FAILED, 0)
    assert await payments.told("a") == ["failed"]


async def test_cancelled_after_it_is_signed(payments, database):
    """Where it is signed, nothing is sent under its nonce for more; whichever is mined decides."""
    await payments.pay("a")
    await payments.step()
    async with database.transaction() as transaction:
        await cancel_call(transaction, CHAIN_ID, payments.address, "a")
    await payments.finish()
    found = await payments.found("a")
    assert (found.state, found.problem, found.hash) == (State.FAILED, "cancelled", found.hashes[1])
    assert (payments.arrived("a"), payments.anvil.nonce(payments.address)) == (0, 1)


async def test_cancelled_too_late(payments, database):
    """What is mined cannot be taken back, and what nobody enqueued is not found."""
    await payments.pay("a")
    await payments.step()
    payments.anvil.mine()
    await payments.step()
    for _ in range(2):
        with pytest.raises(InvalidState):
            async with database.transaction() as transaction:
                await cancel_call(transaction, CHAIN_ID, payments.address, "a")
        await payments.finish()
    with pytest.raises(NotFound):
        async with database.transaction() as transaction:
            await cancel_call(transaction, CHAIN_ID, payments.address, "b")


async def foreign(payments, nonce, wei=5):
    """Somebody else signs with the account's key."""
    content = Transaction(CHAIN_ID, nonce, 10**10, 10**12, 21_000, recipient(), wei, b"")
    raw = content.sign(payments.signer).raw
    return payments.anvil.tell("eth_sendRawTransaction", "0x" + raw.hex())


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
    assert "does not give its receipt" in found.problem
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
    node.fail(Fault("error", "eth_getTransactionCount", times=100, skip=1))
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

    node.fail(Fault("lie", "eth_getTransactionReceipt", lie=orphaned))
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
