"""The coverage tool measures a contract of which everything is known: see Decisions.sol."""

import json
import subprocess
from pathlib import Path

import ape
import pytest
from eth_abi import encode
from eth_utils import keccak

from assurance.coverage.exceptions import Exceptions, Unreachable
from assurance.coverage.measure import Counted, coverage
from assurance.coverage.programs import Build
from assurance.coverage.report import Report
from assurance.coverage.trace import Recorder
from assurance.solc import adjusted
from assurance.tree import ROOT, SOLC

PATH = "tests/assurance/Decisions.sol"
TEXT = (ROOT / PATH).read_text().splitlines()


def line_of(text):
    """The number of the only line that contains this."""
    (number,) = (n for n, line in enumerate(TEXT, 1) if text in line)
    return number


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The contracts, compiled as they are for measuring."""
    sources = {PATH: {"content": (ROOT / PATH).read_text()}}
    settings = {"viaIR": True, "evmVersion": "cancun", "outputSelection": {PATH: {}}}
    question = adjusted({"language": "Solidity", "sources": sources, "settings": settings})
    compiler = [ROOT / ".venv/solc" / SOLC, "--standard-json"]
    answer = subprocess.run(
        compiler, input=json.dumps(question).encode(), stdout=subprocess.PIPE, check=True
    )
    kept = {"question": question, "output": json.loads(answer.stdout)}
    path = tmp_path_factory.mktemp("compiled")
    (path / "one.json").write_text(json.dumps(kept))
    return path


class Stage:
    """The two contracts on the chain, called under the recorder's eyes."""

    def __init__(self, folder: Path, tmp_path: Path) -> None:
        self.build = Build(folder, lambda path: path == PATH)
        self.recorder = Recorder(self.build)
        self.recorder.test = "the test"
        (kept,) = (json.loads(path.read_text()) for path in folder.glob("*.json"))
        self.contracts = kept["output"]["contracts"][PATH]
        self.saved = tmp_path / "counts.npz"
        provider = ape.chain.provider.web3.provider
        self.ask = provider.make_request

    def request(self, method, *params):
        """Asks the chain, and lets the recorder follow."""
        answer = self.ask(method, list(params))
        self.recorder.answered("here", self.ask, method, list(params), answer)
        return answer

    def deploy(self, name, *arguments):
        """Creates a contract in a transaction; its address, or None if it reverts."""
        code = self.contracts[name]["evm"]["bytecode"]["object"]
        data = "0x" + code + encode(["uint256"] * len(arguments), arguments).hex()
        sender = ape.accounts.test_accounts[0].address
        transaction = {"from": sender, "data": data, "gas": hex(5_000_000)}
        return self.request("eth_sendTransactionSync", transaction)["result"]["contractAddress"]

    def call(self, address, signature, *arguments):
        """Calls a function; what it returns, or None if it reverts."""
        types = [kind for kind in signature.split("(")[1][:-1].split(",") if kind]
        data = keccak(text=signature)[:4] + encode(types, arguments)
        answer = self.request("eth_call", {"to": address, "data": "0x" + data.hex()}, "latest")
        return int(answer["result"], 16) if "result" in answer else None

    def measured(self):
        """What was executed, after a round through the file."""
        self.recorder.save(self.saved, {"the test": 0.5})
        return coverage(Counted(self.build, [self.saved]))[PATH]

    def missed(self):
        """The outcomes that did not happen, as `line text: kind: outcome`."""
        return {
            (decision.line, f"{decision.kind}: {outcome}")
            for decision, outcome in self.measured().missed_outcomes()
        }


@pytest.fixture
def stage(folder, tmp_path):
    """Both contracts deployed."""
    return Stage(folder, tmp_path)


def everything(stage):
    """Calls whatever must be called for all to be executed that can be."""
    assert stage.deploy("Decisions", 0)
    contract, other = stage.deploy("Decisions", 100), stage.deploy("Other")
    assert stage.call(contract, "LIMIT()") == 100
    assert stage.call(contract, "choose(uint256)", 3) == 30
    assert stage.call(contract, "choose(uint256)", 4) == 2
    assert stage.call(contract, "choose(uint256)", 100) is None
    assert stage.call(other, "halve(uint256)", 5) == 3
    for a, b in ((True, True), (True, False), (False, True), (False, False)):
        stage.call(contract, "both(bool,bool)", a, b)
    assert stage.call(contract, "sum(uint256)", 3) == 3
    for a, b, c in ((5, 3, 2), (5, 3, 1), (3, 5, 1)):
        stage.call(contract, "compare(uint256,uint256,uint256)", a, b, c)
    assert stage.call(contract, "attempt(uint256)", 1) == 2
    assert stage.call(contract, "attempt(uint256)", 7) == 0
    assert stage.call(contract, "attempt(uint256)", 8) == 0
    return contract


def test_everything(stage):
    """Whatever can be executed was; the function that nobody calls counts as missed."""
    everything(stage)
    found = stage.measured()
    assert stage.missed() == set()
    assert found.missed_lines == [line_of("return n + 1;")]
    assert found.unused == {line_of("return n + 1;")}
    assert len(found.decisions) == 14


def test_nothing(stage):
    """Without a call everything is missed, each outcome by its name."""
    outcomes = sum(len(decision.outcomes) for decision in stage.measured().decisions)
    assert len(stage.missed()) == outcomes == 28
    assert not any(stage.measured().lines.values())


@pytest.mark.parametrize(
    ("calls", "line", "outcome"),
    [
        ([("choose(uint256)", 3)], "return n == 3", "? :: false"),
        ([("choose(uint256)", 4)], "return n == 3", "? :: true"),
        ([("choose(uint256)", 4)], "if (n >= LIMIT)", "if: true"),
        ([("choose(uint256)", 100)], "if (n >= LIMIT)", "if: false"),
        ([("choose(uint256)", 4)], "if (n % 2 == 1)", "if: true"),
        ([("choose(uint256)", 5)], "if (n % 2 == 1)", "if: false"),
        ([("both(bool,bool)", True, True)], "if (a && b)", "&&: left is false"),
        ([("both(bool,bool)", False, True)], "if (a && b)", "&&: left is true"),
        ([("both(bool,bool)", True, False)], "if (a && b)", "if: true"),
        ([("both(bool,bool)", True, False)], "if (a || b)", "||: left is false"),
        ([("both(bool,bool)", False, False)], "if (a || b)", "||: left is true"),
        ([("both(bool,bool)", False, False)], "if (a || b)", "if: true"),
        ([("sum(uint256)", 0)], "for (", "for: went on"),
        ([("compare(uint256,uint256,uint256)", 5, 3, 1)], "a > b ?", "? :: false"),
        ([("compare(uint256,uint256,uint256)", 3, 5, 1)], "a > b ?", "? :: true"),
        ([("attempt(uint256)", 1)], "try this", "try: failed"),
        ([("attempt(uint256)", 7)], "try this", "try: passed"),
        ([("checked(uint256)", 7)], "if (n == 7)", "if: false"),
        ([("checked(uint256)", 1)], "if (n == 7)", "if: true"),
        ([("checked(uint256)", 1)], "if eq(n, 8)", "assembly if: true"),
        ([("checked(uint256)", 8)], "if eq(n, 8)", "assembly if: false"),
    ],
)
def test_one_outcome_is_missed(stage, calls, line, outcome):
    """What happened is told from what did not: of a decision that was met, this one outcome is missed."""
    contract = stage.deploy("Decisions", 100)
    before = stage.missed()
    for call in calls:
        stage.call(contract, *call)
    after = stage.missed()
    kind = outcome.split(": ")[0] if not outcome.startswith("?") else "? :"
    here = {one for one in after if one[0] == line_of(line) and one[1].startswith(kind)}
    assert here == {(line_of(line), outcome)}
    assert len({one for one in before - after if one[0] == line_of(line)}) >= 1


def test_lines_in_assembly(stage):
    """Instructions of assembly all have one range: which lines ran follows from its decisions."""
    contract = stage.deploy("Decisions", 100)
    stage.call(contract, "checked(uint256)", 8)
    lines = stage.measured().lines
    assert (lines[line_of("mstore(0x00, n)")], lines[line_of("m := add(n, 1)")]) == (1, 0)
    stage.call(contract, "checked(uint256)", 1)
    assert stage.measured().lines[line_of("m := add(n, 1)")] == 1


def test_library_of_two_contracts(stage):
    """What one contract executes of a library's function is executed, whatever the other does."""
    contract, other = stage.deploy("Decisions", 100), stage.deploy("Other")
    stage.call(contract, "choose(uint256)", 4)
    assert (line_of("if (n % 2 == 1)"), "if: true") in stage.missed()
    stage.call(other, "halve(uint256)", 5)
    assert not {one for one in stage.missed() if one[0] == line_of("if (n % 2 == 1)")}


def test_constructor(stage):
    """A creation is followed too, with the outcomes of what it decides."""
    assert stage.measured().lines[line_of("LIMIT = limit;")] == 0
    stage.deploy("Decisions", 100)
    assert stage.measured().lines[line_of("LIMIT = limit;")] == 1
    assert (line_of("if (limit == 0)"), "if: true") in stage.missed()


def test_tests_are_told_apart(stage):
    """Each test's own lines are kept, with its time."""
    contract = stage.deploy("Decisions", 100)
    stage.recorder.test = "another"
    stage.call(contract, "sum(uint256)", 1)
    stage.measured()
    counted = Counted(stage.build, [stage.saved])
    lines = {
        test: {
            line
            for index, mask in programs.items()
            for _, line in stage.build.programs[index].lines(mask)
        }
        for test, programs in counted.tests.items()
    }
    assert line_of("total += i;") in lines["another"]
    assert line_of("total += i;") not in lines["the test"]
    assert line_of("LIMIT = limit;") in lines["the test"]
    assert counted.seconds["the test"] == 0.5


@pytest.mark.parametrize("placed", [False, True])
def test_other_code_at_the_same_place(stage, placed):
    """After a snapshot is taken back, what is deployed at the same address is seen as what it is."""
    stage.call(stage.deploy("Other"), "halve(uint256)", 4)
    snapshot = stage.request("evm_snapshot")["result"]
    if placed:
        stage.request("anvil_setCode", "0x" + "ab" * 20, "0x00")
    first = stage.deploy("Decisions", 100)
    stage.call(first, "sum(uint256)", 1)
    stage.request("evm_revert", snapshot)
    second = stage.deploy("Other")
    assert second == first
    assert stage.measured().lines[line_of("return Shared.half(n);")] == 1
    stage.call(second, "halve(uint256)", 5)
    assert stage.measured().lines[line_of("return Shared.half(n);")] == 2


def test_report(stage):
    """The report counts what was missed, without what cannot be reached, and refuses an exception for what was."""
    everything(stage)
    dead = Unreachable(PATH, "return n + 1;", "", "nobody calls it")
    wrong = Unreachable(PATH, "total += i;", "", "it is said")
    exceptions = Exceptions([dead, wrong])
    report = Report({PATH: stage.measured()}, exceptions, seconds=1)
    assert (report.lines.percent, report.branches.percent) == (100, 100)
    assert report.wrong_exceptions == [wrong]
    assert report.as_json()["unreachable"] == [
        {"file": PATH, "line": line_of("return n + 1;"), "reason": "nobody calls it"}
    ]
    without = Report({PATH: stage.measured()}, Exceptions([]), seconds=1)
    assert without.as_json()["files"][PATH]["uncovered_lines"] == [line_of("return n + 1;")]
    assert 90 < without.lines.percent < 100
