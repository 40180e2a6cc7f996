"""What the parties of a one-shot job sign instead of calling JobFactory, defined once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from eth_typing import ChecksumAddress

from provenwork.crypto._address import to_address
from provenwork.crypto._typed_data import Domain, TypedData

__all__ = [
    "CancelJob",
    "ClaimJob",
    "ExpireJob",
    "PostJob",
    "ReleaseClaim",
    "SubmitWork",
    "VerifyJob",
    "factory_domain",
]


def factory_domain(chain_id: int, factory: str) -> Domain:
    """The domain of what is signed about one-shot jobs."""
    return Domain("Provenwork JobFactory", "1", chain_id, to_address(factory))


@dataclass(frozen=True, slots=True)
class PostJob(TypedData):
    """The issuer's word to post a job, paid from its allowance."""

    TYPE: ClassVar[str] = (
        "PostJob(address issuer,address payee,address evaluator,address token,uint256 amount,uint256 claimDuration,"
        "uint256 workDuration,uint256 reviewDuration,uint256 claimBond,uint256 rejectFeeBps,bytes32 specHash,"
        "uint256 nonce,uint256 deadline)"
    )

    issuer: ChecksumAddress
    payee: ChecksumAddress
    """Who may claim it; the address zero for any active worker."""
    evaluator: ChecksumAddress
    """Who judges; the address zero for the issuer."""
    token: ChecksumAddress
    amount: int
    """Base units of the token."""
    claim_duration: int
    """Seconds, whole minutes; as the other two."""
    work_duration: int
    review_duration: int
    claim_bond: int
    """Wei, whole gwei."""
    reject_fee_bps: int
    """Basis points, at most 5,000."""
    spec_hash: bytes
    """32 bytes."""
    nonce: int
    """The factory's `nonces(issuer)`."""
    deadline: int
    """Unix seconds; at most seven days from now, as in all that follow."""


@dataclass(frozen=True, slots=True)
class CancelJob(TypedData):
    """The issuer's word to take back a job that nobody has claimed."""

    TYPE: ClassVar[str] = "CancelJob(uint256 jobId,uint256 round,uint256 deadline)"

    job_id: int
    round: int
    """1 to 3: what is signed for one round says nothing about the next."""
    deadline: int


@dataclass(frozen=True, slots=True)
class ClaimJob(TypedData):
    """The worker's word to take a job."""

    TYPE: ClassVar[str] = (
        "ClaimJob(uint256 jobId,uint256 round,address worker,uint256 nonce,uint256 deadline)"
    )

    job_id: int
    round: int
    worker: ChecksumAddress
    nonce: int
    """The factory's `nonces(worker)`."""
    deadline: int


@dataclass(frozen=True, slots=True)
class ReleaseClaim(TypedData):
    """The worker's word to give a job back; its bond becomes the issuer's."""

    TYPE: ClassVar[str] = (
        "ReleaseClaim(uint256 jobId,uint256 round,address worker,uint256 nonce,uint256 deadline)"
    )

    job_id: int
    round: int
    worker: ChecksumAddress
    nonce: int
    """The factory's `nonces(worker)`."""
    deadline: int


@dataclass(frozen=True, slots=True)
class SubmitWork(TypedData):
    """The worker's word that this is its work."""

    TYPE: ClassVar[str] = (
        "SubmitWork(uint256 jobId,uint256 round,address worker,bytes32 workHash,uint256 deadline)"
    )

    job_id: int
    round: int
    worker: ChecksumAddress
    work_hash: bytes
    """32 bytes, for example the digest of a CID."""
    deadline: int


@dataclass(frozen=True, slots=True)
class VerifyJob(TypedData):
    """The verifier's verdict on one work of one round: approved, sent back, split, or (none of these) rejected."""

    TYPE: ClassVar[str] = (
        "VerifyJob(uint256 jobId,uint256 round,bytes32 workHash,bool approved,bool reopen,uint16 splitBps,uint256 deadline)"
    )

    job_id: int
    round: int
    work_hash: bytes
    approved: bool
    reopen: bool
    split_bps: int
    """The worker's share in basis points, 1 to 9,999, or 0 for no split."""
    deadline: int


@dataclass(frozen=True, slots=True)
class ExpireJob(TypedData):
    """The issuer's word to refund a job that was not claimed, or not done, in time."""

    TYPE: ClassVar[str] = "ExpireJob(uint256 jobId,uint256 round,uint256 deadline)"

    job_id: int
    round: int
    deadline: int
