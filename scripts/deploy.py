"""Deploys the contracts: `ape run deploy --network base:sepolia --account ALIAS`. See docs/DEPLOY.md.

What is deployed stands in `deployments/params/`; what stands where afterwards in `deployments/`, or in `build/` for local
chains.
Interrupted, it continues when it is run again.
"""

from pathlib import Path
from typing import Any

import click
from ape.cli import ConnectedProviderCommand, account_option

from scripts._deployment import Effort, carry_out, contracts_table, propose
from scripts._deployment._batch import write_batches
from scripts._deployment._command import (
    Files,
    as_command,
    connected_node,
    file_options,
    force_option,
    network_name,
    read_files,
    role_option,
    sending_options,
    signer_of,
    terminal,
    told,
)
from scripts._deployment._table import proposal_tables


@click.command(cls=ConnectedProviderCommand)
@account_option(prompt=False)
@file_options
@role_option
@force_option
@sending_options
@click.option(
    "--dry-run", is_flag=True, help="Only say what would be done, where, and for how much."
)
@as_command
def cli(
    account: Any,
    params: Path | None,
    registry: Path | None,
    roles: tuple[str, ...],
    force: tuple[str, ...],
    effort: Effort,
    yes: bool,
    dry_run: bool,
) -> None:
    """Deploys and configures the contracts, and offers them to their owner.

    On a local chain test account 0 deploys, unless --account says otherwise, and nothing is asked.
    """
    console = terminal()
    files = Files.chosen(params, registry)
    parameters = read_files(files, roles)
    public = not parameters.is_local
    signer = signer_of(account, public=public, force=force)
    with console.status("reading the parameters") as status:
        proposal = propose(
            parameters,
            connected_node(),
            signer.address,
            network=network_name(),
            force=force,
            registry=files.registry,
            on_step=status.update,
        )
    if public or dry_run:
        for table in proposal_tables(proposal):
            console.print(table)
    if dry_run:
        console.print("Nothing was sent: a dry run.", style="dim")
        return
    if public and not yes:
        click.confirm("Deploy this?", abort=True)
    signer.unlock()
    with console.status("beginning") as status:
        deployment = carry_out(
            proposal,
            signer,
            journal=files.journal,
            registry=files.registry,
            effort=effort,
            on_step=told(console, status),
        )
    console.print(contracts_table(deployment))
    console.print(f"Read back and written to {files.registry}.", soft_wrap=True)
    for batch in write_batches(
        files.registry,
        "take-over",
        "Take over Provenwork",
        deployment.chain_id,
        proposal.plan.takings,
    ):
        console.print(f"Its owner takes over with the calls in {batch}.", soft_wrap=True)
    if not public:
        console.print("A chain that Ape started ends with this command.", style="dim")
