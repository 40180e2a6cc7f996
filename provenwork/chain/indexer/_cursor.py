"""How far a stream is, which blocks of it may still be taken back, and what is appended to it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from provenwork.core.errors import FinalityBroken, InvalidState
from provenwork.store import Database, Lease, Transaction, last_seq, require_lease

__all__ = ["Cursor", "KnownBlock", "NewBlock", "Progress", "index_progress"]

_OPEN = text(
    """
    INSERT INTO chain_cursors (stream, chain_id, contracts, next_block, last_hash, final_block, final_seq)
    VALUES (:stream, :chain_id, CAST(:contracts AS jsonb), :first, NULL, :first - 1, 0)
    ON CONFLICT (stream) DO NOTHING
    """
)
_READ = text("SELECT * FROM chain_cursors WHERE stream = :stream")
_LOCK = text("SELECT * FROM chain_cursors WHERE stream = :stream FOR UPDATE")
# Holds the stream: nobody else appends to it, so the numbers of what is about to be appended are known.
_LOCK_STREAM = text("SELECT seq FROM streams WHERE name = :stream FOR UPDATE")
_CONTRACTS = text(
    "UPDATE chain_cursors SET contracts = CAST(:contracts AS jsonb) WHERE stream = :stream"
)
_MOVE = text(
    """
    UPDATE chain_cursors SET next_block = :next, last_hash = :hash, final_block = :final_block, final_seq = :final_seq
    WHERE stream = :stream
    """
)
_BLOCKS = text(
    "SELECT number, hash, first_seq, last_seq FROM chain_blocks WHERE stream = :stream ORDER BY number DESC"
)
_PUT_BLOCK = text(
    "INSERT INTO chain_blocks (stream, number, hash, first_seq, last_seq) VALUES (:stream, :number, :hash, :first, :last)"
)
_FINAL_SEQ = text(
    "SELECT max(last_seq) FROM chain_blocks WHERE stream = :stream AND number <= :number AND last_seq >= first_seq"
)
_FORGET_BELOW = text("DELETE FROM chain_blocks WHERE stream = :stream AND number < :number")
_FORGET_ABOVE = text("DELETE FROM chain_blocks WHERE stream = :stream AND number > :number")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a stream is."""

    next_block: int
    """Everything below is in the stream."""
    last_hash: str | None
    final_block: int
    final_seq: int
    """Of the events up to this number those that were not reverted are final."""


@dataclass(frozen=True, slots=True)
class NewBlock:
    """A block to append: its events by type and payload."""

    number: int
    hash: str
    events: Sequence[tuple[str, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class KnownBlock:
    """A block that is in the stream and may still be taken back."""

    number: int
    hash: str
    first_seq: int
    last_seq: int


async def index_progress(transaction: Transaction, stream: str) -> Progress | None:
    """How far a stream is; None if nobody indexes it."""
    row = (await transaction.execute(_READ, {"stream": stream})).one_or_none()
    return None if row is None else _progress(row)


class Cursor:
    """The rows of one stream."""

    def __init__(self, database: Database, stream: str) -> None:
        self._database = database
        self.stream = stream
        self._name = {"stream": stream}

    async def open(self, chain_id: int, contracts: dict[str, dict[str, Any]]) -> Progress:
        """Where to go on.

        Raises:
            InvalidState: The stream is of another chain, or of other contracts: its past would lack their events.
        """
        first = min(one["from"] for one in contracts.values())
        values = {
            **self._name,
            "chain_id": chain_id,
            "contracts": json.dumps(contracts),
            "first": first,
        }
        async with self._database.transaction() as transaction:
            await transaction.execute(_OPEN, values)
            row = (await transaction.execute(_LOCK, self._name)).one()
            if row.chain_id != chain_id:
                raise InvalidState(f"{self.stream} is of chain {row.chain_id}, not {chain_id}")
            if row.contracts != contracts:
                self._require_addition(row, contracts)
                await transaction.execute(_CONTRACTS, values)
            return _progress(row)

    def _require_addition(self, row: Any, contracts: dict[str, dict[str, Any]]) -> None:
        kept = all(contracts.get(address) == one for address, one in row.contracts.items())
        late = [
            address
            for address, one in contracts.items()
            if address not in row.contracts and one["from"] < row.next_block
        ]
        if not kept or late:
            raise InvalidState(
                f"{self.stream} is of other contracts, and has come to block {row.next_block}",
                hint="Contracts can be added from the next block on; for others begin a new stream.",
            )

    async def read(self) -> Progress:
        """How far it is."""
        async with self._database.transaction(read_only=True) as transaction:
            row = (await transaction.execute(_READ, self._name)).one()
            return _progress(row)

    async def blocks(self) -> list[KnownBlock]:
        """The blocks that may still be taken back, and the last one that may not; the highest first."""
        async with self._database.transaction(read_only=True) as transaction:
            rows = await transaction.execute(_BLOCKS, self._name)
            return [KnownBlock(r.number, r.hash, r.first_seq, r.last_seq) for r in rows]

    async def append(
        self, lease: Lease, expected: Progress, blocks: Sequence[NewBlock], final_block: int
    ) -> Progress:
        """Appends blocks with all their events, and moves the watermark; all of it or nothing.

        Raises:
            LeaseLost: Somebody else is at it.
            InvalidState: Somebody else was.
        """
        async with self._database.transaction() as transaction:
            seq = await self._begin(transaction, lease, expected)
            rows = []
            for block in blocks:
                first = seq + 1
                for type_, payload in block.events:
                    transaction.emit(self.stream, type_, payload)
                    seq += 1
                rows.append(
                    {
                        **self._name,
                        "number": block.number,
                        "hash": block.hash,
                        "first": first,
                        "last": seq,
                    }
                )
            if rows:
                await transaction.execute(_PUT_BLOCK, rows)
            last = blocks[-1]
            return await self._move(
                transaction,
                Progress(last.number + 1, last.hash, expected.final_block, expected.final_seq),
                final_block,
            )

    async def finalize(self, lease: Lease, expected: Progress, final_block: int) -> Progress:
        """Moves the watermark alone."""
        async with self._database.transaction() as transaction:
            await self._begin(transaction, lease, expected)
            return await self._move(transaction, expected, final_block)

    async def roll_back(
        self,
        lease: Lease,
        expected: Progress,
        orphaned: Sequence[KnownBlock],
        parent: KnownBlock | None,
    ) -> Progress:
        """Takes blocks back, the highest first: each of their events is followed by a `reverted` one that names it.

        Args:
            lease: The right to do so.
            expected: Where the stream is.
            orphaned: What to take back.
            parent: The block that stays the last one; None if none is left.

        Raises:
            FinalityBroken: One of them was final.
        """
        last = parent.number if parent else expected.final_block
        if last < expected.final_block:
            raise FinalityBroken(f"block {last + 1} of {self.stream} was final")
        async with self._database.transaction() as transaction:
            await self._begin(transaction, lease, expected)
            for block in orphaned:
                for seq in range(block.last_seq, block.first_seq - 1, -1):
                    payload = {"seq": seq, "blockNumber": block.number, "blockHash": block.hash}
                    transaction.emit(self.stream, "reverted", payload)
            await transaction.execute(_FORGET_ABOVE, {**self._name, "number": last})
            back = Progress(
                last + 1, parent.hash if parent else None, expected.final_block, expected.final_seq
            )
            return await self._move(transaction, back, expected.final_block)

    async def _begin(self, transaction: Transaction, lease: Lease, expected: Progress) -> int:
        await require_lease(transaction, lease)
        found = _progress((await transaction.execute(_LOCK, self._name)).one())
        if found != expected:
            raise InvalidState(f"somebody else has moved {self.stream}")
        await transaction.execute(_LOCK_STREAM, self._name)
        return await last_seq(transaction, self.stream)

    async def _move(
        self, transaction: Transaction, progress: Progress, final_block: int
    ) -> Progress:
        # Neither back, nor beyond what is in the stream.
        final = max(progress.final_block, min(final_block, progress.next_block - 1))
        values = {**self._name, "number": final}
        seq = max(progress.final_seq, await transaction.scalar(_FINAL_SEQ, values) or 0)
        if seq > progress.final_seq:
            payload = {"seq": seq, "blockNumber": final}
            transaction.emit(self.stream, "finalized", payload)
        moved = Progress(progress.next_block, progress.last_hash, final, seq)
        # The last final block stays: what comes must follow from it.
        await transaction.execute(_FORGET_BELOW, values)
        await transaction.execute(
            _MOVE,
            {
                **self._name,
                "next": moved.next_block,
                "hash": moved.last_hash,
                "final_block": final,
                "final_seq": seq,
            },
        )
        return moved


def _progress(row: Any) -> Progress:
    return Progress(row.next_block, row.last_hash, row.final_block, row.final_seq)
