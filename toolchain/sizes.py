"""Prints how large each deployed contract is, and fails above the limits of EIP-170 and EIP-3860.

Run by `make lint`, after compiling.
"""

import sys

import ape
from rich.console import Console
from rich.table import Table

from provenwork.chain import verifier_project

CODE_LIMIT, INITCODE_LIMIT = 24_576, 49_152
ABOVE = "[bold red]{:,}[/]"


def main() -> None:
    """One row per contract of ours and per verifier."""
    table = Table("contract", title="bytes on chain")
    for heading in (f"code (≤ {CODE_LIMIT:,})", "free", f"initcode (≤ {INITCODE_LIMIT:,})"):
        table.add_column(heading, justify="right")
    too_large = []
    for project in (ape.project, verifier_project()):
        for name, kind in sorted(project.load_contracts().items()):
            source = kind.source_id or ""
            if not kind.deployment_bytecode or "mocks/" in source or "interfaces/" in source:
                continue
            code = len(kind.get_runtime_bytecode() or b"")
            initcode = len(kind.get_deployment_bytecode() or b"")
            if initcode == 0 or "libraries/" in source:
                continue  # an interface, or a library that is inlined
            if code > CODE_LIMIT or initcode > INITCODE_LIMIT:
                too_large.append(name)
            table.add_row(name, f"{code:,}", f"{CODE_LIMIT - code:,}", f"{initcode:,}")
    Console().print(table)
    if too_large:
        sys.exit(f"too large to deploy: {', '.join(too_large)}")


if __name__ == "__main__":
    main()
