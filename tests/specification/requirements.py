"""The *Requirements* of a Solidity interface's functions."""

from pathlib import Path

from tests.specification.natspec import read_interface


def requirements(interface: Path) -> dict[str, list[str]]:
    """Every function of an interface that has requirements, with their text."""
    found: dict[str, list[str]] = {}
    for function in read_interface(interface).of_kind("function"):
        if function.doc.requirements:
            found.setdefault(function.name, []).extend(function.doc.requirements)
    return found
