"""Whether an account signed a digest, as the contracts would judge it: by its key, or by what its code says (ERC-1271)."""

from __future__ import annotations

from typing import Any, cast

from eth_abi.abi import encode
from hexbytes import HexBytes

from provenwork.chain._node import Node
from provenwork.core.errors import SignatureInvalid
from provenwork.crypto import is_signature_of, to_address

__all__ = ["MAX_SIGNATURE", "require_signed_by", "signed_by"]

MAX_SIGNATURE = 8_192
"""Bytes of a wallet's signature."""

# isValidSignature(bytes32,bytes), which also is what it answers for yes.
_MAGIC = bytes.fromhex("1626ba7e")
_OVERHEAD = 400_000  # gas: creating and copying what asks


def signed_by(
    node: Node,
    account: str,
    digest: bytes,
    signature: bytes,
    *,
    block: int | None = None,
    gas: int = 500_000,
) -> bool:
    """Whether an account signed a digest, in the state after a block.

    The key comes first, whatever code the account has (an EIP-7702 account has both), as strictly as `recover_strict`;
    then the code, as the contracts ask it: by a STATICCALL with a limit of gas, of whose answer one word is read.
    What a wallet says today it may deny tomorrow, so a yes counts for its block.

    Args:
        node: The chain.
        account: Who should have signed.
        digest: 32 bytes.
        signature: 65 bytes of a key, or up to `MAX_SIGNATURE` of whatever the wallet takes.
        block: Which block; the latest one if it is not said.
        gas: The most that the wallet's code may use; a signature that needs more does not count.

    Raises:
        SignatureInvalid: The digest has not 32 bytes, or the signature is too long.
        NodeUnavailable: The node does not answer.
        ChainError: The node does not have the block's state.
    """
    if len(digest) != 32 or len(signature) > MAX_SIGNATURE:
        raise SignatureInvalid(
            f"a digest has 32 bytes, a signature up to {MAX_SIGNATURE}, not {len(digest)} and {len(signature)}"
        )
    if is_signature_of(account, digest, signature):
        return True
    request = {
        "data": HexBytes(_question(to_address(account), digest, signature, gas)),
        # The 64th part of the gas never reaches the wallet (EIP-150).
        "gas": gas * 64 // 63 + _OVERHEAD,
    }
    answer = node.ask(
        lambda: node.web3.eth.call(cast("Any", request), "latest" if block is None else block)
    )
    return int.from_bytes(answer, "big") == 1


def require_signed_by(
    node: Node, account: str, digest: bytes, signature: bytes, *, block: int | None = None
) -> None:
    """Returns if an account signed a digest; see `signed_by`.

    Raises:
        SignatureInvalid: It did not.
        NodeUnavailable: The node does not answer.
    """
    if not signed_by(node, account, digest, signature, block=block):
        raise SignatureInvalid(f"the signature is not {to_address(account)}'s")


def _question(account: str, digest: bytes, signature: bytes, gas: int) -> bytes:
    """Code that asks an account and returns 1 or 0. Run as if it were to create a contract, it needs none to be there.

    A plain eth_call of the wallet would let it write, which it cannot do when a contract asks.
    """
    call = _MAGIC + encode(("bytes32", "bytes"), (digest, signature))
    size, answer_at = _push(len(call), 2), _push((len(call) + 31) // 32 * 32, 2)
    ask_and_judge = b"".join(
        (
            *(b"\x60\x20", answer_at, size, b"\x5f"),  # one word of answer; the call
            *(b"\x73", bytes.fromhex(account[2:]), _push(gas, 4), b"\xfa"),  # STATICCALL
            b"\x3d\x60\x1f\x10\x16",  # ... and 31 < RETURNDATASIZE
            *(answer_at, b"\x51\x7f", _MAGIC.ljust(32, b"\0"), b"\x14\x16"),  # ... and it is a yes
            b"\x5f\x52\x60\x20\x5f\xf3",  # RETURN
        )
    )
    # CODECOPY: what stands behind these 7 bytes and the rest of the code is the call.
    copy = size + _push(7 + len(ask_and_judge), 1) + b"\x5f\x39"
    return copy + ask_and_judge + call


def _push(number: int, width: int) -> bytes:
    return bytes([0x5F + width]) + number.to_bytes(width, "big")
