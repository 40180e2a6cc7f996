"""Blocks and logs as a node gives them, read strictly: what is not as it must be is a `NodeInconsistent`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from provenwork.core.errors import NodeInconsistent
from provenwork.crypto import to_address

__all__ = ["Block", "Log", "read_block", "read_log"]


@dataclass(frozen=True, slots=True)
class Log:
    """One log."""

    address: str
    topics: tuple[str, ...]
    data: bytes
    block_number: int
    block_hash: str
    transaction_hash: str
    index: int


@dataclass(slots=True)
class Block:
    """A block's header, as far as it matters here, and its logs of the contracts that are watched."""

    number: int
    hash: str
    parent: str
    timestamp: int
    bloom: int
    logs: list[Log] = field(default_factory=list)


def read_block(said: Any, number: int) -> Block:
    """A block at a height.

    Raises:
        NodeInconsistent: It is another one, or none (any more).
    """
    try:
        block = Block(
            number=_number(said["number"]),
            hash=_hash(said["hash"]),
            parent=_hash(said["parentHash"]),
            timestamp=_number(said["timestamp"]),
            bloom=int(said["logsBloom"], 16),
        )
    except (TypeError, KeyError, ValueError):
        raise NodeInconsistent(f"the node has no block {number}, or not as blocks are") from None
    if block.number != number:
        raise NodeInconsistent(f"asked for block {number}, the node gives {block.number}")
    return block


def read_log(said: Any) -> Log:
    """A log.

    Raises:
        NodeInconsistent: It is none, or was taken back.
    """
    try:
        if said.get("removed"):
            raise NodeInconsistent("the node gives logs that were taken back")
        return Log(
            address=_address(said["address"]),
            topics=tuple(_hash(topic) for topic in said["topics"]),
            data=bytes.fromhex(said["data"][2:]),
            block_number=_number(said["blockNumber"]),
            block_hash=_hash(said["blockHash"]),
            transaction_hash=_hash(said["transactionHash"]),
            index=_number(said["logIndex"]),
        )
    except (TypeError, KeyError, ValueError, AttributeError):
        raise NodeInconsistent("the node gives a log that is not as logs are") from None


@lru_cache(maxsize=4_096)
def _address(said: str) -> str:
    return to_address(said)


def _number(said: Any) -> int:
    """A height, a place or a time: what the database takes as one."""
    number = int(said, 16)
    if not 0 <= number < 2**63:
        raise ValueError(said)
    return number


def _hash(said: Any) -> str:
    if not isinstance(said, str) or len(said) != 66 or said[:2] != "0x":
        raise ValueError(said)
    bytes.fromhex(said[2:])
    return said.lower()


def contracts_json(contracts: Mapping[str, tuple[str, int]]) -> dict[str, Any]:
    """Which contracts a stream is of, as it is stored."""
    return {address: {"name": name, "from": first} for address, (name, first) in contracts.items()}
