"""`make gas`: weighs every operation, compares with the budgets and with the committed table.

    python -m bench.gas              fails over budget, and on more than 1% growth against bench/gas.json
    python -m bench.gas --update     writes bench/gas.json and docs/GAS.md
    python -m bench.gas --no-proofs  leaves out the proofs (keys and proofs of 1,024 tokens take a minute)

Also draws build/gas.png. A row that is over its budget for a known reason carries it as `over_budget_because`: it is
reported, and fails only if it grows.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import ape
from rich.console import Console

from bench import factory_operations, operations
from bench.budgets import BUDGETS, REASONS
from bench.costs import TRANSACTION
from bench.operations import Weighed
from bench.purchases import PURCHASES
from bench.report import draw, page, show
from tests.harness.actors import dev_actors
from tests.harness.connection import DirectProvider
from tests.harness.deployment import deploy_escrow
from tests.harness.factory import deploy_factory

HERE = Path(__file__).parent
TABLE = HERE / "gas.json"
PAGE = HERE.parent / "docs" / "GAS.md"
CHART = HERE.parent / "build" / "gas.png"
GROWTH = 0.01

ROLES = (
    *("owner", "admin", "signer", "treasury", "user", "other_user", "host", "other_host"),
    *("worker", "arbiter", "relayer", "stranger", "issuer", "evaluator"),
)
CONTRACTS = (
    "JobFactory",
    "JobMarketplace",
    "JobMarketplaceExtension",
    "ProofSystem",
    "WorkerRegistry",
    "SessionLens",
)
CODE_LIMIT, INITCODE_LIMIT = 24_576, 49_152  # EIP-170, EIP-3860


def measured(sizes: tuple[int, ...]) -> Iterator[Weighed]:
    """Every row, on a chain of its own; `sizes` are the circuits to prove with."""
    with ape.networks.parse_network_choice("ethereum:local:foundry"):
        provider = ape.chain.provider
        provider.web3.provider = DirectProvider(provider.uri)
        escrow = deploy_escrow(ape.project, dict(zip(ROLES, dev_actors(len(ROLES)), strict=True)))
        operations.warm_up(escrow)
        yield from chain(
            operations.openings(escrow),
            operations.vouchers(escrow),
            operations.claims(escrow),
            operations.closings(escrow),
            operations.whole_sessions(escrow),
            operations.registration(escrow),
        )
        yield from factory_operations.jobs(deploy_factory(ape.project, escrow))
        for size in sizes:
            yield from operations.proofs(escrow, size, circuit_id=size)
        if sizes:
            yield from operations.prompt_job(escrow, circuit_id=16)


def row(weighed: Weighed, peers: dict[str, dict[str, int]]) -> dict[str, Any]:
    """As it is committed."""
    operation = weighed.operation
    budget = weighed.budget or BUDGETS.get(operation)
    fields: dict[str, Any] = {
        "operation": operation,
        "gas": weighed.gas,
        "budget": budget,
        "peers": peers.get(operation, {}),
        "calldata_bytes": weighed.calldata_bytes,
        "l1_fee_estimate": weighed.l1_fee_estimate,
        "parts": dict(weighed.parts.most_common()),
        "buys": PURCHASES.get(operation, ("", ""))[1],
    }
    if budget is not None and weighed.gas > budget and operation in REASONS:
        fields["over_budget_because"] = REASONS[operation]
    return fields


def largest_part(row: dict[str, Any]) -> str:
    """Beyond the transaction itself, which nobody can spare."""
    parts: dict[str, int] = {what: gas for what, gas in row["parts"].items() if what != TRANSACTION}
    return max(parts, key=parts.__getitem__)


def code_sizes() -> list[dict[str, Any]]:
    """How much of Ethereum's limits the contracts take."""
    types = {name: ape.project.get_contract(name).contract_type for name in CONTRACTS}
    return [
        {
            "contract": name,
            "bytes": len(bytes.fromhex(kind.runtime_bytecode.bytecode.removeprefix("0x"))),
            "limit": CODE_LIMIT,
            "initcode_bytes": len(
                bytes.fromhex(kind.deployment_bytecode.bytecode.removeprefix("0x"))
            ),
            "initcode_limit": INITCODE_LIMIT,
        }
        for name, kind in types.items()
    ]


def failures(table: dict[str, Any], committed: dict[str, Any]) -> Iterator[str]:
    """What is wrong, one sentence each."""
    before = {row["operation"]: row["gas"] for row in committed.get("rows", [])}
    for row in table["rows"]:
        name, gas, budget = row["operation"], row["gas"], row["budget"]
        if budget is not None and gas > budget and "over_budget_because" not in row:
            yield f"{name}: {gas:,} gas, {gas - budget:,} over its budget"
        if name in before and gas > before[name] * (1 + GROWTH):
            yield f"{name}: {gas:,} gas, grown from {before[name]:,}"
        part, _ = PURCHASES.get(name, ("", ""))
        if row["parts"] and part != (largest := largest_part(row)):
            yield f"{name}: its largest part is {largest}; bench/purchases.py does not say what it buys"
    for size in table["contracts"]:
        for what in ("", "initcode_"):
            bytes_, limit = size[f"{what}bytes"], size[f"{what}limit"]
            if bytes_ > limit:
                yield f"{size['contract']}: {bytes_:,} bytes of {what or 'code'}, the limit is {limit:,}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.gas", description=__doc__)
    parser.add_argument("--update", action="store_true", help="write bench/gas.json")
    parser.add_argument(
        "--no-proofs", action="store_true", help="keep the committed rows of the proofs"
    )
    arguments = parser.parse_args()

    peers = json.loads((HERE / "peers.json").read_text())["rows"]
    committed = json.loads(TABLE.read_text()) if TABLE.exists() else {}
    rows = [row(w, peers) for w in measured(() if arguments.no_proofs else (64, 1_024))]
    if arguments.no_proofs:
        names = {fresh["operation"] for fresh in rows}
        rows += [old for old in committed.get("rows", []) if old["operation"] not in names]
    table = {"rows": rows, "contracts": code_sizes()}

    console = Console(width=118)
    show(console, table, committed)
    draw(table["rows"], CHART)
    console.print(f"Chart: {CHART.relative_to(HERE.parent)}")
    if arguments.update:
        PAGE.write_text(page(table["rows"]), encoding="utf-8")
        TABLE.write_text(json.dumps(table, indent=2, ensure_ascii=False) + "\n")
        committed = table
    problems = list(failures(table, committed))
    for problem in problems:
        console.print(f"[red]✗[/] {problem}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
