"""Brings together what the interfaces promise, the trees demand and the tests show."""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.specification.checker import as_leaf, folder_of
from tests.specification.mentions import errors_of, names_behind_dots, names_in
from tests.specification.natspec import Declaration, Doc, Interface, read_interface
from tests.specification.page.documents import Held, invariants, promises, roles
from tests.specification.page.sources import Coverage, Implementation, Share, implementations
from tests.specification.trees import REVERT, Test, Tree, read_tests, read_tree

_AS_ELSEWHERE = re.compile(r"\bsuch as\b.*\{[\w-]+\}")


@dataclass(frozen=True)
class Found:
    """A test, and where it is."""

    path: Path
    test: Test


@dataclass(frozen=True)
class Requirement:
    """A bullet, its error and the tests of it."""

    text: str
    errors: tuple[str, ...]
    elsewhere: bool
    """It says that another function's requirements hold here too."""
    tests: tuple[Found, ...]


@dataclass(frozen=True)
class Topic:
    """A tree and its tests."""

    tree: Tree
    path: Path
    tests: dict[str, Found]
    """By leaf."""


@dataclass
class Function:
    """A function of an interface, and everything that is known of it."""

    declaration: Declaration
    interface: Interface
    requirements: list[Requirement]
    topic: Topic | None
    implementation: Implementation | None
    coverage: Share | None
    elsewhere: Counter[Path] = field(default_factory=Counter)
    """How many tests of other topics name it, by file."""


@dataclass
class Contract:
    """A contract: its interfaces, and the trees that are not of one function."""

    name: str
    interface: Interface
    parts: list[Interface]
    functions: list[Function]
    topics: list[Topic]

    def declared(self, *kinds: str) -> list[Declaration]:
        """What its interfaces declare of these kinds."""
        return [each for part in self.parts for each in part.of_kind(*kinds)]

    @property
    def trees(self) -> list[Topic]:
        """Every tree of it."""
        return [function.topic for function in self.functions if function.topic] + self.topics


@dataclass
class Specification:
    """All of it."""

    root: Path
    contracts: list[Contract]
    expected_of_others: list[Interface]
    promises: list[Held]
    invariants: list[Held]
    roles: list[Held]
    named_in: dict[str, list[Path]]
    """The test files that name an event or an error."""
    unnamed: list[tuple[str, Declaration]]
    """Functions, events and errors, with their contract, whose name stands nowhere in the tests."""
    tests: dict[str, int]
    """How many test functions each folder has."""
    coverage: Coverage


def gather(root: Path, report: Path | None = None) -> Specification:
    """Reads a repository's interfaces, trees, tests and coverage report.

    Raises:
        MalformedTree: A tree is none.
        ValueError: A document names a test that does not exist.
    """
    interfaces = {each.name: each for each in map(read_interface, _interfaces(root))}
    inherited = {base for each in interfaces.values() for base in each.bases}
    unit = root / "tests/unit"
    folders = sorted(folder for folder in unit.iterdir() if any(folder.glob("*.tree")))
    coverage = Coverage(root, report)
    sources = implementations(root / "contracts")

    contracts, others, used = [], [], set()
    for name, interface in sorted(interfaces.items()):
        if name in inherited:
            continue
        parts = list(_with_bases(interface, interfaces))
        own = {folder_of(part.path, unit) for part in parts} & set(folders)
        if not own and not any(f.doc.requirements for f in interface.of_kind("function")):
            others.append(interface)
            continue
        used |= own
        topics = {topic.tree.root: topic for folder in sorted(own) for topic in _topics(folder)}
        contracts.append(_contract(interface, parts, topics, sources, coverage))
    contracts += [_without_interface(folder) for folder in folders if folder not in used]

    mentions = _mentions(root)
    for contract in contracts:
        for function in contract.functions:
            function.elsewhere = _elsewhere(function, mentions)
    return Specification(
        root=root,
        contracts=contracts,
        expected_of_others=others,
        promises=promises(root),
        invariants=invariants(root),
        roles=roles(root),
        named_in=_named_in(contracts, mentions),
        unnamed=_unnamed(root, contracts),
        tests=dict(Counter(path.relative_to(root / "tests").parts[0] for path, _ in mentions)),
        coverage=coverage,
    )


def _interfaces(root: Path) -> list[Path]:
    return sorted((root / "interfaces").glob("I*.sol"))


def _with_bases(interface: Interface, every: dict[str, Interface]) -> Iterator[Interface]:
    """The interface and what it inherits, each once."""
    seen: list[str] = []

    def visit(name: str) -> Iterator[Interface]:
        if name not in seen and name in every:
            seen.append(name)
            yield every[name]
            for base in every[name].bases:
                yield from visit(base)

    yield from visit(interface.name)


def _topics(folder: Path) -> Iterator[Topic]:
    for path in sorted(folder.glob("*.tree")):
        file = path.with_name(f"test_{path.stem}.py")
        tests = read_tests(file) if file.is_file() else []
        yield Topic(read_tree(path), path, {test.sentence: Found(file, test) for test in tests})


def _contract(
    interface: Interface,
    parts: list[Interface],
    topics: dict[str, Topic],
    sources: dict[tuple[str, str], Implementation],
    coverage: Coverage,
) -> Contract:
    name = interface.name.removeprefix("I")
    functions = []
    for part in parts:
        for declaration in part.of_kind("function"):
            topic = topics.pop(declaration.name, None)
            bullets = declaration.doc.requirements
            source = sources.get((part.name, declaration.name))
            functions.append(
                Function(
                    declaration=declaration,
                    interface=part,
                    requirements=[_requirement(bullet, topic, name) for bullet in bullets],
                    topic=topic,
                    implementation=source,
                    coverage=coverage.of(source),
                )
            )
    rest = sorted(topics.values(), key=lambda topic: topic.path.name)
    return Contract(name, interface, parts, functions, rest)


def _without_interface(folder: Path) -> Contract:
    """A library's tests: trees, and nothing that an interface promises."""
    name = folder.name.replace("_", " ").title().replace(" ", "")
    nothing = Interface(folder, name, (), Doc(), ())
    return Contract(name, nothing, [], [], list(_topics(folder)))


def _requirement(bullet: str, topic: Topic | None, contract: str) -> Requirement:
    elsewhere = bool(_AS_ELSEWHERE.search(bullet))
    found = topic.tests.get(f"{REVERT}{as_leaf(bullet)}") if topic else None
    if found is None:
        return Requirement(bullet, (), elsewhere, ())
    errors = () if elsewhere else tuple(errors_of(found.path, found.test.name, contract))
    return Requirement(bullet, errors, elsewhere, (found,))


# --------------------------------------------------------------------------------------------------------- who names what


def _mentions(root: Path) -> dict[tuple[Path, str], frozenset[str]]:
    """What each test names, and what the words of drivers and helpers that it uses stand for."""
    words = _words(root)
    found = {}
    for path in sorted((root / "tests").rglob("test_*.py")):
        for test in read_tests(path):
            named = names_in(path, test.name)
            found[path, test.name] = named.union(*(words[n] for n in named if n in words))
    return found


def _words(root: Path) -> dict[str, frozenset[str]]:
    """For each method and function beside the tests, what it names: `session.redeem` stands for `redeemVoucher`.

    Not of the conftest.py files, whose fixtures prepare what nearly every test uses.
    """
    words: dict[str, set[str]] = defaultdict(set)
    for path in sorted((root / "tests").rglob("*.py")):
        if path.name == "conftest.py" or path.name.startswith("test_"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                words[node.name] |= names_behind_dots(node)
    return {name: frozenset(named) for name, named in words.items()}


def _named_in(
    contracts: list[Contract], mentions: dict[tuple[Path, str], frozenset[str]]
) -> dict[str, list[Path]]:
    declared = {each.name for c in contracts for each in c.declared("event", "error")}
    files: dict[str, set[Path]] = defaultdict(set)
    for (path, _), names in mentions.items():
        for name in names & declared:
            files[name].add(path)
    return {name: sorted(paths) for name, paths in files.items()}


def _unnamed(root: Path, contracts: list[Contract]) -> list[tuple[str, Declaration]]:
    text = "\n".join(path.read_text() for path in sorted((root / "tests").rglob("*.py")))
    words = set(re.findall(r"\w+", text))
    return [
        (contract.name, declaration)
        for contract in contracts
        for declaration in contract.declared("function", "event", "error")
        if declaration.name not in words
    ]


def _elsewhere(
    function: Function, mentions: dict[tuple[Path, str], frozenset[str]]
) -> Counter[Path]:
    own = {found.path for found in function.topic.tests.values()} if function.topic else set()
    return Counter(
        path
        for (path, _), names in mentions.items()
        if function.declaration.name in names and path not in own
    )
