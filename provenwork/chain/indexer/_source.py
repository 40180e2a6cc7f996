"""Pages of blocks with their logs, from a node that is not believed more than it must be.

What is checked: every block follows its parent; every log is in a block of the page, by its hash, of a contract that was
asked for, and in order; and who gave the logs has the page's last block. A header's bloom says which contracts may have logs
in it: where it says so and none came, and near the head for every block with logs, the logs are taken from the block's
receipts, whose bloom must be the header's. Far from the head a bloom that is more than half full is not asked: it says so of
every block.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from provenwork.chain._rpc import Rpc, quantity
from provenwork.chain.indexer._blocks import Block, Log, read_block, read_log
from provenwork.chain.indexer._blooms import bits_of, bloom_of, says_much
from provenwork.core.errors import NodeInconsistent, NodeRefused, NodeUnavailable

__all__ = ["Pager", "Source"]

_log = logging.getLogger(__name__)

# -32004 is "method not supported" (EIP-1474). Others say so in words; that a method fails for now is something else.
_NO_SUCH_METHOD = {-32_601, -32_004}
_SAYS_NO_SUCH_METHOD = re.compile(
    r"(?i)unsupported method|unknown method|method\b.*\b(not (found|supported|available|implemented|allowed)|does not exist)"
)


class Pager:
    """How many blocks to ask for at once: what the node can take, found out as one goes.

    Args:
        most: Never more than this.
        target: The logs that one page should not have more than.
    """

    def __init__(self, most: int = 2_000, target: int = 5_000) -> None:
        self._most = most
        self._target = target
        self.size = most

    def refused(self) -> bool:
        """Too many, or too slow: half of it from now on. False if it was one block already."""
        was, self.size = self.size, max(1, self.size // 2)
        return was > 1

    def took(self, blocks: int, logs: int) -> None:
        """It went well: more from now on, unless it was much already."""
        if logs > self._target:
            self.size = max(1, self.size // 2)
        elif logs * 2 <= self._target and blocks >= self.size:
            self.size = min(self._most, self.size + max(1, self.size // 2))


class Source:
    """The blocks of a chain with the logs of some contracts.

    Args:
        rpc: The chain.
        contracts: From which block on, by address.
        every_header: Whether to look at the headers of all blocks, or far from the head only at those with logs: faster on
            long empty stretches, but then logs that a node leaves out there are not missed.
    """

    def __init__(
        self, rpc: Rpc, contracts: Mapping[str, int], *, every_header: bool = True
    ) -> None:
        self._rpc = rpc
        self._contracts = dict(contracts)
        self._masks = [bits_of(bytes.fromhex(address[2:])) for address in contracts]
        self._every_header = every_header
        self._receipts = True

    async def head(self) -> Block:
        """The latest block."""
        said = await self._rpc.call("eth_getBlockByNumber", "latest", False)
        number = quantity(said.get("number")) if isinstance(said, dict) else 0
        return read_block(said, number)

    async def require(self, block: Block) -> None:
        """Returns if the chain has a block at its height.

        Raises:
            NodeInconsistent: It has another one there, or none.
        """
        if (await self.hashes([block.number])).get(block.number) != block.hash:
            raise NodeInconsistent(
                f"the node spoke of a block {block.number} that it does not have"
            )

    async def hashes(self, numbers: Sequence[int]) -> dict[int, str]:
        """The hashes of blocks; without those that there are not."""
        answers = await self._rpc.calls(
            [("eth_getBlockByNumber", [hex(number), False]) for number in numbers]
        )
        return {
            number: read_block(said, number).hash
            for number, said in zip(numbers, answers, strict=True)
            if isinstance(said, dict)
        }

    async def page(self, first: int, last: int, *, tail: bool) -> list[Block]:
        """The blocks of a page: all of them near the head (`tail`), else at least those with logs and the last one.

        Raises:
            NodeRefused: It is too much for the node.
            NodeUnavailable: No answer.
            NodeInconsistent: The answers contradict each other, maybe because the chain changed in between.
        """
        if tail or self._every_header:
            headers, (logs, end) = await asyncio.gather(
                self._headers(range(first, last + 1)), self._logs(first, last)
            )
        else:
            logs, end = await self._logs(first, last)
            # The first one too: it must follow what came before the page.
            wanted = {first, last} | {log.block_number for log in logs}
            headers = await self._headers(sorted(wanted))
        if headers[-1].hash != end:
            raise NodeInconsistent(f"the node gives logs up to another block {last}")
        blocks = {block.number: block for block in headers}
        for before, after in pairwise(headers):
            if after.number == before.number + 1 and after.parent != before.hash:
                raise NodeInconsistent(f"block {after.number} does not follow {before.number}")
        for log in logs:
            block = blocks.get(log.block_number)
            if block is None or block.hash != log.block_hash:
                raise NodeInconsistent(
                    f"the node gives logs of a block {log.block_number} that is not the chain's"
                )
            if block.logs and block.logs[-1].index >= log.index:
                raise NodeInconsistent(f"the logs of block {log.block_number} are out of order")
            block.logs.append(log)
        await self._cross_check(headers, tail=tail)
        return headers

    async def _headers(self, numbers: Sequence[int] | range) -> list[Block]:
        answers = await self._rpc.calls(
            [("eth_getBlockByNumber", [hex(number), False]) for number in numbers]
        )
        for answer in answers:
            if isinstance(answer, NodeRefused):
                raise answer
        return [read_block(said, number) for number, said in zip(numbers, answers, strict=True)]

    async def _logs(self, first: int, last: int) -> tuple[list[Log], str]:
        """The logs of a page, and the hash of its last block as whoever gave them has it.

        Asked together: behind one address there may be several nodes, and one that has not come so far has no logs of it.
        """
        question = {
            "fromBlock": hex(first),
            "toBlock": hex(last),
            "address": list(self._contracts),
        }
        try:
            said, end = await self._rpc.calls(
                [("eth_getLogs", [question]), ("eth_getBlockByNumber", [hex(last), False])]
            )
            for answer in (said, end):
                if isinstance(answer, NodeRefused):
                    raise answer
        except (NodeRefused, NodeUnavailable):
            if first != last:
                raise
            # Even one block is too much: its receipts have the same logs.
            (header,) = await self._headers([first])
            found = await self._block_logs(header)
            if found is None:
                raise
            return self._watched(found), header.hash
        if not isinstance(said, list):
            raise NodeUnavailable("the node's answer is no list of logs")
        logs = [read_log(one) for one in said]
        for log in logs:
            if not first <= log.block_number <= last or log.address not in self._contracts:
                raise NodeInconsistent("the node gives logs that nobody asked for")
        return self._watched(logs), read_block(end, last).hash

    def _watched(self, logs: list[Log]) -> list[Log]:
        return [
            log
            for log in logs
            if log.address in self._contracts and log.block_number >= self._contracts[log.address]
        ]

    async def _cross_check(self, blocks: Sequence[Block], *, tail: bool) -> None:
        doubtful = [block for block in blocks if self._is_doubtful(block, tail=tail)]
        answers = await asyncio.gather(
            *(self._block_logs(block) for block in doubtful), return_exceptions=True
        )
        for block, logs in zip(doubtful, answers, strict=True):
            if isinstance(logs, BaseException):
                raise logs
            if logs is None:
                continue
            watched = self._watched(logs)
            if watched != block.logs:
                _log.warning(
                    "the node leaves out logs of block %d: %d of %d came",
                    block.number, len(block.logs), len(watched),
                )  # fmt: skip
                block.logs = watched

    def _is_doubtful(self, block: Block, *, tail: bool) -> bool:
        may_have_logs = any(block.bloom & mask == mask for mask in self._masks)
        if tail:
            # A full bloom says so of every block: there are few enough of them here to ask.
            return bool(block.logs) or may_have_logs
        return not block.logs and may_have_logs and says_much(block.bloom)

    async def _block_logs(self, block: Block) -> list[Log] | None:
        """All logs of a block from its receipts; None if the node gives no receipts by block."""
        if not self._receipts:
            return None
        try:
            said = await self._rpc.call("eth_getBlockReceipts", hex(block.number))
        except NodeRefused as problem:
            if problem.code not in _NO_SUCH_METHOD and not _SAYS_NO_SUCH_METHOD.search(
                str(problem)
            ):
                raise
            _log.warning("logs are not checked with receipts: %s", problem)
            self._receipts = False
            return None
        if not isinstance(said, list):
            raise NodeInconsistent(f"the node has no receipts of block {block.number}")
        try:
            logs = [read_log(one) for receipt in said for one in receipt["logs"]]
        except (TypeError, KeyError):
            raise NodeInconsistent("the node gives receipts that are not as receipts are") from None
        if any(log.block_hash != block.hash for log in logs):
            raise NodeInconsistent(f"the node gives receipts of another block {block.number}")
        if bloom_of(logs) != block.bloom:
            raise NodeInconsistent(f"the receipts of block {block.number} are not its header's")
        return logs
