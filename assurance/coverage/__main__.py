"""`python -m assurance.coverage`: runs the contracts' tests and writes build/coverage.json and build/coverage/index.html."""

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

from assurance.coverage.exceptions import Exceptions
from assurance.coverage.html import write_page
from assurance.coverage.measure import Counted, coverage, write_tests
from assurance.coverage.plugin import COUNTS
from assurance.coverage.programs import Build
from assurance.coverage.report import Report
from assurance.coverage.scope import measured
from assurance.tree import ROOT, Tree

RESULTS = ROOT / "build/coverage"
TESTS = ["tests/unit", "tests/stateful", "tests/conformance", "tests/integration"]
# What says how much gas something takes, or how large it is: not true of contracts that are not optimized.
ABOUT_GAS = Path(__file__).parent / "about_gas.txt"


def main() -> int:
    """Measures, reports, and fails if less is covered than was asked for."""
    parser = argparse.ArgumentParser(prog="make coverage", description=main.__doc__)
    parser.add_argument("tests", nargs="*", default=TESTS, help="what to run (default: all)")
    parser.add_argument("--workers", type=int, default=2, help="processes, 0 for none (default: 2)")
    parser.add_argument("--lines", type=float, default=100, help="the least share, in percent")
    parser.add_argument("--branches", type=float, default=98, help="the least share, in percent")
    parser.add_argument("--report", action="store_true", help="only write the last run's report")
    parser.add_argument("--add", action="store_true", help="keep what earlier runs counted")
    options = parser.parse_args()
    tree, began = Tree(RESULTS / "tree"), time.monotonic()
    passed = True
    if not options.report:
        if options.add and tree.is_stale():
            parser.error("the contracts are no longer what the earlier runs counted")
        if not options.add:
            shutil.rmtree(RESULTS / "counts", ignore_errors=True)
            tree.create()
        passed = run(tree, options.tests, options.workers)
    counts = sorted((RESULTS / "counts").glob("**/*.npz"))
    counted = Counted(Build(tree.build / "compiled", measured), counts)
    report = Report(coverage(counted), Exceptions.read(), seconds=time.monotonic() - began)
    report.write(ROOT / "build/coverage.json")
    write_tests(counted, RESULTS / "tests.json")
    write_page(report, RESULTS / "index.html")
    report.show()
    sys.stdout.write(
        f"{counted.followed} calls followed, {counted.spared} more of the usual ones not, "
        f"{counted.unfollowed} refused by the node; {RESULTS / 'index.html'}\n"
    )
    if not passed:
        sys.stderr.write("some tests failed: what they would have executed is missing\n")
    enough = report.lines.percent >= options.lines and report.branches.percent >= options.branches
    return 0 if passed and enough and not report.wrong_exceptions else 1


def run(tree: Tree, tests: list[str], workers: int) -> bool:
    """Runs tests in a tree, and leaves their counts in RESULTS/counts. Whether all passed."""
    variables = tree.environment(
        **{
            "HYPOTHESIS_PROFILE": "quick",
            "PYTEST_PLUGINS": "assurance.coverage.plugin",
            COUNTS: str(RESULTS / "counts" / f"{time.time():.0f}"),
        }
    )
    skipped = [
        f"--deselect={line}"
        for line in ABOUT_GAS.read_text().splitlines()
        if line and line[0] != "#"
    ]
    parallel = ["-n", str(workers), "--dist", "loadfile"] if workers else []
    ape = str(ROOT / ".venv/bin/ape")
    subprocess.run([ape, "compile"], cwd=tree.folder, env=variables, check=True)
    compiled = set((tree.build / "compiled").iterdir())
    command = [ape, "test", *tests, *parallel, "-q", *skipped]
    passed = subprocess.run(command, cwd=tree.folder, env=variables, check=False).returncode == 0
    # What a test compiled for itself is not what the others executed.
    for file in set((tree.build / "compiled").iterdir()) - compiled:
        file.unlink()
    return passed


def left_out() -> list[str]:
    """The tests that say nothing of contracts that are not optimized, or the beginnings of their names."""
    lines = ABOUT_GAS.read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


if __name__ == "__main__":
    sys.exit(main())
