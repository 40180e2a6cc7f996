"""`python -m assurance.mutation`: tries a sample of changes of the contracts and writes build/mutation.json."""

import argparse
import difflib
import hashlib
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from assurance.coverage.__main__ import RESULTS, left_out
from assurance.mutation.compiler import Contracts
from assurance.mutation.equivalent import Equivalents
from assurance.mutation.operators import Mutant
from assurance.mutation.runner import Worker, work
from assurance.mutation.selection import Suite
from assurance.tree import ROOT, Tree

FOLDER = ROOT / "build/mutation"
REPORT = ROOT / "build/mutation.json"


def main() -> int:
    """Tries the sample, reports, and fails if too few are noticed."""
    parser = argparse.ArgumentParser(prog="make mutate", description=main.__doc__)
    parser.add_argument("--sample", type=int, default=66, help="how many mutants (default: 66)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (default: 1)")
    parser.add_argument("--skip", type=int, default=0, help="begin after so many of them")
    parser.add_argument("--only", default="", help="mutants of sources with this in their path")
    parser.add_argument("--workers", type=int, default=2, help="processes (default: 2)")
    parser.add_argument(
        "--patience", type=float, default=20, help="seconds of tests before the rest"
    )
    parser.add_argument("--score", type=float, default=90, help="the least score, in percent")
    parser.add_argument("--more", action="store_true", help="go on where the last run stopped")
    parser.add_argument("--again", action="store_true", help="only what survived or took too long")
    parser.add_argument("--report", action="store_true", help="only write the report again")
    options = parser.parse_args()
    results = FOLDER / "outcomes.jsonl"
    tree = Tree(RESULTS / "tree")
    measured = (RESULTS / "tests.json").is_file() and not tree.is_stale()
    if not measured and not options.report:
        subprocess.run([sys.executable, "-m", "assurance.coverage"], cwd=ROOT, check=False)
    contracts = Contracts(tree)
    everything = contracts.mutants()
    if not options.report:
        FOLDER.mkdir(parents=True, exist_ok=True)
        if not (options.more or options.again):
            results.unlink(missing_ok=True)
        known = latest(results, everything)
        tried = {Mutant(**outcome["mutant"]) for outcome in known}
        mutants = [mutant for mutant in sample(everything, options) if mutant not in tried]
        if options.again:
            mutants = open_questions(known)
        _try(mutants, tree, contracts, options, results)
    outcomes = latest(results, everything)
    report = summary(outcomes, contracts, Equivalents.read())
    report.update(seed=options.seed, mutants=len(everything))
    REPORT.write_text(json.dumps(report, indent=1) + "\n")
    show(report)
    return 0 if report["score"] >= options.score else 1


def sample(everything: list[Mutant], options: argparse.Namespace) -> list[Mutant]:
    """The mutants to try: a seed's own order, in which each has its place whatever others there are."""

    def place(mutant: Mutant) -> str:
        named = (options.seed, mutant.file, mutant.offset, mutant.length, mutant.replacement)
        return hashlib.sha256(repr(named).encode()).hexdigest()

    drawn = sorted((mutant for mutant in everything if options.only in mutant.file), key=place)
    return drawn[options.skip : options.skip + options.sample]


def _try(
    mutants: list[Mutant],
    tree: Tree,
    contracts: Contracts,
    options: argparse.Namespace,
    results: Path,
) -> None:
    tests = Suite(RESULTS / "tests.json", left_out())
    queue, workers, threads = list(mutants), [], []
    for number in range(options.workers):
        copy = tree.clone(FOLDER / f"tree{number}")
        workers.append(Worker(copy, contracts, tests, options.patience))
    for worker in workers:
        worker.check()
    for worker in workers:
        threads.append(threading.Thread(target=work, args=(worker, queue, results)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    for worker in workers:
        worker.close()


def latest(results: Path, everything: list[Mutant]) -> list[dict[str, Any]]:
    """What came of each mutant the last time that it was tried, but for those that the sources no longer have."""
    lines = results.read_text().splitlines() if results.is_file() else []
    outcomes = {Mutant(**one["mutant"]): one for one in map(json.loads, lines)}
    there = set(everything)
    return [outcome for mutant, outcome in outcomes.items() if mutant in there]


def open_questions(known: list[dict[str, Any]]) -> list[Mutant]:
    """What survived, and what took too long: a busy machine is slow, too."""
    unsettled = ("survived", "no test", "timeout")
    return [Mutant(**one["mutant"]) for one in known if one["verdict"] in unsettled]


def summary(
    outcomes: list[dict[str, Any]], contracts: Contracts, equivalents: Equivalents
) -> dict[str, Any]:
    """The score, and what survived. Equivalent mutants, and those without effect on the code, do not count."""
    counts: dict[str, int] = {}
    survivors, explained = [], []
    for outcome in outcomes:
        mutant = Mutant(**outcome["mutant"])
        verdict = outcome["verdict"]
        if verdict in ("survived", "no test"):
            text = contracts.sources[mutant.file]
            found = {**mutant.describe(text), "diff": _difference(text, mutant), "verdict": verdict}
            if reason := equivalents.reason(found):
                verdict = "equivalent"
                explained.append({**found, "reason": reason})
            else:
                survivors.append(found)
        counts[verdict] = counts.get(verdict, 0) + 1
    noticed = counts.get("killed", 0) + counts.get("timeout", 0)
    tried = noticed + len(survivors)
    return {
        "score": noticed * 10_000 // tried / 100 if tried else 100.0,
        "killed": counts.get("killed", 0),
        "killed_by_timeout": counts.get("timeout", 0),
        "survived": len(survivors),
        "equivalent": counts.get("equivalent", 0),
        "same_bytecode": counts.get("same bytecode", 0),
        "does_not_compile": counts.get("does not compile", 0),
        "sample": len(outcomes),
        "seconds": round(sum(outcome["seconds"] for outcome in outcomes)),
        "survivors": survivors,
        "explained": explained,
    }


def _difference(text: bytes, mutant: Mutant) -> str:
    before, after = text.decode().splitlines(), mutant.apply(text).decode().splitlines()
    return "\n".join(
        difflib.unified_diff(before, after, mutant.file, mutant.file, n=1, lineterm="")
    )


def show(report: dict[str, Any]) -> None:
    """Prints the report's figures and survivors."""
    for survivor in report["survivors"]:
        sys.stdout.write(f"\n{survivor['operator']}, {survivor['verdict']}:\n{survivor['diff']}\n")
    figures = {name: value for name, value in report.items() if not isinstance(value, list)}
    sys.stdout.write(f"\n{json.dumps(figures)}\n")


if __name__ == "__main__":
    began = time.monotonic()
    code = main()
    sys.stdout.write(f"{(time.monotonic() - began) / 60:.0f} min\n")
    sys.exit(code)
