"""Puts the stage up, plays the story on it, and says what it came to."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ape
from rich.padding import Padding
from rich.text import Text

from provenwork.chain import Node
from scripts._demo._chart import draw
from scripts._demo._prompt_act import MODEL, PromptAct, PromptTally, encoded_prompt
from scripts._demo._screen import Screen
from scripts._demo._stage import Stage
from scripts._demo._story import Story
from scripts._demo._summary import summary
from scripts._demo._tally import Tally, holdings
from scripts._demo._tokens import answer, encode
from scripts._demo._workshop import SMALL, Workshop
from scripts._deployment import (
    ApeArtefacts,
    ApeSigner,
    Deployment,
    Effort,
    deploy,
    read_parameters,
)

__all__ = ["Options", "Performance", "perform"]


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to play."""

    parameters: Path
    """What to deploy."""
    folder: Path
    """Where demo.json, demo.png and deployment.json go."""
    circuit: str | None = None
    """None to choose by trying how fast this machine is."""
    batches: int | None = None
    """Proofs in a batch; 2 of the small circuit and 1 of the large one by default."""
    pace: float | None = 150.0
    """AI tokens per second; no bound if None."""
    prompt: str = "Who checks the proof?"
    """What the user asks in the second act, in the language model's words."""


@dataclass(frozen=True)
class Performance:
    """The demo, played."""

    story: Story
    tally: Tally
    answered: PromptTally


def perform(options: Options, screen: Screen) -> Performance:
    """Plays the demo on the connected chain, which must be a local one.

    Returns:
        What was played, and what the chain says it came to; the latter also in `demo.json`.

    Raises:
        DemoError: The numbers do not add up.
        ProvenworkError: Something else went wrong.
    """
    started = time.monotonic()
    encoded_prompt(options.prompt)
    workshop, modelling = Workshop(options.circuit), Workshop(MODEL)
    try:
        screen.title(
            "Provenwork",
            "A user pays a machine for AI tokens: by signed vouchers, by zero-knowledge proofs, and by claims that anyone "
            "involved may contest; then for one answer of a language model, by the proof that the model gave it. "
            "Everything below happens now, on a chain of its own, with real proofs.",
        )
        stage = _set_up(options, screen)
        # Not before: a trial in competition with the deployment would say little about this machine.
        workshop.start()
        _await_circuit(screen, workshop)
        before = holdings(stage)
        with _folder() as folder:
            story = Story(
                stage,
                screen,
                workshop,
                folder=folder,
                text=encode(answer()),
                batches=options.batches or (2 if workshop.circuit.name == SMALL else 1),
                pace=options.pace,
            )
            story.play()
            tally = Tally.of(story, before)
            modelling.start()
            act = PromptAct(stage, screen, modelling, folder=folder, prompt=options.prompt)
            answered = act.play()
    finally:
        workshop.stop()
        modelling.stop()
    screen.scene(
        "Who holds what",
        "Read from the chain: balances, events and receipts, each compared with the others.",
        numbered=False,
    )
    screen.console.print(summary(story, tally, answered))
    chart, numbers = options.folder / "demo.png", options.folder / "demo.json"
    draw(story, tally, answered, chart)
    elapsed = time.monotonic() - started
    _write(
        numbers,
        tally,
        answered,
        {"seconds": round(elapsed, 1), "marketplace": stage.marketplace.address},
    )
    screen.console.print(
        Padding(
            Text.assemble(
                ("chart    ", "dim"), _shown(chart), "\n",
                ("numbers  ", "dim"), _shown(numbers), "\n",
                ("took     ", "dim"), f"{elapsed:.0f} s",
            ),
            (1, 0, 1, 3),
        )
    )  # fmt: skip
    return Performance(story, tally, answered)


def _write(path: Path, tally: Tally, answered: PromptTally, more: dict[str, Any]) -> None:
    """The session's numbers, the prompt job's as an object of their own, and the proofs of both."""
    session, job = tally.to_json(), answered.to_json()
    proofs = [*session["proofs"], job.pop("proof")]
    written = session | {"proofs": proofs, "promptJob": job} | more
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")


def _set_up(options: Options, screen: Screen) -> Stage:
    screen.scene(
        "The contracts",
        "Escrow, worker registry, proof system, and the verifiers that EZKL wrote. None of them can be changed afterwards.",
    )
    artefacts = ApeArtefacts()
    with screen.console.status("compiling, if something changed") as status:
        node = Node(ape.chain.provider.web3)
        deployment = deploy(
            # Contracts of its own, also on a chain where it was played before.
            read_parameters(options.parameters).salted(f"demo {node.block().number}"),
            node,
            ApeSigner(ape.accounts.test_accounts[0]),
            artefacts=artefacts,
            effort=Effort(poll=0.02),
            network=ape.chain.provider.network_choice,
            on_step=status.update,
        )
    deployment.write(options.folder / "deployment.json")
    screen.note(_contracts(deployment))
    return Stage.on(deployment, artefacts)


def _contracts(deployment: Deployment) -> Text:
    lines = [f"{name:<22}  {placed.address}" for name, placed in deployment.contracts.items()]
    return Text("\n  ".join(lines), no_wrap=True)


def _await_circuit(screen: Screen, workshop: Workshop) -> None:
    """Waits until it is known how much this machine can prove at once, and says so."""
    with screen.waiting(workshop):
        while not workshop.is_chosen:
            screen.beat(workshop)
            time.sleep(0.05)
    circuit = workshop.circuit
    if workshop.tried is None:
        screen.note(f"the host proves with {circuit.name}")
    else:
        screen.note(
            f"a trial proof of 64 tokens took {workshop.tried:.1f} s: the host proves {circuit.max_tokens:,} at a time"
        )


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="provenwork-demo-") as folder:
        yield Path(folder)


def _shown(path: Path) -> str:
    """A path as one would type it here."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
