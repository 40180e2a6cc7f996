"""Whether what stands on the chain is what it should be: `ape run verify --network base:sepolia`.

Compiles every contract anew and compares it with the chain; reads back every role and setting. With --publish the sources go
to the network's block explorer, which does the same for everybody (ETHERSCAN_API_KEY).
"""

from pathlib import Path

import ape
import click
from ape.cli import ConnectedProviderCommand

from scripts._deployment import (
    ApeArtefacts,
    DeploymentError,
    check_settings,
    plan_of,
    read_deployment,
    require_there,
)
from scripts._deployment._command import (
    Files,
    as_command,
    connected_node,
    file_options,
    read_files,
    terminal,
    told,
)
from scripts._deployment._holders import holders
from scripts._deployment._table import check_lines, holders_table
from scripts._deployment._verification import (
    Compiled,
    Explorer,
    compile_anew,
    described,
    verify_code,
)


@click.command(cls=ConnectedProviderCommand)
@file_options
@click.option("--publish", is_flag=True, help="Send the sources to the block explorer, too.")
@as_command
def cli(params: Path | None, registry: Path | None, publish: bool) -> None:
    """Compares the deployment with the sources and the parameters; exit code 1 if anything differs."""
    console = terminal()
    files = Files.chosen(params, registry)
    deployment = read_deployment(files.registry)
    node = connected_node()
    require_there(deployment, node)
    artefacts = ApeArtefacts()
    plan = plan_of(read_files(files), deployment, artefacts)
    explorer = Explorer(ape.chain.provider.network) if publish else None
    compiled: dict[str, Compiled] = {}

    with console.status("") as status:
        tell = told(console, status)

        def compile_once(contract: str) -> Compiled:
            if contract not in compiled:
                tell(f"compiling {contract}")
                compiled[contract] = compile_anew(contract)
            return compiled[contract]

        checks = list(verify_code(node, deployment, compile_once))
        tell("reading back")
        checks += check_settings(node, plan)
    for line in check_lines(checks):
        console.print(line, soft_wrap=True)
    console.print(holders_table(deployment, holders(node, artefacts, deployment)))
    console.print(f"\n{described(checks)}.")
    if any(not check.holds for check in checks):
        raise DeploymentError(
            f"{files.registry.name} is not what stands on the chain",
            hint=f"Code: the sources must be those of commit {deployment.commit}. Settings: `ape run configure` sets them, "
            "or the parameters are to follow what was changed.",
        )
    if explorer is not None:
        for placed in deployment.contracts.values():
            with console.status(f"publishing {placed.contract}"):
                where = explorer.publish(placed, compiled[placed.contract])
            console.print(f"{placed.contract}: {where}")
