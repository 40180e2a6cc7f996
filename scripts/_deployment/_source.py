"""Which sources the code was compiled from."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

__all__ = ["source_commit"]

_ROOT = Path(__file__).resolve().parents[2]
_SOURCES = ("contracts", "interfaces", "circuits", "ape-config.yaml", "package-lock.json")


def source_commit() -> str | None:
    """The commit, with a `+` behind it if the sources differ from it; None without git."""
    if (commit := _git("rev-parse", "HEAD")) is None:
        return None
    return commit + ("+" if _git("status", "--porcelain", "--", *_SOURCES) else "")


def _git(*arguments: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    done = subprocess.run(
        [git, *arguments], cwd=_ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else None
