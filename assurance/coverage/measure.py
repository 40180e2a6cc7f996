"""From counted instructions to lines and branches, of all workers and all bytecodes together."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assurance.coverage.points import Decision, Source
from assurance.coverage.programs import Build, Place, Program

Outcomes = list[int]
"""How often a decision's condition was zero, and how often it was not."""


@dataclass
class FileCoverage:
    """What was executed of one source.

    Attributes:
        lines: How often each executable line was executed: in how many calls, of its most frequent part.
        decisions: How often each of a decision's two outcomes happened.
        unused: Lines of functions that nothing uses.
    """

    lines: dict[int, int] = field(default_factory=dict)
    decisions: dict[Decision, Outcomes] = field(default_factory=dict)
    unused: set[int] = field(default_factory=set)

    def hit(self, line: int, times: int) -> None:
        """Something on that line was executed so often."""
        self.lines[line] = max(times, self.lines.get(line, 0))

    @property
    def missed_lines(self) -> list[int]:
        """Executable lines that were not executed."""
        return sorted(line for line, hits in self.lines.items() if not hits)

    def missed_outcomes(self) -> Iterator[tuple[Decision, str]]:
        """The outcomes that never happened."""
        for decision, happened in self.decisions.items():
            for outcome, times in zip(decision.outcomes, happened, strict=True):
                if not times:
                    yield decision, outcome


class Counted:
    """The counts of some workers, summed."""

    def __init__(self, build: Build, files: Iterable[Path]) -> None:
        self.build = build
        self.hits = [np.zeros(p.size, dtype=np.int64) for p in build.programs]
        self.jumps = [np.zeros((2, p.size), dtype=np.int64) for p in build.programs]
        self.followed = self.spared = self.unfollowed = 0
        self.tests: dict[str, dict[int, NDArray[np.bool_]]] = {}
        self.seconds: dict[str, float] = defaultdict(float)
        for path in files:
            self._add(path)

    def _add(self, path: Path) -> None:
        with np.load(path) as arrays:
            for index, program in enumerate(self.build.programs):
                # By name too: counts of other contracts do not fit.
                self.hits[index] += arrays[f"hits {index} {program.name}"]
                self.jumps[index] += arrays[f"jumps {index} {program.name}"]
            names = [str(name) for name in arrays["tests"]]
            for name, seconds in zip(names, arrays["seconds"], strict=True):
                self.seconds[name] += float(seconds)
            for key in arrays.files:
                if key.startswith("test "):
                    _, number, index = key.split()
                    size = self.build.programs[int(index)].size
                    mask = np.unpackbits(arrays[key], count=size).astype(bool)
                    self.tests.setdefault(names[int(number)], {})[int(index)] = mask
            followed, spared, unfollowed = (int(n) for n in arrays["followed"])
        self.followed += followed
        self.spared += spared
        self.unfollowed += unfollowed


def coverage(counted: Counted) -> dict[str, FileCoverage]:
    """What was executed of every measured source.

    Raises:
        ValueError: A block of assembly has more or fewer jumps than decisions.
    """
    files = {path: FileCoverage() for path in sorted(counted.build.sources)}
    origins: dict[str, set[tuple[int, int]]] = defaultdict(set)
    for program, hits, jumps in zip(
        counted.build.programs, counted.hits, counted.jumps, strict=True
    ):
        _count_places(program, hits, files, origins)
        _count_decisions(program, jumps, files)
    for path, source in counted.build.sources.items():
        found = files[path]
        _count_assembly(counted, source, found)
        for decision in source.decisions.values():
            found.decisions.setdefault(decision, [0, 0])
        _count_unused(source, origins[path], found)
    return files


def _count_places(
    program: Program,
    hits: NDArray[np.int64],
    files: dict[str, FileCoverage],
    origins: dict[str, set[tuple[int, int]]],
) -> None:
    for pc, place in program.places.items():
        source, where = place.source, place.range
        if where in source.scaffolding:
            continue
        origins[source.path].add(where)
        if where not in source.assemblies:
            files[source.path].hit(source.line(where[0]), int(hits[pc]))


def _count_decisions(
    program: Program, jumps: NDArray[np.int64], files: dict[str, FileCoverage]
) -> None:
    for pc, decision in program.decided.items():
        outcomes = files[decision.source].decisions.setdefault(decision, [0, 0])
        outcomes[0] += int(jumps[int(decision.switch)][pc])
        outcomes[1] += int(jumps[int(not decision.switch)][pc])


def _count_assembly(counted: Counted, source: Source, found: FileCoverage) -> None:
    for where, assembly in source.assemblies.items():
        begun = 0
        outcomes: list[Outcomes] = [[0, 0] for _ in assembly.decisions]
        for program, hits, jumps in zip(
            counted.build.programs, counted.hits, counted.jumps, strict=True
        ):
            place = Place(source, where)
            pcs = [pc for pc, other in program.places.items() if other == place]
            if not pcs:
                continue
            begun = max(begun, int(hits[pcs].max()))
            jumping = sorted(pc for pc in pcs if program.jumps[pc])
            if assembly.decisions and len(jumping) % len(assembly.decisions):
                raise ValueError(
                    f"{source.path}:{source.line(where[0])}: {len(jumping)} jumps in assembly with"
                    f" {len(assembly.decisions)} decisions"
                )
            for index, pc in enumerate(jumping):
                happened = outcomes[index % len(assembly.decisions)]
                happened[0] += int(jumps[0][pc])
                happened[1] += int(jumps[1][pc])
        found.hit(source.line(where[0]), begun)
        for line, reached in assembly.lines.items():
            times = begun if reached is None else outcomes[reached[0]][reached[1]]
            found.hit(line, times)
        found.decisions.update(zip(assembly.decisions, outcomes, strict=True))


def _count_unused(source: Source, origins: set[tuple[int, int]], found: FileCoverage) -> None:
    for (offset, length), statements in source.unused.items():
        end = offset + length
        if not any(offset <= start and start + n <= end for start, n in origins):
            found.unused |= {source.line(start) for start, _ in statements}
    for line in found.unused:
        found.lines.setdefault(line, 0)


def write_tests(counted: Counted, path: Path) -> None:
    """Which tests execute which lines, and how long each takes: what the mutations' tests are chosen by."""
    tests = {
        name: {
            "seconds": round(counted.seconds.get(name, 0.0), 3),
            "lines": _by_file(
                set().union(
                    *(counted.build.programs[i].lines(mask) for i, mask in programs.items())
                )
            ),
        }
        for name, programs in sorted(counted.tests.items())
    }
    path.write_text(json.dumps(tests))


def _by_file(lines: set[tuple[str, int]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for file, line in sorted(lines):
        found[file].append(line)
    return found
