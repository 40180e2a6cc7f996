"""What is missing or too much between interfaces, branch trees and tests.

Each check returns complaints, so that one run names everything.
"""

import re
from collections import Counter
from pathlib import Path

from tests.specification.requirements import requirements
from tests.specification.trees import REVERT, MalformedTree, Test, Tree, read_tests, read_tree


def snake_case(name: str) -> str:
    """`JobMarketplace` is `job_marketplace`, `verifyEKZL` is `verify_ekzl`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def folder_of(interface: Path, unit: Path) -> Path:
    """Where an interface is tested: in `unit/` the nearest folder of trees that its name begins with.

    `IJobMarketplaceMain` is tested in `job_marketplace/`, and so would be its extension without a folder of its own.
    """
    name = snake_case(interface.stem.removeprefix("I"))
    folders = [folder for folder in unit.iterdir() if any(folder.glob("*.tree"))]
    named = [folder for folder in folders if f"{name}_".startswith(f"{folder.name}_")]
    return max(named, key=lambda folder: len(folder.name), default=unit / name)


def check_file(path: Path) -> list[str]:
    """A test file against the tree beside it: every leaf is one test's first sentence."""
    tree_path = path.with_name(path.name.removeprefix("test_")).with_suffix(".tree")
    if not tree_path.exists():
        return [f"{path.name}: there is no {tree_path.name} beside it"]
    try:
        tree = read_tree(tree_path)
    except MalformedTree as error:
        return [str(error)]
    return _compare(tree, read_tests(path))


def check_folder(folder: Path) -> list[str]:
    """Every tree of a folder has its test file."""
    return [
        f"{tree.name}: there is no test_{tree.stem}.py beside it"
        for tree in sorted(folder.glob("*.tree"))
        if not tree.with_name(f"test_{tree.stem}.py").exists()
    ]


def check_interface(interface: Path, folder: Path) -> list[str]:
    """An interface against a folder of trees: every requirement is one leaf that reverts."""
    complaints: list[str] = []
    promised = requirements(interface)
    trees = {tree.root: tree for tree in map(_read_or_none, folder.glob("*.tree")) if tree}
    for function, bullets in promised.items():
        if function not in trees:
            complaints.append(f"{function}: no tree in {folder.name}/ has it as its root")
            continue
        leaves = trees[function].leaves
        tested = [leaf.removeprefix(REVERT) for leaf in leaves if leaf.startswith(REVERT)]
        wanted = [as_leaf(bullet) for bullet in bullets]
        complaints += [f"{function}: no test of: {bullet}" for bullet in _missing(wanted, tested)]
        complaints += [f"{function}: not required: {leaf}" for leaf in _missing(tested, wanted)]
    return complaints


def _compare(tree: Tree, tests: list[Test]) -> list[str]:
    sentences = [test.sentence for test in tests]
    complaints = [f"no test says: {leaf}" for leaf in _missing(tree.leaves, sentences)]
    complaints += [
        f"not in the tree: {sentence!r}" for sentence in _missing(sentences, tree.leaves)
    ]
    complaints += [f"{test.name} asserts nothing" for test in tests if not test.asserts]
    complaints += [
        f"{test.name} says that it reverts, but does not use `reverts`"
        for test in tests
        if test.sentence.startswith(REVERT) and not test.expects_revert
    ]
    names = Counter(test.name for test in tests)
    complaints += [f"{name} is defined {count} times" for name, count in names.items() if count > 1]
    return [f"{tree.root}: {complaint}" for complaint in complaints]


def _missing(wanted, present) -> list[str]:
    """What `wanted` has more often than `present`."""
    return sorted((Counter(wanted) - Counter(present)).elements())


def as_leaf(bullet: str) -> str:
    """A requirement in the spelling of its leaf, without what every such leaf begins with."""
    return (bullet[:1].lower() + bullet[1:]).removesuffix(".")


def _read_or_none(path: Path) -> Tree | None:
    """Malformed trees are `check_file`'s to complain about."""
    try:
        return read_tree(path)
    except MalformedTree:
        return None
