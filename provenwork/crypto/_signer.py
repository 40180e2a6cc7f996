"""Who signs: anything that has an address and signs digests, be it a key in memory or one in a vault."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import coincurve
from eth_typing import ChecksumAddress

from provenwork.core.errors import SignatureInvalid
from provenwork.crypto._ecdsa import SECP256K1_N, address_of_key

__all__ = ["LocalSigner", "Signer"]


@runtime_checkable
class Signer(Protocol):
    """An account that signs."""

    @property
    def address(self) -> ChecksumAddress:
        """The account."""
        ...

    def sign_digest(self, digest: bytes) -> bytes:
        """Signs 32 bytes as they are: 65 bytes r ‖ s ‖ v, v 27 or 28, s in the lower half."""
        ...


class LocalSigner:
    """A private key in this process's memory. It never shows in a message or a traceback.

    Args:
        private_key: 32 bytes, or 64 hex digits with or without 0x.

    Raises:
        SignatureInvalid: It is not a private key of secp256k1.
    """

    def __init__(self, private_key: bytes | str) -> None:
        try:
            secret = (
                bytes.fromhex(private_key.removeprefix("0x"))
                if isinstance(private_key, str)
                else bytes(private_key)
            )
        except (ValueError, TypeError):
            secret = b""
        if len(secret) != 32 or not 0 < int.from_bytes(secret, "big") < SECP256K1_N:
            raise SignatureInvalid(
                "this is not a private key", hint="Give 32 bytes, or 64 hex digits."
            ) from None
        self._key = coincurve.PrivateKey(secret)
        self._address = address_of_key(self._key.public_key)

    @property
    def address(self) -> ChecksumAddress:
        """The account of the key."""
        return self._address

    def sign_digest(self, digest: bytes) -> bytes:
        """Signs 32 bytes as they are (RFC 6979 nonces, so the same digest has the same signature)."""
        if len(digest) != 32:
            raise SignatureInvalid(f"a digest has 32 bytes, not {len(digest)}")
        signature = self._key.sign_recoverable(bytes(digest), hasher=None)
        return signature[:64] + bytes([27 + signature[64]])

    def __repr__(self) -> str:
        return f"LocalSigner({self._address})"
