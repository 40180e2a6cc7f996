"""The session as a picture: the counters of AI tokens, and where the deposit was, second by second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts._demo._prompt_act import PromptTally
from scripts._demo._reading import Event
from scripts._demo._screen import COLOURS
from scripts._demo._story import Sample, Story
from scripts._demo._tally import Tally
from scripts._demo._words import amount

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]

_INK, _PALE, _GRID = "#1f2430", "#6b7280", "#e5e7eb"
_MONEY = {
    "escrow": ("#dbe4ee", "locked in the escrow"),
    "credited": ("#7fb2ef", "credited to the host, in the escrow"),
    "host": ("#2f7de1", "in the host's wallet"),
    "treasury": ("#f0b429", "in the treasury"),
    "refund": ("#475569", "back in the user's wallet"),
}
_COLUMNS = 5
_SAME = 3.0
"""Seconds within which the same thing is not marked twice: proofs of one batch, and the withdrawals."""
_LABELS: Mapping[str, str] = {
    "SessionCreated": "session opened",
    "ProofSubmitted": "proof verified",
    "VoucherRedeemed": "voucher redeemed",
    "ClaimMade": "host claims",
    "CheckpointProcessed": "checkpoint pays",
    "DisputeRaised": "user contests",
    "DisputeResolved": "answered with a proof",
    "SessionCompleted": "closed with a voucher",
    "Withdrawn": "everyone withdraws",
}


@dataclass
class _Steps:
    """A quantity that changes at moments and stays in between."""

    times: list[float] = field(default_factory=lambda: [0.0])
    values: list[int] = field(default_factory=lambda: [0])

    def put(self, time: float, value: int) -> None:
        """From now on it has this value."""
        self.times.append(time)
        self.values.append(value)

    def add(self, time: float, change: int) -> None:
        """From now on it is larger by this."""
        self.put(time, self.last + change)

    @property
    def last(self) -> int:
        """Its value now."""
        return self.values[-1]


class _Curves:
    """Everything that is drawn, in seconds since the session was opened."""

    def __init__(self, story: Story, tally: Tally) -> None:
        self.counters = {name: _Steps() for name in COLOURS}
        self.money = {name: _Steps() for name in _MONEY}
        self.marks: list[tuple[float, str]] = []
        self.claims: list[tuple[float, float, int]] = []
        """From when to when, and the position."""
        self._token = tally.token
        events = [
            event
            for event in story.stage.reader.events
            if event.block <= story.last_block
            and event.arguments.get("jobId", story.job_id) == story.job_id
            and event.name in {*_LABELS, "FeesWithdrawn"}
        ]
        start = next(event.time for event in events if event.name == "SessionCreated")
        for sample in story.samples:
            self._sampled(sample, start)
        for event in events:
            self._happened(event, float(event.time - start))
        latest = max(events[-1].time, story.samples[-1].time) - start
        # A little room after the last event, so that its outcome can be seen.
        self.end = latest * 1.07 + 1
        for steps in (*self.counters.values(), *self.money.values()):
            steps.put(self.end, steps.last)

    def _sampled(self, sample: Sample, start: int) -> None:
        time = max(0.0, sample.time - start)
        self.counters["streamed"].put(time, sample.streamed)
        if sample.signed != self.counters["acknowledged"].last:
            self.counters["acknowledged"].put(time, sample.signed)

    def _happened(self, event: Event, time: float) -> None:
        said = event.arguments
        match event.name:
            case "SessionCreated":
                self.money["escrow"].values[0] = said["deposit"]
            case "ProofSubmitted":
                self.counters["proven"].put(time, said["firstToken"] + said["tokensClaimed"])
            case "ClaimMade":
                self.claims.append((time, time, said["claimedTokens"]))
            case "DisputeResolved":
                since, _, position = self.claims[-1]
                self.claims[-1] = since, time, position
            case "CheckpointProcessed":
                self.counters["settled"].add(time, said["tokensSettled"])
                self._moved(time, said["paymentAmount"], "escrow", "credited")
            case "SessionCompleted":
                self.counters["settled"].add(time, said["tokens"])
                self._moved(time, said["payment"], "escrow", "credited")
                self._moved(time, said["refund"], "escrow", "refund")
            case "Withdrawn" if said["token"] == self._token:
                self._moved(time, said["gross"] - said["fee"], "credited", "host")
            case "FeesWithdrawn":
                self._moved(time, said["amount"], "credited", "treasury")
        text = _LABELS.get(event.name)
        if text and text not in {known for when, known in self.marks if time - when < _SAME}:
            self.marks.append((time, text))

    def _moved(self, time: float, units: int, source: str, target: str) -> None:
        self.money[source].add(time, -units)
        self.money[target].add(time, units)


def draw(story: Story, tally: Tally, answered: PromptTally, path: Path) -> None:
    """Writes the chart as a PNG file."""
    # Here, because nothing else of the demo needs it, and it takes a second to load.
    from matplotlib.figure import Figure

    curves = _Curves(story, tally)
    figure = Figure(figsize=(13.5, 10.8), dpi=130, facecolor="white")
    acts = figure.add_gridspec(
        2, 1, height_ratios=[1, 0.07], hspace=0.48, left=0.075, right=0.8, top=0.814, bottom=0.05
    )
    session = acts[0].subgridspec(2, 1, height_ratios=[1.25, 1], hspace=0.1)
    tokens = figure.add_subplot(session[0])
    money = figure.add_subplot(session[1], sharex=tokens)
    tokens.tick_params(labelbottom=False)
    _draw_tokens(tokens, curves, story)
    _draw_money(money, curves, tally)
    for axes in (tokens, money):
        _tidy(axes, curves)
    _draw_marks(figure, tokens, money, curves)
    _draw_title(figure, story, tally)
    _draw_answer(figure, figure.add_subplot(acts[1]), answered, tally)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


# -------------------------------------------------------------------------------------------------------------- drawing


def _draw_tokens(axes: Axes, curves: _Curves, story: Story) -> None:
    counters = curves.counters
    streamed = counters["streamed"]
    axes.fill_between(streamed.times, streamed.values, color=COLOURS["streamed"], alpha=0.16, lw=0)
    axes.plot(streamed.times, streamed.values, color=COLOURS["streamed"], lw=1.4)
    signed = counters["acknowledged"]
    axes.plot(
        signed.times[1:-1],
        signed.values[1:-1],
        "o",
        ms=4.2,
        color=COLOURS["acknowledged"],
        alpha=0.9,
    )
    for name, width, alpha in (("proven", 5.5, 0.45), ("settled", 2.2, 1.0)):
        steps = counters[name]
        look: dict[str, Any] = {"color": COLOURS[name], "lw": width, "alpha": alpha}
        axes.plot(steps.times, steps.values, drawstyle="steps-post", **look)
    for start, end, position in curves.claims:
        axes.plot([start, end], [position] * 2, color=COLOURS["claimed"], lw=2.6, ls=(0, (2, 1)))
    axes.set_ylabel("AI tokens", color=_INK)
    axes.set_ylim(0, story.script.total * 1.06)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    _label_ends(
        axes,
        curves.end,
        [
            (f"streamed  {streamed.last:,}", streamed.last, COLOURS["streamed"]),
            (
                f"acknowledged  {signed.last:,}\n(dots: vouchers, no gas)",
                signed.last,
                COLOURS["acknowledged"],
            ),
            (
                f"settled  {counters['settled'].last:,}",
                counters["settled"].last,
                COLOURS["settled"],
            ),
            (
                f"proven up to  {counters['proven'].last:,}",
                counters["proven"].last,
                COLOURS["proven"],
            ),
            *(
                (f"claimed  {position:,}", position, COLOURS["claimed"])
                for _, _, position in curves.claims
            ),
        ],
        story.script.total,
    )


def _draw_money(axes: Axes, curves: _Curves, tally: Tally) -> None:
    order = ("host", "treasury", "credited", "escrow", "refund")
    times = sorted({time for name in order for time in curves.money[name].times})
    levels = [
        [_at(curves.money[name], time) / 10**tally.decimals for time in times] for name in order
    ]
    axes.stackplot(
        times, levels, step="post", colors=[_MONEY[name][0] for name in order], lw=0, alpha=0.95
    )
    axes.set_ylabel(tally.symbol, color=_INK)
    axes.set_ylim(0, tally.deposit / 10**tally.decimals * 1.04)
    axes.set_xlabel("seconds since the session was opened, by the chain's clock", color=_PALE)
    below, labels = 0, []
    for name in order:
        units = curves.money[name].last
        if units:
            middle = (below + units / 2) / 10**tally.decimals
            text = f"{_MONEY[name][1]}\n{amount(units, tally.decimals)}"
            labels.append((text, middle, _MONEY[name][0]))
        below += units
    _label_ends(axes, curves.end, labels, tally.deposit / 10**tally.decimals)
    for name in ("escrow", "credited"):
        _label_inside(axes, name, times, levels[: order.index(name)], levels[order.index(name)])


def _label_inside(
    axes: Axes,
    name: str,
    times: Sequence[float],
    below: Sequence[Sequence[float]],
    level: Sequence[float],
) -> None:
    """Names an area that is gone in the end, where there is most room in it."""
    roomy = [
        ((until - since) * height, (since + until) / 2, index)
        for index, (since, until, height) in enumerate(zip(times, times[1:], level, strict=False))
    ]
    room, middle, index = max(roomy)
    if room > 0:
        bottom = sum(heights[index] for heights in below)
        axes.text(
            middle,
            bottom + level[index] / 2,
            _MONEY[name][1],
            ha="center",
            va="center",
            fontsize=10.5,
            color=_INK,
            zorder=6,
            bbox={"boxstyle": "square,pad=0.25", "fc": _MONEY[name][0], "ec": "none"},
        )


def _at(steps: _Steps, time: float) -> int:
    """The value from a moment on."""
    return next(
        value
        for when, value in zip(reversed(steps.times), reversed(steps.values), strict=True)
        if when <= time
    )


def _label_ends(
    axes: Axes, end: float, labels: Sequence[tuple[str, float, str]], height: float
) -> None:
    """Names the curves where they end, the names kept apart from each other."""
    gap = height * 0.115
    placed: list[tuple[float, str, str, float]] = []
    at = float("inf")
    for text, value, colour in sorted(labels, key=lambda label: -label[1]):
        at = min(value, at - gap)
        placed.append((at, text, colour, value))
        at -= gap * 0.55 * text.count("\n")
    for position, text, colour, value in placed:
        axes.annotate(
            text,
            xy=(end, value),
            xytext=(end * 1.022, position),
            color=_darker(colour),
            fontsize=10.5,
            va="center",
            linespacing=1.25,
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "lw": 1.2,
                "shrinkA": 2,
                "shrinkB": 0,
                "relpos": (0, 0.5),
            },
        )


def _darker(colour: str) -> str:
    """The same colour, dark enough to be read as text on white."""
    parts = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    light = 0.3 * parts[0] + 0.59 * parts[1] + 0.11 * parts[2]
    factor = min(1.0, 115 / light)
    return "#" + "".join(f"{int(part * factor):02x}" for part in parts)


def _draw_marks(figure: Figure, tokens: Axes, money: Axes, curves: _Curves) -> None:
    """A thin line and a number at every event, and below the title what the numbers mean."""
    at, gap = float("-inf"), curves.end * 0.021
    for number, (time, _) in enumerate(curves.marks, start=1):
        for axes in (tokens, money):
            axes.axvline(time, color=_PALE, lw=0.8, ls=(0, (1, 2)), zorder=5)
        at = max(time, at + gap)
        tokens.annotate(
            "",
            xy=(time, 1.0),
            xytext=(at, 1.06),
            xycoords=tokens.get_xaxis_transform(),
            textcoords=tokens.get_xaxis_transform(),
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": _PALE, "lw": 0.7, "shrinkA": 0, "shrinkB": 0},
        )
        above: dict[str, Any] = {"transform": tokens.get_xaxis_transform(), "clip_on": False}
        tokens.plot([at], [1.06], "o", ms=15, color=_INK, zorder=6, **above)
        tokens.text(
            at,
            1.0585,
            str(number),
            ha="center",
            va="center",
            fontsize=8.5,
            fontweight="bold",
            color="white",
            zorder=7,
            **above,
        )
    rows = -(-len(curves.marks) // _COLUMNS)
    for index, (time, text) in enumerate(curves.marks):
        column, row = divmod(index, rows)
        figure.text(
            x=0.022 + column * 0.98 / _COLUMNS,
            y=0.918 - row * 0.0182,
            s=f"$\\bf{{{index + 1}}}$  {text}, {time:.0f} s",
            fontsize=10.5,
            color=_INK,
        )


def _tidy(axes: Axes, curves: _Curves) -> None:
    axes.set_xlim(0, curves.end)
    axes.grid(visible=True, axis="y", color=_GRID, lw=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_PALE, length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_GRID)


def _draw_title(figure: Figure, story: Story, tally: Tally) -> None:
    gas = sum(proof.gas for proof in tally.proofs)
    seconds = sum(proof.proving_seconds for proof in tally.proofs)
    spent = amount(tally.deposit - tally.refund, tally.decimals)
    deposit = amount(tally.deposit, tally.decimals)
    title: dict[str, Any] = {"x": 0.022, "ha": "left"}
    figure.text(
        y=0.967,
        s=f"One session: {story.script.total:,} tokens streamed, {spent} of {deposit} {tally.symbol} spent",
        fontsize=16,
        fontweight="bold",
        color=_INK,
        **title,
    )
    figure.text(
        y=0.943,
        s=f"{len(tally.proofs)} EZKL proofs of {tally.proven:,} tokens, made in {seconds:.0f} s, verified on chain for "
        f"{gas:,} gas. Every step is an event on chain; the grey curve and the dots are the user's own count.",
        fontsize=10.5,
        color=_PALE,
        **title,
    )


def _draw_answer(figure: Figure, axes: Axes, answered: PromptTally, tally: Tally) -> None:
    """The second act: the question, the answer, and how long the proof between them and the payment took."""
    from matplotlib.lines import Line2D

    moments, proof = answered.moments, answered.proof
    end = moments["paid"]
    paid = amount(answered.payment, tally.decimals)
    text: dict[str, Any] = {"x": 0.022, "ha": "left"}
    top = axes.get_position().y1
    figure.add_artist(
        Line2D([0.022, 0.978], [top + 0.092] * 2, color=_GRID, lw=1.2, transform=figure.transFigure)
    )
    figure.text(
        y=top + 0.062,
        s=f"One question: “{answered.prompt}”",
        fontsize=13,
        fontweight="bold",
        color=_INK,
        **text,
    )
    figure.text(
        y=top + 0.038,
        s=f"“{answered.answer}”",
        fontsize=13,
        color=_darker(COLOURS["acknowledged"]),
        **text,
    )
    figure.text(
        y=top + 0.015,
        s=f"{paid} {tally.symbol} for the proof that the language model says so: {proof.tokens} tokens, proven in "
        f"{proof.proving_seconds:.1f} s, verified on chain for {proof.gas:,} gas.",
        fontsize=10.5,
        color=_PALE,
        **text,
    )
    spans = (
        ("asked", "answered", _MONEY["escrow"][0], ""),
        ("answered", "proven", COLOURS["proven"], "proving"),
        ("proven", "paid", COLOURS["settled"], ""),
    )
    for since, until, colour, label in spans:
        start, width = moments[since], moments[until] - moments[since]
        axes.barh(0, width, left=start, height=0.62, color=colour, alpha=0.75)
        if label:
            axes.text(start + width / 2, 0, label, ha="center", va="center", color="white")
    axes.annotate(
        f"paid after {end:.1f} s",
        xy=(end, 0),
        xytext=(8, 0),
        textcoords="offset points",
        va="center",
        fontsize=10.5,
        color=_darker(COLOURS["settled"]),
        annotation_clip=False,
    )
    axes.set_xlim(0, end)
    axes.set_ylim(-0.5, 0.5)
    axes.set_yticks([])
    axes.tick_params(colors=_PALE, length=0)
    axes.set_xlabel("seconds since the question", color=_PALE)
    for side in axes.spines.values():
        side.set_visible(False)
