"""What SECURITY.md and docs/SPEC.md promise, and the tests that they name for it."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_NUMBERED = re.compile(r"^(\d+)\. (.+(?:\n {3}.+)*)", re.MULTILINE)
_TEST = re.compile(r"`(tests/[\w/.]+)(?:::(\w+))?`")


@dataclass(frozen=True)
class Held:
    """A statement, and the tests that hold it."""

    label: str
    """A promise's or invariant's number, or a role."""
    cells: tuple[str, ...]
    """What is said of it: a promise and an invariant in one cell, a role in three (can, worst, limits)."""
    group: str
    """The heading of the third level above it; may be empty."""
    tests: tuple[tuple[Path, str, int], ...]
    """File, function (empty for the whole file) and line."""


def promises(root: Path) -> list[Held]:
    """SECURITY.md's, with the tests of docs/SPEC.md.

    Raises:
        ValueError: A test that is named does not exist. So in the other two.
    """
    tests = _tests_by_label(root, "Promises and their tests")
    found = _NUMBERED.findall(_section(root / "SECURITY.md", "Promises"))
    return [Held(n, (" ".join(text.split()),), "", tests.get(n, ())) for n, text in found]


def invariants(root: Path) -> list[Held]:
    """docs/SPEC.md's."""
    return [
        Held(number, (text,), group, _references(root, tests))
        for group, (number, text, tests) in _rows(_section(root / "docs/SPEC.md", "Invariants"), 3)
    ]


def roles(root: Path) -> list[Held]:
    """SECURITY.md's, with the tests of docs/SPEC.md."""
    tests = _tests_by_label(root, "Roles and their tests")
    section = _section(root / "SECURITY.md", "Who can do what")
    return [
        Held(role, tuple(cells), "", tests.get(role, ())) for _, (role, *cells) in _rows(section, 4)
    ]


def _tests_by_label(root: Path, heading: str) -> dict[str, tuple[tuple[Path, str, int], ...]]:
    rows = _rows(_section(root / "docs/SPEC.md", heading), 2)
    return {label: _references(root, tests) for _, (label, tests) in rows}


def _section(document: Path, heading: str) -> str:
    """What stands under a heading of the second level, whatever its number; nothing where there is none."""
    if not document.is_file():
        return ""
    pattern = rf"^## (?:\d+\. )?{heading}\n(.*?)(?=^## |\Z)"
    match = re.search(pattern, document.read_text(), re.MULTILINE | re.DOTALL)
    return match[1] if match else ""


def _rows(section: str, width: int) -> Iterator[tuple[str, list[str]]]:
    """The rows of the tables with so many columns, without their heads, each with the heading above."""
    group, in_body = "", False
    for line in section.splitlines():
        if line.startswith("### "):
            group = line.removeprefix("### ")
        elif not line.startswith("|"):
            in_body = False
        elif line.startswith("|--"):
            in_body = True
        elif in_body:
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            if len(cells) == width:
                yield group, cells


def _references(root: Path, cell: str) -> tuple[tuple[Path, str, int], ...]:
    return tuple(_reference(root, file, test) for file, test in _TEST.findall(cell))


def _reference(root: Path, file: str, test: str) -> tuple[Path, str, int]:
    path = root / file
    if not path.exists():
        raise ValueError(f"docs/SPEC.md names {file}, which does not exist")
    if not test:
        return path, "", 1
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and node.name == test:
            return path, test, node.lineno
    raise ValueError(f"docs/SPEC.md names {file}::{test}, which does not exist")
