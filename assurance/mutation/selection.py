"""Which tests are to notice a mutant: those that executed what it changes, when coverage was measured."""

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from assurance.mutation.operators import Mutant


class Suite:
    """The tests, with the lines that each executed and the time that it took.

    Args:
        path: What `make coverage` wrote of them.
        left_out: Suite that do not count.
    """

    def __init__(self, path: Path, left_out: Iterable[str] = ()) -> None:
        skipped = tuple(left_out)
        self.seconds: dict[str, float] = {}
        self._of_line: dict[tuple[str, int], list[str]] = defaultdict(list)
        self._lines: dict[str, int] = {}
        for test, found in json.loads(path.read_text()).items():
            if not test or test.startswith(skipped):
                continue
            self.seconds[test] = found["seconds"]
            self._lines[test] = sum(len(lines) for lines in found["lines"].values())
            for file, lines in found["lines"].items():
                for line in lines:
                    self._of_line[file, line].append(test)

    def of(self, mutant: Mutant) -> list[str]:
        """The tests that execute the statement a mutant changes, by file, those first that execute little else.

        Of what has no code of its own, such as a constant, those that execute anything of its source.
        """
        lines = range(mutant.first_line, mutant.last_line + 1)
        found = {test for line in lines for test in self._of_line[mutant.file, line]}
        if not found:
            found = {
                test
                for (file, _), tests in list(self._of_line.items())
                if file == mutant.file
                for test in tests
            }
        files: dict[str, list[str]] = defaultdict(list)
        for test in found:
            files[test.split("::")[0]].append(test)
        ordered = sorted(files.values(), key=self._breadth)
        return [test for tests in ordered for test in sorted(tests)]

    def _breadth(self, tests: list[str]) -> tuple[bool, float]:
        # The machine's histories are long: last.
        return "/unit/" not in tests[0], sum(self._lines[test] for test in tests) / len(tests)

    def within(self, tests: list[str], seconds: float) -> list[str]:
        """The first of these that take no longer than so; of every file at least one."""
        chosen, spent, files = [], 0.0, set()
        for test in tests:
            file = test.split("::")[0]
            if spent + self.seconds[test] <= seconds or file not in files:
                chosen.append(test)
                spent += self.seconds[test]
                files.add(file)
        return chosen
