"""The contracts' ABIs as they ship with the package.

`contracts.json` is generated from the compiled contracts (`ape run export_abi`); the tokens' part is written here, because
a token is anybody's: the standards' functions, and the errors of the implementations in use.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["TOKEN_ABI", "abi", "generated_by"]

_FILE = "contracts.json"


@cache
def _contents() -> dict[str, Any]:
    text = files("provenwork.chain").joinpath(_FILE).read_text(encoding="utf-8")
    contents: dict[str, Any] = json.loads(text)
    return contents


def abi(contract: str) -> list[dict[str, Any]]:
    """The ABI of JobFactory, JobMarketplace, ProofSystem, SessionLens or WorkerRegistry, with all its events and errors.

    Raises:
        KeyError: The package has no contract of that name.
    """
    entries: list[dict[str, Any]] = _contents()[contract]
    return entries


def generated_by() -> str:
    """How the file was made."""
    note: str = _contents()["generated"]
    return note


def _function(name: str, inputs: str, output: str = "", *, view: bool = False) -> dict[str, Any]:
    return {
        "type": "function",
        "name": name,
        "stateMutability": "view" if view else "nonpayable",
        "inputs": [{"name": "", "type": kind} for kind in inputs.split(",") if kind],
        "outputs": [{"name": "", "type": kind} for kind in output.split(",") if kind],
    }


def _error(name: str, **inputs: str) -> dict[str, Any]:
    return {
        "type": "error",
        "name": name,
        "inputs": [{"name": key, "type": kind} for key, kind in inputs.items()],
    }


TOKEN_ABI: list[dict[str, Any]] = [
    _function("balanceOf", "address", "uint256", view=True),
    _function("allowance", "address,address", "uint256", view=True),
    _function("approve", "address,uint256", "bool"),
    _function("name", "", "string", view=True),
    _function("version", "", "string", view=True),
    _function("symbol", "", "string", view=True),
    _function("decimals", "", "uint8", view=True),
    _function("nonces", "address", "uint256", view=True),
    _function("DOMAIN_SEPARATOR", "", "bytes32", view=True),
    _function("authorizationState", "address,bytes32", "bool", view=True),
    # ERC-6093, which OpenZeppelin's tokens follow.
    _error("ERC20InsufficientBalance", sender="address", balance="uint256", needed="uint256"),
    _error("ERC20InsufficientAllowance", spender="address", allowance="uint256", needed="uint256"),
    _error("ERC20InvalidReceiver", receiver="address"),
    _error("SafeERC20FailedOperation", token="address"),  # noqa: S106 (no password)
]
"""ERC-20 with EIP-2612 permits and EIP-3009 authorizations: what the SDK calls, and what tokens refuse with."""
