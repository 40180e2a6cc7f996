"""Reads branch trees, and the tests beside them."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

REVERT = "it should revert: "

_BRANCH = re.compile(r"^(?P<indent>[│ ]*)[├└]── (?P<text>.+)$")
_SENTENCE = re.compile(r"^(.*?)\.(\s|$)", re.DOTALL)
_CONDITIONS = ("when ", "given ")
_LEAF = "it should "


class MalformedTree(Exception):
    """The file is not a branch tree."""


@dataclass(frozen=True)
class Tree:
    """What a function, or a topic, should do."""

    root: str
    branches: tuple[tuple[int, str], ...]
    """Conditions and leaves in order, each with its depth."""

    @property
    def leaves(self) -> tuple[str, ...]:
        """What it should do."""
        return tuple(text for _, text in self.branches if text.startswith(_LEAF))


@dataclass(frozen=True)
class Test:
    """One test function."""

    name: str
    line: int
    sentence: str
    """The docstring's first, in the tree's spelling."""
    remark: str
    """What else the docstring says."""
    asserts: bool
    expects_revert: bool


def read_tree(path: Path) -> Tree:
    """The tree's root and leaves.

    Raises:
        MalformedTree: A line is neither a condition ("when", "given") nor a leaf ("it should"), a
            condition leads to nothing, or a leaf has branches.
    """
    root, *lines = path.read_text().rstrip("\n").split("\n")
    branches: list[tuple[int, str]] = []
    for number, line in enumerate(lines, start=2):
        match = _BRANCH.match(line)
        if match is None or not match["text"].startswith((*_CONDITIONS, _LEAF)):
            raise MalformedTree(f"{path.name}:{number}: neither condition nor leaf: {line!r}")
        branches.append((len(match["indent"]) // 4, match["text"]))
    for (depth, text), (next_depth, _) in zip(branches, [*branches[1:], (0, "")], strict=True):
        if text.startswith(_LEAF) == (next_depth > depth):
            raise MalformedTree(
                f"{path.name}: a leaf ends a branch, a condition does not: {text!r}"
            )
    return Tree(root, tuple(branches))


def read_tests(path: Path) -> list[Test]:
    """Every test of a file, in order."""
    return [
        _read_test(node)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def _read_test(node: ast.FunctionDef) -> Test:
    called = {
        call.func.id
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
    }
    expects_revert = "reverts" in called
    asserts = (
        expects_revert
        or any(isinstance(part, ast.Assert) for part in ast.walk(node))
        or any(name.startswith("assert_") for name in called)
    )
    docstring = ast.get_docstring(node) or ""
    match = _SENTENCE.match(docstring)
    sentence = " ".join((match[1] if match else docstring).split())
    remark = " ".join(docstring[match.end() if match else len(docstring) :].split())
    return Test(
        node.name,
        node.lineno,
        sentence[:1].lower() + sentence[1:],
        remark,
        asserts,
        expects_revert,
    )
