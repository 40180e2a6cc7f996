"""The sender in any order of payments, blocks, reorgs and faults: every payment arrives once, or failed and never does."""

import asyncio
from itertools import count

from coincurve import PrivateKey
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from provenwork.chain import Call, Rpc, SignedTransaction, Transaction
from provenwork.chain.sender import (
    Policy,
    State,
    TransactionSender,
    accept_nonces,
    cancel_call,
    enqueue_call,
    find_call,
    sender_stream,
)
from provenwork.core.errors import (
    ChainError,
    DatabaseError,
    InvalidState,
    LeaseLost,
    NotFound,
)
from provenwork.crypto import LocalSigner, to_address
from provenwork.store import Database, acquire_lease, read_events
from tests.services.chain.node import CHAIN_ID, Anvil, Fault, FaultyNode
from tests.services.store.harness import Proxy, ask

POLICY = Policy(confirmations=3, window=4, proof_pause=0.0)
DEPTH = 3
_recipients = count(0xFACE_0000)

HOWS = (
    "lose", "lose_answer", "error", "error_after", "repeat", "delay", "garbage", "unavailable", "die_before", "die_after",
)  # fmt: skip
METHODS = (
    "", "eth_sendRawTransaction", "eth_sendRawTransaction", "eth_getTransactionReceipt", "eth_getTransactionCount",
    "eth_getBlockByNumber", "eth_estimateGas",
)  # fmt: skip


def lagging(question, answer):
    """What a node says that is some transactions behind, in the one answer that has consequences."""
    said = int(answer["result"], 16)
    return answer | {"result": hex(max(0, said - 2))}


def withheld(question, answer):
    """What a node says that does not find what it has."""
    return answer | {"result": None}


LIES = {"eth_getTransactionCount": lagging, "eth_getTransactionReceipt": withheld}


class World:
    """One account, its payments, and everything that stands between them and their recipients."""

    def __init__(self, runner, url, anvil):
        self.run = runner.run
        self.url, self.anvil = url, anvil
        self.proxy, self.node = self.run(self._enter())
        self.clock_database = Database(url, pool_size=2)
        self.signer = None
        self.lease = None

    async def _enter(self):
        proxy = await Proxy(self.url).__aenter__()
        node = await FaultyNode(self.anvil).__aenter__()
        self.rpc = await Rpc(node.url, CHAIN_ID, timeout=5.0).__aenter__()
        self.database = Database(proxy.url, pool_size=4)
        return proxy, node

    def close(self):
        """Ends it."""

        async def leave():
            await self.database.close()
            await self.clock_database.close()
            await self.rpc.__aexit__()
            await self.node.__aexit__()
            await self.proxy.__aexit__()

        self.run(leave())

    def begin(self):
        """A new account, with no past."""
        self.node.heal()
        self.proxy.lose_commit = ""
        self.run(self.node.release())
        self.anvil.forget_pool()
        self.signer = LocalSigner(PrivateKey().secret)
        self.address = self.signer.address
        self.anvil.fund(self.address)
        # Deeper than any reorg, so that the money is there in every chain.
        self.anvil.mine(DEPTH + 2)
        self.payments, self.foreign_calls, self.final = {}, 0, {}
        self.restart()

    def restart(self):
        """The process is gone; another one begins, once the lease is over."""
        self.sender = TransactionSender(self.database, self.rpc, self.signer, policy=POLICY)
        self.lease = None

    # ------------------------------------------------------------------------------------------------ actions

    def pay(self, wei, lose_commit):
        """Enqueues a payment; a commit that may have been carried out is asked for again."""
        key = f"pay/{len(self.payments)}"
        to = to_address("0x" + next(_recipients).to_bytes(20, "big").hex())
        self.payments[key] = (to, wei)
        self.proxy.lose_commit = lose_commit
        for _ in range(3):
            try:
                self.run(self._enqueue(key, to, wei))
                break
            except DatabaseError:
                self.proxy.lose_commit = ""
        else:
            raise AssertionError("the database does not come back")
        self.proxy.lose_commit = ""

    async def _enqueue(self, key, to, wei):
        async with self.database.transaction() as transaction:
            call = Call(to, b"", wei, key)
            await enqueue_call(transaction, CHAIN_ID, self.address, call, key=key)

    def cancel(self, index):
        """Somebody wants a payment back."""
        key = f"pay/{index}"

        async def cancel():
            async with self.database.transaction() as transaction:
                await cancel_call(transaction, CHAIN_ID, self.address, key)

        try:
            self.run(cancel())
        except NotFound:
            assert key not in self.payments
        except InvalidState:
            assert self.run(self.found(key)).state in {State.MINED, State.SETTLED}

    def step(self, faults, lose_commit=""):
        """One look at the chain, through faults; it may end as a killed process."""
        self.node.heal()
        self.node.fail(*faults)
        dead = False

        async def attempt():
            nonlocal dead
            task = asyncio.create_task(self._step(lose_commit))

            def die():
                nonlocal dead
                dead = True
                task.cancel()

            self.node.on_death = die
            try:
                await task
            except asyncio.CancelledError:
                assert dead
            except LeaseLost:
                dead = True
            except (ChainError, DatabaseError):
                pass

        self.run(attempt())
        self.node.heal()
        self.proxy.lose_commit = ""
        if dead:
            self.restart()

    async def _step(self, lose_commit):
        if self.lease is None:
            async with self.clock_database.transaction() as transaction:
                await transaction.execute(text("UPDATE leases SET expires_at = to_timestamp(0)"))
            async with self.clock_database.transaction() as transaction:
                self.lease = await acquire_lease(
                    transaction, self.sender.lease_name, "test", seconds=80_000
                )
        self.proxy.lose_commit = lose_commit
        await self.sender.step(self.lease)

    def spend_elsewhere(self):
        """Somebody signs with the same key, for the nonce that the chain takes next."""
        nonce = self.anvil.nonce(self.address)
        to = to_address("0x" + next(_recipients).to_bytes(20, "big").hex())
        content = Transaction(CHAIN_ID, nonce, 10**12, 10**14, 21_000, to, 1, b"")
        self.anvil.forget_pool()
        self.anvil.tell("eth_sendRawTransaction", "0x" + content.sign(self.signer).raw.hex())
        self.anvil.mine(DEPTH + 1)

    def accept(self):
        """A person has looked at what else was sent with the key."""

        async def accept():
            async with self.clock_database.transaction() as transaction:
                below = self.anvil.nonce(self.address)
                await accept_nonces(transaction, CHAIN_ID, self.address, below)

        self.run(accept())

    def later(self, seconds):
        """Time passes."""
        ask(
            self.url,
            "UPDATE moved.now SET at = at + make_interval(secs => %s)",
            seconds,
        )

    # ---------------------------------------------------------------------------------------------- questions

    async def found(self, key):
        """What is said of a payment."""
        async with self.clock_database.transaction() as transaction:
            return await find_call(transaction, CHAIN_ID, self.address, key)

    def check(self):
        """At any moment: nobody has more than was meant for them, and what is final stays so and is true."""
        for key, (to, wei) in self.payments.items():
            found, arrived = self.run(self.found(key)), self.anvil.balance(to)
            assert arrived in (0, wei)
            if found.state.final:
                assert self.final.setdefault(key, found.state) == found.state
                assert arrived == (wei if found.state is State.SETTLED else 0), (key, found)
        rows = ask(
            self.url,
            "SELECT t.key, t.nonce, a.hash, a.raw, a.cancels FROM transaction_attempts a JOIN transactions t"
            " ON t.id = a.transaction_id WHERE t.sender = %s",
            self.address,
        )
        for key, nonce, hash_, raw, cancels in rows:
            content = SignedTransaction(hash_, bytes(raw), nonce).content
            meant = (self.address, 0) if cancels or key not in self.payments else self.payments[key]
            assert (content.nonce, content.to, content.value, content.data) == (nonce, *meant, b"")

    def end(self):
        """Once nothing goes wrong any more everything is decided, and what was told is what happened."""
        self.run(self.node.release())
        for _ in range(60):
            self.accept()
            self.step([])
            self.anvil.mine()
            self.later(10)
            states = [self.run(self.found(key)).state for key in self.payments]
            if all(state.final for state in states):
                break
        else:
            raise AssertionError(f"still undecided: {states}")
        self.check()
        events = self.run(self._events())
        for key in self.payments:
            told = [event.type for event in events if event.payload.get("key") == key]
            ends = [t for t in told if t in ("transaction_settled", "transaction_failed")]
            assert ends == [f"transaction_{self.final[key]}"] == told[-1:]

    async def _events(self):
        async with self.clock_database.transaction() as transaction:
            stream = sender_stream(CHAIN_ID, self.address)
            return await read_events(transaction, stream, limit=10_000)


faults = st.lists(
    st.one_of(
        st.builds(
            Fault,
            how=st.sampled_from(HOWS),
            method=st.sampled_from(METHODS),
            times=st.integers(1, 3),
            skip=st.integers(0, 3),
        ),
        st.just("swallow").map(lambda how: Fault(how, "eth_sendRawTransaction", times=4)),
        st.sampled_from(sorted(LIES)).map(lambda m: Fault("lie", m, times=4, lie=LIES[m])),
    ),
    max_size=2,
)
commits = st.sampled_from(["", "", "before", "after"])


class Sending(RuleBasedStateMachine):
    """The actions, in any order."""

    world: World

    def __init__(self):
        super().__init__()
        self.world.begin()

    @rule(wei=st.integers(1, 9), lose_commit=commits)
    def pay(self, wei, lose_commit):
        self.world.pay(wei, lose_commit)

    @rule(several=st.integers(2, 4))
    def pay_several(self, several):
        for _ in range(several):
            self.world.pay(1, "")

    @rule(index=st.integers(0, 5))
    def cancel(self, index):
        self.world.cancel(index)

    @rule(faults=faults)
    def step(self, faults):
        self.world.step(faults)

    @rule(faults=faults, lose_commit=commits)
    def step_and_lose_commit(self, faults, lose_commit):
        self.world.step(faults, lose_commit)

    @rule(blocks=st.integers(1, 5))
    def mine(self, blocks):
        self.world.anvil.mine(blocks)

    @rule(blocks=st.integers(1, 2), faults=faults)
    def send_mine_and_look(self, blocks, faults):
        self.world.step([])
        self.world.anvil.mine(blocks)
        self.world.step(faults)

    @rule(depth=st.integers(1, DEPTH), faults=faults)
    def reorg(self, depth, faults):
        self.world.anvil.tell("anvil_reorg", depth, [])
        self.world.step(faults)

    @rule()
    def lose_pool(self):
        self.world.anvil.forget_pool()

    @rule()
    def spend_elsewhere(self):
        self.world.spend_elsewhere()

    @rule()
    def accept(self):
        self.world.accept()

    @rule(seconds=st.sampled_from([3, 10, 40, 130]))
    def later(self, seconds):
        self.world.later(seconds)

    @rule()
    def deliver_late(self):
        self.world.run(self.world.node.release())

    @invariant()
    def once(self):
        self.world.check()

    def teardown(self):
        self.world.end()


def test_state_machine(url, database_clock):
    """Whatever goes wrong, in whatever order: no payment arrives twice, none that failed arrives, none is forgotten."""
    tries = settings(max_examples=settings().max_examples * 2 // 5, stateful_step_count=16)
    with asyncio.Runner() as runner, Anvil("--no-mining") as anvil:
        world = World(runner, url, anvil)
        try:
            run_state_machine_as_test(type("Playing", (Sending,), {"world": world}), settings=tries)
        finally:
            world.close()
