"""Which errors and functions of the contracts a test speaks of, itself or through what it uses.

Read from the source, not from running it: `contract.Some_Error` and `session.checkpoint` are names behind a dot. What a test
uses is found by name: helpers and fixtures in its file, in the conftest.py above it, and what it imports from the tests.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

# What a contract of ours calls its errors, and OpenZeppelin's that the tests expect.
_ERROR = re.compile(
    r"[A-Z]\w*_[A-Z]\w*|Ownable\w+|EnforcedPause|ExpectedPause|ERC20\w+|ReentrancyGuard\w+"
)
_DEPTH = 4


@dataclass(frozen=True)
class _Module:
    definitions: dict[str, ast.AST]
    imports: dict[str, tuple[str, str]]
    """Where a name comes from: module and name there."""


def names_in(path: Path, test: str) -> frozenset[str]:
    """Every name in a test, behind a dot or not, and in what it uses of its own file."""
    module = _module(path)
    node = module.definitions[test]
    near = [module.definitions[n] for n in _names(node) if n in module.definitions and n != test]
    bare = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return names_behind_dots(node).union(bare, *map(names_behind_dots, near))


def errors_of(path: Path, test: str, contract: str) -> list[str]:
    """The errors that a test expects: those that it names, or else the nearest of what it uses.

    Of those, the contract's own if there are any: another's may be inside of it.
    """
    node = _module(path).definitions[test]
    nearest: list[str] = []
    for depth in range(_DEPTH):
        found = sorted(
            {
                name
                for each in _used(path, node, depth)
                for name in names_behind_dots(each)
                if _ERROR.fullmatch(name)
            }
        )
        own = [name for name in found if name.startswith(f"{contract}_")]
        if own or (found and depth == 0):
            return own or found
        nearest = nearest or found
    return nearest


def names_behind_dots(node: ast.AST) -> frozenset[str]:
    """`balance` of `token.balance`."""
    return frozenset(part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute))


def _used(path: Path, node: ast.AST, depth: int) -> Iterator[ast.AST]:
    """The definitions that are reached from a definition in so many steps."""
    if depth == 0:
        yield node
        return
    for name in sorted(_names(node)):
        if (found := _find(path, name)) and found[1] is not node:
            yield from _used(*found, depth - 1)


def _names(node: ast.AST) -> set[str]:
    """What stands in a definition: names, arguments (of a test they are fixtures), and `module.name`."""
    names: set[str] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            names.add(part.id)
        elif isinstance(part, ast.arg):
            names.add(part.arg)
        elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
            names.add(f"{part.value.id}.{part.attr}")
    return names


def _find(path: Path, name: str) -> tuple[Path, ast.AST] | None:
    module = _module(path)
    if name in module.definitions:
        return path, module.definitions[name]
    first, _, rest = name.partition(".")
    if first in module.imports:
        where, there = module.imports[first]
        source = _source(f"{where}.{there}") if rest else _source(where)
        return _find(source, rest or there) if source.is_file() else None
    for folder in path.parents:
        conftest = folder / "conftest.py"
        if conftest != path and conftest.is_file() and name in _module(conftest).definitions:
            return conftest, _module(conftest).definitions[name]
        if folder == ROOT:
            break
    return None


def _source(module: str) -> Path:
    return ROOT / f"{module.replace('.', '/')}.py"


@cache
def _module(path: Path) -> _Module:
    definitions: dict[str, ast.AST] = {}
    imports: dict[str, tuple[str, str]] = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            definitions[node.name] = node
        elif isinstance(node, ast.Assign):
            definitions |= {to.id: node for to in node.targets if isinstance(to, ast.Name)}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests."):
            imports |= {
                each.asname or each.name: (node.module or "", each.name) for each in node.names
            }
    return _Module(definitions, imports)
