"""What the services' documents say of their tests: each that they name exists, and each fault has one."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    path
    for name in ("API", "CHAIN", "DATABASE", "EVENTS")
    if (path := ROOT / "docs" / f"{name}.md").exists()
]
NAMED = sorted(
    {
        (path.name, name)
        for path in DOCUMENTS
        for name in re.findall(r"`(?:[\w/]+/)?(test_\w+(?:\.py)?)`", path.read_text())
    }
)
FAULTS = (
    "process killed", "connection cut", "database restarted", "disk full", "clock jumped", "node lying",
    "reorg of depth 1 to 30", "slow consumer", "flood",
)  # fmt: skip


@pytest.fixture(scope="session", autouse=True)
def direct_connection():
    """No chain."""


@pytest.fixture(scope="module", autouse=True)
def isolated_file():
    """No chain."""


@pytest.fixture(autouse=True)
def isolated_test():
    """No chain."""


@pytest.fixture(scope="module")
def tests():
    """The names of all tests, and of their files."""
    found = set()
    for file in (ROOT / "tests").rglob("test_*.py"):
        found.add(file.name)
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found.add(node.name)
    return found


def tables(text):
    """The rows of all tables, each as its cells, without heads and rules."""
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows if not row[0].startswith("-")]


@pytest.mark.parametrize(("document", "name"), NAMED)
def test_every_test_that_is_named_exists(tests, document, name):
    """A file, or a function of one."""
    assert name in tests, f"{document} names {name}"


@pytest.mark.parametrize("document", ["CHAIN.md", "DATABASE.md"])
def test_every_fault_names_a_test(document):
    """In each table of faults, each row."""
    text = (ROOT / "docs" / document).read_text()
    rows = [row for row in tables(text) if len(row) == 3 and row[-1] != "test"]
    assert len(rows) > 10
    assert [row[0] for row in rows if not re.search(r"`(tests/[\w/]+/)?test_\w+", row[-1])] == []


def test_every_fault_is_there():
    """The list of faults, for the store, the sender and the indexer: a test, or why it cannot happen."""
    text = (ROOT / "docs" / "CHAIN.md").read_text()
    rows = [row for row in tables(text) if len(row) == 4 and row[0] != "fault"]
    assert tuple(row[0] for row in rows) == FAULTS
    assert all(all(row) for row in rows)
    assert all(sum("test_" in cell for cell in row) >= 1 for row in rows)
