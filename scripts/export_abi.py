"""Writes the ABIs that ship with the Python package: `ape run export_abi`.

`--check` writes nothing and fails if the file is not what the compiled contracts say.
"""

import json
from pathlib import Path
from typing import Any

import ape
import click

# Each contract with the other half that answers through its fallback, if it has one.
CONTRACTS = {
    "JobFactory": ("JobFactory",),
    "JobMarketplace": ("JobMarketplace", "JobMarketplaceExtension"),
    "ProofSystem": ("ProofSystem",),
    "SessionLens": ("SessionLens",),
    "WorkerRegistry": ("WorkerRegistry",),
}
NOTE = "generated from the compiled contracts by `ape run export_abi`: do not edit"


def shipped_file() -> Path:
    """The file in the package of the project whose contracts are exported."""
    return Path(ape.project.path) / "provenwork" / "chain" / "contracts.json"


def compiled_abi(contract: str) -> list[dict[str, Any]]:
    """Everything a contract answers to, sorted, so that the order of the sources does not matter."""
    own, *others = CONTRACTS[contract]
    entries = _entries(own)
    for half in others:
        # Its constructor, and whatever else has no name, is nobody's who calls the first half.
        entries |= {text: entry for text, entry in _entries(half).items() if "name" in entry}
    return [entries[text] for text in sorted(entries)]


def _entries(half: str) -> dict[str, dict[str, Any]]:
    """The entries of one compiled contract's ABI by a text to sort by."""
    found = [
        json.loads(entry.model_dump_json(by_alias=True, exclude_none=True))
        for entry in ape.project.get_contract(half).contract_type.abi
    ]
    return {
        f"{entry['type']} {entry.get('name', '')} {json.dumps(entry)}": entry for entry in found
    }


def rendered() -> str:
    """The whole file as it should be: one entry of an ABI on each line, so that a change shows as one."""
    lines = [f'  "generated": {json.dumps(NOTE)}']
    for contract in CONTRACTS:
        entries = ",\n".join(f"    {json.dumps(entry)}" for entry in compiled_abi(contract))
        lines.append(f'  "{contract}": [\n{entries}\n  ]')
    return "{\n" + ",\n".join(lines) + "\n}\n"


@click.command()
@click.option("--check", is_flag=True, help="Only compare.")
def cli(check: bool) -> None:
    """Writes the ABIs that ship with the Python package."""
    text, file = rendered(), shipped_file()
    if not check:
        file.write_text(text, encoding="utf-8")
        click.echo(f"wrote {file}")
    elif not file.is_file() or file.read_text(encoding="utf-8") != text:
        raise click.ClickException(f"{file.name} is stale: run `ape run export_abi`")
