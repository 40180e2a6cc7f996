"""What must not be deployed: over another deployment, insecurely, or so that one key keeps everything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from provenwork.chain import Node
from provenwork.circuits import Circuit
from scripts._deployment._abi import entry_of
from scripts._deployment._artefacts import Artefacts
from scripts._deployment._ceremony import is_public
from scripts._deployment._errors import DeploymentError
from scripts._deployment._parameters import Parameters
from scripts._deployment._plan import DEPLOYER, Plan
from scripts._deployment._record import read_deployment

__all__ = [
    "FORCEABLE",
    "TEST_ACCOUNT",
    "require_contracts_own",
    "require_first",
    "require_handover",
    "require_secure",
]

INSECURE_SRS, PLAIN_OWNER, TEST_ACCOUNT = "insecure-srs", "plain-owner", "test-account"
FORCEABLE = (INSECURE_SRS, PLAIN_OWNER, TEST_ACCOUNT)
"""What is refused on public chains unless somebody insists."""


def require_secure(circuits: Iterable[Circuit], force: Sequence[str], warnings: list[str]) -> None:
    """Refuses circuits whose proofs can be forged, where that costs somebody money."""
    insecure = [circuit.name for circuit in circuits if not is_public(circuit)]
    if not insecure:
        return
    said = f"{', '.join(insecure)}: not made from the public ceremony's SRS, so whoever made theirs can forge proofs"
    if INSECURE_SRS not in force:
        raise DeploymentError(
            said,
            hint="Build them from the ceremony's (docs/DEPLOY.md), leave them out, or insist: --force insecure-srs.",
        )
    warnings.append(said)


def require_handover(plan: Plan, artefacts: Artefacts) -> None:
    """Whoever deploys keeps nothing."""
    given_away = {handover.contract for handover in plan.handovers}
    deployer = plan.roles[DEPLOYER]
    for creation in plan.creations:
        held = any(
            entry_of(artefacts.abi(creation.contract), "function", name)
            for name in ("owner", "admin")
        )
        keeps = held and deployer in [value for _, value in creation.arguments]
        if keeps and creation.contract not in given_away:
            raise DeploymentError(
                f"{creation.contract} would stay with {deployer}, who deploys",
                hint="Name its owner under `handover` in the parameters.",
            )
    for handover in plan.handovers:
        if handover.to == deployer:
            raise DeploymentError(
                f"{handover.contract} would be offered to {deployer}, who deploys",
                hint="On a public chain the owner is another account: a multisig.",
            )


def require_contracts_own(
    plan: Plan, node: Node, force: Sequence[str], warnings: list[str]
) -> None:
    plain = [to for to in dict.fromkeys(one.to for one in plan.handovers) if not node.code(to)]
    for account in plain:
        said = f"the owner {account} has no code: one key alone would hold everything"
        if PLAIN_OWNER not in force:
            raise DeploymentError(
                said,
                hint="Name a multisig, deployed on this chain, or insist: --force plain-owner.",
            )
        warnings.append(said)


def require_first(registry: Path | None, node: Node) -> None:
    """Refuses to deploy over what is deployed."""
    if registry is None or not registry.exists():
        return
    before = read_deployment(registry)
    stands = before.chain_id == node.chain_id and any(
        node.code(placed.address) for placed in before.contracts.values()
    )
    if stands:
        raise DeploymentError(
            f"{registry} says that it is deployed on chain {before.chain_id}, and so it is",
            hint="`ape run verify` checks it, `ape run configure` changes it. For a second one choose another salt "
            "and another file: --registry.",
        )
    if before.chain_id != node.chain_id or not Parameters.is_local_chain(before.chain_id):
        raise DeploymentError(
            f"{registry} is of a deployment on chain {before.chain_id} that is not there",
            hint="Is this the right node? To deploy all the same, choose another file: --registry.",
        )
