"""What could make a sender pay twice, or call failed what was paid: copies of its database, other chains, single lies."""

import asyncio
import contextlib
from dataclasses import replace

import pytest
from eth_abi import encode

from provenwork.chain.sender import (
    State,
    accept_nonces,
    cancel_call,
    sender_backlog,
)
from provenwork.core.errors import ChainError, RateLimited, WrongChain
from tests.services.chain.node import CHAIN_ID, Anvil, Fault
from tests.services.chain.payments import POLICY, copied, foreign, recipient, release_all
from tests.services.store.harness import ask

pytestmark = pytest.mark.anyio


@pytest.fixture
async def copy(payments):
    """Makes copies of the payments' database, which end with the test."""
    made = []

    async def make():
        made.append(await copied(payments))
        return made[-1]

    yield make
    for one in made:
        await one.database.close()
        url = payments.database.url.set(database="postgres")
        ask(url, f'DROP DATABASE "{one.database.url.database}" WITH (FORCE)')


async def accept(payments):
    """A person has looked, and says that all that was sent so far is accounted for."""
    async with payments.database.transaction() as transaction:
        below = payments.anvil.nonce(payments.address)
        await accept_nonces(transaction, CHAIN_ID, payments.address, below)


async def cancel(payments, key):
    """A person takes a call back."""
    async with payments.database.transaction() as transaction:
        await cancel_call(transaction, CHAIN_ID, payments.address, key)


# ------------------------------------------------------------------------------------------------- copies of the database


async def test_backup_from_before_it_was_signed(payments, copy):
    """A restored backup in which a call that was paid since still waits: it is not paid again, and a person is asked."""
    await payments.pay("old")
    await payments.finish()
    await payments.pay("a")
    backup = await copy()
    await payments.finish()
    assert payments.arrived("a") == 1

    await backup.pay("b")
    for _ in range(5):
        await backup.step()
        payments.anvil.mine()
    found = await backup.found("a")
    assert (found.state, backup.arrived("a"), backup.arrived("b")) == (State.QUEUED, 1, 0)
    assert "nonce 1 " in found.problem
    # The person sees that it was paid.
    await cancel(backup, "a")
    await accept(backup)
    await backup.finish()
    assert (backup.arrived("a"), backup.arrived("b")) == (1, 1)


async def test_backup_from_before_it_was_outbid(payments, copy, database_clock):
    """A restored backup that lacks the signature that was mined: the call is settled by what it did, and has not failed."""
    await payments.pay("a")
    await payments.step()
    backup = await copy()
    payments.anvil.forget_pool()
    database_clock.advance(31)
    await payments.finish()
    mined = (await payments.found("a")).hash
    assert len((await payments.found("a")).hashes) == 2

    await backup.finish()
    found = await backup.found("a")
    assert (found.state, found.hash, found.hashes == (mined,)) == (State.SETTLED, mined, False)
    assert backup.arrived("a") == 1
    await backup.pay("b")
    await backup.finish()
    assert backup.arrived("b") == 1


async def test_backup_while_it_waits_to_be_mined(payments, copy):
    """A restored backup while the lost signature is still in the pool: its nonce goes to no other call."""
    await payments.step()
    await payments.pay("a", 3)
    backup = await copy()
    await payments.step()
    await cancel(backup, "a")
    # Its cause happens once more, as its callers do not know that it happened; another call was faster.
    await backup.pay("b", 4)
    payments.to["again"] = payments.to["a"]
    backup.to["again"] = payments.to["a"]
    await backup.pay("again", 3)
    for _ in range(6):
        await backup.step()
        payments.anvil.mine()
        backup.clock.advance(6)
    assert backup.arrived("again") == 3
    # Somebody has to look: what was paid with that nonce is not in this database.
    assert {await backup.state(key) for key in ("b", "again")} == {State.QUEUED}
    await cancel(backup, "again")
    await accept(backup)
    await backup.finish()
    assert (backup.arrived("again"), backup.arrived("b")) == (3, 4)


async def test_two_databases_of_one_key(payments, copy):
    """A copy that runs beside the original, with the same calls and the same key: each call is paid once."""
    await payments.step()
    for key in "abc":
        await payments.pay(key)
    other = await copy()
    await payments.step()
    payments.anvil.mine()
    await other.step()
    for _ in range(8):
        for one in (payments, other):
            await one.step()
            one.clock.advance(6)
        payments.anvil.mine()
    assert [payments.arrived(key) for key in "abc"] == [1, 1, 1]
    assert {await payments.state(key) for key in "abc"} == {State.SETTLED}
    assert not {await other.state(key) for key in "abc"} & {State.FAILED}


async def test_key_that_others_use(payments, anvil):
    """A nonce that others used stops new signatures until a person has looked; what is on its way goes on."""
    await payments.pay("a")
    await payments.finish()
    await foreign(payments, 1)
    anvil.mine()
    await payments.pay("b")
    await payments.step(2)
    assert await payments.state("b") is State.QUEUED
    await accept(payments)
    await payments.finish()
    assert payments.arrived("b") == 1
    assert (await payments.found("b")).nonce == 2


async def test_key_that_was_used_before(payments, anvil):
    """A key with a past of its own is taken as it is found: only what others do from then on is a question."""
    for nonce in range(3):
        await foreign(payments, nonce)
    anvil.mine()
    await payments.pay("a")
    await payments.finish()
    assert (await payments.found("a")).nonce == 3


# ----------------------------------------------------------------------------------------------------------- other chains


async def test_node_of_another_chain(payments, node, anvil):
    """An address behind which another chain answers by now, where the key has a past: nothing is signed, nothing fails."""
    await payments.pay("a")
    await payments.step()
    anvil.forget_pool()
    with Anvil("--no-mining", "--chain-id", "8453") as second:
        second.fund(payments.address)
        await foreign(payments, 0, chain=second, chain_id=8453)
        second.mine(5)
        assert second.nonce(payments.address) == 1
        for skip in range(12):
            node.divert = (skip, second)
            with contextlib.suppress(ChainError):
                await payments.step()
            node.heal()
            found = await payments.found("a")
            assert (found.state, len(found.hashes)) == (State.SENT, 1)
        node.divert = (0, second)
        with pytest.raises(WrongChain):
            await payments.step()
        node.heal()
    payments.clock.advance(10)
    await payments.finish()
    assert payments.arrived("a") == 1


async def test_proof_from_another_chain(payments, node, anvil):
    """Whichever of the questions reach another chain, where the key used the same nonce: that is no proof of a failure."""
    await payments.pay("a")
    await payments.step()
    anvil.mine(4)
    with Anvil("--no-mining", "--chain-id", "8453") as second:
        second.fund(payments.address)
        await foreign(payments, 0, chain=second, chain_id=8453)
        second.mine(anvil.head() + 1)
        none = Fault(
            "lie", "eth_getTransactionReceipt", lie=lambda _, answer: answer | {"result": None}
        )
        for skip in range(1, 24):
            node.fail(replace(none))
            node.divert = (skip, second)
            with contextlib.suppress(ChainError):
                await payments.step()
            node.heal()
            assert await payments.state("a") is not State.FAILED
            if await payments.state("a") is not State.SENT:
                break
    await payments.finish()
    assert (await payments.state("a"), payments.arrived("a")) == (State.SETTLED, 1)


# ------------------------------------------------------------------------------------------------------------ single lies


def change(result):
    """A lie that changes an answer's result."""

    def lie(question, answer):
        return answer | {"result": answer["result"] and result(answer["result"])}

    return lie


@pytest.mark.parametrize("skip", range(3))
async def test_one_wrong_status(payments, node, skip):
    """A receipt that says once that it reverted is no failure as long as another says that it did not."""
    await payments.pay("a")
    await payments.step()
    payments.anvil.mine(4)
    wrong = change(lambda receipt: receipt | {"status": "0x0"})
    node.fail(Fault("lie", "eth_getTransactionReceipt", lie=wrong, skip=skip))
    await payments.step()
    assert await payments.state("a") is not State.FAILED
    await payments.finish()
    assert (await payments.state("a"), payments.arrived("a")) == (State.SETTLED, 1)


async def test_head_that_is_not_there(payments, node):
    """A head that the node does not have settles nothing."""
    await payments.pay("a")
    await payments.step()
    payments.anvil.mine()
    higher = change(lambda block: block | {"number": hex(payments.anvil.head() + 100)})
    for _ in range(2):
        node.fail(Fault("lie", "eth_getBlockByNumber", lie=higher))
        await payments.step()
    assert await payments.state("a") is State.MINED
    payments.anvil.tell("anvil_reorg", 1, [])
    await payments.finish()
    assert payments.arrived("a") == 1


async def test_one_high_count(payments, node):
    """A count of transactions that is too high once gives no call a nonce far away."""
    await payments.pay("a")
    await payments.finish()
    await payments.pay("b")
    node.fail(Fault("lie", "eth_getTransactionCount", lie=change(lambda _: hex(1_000))))
    await payments.step()
    assert (await payments.found("b")).nonce is None
    await payments.finish()
    assert ((await payments.found("b")).nonce, payments.arrived("b")) == (1, 1)


async def test_one_absurd_fee(payments, node, database_clock):
    """A base fee that is absurd once is bid by nothing: it could not be paid, and nothing cheaper could replace it."""
    await payments.pay("a")
    await payments.step()
    payments.anvil.forget_pool()
    database_clock.advance(31)
    absurd = change(lambda block: block | {"baseFeePerGas": hex(10**20)})
    node.fail(Fault("lie", "eth_getBlockByNumber", lie=absurd))
    await payments.step()
    await payments.finish()
    assert (await payments.state("a"), payments.arrived("a")) == (State.SETTLED, 1)


async def test_block_with_anothers_transaction(payments, node):
    """One block of which a node says that another's transaction is in it is no proof that a call failed."""
    await payments.pay("a")
    await payments.step()
    payments.anvil.mine(4)

    def forged(block):
        changed = [
            one | {"hash": "0x" + "f0" * 32, "to": recipient()} if isinstance(one, dict) else one
            for one in block["transactions"]
        ]
        return block | {"transactions": changed}

    none = Fault(
        "lie", "eth_getTransactionReceipt", lie=lambda _, answer: answer | {"result": None}
    )
    node.fail(none, Fault("lie", "eth_getBlockByNumber", times=9, lie=change(forged)))
    await payments.step()
    assert await payments.state("a") is State.SENT
    node.heal()
    await payments.finish()
    assert (await payments.state("a"), payments.arrived("a")) == (State.SETTLED, 1)


def reverting_with(data):
    """Code that reverts with some bytes."""
    head = bytes([0x60, len(data), 0x60, 12, 0x60, 0, 0x39, 0x60, len(data), 0x60, 0, 0xFD])
    return "0x" + (head + data).hex()


async def test_refused_in_no_language(payments, anvil):
    """A contract that reverts with a text that is none stops neither the sender nor the calls behind it."""
    contract = recipient()
    said = bytes.fromhex("08c379a0") + encode(["bytes"], [b"\xff\x00\xfe"])
    anvil.tell("anvil_setCode", contract, reverting_with(said))
    payments.to["a"] = (contract, 0)
    await payments.pay("a", 0)
    await payments.pay("b")
    await payments.finish()
    assert await payments.state("a") is State.FAILED
    assert payments.arrived("b") == 1


# ------------------------------------------------------------------------------------------------------------------ clocks


@pytest.mark.parametrize("hours", [-24, 24])
async def test_clock_of_the_database_jumps(payments, database_clock, hours):
    """The database's clock jumps: what is on its way is looked after at once and outbid once, not again and again."""
    await payments.pay("a")
    await payments.step()
    payments.anvil.forget_pool()
    database_clock.advance(3_600 * hours)
    await release_all(payments)
    payments.restart()
    await payments.step(3)
    found = await payments.found("a")
    assert (found.state, len(found.hashes)) == (State.UNKNOWN, 2)
    await payments.finish()
    assert (await payments.state("a"), payments.arrived("a")) == (State.SETTLED, 1)
    assert payments.anvil.nonce(payments.address) == 1


async def test_flood(payments, database):
    """More calls than the queue takes, at the same moment: the rest is told to wait, and what waits arrives once each."""
    payments.policy = replace(POLICY, window=16)
    payments.restart()
    keys = [f"f{n}" for n in range(50)]
    connections = asyncio.Semaphore(8)

    async def pay(key):
        async with connections:
            await payments.pay(key, gas=21_000, most_queued=16)

    outcomes = await asyncio.gather(*map(pay, keys), return_exceptions=True)
    taken = [key for key, one in zip(keys, outcomes, strict=True) if not isinstance(one, Exception)]
    assert {type(one) for one in outcomes if isinstance(one, Exception)} == {RateLimited}
    # A few more may get in at the same moment: as many as there are connections.
    assert 16 <= len(taken) <= 16 + 8
    async with database.transaction() as transaction:
        backlog = await sender_backlog(transaction, CHAIN_ID, payments.address)
    assert backlog.queued == len(taken)
    await payments.finish()
    assert {payments.arrived(key) for key in taken} == {1}
    assert {payments.arrived(key) for key in keys if key not in taken} == {0}
