"""`make spec`: writes docs/spec.html."""

import sys
from pathlib import Path

from rich.console import Console

from tests.specification.page.gather import gather
from tests.specification.page.markup import render
from tests.specification.trees import MalformedTree

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs/spec.html"
COVERAGE = ROOT / "build/coverage.json"


def main() -> int:
    """Writes the page and says what is on it."""
    try:
        specification = gather(ROOT, COVERAGE)
    except (MalformedTree, ValueError) as problem:
        Console(stderr=True, highlight=False, markup=False).print(f"spec: {problem}")
        return 1
    PAGE.write_text(render(specification))
    functions = [f for contract in specification.contracts for f in contract.functions]
    bullets = sum(len(function.requirements) for function in functions)
    say = Console(highlight=False, markup=False).print
    say(f"{PAGE.relative_to(ROOT)}: {len(functions)} functions, {bullets} requirements")
    if not specification.coverage.measured:
        say("without coverage: there is no build/coverage.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
