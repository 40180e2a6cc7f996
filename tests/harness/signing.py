"""Signs EIP-712 messages with an implementation that is not the contracts': eth-account's."""

from typing import Any

from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak

# The order of secp256k1: (r, s) and (r, N - s) are both signatures as far as the curve goes.
SECP256K1_N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def typed_digest(domain: dict[str, Any], types: dict[str, Any], message: dict[str, Any]) -> bytes:
    """The digest that a wallet signs for this message in this domain."""
    signable = encode_typed_data(domain, types, message)
    return keccak(b"\x19" + signable.version + signable.header + signable.body)


def sign(digest: bytes, signer: Any) -> bytes:
    """The signer's 65 bytes r ‖ s ‖ v over a digest, `s` in the lower half, `v` 27 or 28."""
    return bytes(Account.unsafe_sign_hash(digest, signer.private_key).signature)


def recovered(digest: bytes, signature: bytes) -> str:
    """Who signed a digest, if the signature is over this digest; some address if it is not."""
    return Account._recover_hash(digest, signature=signature)


def high_s(signature: bytes) -> bytes:
    """The other signature of the same key over the same digest, which must not count."""
    r, s, v = signature[:32], int.from_bytes(signature[32:64], "big"), signature[64]
    return r + (SECP256K1_N - s).to_bytes(32, "big") + bytes([27 + 28 - v])


def compact(signature: bytes) -> bytes:
    """The 64 bytes of EIP-2098, which must not count either."""
    s = int.from_bytes(signature[32:64], "big") | (signature[64] - 27) << 255
    return signature[:32] + s.to_bytes(32, "big")
