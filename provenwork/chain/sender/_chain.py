"""What the sender wants to know of the chain, and who used a nonce."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provenwork.chain._reverts import reverted
from provenwork.chain._rpc import Question, Rpc, quantity
from provenwork.chain._transactions import Call
from provenwork.core.errors import NodeInconsistent, NodeRefused, NodeUnavailable, WrongChain

__all__ = [
    "ChainView",
    "Mined",
    "Taken",
    "canonical_hashes",
    "is_revert",
    "look",
    "mined",
    "taken_by",
]

_MOST = 2**62  # of heights, counts and gas; the database takes no more
_MOST_FEE = 2**96  # wei per gas


@dataclass(frozen=True, slots=True)
class ChainView:
    """The chain and an account, as a node sees them at one moment."""

    head: int
    head_hash: str
    base_fee: int
    priority_fee: int
    nonce: int
    """The next one that the chain takes."""
    pending: int
    """The next one if all that the node has in its pool is mined."""
    balance: int


@dataclass(frozen=True, slots=True)
class Mined:
    """A receipt, as far as it matters here."""

    hash: str
    block_number: int
    block_hash: str
    succeeded: bool
    gas_used: int
    fee: int


@dataclass(frozen=True, slots=True)
class Taken:
    """Which transaction used a nonce."""

    mined: Mined
    call: tuple[str, int, str]
    """To whom, wei, and data in hex digits."""

    def does(self, call: Call) -> bool:
        """Whether it does what a call is to do."""
        return self.call == (call.to.lower(), call.value, "0x" + call.data.hex())


async def look(rpc: Rpc, account: str) -> ChainView:
    """Asks for all of it in one request.

    Raises:
        NodeUnavailable: No answer, or not one that makes sense.
        NodeRefused: The node answers with an error.
        WrongChain: It serves another chain by now.
    """
    block, count, pending, balance, priority, chain = await _all(
        rpc,
        [
            ("eth_getBlockByNumber", ["latest", False]),
            ("eth_getTransactionCount", [account, "latest"]),
            ("eth_getTransactionCount", [account, "pending"]),
            ("eth_getBalance", [account, "latest"]),
            ("eth_maxPriorityFeePerGas", []),
            ("eth_chainId", []),
        ],
    )
    _require_chain(rpc, chain)
    if not isinstance(block, dict):
        raise NodeUnavailable("the node has no latest block")
    return ChainView(
        head=quantity(block.get("number"), most=_MOST),
        head_hash=str(block.get("hash")),
        base_fee=quantity(block.get("baseFeePerGas", "0x0"), most=_MOST_FEE),
        priority_fee=quantity(priority, most=_MOST_FEE),
        nonce=quantity(count, most=_MOST),
        pending=quantity(pending, most=_MOST),
        balance=quantity(balance),
    )


async def mined(rpc: Rpc, hashes: Sequence[str]) -> dict[str, Mined]:
    """Which of some transactions are in the chain, by their hashes.

    A receipt counts only if its block is the chain's at its height: nodes keep those of blocks that were taken back.

    Raises:
        NodeInconsistent: A receipt is another transaction's.
    """
    receipts = await _all(rpc, [("eth_getTransactionReceipt", [hash_]) for hash_ in hashes])
    found = {}
    for hash_, receipt in zip(hashes, receipts, strict=True):
        if receipt is None:
            continue
        if not isinstance(receipt, dict) or receipt.get("transactionHash") != hash_:
            raise NodeInconsistent(f"asked for the receipt of {hash_}, the node gives another's")
        if receipt.get("blockHash") is None:
            continue
        used = quantity(receipt.get("gasUsed"), most=_MOST)
        found[hash_] = Mined(
            hash=hash_,
            block_number=quantity(receipt.get("blockNumber"), most=_MOST),
            block_hash=str(receipt["blockHash"]),
            succeeded=quantity(receipt.get("status")) == 1,
            gas_used=used,
            fee=used * quantity(receipt.get("effectiveGasPrice", "0x0"), most=_MOST_FEE),
        )
    known = await canonical_hashes(rpc, {one.block_number for one in found.values()})
    return {k: one for k, one in found.items() if known.get(one.block_number) == one.block_hash}


async def canonical_hashes(rpc: Rpc, numbers: set[int]) -> dict[int, str]:
    """The hashes of the chain's blocks at some heights; without those that the node does not have (yet)."""
    ordered = sorted(numbers)
    blocks = await _all(rpc, [("eth_getBlockByNumber", [hex(n), False]) for n in ordered])
    return {
        number: str(block.get("hash"))
        for number, block in zip(ordered, blocks, strict=True)
        if isinstance(block, dict)
    }


async def taken_by(rpc: Rpc, account: str, nonce: int, upto: int) -> Taken | None:
    """The transaction with which an account used a nonce, looked for in the blocks up to one; None if it cannot be found.

    It is found by what the account's count of transactions was at which height, and then read from that block: so it is
    shown, and not concluded from an answer that did not come.

    Raises:
        NodeUnavailable: No answer.
    """

    async def used_at(number: int) -> bool:
        count = await rpc.call("eth_getTransactionCount", account, hex(number))
        return quantity(count) > nonce

    try:
        if upto < 0 or not await used_at(upto):
            return None
        unused, used, step = upto, upto, 1
        while True:
            unused = max(-1, unused - step)
            if unused < 0 or not await used_at(unused):
                break
            used, step = unused, step * 2
        while used - unused > 1:
            middle = (used + unused) // 2
            if await used_at(middle):
                used = middle
            else:
                unused = middle
        # Asked together, so that it is the right chain's block.
        block, chain = await _all(
            rpc, [("eth_getBlockByNumber", [hex(used), True]), ("eth_chainId", [])]
        )
    except NodeRefused:
        # Nodes forget the states of old blocks.
        return None
    _require_chain(rpc, chain)
    for found in _transactions(block):
        by = str(found.get("from")).lower()
        if by == account.lower() and quantity(found.get("nonce")) == nonce:
            return await _taken(rpc, found, used)
    return None


async def _taken(rpc: Rpc, found: Mapping[str, Any], number: int) -> Taken | None:
    """A transaction of a block, if its receipt says the same."""
    hash_ = str(found.get("hash"))
    receipt = (await mined(rpc, [hash_])).get(hash_)
    if receipt is None or receipt.block_number != number:
        return None
    call = (
        str(found.get("to")).lower(),
        quantity(found.get("value")),
        str(found.get("input")).lower(),
    )
    return Taken(receipt, call)


def _transactions(block: Any) -> list[Mapping[str, Any]]:
    transactions = block.get("transactions") if isinstance(block, dict) else None
    if not isinstance(transactions, list):
        return []
    return [one for one in transactions if isinstance(one, dict)]


def _require_chain(rpc: Rpc, said: Any) -> None:
    if quantity(said) != rpc.chain_id:
        raise WrongChain(f"the node serves chain {quantity(said)} by now, not {rpc.chain_id}")


def is_revert(problem: NodeRefused) -> bool:
    """Whether an error says that a contract refuses, as opposed to the node."""
    return problem.code == 3 or "revert" in str(problem).lower()


def request_of(call: Call, sender: str) -> Mapping[str, str]:
    """A call as nodes are asked about it."""
    return {"from": sender, "to": call.to, "data": "0x" + call.data.hex(), "value": hex(call.value)}


async def why_reverted(rpc: Rpc, call: Call, sender: str, block_number: int) -> str:
    """What a contract had against a call that was mined, in words, as far as it can still be found out."""
    try:
        await rpc.call("eth_call", dict(request_of(call, sender)), hex(block_number))
    except NodeRefused as problem:
        return refusal(problem)
    return "it was mined and reverted"


def refusal(problem: NodeRefused) -> str:
    """A contract's refusal in words."""
    try:
        data = bytes.fromhex(problem.data.removeprefix("0x"))
    except ValueError:
        data = b""
    return str(reverted(data)) if data else str(problem)


async def _all(rpc: Rpc, questions: list[Question]) -> list[Any]:
    answers = await rpc.calls(questions) if questions else []
    for answer in answers:
        if isinstance(answer, NodeRefused):
            raise answer
    return answers
