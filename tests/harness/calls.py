"""Every function of a contract, called with nothing in its arguments: for what holds of all of them."""

from typing import Any

from eth_abi import encode
from eth_utils import keccak


def functions(contract: Any, *mutability: str) -> dict[str, bytes]:
    """The calldata of an empty call of each function of that mutability, by the function's name."""
    return {
        abi.name: _empty_call(abi)
        for abi in contract.contract_type.abi
        if abi.type == "function" and abi.stateMutability in mutability
    }


def _empty_call(abi: Any) -> bytes:
    types = [parameter.canonical_type for parameter in abi.inputs]
    selector = keccak(text=f"{abi.name}({','.join(types)})")[:4]
    return selector + encode(types, [_nothing(abi_type) for abi_type in types])


def _nothing(abi_type: str) -> Any:
    """The value of a type that is zero or empty."""
    if abi_type.endswith("[]"):
        return []
    if abi_type.startswith("("):
        return tuple(_nothing(part) for part in abi_type[1:-1].split(","))
    if abi_type == "address":
        return "0x" + "00" * 20
    if abi_type == "bool":
        return False
    return b"" if abi_type.startswith("bytes") else 0
