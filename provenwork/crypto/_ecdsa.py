"""Strict ECDSA over secp256k1: what the contracts accept, and nothing else.

eth-account takes the high-s twin of a signature and nearly half of all values of `v`; a voucher that only such a library
accepts is worth nothing on chain.
"""

from __future__ import annotations

import coincurve
from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak

from provenwork.core.errors import SignatureInvalid
from provenwork.crypto._address import to_address

__all__ = [
    "SECP256K1_N",
    "address_of_key",
    "is_signature_of",
    "recover_strict",
    "require_signature",
]

SECP256K1_N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""The order of the curve's group; of (r, s) and (r, N − s) only the one with the smaller s counts."""


def recover_strict(digest: bytes, signature: bytes) -> ChecksumAddress:
    """The account whose key signed a digest.

    Args:
        digest: 32 bytes.
        signature: Exactly 65 bytes r ‖ s ‖ v, with v 27 or 28 and s in the lower half (EIP-2), as the contracts want it.

    Raises:
        SignatureInvalid: It is malformed, or no key's.
    """
    if len(digest) != 32:
        raise SignatureInvalid(f"a digest has 32 bytes, not {len(digest)}")
    if len(signature) != 65:
        raise SignatureInvalid(f"a signature has 65 bytes, not {len(signature)}")
    v, s = signature[64], int.from_bytes(signature[32:64], "big")
    if v not in {27, 28}:
        raise SignatureInvalid(f"a signature's v is 27 or 28, not {v}")
    if not 0 < s <= SECP256K1_N // 2:
        raise SignatureInvalid("the signature's s is not in the lower half of the curve's order")
    try:
        key = coincurve.PublicKey.from_signature_and_message(
            bytes(signature[:64]) + bytes([v - 27]), bytes(digest), hasher=None
        )
    except Exception as problem:
        raise SignatureInvalid("the signature is no key's") from problem
    return address_of_key(key)


def is_signature_of(signer: str, digest: bytes, signature: bytes) -> bool:
    """Whether this is the signer's signature over a digest, as strictly as `recover_strict`."""
    try:
        return recover_strict(digest, signature) == to_address(signer)
    except SignatureInvalid:
        return False


def require_signature(signer: str, digest: bytes, signature: bytes) -> None:
    """Returns if this is the signer's signature over a digest.

    Raises:
        SignatureInvalid: It is malformed, or another's.
    """
    recovered = recover_strict(digest, signature)
    if recovered != to_address(signer):
        raise SignatureInvalid(f"the signature is {recovered}'s, not {to_address(signer)}'s")


def address_of_key(key: coincurve.PublicKey) -> ChecksumAddress:
    """The account of a public key."""
    return to_address(keccak(key.format(compressed=False)[1:])[-20:])
