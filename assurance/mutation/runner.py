"""Tries mutants one after the other: compiles each, lets the tests run against it, and says what came of it."""

import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from assurance.mutation.compiler import Contracts, Manifest
from assurance.mutation.operators import Mutant
from assurance.mutation.selection import Suite
from assurance.tree import Tree

Verdict = Literal["killed", "timeout", "survived", "same bytecode", "does not compile", "no test"]

_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)
_TOLD = 70  # pytest's own codes are below


@dataclass(frozen=True)
class Outcome:
    """What came of one mutant.

    Attributes:
        mutant: The change.
        verdict: What happened.
        test: The test that noticed it.
        tests: How many execute what was changed.
        seconds: How long all of it took.
    """

    mutant: Mutant
    verdict: Verdict
    test: str | None
    tests: int
    seconds: float


class Worker:
    """One copy of the tree, one process that runs tests in it.

    Args:
        tree: The copy.
        contracts: As the tests deploy them.
        tests: To choose from.
        patience: Seconds of tests, by the time that they took when coverage was measured, that are run before the rest.
    """

    def __init__(self, tree: Tree, contracts: Contracts, tests: Suite, patience: float) -> None:
        self._tree = tree
        self._contracts = contracts
        self._tests = tests
        self._patience = patience
        self._manifest = Manifest(tree.folder)
        self._log = tree.folder / "build/tests.log"
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "assurance.mutation.zygote"],
            cwd=tree.folder,
            env=tree.environment(HYPOTHESIS_PROFILE="quick"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(tree.folder / "build/zygote.log").open("w"),
            text=True,
        )

    def close(self) -> None:
        """Ends the process."""
        if self._zygote.stdin:
            self._zygote.stdin.close()
        self._zygote.wait(timeout=60)

    def check(self) -> None:
        """Makes sure that the tests pass as things are, and that they run against what is put in their place.

        Raises:
            RuntimeError: Otherwise everything, or nothing, would seem to be noticed.
        """
        tests = ["tests/unit/session_lens"]
        if self._run(tests, 300) != 0:
            raise RuntimeError(f"the tests do not pass without a change either: {self._log}")
        self._manifest.replace({"SessionLens": ("fe", "fe")})
        try:
            noticed = self._run(tests, 300) == 1
        finally:
            self._manifest.restore()
        if not noticed:
            raise RuntimeError(f"the tests do not run against a changed contract: {self._log}")

    def attempt(self, mutant: Mutant) -> Outcome:
        """Tries one mutant."""
        began = time.monotonic()
        tests = self._tests.of(mutant)
        verdict, test = self._verdict(mutant, tests)
        return Outcome(mutant, verdict, test, len(tests), round(time.monotonic() - began, 1))

    def _verdict(self, mutant: Mutant, tests: list[str]) -> tuple[Verdict, str | None]:
        affected = self._contracts.affected(mutant.file)
        text = self._contracts.sources[mutant.file]
        codes = self._contracts.compile(affected, mutant.file, mutant.apply(text))
        if codes is None:
            return "does not compile", None
        if codes == self._contracts.unchanged(affected):
            return "same bytecode", None
        if not tests:
            return "no test", None
        self._manifest.replace(codes)
        try:
            return self._judge(tests)
        finally:
            self._manifest.restore()

    def _judge(self, tests: list[str]) -> tuple[Verdict, str | None]:
        # Some of every file first: most mutants are noticed at once, and the rest need not be collected.
        first = self._tests.within(tests, self._patience)
        verdict = self._outcome(first)
        if verdict[0] == "survived" and len(first) < len(tests):
            verdict = self._outcome([test for test in tests if test not in set(first)])
        return verdict

    def _outcome(self, tests: list[str]) -> tuple[Verdict, str | None]:
        code = self._run(tests, 90 + 4 * sum(self._tests.seconds[test] for test in tests))
        match code:
            case 0:
                return "survived", None
            case 1:
                failed = _FAILED.search(self._log.read_text())
                return "killed", failed[1] if failed else None
            case None:
                return "timeout", None
        raise RuntimeError(f"pytest ended with {code}: {self._log}")

    def _run(self, tests: list[str], seconds: float) -> int | None:
        quiet = ["-q", "--tb=no", "--no-header", "-x", "-rfE", "--no-showlocals"]
        plugins = ["-p", "no:cacheprovider", "-p", "no:xdist"]
        network = ["--network", "ethereum:local:foundry"]
        arguments = [*tests, *quiet, *plugins, *network]
        question = {"arguments": arguments, "seconds": seconds, "log": str(self._log)}
        if not self._zygote.stdin or not self._zygote.stdout:
            raise RuntimeError("the process has no pipes")
        self._zygote.stdin.write(json.dumps(question) + "\n")
        self._zygote.stdin.flush()
        answer: dict[str, Any] = json.loads(self._zygote.stdout.readline())
        code: int | None = answer["code"]
        if code == _TOLD:
            raise RuntimeError(f"the tests could not run: {self._log}")
        return code


def work(worker: Worker, queue: "list[Mutant]", results: Path) -> None:
    """Tries mutants until none is left, and appends each outcome to a file of JSON lines."""
    while queue:
        mutant = queue.pop(0)
        outcome = worker.attempt(mutant)
        line = {**vars(outcome), "mutant": vars(mutant)}
        with results.open("a") as file:
            file.write(json.dumps(line) + "\n")
        place = f"{mutant.file}:{mutant.first_line} {mutant.operator}"
        sys.stdout.write(f"{outcome.verdict:>16} {outcome.seconds:6.1f} s  {place}\n")
        sys.stdout.flush()
