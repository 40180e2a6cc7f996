"""From a node's logs to payloads of the event log."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak

from provenwork.chain.indexer._blocks import Log
from provenwork.crypto import to_address
from provenwork.store import MAX_PAYLOAD

__all__ = ["Decoder", "Watched"]

_MOST_RAW = 16_384  # bytes of data that are kept of an event that is not decoded
_MOST_DATA = 65_536  # bytes of data that are decoded at all
_SMALL = 512  # so much data never becomes too large a payload
_MOST_ARGUMENTS = MAX_PAYLOAD - 4_096  # beside them there is where the event is
_WORD = 32


@dataclass(frozen=True, slots=True)
class Watched:
    """A contract whose events are indexed, all of them.

    Args:
        name: What it is called in the events.
        address: Where it is.
        abi: What its events mean; one that is not in it is kept as `unknown_event`, with its raw topics and data.
        from_block: Where its history begins.
    """

    name: str
    address: str
    abi: Sequence[Mapping[str, Any]]
    from_block: int = 0


@dataclass(frozen=True, slots=True)
class _Declared:
    name: str
    indexed: tuple[Mapping[str, Any], ...]
    data: tuple[Mapping[str, Any], ...]
    data_types: tuple[str, ...]


class Decoder:
    """Decodes the events of one contract."""

    def __init__(self, watched: Watched) -> None:
        self.name = watched.name
        self._declared: dict[tuple[str, int], _Declared] = {}
        for entry in watched.abi:
            if entry.get("type") != "event" or entry.get("anonymous"):
                continue
            inputs = entry["inputs"]
            types = [_canonical(item) for item in inputs]
            topic = "0x" + keccak(text=f"{entry['name']}({','.join(types)})").hex()
            indexed = tuple(item for item in inputs if item["indexed"])
            data = tuple(item for item in inputs if not item["indexed"])
            self._declared[topic, len(indexed) + 1] = _Declared(
                entry["name"], indexed, data, tuple(map(_canonical, data))
            )

    def decode(self, log: Log) -> tuple[str, dict[str, Any]]:
        """An event's type and arguments.

        Integers are decimal strings, addresses checksummed, bytes 0x and hex digits; an indexed argument of a type that has
        no fixed size is its hash. What is too large for a payload is an `unknown_event` with its data's hash.
        """
        declared = self._declared.get((log.topics[0] if log.topics else "", len(log.topics)))
        if declared is None or len(log.data) > _MOST_DATA:
            return "unknown_event", _raw(log)
        try:
            found = {
                item["name"]: _topic(item, topic)
                for item, topic in zip(declared.indexed, log.topics[1:], strict=True)
            }
            found |= _data(declared, log.data)
        except (DecodingError, ValueError, OverflowError):
            # Whatever a contract emits, it must not stop those who read it.
            return "unknown_event", _raw(log)
        if len(log.data) > _SMALL and _size(found) > _MOST_ARGUMENTS:
            return "unknown_event", _raw(log)
        return declared.name, found


def _data(declared: _Declared, data: bytes) -> dict[str, Any]:
    """The arguments that are not indexed; those of one word each without eth_abi, which takes ten times as long."""
    if len(data) == _WORD * len(declared.data_types):
        words = (data[start : start + _WORD] for start in range(0, len(data), _WORD))
        quick = [
            _one_word(kind, word) for kind, word in zip(declared.data_types, words, strict=True)
        ]
        if None not in quick:
            return {item["name"]: value for item, value in zip(declared.data, quick, strict=True)}
    values = decode(declared.data_types, data)
    return {
        item["name"]: _plain(item, value) for item, value in zip(declared.data, values, strict=True)
    }


def _one_word(kind: str, word: bytes) -> Any:
    """The commonest types; None for others, and for what is not clean: eth_abi decides."""
    if kind == "uint256":
        return str(int.from_bytes(word, "big"))
    if kind == "address" and not any(word[:12]):
        return _checksummed(word[12:].hex())
    if kind == "bytes32":
        return "0x" + word.hex()
    if kind.startswith("uint"):
        number = int.from_bytes(word, "big")
        return str(number) if number < 2 ** int(kind[4:]) else None
    return None


@lru_cache(maxsize=65_536)
def _checksummed(digits: str) -> str:
    return to_address("0x" + digits)


def _canonical(item: Mapping[str, Any]) -> str:
    kind: str = item["type"]
    if not kind.startswith("tuple"):
        return kind
    inner = ",".join(_canonical(part) for part in item["components"])
    return f"({inner}){kind[5:]}"


def _size(arguments: Mapping[str, Any]) -> int:
    return len(json.dumps(arguments, ensure_ascii=False).encode())


def _raw(log: Log) -> dict[str, Any]:
    if len(log.data) > _MOST_RAW:
        return {"topics": list(log.topics), "dataHash": "0x" + keccak(log.data).hex()}
    return {"topics": list(log.topics), "data": "0x" + log.data.hex()}


def _topic(item: Mapping[str, Any], topic: str) -> Any:
    kind: str = item["type"]
    if kind in {"string", "bytes"} or kind.startswith("tuple") or kind.endswith("]"):
        return topic
    word = bytes.fromhex(topic[2:])
    if (quick := _one_word(kind, word)) is not None:
        return quick
    (value,) = decode([kind], word)
    return _plain(item, value)


def _plain(item: Mapping[str, Any], value: Any) -> Any:
    kind: str = item["type"]
    if kind.endswith("]"):
        inner = {**item, "type": kind[: kind.rindex("[")]}
        return [_plain(inner, one) for one in value]
    if kind == "tuple":
        parts = zip(item["components"], value, strict=True)
        return {part["name"]: _plain(part, one) for part, one in parts}
    if kind == "address":
        return _checksummed(value[2:])
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return str(value)
    # Contracts may emit what is no text; Postgres keeps no NUL.
    return str(value).replace("\x00", "�")
