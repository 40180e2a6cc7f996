"""Runs EZKL tasks in child processes: bounded in time, cancellable, and with errors of our own.

A child starts in about 0.1 s and EZKL reads its key from a file for every proof in any case (0.05 s for 64 tokens, 0.5 s
for 1,024), so a process is used once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from provenwork.core.errors import EngineCancelled, EngineCrashed, EngineError, EngineTimeout

__all__ = ["EngineTask", "run_engine"]

_WORKER = Path(__file__).with_name("_worker.py")
_SAID = 600
_ENVIRONMENT = {
    "RUST_BACKTRACE": "0",
    # After writing a Solidity verifier EZKL wants to download a compiler: let that fail at once, and nothing leave.
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "ALL_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "",
}


class EngineTask:
    """One task of EZKL, which another thread can stop."""

    def __init__(self, task: str, /, **arguments: Any) -> None:
        self.task = task
        self._arguments = arguments
        self._guard = threading.Lock()
        self._child: subprocess.Popen[str] | None = None
        self._stopped = False

    def run(self, *, timeout: float, **more: Any) -> Any:
        """Runs the task in a child process and returns its result.

        Args:
            timeout: Seconds after which the child is stopped.
            more: Arguments that were not known before.

        Raises:
            EngineError: EZKL refused, with its reason.
            EngineCrashed: The child died without a report.
            EngineTimeout: The time is over.
            EngineCancelled: `stop` was called.
        """
        with self._guard:
            if self._stopped:
                raise EngineCancelled(f"EZKL's task {self.task} was stopped before it began")
            child = self._child = subprocess.Popen(
                [sys.executable, "-P", str(_WORKER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                env={**os.environ, **_ENVIRONMENT},
            )
        try:
            report, said = child.communicate(
                json.dumps({"task": self.task, **self._arguments, **more}), timeout=timeout
            )
        except subprocess.TimeoutExpired:
            raise EngineTimeout(
                f"EZKL's task {self.task} took longer than {timeout:g} s and was stopped",
                hint="Give it more time, or the machine less to do.",
            ) from None
        finally:
            # Whatever ends the wait (a result, the time, Ctrl-C) ends the child.
            if child.poll() is None:
                child.kill()
                child.wait()
            for pipe in (child.stdin, child.stdout, child.stderr):
                if pipe is not None and not pipe.closed:
                    pipe.close()
        if self._stopped:
            raise EngineCancelled(f"EZKL's task {self.task} was stopped")
        return self._result(report, said, child.returncode)

    def stop(self) -> None:
        """Stops the task, from any thread; `run` then raises EngineCancelled."""
        with self._guard:
            self._stopped = True
            if self._child is not None and self._child.poll() is None:
                self._child.kill()

    def _result(self, report: str, said: str, code: int) -> Any:
        try:
            answer = json.loads(report)
        except ValueError:
            last_words = said.strip()[-_SAID:] or "it said nothing"
            raise EngineCrashed(
                f"EZKL's process died (exit code {code}) at {self.task}: {last_words}",
                hint="Exit code -9 usually means that memory ran out: the largest circuits need about 1 GB.",
            ) from None
        if not answer["done"]:
            raise EngineError(f"EZKL failed at {self.task}: {str(answer['reason'])[-_SAID:]}")
        return answer["result"]


def run_engine(task: str, /, *, timeout: float, **arguments: Any) -> Any:
    """Runs one task that nobody else needs to stop; see `EngineTask.run`."""
    return EngineTask(task, **arguments).run(timeout=timeout)
