"""What stands where: the registry file of a deployment."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_typing import ChecksumAddress

from provenwork.core.errors import AddressInvalid
from provenwork.crypto import to_address
from scripts._deployment._errors import DeploymentError

__all__ = ["Deployment", "Placed", "PlacedCircuit", "read_deployment"]


@dataclass(frozen=True, slots=True)
class Placed:
    """A contract that stands on the chain."""

    contract: str
    """What it is; its name in the registry is the same, but for the verifiers of circuits that were made anew."""
    address: ChecksumAddress
    block: int
    """The first in which it stood; 0 if the node does not know any more, because somebody else made it."""
    transaction: str | None
    """What made it; None if somebody else did."""
    gas: int | None
    code_hash: str
    """Keccak-256 of its code."""
    arguments: str
    """What its constructor was given, encoded, in hexadecimal."""
    made_by: str | None = None
    """The contract that made it, if the proxy did not."""


@dataclass(frozen=True, slots=True)
class PlacedCircuit:
    """A circuit that is registered."""

    name: str
    """As in `circuits/`, for example token_count/64."""
    verifier: str
    """The contract that checks its proofs, by its name in the registry."""
    max_tokens: int
    """The most AI tokens that one proof counts."""
    transaction: str | None


@dataclass(frozen=True, slots=True)
class Deployment:
    """A whole deployment, as the chain confirmed it."""

    network: str
    """As Ape names it, for example ethereum:local:foundry."""
    chain_id: int
    parameters: str
    """The parameter file's name."""
    salt: str
    commit: str | None
    """Of the sources, with a `+` behind it if they differed from it; None without git."""
    roles: Mapping[str, ChecksumAddress]
    contracts: Mapping[str, Placed]
    circuits: Mapping[int, PlacedCircuit]
    models: Mapping[str, int]
    tokens: Mapping[str, ChecksumAddress]
    handover: Mapping[str, ChecksumAddress]
    """To whom each contract was offered."""
    transactions: Mapping[str, str | None]
    """The configuring transactions, by what they were for; None where somebody else's did it."""
    abis: Mapping[str, Sequence[Mapping[str, Any]]]
    """What each contract answers to."""

    def address(self, contract: str) -> ChecksumAddress:
        """Where a contract stands."""
        return self.contracts[contract].address

    def to_json(self) -> dict[str, Any]:
        """As it is kept: camel case, numbers beyond 2^53 nowhere."""
        return {
            "network": self.network,
            "chainId": self.chain_id,
            "parameters": self.parameters,
            "salt": self.salt,
            "commit": self.commit,
            "firstBlock": min(placed.block for placed in self.contracts.values()),
            "roles": dict(self.roles),
            "contracts": {
                name: {
                    "contract": placed.contract,
                    "address": placed.address,
                    "block": placed.block,
                    "transaction": placed.transaction,
                    "gas": placed.gas,
                    "codeHash": placed.code_hash,
                    "constructorArguments": placed.arguments,
                    "madeBy": placed.made_by,
                    "abi": list(self.abis[name]),
                }
                for name, placed in self.contracts.items()
            },
            "circuits": {
                str(number): {
                    "name": circuit.name,
                    "verifier": circuit.verifier,
                    "maxTokens": circuit.max_tokens,
                    "transaction": circuit.transaction,
                }
                for number, circuit in self.circuits.items()
            },
            "models": dict(self.models),
            "tokens": dict(self.tokens),
            "handover": dict(self.handover),
            "transactions": dict(self.transactions),
        }

    def write(self, path: Path) -> None:
        """Keeps it: whoever reads meanwhile sees the whole file, the old or the new."""
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.draft")
        draft.write_text(_rendered(self.to_json()) + "\n", encoding="utf-8")
        draft.replace(path)


def read_deployment(path: Path) -> Deployment:
    """Reads a registry file.

    Raises:
        DeploymentError: There is none, or it is not of this form.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        contracts = {name: dict(entry) for name, entry in content["contracts"].items()}
        return Deployment(
            network=content["network"],
            chain_id=content["chainId"],
            parameters=content["parameters"],
            salt=content["salt"],
            commit=content["commit"],
            roles=_addresses(content["roles"]),
            contracts={
                name: Placed(
                    contract=entry["contract"],
                    address=to_address(entry["address"]),
                    block=entry["block"],
                    transaction=entry["transaction"],
                    gas=entry["gas"],
                    code_hash=entry["codeHash"],
                    arguments=entry["constructorArguments"],
                    made_by=entry["madeBy"],
                )
                for name, entry in contracts.items()
            },
            circuits={
                int(number): PlacedCircuit(
                    entry["name"], entry["verifier"], entry["maxTokens"], entry["transaction"]
                )
                for number, entry in content["circuits"].items()
            },
            models=dict(content["models"]),
            tokens=_addresses(content["tokens"]),
            handover=_addresses(content["handover"]),
            transactions=dict(content["transactions"]),
            abis={name: entry["abi"] for name, entry in contracts.items()},
        )
    except FileNotFoundError:
        raise DeploymentError(
            f"nothing is deployed there: there is no {path}",
            hint="Deploy first (`ape run deploy`), or say where the registry file is: --registry.",
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, AddressInvalid) as problem:
        raise DeploymentError(
            f"{path} is no registry file of a deployment: {type(problem).__name__}: {problem}"
        ) from None


def _addresses(found: Mapping[str, str]) -> dict[str, ChecksumAddress]:
    return {name: to_address(address) for name, address in found.items()}


def _rendered(content: dict[str, Any]) -> str:
    """Indented, but for the ABIs: one entry of theirs a line."""
    abis = []
    for entry in content["contracts"].values():
        abis.append(entry["abi"])
        entry["abi"] = []
    text = json.dumps(content, indent=2)
    for abi in abis:
        entries = ",\n".join(f"        {json.dumps(item)}" for item in abi)
        text = text.replace('"abi": []', f'"abi": [\n{entries}\n      ]', 1)
    return text
