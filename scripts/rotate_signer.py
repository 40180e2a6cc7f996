"""Exchanges the registration signer in two steps: `ape run rotate_signer propose --to ADDRESS`, then `... accept`.

The registry's admin proposes, the new signer accepts; until then the old one's signatures count, and from then on only the
new one's. Each command does nothing if it was done before.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from ape.cli import ConnectedProviderCommand, account_option

from provenwork.chain import Node
from provenwork.crypto import ZERO_ADDRESS
from scripts._deployment import (
    ApeArtefacts,
    ApeSigner,
    Change,
    Deployment,
    Effort,
    Parameters,
    account_named,
    do_errand,
    propose_errand,
    read_deployment,
    require_there,
)
from scripts._deployment._batch import write_batches
from scripts._deployment._command import (
    Files,
    as_command,
    connected_node,
    force_option,
    registry_option,
    sending_options,
    signer_of,
    terminal,
    told,
)
from scripts._deployment._roles import (
    accepting_signer,
    cancelling_signer,
    proposing_signer,
    signer_roles,
)
from scripts._deployment._table import cost_lines, steps_table

_ARTEFACTS = ApeArtefacts()


@click.group()
def cli() -> None:
    """Exchanges the registration signer, in two steps."""


def _deployment(registry: Path | None) -> tuple[Files, Deployment, Node]:
    files = Files.chosen(None, registry)
    deployment = read_deployment(files.registry)
    node = connected_node()
    require_there(deployment, node)
    return files, deployment, node


@cli.command(cls=ConnectedProviderCommand)
@registry_option
@as_command
def status(registry: Path | None) -> None:
    """Says who holds the role, and who was proposed."""
    _, deployment, node = _deployment(registry)
    _show(node, deployment)


@cli.command(cls=ConnectedProviderCommand)
@account_option(prompt=False)
@click.option("--to", required=True, help="The new signer's address.")
@registry_option
@force_option
@sending_options
@as_command
def propose(
    account: Any,
    to: str,
    registry: Path | None,
    force: tuple[str, ...],
    effort: Effort,
    yes: bool,
) -> None:
    """The admin's step: proposes another signer."""
    files, deployment, node = _deployment(registry)
    public = not Parameters.is_local_chain(deployment.chain_id)
    signer = signer_of(account, public=public, force=force)
    new = account_named(to, signer.address, public=public)
    changes = [proposing_signer(_ARTEFACTS, deployment, new)]
    _as_admin(files, deployment, node, signer, changes, effort, ask=public and not yes)
    _show(node, deployment)


@cli.command(cls=ConnectedProviderCommand)
@account_option(prompt=False)
@registry_option
@force_option
@sending_options
@as_command
def accept(
    account: Any, registry: Path | None, force: tuple[str, ...], effort: Effort, yes: bool
) -> None:
    """The new signer's step: from now on only its signatures count."""
    files, deployment, node = _deployment(registry)
    public = not Parameters.is_local_chain(deployment.chain_id)
    signer = signer_of(account, public=public, force=force)
    changes = [accepting_signer(_ARTEFACTS, deployment, signer.address)]
    _do(files, node, signer, changes, effort, ask=public and not yes)
    _show(node, deployment)


@cli.command(cls=ConnectedProviderCommand)
@account_option(prompt=False)
@registry_option
@force_option
@sending_options
@as_command
def cancel(
    account: Any, registry: Path | None, force: tuple[str, ...], effort: Effort, yes: bool
) -> None:
    """Takes a proposal back: the admin's step, too."""
    files, deployment, node = _deployment(registry)
    public = not Parameters.is_local_chain(deployment.chain_id)
    signer = signer_of(account, public=public, force=force)
    changes = [cancelling_signer(_ARTEFACTS, deployment)]
    _as_admin(files, deployment, node, signer, changes, effort, ask=public and not yes)
    _show(node, deployment)


def _as_admin(
    files: Files,
    deployment: Deployment,
    node: Node,
    signer: ApeSigner,
    changes: Sequence[Change],
    effort: Effort,
    *,
    ask: bool,
) -> None:
    """Does what only the admin may; if the account is not the admin, writes it down for the admin."""
    admin = signer_roles(node, _ARTEFACTS, deployment).admin
    if signer.address == admin:
        _do(files, node, signer, changes, effort, ask=ask)
    elif propose_errand(node, admin, changes).todo:
        for batch in write_batches(
            files.registry,
            "rotate",
            "Rotate the registration signer",
            deployment.chain_id,
            {admin: changes},
        ):
            terminal().print(f"It is the admin's to do, {admin}: {batch}.", soft_wrap=True)


def _do(
    files: Files,
    node: Node,
    signer: ApeSigner,
    changes: Sequence[Change],
    effort: Effort,
    *,
    ask: bool,
) -> None:
    console = terminal()
    errand = propose_errand(node, signer.address, changes)
    if not errand.todo:
        console.print("That was done already.")
        return
    console.print(steps_table("to do", changes, errand.cost))
    for line in cost_lines(errand.cost, len(errand.todo)):
        console.print(line)
    if ask:
        click.confirm("Do this?", abort=True)
    signer.unlock()
    with console.status("beginning") as waiting:
        do_errand(
            node,
            errand,
            signer,
            journal=files.journal,
            effort=effort,
            on_step=told(console, waiting),
        )


def _show(node: Node, deployment: Deployment) -> None:
    roles = signer_roles(node, _ARTEFACTS, deployment)
    nobody = {ZERO_ADDRESS: "nobody"}
    console = terminal()
    console.print(f"admin    {roles.admin}")
    console.print(f"signer   {nobody.get(roles.signer, roles.signer)}")
    console.print(f"proposed {nobody.get(roles.pending, roles.pending)}")
