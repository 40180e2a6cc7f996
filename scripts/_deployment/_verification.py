"""Whether what stands on the chain is what these sources compile to; and the same for everybody, on a block explorer."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ape
import solcx
from ape.api.networks import NetworkAPI
from ape.exceptions import ApeException
from ape.managers.project import ProjectManager
from ape_etherscan.client import ClientFactory, get_etherscan_api_uri, get_etherscan_uri
from ape_etherscan.exceptions import EtherscanResponseError
from ape_etherscan.types import EtherscanInstance
from eth_utils.crypto import keccak

from provenwork.chain import Node, verifier_project
from scripts._deployment._bytecode import compare
from scripts._deployment._checks import Check
from scripts._deployment._create2 import child_address, create2_address, salt_of
from scripts._deployment._errors import DeploymentError
from scripts._deployment._record import Deployment, Placed

__all__ = ["Compiled", "Explorer", "compile_anew", "verify_code"]

_API_KEY = "ETHERSCAN_API_KEY"
_MIT = 3
"""The explorers' number of the licence."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A contract, compiled just now from nothing but its own sources."""

    name: str
    """The file and the contract: contracts/JobMarketplace.sol:JobMarketplace."""
    compiler: str
    """0.8.30+commit.73712a01"""
    standard_json: Mapping[str, Any]
    """The compiler's whole input: everybody who has the compiler can do it again."""
    creation: bytes
    runtime: bytes
    immutables: tuple[int, ...]
    """Where the compiler says that the constructor fills in values, in the runtime code."""


def compile_anew(contract: str) -> Compiled:
    """Compiles a contract with the sources that it imports, past Ape's cache.

    Raises:
        DeploymentError: There is no such contract, or it does not compile.
    """
    project, path = _source_of(contract)
    source = path.relative_to(project.path).as_posix()
    try:
        inputs = ape.compilers.registered_compilers[".sol"].get_standard_input_json(
            [path], project=project
        )
        ((version, content),) = inputs.items()
        content["settings"]["outputSelection"] = {
            "*": {"*": ["evm.bytecode.object", "evm.deployedBytecode"]}
        }
        output = solcx.compile_standard(
            content, base_path=project.path, solc_version=version.base_version
        )
    except (ApeException, solcx.exceptions.SolcError, ValueError) as problem:
        raise DeploymentError(f"{contract} does not compile: {problem}") from problem
    code = output["contracts"][source][contract]["evm"]
    places = code["deployedBytecode"].get("immutableReferences", {}).values()
    return Compiled(
        name=f"{source}:{contract}",
        compiler=str(version),
        standard_json=content,
        creation=bytes.fromhex(code["bytecode"]["object"]),
        runtime=bytes.fromhex(code["deployedBytecode"]["object"]),
        immutables=tuple(sorted(place["start"] for uses in places for place in uses)),
    )


def _source_of(contract: str) -> tuple[ProjectManager, Path]:
    for project in (ape.project, verifier_project()):
        if (found := project.get_contract(contract)) is not None:
            return project, project.path / str(found.contract_type.source_id)
    raise DeploymentError(
        f"there is no contract {contract} here", hint="Check out the deployment's own commit."
    )


def verify_code(
    node: Node,
    deployment: Deployment,
    compiled: Callable[[str], Compiled] = compile_anew,
) -> Iterator[Check]:
    """Compiles every contract anew, and compares: the code on the chain, and what its address says of what made it.

    Args:
        node: The chain.
        deployment: What should stand there.
        compiled: Compiles a contract.
    """
    salt = salt_of(deployment.salt)
    for name, placed in deployment.contracts.items():
        fresh, code = compiled(placed.contract), node.code(placed.address)
        comparison = compare(code, fresh.runtime)
        yield Check(
            f"{name}: code", "as compiled", comparison.problem or "as compiled", comparison.agrees
        )
        code_hash = "0x" + keccak(code).hex()
        yield Check(
            f"{name}: code hash", placed.code_hash, code_hash, code_hash == placed.code_hash
        )
        if placed.made_by is None:
            arguments = bytes.fromhex(placed.arguments.removeprefix("0x"))
            address = create2_address(salt, fresh.creation + arguments)
            said = "code and arguments make this address"
        else:
            address = child_address(deployment.address(placed.made_by))
            said = f"{placed.made_by} makes this address"
        yield Check(f"{name}: {said}", placed.address, address, address == placed.address)


class Explorer:
    """A network's block explorer, through ape-etherscan; `etherscan:` in Ape's configuration can name another.

    Args:
        network: One of Ape's networks.
        poll: Seconds between two looks at what it thinks.
        patience: Seconds for it to decide.

    Raises:
        DeploymentError: There is none, or nobody says where.
    """

    def __init__(self, network: NetworkAPI, *, poll: float = 3.0, patience: float = 300.0) -> None:
        if network.is_local or network.is_fork:
            raise DeploymentError(f"{network.choice} has no block explorer")
        ecosystem = network.ecosystem.name
        where = (ape.config.get_config("etherscan"), ecosystem, network.name)
        try:
            self._instance = EtherscanInstance(
                ecosystem_name=ecosystem,
                network_name=network.name,
                uri=get_etherscan_uri(*where, str(network.chain_id)),
                api_uri=get_etherscan_api_uri(*where, network.chain_id),
            )
        except (ApeException, OSError) as problem:
            raise DeploymentError(
                f"where the block explorer of {network.choice} is cannot be found out: {problem}"
            ) from None
        self._clients = ClientFactory(self._instance)
        self._poll, self._patience = poll, patience

    def publish(self, placed: Placed, compiled: Compiled) -> str:
        """Sends a contract's sources, and waits until the explorer has compiled and compared them itself.

        Returns:
            Where to look at it.

        Raises:
            DeploymentError: It does not accept them, or cannot be asked.
        """
        settings = compiled.standard_json["settings"]
        client = self._clients.get_contract_client(placed.address)
        try:
            try:
                ticket = client.verify_source_code(
                    dict(compiled.standard_json),
                    compiled.compiler,
                    contract_name=compiled.name,
                    optimization_used=settings["optimizer"]["enabled"],
                    optimization_runs=settings["optimizer"]["runs"],
                    constructor_arguments=placed.arguments.removeprefix("0x"),
                    evm_version=settings["evmVersion"],
                    license_type=_MIT,
                    via_ir=settings.get("viaIR", False),
                )
                self._await(client, ticket, placed)
            except EtherscanResponseError as problem:
                if "already verified" not in str(problem).lower():
                    raise
        except (ApeException, OSError) as problem:
            raise DeploymentError(
                f"{placed.contract}: the explorer refuses: {_without_key(str(problem))}",
                hint=f"Is {_API_KEY} set? What is verified stays so; run it again for the rest.",
            ) from None
        return f"{self._instance.uri}/address/{placed.address}#code"

    def _await(self, client: Any, ticket: str, placed: Placed) -> None:
        deadline = time.monotonic() + self._patience
        while True:
            said = client.check_verify_status(ticket)
            if said.startswith("Pass") or "already verified" in said.lower():
                return
            if said.startswith("Fail"):
                raise DeploymentError(f"{placed.contract}: the explorer says: {said}")
            if time.monotonic() > deadline:
                raise DeploymentError(
                    f"{placed.contract}: the explorer still says: {said}", hint="Ask again later."
                )
            time.sleep(self._poll)


def _without_key(text: str) -> str:
    for key in filter(None, os.environ.get(_API_KEY, "").split(",")):
        text = text.replace(key.strip(), "[hidden]")
    return text


def described(checks: Sequence[Check]) -> str:
    """How many there were, and how many do not hold."""
    wrong = sum(not check.holds for check in checks)
    return (
        f"{len(checks)} checks, {wrong} of which fail"
        if wrong
        else f"All {len(checks)} checks hold"
    )
