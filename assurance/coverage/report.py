"""The results: build/coverage.json, and a table."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from assurance.coverage.exceptions import Exceptions, Unreachable
from assurance.coverage.measure import FileCoverage
from assurance.tree import ROOT


@dataclass(frozen=True)
class Share:
    """How much of something was executed."""

    covered: int
    all: int

    @property
    def percent(self) -> float:
        """The share in percent, rounded down to two places; of nothing everything is covered."""
        return self.covered * 10_000 // self.all / 100 if self.all else 100.0

    def __add__(self, other: "Share") -> "Share":
        return Share(self.covered + other.covered, self.all + other.all)


@dataclass(frozen=True)
class MissedBranch:
    """An outcome that never happened."""

    line: int
    kind: str
    outcome: str
    text: str


class Report:
    """What was executed, without what cannot be.

    Args:
        files: What was measured of each source.
        exceptions: What cannot be executed; it is taken out of the shares, and listed.
        seconds: How long measuring took.
    """

    def __init__(
        self, files: dict[str, FileCoverage], exceptions: Exceptions, *, seconds: float
    ) -> None:
        self.seconds = seconds
        self.files = files
        self.texts = {path: (ROOT / path).read_text().splitlines() for path in files}
        self.excused: list[dict[str, Any]] = []
        self.missed_lines: dict[str, list[int]] = {}
        self.missed_branches: dict[str, list[MissedBranch]] = {}
        self.shares: dict[str, tuple[Share, Share]] = {}
        for path, found in files.items():
            self._read(path, found, exceptions)
        self.wrong_exceptions: list[Unreachable] = exceptions.unmet

    def _read(self, path: str, found: FileCoverage, exceptions: Exceptions) -> None:
        texts = self.texts[path]
        lines, branches = [], []
        for line in found.missed_lines:
            if reason := exceptions.reason(path, texts[line - 1]):
                self.excused.append({"file": path, "line": line, "reason": reason})
            else:
                lines.append(line)
        for decision, outcome in found.missed_outcomes():
            named = f"{decision.kind}: {outcome}"
            if reason := exceptions.reason(path, texts[decision.line - 1], named):
                excuse = {"file": path, "line": decision.line, "outcome": named, "reason": reason}
                self.excused.append(excuse)
            else:
                missed = MissedBranch(decision.line, decision.kind, outcome, decision.text)
                branches.append(missed)
        covered = sum(1 for hits in found.lines.values() if hits)
        happened = sum(1 for both in found.decisions.values() for times in both if times)
        self.missed_lines[path] = lines
        self.missed_branches[path] = sorted(branches, key=lambda m: (m.line, m.text, m.outcome))
        self.shares[path] = (
            Share(covered, covered + len(lines)),
            Share(happened, happened + len(branches)),
        )

    @property
    def lines(self) -> Share:
        """Of all lines."""
        return sum((lines for lines, _ in self.shares.values()), Share(0, 0))

    @property
    def branches(self) -> Share:
        """Of all outcomes."""
        return sum((branches for _, branches in self.shares.values()), Share(0, 0))

    def write(self, path: Path) -> None:
        """Writes everything as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.as_json(), indent=1) + "\n")

    def as_json(self) -> dict[str, Any]:
        """Shares in percent and counts, and for each file the hits of its lines and what was missed."""
        return {
            "lines": self.lines.percent,
            "branches": self.branches.percent,
            "counts": {
                "lines": [self.lines.covered, self.lines.all],
                "branches": [self.branches.covered, self.branches.all],
            },
            "seconds": round(self.seconds),
            "files": {path: self._file(path) for path in self.files},
            "unreachable": self.excused,
        }

    def _file(self, path: str) -> dict[str, Any]:
        lines, branches = self.shares[path]
        found = self.files[path]
        return {
            "lines": {str(line): found.lines[line] for line in sorted(found.lines)},
            "line_percent": lines.percent,
            "branch_percent": branches.percent,
            "branches": [
                {"line": d.line, "kind": d.kind, **dict(zip(d.outcomes, happened, strict=True))}
                for d, happened in sorted(found.decisions.items(), key=lambda item: item[0].range)
            ],
            "uncovered_lines": self.missed_lines[path],
            "uncovered_branches": [vars(missed) for missed in self.missed_branches[path]],
            "unused": sorted(found.unused),
        }

    def show(self, console: Console | None = None) -> None:
        """Prints the shares, and what is missing."""
        console = console or Console(width=160)
        table = Table("source", "lines", "branches", "not executed", title="Coverage of contracts/")
        for column in (1, 2):
            table.columns[column].justify = "right"
        for path, (lines, branches) in self.shares.items():
            missed = [str(line) for line in self.missed_lines[path]]
            missed += [f"{m.line} ({m.kind}: {m.outcome})" for m in self.missed_branches[path]]
            table.add_row(
                path.removeprefix("contracts/"), _shown(lines), _shown(branches), ", ".join(missed)
            )
        table.add_section()
        table.add_row("all", _shown(self.lines), _shown(self.branches))
        console.print(table)
        for excuse in self.excused:
            console.print(f"unreachable: {excuse}", markup=False)
        for entry in self.wrong_exceptions:
            console.print(
                f"an exception for what was executed, or is not there: {entry}", style="red"
            )


def _shown(share: Share) -> str:
    return f"{share.percent:.2f}% ({share.covered}/{share.all})" if share.all else "–"
