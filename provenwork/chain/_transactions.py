"""EIP-1559 transactions: written down, hashed and signed by any `Signer`, or by a wallet that signs transactions only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import rlp
from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak

from provenwork.core.errors import ChainError
from provenwork.crypto import Signer, require_signature, to_address

__all__ = ["MAX_GAS", "Call", "SignedTransaction", "Transaction", "TransactionSigner"]

MAX_GAS = 16_777_216
"""The most gas that Base lets one transaction have (EIP-7825)."""

_encode = cast("Callable[[Any], bytes]", rlp.encode)
_decode = cast("Callable[[bytes], Sequence[Any]]", rlp.decode)
_TYPE = b"\x02"


class TransactionSigner(Protocol):
    """An account that shows its owner what it signs, such as a hardware wallet: transactions, and no mere digests."""

    @property
    def address(self) -> ChecksumAddress:
        """The account."""
        ...

    def sign_transaction(self, transaction: Transaction) -> bytes:
        """Signs it: 65 bytes r ‖ s ‖ v, v 27 or 28, s in the lower half."""
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """What to ask of a contract: the part of a transaction that says what, not who and at which price."""

    to: ChecksumAddress
    data: bytes
    value: int = 0
    """Wei."""
    purpose: str = ""
    """What it is for, in a few words: for journals and messages."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """A dynamic-fee transaction (EIP-1559, type 2) without an access list."""

    chain_id: int
    nonce: int
    max_priority_fee_per_gas: int
    """Wei per gas."""
    max_fee_per_gas: int
    """Wei per gas."""
    gas: int
    to: ChecksumAddress
    value: int
    """Wei."""
    data: bytes

    def _fields(self) -> list[Any]:
        return [
            self.chain_id,
            self.nonce,
            self.max_priority_fee_per_gas,
            self.max_fee_per_gas,
            self.gas,
            bytes.fromhex(self.to[2:]),
            self.value,
            self.data,
            [],
        ]

    @property
    def digest(self) -> bytes:
        """What is signed: 32 bytes."""
        return keccak(_TYPE + _encode(self._fields()))

    def sign(self, signer: Signer | TransactionSigner, *, purpose: str = "") -> SignedTransaction:
        """Signs it.

        Raises:
            SignatureInvalid: What came back is not the account's signature of this transaction.
        """
        if isinstance(signer, Signer):
            signature = signer.sign_digest(self.digest)
        else:
            signature = signer.sign_transaction(self)
            # Somebody else wrote the transaction down once more before signing it.
            require_signature(signer.address, self.digest, signature)
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
        raw = _TYPE + _encode([*self._fields(), signature[64] - 27, r, s])
        return SignedTransaction("0x" + keccak(raw).hex(), raw, self.nonce, purpose)


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A signed transaction. Sending the same bytes twice does no more than sending them once."""

    hash: str
    """0x and 64 hex digits."""
    raw: bytes
    nonce: int
    purpose: str = ""

    @property
    def content(self) -> Transaction:
        """What was signed."""
        *numbers, to, value, data, _, _, _, _ = _decode(self.raw[1:])
        chain_id, nonce, priority, fee, gas = (int.from_bytes(item, "big") for item in numbers)
        return Transaction(
            chain_id=chain_id,
            nonce=nonce,
            max_priority_fee_per_gas=priority,
            max_fee_per_gas=fee,
            gas=gas,
            to=to_address("0x" + bytes(to).hex()),
            value=int.from_bytes(value, "big"),
            data=bytes(data),
        )

    def __post_init__(self) -> None:
        if "0x" + keccak(self.raw).hex() != self.hash:
            raise ChainError(f"the transaction {self.hash} is not what its hash says")
