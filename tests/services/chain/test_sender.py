"""The sender, fault by fault: each call once, and its outcome told as it is."""

import asyncio
from dataclasses import replace

import pytest

from provenwork.chain import Call
from provenwork.chain.sender import (
    State,
    cancel_call,
    enqueue_call,
)
from provenwork.core.errors import (
    IdempotencyConflict,
    InvalidState,
    NotFound,
    RateLimited,
    ValidationFailed,
)
from tests.services.chain.node import CHAIN_ID, Fault
from tests.services.chain.payments import POLICY, recipient, release_all
from tests.services.store.harness import ask

pytestmark = pytest.mark.anyio


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
