"""Mutants that change nothing that can be seen, and why: equivalent.yaml beside this file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("equivalent.yaml")
_NAMED = ("file", "operator", "before", "after")


@dataclass(frozen=True)
class Equivalents:
    """The list."""

    entries: list[dict[str, str]]

    @classmethod
    def read(cls, path: Path = FILE) -> "Equivalents":
        """Reads the list.

        Raises:
            ValueError: An entry without a reason, or with something else.
        """
        entries = yaml.safe_load(path.read_text()) or []
        for entry in entries:
            if set(entry) != {*_NAMED, "reason"} or not entry["reason"].strip():
                raise ValueError(f"{path.name}: not an equivalent mutant: {entry}")
        return cls(entries)

    def reason(self, found: dict[str, Any]) -> str | None:
        """Why a surviving mutant is none; None if nothing says so."""
        for entry in self.entries:
            if all(entry[name] == found[name] for name in _NAMED):
                return entry["reason"]
        return None
