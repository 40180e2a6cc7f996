"""The end: who holds what, and what it cost."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from provenwork.crypto import ZERO_ADDRESS
from scripts._demo._prompt_act import PromptTally
from scripts._demo._story import Story
from scripts._demo._tally import Tally
from scripts._demo._words import amount

__all__ = ["summary"]


def summary(story: Story, tally: Tally, answered: PromptTally) -> RenderableType:
    """Who held and holds what, what became of the deposit and the payment, and the proofs."""
    return Padding(
        Group(
            _holders(tally, answered),
            Text(),
            _sum(
                tally,
                {"host": tally.host, "treasury": tally.treasury, "refund": tally.refund},
                "deposit",
                tally.deposit,
            ),
            _sum(
                tally,
                {"host": answered.host, "treasury": answered.treasury},
                "payment",
                answered.payment,
            ),
            Text(),
            _proofs(story, tally, answered),
        ),
        (1, 0, 0, 3),
    )


def _holders(tally: Tally, answered: PromptTally) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 2), show_edge=False)
    table.add_column(f"who holds what, in {tally.symbol}")
    for column in ("before", "now", "difference"):
        table.add_column(column, justify="right")
    for name in ("user", "host", "treasury", "escrow"):
        before, after = getattr(tally.before, name), getattr(answered.after, name)
        change = after - before
        table.add_row(
            name,
            amount(before, tally.decimals),
            amount(after, tally.decimals),
            Text(
                ("+" if change > 0 else "") + (amount(change, tally.decimals) if change else "–"),
                style="green" if change > 0 else "red" if change < 0 else "dim",
            ),
        )
    return table


def _sum(tally: Tally, parts: dict[str, int], name_of_whole: str, whole: int) -> Text:
    """What became of an amount, to the last unit."""
    text = Text()
    for name, units in parts.items():
        text.append(" + " if text else "").append(f"{name} ", style="dim")
        text.append(amount(units, tally.decimals))
    text.append(" = ").append(f"{name_of_whole} ", style="dim").append(
        amount(whole, tally.decimals), "bold"
    )
    return text.append("  ✓", style="green")


def _proofs(story: Story, tally: Tally, answered: PromptTally) -> Table:
    words = story.stage.words
    table = Table.grid(padding=(0, 2))
    gas = [f"{proof.gas:,}" for proof in tally.proofs]
    seconds = [f"{proof.proving_seconds:.1f} s" for proof in tally.proofs]
    table.add_row(
        Text("proofs", style="dim"),
        f"{len(tally.proofs)} by {tally.proofs[0].circuit}, of {tally.proven:,} tokens in all",
    )
    table.add_row(Text("made in", style="dim"), ", ".join(seconds))
    table.add_row(
        Text("verified for", style="dim"),
        f"{', '.join(gas)} gas, with all that their transactions did",
    )
    table.add_row(
        Text("bond", style="dim"),
        f"{words.money(tally.bond, ZERO_ADDRESS)}, of which the host got {words.money(tally.bond_to_host, ZERO_ADDRESS)} "
        "for its gas",
    )
    proof = answered.proof
    table.add_row(
        Text("answer", style="dim"),
        f"{proof.tokens} tokens by {proof.circuit}, made in {proof.proving_seconds:.1f} s, verified for {proof.gas:,} gas",
    )
    return table
