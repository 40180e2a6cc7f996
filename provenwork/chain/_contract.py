"""A contract: questions through web3, calls as values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from hexbytes import HexBytes
from web3.exceptions import InvalidEventABI, LogTopicError, MismatchedABI

from provenwork.chain._node import Node, Receipt
from provenwork.chain._transactions import Call
from provenwork.core.errors import WrongChain
from provenwork.crypto import to_address

__all__ = ["Contract"]


class Contract:
    """One contract at one address.

    Raises:
        WrongChain: There is no code at the address.
    """

    def __init__(self, node: Node, address: str, abi: list[dict[str, Any]]) -> None:
        self.node = node
        self.address = to_address(address)
        self._web3 = node.web3.eth.contract(self.address, abi=cast("Any", abi))
        if not node.code(self.address):
            raise WrongChain(
                f"there is no contract at {self.address} on chain {node.chain_id}",
                hint="Check the address and the network.",
            )

    def ask(self, function: str, *arguments: Any, block: int | str = "latest") -> Any:
        """What a view returns, as of the latest block unless said."""
        question = self._web3.functions[function](*arguments)
        return self.node.ask(lambda: question.call(block_identifier=cast("Any", block)))

    def call(self, function: str, *arguments: Any, value: int = 0, purpose: str = "") -> Call:
        """The call of a function, to be sent."""
        data = self._web3.encode_abi(function, list(arguments))
        return Call(self.address, bytes(HexBytes(data)), value, purpose or function)

    def events(self, receipt: Receipt, name: str) -> list[Mapping[str, Any]]:
        """The arguments of every event of a name that this contract emitted in a transaction."""
        declared = self._web3.events[name]()
        found = []
        for log in cast("Any", receipt.logs):
            if log["address"] != self.address:
                continue
            try:
                found.append(declared.process_log(log)["args"])
            except (MismatchedABI, LogTopicError, InvalidEventABI):
                continue
        return found
