"""The proving keys: made once on each machine, kept in a cache, and never used unless they are exactly the right ones."""

from __future__ import annotations

import fcntl
import importlib.metadata
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from provenwork.circuits._circuit import (
    PROVING_KEY,
    VERIFICATION_KEY,
    Circuit,
    artefacts_folder,
    sha256_of,
)
from provenwork.circuits._engine import run_engine
from provenwork.core.errors import ArtefactError, CacheError

__all__ = ["Keys", "OnStep", "cache_folder", "setup"]

OnStep: TypeAlias = Callable[[str], None]
"""Is told, in a few words, what begins now."""

SETUP_TIMEOUT = 900.0


@dataclass(frozen=True, slots=True)
class Keys:
    """What proving with a circuit needs, on this machine; the hash of each file was checked."""

    circuit: Circuit
    proving_key: Path
    made: bool
    """Whether they were made just now, not found in the cache."""


def cache_folder() -> Path:
    """The cache of the proving keys: $PROVENWORK_CIRCUITS_CACHE, or `.cache/circuits` beside the artefacts' folder."""
    if chosen := os.environ.get("PROVENWORK_CIRCUITS_CACHE"):
        return Path(chosen).resolve()
    return artefacts_folder().parent / ".cache" / "circuits"


def setup(
    circuit: Circuit,
    *,
    cache: Path | None = None,
    timeout: float = SETUP_TIMEOUT,
    force: bool = False,
    on_step: OnStep | None = None,
) -> Keys:
    """Makes a circuit's proving key, or finds it in the cache and checks it.

    A fresh machine makes byte for byte the keys that the committed verifier belongs to; if it does not, nothing is kept.
    Files appear in the cache whole or not at all, and one process makes a key while others wait for it.

    Args:
        circuit: The circuit.
        cache: Where keys are kept; `cache_folder()` by default. A key takes 28 to 450 MB.
        timeout: Seconds for each step, and for another process to finish the same keys.
        force: Make them anew even if they are there.
        on_step: Is told what begins.

    Raises:
        ArtefactError: A committed file is missing or changed, another version of EZKL is installed, or the keys come out
            different from the manifest's.
        CacheError: The cache cannot be written, or another process held it for too long.
        EngineError: EZKL failed.
    """
    tell = on_step or _say_nothing
    folder = (cache or cache_folder()) / circuit.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with held(folder / "lock", timeout, tell):
            if not force:
                tell("checking the cached keys")
                if _is(folder / PROVING_KEY, circuit.hashes["pk"]):
                    circuit.check_committed("compiled")
                    return Keys(circuit, folder / PROVING_KEY, made=False)
            _make(circuit, folder, timeout, tell)
            return Keys(circuit, folder / PROVING_KEY, made=True)
    except OSError as problem:
        raise CacheError(
            f"the key cache {folder} cannot be used: {problem}",
            hint="Name another folder with --cache or PROVENWORK_CIRCUITS_CACHE.",
        ) from problem


def require_engine(circuit: Circuit) -> None:
    """Raises ArtefactError unless the installed EZKL is the one that the circuit's keys belong to."""
    if (installed := importlib.metadata.version("ezkl")) != circuit.ezkl:
        raise ArtefactError(
            f"{circuit.name} belongs to EZKL {circuit.ezkl}, but {installed} is installed",
            hint=f"pip install ezkl=={circuit.ezkl}",
        )


def _make(circuit: Circuit, folder: Path, timeout: float, tell: OnStep) -> None:
    require_engine(circuit)
    circuit.check_committed("network", "settings", "compiled", "srs", "vk")
    _sweep(folder)
    workshop = Path(tempfile.mkdtemp(prefix="making-", dir=folder))
    try:
        pk, vk = workshop / PROVING_KEY, workshop / VERIFICATION_KEY
        tell(f"making the proving key (2^{circuit.logrows} rows)")
        run_engine(
            "make_keys",
            timeout=timeout,
            compiled=str(circuit.compiled),
            srs=str(circuit.srs),
            pk=str(pk),
            vk=str(vk),
        )
        tell("comparing the keys with the committed ones")
        _expect(circuit, "vk", vk)
        _expect(circuit, "pk", pk)
        os.replace(pk, folder / PROVING_KEY)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _expect(circuit: Circuit, role: str, path: Path) -> None:
    if (found := sha256_of(path)) != circuit.hashes[role]:
        raise ArtefactError(
            f"this machine made another {role} for {circuit.name} (SHA-256 {found[:16]}…, "
            f"expected {circuit.hashes[role][:16]}…): the committed verifier would refuse its proofs",
            hint="Check that the committed files are unchanged, and report the platform; do not deploy anything.",
        )


def _is(path: Path, expected: str) -> bool:
    return path.is_file() and sha256_of(path) == expected


def _sweep(folder: Path) -> None:
    """Removes what a process left that was killed while it made keys; the lock is ours, so nobody is at it."""
    for left in folder.glob("making-*"):
        shutil.rmtree(left, ignore_errors=True)


@contextmanager
def held(path: Path, timeout: float, tell: OnStep) -> Iterator[None]:
    """Holds a cache folder's lock, which the system frees when the process ends, however it ends."""
    deadline = time.monotonic() + timeout
    waiting = False
    with path.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise CacheError(f"another process has held {path} for {timeout:g} s") from None
                if not waiting:
                    tell("waiting for another process to make the same keys")
                    waiting = True
                time.sleep(0.1)
        yield


def _say_nothing(step: str) -> None:
    pass
