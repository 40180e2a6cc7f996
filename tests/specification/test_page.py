"""The page shows what the interfaces, trees and tests say, and what is missing between them."""

import json
import os
import re
from pathlib import Path

import pytest

from tests.specification.natspec import read_doc, read_interface
from tests.specification.page.gather import Specification, gather
from tests.specification.page.markup import render
from tests.specification.page.sources import Share, implementations

ROOT = Path(__file__).parents[2]

INTERFACE = """
/// @title A thing, that is done & done <once>
interface IThing {
    // ------------------------------------------------------------ doing

    /// @notice The thing is done already.
    error Thing_Done(uint256 at);

    /// @notice It was done.
    event Done(address indexed by, uint256 amount);

    /// @notice Does it, in one of two ways:
    /// - quickly;
    /// - slowly, see {done}.
    /// @dev Emits {Done}. It cannot be undone.
    ///
    /// Warning: it is loud.
    ///
    /// Notes:
    /// - The thing is done once, in a sentence that goes on
    ///   in a second line.
    ///
    /// Requirements:
    /// - The thing must not be done.
    ///
    /// @param how In which way, in
    /// base units.
    /// @return amount How much.
    function doIt(
        uint256 how // a comment; with a semicolon
    ) external returns (uint256 amount);

    /// @notice Whether it is done.
    function done() external view returns (bool);
}
"""
CONTRACT = """
contract Thing is IThing {
    /// @inheritdoc IThing
    /// @dev More.
    bool public override done;

    /// @inheritdoc IThing
    function doIt(uint256 how) external returns (uint256 amount) {
        if (done) {
            revert Thing_Done(1);
        }
        done = true;
    }
}
"""
TREE = """doIt
├── given it is done
│   └── it should revert: the thing must not be done
└── given it is not done
    └── it should be done
"""
TESTS = '''
from tests.unit.thing import cases

def test_revert_given_done(thing):
    """It should revert: the thing must not be done. Nor ever <again>."""
    with reverts(thing.Thing_Done, at=1):
        thing.doIt(1)


def test_done(thing):
    """It should be done."""
    assert thing.doIt(1) == [event(thing.Done)]
    assert thing.done()
'''
SECURITY = (
    "## Promises\n\n1. **Once.** A thing is\n   done once.\n2. Whatever.\n\n## Else\n\n3. No.\n"
)
SPEC = (
    "## 4. Promises and their tests\n\n| promise | held by |\n|---|---|\n"
    "| 1 | `tests/unit/thing/test_do_it.py::test_done`, `tests/unit/thing/test_do_it.py` |\n"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A sound small repository."""
    files = {
        "interfaces/IThing.sol": INTERFACE,
        "contracts/Thing.sol": CONTRACT,
        "tests/unit/thing/do_it.tree": TREE,
        "tests/unit/thing/test_do_it.py": TESTS,
        "SECURITY.md": SECURITY,
        "docs/SPEC.md": SPEC,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.fixture(scope="module")
def ours() -> Specification:
    """This repository's."""
    return gather(ROOT)


def text_of(html: str) -> str:
    """What the page says, without markup."""
    words = re.sub(r"<(style|script)>.*?</\1>", " ", html, flags=re.DOTALL)
    words = words.replace("<wbr>", "")
    return " ".join(re.sub(r"<[^>]+>", " ", words).split())


def test_a_comment_in_its_parts(root):
    """NatSpec is read whole: paragraphs, lists in them, notes, requirements, parameters, returns."""
    declared = {
        each.name: each for each in read_interface(root / "interfaces/IThing.sol").declarations
    }
    doc = declared["doIt"].doc
    assert doc.notice == ["Does it, in one of two ways:\n- quickly;\n- slowly, see {done}."]
    assert doc.details == ["Emits {Done}. It cannot be undone.", "Warning: it is loud."]
    assert doc.notes == ["The thing is done once, in a sentence that goes on in a second line."]
    assert doc.requirements == ["The thing must not be done."]
    assert doc.params == {"how": "In which way, in base units."}
    assert doc.returns == ["amount How much."]
    assert declared["doIt"].text == "function doIt(uint256 how) external returns (uint256 amount);"
    assert declared["doIt"].heading == "doing"


def test_a_comment_without_tags():
    """What stands before any tag is a notice."""
    assert read_doc(["One", "line.", "", "Another."]).notice == ["One line.", "Another."]


def test_a_function(root):
    """A function shows its words, its requirement with the error and the test, its tree and its tests."""
    html = render(gather(root))
    (article,) = re.findall(r'<article id="Thing-doIt".*?</article>', html, re.DOTALL)
    words = text_of(article)
    for said in (
        "doIt (uint256 how) external returns (uint256 amount)",
        "how In which way, in base units.",
        "returns amount How much.",
        "Warning: it is loud.",
        "The thing must not be done. Done (at) test_revert_given_done",
        "given it is not done it should be done test_done",
        "Nor ever &lt;again&gt;.",
        "1 reverts, 1 more",
    ):
        assert said in words
    assert 'href="../tests/unit/thing/test_do_it.py#L4"' in article
    assert 'href="../contracts/Thing.sol#L8"' in article


def test_nothing_is_markup_by_accident(root):
    """Text from the sources is escaped."""
    html = render(gather(root))
    assert "A thing, that is done &amp; done &lt;once&gt;" in html
    assert "<once>" not in html
    assert "<again>" not in html


def test_it_loads_nothing(ours):
    """The page asks for no style, script, font or picture from anywhere."""
    html = render(ours)
    assert not re.findall(r"""(?:src|@import|url\(|<link|https?:)""", html)


def test_the_same_again(root):
    """The same sources give the same page, byte for byte."""
    assert render(gather(root)) == render(gather(root))


def test_nothing_missing(root):
    """Where nothing is missing the page says so."""
    (section,) = re.findall(r'<section id="gaps">.*?</section>', render(gather(root)), re.DOTALL)
    assert text_of(section).endswith("Nothing.")


@pytest.mark.parametrize(
    ("file", "text", "other", "missing"),
    [
        ("tests/unit/thing/test_do_it.py", "must not be done", "may be done", "none of its requirements"),
        ("tests/unit/thing/test_do_it.py", "thing.Thing_Done", "thing.done", "no error is read for"),
        ("interfaces/IThing.sol", "event Done", "event Other", "Other : this event is named nowhere"),
    ],
    ids=["test", "error", "event"],
)  # fmt: skip
def test_missing(root, file, text, other, missing):
    """What is missing is named at the top."""
    path = root / file
    assert text in path.read_text()
    path.write_text(path.read_text().replace(text, other))
    (section,) = re.findall(r'<section id="gaps">.*?</section>', render(gather(root)), re.DOTALL)
    assert missing in text_of(section)


def test_an_error_in_a_helper(root):
    """An error that a test expects through a helper of another file is found there."""
    helpers = root / "tests/unit/thing/test_do_it.py"
    helpers.write_text(
        TESTS.replace("thing.Thing_Done, at=1", "*expected(thing)")
        + "\n\ndef expected(thing):\n    return thing.Thing_Done, {}\n"
    )
    (function, _) = gather(root).contracts[0].functions
    assert function.requirements[0].errors == ("Thing_Done",)


def test_implementations(root):
    """A function's lines are those from its head to its last brace, a getter's is its own."""
    found = implementations(root / "contracts")
    assert {name: (each.first, each.last) for (_, name), each in found.items()} == {
        "done": (5, 5),
        "doIt": (8, 13),
    }


def test_coverage(root):
    """A function's share is of its own measured lines; without a report there is none."""
    assert gather(root).contracts[0].functions[0].coverage is None
    report = root / "build/coverage.json"
    report.parent.mkdir()
    lines = {"5": 1, "9": 3, "10": 0, "12": 3}
    report.write_text(json.dumps({"files": {"contracts/Thing.sol": {"lines": lines}}}))
    specification = gather(root, report)
    shares = [function.coverage for function in specification.contracts[0].functions]
    assert shares == [Share(2, 3), Share(1, 1)]
    assert specification.coverage.of_files() == {"contracts/Thing.sol": Share(3, 4)}
    assert "2/3" in render(specification)


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"files": {"X": {"lines": [1, 2]}}}'])
def test_another_report(root, content):
    """A report of another shape is an error that says what to do."""
    report = root / "coverage.json"
    report.write_text(content)
    with pytest.raises(ValueError, match="run it again, or remove the file"):
        gather(root, report)


def test_stale_coverage(root):
    """A file that changed after it was measured is named."""
    report = root / "build/coverage.json"
    report.parent.mkdir()
    report.write_text(json.dumps({"files": {"contracts/Thing.sol": {"lines": {"9": 1}}}}))
    assert gather(root, report).coverage.stale == []
    later = report.stat().st_mtime + 1
    os.utime(root / "contracts/Thing.sol", (later, later))
    assert gather(root, report).coverage.stale == ["contracts/Thing.sol"]


def test_promises(root):
    """Each promise of SECURITY.md comes with the tests that SPEC.md names for it."""
    once, whatever = gather(root).promises
    assert once.cells == ("**Once.** A thing is done once.",)
    assert [(test, line) for _, test, line in once.tests] == [("test_done", 10), ("", 1)]
    assert whatever.tests == ()


@pytest.mark.parametrize("wrong", ["test_do_it.py::test_gone", "test_gone.py"])
def test_promise_without_its_test(root, wrong):
    """A test that is named and does not exist is an error."""
    spec = root / "docs/SPEC.md"
    spec.write_text(SPEC.replace("test_do_it.py::test_done", wrong))
    with pytest.raises(ValueError, match="which does not exist"):
        gather(root)


def test_invariants_and_roles(root):
    """The tables of invariants and roles are shown whole, with their tests."""
    test = "`tests/unit/thing/test_do_it.py::test_done`"
    with (root / "docs/SPEC.md").open("a") as spec:
        spec.write(
            f"\n## 5. Invariants\n\n### Money\n\n| | what | by |\n|---|---|---|\n| 1 | **All.** | {test} |\n"
        )
        spec.write(
            f"\n## 6. Roles and their tests\n\n| role | by |\n|---|---|\n| admin | {test} |\n"
        )
    with (root / "SECURITY.md").open("a") as security:
        security.write(
            "\n## Who can do what\n\n| role | can | worst | limit |\n|---|---|---|---|\n"
        )
        security.write("| admin | talk | lie | nobody listens |\n")
    specification = gather(root)
    (invariant,), (role,) = specification.invariants, specification.roles
    assert (invariant.label, invariant.cells, invariant.group) == ("1", ("**All.**",), "Money")
    assert (role.label, role.cells) == ("admin", ("talk", "lie", "nobody listens"))
    assert invariant.tests == role.tests != ()
    assert "admin talk lie nobody listens unit/thing/test_do_it.py::test_done" in text_of(
        render(specification)
    )


def test_every_function_of_ours_is_shown(ours):
    """Every function of every interface is on the page, with where it is implemented."""
    for contract in ours.contracts:
        for function in contract.functions:
            assert function.implementation, f"{contract.name}.{function.declaration.name}"
    html = render(ours)
    declared = {
        name
        for path in (ROOT / "interfaces").glob("I*.sol")
        for name in re.findall(r"^    function (\w+)", path.read_text(), re.MULTILINE)
    }
    shown = set(re.findall(r'<pre class="signature"><b>(\w+)</b>\(', html))
    assert declared <= shown


def test_links_lead_somewhere(ours):
    """Every link of the page leads to one of its places or to a file of this repository."""
    html = render(ours)
    places = set(re.findall(r'\bid="([^"]+)"', html))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= places
    files = {link.split("#")[0] for link in re.findall(r'href="(\.\./[^"]+)"', html)}
    assert [file for file in sorted(files) if not (ROOT / "docs" / file).exists()] == []
