"""Where a program stands in a stream, kept in a file."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

from provenwork.core.errors import EventsInconsistent

__all__ = ["PositionFile"]


class PositionFile:
    """Keeps a position across restarts, in a file of one program's own.

    It is replaced as a whole and is on disk before `save` returns, so a crash at any moment leaves the old one or the new.

    Args:
        path: The file; its folder must exist.
        every: Seconds between writes while events come. After a crash at most so much is told again.
    """

    def __init__(self, path: str | Path, *, every: float = 1.0) -> None:
        self.path = Path(path)
        self.every = every
        self._lock = threading.Lock()

    def load(self) -> tuple[str, int] | None:
        """The stream's name and the position in it; None if there is no file yet.

        Raises:
            EventsInconsistent: The file holds something else.
        """
        try:
            text = self.path.read_text()
        except FileNotFoundError:
            return None
        try:
            kept = json.loads(text)
            stream, after = kept["stream"], kept["after"]
        except (ValueError, TypeError, KeyError):
            stream = after = None
        if not isinstance(stream, str) or type(after) is not int or after < 0:
            raise EventsInconsistent(
                f"{self.path} holds no position",
                hint="Remove it to begin anew, or put the right one back.",
            )
        return stream, after

    def save(self, stream: str, position: int) -> None:
        """Replaces the position."""
        fresh = self.path.with_name(f"{self.path.name}.new")
        with self._lock:
            with fresh.open("w") as file:
                json.dump({"stream": stream, "after": position}, file)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
