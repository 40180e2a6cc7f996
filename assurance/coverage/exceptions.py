"""What nothing can execute, and why: exceptions.yaml beside this file."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("exceptions.yaml")


@dataclass(frozen=True)
class Unreachable:
    """A line (`outcome` is empty) or a decision's outcome, recognised by the line's text."""

    file: str
    line: str
    outcome: str
    reason: str


@dataclass
class Exceptions:
    """The list, and which of it was met."""

    entries: list[Unreachable]
    met: set[Unreachable] = field(default_factory=set)

    @classmethod
    def read(cls, path: Path = FILE) -> "Exceptions":
        """Reads the list.

        Raises:
            ValueError: An entry without a reason, or with something else.
        """
        entries: list[dict[str, Any]] = yaml.safe_load(path.read_text()) or []
        for entry in entries:
            if (
                not {"file", "line", "reason"}
                <= set(entry)
                <= {"file", "line", "outcome", "reason"}
            ):
                raise ValueError(f"{path.name}: not an exception: {entry}")
        return cls(
            [Unreachable(e["file"], e["line"], e.get("outcome", ""), e["reason"]) for e in entries]
        )

    def reason(self, file: str, line: str, outcome: str = "") -> str | None:
        """Why a line, or an outcome on it, cannot be reached; None if nothing says so."""
        for entry in self.entries:
            if (entry.file, entry.line, entry.outcome) == (file, line.strip(), outcome):
                self.met.add(entry)
                return entry.reason
        return None

    @property
    def unmet(self) -> list[Unreachable]:
        """Entries for what was executed, or is no longer there."""
        return [entry for entry in self.entries if entry not in self.met]
