"""Compiles changed contracts, and nothing else, and puts them where Ape finds them."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assurance.coverage.programs import Build
from assurance.coverage.scope import measured
from assurance.mutation.operators import Mutant, mutants
from assurance.tree import ROOT, SOLC, Tree

Codes = dict[str, tuple[str, str]]
"""What a contract is created from, and what then runs, by the contract's name."""


@dataclass(frozen=True)
class Contract:
    """A contract that has code, and the measured sources that it is made of."""

    path: str
    name: str
    sources: frozenset[str]


class Contracts:
    """The contracts as the tests deploy them, of a tree that coverage was measured in."""

    def __init__(self, tree: Tree) -> None:
        folder = tree.build / "compiled"
        self._questions = [
            json.loads(path.read_text())["question"] for path in sorted(folder.glob("*.json"))
        ]
        self.sources: dict[str, bytes] = {}
        self._trees: dict[str, Any] = {}
        for path in sorted(folder.glob("*.json")):
            for source, entry in json.loads(path.read_text())["output"]["sources"].items():
                if measured(source) and "ast" in entry:
                    self._trees[source] = entry["ast"]
        for question in self._questions:
            for source, entry in question["sources"].items():
                self.sources[source] = entry["content"].encode()
        self.contracts = _contracts(Build(folder, measured))
        self._unchanged: Codes = {}

    def unchanged(self, contracts: list[Contract]) -> Codes:
        """The codes of these contracts as they are.

        Raises:
            ValueError: They do not compile.
        """
        if missing := [one for one in contracts if one.name not in self._unchanged]:
            source = missing[0].path
            codes = self.compile(missing, source, self.sources[source])
            if codes is None:
                raise ValueError(f"{source} does not compile as it is")
            self._unchanged.update(codes)
        return {contract.name: self._unchanged[contract.name] for contract in contracts}

    def mutants(self) -> list[Mutant]:
        """Every change that could be made."""
        return [
            mutant
            for source, tree in sorted(self._trees.items())
            for mutant in mutants(source, self.sources[source], tree)
        ]

    def affected(self, source: str) -> list[Contract]:
        """The contracts whose code comes from this source."""
        found = [contract for contract in self.contracts if source in contract.sources]
        # The marketplace creates its extension, so it contains its code.
        if any(contract.name == "JobMarketplaceExtension" for contract in found):
            names = {contract.name for contract in found}
            found += [
                contract
                for contract in self.contracts
                if contract.name == "JobMarketplace" and contract.name not in names
            ]
        return found

    def compile(self, contracts: list[Contract], source: str, text: bytes) -> Codes | None:
        """The codes of these contracts if one source reads so; None if that does not compile."""
        question = self._question(source)
        selection: dict[str, dict[str, list[str]]] = {}
        for contract in contracts:
            selection.setdefault(contract.path, {})[contract.name] = [
                "evm.bytecode.object",
                "evm.deployedBytecode.object",
            ]
        changed = {**question["sources"], source: {"content": text.decode()}}
        settings = {**question["settings"], "outputSelection": selection}
        done = subprocess.run(
            [ROOT / ".venv/solc" / SOLC, "--standard-json", "--base-path", "."],
            input=json.dumps({**question, "sources": changed, "settings": settings}).encode(),
            stdout=subprocess.PIPE,
            cwd=ROOT,
            check=True,
        )
        output = json.loads(done.stdout)
        if any(error["severity"] == "error" for error in output.get("errors", [])):
            return None
        return {
            contract.name: (
                output["contracts"][contract.path][contract.name]["evm"]["bytecode"]["object"],
                output["contracts"][contract.path][contract.name]["evm"]["deployedBytecode"][
                    "object"
                ],
            )
            for contract in contracts
        }

    def _question(self, source: str) -> dict[str, Any]:
        return next(question for question in self._questions if source in question["sources"])


def _contracts(build: Build) -> list[Contract]:
    sources: dict[tuple[str, str], set[str]] = {}
    for program in build.programs:
        found = sources.setdefault((program.path, program.contract), set())
        found |= {place.source.path for place in program.places.values()}
    return sorted(
        (Contract(path, name, frozenset(found)) for (path, name), found in sources.items()),
        key=lambda contract: contract.name,
    )


class Manifest:
    """What Ape keeps of the compiled contracts of one tree."""

    def __init__(self, tree: Path) -> None:
        self._path = tree / ".build/__local__.json"
        self._text = self._path.read_text()

    def replace(self, codes: Codes) -> None:
        """Lets the tests deploy these instead."""
        content = json.loads(self._text)
        for name, (creation, runtime) in codes.items():
            kept = content["contractTypes"][name]
            kept["deploymentBytecode"]["bytecode"] = "0x" + creation
            kept["runtimeBytecode"]["bytecode"] = "0x" + runtime
        self._path.write_text(json.dumps(content))

    def restore(self) -> None:
        """As it was."""
        self._path.write_text(self._text)
