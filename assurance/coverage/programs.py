"""The compiled contracts: which bytecode a call executed, and where in the sources each of its instructions comes from."""

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assurance.coverage.points import Decision, Source, named_in

JUMPI, EQ = 0x57, 0x14
_PUSH1, _PUSH32 = 0x60, 0x7F


@dataclass(frozen=True)
class Place:
    """Where an instruction comes from: a byte range of a measured source."""

    source: Source
    range: tuple[int, int]


class Program:
    """One bytecode: a contract's own, or the one that creates it.

    Attributes:
        path: The source that the contract is in.
        contract: The contract.
        name: The contract, and `(creation)` for what creates it.
        size: In bytes.
        jumps: Which bytes are conditional jumps.
        places: Where an instruction comes from, for those of measured sources.
        decided: The conditional jumps that measured sources decide, and their decisions.

    Raises:
        ValueError: Two jumps of one function seem to make the same decision.
    """

    def __init__(
        self,
        path: str,
        contract: str,
        compiled: dict[str, Any],
        sources: dict[int, Source],
        *,
        creation: bool,
    ) -> None:
        self.path = path
        self.contract = contract
        self.name = f"{contract} (creation)" if creation else contract
        self.creation = creation
        self._code = bytes.fromhex(compiled["object"])
        self.size = len(self._code)
        self._holes = [
            (hole["start"], hole["length"])
            for holes in compiled.get("immutableReferences", {}).values()
            for hole in holes
        ]
        self._template = self._filled(self._code)
        self.jumps: NDArray[np.bool_] = np.zeros(self.size, dtype=bool)
        self.places: dict[int, Place] = {}
        self.decided: dict[int, Decision] = {}
        self._read(_decoded(compiled["sourceMap"]), sources)
        self._line_numbers = self._number_lines()

    def _number_lines(self) -> tuple[list[tuple[str, int]], NDArray[np.int64]]:
        names = {
            pc: (place.source.path, place.source.line(place.range[0]))
            for pc, place in self.places.items()
            if place.range not in place.source.scaffolding
        }
        lines = sorted(set(names.values()))
        numbers = {line: number for number, line in enumerate(lines)}
        of_bytes = np.full(self.size, -1, dtype=np.int64)
        for pc, line in names.items():
            of_bytes[pc] = numbers[line]
        return lines, of_bytes

    def lines(self, executed: NDArray[np.bool_]) -> list[tuple[str, int]]:
        """The lines that executed instructions come from, each as file and number."""
        lines, of_bytes = self._line_numbers
        return [lines[number] for number in np.unique(of_bytes[executed]) if number >= 0]

    def runs(self, code: bytes) -> bool:
        """Whether this is what runs where such code lies, or is executed to create a contract."""
        if self.creation:
            return code.startswith(self._code)
        return len(code) == self.size and self._filled(code) == self._template

    def _filled(self, code: bytes) -> bytes:
        # A deployed contract has its immutable values where the compiler leaves zeros.
        filled = bytearray(code)
        for start, length in self._holes:
            filled[start : start + length] = bytes(length)
        return bytes(filled)

    def _read(self, where: list[tuple[int, int, int]], sources: dict[int, Source]) -> None:
        pc, before = 0, [0, 0]
        for index, (offset, length, file) in enumerate(where):
            operation = self._code[pc]
            if operation == JUMPI:
                self.jumps[pc] = True
            if source := sources.get(file):
                self.places[pc] = Place(source, (offset, length))
            if operation == JUMPI:
                # Before it: what is compared, the comparison, the place to jump to.
                compared = where[index - 3] if before[0] == EQ else None
                self._decide(pc, (offset, length, file), compared, sources)
            before = [before[1], operation]
            pc += 1 + (operation - _PUSH1 + 1 if _PUSH1 <= operation <= _PUSH32 else 0)

    def _decide(
        self,
        pc: int,
        own: tuple[int, int, int],
        compared: tuple[int, int, int] | None,
        sources: dict[int, Source],
    ) -> None:
        source, decision = None, None
        if compared and (source := sources.get(compared[2])):
            decision = source.switch_at(compared[:2])
        if decision is None and (source := sources.get(own[2])):
            decision = source.decided_at(own[:2], compares=compared is not None)
        if source is None or decision is None:
            return
        if decision in self.decided.values() and not source.is_repeated(decision):
            raise ValueError(
                f"{decision.source}:{decision.line}: two jumps decide `{decision.text}`"
            )
        self.decided[pc] = decision


def _decoded(source_map: str) -> list[tuple[int, int, int]]:
    """Offset, length and file of every instruction; what is empty is what it was before."""
    found, current = [], [0, 0, -1]
    for entry in source_map.split(";"):
        for index, value in enumerate(entry.split(":")[:3]):
            if value:
                current[index] = int(value)
        found.append((current[0], current[1], current[2]))
    return found


class Build:
    """Everything that the compiler said of what the tests deploy.

    Args:
        folder: What `assurance.solc` kept there.
        measured: Whether a source, by its path, is measured.
    """

    def __init__(self, folder: Path, measured: Callable[[str], bool]) -> None:
        self.sources: dict[str, Source] = {}
        self.programs: list[Program] = []
        for path in sorted(folder.glob("*.json")):
            self._read(json.loads(path.read_text()), measured)
        self._by_size: dict[int, list[int]] = defaultdict(list)
        self._creations: list[int] = []
        for index, program in enumerate(self.programs):
            if program.creation:
                self._creations.append(index)
            else:
                self._by_size[program.size].append(index)
        # The longest first: one may begin like another.
        self._creations.sort(key=lambda index: -self.programs[index].size)

    def _read(self, kept: dict[str, Any], measured: Callable[[str], bool]) -> None:
        output = kept["output"]
        here: dict[int, Source] = {}
        named = named_in([source.get("ast") for source in output["sources"].values()])
        for path, source in output["sources"].items():
            if measured(path) and "ast" in source:
                text = kept["question"]["sources"][path]["content"].encode()
                if path not in self.sources:
                    self.sources[path] = Source(path, text, source["ast"], named)
                here[source["id"]] = self.sources[path]
        for path, contracts in output.get("contracts", {}).items():
            for name, contract in contracts.items():
                for part, creation in (("deployedBytecode", False), ("bytecode", True)):
                    compiled = contract["evm"][part]
                    if compiled["object"]:
                        program = Program(path, name, compiled, here, creation=creation)
                        self.programs.append(program)

    def find(self, code: bytes, *, creation: bool) -> int | None:
        """The number of the program that runs there, if it is one of ours."""
        candidates = self._creations if creation else self._by_size.get(len(code), [])
        return next((i for i in candidates if self.programs[i].runs(code)), None)
