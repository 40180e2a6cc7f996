"""Where the interfaces' functions are implemented, and what the tests cover of it."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

_INHERITS_DOC = re.compile(r"^\s*/// @inheritdoc (\w+)")
_FUNCTION = re.compile(r"^\s*function\s+(\w+)")
_GETTER = re.compile(r"^\s*(?!function)[\w.()=> ]+?\bpublic\b[^;=]*?(\w+)\s*[;=]")
_NOT_OURS = {"mocks", "verifiers"}


@dataclass(frozen=True)
class Implementation:
    """The lines of a function's body, the first included and the last."""

    path: Path
    first: int
    last: int


def implementations(contracts: Path) -> dict[tuple[str, str], Implementation]:
    """Every function that takes its words from an interface, by (interface, function)."""
    found: dict[tuple[str, str], Implementation] = {}
    for path in sorted(contracts.rglob("*.sol")):
        if _NOT_OURS.intersection(path.relative_to(contracts).parts):
            continue
        lines = path.read_text().splitlines()
        for index, line in enumerate(lines):
            if not (inherits := _INHERITS_DOC.match(line)):
                continue
            start = next(n for n in range(index, len(lines)) if "///" not in lines[n])
            if function := _FUNCTION.match(lines[start]):
                last = _end(lines, start)
                found[inherits[1], function[1]] = Implementation(path, start + 1, last)
            elif getter := _GETTER.match(lines[start]):
                found[inherits[1], getter[1]] = Implementation(path, start + 1, start + 1)
    return found


def _end(lines: list[str], start: int) -> int:
    """The number of the line on which the block that begins at or after `start` ends."""
    depth = 0
    for number in range(start, len(lines)):
        code = lines[number].split("//")[0]
        depth += code.count("{") - code.count("}")
        if depth == 0 and "}" in code:
            return number + 1
    raise ValueError(f"the block that begins on line {start + 1} does not end")


@dataclass(frozen=True)
class Share:
    """How many of some lines were executed."""

    covered: int
    all: int


class Coverage:
    """Hits per line of every measured file, as `make coverage` writes them.

    Of build/coverage.json it reads `{"files": {"contracts/X.sol": {"lines": {"12": 3, ...}}}}`: the executable lines, and
    how often each was executed. Without the file nothing is covered or uncovered: every share is None.

    Raises:
        ValueError: The file is something else.
    """

    def __init__(self, root: Path, report: Path | None) -> None:
        self._root = root
        self._hits: dict[str, dict[int, int]] = {}
        self.stale: list[str] = []
        """Measured files that changed since."""
        if report is None or not report.is_file():
            return
        try:
            self._hits = {
                path: {int(line): int(hits) for line, hits in measured["lines"].items()}
                for path, measured in json.loads(report.read_text())["files"].items()
            }
        except (ValueError, LookupError, AttributeError, TypeError):
            raise ValueError(
                f"{report.name} is not what make coverage writes: run it again, or remove the file"
            ) from None
        written = report.stat().st_mtime
        self.stale = sorted(
            path
            for path in self._hits
            if (root / path).is_file() and (root / path).stat().st_mtime > written
        )

    @property
    def measured(self) -> bool:
        """Whether there is anything to say."""
        return bool(self._hits)

    def of_files(self) -> dict[str, Share]:
        """The share of every measured file."""
        return {path: self._share(lines) for path, lines in sorted(self._hits.items())}

    def of(self, implementation: Implementation | None) -> Share | None:
        """The share of one function's own lines, without what it calls."""
        if implementation is None:
            return None
        path = implementation.path.relative_to(self._root).as_posix()
        lines = {
            line: hits
            for line, hits in self._hits.get(path, {}).items()
            if implementation.first <= line <= implementation.last
        }
        return self._share(lines) if lines else None

    @staticmethod
    def _share(lines: dict[int, int]) -> Share:
        return Share(sum(hits > 0 for hits in lines.values()), len(lines))
