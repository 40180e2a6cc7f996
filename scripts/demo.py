"""Plays both kinds of job on a local chain, with real proofs made on the spot: `make demo`, or `ape run demo`."""

import signal
from pathlib import Path
from typing import Any

import click
from ape.cli import ConnectedProviderCommand
from ape.logging import LogLevel, logger

from provenwork.core.errors import ProvenworkError
from scripts._demo import Options, Screen, perform

ROOT = Path(__file__).resolve().parents[1]


@click.command(cls=ConnectedProviderCommand)
@click.option(
    "--circuit",
    help="The session's circuit: token_count/64 or token_count/1024; chosen by trying how fast this machine is.",
)
@click.option("--pace", type=float, default=150.0, help="AI tokens per second.")
@click.option(
    "--prompt",
    default="Who checks the proof?",
    help="What the user asks in the second act, in the language model's 32 words.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=ROOT / "build",
    help="The folder for demo.json, demo.png and deployment.json.",
)
def cli(circuit: str | None, pace: float, prompt: str, out: Path) -> None:
    """Plays a session and a prompt job on a local chain, with real proofs made on the spot."""
    # Ape says a line about each transaction; the demo says more.
    logger.set_level(LogLevel.WARNING)
    # Ape's own handlers end the process in the middle of things; this way everything that was started is stopped first.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, _interrupt)
    options = Options(
        parameters=ROOT / "deployments" / "params" / "local.yaml",
        folder=out,
        circuit=circuit,
        pace=pace or None,
        prompt=prompt,
    )
    try:
        perform(options, Screen.standard())
    except ProvenworkError as problem:
        raise click.ClickException("\n".join(filter(None, [str(problem), problem.hint]))) from None
    except KeyboardInterrupt:
        click.echo("Interrupted; whatever the demo had started was stopped.", err=True)
        raise SystemExit(130) from None


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt
