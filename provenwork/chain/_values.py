"""What the contracts take and give, as Python values; field by field in the contracts' order."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any

from eth_typing import ChecksumAddress

from provenwork.crypto import ZERO_ADDRESS

__all__ = [
    "PRICE_UNIT",
    "CircuitTerms",
    "JobType",
    "Parameters",
    "PromptTerms",
    "ProofRecord",
    "SessionDetails",
    "SessionStatus",
    "Terms",
    "TokenTerms",
]

PRICE_UNIT = 1_000_000
"""Prices are base units of the payment token per this many AI tokens."""


class JobType(IntEnum):
    """A prompt job is one unit that costs the whole deposit; a session is metered."""

    SINGLE_PROMPT = 0
    SESSION = 1


class SessionStatus(IntEnum):
    """Where a session stands. Closing is not a status: see `SessionDetails.is_closing`."""

    ACTIVE = 0
    COMPLETED = 1
    TIMED_OUT = 2
    DISPUTED = 3
    ABANDONED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Everything a user fixes when opening a session."""

    host: ChecksumAddress
    """Who is paid: an active worker of the registry."""
    watcher: ChecksumAddress = ZERO_ADDRESS
    """Who may contest claims besides the user; the address zero for nobody."""
    voucher_signer: ChecksumAddress = ZERO_ADDRESS
    """Whose ECDSA signature acknowledges tokens; the address zero for the user itself."""
    voucher_cap: int = 0
    """The most AI tokens that vouchers can acknowledge; 0 for no cap."""
    arbiter: ChecksumAddress = ZERO_ADDRESS
    """Who judges contested claims; the address zero leaves it to the circuit."""
    circuit_id: int = 0
    """The circuit that judges the host's proofs; 0 for none."""
    token: ChecksumAddress = ZERO_ADDRESS
    """The payment token; the address zero is ETH."""
    deposit: int
    """What is locked, in base units of the payment token."""
    price_per_million: int
    """Base units of the payment token per million AI tokens (the contract's `pricePerToken`)."""
    max_duration: int = 3_600
    """Seconds until the session ends by itself, in [600, 7,776,000]."""
    proof_interval: int = 1_000
    """The most AI tokens that may be claimed, or paid beyond the rate, without proof, in [1, 16,384]."""
    max_tokens_per_second: int = 200
    """Bounds what is payable without the user's acknowledgement, in [1, 10,000]."""

    def encoded(self) -> tuple[Any, ...]:
        """As the contract takes it."""
        return tuple(getattr(self, field.name) for field in fields(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptTerms:
    """Everything a user fixes when asking for one answer to one prompt."""

    host: ChecksumAddress
    """Who is paid: an active worker of the registry."""
    token: ChecksumAddress = ZERO_ADDRESS
    """The payment token; the address zero is ETH."""
    payment: int
    """What the answer costs, in base units of the payment token: all of it, or nothing."""
    circuit_id: int
    """The circuit that judges the host's proof: one that commits to the prompt."""
    min_tokens: int
    """The fewest AI tokens that an answer has, from 1 to the circuit's most."""
    max_duration: int = 3_600
    """Seconds until the job ends by itself, in [600, 7,776,000]."""
    arbiter: ChecksumAddress = ZERO_ADDRESS
    """Who judges contested claims; the address zero leaves it to the circuit."""


@dataclass(frozen=True, slots=True)
class ProofRecord:
    """A proof that the chain has verified."""

    instances_hash: bytes
    """The upper 160 bits of the hash of its public instances, left-aligned in 32 bytes."""
    tokens: int
    """The AI tokens that it counts."""
    verified_at: int
    """Unix seconds."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What the marketplace's constructor fixed for ever. Windows and periods in seconds."""

    close_window: int
    challenge_window: int
    answer_window: int
    arbiter_window: int
    abandonment_period: int
    bond_per_proof: int
    """Wei."""
    fee_bps: int
    """The treasury's share of earnings, in basis points."""


@dataclass(frozen=True, slots=True)
class TokenTerms:
    """What the marketplace asks of a payment token."""

    allowed: bool
    minimum_deposit: int
    """Base units."""
    token_id: int


@dataclass(frozen=True, slots=True)
class CircuitTerms:
    """What a session needs to know of a circuit."""

    max_tokens: int
    """The most AI tokens that one proof may count; 0 if there is no such circuit."""
    binds_input: bool
    revoked_at: int
    """Unix seconds; 0 while it counts."""


@dataclass(frozen=True, slots=True)
class SessionDetails:
    """A session as `getSessionDetails` tells it. "Tokens" are AI tokens, times are Unix seconds."""

    deposit: int
    """Base units of the payment token, as all money here."""
    price_per_million: int
    max_duration: int
    opened_at: int
    host: ChecksumAddress
    status: SessionStatus
    proven: int
    last_evidence_at: int
    aggregate_proof_hash: bytes
    proof_interval: int
    job_type: JobType
    user: ChecksumAddress
    token: ChecksumAddress
    acked: int
    matured: int
    claimed: int
    claimed_at: int
    settled: int
    covered: int
    """At the time of the block that was asked."""
    payable: int
    """At the time of the block that was asked."""
    ends_at: int
    closing_at: int
    evidence_end: int
    max_tokens_per_second: int
    circuit_id: int
    voucher_signer: ChecksumAddress
    voucher_cap: int
    watcher: ChecksumAddress
    arbiter: ChecksumAddress
    challenger: ChecksumAddress
    bond: int
    """Wei."""
    dispute_deadline: int
    claims_off: bool
    abandoned: bool
    proof_count: int
    input_commitment: int
    min_tokens: int

    @classmethod
    def decoded(cls, values: tuple[Any, ...]) -> SessionDetails:
        """Reads the contract's struct."""
        named: dict[str, Any] = {
            field.name: value for field, value in zip(fields(cls), values, strict=True)
        }
        named["status"] = SessionStatus(named["status"])
        named["job_type"] = JobType(named["job_type"])
        return cls(**named)

    @property
    def exists(self) -> bool:
        """Whether there is such a session."""
        return self.user != ZERO_ADDRESS

    @property
    def is_open(self) -> bool:
        """Whether it is not final."""
        return self.status in {SessionStatus.ACTIVE, SessionStatus.DISPUTED}

    @property
    def is_closing(self) -> bool:
        """Whether the user asked to close."""
        return self.closing_at != 0

    @property
    def is_disputed(self) -> bool:
        """Whether a claim is being contested."""
        return self.status is SessionStatus.DISPUTED

    @property
    def is_prompt(self) -> bool:
        """Whether it is a prompt job rather than metered."""
        return self.job_type is JobType.SINGLE_PROMPT

    @property
    def has_arbiter(self) -> bool:
        """Whether an arbiter, rather than the circuit, judges contested claims."""
        return self.arbiter != ZERO_ADDRESS
