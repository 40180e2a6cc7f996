"""Sends transactions, one after the other, and says what became of them: settled, failed, or unknown.

Settled is a receipt. Failed is an exception after which nothing has happened and nothing will. Unknown is an exception too,
and a state: the account signs nothing else until `reconcile` has found out, by sending the very same bytes again, or, if it
is told to, the same call under the same nonce for more gas: of the two only one can ever be mined.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Protocol

from eth_typing import ChecksumAddress

from provenwork.chain._node import Node, Receipt
from provenwork.chain._transactions import (
    MAX_GAS,
    Call,
    SignedTransaction,
    Transaction,
    TransactionSigner,
)
from provenwork.core.errors import (
    ContractReverted,
    NodeUnavailable,
    TransactionFailed,
    TransactionRefused,
    TransactionUnknown,
)
from provenwork.crypto import Signer

__all__ = ["Journal", "MemoryJournal", "Outcome", "Sender"]

_ALREADY = ("already known", "already imported", "known transaction", "already in mempool")


_GAS_MARGIN = 60_000
"""What a call may do more when it is mined than when it was estimated, such as settling an interval."""


class Journal(Protocol):
    """Where signed transactions are kept until their outcome is known. It must be durable to survive a crash."""

    def signed(self, transaction: SignedTransaction) -> None:
        """Keeps a transaction that is about to be sent."""
        ...

    def resolved(self, hash: str, *, succeeded: bool) -> None:  # noqa: A002 (the field's name)
        """Its outcome is known."""
        ...

    def unresolved(self) -> Sequence[SignedTransaction]:
        """The transactions whose outcome is not known, by nonce."""
        ...


class MemoryJournal:
    """A journal that lives as long as the process."""

    def __init__(self) -> None:
        self._pending: dict[str, SignedTransaction] = {}

    def signed(self, transaction: SignedTransaction) -> None:
        """Keeps a transaction that is about to be sent."""
        self._pending[transaction.hash] = transaction

    def resolved(self, hash: str, *, succeeded: bool) -> None:  # noqa: A002, ARG002
        """Its outcome is known."""
        self._pending.pop(hash, None)

    def unresolved(self) -> Sequence[SignedTransaction]:
        """The transactions whose outcome is not known, by nonce."""
        return sorted(self._pending.values(), key=lambda transaction: transaction.nonce)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a transaction that had been unknown."""

    transaction: SignedTransaction
    receipt: Receipt | None
    """None if another transaction took its nonce."""

    @property
    def settled(self) -> bool:
        """Whether it took effect."""
        return self.receipt is not None and self.receipt.succeeded


class Sender:
    """One account that sends. It can be shared between threads; what they send goes out one by one.

    Args:
        node: The chain.
        signer: The account.
        journal: Where signed transactions are kept until their outcome is known.
        timeout: Seconds to wait for a receipt before the outcome counts as unknown.
        max_fee_per_gas: The most to pay for gas, in wei; no bound if None.
        poll: Seconds between two looks for the receipt.
        sleep: Waits; the seam for tests.
    """

    def __init__(
        self,
        node: Node,
        signer: Signer | TransactionSigner,
        *,
        journal: Journal | None = None,
        timeout: float = 120.0,
        max_fee_per_gas: int | None = None,
        poll: float = 0.25,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.node = node
        self.signer = signer
        self._journal: Journal = journal or MemoryJournal()
        self._timeout = timeout
        self._max_fee = max_fee_per_gas
        self._poll = poll
        self._sleep = sleep
        self._guard = threading.RLock()

    @property
    def address(self) -> ChecksumAddress:
        """The account."""
        return self.signer.address

    def send(self, call: Call) -> Receipt:
        """Sends a call and waits until it is mined.

        Raises:
            ContractReverted: The contract would refuse it; nothing was sent.
            NodeUnavailable: The node did not answer before anything was signed; nothing was sent.
            TransactionRefused: It was not sent: too expensive, unfunded, or the node said no.
            TransactionFailed: It was mined and reverted.
            TransactionUnknown: It was signed and perhaps sent, or an earlier one is still unknown.
        """
        with self._guard:
            self._require_resolved()
            gas = self.node.estimate(call, self.address)
            if gas > MAX_GAS:
                raise TransactionRefused(
                    f"{call.purpose or 'the call'} needs {gas} gas, more than one transaction may have ({MAX_GAS})"
                )
            priority, fee = self._fees()
            transaction = Transaction(
                chain_id=self.node.chain_id,
                nonce=self.node.nonce(self.address),
                max_priority_fee_per_gas=priority,
                max_fee_per_gas=fee,
                gas=min(gas + gas // 5 + _GAS_MARGIN, MAX_GAS),
                to=call.to,
                value=call.value,
                data=call.data,
            ).sign(self.signer, purpose=call.purpose)
            # Kept before it is sent: whatever happens next, it can be found again by its hash.
            self._journal.signed(transaction)
            if complaint := self._broadcast(transaction):
                self._journal.resolved(transaction.hash, succeeded=False)
                raise TransactionRefused(
                    f"the node refuses {call.purpose or 'the transaction'}: {complaint}"
                )
            return self._settled(transaction, self._wait([transaction])[1], call)

    def reconcile(self, *, outbid: bool = False) -> list[Outcome]:
        """Finds out what became of transactions whose outcome is unknown, by sending the very same bytes again.

        Args:
            outbid: Where a transaction pays too little to be mined now, sign its call once more under the same nonce, at
                today's fees. Whichever of the two is mined, the call happens once.

        Raises:
            TransactionRefused: Outbidding would cost more than is allowed.
            TransactionUnknown: It still cannot be known.
        """
        with self._guard:
            outcomes = []
            unresolved = sorted(self._journal.unresolved(), key=lambda one: one.nonce)
            for _, group in groupby(unresolved, key=lambda one: one.nonce):
                rivals = list(group)
                mined, receipt = self._find(rivals, outbid=outbid)
                for transaction in rivals:
                    own = receipt if transaction is mined else None
                    self._journal.resolved(
                        transaction.hash, succeeded=own is not None and own.succeeded
                    )
                    outcomes.append(Outcome(transaction, own))
            return outcomes

    def _require_resolved(self) -> None:
        for transaction in self._journal.unresolved():
            raise TransactionUnknown(
                f"what became of {transaction.purpose or 'an earlier transaction'} ({transaction.hash}) is unknown, "
                "and nothing else is signed before it is",
                hash=transaction.hash,
                hint="Call reconcile() and then decide again.",
            )

    def _fees(self) -> tuple[int, int]:
        base, priority = self.node.block().base_fee, self.node.priority_fee()
        fee = 2 * base + priority
        if self._max_fee is not None and fee > self._max_fee:
            if base + priority > self._max_fee:
                raise TransactionRefused(
                    f"gas costs {base + priority} wei, more than the {self._max_fee} allowed",
                    hint="Wait, or allow more.",
                )
            fee = self._max_fee
        return priority, fee

    def _broadcast(self, transaction: SignedTransaction) -> str | None:
        """Sends the bytes; returns what the node has against them, if it surely did not take them."""
        try:
            complaint = self.node.broadcast(transaction.raw)
            if complaint is None or any(word in complaint.lower() for word in _ALREADY):
                return None
            return None if self.node.knows(transaction.hash) else complaint
        except NodeUnavailable:
            # It may have arrived: the receipt will tell.
            return None

    def _wait(self, rivals: Sequence[SignedTransaction]) -> tuple[SignedTransaction, Receipt]:
        """Waits until one of the transactions of a nonce is mined."""
        deadline = time.monotonic() + self._timeout
        pause = min(0.01, self._poll)
        while True:
            try:
                if (mined := self._mined(rivals)) is not None:
                    return mined
            except NodeUnavailable:
                pass
            if time.monotonic() > deadline:
                last = rivals[-1]
                raise TransactionUnknown(
                    f"{last.purpose or 'the transaction'} ({last.hash}) was sent, and after "
                    f"{self._timeout:g} s nobody knows what became of it",
                    hash=last.hash,
                    hint="Do not do it again: call reconcile(), which sends the same bytes and waits.",
                )
            self._sleep(pause)
            pause = min(pause * 2, self._poll)

    def _mined(
        self, rivals: Sequence[SignedTransaction]
    ) -> tuple[SignedTransaction, Receipt] | None:
        for transaction in rivals:
            if (receipt := self.node.receipt(transaction.hash)) is not None:
                return transaction, receipt
        return None

    def _settled(self, transaction: SignedTransaction, receipt: Receipt, call: Call) -> Receipt:
        self._journal.resolved(transaction.hash, succeeded=receipt.succeeded)
        if receipt.succeeded:
            return receipt
        reason = "no reason found"
        try:
            self.node.simulate(call, self.address, receipt.block_number)
        except ContractReverted as problem:
            reason = str(problem)
        raise TransactionFailed(
            f"{call.purpose or 'the transaction'} was mined and reverted: {reason}",
            hash=transaction.hash,
        )

    def _find(
        self, rivals: list[SignedTransaction], *, outbid: bool
    ) -> tuple[SignedTransaction | None, Receipt | None]:
        """Which of the transactions of a nonce was mined, and its receipt; None once none ever can be."""
        if (mined := self._mined(rivals)) is not None:
            return mined
        last = rivals[-1]
        if self.node.nonce(self.address, "latest") > last.nonce:
            # The nonce is used: by one of them, if it was mined between the two questions, or by another.
            return self._mined(rivals) or (None, None)
        if outbid and (dearer := self._outbid(last.content)) is not None:
            last = dearer.sign(self.signer, purpose=last.purpose)
            self._journal.signed(last)
            rivals.append(last)
        if complaint := self._broadcast(last):
            raise TransactionUnknown(
                f"{last.purpose or 'the transaction'} ({last.hash}) is not mined, and the "
                f"node does not take it again: {complaint}",
                hash=last.hash,
                hint="Its nonce is still free, so it may yet be mined: reconcile again, or replace it by hand.",
            )
        return self._wait(rivals)

    def _outbid(self, content: Transaction) -> Transaction | None:
        """The same transaction at today's fees, if it cannot pay base fee and tip; None if it can."""
        base, (priority, fee) = self.node.block().base_fee, self._fees()
        tip = content.max_priority_fee_per_gas
        if content.max_fee_per_gas - base >= min(tip, priority):
            return None
        # Nodes take a rival only if both fees are a tenth higher.
        return replace(
            content,
            max_fee_per_gas=max(fee, content.max_fee_per_gas * 9 // 8 + 1),
            max_priority_fee_per_gas=max(priority, tip * 9 // 8 + 1),
        )
