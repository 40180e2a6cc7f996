"""Interfaces, branch trees and tests say the same: see tests/README.md."""

from pathlib import Path

import pytest

from tests.specification.checker import check_file, check_folder, check_interface, folder_of

UNIT = Path(__file__).parent
INTERFACES = sorted((UNIT.parents[1] / "interfaces").glob("I*.sol"))
FOLDERS = sorted(folder for folder in UNIT.iterdir() if any(folder.glob("*.tree")))
FILES = sorted(UNIT.glob("*/test_*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_leaf_is_one_test(path: Path) -> None:
    """Every leaf is the first sentence of exactly one test, and no test is off the tree."""
    assert check_file(path) == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_tree_has_tests(folder: Path) -> None:
    """No tree stands alone."""
    assert check_folder(folder) == []


@pytest.mark.parametrize("interface", INTERFACES, ids=lambda interface: interface.stem)
def test_every_requirement_has_one_revert_test(interface: Path) -> None:
    """Every requirement of an interface is one reverting leaf of its function's tree."""
    assert check_interface(interface, folder_of(interface, UNIT)) == []


def test_no_failure_is_swallowed() -> None:
    """Nobody uses Ape's `isolate`, which swallows what is raised inside: see `isolated`."""
    swallowing = f".{'isolate'}("
    files = sorted(UNIT.parent.rglob("*.py"))
    assert [path for path in files if swallowing in path.read_text()] == [
        UNIT.parent / "harness/execution.py"
    ]
