"""The changes that are tried, the tests that are chosen for them, and what is said of them in the end."""

import json
import subprocess

import pytest

from assurance.mutation.__main__ import latest, open_questions, sample, summary
from assurance.mutation.equivalent import Equivalents
from assurance.mutation.operators import mutants
from assurance.mutation.selection import Suite
from assurance.tree import ROOT, SOLC

PATH = "tests/assurance/Guarded.sol"
TEXT = (ROOT / PATH).read_bytes()


@pytest.fixture(scope="module")
def found():
    """Every mutant of the contract."""
    question = {
        "language": "Solidity",
        "sources": {PATH: {"content": TEXT.decode()}},
        "settings": {"outputSelection": {PATH: {"": ["ast"]}}},
    }
    done = subprocess.run(
        [ROOT / ".venv/solc" / SOLC, "--standard-json"],
        input=json.dumps(question).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return mutants(PATH, TEXT, json.loads(done.stdout)["sources"][PATH]["ast"])


EXPECTED = {
    ("negate condition", "if (!(n == 0)) revert No(n);"),
    ("drop guard", "{}"),
    ("compare", "if (n != 0) revert No(n);"),
    ("constant", "if (n == (0 + 1)) revert No(n);"),
    (
        "drop modifier",
        "function move(address from, address to, uint256 n) external returns (bool) {",
    ),
    ("negate condition", "if (!(n > 9 && from != to)) total += n - 1;"),
    ("combine", "if (n > 9 || from != to) total += n - 1;"),
    ("compare", "if (n >= 9 && from != to) total += n - 1;"),
    ("compare", "if (n > 9 && from == to) total += n - 1;"),
    ("constant", "if (n > (9 + 1) && from != to) total += n - 1;"),
    ("constant", "if (n > (9 - 1) && from != to) total += n - 1;"),
    ("delete statement", "if (n > 9 && from != to) {}"),
    ("calculate", "if (n > 9 && from != to) total -= n - 1;"),
    ("calculate", "if (n > 9 && from != to) total += n + 1;"),
    ("constant", "if (n > 9 && from != to) total += n - (1 + 1);"),
    ("constant", "if (n > 9 && from != to) total += n - (1 - 1);"),
    ("delete statement", "{}"),
    ("swap arguments", "emit Moved(to, from, n);"),
    ("negate condition", "return !(n < total);"),
    ("compare", "return n <= total;"),
    ("assembly", ""),
    ("assembly", "if iszero(lt(n, 2)) { revert(0, 0) }"),
    ("assembly", "if gt(n, 2) { revert(0, 0) }"),
    ("assembly", "if lt(n, add(2, 1)) { revert(0, 0) }"),
    ("assembly", "if lt(n, 2) { }"),
    ("assembly", "if lt(n, 2) { revert(add(0, 1), 0) }"),
    ("assembly", "if lt(n, 2) { revert(0, add(0, 1)) }"),
    ("assembly", "bit := or(n, 1)"),
    ("assembly", "bit := and(n, add(1, 1))"),
}


def test_operators(found):
    """Each change of each operator is there, and no other."""
    said = [(mutant.operator, mutant.describe(TEXT)["after"]) for mutant in found]
    assert set(said) == EXPECTED
    assert len(said) == len(EXPECTED)


def test_statement(found):
    """A mutant knows the lines of the statement that it changes: a condition's are not those of its body."""
    lines = TEXT.decode().splitlines()
    for mutant in found:
        at = mutant.describe(TEXT)["line"]
        assert mutant.first_line <= at <= mutant.last_line
    (guard,) = (mutant for mutant in found if mutant.operator == "drop guard")
    assert lines[guard.first_line - 1].strip() == "if (n == 0) revert No(n);"
    assert guard.first_line == guard.last_line


def test_sample(found):
    """The same seed draws the same mutants, another seed others, and none twice."""
    options = {"only": "Guarded", "skip": 0, "sample": 10}
    drawn = [sample(found, Options(seed=seed, **options)) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) == 10
    rest = sample(found, Options(seed=1, only="Guarded", skip=10, sample=10))
    assert not set(rest) & set(drawn[0])
    assert sample(found, Options(seed=1, only="elsewhere", skip=0, sample=10)) == []


class Options:
    """A command line."""

    def __init__(self, **values) -> None:
        vars(self).update(values)


@pytest.fixture
def tests(tmp_path, found):
    """Suite that executed some lines of it."""
    first = found[0].first_line
    path = tmp_path / "tests.json"
    executed = {
        "tests/unit/a.py::wide": (5.0, [first, 1, 2, 3]),
        "tests/unit/b.py::narrow": (1.0, [first]),
        "tests/unit/b.py::elsewhere": (1.0, [1]),
        "tests/stateful/c.py::machine": (60.0, [first]),
        "tests/unit/d.py::left_out": (1.0, [first]),
    }
    path.write_text(
        json.dumps(
            {
                name: {"seconds": seconds, "lines": {PATH: lines}}
                for name, (seconds, lines) in executed.items()
            }
        )
    )
    return Suite(path, left_out=["tests/unit/d.py"])


def test_selection(tests, found):
    """Those that execute the changed lines, the machine last; of every file at least one is among the first."""
    chosen = tests.of(found[0])
    assert chosen == [
        "tests/unit/b.py::narrow",
        "tests/unit/a.py::wide",
        "tests/stateful/c.py::machine",
    ]
    assert tests.within(chosen, seconds=2) == chosen
    assert tests.within([*chosen, "tests/unit/b.py::elsewhere"], seconds=2) == chosen


def test_selection_of_what_has_no_code(tests, found):
    """What no test executes by its line, such as a constant, is tried by all that execute its source."""
    other = next(mutant for mutant in found if mutant.first_line != found[0].first_line)
    assert "tests/unit/b.py::elsewhere" in tests.of(other)
    assert "tests/unit/d.py::left_out" not in tests.of(other)


class Contracts:
    """Only the sources."""

    def __init__(self) -> None:
        self.sources = {PATH: TEXT}


def test_score(found):
    """What was noticed, of what could be: without what compiles to the same, does not compile, or is explained."""
    verdicts = ["killed", "killed", "timeout", "same bytecode", "does not compile", "survived"]
    verdicts += ["no test", "survived"]
    outcomes = [
        {"mutant": vars(mutant), "verdict": verdict, "seconds": 1.0}
        for mutant, verdict in zip(found, verdicts, strict=False)
    ]
    last = found[len(verdicts) - 1].describe(TEXT)
    named = {name: last[name] for name in ("file", "operator", "before", "after")}
    report = summary(outcomes, Contracts(), Equivalents([{**named, "reason": "it is so"}]))
    assert (report["killed"], report["killed_by_timeout"], report["survived"]) == (2, 1, 2)
    assert report["score"] == 60
    assert [explained["reason"] for explained in report["explained"]] == ["it is so"]
    assert all(survivor["diff"].startswith(f"--- {PATH}") for survivor in report["survivors"])


def test_run_that_goes_on(tmp_path, found):
    """The last verdict on a mutant counts, and none on one that is no longer there."""
    results = tmp_path / "outcomes.jsonl"
    assert latest(results, found) == []
    killed, slow, survivor, gone = found[:4]
    verdicts = [(slow, "timeout"), (killed, "survived"), (killed, "killed")]
    verdicts += [(survivor, "survived"), (gone, "survived")]
    lines = [json.dumps({"mutant": vars(mutant), "verdict": said}) for mutant, said in verdicts]
    results.write_text("\n".join(lines) + "\n")
    known = latest(results, [mutant for mutant in found if mutant != gone])
    assert [outcome["verdict"] for outcome in known] == ["timeout", "killed", "survived"]
    assert open_questions(known) == [slow, survivor]


def test_explanations(tmp_path):
    """An explanation without a reason is refused."""
    path = tmp_path / "equivalent.yaml"
    entry = {"file": PATH, "operator": "compare", "before": "a", "after": "b"}
    path.write_text(json.dumps([{**entry, "reason": " "}]))
    with pytest.raises(ValueError, match="not an equivalent mutant"):
        Equivalents.read(path)
    path.write_text(json.dumps([{**entry, "reason": "why"}]))
    assert Equivalents.read(path).reason({**entry, "line": 7}) == "why"
    assert Equivalents.read(path).reason({**entry, "before": "c"}) is None
