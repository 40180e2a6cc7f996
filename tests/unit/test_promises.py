"""What SECURITY.md and docs/SPEC.md promise names the tests that hold it, and they exist; so do those of docs/REVIEW.md."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECURITY = (ROOT / "SECURITY.md").read_text()
SPEC = (ROOT / "docs/SPEC.md").read_text()
REVIEW = (ROOT / "docs/REVIEW.md").read_text()

_REFERENCE = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
REFERENCES = sorted(set(_REFERENCE.findall(SECURITY + SPEC + REVIEW)))


def _section(text: str, heading: str) -> str:
    """What stands under a heading of the second level, whatever its number."""
    found = re.search(
        rf"^## (?:\d+\. )?{heading}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL
    )
    assert found, f"there is no section {heading!r}"
    return found[1]


def _rows(section: str) -> dict[str, str]:
    """The tables' rows by what stands in their first column."""
    found = re.findall(r"^\| ([^|]*?) \|(.*)\|$", section, re.MULTILINE)
    rows = {first: rest for first, rest in found if not first.startswith("-")}
    assert len(rows) == len({row for row in found if not row[0].startswith("-")}), "two in one row"
    return rows


def _without_test(rows: dict[str, str], wanted: list[str]) -> list[str]:
    """Those that have no row, or one that names no test."""
    return [name for name in wanted if not _REFERENCE.search(rows.get(name, ""))]


@cache
def _functions(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize(("file", "test"), REFERENCES, ids=lambda part: Path(part).name)
def test_every_test_that_is_named_exists(file: str, test: str) -> None:
    """A file, or a function in it."""
    assert (ROOT / file).is_file(), f"{file} does not exist"
    assert not test or test in _functions(file), f"{file} has no {test}"


def test_every_promise_names_a_test() -> None:
    """SECURITY.md numbers the promises, docs/SPEC.md names their tests."""
    promises = re.findall(r"^(\d+)\. \*\*", _section(SECURITY, "Promises"), re.MULTILINE)
    assert promises == [str(n + 1) for n in range(len(promises))]
    assert promises
    assert _without_test(_rows(_section(SPEC, "Promises and their tests")), promises) == []


def test_every_role_names_a_test() -> None:
    """Each row of SECURITY.md's table has one in docs/SPEC.md, and the other way round."""
    roles = [role for role in _rows(_section(SECURITY, "Who can do what")) if role != "role"]
    rows = _rows(_section(SPEC, "Roles and their tests"))
    assert [role for role in rows if role != "role"] == roles
    assert _without_test(rows, roles) == []


def test_every_invariant_names_a_test() -> None:
    """They are numbered through, and there are at least 25 of them."""
    rows = _rows(_section(SPEC, "Invariants"))
    numbers = [first for first in rows if first.isdigit()]
    assert numbers == [str(n + 1) for n in range(len(numbers))]
    assert len(numbers) >= 25
    assert _without_test(rows, numbers) == []
