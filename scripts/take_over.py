"""Takes what a deployment offers: `ape run take_over --network base:sepolia --account ALIAS`.

The second step of the handover, for an owner with a key; a multisig imports the file that `ape run deploy` wrote.
"""

from pathlib import Path
from typing import Any

import click
from ape.cli import ConnectedProviderCommand, account_option

from scripts._deployment import (
    ApeArtefacts,
    Effort,
    do_errand,
    plan_of,
    propose_errand,
    read_deployment,
    require_there,
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
from scripts._deployment._table import cost_lines, steps_table


@click.command(cls=ConnectedProviderCommand)
@account_option(prompt=False)
@file_options
@force_option
@sending_options
@as_command
def cli(
    account: Any,
    params: Path | None,
    registry: Path | None,
    force: tuple[str, ...],
    effort: Effort,
    yes: bool,
) -> None:
    """Takes the contracts that the account was offered; writes a file for every other new owner."""
    console = terminal()
    files = Files.chosen(params, registry)
    deployment = read_deployment(files.registry)
    parameters = read_files(files)
    public = not parameters.is_local
    signer = signer_of(account, public=public, force=force)
    node = connected_node()
    require_there(deployment, node)
    takings = plan_of(parameters, deployment, ApeArtefacts()).takings
    if (own := takings.pop(signer.address, None)) is not None:
        errand = propose_errand(node, signer.address, own)
        console.print(steps_table(f"for {signer.address} to do", own, errand.cost))
        for line in cost_lines(errand.cost, len(errand.todo)):
            console.print(line)
        if errand.todo:
            if public and not yes:
                click.confirm("Do this?", abort=True)
            signer.unlock()
            with console.status("beginning") as status:
                do_errand(
                    node,
                    errand,
                    signer,
                    journal=files.journal,
                    effort=effort,
                    on_step=told(console, status),
                )
    for batch in write_batches(
        files.registry, "take-over", "Take over Provenwork", deployment.chain_id, takings
    ):
        console.print(f"Another owner takes over with the calls in {batch}.", soft_wrap=True)
    if own is None and not takings:
        console.print("This deployment offers nothing to anybody.")
