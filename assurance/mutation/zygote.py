"""A process that has imported what the tests need, and runs them in children of its own.

`python -m assurance.mutation.zygote` is started in the tree that the tests are in.

Of a run of a few tests, starting is the longest part. Each line of its input is a run, `{"arguments": [...], "seconds": n,
"log": path}`; each line of its output says how that ended: `{"code": n}`, the code being null if the time was over.
"""

import json
import os
import signal
import sys
import time
from typing import Any

import ape
import pytest

from provenwork.chain import verifier_project


def main() -> None:
    """Runs what is asked for until there is no more input."""
    # What is tested is compiled already; only files without a contract would be compiled, again and again.
    ape.project.load_contracts = lambda *_, **__: {}
    verifier_project().load_contracts()
    for line in sys.stdin:
        run: dict[str, Any] = json.loads(line)
        code = _run(run["arguments"], run["seconds"], run["log"])
        sys.stdout.write(json.dumps({"code": code}) + "\n")
        sys.stdout.flush()


def _run(arguments: list[str], seconds: float, log: str) -> int | None:
    child = os.fork()
    if child == 0:
        _become_the_tests(arguments, log)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            _end(child)
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    _end(child)
    os.waitpid(child, 0)
    return None


def _become_the_tests(arguments: list[str], log: str) -> None:
    # A group of its own, which its anvil belongs to.
    os.setsid()
    with open(log, "w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    code = 70
    # What was put in place since this process began.
    ape.project.load_manifest()
    try:
        code = int(pytest.main(arguments))
    finally:
        sys.stdout.flush()
        os._exit(code)


def _end(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


if __name__ == "__main__":
    main()
