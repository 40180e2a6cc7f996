"""The one who reads a chain's events into a stream, page by page and then block by block."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Sequence
from typing import Any

from provenwork.chain._rpc import Rpc
from provenwork.chain.indexer._blocks import Block, contracts_json
from provenwork.chain.indexer._cursor import Cursor, KnownBlock, NewBlock, Progress
from provenwork.chain.indexer._decoding import Decoder, Watched
from provenwork.chain.indexer._source import Pager, Source
from provenwork.core.clock import Clock, SystemClock
from provenwork.core.errors import (
    DatabaseError,
    FinalityBroken,
    LockConflict,
    NodeInconsistent,
    NodeRefused,
    NodeUnavailable,
    ValidationFailed,
)
from provenwork.crypto import to_address
from provenwork.store import Database, Lease, hold_lease

__all__ = ["Indexer", "chain_stream"]

_log = logging.getLogger(__name__)

_LEASE = 30.0

_NEAR = 16
"""Blocks from the head on that are checked as what may be taken back is, also if less confirmations are asked for."""


def chain_stream(chain_id: int) -> str:
    """The stream of a chain's events, if it is not given another name."""
    return f"chain.{chain_id}"


class Indexer:
    """Indexes all events of some contracts of one chain into one stream, in the chain's order, each once.

    What the chain takes back is followed by `reverted` events, the latest first. `finalized` events say up to which number
    what was not reverted stays. Any number of processes may run one for the same stream: one of them works.

    Args:
        database: Where the stream is. Nobody else may append to it.
        rpc: The chain.
        contracts: What to index. Later some may be added from the next block on, and none removed.
        stream: Its name; `chain_stream` if it is not said.
        confirmations: Blocks on top of one until it is final; deeper reorgs are `FinalityBroken`.
        page: The most blocks to ask for at once.
        every_header: See `Source`.
        poll: Seconds between two looks at the head.
        clock: Waits; the seam for tests.

    Raises:
        ValidationFailed: There is no contract, or one address twice.
    """

    def __init__(
        self,
        database: Database,
        rpc: Rpc,
        contracts: Sequence[Watched],
        *,
        stream: str | None = None,
        confirmations: int = 64,
        page: int = 2_000,
        every_header: bool = True,
        poll: float = 1.0,
        clock: Clock | None = None,
    ) -> None:
        self._decoders: dict[str, Decoder] = {
            to_address(one.address): Decoder(one) for one in contracts
        }
        if not contracts or len(self._decoders) != len(contracts) or confirmations < 0:
            raise ValidationFailed("an indexer has contracts, each of them once")
        self._contracts: dict[str, tuple[str, int]] = {
            to_address(one.address): (one.name, one.from_block) for one in contracts
        }
        self._database = database
        self._rpc = rpc
        self._source = Source(
            rpc,
            {address: first for address, (_, first) in self._contracts.items()},
            every_header=every_header,
        )
        self.pager = Pager(page)
        self._confirmations = confirmations
        self._poll = poll
        self._clock = clock or SystemClock()
        self._cursor = Cursor(database, stream or chain_stream(rpc.chain_id))
        self._ahead: tuple[int, int, asyncio.Task[list[Block]]] | None = None

    @property
    def stream(self) -> str:
        """Where the events are."""
        return self._cursor.stream

    @property
    def lease_name(self) -> str:
        """What only one may hold: the right to append."""
        return f"indexer.{self.stream}"

    async def run(self) -> None:
        """Indexes until it is cancelled, through failures of the node and the database.

        Raises:
            FinalityBroken: The chain took back what was final.
            InvalidState: The stream is of other contracts.
            WrongChain: The node serves another chain.
        """
        holder = f"{socket.gethostname()}.{os.getpid()}"[:200]
        pause = self._poll
        while True:
            try:
                async with hold_lease(
                    self._database, self.lease_name, holder, seconds=_LEASE
                ) as lease:
                    await self.open()
                    while True:
                        try:
                            progress = await self.step(lease)
                        except DatabaseError as problem:
                            # Giving the lease back takes the database too, which may be there again before it is over.
                            pause = await self._wait_out(problem, pause)
                            continue
                        pause = self._poll
                        if not progress:
                            await self._clock.sleep(pause)
            except LockConflict as problem:
                await self._clock.sleep(min(problem.retry_after or 1.0, _LEASE / 3))
            except (NodeUnavailable, NodeInconsistent, NodeRefused, DatabaseError) as problem:
                pause = await self._wait_out(problem, pause)
            finally:
                await self.close()

    async def _wait_out(self, problem: Exception, pause: float) -> float:
        """Waits, and returns how long to wait the next time."""
        _log.warning("%s: %s; trying again", self.lease_name, problem)
        await self._clock.sleep(pause)
        return min(2 * pause, 5.0 if isinstance(problem, DatabaseError) else 30.0)

    async def open(self) -> Progress:
        """Makes the stream's cursor, or finds it.

        Raises:
            InvalidState: The stream is of another chain, or of other contracts.
        """
        return await self._cursor.open(self._rpc.chain_id, contracts_json(self._contracts))

    async def close(self) -> None:
        """Ends what is under way."""
        if self._ahead:
            _, _, task = self._ahead
            self._ahead = None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def step(self, lease: Lease) -> bool:
        """One page, one reorg, or nothing; whether there may be more at once.

        Raises:
            LeaseLost: Somebody else is at it.
            NodeUnavailable, NodeInconsistent, NodeRefused: Nothing was changed.
            FinalityBroken: The chain took back what was final.
        """
        progress = await self._cursor.read()
        head = await self._source.head()
        first = progress.next_block
        if first > head.number:
            if await self._reorganized(lease, progress, head):
                return True
            final = head.number - self._confirmations
            if final > progress.final_block:
                await self._cursor.finalize(lease, progress, final)
            return False
        # A page is either all final, or near the head.
        distant = head.number - max(self._confirmations, _NEAR)
        tail = first > distant
        last = min(first + self.pager.size - 1, head.number if tail else distant)
        if not tail:
            await self._source.require(head)
        blocks = await self._page(first, last, tail=tail)
        if blocks is None:
            return True
        if blocks[0].number == first and progress.last_hash not in (None, blocks[0].parent):
            await self._roll_back(lease, progress)
            return True
        self.pager.took(last - first + 1, sum(len(block.logs) for block in blocks))
        if not tail and last < distant:
            self._read_ahead(last + 1, min(last + self.pager.size, distant))
        kept = blocks if tail else [b for b in blocks if b.logs or b.number == last]
        # Near the head what is on top of a block counts as far as it is in the stream, and not what the node says is there.
        final = last - self._confirmations if tail else last
        await self._cursor.append(lease, progress, [self._new(block) for block in kept], final)
        return last < head.number

    async def _page(self, first: int, last: int, *, tail: bool) -> list[Block] | None:
        """The blocks of a page; None if it is too large, and the next one is to be smaller."""
        ahead, self._ahead = self._ahead, None
        if ahead and ahead[:2] != (first, last):
            ahead[2].cancel()
            await asyncio.gather(ahead[2], return_exceptions=True)
            ahead = None
        try:
            if ahead:
                return await ahead[2]
            return await self._source.page(first, last, tail=tail)
        except (NodeRefused, NodeUnavailable):
            if last == first or not self.pager.refused():
                raise
            return None

    def _read_ahead(self, first: int, last: int) -> None:
        """Asks for the next page while this one is written."""
        task = asyncio.create_task(self._source.page(first, last, tail=False))
        self._ahead = (first, last, task)

    async def _reorganized(self, lease: Lease, progress: Progress, head: Block) -> bool:
        """Looks whether the last block is still the chain's, where nothing came after it."""
        last = progress.next_block - 1
        if progress.last_hash is None or last > head.number:
            # Behind, or shorter for a moment: as soon as it is as high, its blocks tell which.
            return False
        if head.number == last and head.hash == progress.last_hash:
            return False
        await self._roll_back(lease, progress)
        return True

    async def _roll_back(self, lease: Lease, progress: Progress) -> None:
        """Finds the last block that the chain still has, and takes back those after it."""
        known = await self._cursor.blocks()
        there = await self._source.hashes([block.number for block in known])
        orphaned: list[KnownBlock] = []
        for block in known:
            if there.get(block.number) == block.hash:
                if not orphaned:
                    raise NodeInconsistent(
                        "the node's next block follows another than its last one"
                    )
                await self._cursor.roll_back(lease, progress, orphaned, block)
                _log.warning(
                    "%s: a reorg of %d blocks, back to %d",
                    self.stream, len(orphaned), block.number,
                )  # fmt: skip
                return
            orphaned.append(block)
        if any(block.number not in there for block in known):
            raise NodeInconsistent("the node is behind where it was")
        if known[-1].number > progress.final_block:
            # Nothing in the stream is final yet.
            await self._cursor.roll_back(lease, progress, orphaned, None)
            _log.warning("%s: a reorg of all %d blocks", self.stream, len(orphaned))
            return
        if await self._source.hashes([known[-1].number]) != {
            known[-1].number: there[known[-1].number]
        }:
            raise NodeInconsistent("the node says this and that of a block that was final")
        raise FinalityBroken(
            f"the chain took back block {progress.final_block} of {self.stream}, which was final",
            hint="Find out which chain the node serves. Index it into a new stream if it is right.",
        )

    def _new(self, block: Block) -> NewBlock:
        events: list[tuple[str, dict[str, Any]]] = []
        for log in block.logs:
            decoder = self._decoders[log.address]
            name, arguments = decoder.decode(log)
            payload = {
                "contract": decoder.name,
                "address": log.address,
                "args": arguments,
                "blockNumber": log.block_number,
                "blockHash": log.block_hash,
                "timestamp": block.timestamp,
                "transactionHash": log.transaction_hash,
                "logIndex": log.index,
            }
            events.append((name, payload))
        return NewBlock(block.number, block.hash, events)
