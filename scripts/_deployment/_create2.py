"""Addresses that are known before anything is sent: every contract is made by the deterministic deployment proxy.

The proxy takes a salt and a creation code, and its CREATE2 gives the contract an address that follows from these two alone
(EIP-1014). Whoever sends them first makes the very same contract at the very same address: nobody can put anything else
there, and what stands there needs not be made again.
"""

from __future__ import annotations

from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak

from provenwork.chain import Call, Node
from provenwork.crypto import to_address
from scripts._deployment._errors import DeploymentError

__all__ = ["PROXY", "child_address", "create2_address", "creation", "require_proxy", "salt_of"]

PROXY = to_address("0x4e59b44847b379578588920cA78FbF26c0B4956C")
"""The same on every chain that has it; Base and Anvil do from their first block on."""

_PROXY_CODE = bytes.fromhex(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
    "e03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
)


def salt_of(text: str) -> bytes:
    """The salt that a parameter file's word stands for."""
    return keccak(text=text)


def create2_address(salt: bytes, init_code: bytes) -> ChecksumAddress:
    """Where the proxy puts a contract."""
    packed = b"\xff" + bytes.fromhex(PROXY[2:]) + salt + keccak(init_code)
    return to_address("0x" + keccak(packed)[-20:].hex())


def child_address(parent: str) -> ChecksumAddress:
    """Where a contract puts the first contract that it makes with CREATE, at its nonce 1."""
    rlp = b"\xd6\x94" + bytes.fromhex(parent.removeprefix("0x")) + b"\x01"
    return to_address("0x" + keccak(rlp)[-20:].hex())


def creation(salt: bytes, init_code: bytes, purpose: str) -> Call:
    """What to send to have a contract made."""
    return Call(PROXY, salt + init_code, purpose=purpose)


def require_proxy(node: Node) -> None:
    """Returns if the chain has the proxy.

    Raises:
        DeploymentError: It has not, or something else stands at its address.
    """
    if (code := node.code(PROXY)) != _PROXY_CODE:
        raise DeploymentError(
            f"the deterministic deployment proxy is not at {PROXY} on chain {node.chain_id}"
            + (", but something else is" if code else ""),
            hint="Base has it. On another chain send the proxy's own pre-signed transaction first: "
            "github.com/Arachnid/deterministic-deployment-proxy.",
        )
