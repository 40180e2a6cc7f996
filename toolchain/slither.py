"""Runs slither over the contracts with the project's own compiler, and fails on any finding of medium or high impact.

What a finding is about stays next to the code: either the code changes, or the line carries
`// slither-disable-next-line <detector>` below a comment that says why the finding does not hold.

Verifiers (written by EZKL) and mocks are left out. Slither cannot read OpenZeppelin's transient reentrancy guard and says so
for each contract that has it; those messages are counted, not shown: nothing of ours is skipped with them.

Run by `make lint`; half a minute.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

ROOT = Path(__file__).resolve().parents[1]
NOT_OURS = {"verifiers", "mocks"}
IMPACTS = ("High", "Medium")
OUTPUTS = ["abi", "metadata", "devdoc", "userdoc", "evm.bytecode", "evm.deployedBytecode"]
UNREADABLE = "Impossible to generate IR for "
KNOWN_UNREADABLE = "utils/ReentrancyGuardTransient.sol"


def compiler_input() -> dict[str, Any]:
    """All our sources, unoptimised: slither reads the syntax tree, and the stack is too deep without the IR."""
    sources = (
        path.relative_to(ROOT)
        for folder in ("contracts", "interfaces")
        for path in sorted((ROOT / folder).rglob("*.sol"))
    )
    return {
        "language": "Solidity",
        "sources": {
            str(path): {"content": (ROOT / path).read_text(encoding="utf-8")}
            for path in sources
            if not NOT_OURS & set(path.parts)
        },
        "settings": {
            "remappings": ["@openzeppelin/contracts=node_modules/@openzeppelin/contracts"],
            "viaIR": True,
            "evmVersion": "cancun",
            "optimizer": {"enabled": False},
            "outputSelection": {"*": {"*": OUTPUTS, "": ["ast"]}},
        },
    }


def analyse(folder: Path) -> tuple[list[dict[str, Any]], str]:
    """Slither's findings, and what it printed.

    Raises:
        SystemExit: It did not come to an end.
    """
    source, report = folder / "slither-input.json", folder / "slither.json"
    source.write_text(json.dumps(compiler_input()), encoding="utf-8")
    report.unlink(missing_ok=True)
    command = [
        *(str(Path(sys.executable).with_name("slither")), str(source)),
        *("--compile-force-framework", "solc-json", "--solc", "toolchain/solc.js"),
        *("--filter-paths", "node_modules", "--json", str(report)),
        *("--exclude-informational", "--exclude-optimization", "--exclude-low"),
    ]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if not report.exists() or not (answer := json.loads(report.read_text()))["success"]:
        sys.exit(f"slither failed:\n{run.stdout}\n{run.stderr}")
    return answer["results"].get("detectors", []), run.stdout + run.stderr


def unread(printed: str) -> Iterator[str]:
    """Functions that slither could not read, other than those that are known."""
    for line in printed.splitlines():
        if UNREADABLE in line and KNOWN_UNREADABLE not in line:
            yield line.split(UNREADABLE, 1)[1]


def main() -> None:
    """Prints the findings; exit code 1 if there are any."""
    say = partial(Console().print, markup=False, highlight=False, soft_wrap=True)
    folder = ROOT / "build"
    folder.mkdir(exist_ok=True)
    findings, printed = analyse(folder)
    ours = [finding for finding in findings if finding["impact"] in IMPACTS]
    for finding in ours:
        say(f"{finding['impact']}: {finding['check']}\n{finding['description']}")
    skipped = list(unread(printed))
    for function in skipped:
        say(f"slither cannot read {function}")
    if ours or skipped:
        sys.exit(f"slither: {len(ours)} findings. Mend them, or explain each where it stands.")
    say("slither: no finding of medium or high impact")


if __name__ == "__main__":
    main()
