"""Reads back what happened: every transaction since a block, with its gas and the events of the contracts one knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from eth_typing import ChecksumAddress, HexStr
from hexbytes import HexBytes
from web3.contract import Contract
from web3.exceptions import Web3Exception

from provenwork.chain import Node
from provenwork.crypto import to_address

__all__ = ["ChainReader", "Event", "Mined"]


@dataclass(frozen=True, slots=True)
class Event:
    """What a contract said."""

    contract: str
    name: str
    arguments: Mapping[str, Any]
    transaction: str
    block: int
    time: int
    """Unix seconds, of the block."""


@dataclass(frozen=True, slots=True)
class Mined:
    """A transaction as the chain has it."""

    hash: str
    block: int
    time: int
    """Unix seconds, of the block."""
    sender: ChecksumAddress
    function: str
    gas: int
    size: int
    """Bytes of calldata."""
    events: tuple[Event, ...]


class ChainReader:
    """Reads the blocks after one, each of them once.

    Args:
        node: The chain.
        contracts: The contracts whose functions and events to put in words: address and ABI by name.
        after: The last block that is not wanted.
    """

    def __init__(
        self,
        node: Node,
        contracts: Mapping[str, tuple[str, Sequence[Mapping[str, Any]]]],
        *,
        after: int,
    ) -> None:
        self._node = node
        self._known: dict[ChecksumAddress, tuple[str, type[Contract] | Contract]] = {
            to_address(address): (
                name,
                node.web3.eth.contract(to_address(address), abi=cast("Any", abi)),
            )
            for name, (address, abi) in contracts.items()
        }
        self._read = after
        self.mined: list[Mined] = []

    @property
    def events(self) -> list[Event]:
        """All events read so far, in order."""
        return [event for mined in self.mined for event in mined.events]

    def new(self) -> list[Mined]:
        """The transactions of the blocks that came since the last look."""
        found: list[Mined] = []
        while self._read < self._node.block().number:
            self._read += 1
            block = self._node.ask(
                lambda: self._node.web3.eth.get_block(self._read, full_transactions=True)
            )
            time = int(block["timestamp"])
            found += [self._mined(cast("Any", sent), time) for sent in block["transactions"]]
        self.mined += found
        return found

    def _mined(self, sent: Mapping[str, Any], time: int) -> Mined:
        receipt = self._node.receipt(HexBytes(sent["hash"]).to_0x_hex())
        assert receipt is not None  # it is in a block
        data = bytes(HexBytes(sent["input"]))
        return Mined(
            hash=receipt.hash,
            block=receipt.block_number,
            time=time,
            sender=to_address(str(sent["from"])),
            function=self._function(sent.get("to"), data),
            gas=receipt.gas_used,
            size=len(data),
            events=tuple(
                event
                for log in receipt.logs
                if (event := self._event(log, receipt.hash, receipt.block_number, time))
            ),
        )

    def _function(self, to: str | None, data: bytes) -> str:
        if to is None:
            return "deployment"
        if (known := self._known.get(to_address(to))) is None:
            return "transfer of ETH" if not data else "unknown"
        try:
            return str(known[1].get_function_by_selector(data[:4]).fn_name)
        except (Web3Exception, ValueError):
            return "unknown"

    def _event(
        self, log: Mapping[str, Any], transaction: str, block: int, time: int
    ) -> Event | None:
        if (known := self._known.get(to_address(str(log["address"])))) is None:
            return None
        name, contract = known
        try:
            decoded = cast(
                "Any", contract.get_event_by_topic(HexStr(HexBytes(log["topics"][0]).to_0x_hex()))
            ).process_log(log)
        except (Web3Exception, ValueError):
            return None
        return Event(name, decoded["event"], dict(decoded["args"]), transaction, block, time)
