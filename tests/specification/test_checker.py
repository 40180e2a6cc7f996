"""The checker finds whatever is missing or too much between interface, tree and test."""

from pathlib import Path

import pytest

from tests.specification.checker import (
    check_file,
    check_folder,
    check_interface,
    snake_case,
)
from tests.specification.requirements import requirements

INTERFACE = """
interface IThing {
    /// @notice Does it.
    ///
    /// @dev Emits {Done}.
    ///
    /// Notes:
    /// - The thing is done once.
    ///
    /// Requirements:
    /// - The caller must be the owner.
    /// - The thing must not be done, which is said in a sentence that goes on
    ///   in a second line.
    ///
    /// @param how In which way.
    function doIt(uint256 how) external;

    /// @notice Whether it is done.
    function done() external view returns (bool);
}
"""

OWNER = "it should revert: the caller must be the owner"
ONCE = (
    "it should revert: the thing must not be done, which is said in a sentence that goes on"
    " in a second line"
)
DONE = "it should be done"

TREE = f"""doIt
├── when the caller is a stranger
│   └── {OWNER}
└── given it is not done
    ├── {ONCE}
    └── {DONE}
"""

TESTS = f'''
def test_owner(thing):
    """{OWNER.capitalize()}."""
    with reverts(thing.NotOwner, caller=1):
        thing.do_it()


def test_once(thing):
    """It should revert: the thing must not be done, which is said in a sentence that
    goes on in a second line. And here is more about it.
    """
    with reverts(thing.Done, at=1):
        thing.do_it()


def test_done(thing):
    """{DONE.capitalize()}."""
    assert thing.done()
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound interface, tree and test file."""
    (tmp_path / "IThing.sol").write_text(INTERFACE)
    (tmp_path / "do_it.tree").write_text(TREE)
    (tmp_path / "test_do_it.py").write_text(TESTS)
    return tmp_path


def complaints(folder: Path, *, tree: str = TREE, tests: str = TESTS) -> list[str]:
    """All that the checker says about the folder with this tree and these tests."""
    (folder / "do_it.tree").write_text(tree)
    (folder / "test_do_it.py").write_text(tests)
    return [
        *check_file(folder / "test_do_it.py"),
        *check_folder(folder),
        *check_interface(folder / "IThing.sol", folder),
    ]


def test_sound(folder):
    """Nothing is said about what is sound."""
    assert complaints(folder) == []


def test_requirements(folder):
    """Bullets are read whole, notes are not, and functions without requirements are left out."""
    owner, once = (
        OWNER.removeprefix("it should revert: t"),
        ONCE.removeprefix("it should revert: t"),
    )
    assert requirements(folder / "IThing.sol") == {"doIt": [f"T{owner}.", f"T{once}."]}


def test_missing_test(folder):
    """A leaf without a test is named."""
    tests = TESTS.split("def test_done", maxsplit=1)[0]
    assert complaints(folder, tests=tests) == [f"doIt: no test says: {DONE}"]


def test_missing_leaf(folder):
    """A test off the tree is named."""
    tree = TREE.replace(f"    ├── {ONCE}\n    └── {DONE}\n", f"    └── {ONCE}\n")
    assert complaints(folder, tree=tree) == [f"doIt: not in the tree: '{DONE}'"]


def test_repeated_sentence(folder):
    """Two tests for one leaf are one too many."""
    tests = TESTS + TESTS.rsplit("\n\n\n", maxsplit=1)[-1].replace("test_done", "test_done_again")
    assert complaints(folder, tests=tests) == [f"doIt: not in the tree: '{DONE}'"]


def test_repeated_name(folder):
    """Of two tests with one name, Python keeps only the second."""
    tests = TESTS.replace("def test_owner", "def test_done")
    assert complaints(folder, tests=tests) == ["doIt: test_done is defined 2 times"]


def test_no_assertion(folder):
    """A test that asserts nothing is named."""
    tests = TESTS.replace("assert thing.done()", "thing.done()")
    assert complaints(folder, tests=tests) == ["doIt: test_done asserts nothing"]


def test_revert_without_reverts(folder):
    """A test that says it reverts must look at the error."""
    tests = TESTS.replace("with reverts(thing.NotOwner, caller=1):", "with pytest.raises(Error):")
    assert complaints(folder, tests=tests) == [
        "doIt: test_owner asserts nothing",
        "doIt: test_owner says that it reverts, but does not use `reverts`",
    ]


def test_untested_requirement(folder):
    """A requirement that no leaf has is named."""
    tree = TREE.replace(OWNER, "it should refuse strangers")
    tests = TESTS.replace(OWNER.capitalize(), "It should refuse strangers")
    assert complaints(folder, tree=tree, tests=tests) == [
        "doIt: no test of: the caller must be the owner"
    ]


def test_invented_requirement(folder):
    """A leaf that reverts for no requirement is named."""
    tree = TREE.replace(DONE, "it should revert: the moon must be full")
    tests = TESTS.replace(DONE.capitalize(), "It should revert: the moon must be full")
    tests = tests.replace("assert thing.done()", "reverts(thing.Moon)")
    assert complaints(folder, tree=tree, tests=tests) == [
        "doIt: not required: the moon must be full"
    ]


def test_function_without_a_tree(folder):
    """A function with requirements must have a tree."""
    tree = TREE.replace("doIt", "somethingElse")
    assert complaints(folder, tree=tree) == [f"doIt: no tree in {folder.name}/ has it as its root"]


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        (f"    └── {DONE}\n", "    └── done\n"),
        (f"    └── {DONE}\n", "    it should be done\n"),
        (f"    ├── {ONCE}\n    └── {DONE}\n", ""),
        (f"    └── {DONE}\n", f"    └── {DONE}\n        └── {DONE}\n"),
    ],
    ids=["neither", "no branch", "condition without a leaf", "leaf with a branch"],
)
def test_malformed_tree(folder, line, wrong):
    """A tree has conditions inside and leaves at its ends."""
    assert line in TREE
    assert check_file(folder / "test_do_it.py") == []
    (folder / "do_it.tree").write_text(TREE.replace(line, wrong))
    (complaint,) = check_file(folder / "test_do_it.py")
    assert complaint.startswith("do_it.tree")


def test_lone_files(folder):
    """A tree without tests and tests without a tree are named."""
    (folder / "undo.tree").write_text("undo\n")
    (folder / "test_redo.py").write_text("")
    assert check_folder(folder) == ["undo.tree: there is no test_undo.py beside it"]
    assert check_file(folder / "test_redo.py") == ["test_redo.py: there is no redo.tree beside it"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("JobMarketplace", "job_marketplace"),
        ("verifyEKZL", "verify_ekzl"),
        ("claimJobBySig", "claim_job_by_sig"),
        ("deregister", "deregister"),
    ],
)
def test_snake_case(name, expected):
    """Folders are named after contracts as files are after functions."""
    assert snake_case(name) == expected
