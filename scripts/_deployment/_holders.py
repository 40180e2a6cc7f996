"""Who holds a contract: its owner, or its admin."""

from __future__ import annotations

from collections.abc import Mapping

from eth_typing import ChecksumAddress

from provenwork.chain import Call, Node
from provenwork.crypto import ZERO_ADDRESS, to_address
from scripts._deployment._abi import encode_call, entry_of
from scripts._deployment._artefacts import Artefacts
from scripts._deployment._errors import DeploymentError
from scripts._deployment._record import Deployment

__all__ = ["ask_address", "holder_of", "holders"]

_VIEWS = (
    *("owner", "pendingOwner", "admin", "pendingAdmin"),
    *("registrationSigner", "pendingSigner", "treasury"),
)


def holder_of(
    node: Node, artefacts: Artefacts, addresses: Mapping[str, ChecksumAddress], contract: str
) -> ChecksumAddress:
    """Whom a contract obeys now.

    Raises:
        DeploymentError: Nobody: it has no owner, or none any more.
    """
    for view in ("owner", "admin"):
        if entry_of(artefacts.abi(contract), "function", view) is not None:
            holder = ask_address(node, artefacts, addresses, contract, view)
            if holder != ZERO_ADDRESS:
                return holder
    raise DeploymentError(f"{contract} obeys nobody: it can be configured no more")


def ask_address(
    node: Node,
    artefacts: Artefacts,
    addresses: Mapping[str, ChecksumAddress],
    contract: str,
    view: str,
) -> ChecksumAddress:
    """The account that a view without arguments names."""
    entry = entry_of(artefacts.abi(contract), "function", view)
    if entry is None:
        raise DeploymentError(f"{contract} has no function {view}")
    question = Call(addresses[contract], encode_call(entry, ()))
    answer = node.simulate(question, ZERO_ADDRESS, "latest")
    return to_address("0x" + answer[-20:].hex())


def holders(
    node: Node, artefacts: Artefacts, deployment: Deployment
) -> list[tuple[str, str, ChecksumAddress]]:
    """Contract, role and account, for every role that anybody holds or is offered now."""
    addresses = {name: placed.address for name, placed in deployment.contracts.items()}
    found = []
    for name, placed in deployment.contracts.items():
        # A half answers through the contract that made it, and its own books are empty.
        views = _VIEWS if placed.made_by is None else ()
        for view in views:
            if entry_of(artefacts.abi(placed.contract), "function", view) is not None:
                account = ask_address(node, artefacts, addresses, name, view)
                if account != ZERO_ADDRESS:
                    found.append((name, view, account))
    return found
