"""What user and host send each other: signed vouchers and agreements, as values and as JSON."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from provenwork.core.errors import CryptoError, VoucherRefused
from provenwork.crypto import CloseAgreement, Voucher, to_address

__all__ = ["SignedAgreement", "SignedVoucher", "pack_tokens", "transcript_hash", "unpack_tokens"]

_MAX_TOKENS = 2**64 - 1
_MAX_JSON = 1_024


@dataclass(frozen=True, slots=True)
class SignedVoucher:
    """A voucher and its signature. A later one of the same session replaces it."""

    voucher: Voucher
    signature: bytes

    @property
    def tokens(self) -> int:
        """All AI tokens that it acknowledges."""
        return self.voucher.cumulative_tokens

    def to_json(self) -> str:
        """As JSON, numbers as decimal strings."""
        voucher = self.voucher
        return json.dumps(
            {
                "jobId": str(voucher.job_id),
                "host": voucher.host,
                "cumulativeTokens": str(voucher.cumulative_tokens),
                "signature": "0x" + self.signature.hex(),
            }
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> SignedVoucher:
        """Reads what `to_json` wrote, and nothing else.

        Raises:
            VoucherRefused: It is not that.
        """
        fields = _fields(text, {"jobId", "host", "cumulativeTokens", "signature"})
        try:
            voucher = Voucher(
                _number(fields["jobId"], 2**256 - 1),
                to_address(fields["host"]),
                _number(fields["cumulativeTokens"], _MAX_TOKENS),
            )
            return cls(voucher, _octets(fields["signature"]))
        except (ValueError, CryptoError) as problem:
            raise VoucherRefused(f"not a voucher: {problem}") from None


@dataclass(frozen=True, slots=True)
class SignedAgreement:
    """The host's signed agreement to close at a number of tokens."""

    agreement: CloseAgreement
    signature: bytes

    def to_json(self) -> str:
        """As JSON, numbers as decimal strings."""
        agreement = self.agreement
        return json.dumps(
            {
                "jobId": str(agreement.job_id),
                "user": agreement.user,
                "host": agreement.host,
                "tokens": str(agreement.tokens),
                "deadline": str(agreement.deadline),
                "signature": "0x" + self.signature.hex(),
            }
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> SignedAgreement:
        """Reads what `to_json` wrote, and nothing else.

        Raises:
            VoucherRefused: It is not that.
        """
        fields = _fields(text, {"jobId", "user", "host", "tokens", "deadline", "signature"})
        try:
            agreement = CloseAgreement(
                _number(fields["jobId"], 2**256 - 1),
                to_address(fields["user"]),
                to_address(fields["host"]),
                _number(fields["tokens"], _MAX_TOKENS),
                _number(fields["deadline"], 2**256 - 1),
            )
            return cls(agreement, _octets(fields["signature"]))
        except (ValueError, CryptoError) as problem:
            raise VoucherRefused(f"not an agreement: {problem}") from None


def pack_tokens(tokens: Sequence[int]) -> bytes:
    """Token ids as 4 big-endian bytes each: how transcripts are kept and hashed.

    Raises:
        ValueError: One is not an id: they are below 2^32 − 1, as the circuits have it.
    """
    try:
        if tokens and max(tokens) == 2**32 - 1:
            raise ValueError("the largest token id is 2^32 - 2")
        return struct.pack(f">{len(tokens)}I", *tokens)
    except (struct.error, TypeError) as problem:
        raise ValueError(f"not token ids: {problem}") from None


def unpack_tokens(packed: bytes) -> list[int]:
    """Reads what `pack_tokens` wrote."""
    return list(struct.unpack(f">{len(packed) // 4}I", packed))


def transcript_hash(parts: Iterable[bytes]) -> bytes:
    """SHA-256 over a session's tokens from the first one on, as `pack_tokens` writes them: a claim's commitment."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def _fields(text: str | bytes, names: set[str]) -> dict[str, str]:
    # Before it is parsed: a stranger's brackets, nested deep enough, take the whole process down.
    if len(text) > _MAX_JSON:
        raise VoucherRefused(f"longer than {_MAX_JSON} characters")
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise VoucherRefused(f"not JSON: {problem}") from None
    if not isinstance(found, dict) or set(found) != names:
        raise VoucherRefused(f"expected exactly the fields {', '.join(sorted(names))}")
    if not all(isinstance(value, str) for value in found.values()):
        raise VoucherRefused("every field is a string")
    return found


def _number(text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 78) or int(text) > most:
        raise ValueError(f"not a number of at most {most}: {text[:80]!r}")
    return int(text)


def _octets(text: str) -> bytes:
    if text[:2] != "0x" or len(text) != 132:
        raise ValueError("a signature is 0x and 130 hex digits")
    return bytes.fromhex(text[2:])
