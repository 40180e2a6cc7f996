"""A chain's node: questions and their answers, with errors of our own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, TypeVar, cast

from eth_typing import ChecksumAddress, HexStr
from hexbytes import HexBytes
from web3 import HTTPProvider, Web3
from web3.exceptions import (
    BadFunctionCallOutput,
    ContractLogicError,
    TransactionNotFound,
    Web3Exception,
    Web3RPCError,
)
from web3.types import RPCEndpoint, TxParams

from provenwork.chain._reverts import reverted
from provenwork.chain._transactions import Call
from provenwork.core.errors import ChainError, NodeUnavailable, WrongChain
from provenwork.crypto import to_address

__all__ = ["Block", "Node", "Receipt"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Block:
    """What matters of a block."""

    number: int
    timestamp: int
    """Unix seconds."""
    base_fee: int
    """Wei per gas."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A mined transaction."""

    hash: str
    succeeded: bool
    block_number: int
    gas_used: int
    fee: int
    """Wei, without a rollup's data fee."""
    logs: tuple[Mapping[str, Any], ...]


class Node:
    """A chain behind an RPC endpoint.

    Args:
        endpoint: An http(s) URL, or a Web3 that is connected already.
        timeout: Seconds that one question may take (for a URL).
        chain_id: The chain that it must be; asked from the node if it is not said.

    Raises:
        NodeUnavailable: It does not answer.
        WrongChain: It serves another chain.
    """

    def __init__(
        self, endpoint: str | Web3, *, timeout: float = 30.0, chain_id: int | None = None
    ) -> None:
        if isinstance(endpoint, str):
            # No retries below us: whether a transaction was sent must stay knowable.
            endpoint = Web3(
                HTTPProvider(
                    endpoint,
                    request_kwargs={"timeout": timeout},
                    exception_retry_configuration=None,
                )
            )
        self.web3 = endpoint
        self.chain_id: int = self.ask(lambda: self.web3.eth.chain_id)
        if chain_id is not None and chain_id != self.chain_id:
            raise WrongChain(f"the node serves chain {self.chain_id}, not {chain_id}")

    def ask(self, question: Callable[[], T]) -> T:
        """Asks something of web3.

        Raises:
            NodeUnavailable: No answer.
            ContractReverted: A contract refused.
            ChainError: The node refused.
        """
        try:
            return question()
        except ContractLogicError as problem:
            raise reverted(_revert_data(problem)) from None
        except BadFunctionCallOutput:
            # Nothing came back: there is no such function, or no contract.
            raise reverted(b"") from None
        except TransactionNotFound:
            raise
        except Web3RPCError as problem:
            raise ChainError(f"the node refuses: {_said(problem)}") from problem
        except (OSError, HTTPException, Web3Exception) as problem:
            raise NodeUnavailable(
                f"the node does not answer: {type(problem).__name__}: {problem}",
                hint="Nothing was changed by this question; ask again.",
            ) from problem

    def block(self, which: str = "latest") -> Block:
        """The latest block, or the pending one."""
        found = self.ask(lambda: self.web3.eth.get_block(cast("Any", which)))
        return Block(
            int(found.get("number") or 0),
            int(found["timestamp"]),
            int(found.get("baseFeePerGas") or 0),
        )

    def now(self) -> int:
        """The time, in Unix seconds, of the block that the next transaction will be in, as far as the node knows."""
        try:
            return self.block("pending").timestamp
        except (ChainError, Web3Exception):
            return self.block().timestamp

    def code(self, address: str, block: int | str = "latest") -> bytes:
        """The code at an address, as of the latest block unless said; empty where there is none."""
        account = to_address(address)
        return bytes(self.ask(lambda: self.web3.eth.get_code(account, cast("Any", block))))

    def balance(self, address: str) -> int:
        """An account's ETH, in wei."""
        account = to_address(address)
        return int(self.ask(lambda: self.web3.eth.get_balance(account)))

    def nonce(self, address: ChecksumAddress, which: str = "pending") -> int:
        """How many transactions an account has sent."""
        return int(
            self.ask(lambda: self.web3.eth.get_transaction_count(address, cast("Any", which)))
        )

    def estimate(self, call: Call, sender: ChecksumAddress) -> int:
        """The gas that a call would use now.

        Raises:
            ContractReverted: The contract would refuse it.
        """
        request = self._request(call, sender)
        return int(self.ask(lambda: self.web3.eth.estimate_gas(request, cast("Any", "pending"))))

    def simulate(self, call: Call, sender: ChecksumAddress, block: int | str = "pending") -> bytes:
        """What a call would return, without sending anything.

        Raises:
            ContractReverted: The contract would refuse it.
        """
        request = self._request(call, sender)
        return bytes(self.ask(lambda: self.web3.eth.call(request, cast("Any", block))))

    def priority_fee(self) -> int:
        """What the node thinks a proposer wants, in wei per gas."""
        return int(self.ask(lambda: self.web3.eth.max_priority_fee))

    def receipt(self, hash: str) -> Receipt | None:  # noqa: A002 (the field's name)
        """A transaction's receipt, or None while it is not mined."""
        try:
            found = self.ask(lambda: self.web3.eth.get_transaction_receipt(HexStr(hash)))
        except TransactionNotFound:
            return None
        return Receipt(
            hash=hash,
            succeeded=found["status"] == 1,
            block_number=int(found["blockNumber"]),
            gas_used=int(found["gasUsed"]),
            fee=int(found["gasUsed"]) * int(found["effectiveGasPrice"]),
            logs=tuple(cast("list[Mapping[str, Any]]", found["logs"])),
        )

    def knows(self, hash: str) -> bool:  # noqa: A002 (the field's name)
        """Whether the node has the transaction, mined or waiting."""
        try:
            self.ask(lambda: self.web3.eth.get_transaction(HexStr(hash)))
        except TransactionNotFound:
            return False
        return True

    def broadcast(self, raw: bytes) -> str | None:
        """Sends a signed transaction.

        Returns:
            None if the node took it, or what it said instead.

        Raises:
            NodeUnavailable: No answer: it may have been taken.
        """
        try:
            answer = self.web3.provider.make_request(
                RPCEndpoint("eth_sendRawTransaction"), ["0x" + raw.hex()]
            )
        except (OSError, HTTPException, Web3Exception, ValueError) as problem:
            raise NodeUnavailable(f"the node did not answer: {problem}") from problem
        error = answer.get("error")
        if error is None:
            return None
        return str(error.get("message", error)) if isinstance(error, dict) else str(error)

    @staticmethod
    def _request(call: Call, sender: ChecksumAddress) -> TxParams:
        return {"from": sender, "to": call.to, "data": HexBytes(call.data), "value": call.value}  # type: ignore[typeddict-item]


def _revert_data(problem: ContractLogicError) -> bytes:
    data = problem.data
    if isinstance(data, dict):
        data = data.get("data", "")
    return bytes(HexBytes(data)) if isinstance(data, str) and data[:2] == "0x" else b""


def _said(problem: Web3RPCError) -> str:
    response = problem.rpc_response
    error = response.get("error") if response else None
    return str(error.get("message", problem)) if isinstance(error, dict) else str(problem)
