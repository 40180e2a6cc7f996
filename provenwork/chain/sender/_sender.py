"""The one who signs and sends for an account, step by step.

Nothing is concluded from what a node answers to a broadcast, or from its silence: bytes that were signed are stored first,
and count as sent until a receipt in the chain's own blocks, or another transaction with the same nonce there, says what
became of them. A nonce is given to one call and stays with it, so whatever is signed for it, it happens at most once.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Sequence
from typing import NoReturn
from uuid import UUID

from provenwork.chain._rpc import Rpc, quantity
from provenwork.chain._transactions import (
    MAX_GAS,
    Call,
    SignedTransaction,
    Transaction,
    TransactionSigner,
)
from provenwork.chain.sender._chain import (
    ChainView,
    Mined,
    canonical_hashes,
    is_revert,
    look,
    mined,
    refusal,
    request_of,
    taken_by,
    why_reverted,
)
from provenwork.chain.sender._ledger import Attempt, Ledger, Live, Queued, Signed
from provenwork.chain.sender._policy import Fees, Policy
from provenwork.chain.sender._queue import State, enqueue_call, sender_stream
from provenwork.core.clock import Clock, SystemClock
from provenwork.core.errors import (
    ChainError,
    CryptoError,
    DatabaseError,
    LeaseLost,
    LockConflict,
    NodeRefused,
    NodeUnavailable,
)
from provenwork.crypto import Signer
from provenwork.store import Database, Lease, Listener, Watch, hold_lease

__all__ = ["TransactionSender"]

_log = logging.getLogger(__name__)

_GAS_MARGIN = 60_000
"""What a call may do more when it is mined than when it was estimated, such as settling an interval."""

_NOTHING = 21_000
"""The gas of a transaction that does nothing."""

_LEASE = 30.0


class TransactionSender:
    """Sends what `enqueue_call` enqueued for an account on a chain.

    Any number of processes may run one for the same account: one of them works, the others wait for its lease. The account
    must belong to this database alone: whoever else signs with its key takes nonces away, and what had them fails.

    Args:
        database: Where the calls are.
        rpc: The chain.
        signer: The account.
        policy: The limits.
        listener: Brings word of new calls at once.
        clock: Waits; the seam for tests.
    """

    def __init__(
        self,
        database: Database,
        rpc: Rpc,
        signer: Signer | TransactionSigner,
        *,
        policy: Policy | None = None,
        listener: Listener | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.policy = policy or Policy()
        self._database = database
        self._rpc = rpc
        self._signer = signer
        self._address = signer.address
        self._listener = listener
        self._clock = clock or SystemClock()
        self._stream = sender_stream(rpc.chain_id, self._address)
        self._ledger = Ledger(database, rpc.chain_id, self._address, self.policy)
        self._proof_not_before: dict[UUID, float] = {}
        self._opened = False
        self._pause = self.policy.poll

    @property
    def lease_name(self) -> str:
        """What only one may hold: the right to sign for the account."""
        return f"sender.{self._rpc.chain_id}.{self._address}"

    async def run(self) -> None:
        """Sends until it is cancelled, through failures of the database, the node and the signer's vault."""
        watch = self._listener.watch(f"transactions:{self._stream}") if self._listener else None
        holder = f"{socket.gethostname()}.{os.getpid()}"[:200]
        try:
            while True:
                try:
                    async with hold_lease(
                        self._database, self.lease_name, holder, seconds=_LEASE
                    ) as lease:
                        await self._work(lease, watch)
                except LeaseLost as problem:
                    _log.warning("%s: %s", self.lease_name, problem)
                except LockConflict as problem:
                    await self._clock.sleep(min(problem.retry_after or 1.0, _LEASE / 3))
                except (ChainError, DatabaseError, CryptoError) as problem:
                    await self._wait_out(problem)
        finally:
            if watch:
                watch.close()

    async def _work(self, lease: Lease, watch: Watch | None) -> NoReturn:
        """Step after step, until something fails that somebody else with the lease may be spared."""
        while True:
            if watch:
                watch.clear()
            try:
                progress = await self.step(lease)
            except DatabaseError as problem:
                # Giving the lease back takes the database too, which may be there again before it is over.
                await self._wait_out(problem)
                continue
            self._pause = self.policy.poll
            if progress:
                continue
            if watch:
                await watch.wait(self._pause)
            else:
                await self._clock.sleep(self._pause)

    async def _wait_out(self, problem: Exception) -> None:
        """Waits, and the next time for longer."""
        _log.warning("%s: %s; trying again", self.lease_name, problem)
        longest = 5.0 if isinstance(problem, DatabaseError) else 30.0
        await self._clock.sleep(min(self._pause, longest))
        self._pause = min(2 * self._pause, longest)

    async def step(self, lease: Lease) -> bool:
        """One look at the chain and what follows from it; whether it is worth looking again at once.

        Raises:
            LeaseLost: Somebody else is at it.
            NodeUnavailable: No answer; what was stored stays, and is looked after by the next step.
        """
        view = await look(self._rpc, self._address)
        if not self._opened:
            await self._ledger.open(max(view.nonce, view.pending))
            self._opened = True
        found, missing = await self._find(lease, view)
        settled = await self._settle(lease, view)
        await self._keep_alive(lease, view)
        await self._restore(lease, view)
        signed = await self._sign(lease, view, idle=not missing)
        return found or settled or signed

    # ---------------------------------------------------------------------------------------- what became of it

    async def _find(self, lease: Lease, view: ChainView) -> tuple[bool, bool]:
        """Where the chain is beyond a nonce: whether some of them were found, and whether some are missing."""
        rows = await self._ledger.below(view.nonce)
        receipts = await mined(self._rpc, [one.hash for row in rows for one in row.attempts])
        found: list[tuple[Live, Mined]] = []
        missing: list[Live] = []
        for row in rows:
            own = [receipts[one.hash] for one in row.attempts if one.hash in receipts]
            if own:
                found.append((row, own[0]))
            else:
                missing.append(row)
        if found:
            await self._ledger.found(lease, found)
        await self._mark_unknown(lease, missing)
        for row in missing:
            # One search at a time: it asks the node some twenty questions.
            now = self._clock.monotonic()
            if self._proof_not_before.get(row.id, now) <= now:
                self._proof_not_before[row.id] = now + self.policy.proof_pause
                await self._prove(lease, row, view)
                break
        return bool(found), bool(missing)

    async def _prove(self, lease: Lease, row: Live, view: ChainView) -> None:
        upto = view.head - self.policy.confirmations
        taken = None
        if await self._has(view):
            taken = await taken_by(self._rpc, self._address, row.nonce, upto)
        if taken is None:
            await self._ledger.note(row, "its nonce is used, and by what cannot be seen yet")
            return
        self._proof_not_before.pop(row.id, None)
        if taken.does(row.call) or any(taken.mined.hash == one.hash for one in row.attempts):
            # Maybe signed for it, and the signature lost since with the newest part of a database: it is done all the same.
            await self._ledger.found(lease, [(row, taken.mined)])
        else:
            said = f"its nonce {row.nonce} was used by another transaction, {taken.mined.hash}"
            await self._ledger.decide(lease, [(row, said)])

    async def _has(self, view: ChainView) -> bool:
        """Whether the chain has the head at its height: what is so deep below it is final on its account."""
        known = await canonical_hashes(self._rpc, {view.head})
        return known.get(view.head) == view.head_hash

    async def _mark_unknown(self, lease: Lease, rows: Sequence[Live]) -> None:
        late = [
            row
            for row in rows
            if row.state is State.SENT and row.since >= self.policy.unknown_after
        ]
        if late:
            await self._ledger.unknown(lease, late)

    async def _settle(self, lease: Lease, view: ChainView) -> bool:
        """What is mined: whether the chain still has it, and whether it stays so. True if something is final now."""
        blocks = [b for b in await self._ledger.mined_blocks() if b[0] <= view.head]
        if not blocks:
            return False
        canonical = await canonical_hashes(
            self._rpc, {number for number, _ in blocks} | {view.head}
        )
        lost = [
            (number, hash_)
            for number, hash_ in blocks
            if number in canonical and canonical[number] != hash_
        ]
        if lost:
            await self._ledger.unmined(lease, lost)
        if canonical.get(view.head) != view.head_hash:
            return False
        deep = [
            row
            for row in await self._ledger.mined_by(view.head - self.policy.confirmations)
            if row.block_number is not None and canonical.get(row.block_number) == row.block_hash
        ]
        # Asked once more: between the two looks the chain may have changed.
        receipts = await mined(self._rpc, [row.hash for row in deep if row.hash])
        outcomes: list[tuple[Live, str]] = []
        doubtful: set[tuple[int, str]] = set()
        for row in deep:
            receipt = receipts.get(row.hash or "")
            if receipt is None or receipt.block_hash != row.block_hash:
                continue
            if receipt.succeeded == row.succeeded:
                outcomes.append((row, await self._problem(row, receipt)))
            else:
                doubtful.add((receipt.block_number, receipt.block_hash))
        if outcomes:
            await self._ledger.decide(lease, outcomes)
        if doubtful:
            _log.warning("%s: the node says both that it failed and that not", self.lease_name)
            await self._ledger.unmined(lease, sorted(doubtful))
        return bool(outcomes)

    async def _problem(self, row: Live, receipt: Mined) -> str:
        if any(one.cancels for one in row.attempts if one.hash == row.hash):
            return "cancelled"
        if receipt.succeeded:
            return ""
        return await why_reverted(self._rpc, row.call, self._address, receipt.block_number)

    # -------------------------------------------------------------------------------------------- keeping alive

    async def _keep_alive(self, lease: Lease, view: ChainView) -> None:
        """What is not mined yet: the same bytes again, now and then; the same nonce for more, if it must be."""
        rows = await self._ledger.window(view.nonce)
        await self._mark_unknown(lease, rows)
        today = Fees.today(view.base_fee, view.priority_fee, self.policy.max_fee_per_gas)
        again = [one for row in rows if (one := await self._again(row, view, today)) is not None]
        if again:
            await self._ledger.store_again(lease, again)
        signed = {one.id: one for one in again}
        due = []
        for row in rows:
            if (newer := signed.get(row.id)) is not None:
                due.append((newer.transaction.hash, newer.transaction.raw))
            elif row.last.due:
                due.append((row.last.hash, row.last.raw))
        await self._broadcast(due)

    async def _again(self, row: Live, view: ChainView, today: Fees | None) -> Signed | None:
        """One more signature for a nonce, where that helps."""
        last = row.last
        if row.cancelled and not last.cancels:
            return await self._nothing(row, view)
        stuck = row.nonce == view.nonce and last.age >= self.policy.bump_after
        dear = last.age >= self.policy.bump_after and not last.fees.pays(
            view.base_fee, view.priority_fee
        )
        if today is None or not (stuck or dear):
            return None
        if row.cancelled:
            return await self._nothing(row, view)
        fees = today.outbidding(last.fees, self.policy.max_fee_per_gas)
        gas, number = _gas_of(last, row.nonce), last.number + 1
        if fees is None or number > self.policy.max_attempts:
            return None
        if row.call.value + gas * fees.limit > view.balance:
            # No node would take it, and nothing cheaper could replace it again.
            return None
        return await self._signed(row.id, row.key, row.call, row.nonce, gas, fees, number)

    async def _restore(self, lease: Lease, view: ChainView) -> None:
        """Where the chain fell back behind what was final: the same bytes again, and nothing for what had failed.

        A node that merely lags looks much the same, and then this does nothing: their nonces are used.
        """
        due, again = [], []
        for row in await self._ledger.mined_from(view.nonce):
            winner = row.last
            if row.state is not State.FAILED:
                winner = next((one for one in row.attempts if one.hash == row.hash), winner)
            elif not winner.cancels:
                nothing = await self._nothing(row, view)
                if nothing is not None and (row.block_number or 0) <= view.head:
                    again.append(nothing)
                continue
            if winner.due:
                due.append((winner.hash, winner.raw))
        if again:
            await self._ledger.store_again(lease, again, silently=True)
            due += [(one.transaction.hash, one.transaction.raw) for one in again]
        if due:
            _log.warning("%s: the chain is behind what was mined: sent again", self.lease_name)
        await self._broadcast(due)

    async def _nothing(self, row: Live, view: ChainView) -> Signed | None:
        """A signature that uses a nonce for nothing."""
        today = Fees.today(view.base_fee, view.priority_fee, self.policy.max_fee_per_gas)
        fees = today and today.outbidding(row.last.fees, self.policy.max_fee_per_gas)
        if fees is None or row.last.number >= self.policy.max_attempts:
            return None
        if _NOTHING * fees.limit > view.balance:
            return None
        nothing = Call(self._address, b"", 0, "cancel")
        number = row.last.number + 1
        return await self._signed(
            row.id, row.key, nothing, row.nonce, _NOTHING, fees, number, cancels=True
        )

    async def _broadcast(self, due: Sequence[tuple[str, bytes]]) -> None:
        """Sends bytes in the order of their nonces. What comes back decides nothing, and is noted."""
        if not due:
            return
        answers = dict.fromkeys((hash_ for hash_, _ in due), "no answer")
        try:
            said = await self._rpc.calls(
                [("eth_sendRawTransaction", ["0x" + raw.hex()]) for _, raw in due]
            )
        except (NodeUnavailable, NodeRefused) as problem:
            _log.info("%s: %s, while sending", self.lease_name, problem)
        else:
            for (hash_, _), answer in zip(due, said, strict=True):
                answers[hash_] = str(answer) if isinstance(answer, NodeRefused) else ""
        await self._ledger.broadcast(answers)

    # -------------------------------------------------------------------------------------------------- signing

    async def _sign(self, lease: Lease, view: ChainView, *, idle: bool) -> bool:
        """Gives the lowest free nonces to what waits; whether something was signed or decided."""
        free, gap = await self._ledger.free_nonces(view.nonce)
        waiting = await self._ledger.queued(len(free)) if free else []
        if not waiting and not gap:
            return False
        expired: list[tuple[Live | Queued, str]] = [
            (row, "it was not signed in time") for row in waiting if row.expired
        ]
        if expired:
            await self._ledger.decide(lease, expired)
            return True
        stray = await self._ledger.unaccounted(lease, view.nonce, view.pending)
        if stray is not None:
            said = f"nonce {stray} of the account is used by what this database does not know, or not yet"
            _log.warning("%s: %s: nothing new is signed", self.lease_name, said)
            if waiting:
                await self._ledger.note(waiting[0], said)
            return False
        if not waiting:
            await self._fill(free[0])
            return False
        fees = Fees.today(view.base_fee, view.priority_fee, self.policy.max_fee_per_gas)
        if fees is None:
            await self._ledger.note(waiting[0], "gas costs more than is allowed")
            return False
        pending = await self._ledger.window(view.nonce)
        idle = idle and not pending
        affordable = await self._affordable(
            await self._estimated(lease, waiting, idle=idle), fees, view.balance, pending
        )
        # At once: a vault on the network takes its time for each.
        signed = await asyncio.gather(
            *(
                self._signed(row.id, row.key, row.call, nonce, gas, fees, 1)
                for (row, gas), nonce in zip(affordable, free, strict=False)
            )
        )
        if signed and await self._ledger.store(lease, signed):
            await self._broadcast([(one.transaction.hash, one.transaction.raw) for one in signed])
        return bool(signed)

    async def _affordable(
        self, ready: list[tuple[Queued, int]], fees: Fees, balance: int, pending: Sequence[Live]
    ) -> list[tuple[Queued, int]]:
        """What the account can pay for beside what is on its way, up to the first that it cannot."""
        left = balance - sum(
            row.call.value + _gas_of(row.last, row.nonce) * row.last.fees.limit for row in pending
        )
        for index, (row, gas) in enumerate(ready):
            left -= row.call.value + gas * fees.limit
            if left < 0:
                await self._ledger.note(row, "the account does not hold enough to pay for it")
                return ready[:index]
        return ready

    async def _estimated(
        self, lease: Lease, waiting: Sequence[Queued], *, idle: bool
    ) -> list[tuple[Queued, int]]:
        """What can be signed, with its gas, up to the first that cannot: the order of calls is the order of nonces.

        A call that a contract refuses fails if nothing of this account is on its way that could change the contract's mind.
        """
        asked = [row for row in waiting if row.gas is None]
        answers = (
            await self._rpc.calls(
                [
                    ("eth_estimateGas", [dict(request_of(row.call, self._address)), "pending"])
                    for row in asked
                ]
            )
            if asked
            else []
        )
        estimates = {row.id: answer for row, answer in zip(asked, answers, strict=True)}
        ready: list[tuple[Queued, int]] = []
        for row in waiting:
            if row.gas is not None:
                ready.append((row, row.gas))
                continue
            answer = estimates[row.id]
            if isinstance(answer, NodeRefused):
                if is_revert(answer) and idle and not ready:
                    await self._ledger.decide(lease, [(row, refusal(answer))])
                else:
                    await self._ledger.note(row, refusal(answer))
                break
            gas = quantity(answer)
            if gas > MAX_GAS:
                said = f"it needs {gas} gas, more than one transaction may have ({MAX_GAS})"
                await self._ledger.decide(lease, [(row, said)])
                break
            ready.append((row, min(gas + gas // 5 + _GAS_MARGIN, MAX_GAS)))
        return ready

    async def _fill(self, nonce: int) -> None:
        """Nothing waits that could use a free nonce before those that wait to be mined: so nothing is sent with it."""
        _log.warning("%s: nonce %d is a gap, filling it", self.lease_name, nonce)
        async with self._database.transaction() as transaction:
            nothing = Call(self._address, b"", 0, "fill a gap in the nonces")
            chain_id = self._rpc.chain_id
            await enqueue_call(
                transaction, chain_id, self._address, nothing, key=f"gap.{nonce}", gas=_NOTHING
            )

    async def _signed(
        self,
        id_: UUID,
        key: str,
        call: Call,
        nonce: int,
        gas: int,
        fees: Fees,
        number: int,
        cancels: bool = False,
    ) -> Signed:
        content = Transaction(
            chain_id=self._rpc.chain_id,
            nonce=nonce,
            max_priority_fee_per_gas=fees.priority,
            max_fee_per_gas=fees.limit,
            gas=gas,
            to=call.to,
            value=call.value,
            data=call.data,
        )
        # In a thread: the key may be in a vault on the network.
        transaction = await asyncio.to_thread(content.sign, self._signer, purpose=call.purpose)
        return Signed(id_, key, transaction, fees, number, cancels)


def _gas_of(attempt: Attempt, nonce: int) -> int:
    return SignedTransaction(attempt.hash, attempt.raw, nonce).content.gas
