"""Brings a deployment to what its parameters say now: circuits, models, tokens, defaults, treasury, owners; once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from eth_typing import ChecksumAddress

from provenwork.chain import Node, TransactionSigner
from provenwork.circuits import Circuit
from provenwork.core.errors import ChainError
from provenwork.crypto import Signer
from scripts._deployment._account import account_named
from scripts._deployment._artefacts import ApeArtefacts, Artefacts
from scripts._deployment._create2 import require_proxy
from scripts._deployment._errors import DeploymentError
from scripts._deployment._holders import holder_of
from scripts._deployment._journal import StepJournal, held_journal
from scripts._deployment._parameters import Parameters
from scripts._deployment._placing import placed_contracts
from scripts._deployment._plan import DEPLOYER, Plan, make_plan
from scripts._deployment._record import Deployment, Placed, PlacedCircuit
from scripts._deployment._refusals import require_secure
from scripts._deployment._rehearsal import Cost, rehearsed
from scripts._deployment._sending import Effort, OnStep, send_steps
from scripts._deployment._steps import Change, Create, Step, is_done

__all__ = ["Configuration", "configure", "plan_of", "propose_configuration", "require_there"]


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a deployment lacks to be as its parameters say. Nothing was sent."""

    deployment: Deployment
    node: Node
    artefacts: Artefacts
    account: ChecksumAddress
    """Who asks."""
    plan: Plan
    own: tuple[Step, ...]
    """What the account may do, and what anybody may."""
    others: Mapping[ChecksumAddress, tuple[Change, ...]]
    """What only the contracts' owners may."""
    cost: Cost
    """Of the account's own steps."""
    warnings: tuple[str, ...]


def plan_of(parameters: Parameters, deployment: Deployment, artefacts: Artefacts) -> Plan:
    """What parameters say of a deployment that stands.

    Its contracts' addresses are the registry's, and so are the roles that the parameters leave open.

    Raises:
        DeploymentError: They are not of this deployment.
    """
    if parameters.chain_id != deployment.chain_id:
        raise DeploymentError(
            f"{parameters.path.name} is for chain {parameters.chain_id}, and the deployment is on {deployment.chain_id}",
            hint="Choose the network with --network, or other files with --params and --registry.",
        )
    standing = {name: placed.address for name, placed in deployment.contracts.items()}
    deployer, public = deployment.roles[DEPLOYER], not parameters.is_local
    named = {
        name: account_named(account, deployer, public=public)
        for name, account in parameters.roles.items()
        if account is not None
    }
    roles = {**deployment.roles, **named}
    return make_plan(parameters.salted(deployment.salt), artefacts, roles, standing)


def require_there(deployment: Deployment, node: Node) -> None:
    """Returns if the node's chain is the deployment's.

    Raises:
        DeploymentError: It is another, or nothing of it is there.
    """
    if node.chain_id != deployment.chain_id:
        raise DeploymentError(
            f"the deployment is on chain {deployment.chain_id}, and the node is of chain {node.chain_id}",
            hint="Choose the network with --network, or another registry file with --registry.",
        )
    if missing := [
        name for name, one in deployment.contracts.items() if not node.code(one.address)
    ]:
        raise DeploymentError(
            f"{', '.join(missing)} is not where the registry file says",
            hint="Is this the right node? A local chain's deployments end with it.",
        )


def propose_configuration(
    parameters: Parameters,
    deployment: Deployment,
    node: Node,
    account: ChecksumAddress,
    *,
    artefacts: Artefacts | None = None,
    force: Sequence[str] = (),
    on_step: OnStep | None = None,
) -> Configuration:
    """Compares a deployment with its parameters, rehearses what is lacking, and says who may do it.

    Raises:
        DeploymentError: The parameters do not fit the deployment, or a contract would refuse.
    """
    artefacts, tell = artefacts or ApeArtefacts(), on_step or _say_nothing
    require_there(deployment, node)
    tell("compiling, if something changed")
    plan = plan_of(parameters, deployment, artefacts)
    tell("comparing and rehearsing")
    changes = (*plan.changes, *(handover.offer for handover in plan.handovers))
    senders: dict[str, ChecksumAddress] = {}
    for change in changes:
        if (holds := holder_of(node, artefacts, plan.addresses, change.contract)) != account:
            senders[change.purpose] = holds
    todo, cost = rehearsed(node, (*plan.creations, *changes), account, senders)
    if any(isinstance(step, Create) for step in todo):
        require_proxy(node)
    warnings: list[str] = []
    if not parameters.is_local:
        require_secure(_newly_registered(plan, todo), force, warnings)
    own = tuple(step for step in todo if step.purpose not in senders)
    if own:
        cost.require_paid_by(node, account)
    others: dict[ChecksumAddress, tuple[Change, ...]] = {}
    for step in todo:
        if isinstance(step, Change) and (holder := senders.get(step.purpose)) is not None:
            others[holder] = (*others.get(holder, ()), step)
    return Configuration(
        deployment=deployment,
        node=node,
        artefacts=artefacts,
        account=account,
        plan=plan,
        own=own,
        others=others,
        cost=cost,
        warnings=tuple(warnings),
    )


def configure(
    configuration: Configuration,
    signer: Signer | TransactionSigner,
    *,
    journal: Path | None = None,
    effort: Effort | None = None,
    on_step: OnStep | None = None,
) -> Deployment:
    """Does the account's own part.

    Returns:
        The deployment with whatever of the parameters holds by now.

    Raises:
        DeploymentError: It was interrupted; doing it again continues.
    """
    node, plan = configuration.node, configuration.plan
    with held_journal(journal, signer.address) as kept:
        send_steps(
            node,
            signer,
            configuration.own,
            kept,
            effort=effort or Effort(),
            on_step=on_step or _say_nothing,
        )
        try:
            return _brought_up_to_date(configuration, plan, kept)
        except ChainError as problem:
            raise DeploymentError(
                f"everything was sent, but not read back: {problem}", hint="Run it again."
            ) from problem


def _brought_up_to_date(configuration: Configuration, plan: Plan, kept: StepJournal) -> Deployment:
    before, node = configuration.deployment, configuration.node
    changes = [*plan.changes, *(handover.offer for handover in plan.handovers)]
    done = [change for change in changes if is_done(change, node)]
    made = [creation for creation in plan.creations if is_done(creation, node)]
    names = {one.address: name for name, one in before.contracts.items()}
    placed = placed_contracts(
        node, configuration.artefacts, [one for one in made if one.address not in names], kept
    )
    contracts = dict(before.contracts)
    for one in placed.values():
        name = _free_name(one, contracts)
        contracts[name] = one
        names[one.address] = name
    transactions = dict(before.transactions)
    for change in done:
        if (hash_ := kept.transaction(change.purpose)) is not None:
            transactions[change.purpose] = hash_
    registered = {change.purpose for change in done}
    circuits = dict(before.circuits)
    for (number, circuit), change in zip(plan.circuits.items(), plan.changes, strict=False):
        if change.purpose in registered and number not in circuits:
            circuits[number] = PlacedCircuit(
                circuit.name,
                names[plan.addresses[circuit.verifier]],
                circuit.max_tokens,
                transactions.get(change.purpose),
            )
    abis = {
        name: before.abis.get(name) or configuration.artefacts.abi(one.contract)
        for name, one in contracts.items()
    }
    return replace(
        before,
        contracts=contracts,
        circuits=circuits,
        roles=plan.roles,
        models={**before.models, **plan.models},
        tokens={**before.tokens, **plan.tokens},
        handover={
            **before.handover,
            **{one.contract: one.to for one in plan.handovers if is_done(one.offer, node)},
        },
        transactions=transactions,
        abis=abis,
    )


def _free_name(placed: Placed, taken: Iterable[str]) -> str:
    """A contract's name in the registry; a verifier that was made anew has a name of its own."""
    name = placed.contract
    return f"{name} {placed.address[:10]}" if name in taken else name


def _newly_registered(plan: Plan, todo: Sequence[Step]) -> list[Circuit]:
    """The circuits that are not on the chain yet."""
    registrations = zip(plan.circuits.values(), plan.changes, strict=False)
    return [circuit for circuit, change in registrations if change in todo]


def _say_nothing(step: str) -> None:
    pass
