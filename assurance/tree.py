"""A copy of the project in which something else may be compiled, deployed and changed."""

import os
import shutil
import sys
from pathlib import Path

from assurance.solc import FOLDER

ROOT = Path(__file__).resolve().parent.parent
_LINKED = (".venv", "node_modules")
_LEFT_OUT = (*_LINKED, ".git", "build", ".hypothesis", ".mypy_cache", ".ruff_cache", ".cache")
SOLC = "solc-v0.8.30"


class Tree:
    """A project's copy in `folder`, with its own compiler settings and a chain that takes contracts of any size."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.build = folder / "build/assurance"

    def create(self) -> "Tree":
        """Copies what lies in the project now; a copy that was there before is removed."""
        shutil.rmtree(self.folder, ignore_errors=True)
        ignore = shutil.ignore_patterns(*_LEFT_OUT, "__pycache__", ".pytest_cache", "*.egg-info")
        shutil.copytree(ROOT, self.folder, ignore=ignore, symlinks=True)
        # What Ape compiled with other settings. The verifiers' folder keeps its own: they are compiled as ever.
        shutil.rmtree(self.folder / ".build", ignore_errors=True)
        for name in _LINKED:
            (self.folder / name).symlink_to(ROOT / name)
        self._write_launchers()
        return self

    def is_stale(self) -> bool:
        """Whether the project's contracts are no longer what was copied."""
        return any(
            not (copy := self.folder / path.relative_to(ROOT)).is_file()
            or copy.read_bytes() != path.read_bytes()
            for folder in ("contracts", "interfaces")
            for path in (ROOT / folder).rglob("*.sol")
        )

    def clone(self, folder: Path) -> "Tree":
        """A copy of this one, with all that is compiled in it."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder, symlinks=True)
        tree = Tree(folder)
        tree._write_launchers()
        return tree

    def environment(self, **more: str) -> dict[str, str]:
        """The variables of a process that works here."""
        tools = ROOT / ".venv/bin"
        return {
            **os.environ,
            "PATH": os.pathsep.join([str(self.build / "bin"), str(tools), os.environ["PATH"]]),
            "SOLCX_BINARY_PATH": str(self.build / "solc"),
            "PYTHONPATH": str(self.folder),
            FOLDER: str(self.build / "compiled"),
            **more,
        }

    def _write_launchers(self) -> None:
        compiler = ROOT / ".venv/solc" / SOLC
        _script(
            self.build / "solc" / SOLC,
            f'PYTHONPATH="{self.folder}" exec "{sys.executable}" -m assurance.solc "{compiler}" "$@"',
        )
        # Without the optimizer some contracts are larger than the limit.
        _script(
            self.build / "bin/anvil",
            f'exec "{ROOT}/toolchain/anvil.sh" --disable-code-size-limit "$@"',
        )


def _script(path: Path, command: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{command}\n")
    path.chmod(0o755)
