"""The compiled contracts, through Ape."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import ape
from ape.contracts import ContractContainer

from provenwork.chain import verifier
from scripts._deployment._errors import DeploymentError

__all__ = ["SECOND_HALVES", "ApeArtefacts", "Artefacts"]

SECOND_HALVES = {"JobMarketplace": "JobMarketplaceExtension"}
"""Each contract whose second half answers through its fallback; it makes that half itself."""


class Artefacts(Protocol):
    """The compiled contracts. Each method raises DeploymentError if there is no such contract."""

    def abi(self, contract: str) -> Sequence[Mapping[str, Any]]:
        """A contract's ABI, with all that it answers to."""
        ...

    def creation_code(self, contract: str) -> bytes:
        """What makes a contract, once its encoded arguments stand behind it."""
        ...

    def runtime_code(self, contract: str) -> bytes:
        """What stands on the chain afterwards, with zeros where the constructor fills in immutables."""
        ...


class ApeArtefacts:
    """The contracts of Ape's project, compiled when they have to be, and EZKL's verifiers."""

    @cache  # noqa: B019 (there is one, and it lives as long as the process)
    def container(self, contract: str) -> ContractContainer:
        """A contract as Ape knows it.

        Raises:
            DeploymentError: There is no such contract.
        """
        if (found := ape.project.get_contract(contract)) is not None:
            return found
        try:
            return verifier(contract)
        except LookupError:
            raise DeploymentError(
                f"there is no contract {contract}", hint="See contracts/ for their names."
            ) from None

    @cache  # noqa: B019
    def abi(self, contract: str) -> Sequence[Mapping[str, Any]]:
        """A contract's ABI, with all that it answers to: the entries of both halves, those that both have once."""
        entries = {_signature(entry): entry for entry in self.container(contract).contract_type.abi}
        if (half := SECOND_HALVES.get(contract)) is not None:
            for entry in self.container(half).contract_type.abi:
                # The second half's constructor is nobody's to call.
                entries.setdefault(_signature(entry), entry)
        return [
            json.loads(entry.model_dump_json(by_alias=True, exclude_none=True))
            for entry in entries.values()
        ]

    def creation_code(self, contract: str) -> bytes:
        """What makes a contract, once its encoded arguments stand behind it."""
        return _octets(self.container(contract).contract_type.deployment_bytecode, contract)

    def runtime_code(self, contract: str) -> bytes:
        """What stands on the chain afterwards, with zeros where the constructor fills in immutables."""
        return _octets(self.container(contract).contract_type.runtime_bytecode, contract)


def linked_dependencies() -> Path | None:
    """`node_modules` if it is a link: then the compiler writes this machine's paths into the code's metadata."""
    folder = Path(ape.project.path) / "node_modules"
    return folder if folder.is_symlink() else None


def _octets(bytecode: Any, contract: str) -> bytes:
    text = bytecode.bytecode if bytecode is not None else None
    if not text or text == "0x":
        raise DeploymentError(f"{contract} has no code: it is an interface or abstract")
    return bytes.fromhex(text.removeprefix("0x"))


def _signature(entry: Any) -> str:
    named = entry.type in {"function", "event", "error"}
    return f"{entry.type} {entry.selector}" if named else str(entry.type)
