"""A circuit as its committed manifest describes it."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provenwork.core.errors import ArtefactError, UnknownCircuit

__all__ = ["Circuit", "Layout", "artefacts_folder", "circuit_names", "load_circuit", "sha256_of"]

MANIFEST = "manifest.json"
NETWORK = "network.onnx"
SETTINGS = "settings.json"
VERIFICATION_KEY = "vk.bin"
COMPILED = "circuit.ezkl"
PROVING_KEY = "pk.bin"

FORMAT = 1
_NAME = re.compile(r"[a-z][a-z0-9_]*/[a-z0-9_]+")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things stand among a circuit's public instances (all are indices, but for the sizes).

    `ProofSystem.registerCircuit` takes the same numbers.
    """

    instances: int
    """How many public instances there are."""
    commitment: int
    """Poseidon hash of the padded, encoded tokens."""
    prompt_commitment: int | None
    """Poseidon hash of the padded, encoded prompt; None if the circuit takes no prompt."""
    tag_commitment: int
    """Poseidon hash of the tag's limbs; EZKL hashes every input, nobody needs this one."""
    tag: int
    """The tag's first limb, which is the most significant one; the others follow."""
    tag_limbs: int
    """How many limbs the tag has."""
    tag_limb_bits: int
    """Bits of one limb."""
    count: int
    """The number of tokens."""
    scale: int
    """The number of tokens is shifted left by this many bits."""


@dataclass(frozen=True, slots=True)
class Circuit:
    """One circuit: what it takes, how to read its proofs, and the hash of every file that belongs to it."""

    name: str
    """Its id, `family/size`, for example token_count/64."""
    family: str
    """What it shows: token_count or tiny_lm."""
    size: int
    """The width of its token input."""
    max_tokens: int
    """The most tokens that one proof counts."""
    prompt_size: int
    """The width of its prompt input; 0 if it takes no prompt."""
    layout: Layout
    """Where things stand among its public instances."""
    logrows: int
    """Base-2 logarithm of its number of rows; its SRS has that size."""
    proof_bytes: int
    """The length of its proofs: the Solidity verifier takes no other."""
    verifier: str
    """The name of the Solidity contract that EZKL wrote for it."""
    ezkl: str
    """The version of EZKL that made its keys; another makes other keys."""
    folder: Path
    """Where its committed files are."""
    srs: Path
    """The structured reference string: an INSECURE one, for tests, in this repository."""
    verifier_source: Path
    """The Solidity source of the verifier."""
    hashes: dict[str, str]
    """SHA-256, in hexadecimal, of each file by its role."""

    @property
    def network(self) -> Path:
        """The ONNX network."""
        return self.folder / NETWORK

    @property
    def settings(self) -> Path:
        """EZKL's settings."""
        return self.folder / SETTINGS

    @property
    def compiled(self) -> Path:
        """The network and its settings as EZKL proves them: the same circuit each time, but never the same bytes."""
        return self.folder / COMPILED

    @property
    def verification_key(self) -> Path:
        """What checks proofs off chain."""
        return self.folder / VERIFICATION_KEY

    @property
    def insecure(self) -> bool:
        """Whether its SRS is a test string, whose maker can prove anything."""
        return insecure(self.srs.name)

    def check_committed(self, *roles: str) -> None:
        """Compares committed files with the manifest: all of them, or those of the given roles.

        Raises:
            ArtefactError: A file is missing, or is not the one that the manifest names.
        """
        files = {
            "network": self.network,
            "settings": self.settings,
            "compiled": self.compiled,
            "srs": self.srs,
            "vk": self.verification_key,
            "verifier": self.verifier_source,
        }
        for role in roles or files:
            check_file(files[role], self.hashes[role])


def artefacts_folder() -> Path:
    """The folder of the committed artefacts: $PROVENWORK_CIRCUITS, or `circuits/` beside the package."""
    if chosen := os.environ.get("PROVENWORK_CIRCUITS"):
        return Path(chosen).resolve()
    return Path(__file__).resolve().parents[2] / "circuits"


def circuit_names(folder: Path | None = None) -> list[str]:
    """The names of the circuits that are there, the smallest of a family first."""
    root = folder or artefacts_folder()
    names = (path.parent.relative_to(root).as_posix() for path in root.glob(f"*/*/{MANIFEST}"))
    return sorted(names, key=_by_family_and_size)


def load_circuit(name: str, folder: Path | None = None) -> Circuit:
    """Reads a circuit's manifest.

    Args:
        name: The circuit, for example "token_count/64".
        folder: Where the circuits are; `artefacts_folder()` by default.

    Raises:
        UnknownCircuit: There is no circuit of that name.
        ArtefactError: Its manifest cannot be read.
    """
    root = folder or artefacts_folder()
    path = root / name / MANIFEST
    if not _NAME.fullmatch(name) or not path.is_file():
        known = ", ".join(circuit_names(root)) or f"none in {root}"
        raise UnknownCircuit(f"there is no circuit {name!r}", hint=f"Known circuits: {known}.")
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT:
            raise ValueError(f"its format is {manifest['format']}, not {FORMAT}")
        return Circuit(
            name=manifest["name"],
            family=manifest["family"],
            size=manifest["size"],
            max_tokens=manifest["max_tokens"],
            prompt_size=manifest["prompt_size"],
            layout=Layout(**manifest["layout"]),
            logrows=manifest["logrows"],
            proof_bytes=manifest["proof_bytes"],
            verifier=manifest["verifier"],
            ezkl=manifest["ezkl"],
            folder=path.parent,
            srs=(path.parent / manifest["srs"]).resolve(),
            verifier_source=(path.parent / manifest["verifier_source"]).resolve(),
            hashes=dict(manifest["sha256"]),
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise ArtefactError(f"the manifest {path} cannot be read: {problem}") from problem


def insecure(srs: str) -> bool:
    """Whether an SRS of that file name is a test string; nothing in the string itself could tell."""
    return "INSECURE" in srs


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_file(path: Path, expected: str) -> None:
    """Raises ArtefactError unless the file is there and has that hash."""
    if not path.is_file():
        raise ArtefactError(
            f"{path} is missing", hint="It belongs to the repository: restore it with git."
        )
    if (found := sha256_of(path)) != expected:
        raise ArtefactError(
            f"{path} is not the file that its manifest names (SHA-256 {found[:16]}…, expected {expected[:16]}…)",
            hint="Restore it with git, or make all of the circuit's files anew: provenwork circuits build.",
        )


def _by_family_and_size(name: str) -> tuple[str, int, str]:
    family, _, size = name.partition("/")
    return family, int(size) if size.isdigit() else 0, size
