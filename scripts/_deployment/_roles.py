"""Roles that go from one account to another in two steps: offered by the one, taken by the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eth_typing import ChecksumAddress

from provenwork.chain import Node, TransactionSigner
from provenwork.crypto import ZERO_ADDRESS, Signer
from scripts._deployment._artefacts import Artefacts
from scripts._deployment._calls import Calls
from scripts._deployment._errors import DeploymentError
from scripts._deployment._holders import ask_address
from scripts._deployment._journal import held_journal
from scripts._deployment._plan import REGISTRY
from scripts._deployment._record import Deployment
from scripts._deployment._rehearsal import Cost, rehearsed
from scripts._deployment._sending import Effort, OnStep, send_steps
from scripts._deployment._steps import Change, Step

__all__ = [
    "Errand",
    "SignerRoles",
    "accepting_signer",
    "cancelling_signer",
    "do_errand",
    "propose_errand",
    "proposing_signer",
    "signer_roles",
]


@dataclass(frozen=True, slots=True)
class SignerRoles:
    """Who may do what in a WorkerRegistry."""

    admin: ChecksumAddress
    signer: ChecksumAddress
    """Its signature lets workers register; the address zero while it is disabled."""
    pending: ChecksumAddress
    """Who may become the signer by accepting; the address zero if nobody was proposed."""


@dataclass(frozen=True, slots=True)
class Errand:
    """Calls that one account has to make, and what they cost it. Nothing was sent."""

    sender: ChecksumAddress
    changes: tuple[Change, ...]
    todo: tuple[Step, ...]
    cost: Cost


def signer_roles(node: Node, artefacts: Artefacts, deployment: Deployment) -> SignerRoles:
    """Who holds the registration signer's role now, and who may change that."""
    addresses = _addresses(deployment)
    return SignerRoles(
        *(
            ask_address(node, artefacts, addresses, REGISTRY, view)
            for view in ("admin", "registrationSigner", "pendingSigner")
        )
    )


def proposing_signer(artefacts: Artefacts, deployment: Deployment, to: ChecksumAddress) -> Change:
    """The admin's step: another signer is proposed. It is done, too, if that one is the signer already."""
    calls = Calls(artefacts, _addresses(deployment))
    return calls.change(
        REGISTRY,
        "proposeSignerUpdate",
        (to,),
        f"proposing {to} as the registration signer",
        calls.fact(REGISTRY, "pendingSigner", (), (to,)),
        calls.fact(REGISTRY, "registrationSigner", (), (to,)),
    )


def accepting_signer(artefacts: Artefacts, deployment: Deployment, to: ChecksumAddress) -> Change:
    """The new signer's step."""
    calls = Calls(artefacts, _addresses(deployment))
    return calls.change(
        REGISTRY,
        "acceptSignerRole",
        (),
        f"{to} becomes the registration signer",
        calls.fact(REGISTRY, "registrationSigner", (), (to,)),
    )


def cancelling_signer(artefacts: Artefacts, deployment: Deployment) -> Change:
    """The admin takes a proposal back."""
    calls = Calls(artefacts, _addresses(deployment))
    return calls.change(
        REGISTRY,
        "cancelSignerUpdate",
        (),
        "taking the proposed registration signer back",
        calls.fact(REGISTRY, "pendingSigner", (), (ZERO_ADDRESS,)),
    )


def propose_errand(node: Node, sender: ChecksumAddress, changes: Sequence[Change]) -> Errand:
    """Rehearses calls of one account.

    Raises:
        DeploymentError: A contract would refuse one of them.
    """
    todo, cost = rehearsed(node, changes, sender)
    return Errand(sender, tuple(changes), todo, cost)


def do_errand(
    node: Node,
    errand: Errand,
    signer: Signer | TransactionSigner,
    *,
    journal: Path | None = None,
    effort: Effort | None = None,
    on_step: OnStep | None = None,
) -> None:
    """Makes the calls.

    Raises:
        DeploymentError: The account is another, cannot pay, or was interrupted; doing it again continues.
    """
    if signer.address != errand.sender:
        raise DeploymentError(f"{signer.address} cannot do what only {errand.sender} may")
    errand.cost.require_paid_by(node, signer.address)
    with held_journal(journal, signer.address) as kept:
        send_steps(
            node,
            signer,
            errand.changes,
            kept,
            effort=effort or Effort(),
            on_step=on_step or (lambda _: None),
        )


def _addresses(deployment: Deployment) -> dict[str, ChecksumAddress]:
    return {name: placed.address for name, placed in deployment.contracts.items()}
