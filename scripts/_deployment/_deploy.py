"""Proposes a deployment, and carries it out: checked, rehearsed and priced before, sent, read back and written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_typing import ChecksumAddress

from provenwork.chain import Node, TransactionSigner
from provenwork.core.errors import ChainError
from provenwork.crypto import Signer
from scripts._deployment._account import account_named
from scripts._deployment._artefacts import ApeArtefacts, Artefacts, linked_dependencies
from scripts._deployment._checks import Check, Standing, check_contracts, check_settings
from scripts._deployment._create2 import require_proxy
from scripts._deployment._errors import DeploymentError
from scripts._deployment._journal import StepJournal, held_journal
from scripts._deployment._parameters import Parameters
from scripts._deployment._placing import placed_contracts
from scripts._deployment._plan import DEPLOYER, Plan, make_plan
from scripts._deployment._record import Deployment, PlacedCircuit
from scripts._deployment._refusals import (
    require_contracts_own,
    require_first,
    require_handover,
    require_secure,
)
from scripts._deployment._rehearsal import Cost, rehearsed
from scripts._deployment._sending import Effort, OnStep, send_steps
from scripts._deployment._source import source_commit
from scripts._deployment._steps import Create, Step

__all__ = ["Proposal", "carry_out", "deploy", "propose", "read_back", "require_all"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A deployment that could be carried out now. Nothing was sent."""

    parameters: Parameters
    network: str
    node: Node
    deployer: ChecksumAddress
    artefacts: Artefacts
    plan: Plan
    todo: tuple[Step, ...]
    """What was not yet done."""
    cost: Cost
    balance: int
    """The deployer's, in wei."""
    warnings: tuple[str, ...]

    @property
    def subject(self) -> dict[str, Any]:
        """What makes it this deployment and no other."""
        return {
            "chainId": self.parameters.chain_id,
            "deployer": self.deployer,
            "contracts": dict(self.plan.addresses),
        }


def propose(
    parameters: Parameters,
    node: Node,
    deployer: ChecksumAddress,
    *,
    artefacts: Artefacts | None = None,
    network: str = "",
    force: Sequence[str] = (),
    registry: Path | None = None,
    on_step: OnStep | None = None,
) -> Proposal:
    """Finds out all that can be known before anything is sent.

    Args:
        parameters: The file.
        node: The chain.
        deployer: Who will send.
        artefacts: The compiled contracts; the project's by default.
        network: The chain's name, for people.
        force: What to do although it is refused on public chains: see `FORCEABLE`.
        registry: Where it would be written down; a deployment that is there already stands in the way.
        on_step: Is told what is done next.

    Raises:
        DeploymentError: It cannot or must not be deployed.
    """
    artefacts, tell = artefacts or ApeArtefacts(), on_step or _say_nothing
    network = network or f"chain {node.chain_id}"
    if node.chain_id != parameters.chain_id:
        raise DeploymentError(
            f"{parameters.path.name} is for chain {parameters.chain_id}, and {network} is chain {node.chain_id}",
            hint="Choose the network with --network, or other parameters with --params.",
        )
    require_first(registry, node)
    roles = _roles(parameters, deployer)
    require_proxy(node)
    tell("compiling, if something changed")
    plan = make_plan(parameters, artefacts, roles)
    warnings: list[str] = []
    if not parameters.is_local:
        require_handover(plan, artefacts)
        require_secure(plan.circuits.values(), force, warnings)
        require_contracts_own(plan, node, force, warnings)
        warnings += _peculiarities(source_commit())
    tell("rehearsing")
    todo, cost = rehearsed(node, plan.steps, deployer)
    balance = cost.require_paid_by(node, deployer)
    return Proposal(
        parameters=parameters,
        network=network,
        node=node,
        deployer=deployer,
        artefacts=artefacts,
        plan=plan,
        todo=todo,
        cost=cost,
        balance=balance,
        warnings=tuple(warnings),
    )


def carry_out(
    proposal: Proposal,
    signer: Signer | TransactionSigner,
    *,
    journal: Path | None = None,
    registry: Path | None = None,
    effort: Effort | None = None,
    on_step: OnStep | None = None,
) -> Deployment:
    """Does what was proposed, or what is left of it, and reads everything back.

    Args:
        proposal: What to do.
        signer: The deployer.
        journal: Where signed transactions are kept until all is done; without it an interruption loses track of them.
        registry: Where to write down what stands where.
        effort: How long to wait, and what to pay.
        on_step: Is told what is done next.

    Raises:
        DeploymentError: It was interrupted (doing it again continues), or what stands there is not what was asked for.
    """
    tell, node, plan = on_step or _say_nothing, proposal.node, proposal.plan
    if signer.address != proposal.deployer:
        raise DeploymentError(
            f"{signer.address} cannot do what was proposed for {proposal.deployer}"
        )
    with held_journal(journal, signer.address) as kept:
        require_first(registry, node)
        kept.begin(proposal.subject)
        send_steps(node, signer, plan.steps, kept, effort=effort or Effort(), on_step=tell)
        tell("reading back")
        try:
            require_all(read_back(node, proposal.artefacts, plan))
            deployment = _recorded(proposal, kept)
        except ChainError as problem:
            raise DeploymentError(
                f"everything was sent, but not read back: {problem}", hint="Run it again."
            ) from problem
        if registry is not None:
            deployment.write(registry)
    return deployment


def deploy(
    parameters: Parameters,
    node: Node,
    signer: Signer | TransactionSigner,
    *,
    artefacts: Artefacts | None = None,
    effort: Effort | None = None,
    network: str = "",
    on_step: OnStep | None = None,
) -> Deployment:
    """Proposes and carries out at once, without a journal or a registry: for chains that end with their process.

    Raises:
        DeploymentError: As for `propose` and `carry_out`.
    """
    proposal = propose(
        parameters, node, signer.address, artefacts=artefacts, network=network, on_step=on_step
    )
    return carry_out(proposal, signer, effort=effort, on_step=on_step)


def _roles(parameters: Parameters, deployer: ChecksumAddress) -> dict[str, ChecksumAddress]:
    unset = [name for name, holder in parameters.roles.items() if holder is None]
    if unset:
        raise DeploymentError(
            f"{parameters.path.name}: nobody holds {', '.join(unset)} yet",
            hint="Write their addresses into the parameters, or say them: "
            + " ".join(f"--role {name}=0x..." for name in unset),
        )
    roles = {
        name: account_named(str(holder), deployer, public=not parameters.is_local)
        for name, holder in parameters.roles.items()
    }
    return {**roles, DEPLOYER: deployer}


def read_back(node: Node, artefacts: Artefacts, plan: Plan) -> list[Check]:
    """Every code, constructor argument, role and setting, as the chain has them now."""
    standing = [Standing(one.contract, one.address, one.encoded) for one in plan.creations]
    handed_over = [handover.contract for handover in plan.handovers]
    return [
        *check_contracts(node, artefacts, standing, handed_over),
        *check_settings(node, plan),
    ]


def require_all(checks: Sequence[Check]) -> None:
    """Returns if all checks hold.

    Raises:
        DeploymentError: One does not; the first is named.
    """
    wrong = [check for check in checks if not check.holds]
    if wrong:
        first, more = wrong[0], f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise DeploymentError(
            f"{first.name}: the chain says {first.found}, not {first.wanted}{more}",
            hint="Do not use this deployment before it is known why.",
        )


def _recorded(proposal: Proposal, journal: StepJournal) -> Deployment:
    plan, node, artefacts = proposal.plan, proposal.node, proposal.artefacts
    contracts = placed_contracts(node, artefacts, plan.creations, journal)
    transactions = {
        step.purpose: journal.transaction(step.purpose)
        for step in plan.steps
        if not isinstance(step, Create)
    }
    registrations = [transactions[change.purpose] for change in plan.changes]
    return Deployment(
        network=proposal.network,
        chain_id=node.chain_id,
        parameters=proposal.parameters.path.name,
        salt=proposal.parameters.salt,
        commit=source_commit(),
        roles=plan.roles,
        contracts=contracts,
        circuits={
            number: PlacedCircuit(circuit.name, circuit.verifier, circuit.max_tokens, transaction)
            for (number, circuit), transaction in zip(
                plan.circuits.items(), registrations, strict=False
            )
        },
        models=plan.models,
        tokens=plan.tokens,
        handover={handover.contract: handover.to for handover in plan.handovers},
        transactions=transactions,
        abis={name: artefacts.abi(placed.contract) for name, placed in contracts.items()},
    )


def _peculiarities(commit: str | None) -> list[str]:
    """What will make it hard for others to make the same code."""
    found = []
    if (folder := linked_dependencies()) is not None:
        found.append(
            f"{folder} is a link: the code's metadata, and so every address, is this machine's alone"
        )
    if commit is None or commit.endswith("+"):
        found.append("what is compiled is not what git has: nobody else can make the same code")
    return found


def _say_nothing(step: str) -> None:
    pass
