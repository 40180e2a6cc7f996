"""What one sees: scenes, transactions, and a meter that lives while tokens stream and proofs are made."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich import box
from rich.bar import Bar
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from scripts._demo._reading import Mined
from scripts._demo._words import Words
from scripts._demo._workshop import Workshop

__all__ = ["COLOURS", "Meter", "Screen"]

COLOURS = {
    "streamed": "#8a94a6",
    "acknowledged": "#14a38b",
    "claimed": "#e8890c",
    "proven": "#8b5cf6",
    "settled": "#2f7de1",
}
"""One colour for each counter, here and in the chart."""

WIDTH = 96
_LINES = 5
_BEAT = 5.0
_EXPECTED = {16: 3.0, 64: 1.4, 1_024: 10.0}
"""Seconds that a proof takes on two idle cores, by the circuit's size: how far the bar has come is a guess."""


@dataclass
class Meter:
    """What the meter shows. All counts are AI tokens; what is on chain was read from there."""

    total: int
    text: str = ""
    streamed: int = 0
    acknowledged: int = 0
    vouchers: int = 0
    claimed: int = 0
    proven: int = 0
    settled: int = 0
    silent: bool = False
    """Whether the user signs nothing at the moment."""


@dataclass
class Screen:
    """The terminal. Where there is none, what lives is told line by line."""

    console: Console
    _scene: int = 0
    _beat: float = field(default_factory=time.monotonic)

    @classmethod
    def standard(cls) -> Screen:
        """The standard output, not wider than one likes to read."""
        console = Console(highlight=False)
        console.width = min(console.width, WIDTH)
        return cls(console)

    def title(self, text: str, subtitle: str) -> None:
        """What this is."""
        self.console.print()
        self.console.print(
            Panel(
                Text(subtitle),
                title=f"[bold]{text}",
                title_align="left",
                box=box.ROUNDED,
                padding=(0, 1),
            )
        )

    def scene(self, title: str, text: str, *, numbered: bool = True) -> None:
        """A new part of the story."""
        self._scene += numbered
        number = f"{self._scene}  " if numbered else "   "
        self.console.print()
        self.console.print(Rule(f"[bold]{number}{title}", align="left", style="dim"))
        self.console.print(Padding(Text(text, style="dim"), (0, 0, 0, 3)))

    def note(self, text: str | Text) -> None:
        """A line about what happened off chain, or about the demo itself."""
        self.console.print(Padding(Text.assemble(("· ", "dim"), text), (0, 0, 0, 3)))

    def say(self, who: str, text: str) -> None:
        """What somebody says to somebody, off chain."""
        line = Text.assemble((f"{who:>4}  ", "bold"), (f"“{text}”", COLOURS["acknowledged"]))
        self.console.print(Padding(line, (1, 0, 1, 5)))

    def transactions(self, mined: Sequence[Mined], words: Words) -> None:
        """What was mined, as the chain tells it."""
        for transaction in mined:
            head = Table.grid(padding=(0, 1), expand=True)
            head.add_column(ratio=1)
            head.add_column(justify="right", no_wrap=True)
            head.add_row(
                Text.assemble(
                    ("✓ ", "green"),
                    (transaction.function, "bold"),
                    (f"  by the {words.name(transaction.sender)}", "dim"),
                ),
                Text.assemble(f"{transaction.gas:,} gas", (f"  block {transaction.block}", "dim")),
            )
            self.console.print(Padding(head, (0, 0, 0, 3)))
            for event in transaction.events:
                if sentence := words.sentence(event):
                    self.console.print(Padding(Text(sentence), (0, 0, 0, 5)))

    @contextmanager
    def waiting(self, workshop: Workshop) -> Iterator[None]:
        """A spinner that says what the workshop does."""
        with self._live(lambda: _workbench(workshop)):
            yield

    @contextmanager
    def metered(self, meter: Meter, workshop: Workshop) -> Iterator[None]:
        """The meter, below whatever else is printed."""
        with self._live(lambda: _meter(meter, workshop)):
            yield

    def beat(self, workshop: Workshop) -> None:
        """Where there is no terminal: now and then, what the workshop does."""
        if self.console.is_terminal or not workshop.doing:
            return
        now = time.monotonic()
        if now - max(self._beat, workshop.since) >= _BEAT:
            self._beat = now
            self.console.print(f"     … {workshop.doing}: {now - workshop.since:.0f} s")

    @contextmanager
    def _live(self, draw: Callable[[], RenderableType]) -> Iterator[None]:
        if not self.console.is_terminal:
            yield
            return
        with Live(
            console=self.console,
            get_renderable=draw,
            refresh_per_second=12,
            transient=True,
        ):
            yield


def _meter(meter: Meter, workshop: Workshop) -> RenderableType:
    rows = Table.grid(padding=(0, 1))
    rows.add_column(width=13)
    rows.add_column(width=38)
    rows.add_column(width=6, justify="right")
    rows.add_column()
    notes = {
        "streamed": f"of {meter.total:,} tokens",
        "acknowledged": "the user is silent"
        if meter.silent
        else f"{meter.vouchers} vouchers, no gas",
        "claimed": "on the host's word",
        "proven": "verified on chain",
        "settled": "credited to the host",
    }
    for name, note in notes.items():
        count = getattr(meter, name)
        if name == "claimed" and not count:
            continue
        rows.add_row(
            Text(name, style=COLOURS[name]),
            Bar(meter.total, 0, count, color=COLOURS[name], bgcolor="#2b2f38"),
            f"{count:,}",
            Text(note, style="dim"),
        )
    return Padding(
        Group(
            Panel(
                _tail(meter.text),
                title="what the user reads",
                title_align="left",
                border_style="dim",
                box=box.ROUNDED,
                height=_LINES + 2,
            ),
            Padding(rows, (0, 0, 0, 2)),
            Padding(_workbench(workshop), (0, 0, 0, 2)),
        ),
        (1, 0, 0, 1),
    )


def _tail(text: str) -> Text:
    """The last lines of a text, wrapped as the panel will."""
    width, lines, line = WIDTH - 8, list[str](), ""
    for word in text.replace("\n\n", " ").split(" "):
        if len(line) + len(word) + 1 > width:
            lines.append(line)
            line = ""
        line += word + " "
    return Text("\n".join([*lines, line][-_LINES:]) + "▌", no_wrap=True, overflow="crop")


def _workbench(workshop: Workshop) -> RenderableType:
    """What the workshop does, for how long, and how far it may have come."""
    doing, elapsed = workshop.doing, time.monotonic() - workshop.since
    if not doing:
        return Text(" ")
    line = Table.grid(padding=(0, 1))
    line.add_row(_SPINNER, Text(doing), Text(f"{elapsed:.1f} s", style="bold"))
    if not doing.startswith("proving"):
        return line
    expected = _EXPECTED.get(workshop.circuit.max_tokens, 5.0)
    # Comes ever nearer to the end, and never quite there.
    done = (
        elapsed / (elapsed + 0.35 * expected)
        if elapsed < expected
        else 1 - 0.26 * expected / elapsed
    )
    return Group(line, Bar(1.0, 0, done, width=52, color=COLOURS["proven"], bgcolor="#2b2f38"))


_SPINNER = Spinner("dots", style=COLOURS["proven"])
