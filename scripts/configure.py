"""Brings a deployment to what its parameters say: `ape run configure --network base:sepolia --account ALIAS`.

Circuits, models, payment tokens, defaults, treasury and owners. Done twice, it does nothing. What only the contracts' owner
may do, a multisig for example, is written to a file for it.
"""

from pathlib import Path
from typing import Any

import click
from ape.cli import ConnectedProviderCommand, account_option
from rich.console import Console

from scripts._deployment import (
    Configuration,
    Effort,
    configure,
    propose_configuration,
    read_deployment,
)
from scripts._deployment._batch import write_batches
from scripts._deployment._command import (
    Files,
    as_command,
    connected_node,
    file_options,
    force_option,
    read_files,
    sending_options,
    signer_of,
    terminal,
    told,
)
from scripts._deployment._table import cost_lines, named_addresses, steps_table, warning_lines


@click.command(cls=ConnectedProviderCommand)
@account_option(prompt=False)
@file_options
@force_option
@sending_options
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@as_command
def cli(
    account: Any,
    params: Path | None,
    registry: Path | None,
    force: tuple[str, ...],
    effort: Effort,
    yes: bool,
    dry_run: bool,
) -> None:
    """Sets what the parameters say and the chain does not."""
    console = terminal()
    files = Files.chosen(params, registry)
    deployment = read_deployment(files.registry)
    parameters = read_files(files)
    public = not parameters.is_local
    signer = signer_of(account, public=public, force=force)
    with console.status("reading the parameters") as status:
        configuration = propose_configuration(
            parameters,
            deployment,
            connected_node(),
            signer.address,
            force=force,
            on_step=status.update,
        )
    _show(console, configuration, files)
    if dry_run:
        console.print("Nothing was sent: a dry run.", style="dim")
        return
    if configuration.own:
        if public and not yes:
            click.confirm("Do this?", abort=True)
        signer.unlock()
    with console.status("beginning") as status:
        configured = configure(
            configuration,
            signer,
            journal=files.journal,
            effort=effort,
            on_step=told(console, status),
        )
    if configured != deployment:
        configured.write(files.registry)
        console.print(f"Written to {files.registry}.", soft_wrap=True)
    for batch in write_batches(
        files.registry,
        "configure",
        "Configure Provenwork",
        deployment.chain_id,
        configuration.others,
    ):
        console.print(
            f"What is left is its owner's to do: {batch}. Run this again afterwards.",
            soft_wrap=True,
        )


def _show(console: Console, configuration: Configuration, files: Files) -> None:
    names = named_addresses(configuration.plan)
    if configuration.own:
        console.print(steps_table("to do", configuration.own, configuration.cost, names))
        for line in cost_lines(configuration.cost, len(configuration.own)):
            console.print(line)
    for owner, changes in configuration.others.items():
        title = f"for {owner} to do"
        console.print(steps_table(title, changes, configuration.cost, names, priced=False))
    for line in warning_lines(configuration.warnings):
        console.print(line)
    if not configuration.own and not configuration.others:
        console.print(f"Everything is as {files.params.name} says.")
