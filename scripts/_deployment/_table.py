"""What will be done and what stands where, as tables for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from eth_typing import ChecksumAddress
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from scripts._deployment._checks import Check
from scripts._deployment._deploy import Proposal
from scripts._deployment._plan import Plan
from scripts._deployment._record import Deployment
from scripts._deployment._rehearsal import Cost
from scripts._deployment._steps import Create, Step, shown

__all__ = [
    "check_lines",
    "contracts_table",
    "cost_lines",
    "holders_table",
    "named_addresses",
    "proposal_tables",
    "steps_table",
    "warning_lines",
]

_ETHER, _GWEI = 10**18, 10**9


def proposal_tables(proposal: Proposal) -> Iterator[RenderableType]:
    """All that a proposal would do: who, what, where, with which values, and for how much."""
    parameters, plan = proposal.parameters, proposal.plan
    names = named_addresses(plan)
    yield _roles(proposal)
    yield steps_table("contracts", plan.creations, proposal.cost, names)
    changes = [*plan.changes, *(handover.offer for handover in plan.handovers)]
    yield steps_table("configuration", changes, proposal.cost, names)
    yield Text(f"\nAddresses are for salt {parameters.salt!r} and this code.", style="dim")
    yield from cost_lines(proposal.cost, len(proposal.todo))
    yield Text(f"{proposal.deployer} has {_ether(proposal.balance)}.", style="dim")
    yield from warning_lines(proposal.warnings)


def warning_lines(warnings: Sequence[str]) -> Iterator[RenderableType]:
    """What somebody should think about."""
    for warning in warnings:
        yield Text(f"Warning: {warning}", style="bold yellow")


def named_addresses(plan: Plan) -> dict[ChecksumAddress, str]:
    """What a plan's contracts are called, by their addresses."""
    return {address: name for name, address in plan.addresses.items()}


def cost_lines(cost: Cost, steps: int) -> Iterator[RenderableType]:
    """What it costs, in words."""
    if not steps:
        yield Text("Everything was done already.")
        return
    data = f", {_ether(cost.data_fee)} of it for data on Ethereum" if cost.data_fee else ""
    yield Text.assemble(
        (f"{steps} transactions, {cost.total_gas:,} gas, {_ether(cost.expected)}", "bold"),
        f" at {cost.price / _GWEI:g} gwei{data}; at most {_ether(cost.at_most)}.",
    )


def steps_table(
    title: str,
    steps: Sequence[Step],
    cost: Cost,
    names: Mapping[Any, str] | None = None,
    *,
    priced: bool = True,
) -> Table:
    """Contracts to be made or functions to be called, with every value, and the gas of what was not yet done.

    Args:
        title: What they are.
        steps: The steps.
        cost: What the rehearsal says.
        names: What to call addresses.
        priced: Whether to show the gas.
    """
    table = _table(title)
    table.add_column("")
    table.add_column("")
    table.add_column("gas" if priced else "", justify="right")
    for step in steps:
        gas = cost.gas.get(step.purpose)
        done = "stands" if isinstance(step, Create) else "done"
        what = step.address if isinstance(step, Create) else step.function
        why = "" if isinstance(step, Create) else f"\n{step.purpose}"
        table.add_row(
            Text(step.contract, "bold"),
            Text.assemble((what, "bold"), (why, "dim")),
            "" if not priced else done if gas is None else f"{gas:,}",
        )
        for name, value in step.arguments:
            table.add_row(f"  {name}", (names or {}).get(value) or shown(value))
    return table


def check_lines(checks: Sequence[Check]) -> Iterator[RenderableType]:
    """What was read back, and whether it is as it should be."""
    for check in checks:
        if check.holds:
            yield Text.assemble(("✓", "green"), f" {check.name}  ", (check.found, "dim"))
        else:
            said = f"{check.found}, not {check.wanted}"
            yield Text.assemble(("✗", "bold red"), f" {check.name}  ", (said, "bold"))


def holders_table(
    deployment: Deployment, holders: Sequence[tuple[str, str, ChecksumAddress]]
) -> Table:
    """Who holds which role now, by the names that the accounts had when it was deployed."""
    names: dict[ChecksumAddress, str] = {}
    for role, account in deployment.roles.items():
        names[account] = f"{names[account]}, {role}" if account in names else role
    table = _table("who holds what now")
    table.add_column("role")
    table.add_column("account")
    for contract, role, account in holders:
        name = names.get(account, "nobody when it was deployed")
        table.add_row(f"{contract}: {role}", Text.assemble(account, (f"\n{name}", "dim")))
    return table


def contracts_table(deployment: Deployment) -> Table:
    """A deployment's contracts, where they stand, and what they are for."""
    table = _table(f"{deployment.network}, chain {deployment.chain_id}")
    table.add_column("contract")
    table.add_column("address")
    table.add_column("gas", justify="right")
    notes = _notes(deployment)
    for name, placed in deployment.contracts.items():
        note = f"\n  {notes[name]}" if name in notes else ""
        table.add_row(
            name,
            Text.assemble(placed.address, (note, "dim")),
            "" if placed.gas is None else f"{placed.gas:,}",
        )
    return table


def _notes(deployment: Deployment) -> dict[str, str]:
    named = {placed.address: name for name, placed in deployment.contracts.items()}
    notes: dict[str, str] = {
        circuit.verifier: f"circuit {number}: {circuit.name}"
        for number, circuit in deployment.circuits.items()
    }
    for name, address in deployment.tokens.items():
        if address in named:
            notes[named[address]] = f"payment token {name}"
    for name, placed in deployment.contracts.items():
        if placed.made_by is not None:
            notes[name] = f"made by {placed.made_by}"
        elif placed.transaction is None:
            notes[name] = "made by somebody else, from the same code"
    return notes


def _roles(proposal: Proposal) -> Table:
    parameters = proposal.parameters
    table = _table(f"{proposal.network}, chain {parameters.chain_id}, from {parameters.path.name}")
    table.add_column("role")
    table.add_column("account")
    table.add_column("")
    for name, account in proposal.plan.roles.items():
        kind = "contract" if proposal.node.code(account) else "key"
        table.add_row(name, account, Text(kind, "dim"))
    return table


def _table(title: str) -> Table:
    """Fits 80 columns with an address in the second of three; what does not fit is folded, never cut."""
    return _Folding(
        box=None,
        title=f"\n{title}",
        title_justify="left",
        title_style="bold",
        header_style="dim",
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )


class _Folding(Table):
    def add_column(self, header: RenderableType = "", *arguments: Any, **options: Any) -> None:
        # The second column's width is that of an address.
        kept = {"overflow": "fold", "no_wrap": len(self.columns) == 1}
        super().add_column(header, *arguments, **{**kept, **options})


def _ether(wei: int) -> str:
    return f"{wei / _ETHER:.6f} ETH"
