"""Blooms: what a header says of the logs in its block (Yellow Paper, 4.4.3). They miss nothing, and may say too much."""

from __future__ import annotations

from collections.abc import Iterable

from eth_utils.crypto import keccak

from provenwork.chain.indexer._blocks import Log

__all__ = ["bits_of", "bloom_of", "says_much"]

_BITS = 2_048


def bits_of(item: bytes) -> int:
    """The three bits, as a mask, that an address or a topic sets."""
    digest = keccak(item)
    mask = 0
    for start in (0, 2, 4):
        mask |= 1 << (int.from_bytes(digest[start : start + 2], "big") % _BITS)
    return mask


def bloom_of(logs: Iterable[Log]) -> int:
    """The bloom of logs."""
    bloom = 0
    for log in logs:
        bloom |= bits_of(bytes.fromhex(log.address[2:]))
        for topic in log.topics:
            bloom |= bits_of(bytes.fromhex(topic[2:]))
    return bloom


def says_much(bloom: int) -> bool:
    """Whether a bloom is less than half full, so that it seldom says what is not so."""
    return bloom.bit_count() <= _BITS // 2
