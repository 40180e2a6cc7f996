"""The gas table for the terminal, and the chart of what is comparable."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.costs import TRANSACTION

FLOOR = "bare floor"


def show(console: Console, table: dict[str, Any], committed: dict[str, Any]) -> None:
    """Every row with its budget, its change since the committed table and the cheapest peer."""
    before = {row["operation"]: row["gas"] for row in committed.get("rows", [])}
    grid = Table(title="Gas of whole transactions", header_style="bold")
    grid.add_column("operation")
    for name in ("gas", "change", "budget", "room", "calldata", "L1 fee, gwei"):
        grid.add_column(name, justify="right")
    grid.add_column("cheapest peer")
    notes: dict[str, list[str]] = {}
    for row in table["rows"]:
        gas, budget = row["gas"], row["budget"]
        change = gas - before.get(row["operation"], gas)
        room = "" if budget is None else f"{budget - gas:+,}"
        if budget is not None and gas > budget:
            reason = row.get("over_budget_because")
            room = f"[{'yellow' if reason else 'red'}]{room}[/]"
            if reason:
                notes.setdefault(reason, []).append(row["operation"])
        peers = {name: cost for name, cost in row["peers"].items() if name != FLOOR}
        cheapest = min(peers, key=peers.__getitem__) if peers else None
        grid.add_row(
            row["operation"],
            f"{gas:,}",
            f"{change:+,}" if change else "",
            "" if budget is None else f"{budget:,}",
            room,
            f"{row['calldata_bytes']:,}",
            f"{row['l1_fee_estimate'] / 1e9:,.1f}",
            f"{peers[cheapest]:,} {cheapest}" if cheapest else "",
        )
    console.print(grid)
    for reason, names in notes.items():
        console.print(f"[yellow]over budget[/] {'; '.join(names)}: {reason}.")
    sizes = Table(title="Contract sizes", header_style="bold")
    for name in ("contract", "bytes", "room", "initcode", "room"):
        sizes.add_column(name, justify="left" if name == "contract" else "right")
    for size in table["contracts"]:
        code, init = size["bytes"], size["initcode_bytes"]
        rooms = (f"{size['limit'] - code:,}", f"{size['initcode_limit'] - init:,}")
        sizes.add_row(size["contract"], f"{code:,}", rooms[0], f"{init:,}", rooms[1])
    console.print(sizes)


HEADER = """<!-- Written by `make gas ARGS=--update`; what is said of the costs stands in bench/purchases.py. -->

# What every operation costs, and what that buys

Gas of whole transactions, measured from receipts on a local chain: ledger slots already non-zero, a finite allowance, a
plain token of six decimals. A proxied token like the real USDC adds 9,000 to 10,000 to each operation that moves it; Base
adds the fee for the calldata's place on Ethereum. "Peer" is the cheapest of the protocols in
[bench/peers.json](../bench/peers.json) that has such an operation. The last columns are the largest part of the gas beyond
the 21,000 of any transaction, and what it buys.

| operation | gas | budget | cheapest peer | largest part | buys |
|---|---:|---:|---|---|---|
"""


def page(rows: list[dict[str, Any]]) -> str:
    """docs/GAS.md."""
    lines = []
    for row in rows:
        peers = {name: cost for name, cost in row["peers"].items() if name != FLOOR}
        cheapest = min(peers, key=peers.__getitem__) if peers else ""
        parts = {what: gas for what, gas in row["parts"].items() if what != TRANSACTION}
        largest = max(parts, key=parts.__getitem__)
        cells = (
            row["operation"],
            f"{row['gas']:,}",
            f"{row['budget']:,}" if row["budget"] else "",
            f"{peers[cheapest]:,} {cheapest}" if cheapest else "",
            f"{parts[largest]:,} {largest}",
            row["buys"],
        )
        lines.append(f"| {' | '.join(cells)} |")
    return HEADER + "\n".join(lines) + "\n"


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Ours in bars, the budget as a line across, each peer as a dot."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    shown = [row for row in rows if row["peers"]][::-1]
    names = sorted({name for row in shown for name in row["peers"]})
    figure, axes = plt.subplots(figsize=(11, 0.55 * len(shown) + 1.8), layout="constrained")
    places = range(len(shown))
    axes.barh(places, [row["gas"] for row in shown], 0.55, color="#3b6ea5", label="Provenwork")
    for place, row in zip(places, shown, strict=True):
        axes.text(1.05e4, place, f"{row['gas']:,}", color="white", va="center", size=8)
        if row["budget"] is not None:
            axes.vlines(row["budget"], place - 0.38, place + 0.38, color="black", lw=2)
    axes.plot([], [], color="black", lw=2, label="budget")
    markers = dict(zip(names, "osD^vP*X", strict=False))
    for name in names:
        dots = [
            (row["peers"][name], place)
            for place, row in zip(places, shown, strict=True)
            if name in row["peers"]
        ]
        style = (
            {"edgecolors": "black", "facecolors": "none"}
            if name == FLOOR
            else {"edgecolors": "white", "linewidths": 0.5}
        )
        across, along = zip(*dots, strict=True)
        axes.scatter(across, along, marker=markers[name], s=48, zorder=3, label=name, **style)
    axes.set_yticks(places, [row["operation"] for row in shown])
    axes.set_xscale("log")
    axes.set_xticks(
        [2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 3e6], ["20k", "50k", "100k", "200k", "500k", "1M", "3M"]
    )
    axes.minorticks_off()
    axes.set_xlim(1e4, 4.5e6)
    axes.set_xlabel("gas of the whole transactions (logarithmic)")
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(
        *axes.get_legend_handles_labels(),
        loc="outside upper center",
        ncols=5,
        frameon=False,
        fontsize=9,
    )
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=130)
    plt.close(figure)
