"""Every struct that is signed for the contracts, defined once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from eth_typing import ChecksumAddress

from provenwork.crypto._address import to_address
from provenwork.crypto._typed_data import Domain, TypedData

__all__ = [
    "CloseAgreement",
    "Permit",
    "ReceiveWithAuthorization",
    "RegisterWorker",
    "Voucher",
    "marketplace_domain",
    "registry_domain",
]


def marketplace_domain(chain_id: int, marketplace: str) -> Domain:
    """The domain of vouchers and agreements."""
    return Domain("Provenwork JobMarketplace", "1", chain_id, to_address(marketplace))


def registry_domain(chain_id: int, registry: str) -> Domain:
    """The domain of registrations."""
    return Domain("Provenwork WorkerRegistry", "1", chain_id, to_address(registry))


@dataclass(frozen=True, slots=True)
class Voucher(TypedData):
    """The user's word that it received all tokens of a session up to a position. It has no deadline."""

    TYPE: ClassVar[str] = "Voucher(uint256 jobId,address host,uint64 cumulativeTokens)"

    job_id: int
    host: ChecksumAddress
    cumulative_tokens: int
    """AI tokens since the session began."""


@dataclass(frozen=True, slots=True)
class CloseAgreement(TypedData):
    """The host's word that a session may close at a number of tokens, now."""

    TYPE: ClassVar[str] = (
        "CloseAgreement(uint256 jobId,address user,address host,uint64 tokens,uint256 deadline)"
    )

    job_id: int
    user: ChecksumAddress
    host: ChecksumAddress
    tokens: int
    """AI tokens since the session began."""
    deadline: int
    """Unix seconds; the contract takes at most ten minutes from now."""


@dataclass(frozen=True, slots=True)
class RegisterWorker(TypedData):
    """The registration signer's consent to a worker's profile."""

    TYPE: ClassVar[str] = (
        "RegisterWorker(address worker,bytes32 ipfsHash,uint256 hourlyRate,uint256 nonce,uint256 deadline)"
    )

    worker: ChecksumAddress
    ipfs_hash: bytes
    """The sha2-256 digest of the profile's CID, 32 bytes."""
    hourly_rate: int
    """In millionths of a US dollar."""
    nonce: int
    """The registry's `nonces(worker)`."""
    deadline: int
    """Unix seconds."""


@dataclass(frozen=True, slots=True)
class Permit(TypedData):
    """EIP-2612: an allowance by signature, in the token's domain."""

    TYPE: ClassVar[str] = (
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    )

    owner: ChecksumAddress
    spender: ChecksumAddress
    value: int
    """Base units of the token."""
    nonce: int
    """The token's `nonces(owner)`."""
    deadline: int
    """Unix seconds."""


@dataclass(frozen=True, slots=True)
class ReceiveWithAuthorization(TypedData):
    """EIP-3009: a transfer by signature that only the payee can carry out, in the token's domain."""

    TYPE: ClassVar[str] = (
        "ReceiveWithAuthorization(address from,address to,uint256 value,"
        "uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    )

    payer: ChecksumAddress
    to: ChecksumAddress
    value: int
    """Base units of the token."""
    valid_after: int
    """Unix seconds; it counts after this time."""
    valid_before: int
    """Unix seconds; it counts before this time."""
    nonce: bytes
    """Any 32 bytes that the payer has not used before."""
