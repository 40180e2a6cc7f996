"""Plays the machine of tests/stateful/ for a while, in chunks, and goes on where it stopped: `make deep MINUTES=60`.

Each chunk is a seed and a process of its own, with a node of its own. What was played stands in build/deep.json:
histories, steps, minutes, and how often each function was carried out and refused. A history that breaks an invariant ends
it: build/deep-<seed>.log has the output, and hypothesis keeps the history, so that `make machine` plays it first.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
STATE = ROOT / "build/deep.json"


def main() -> int:
    """Plays until the time is over or an invariant is broken.

    Returns:
        The process's exit code: 0 if every history held.
    """
    arguments = argparse.ArgumentParser(description="Plays the contracts' state machine.")
    arguments.add_argument("--minutes", type=float, default=60)
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--examples", type=int, default=100, help="histories in a chunk")
    arguments.add_argument("--steps", type=int, default=100, help="steps in a history")
    chosen = arguments.parse_args()
    STATE.parent.mkdir(exist_ok=True)
    state: dict[str, Any] = {"next_seed": 1, "tally": {}}
    if STATE.is_file():
        state = json.loads(STATE.read_text())
    tally: Counter[str] = Counter(state["tally"])
    next_seed, failed = int(state["next_seed"]), None
    running: dict[int, subprocess.Popen[bytes]] = {}
    began = time.monotonic()
    base = tally["seconds"]
    try:
        while running or (failed is None and time.monotonic() - began < chosen.minutes * 60):
            in_time = failed is None and time.monotonic() - began < chosen.minutes * 60
            while in_time and len(running) < chosen.workers:
                running[next_seed] = _start(next_seed, chosen.examples, chosen.steps)
                next_seed += 1
            time.sleep(1)
            for seed in [seed for seed, process in running.items() if process.poll() is not None]:
                if running.pop(seed).returncode:
                    failed = seed
                    continue
                report = _report(seed)
                tally.update(json.loads(report.read_text()))
                for path in (report, _log(seed)):
                    path.unlink()
                tally["seconds"] = base + round(time.monotonic() - began)
                _save(next_seed, tally)
                _say(tally)
    except KeyboardInterrupt:
        _say(tally)
    finally:
        for process in running.values():
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
    if failed is not None:
        sys.stderr.write(f"seed {failed} broke an invariant: see {_log(failed)}\n")
    return 0 if failed is None else 1


def _start(seed: int, examples: int, steps: int) -> "subprocess.Popen[bytes]":
    played = {
        "HYPOTHESIS_PROFILE": "deep",
        "MACHINE_EXAMPLES": str(examples),
        "MACHINE_STEPS": str(steps),
        "MACHINE_REPORT": str(_report(seed)),
    }
    command = [str(Path(sys.executable).parent / "ape"), "test", "tests/stateful/test_machine.py"]
    with _log(seed).open("wb") as log:
        return subprocess.Popen(
            [*command, f"--hypothesis-seed={seed}", "-q"],
            cwd=ROOT,
            env=os.environ | played,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _report(seed: int) -> Path:
    return STATE.with_name(f"deep-{seed}.json")


def _log(seed: int) -> Path:
    return STATE.with_name(f"deep-{seed}.log")


def _save(next_seed: int, tally: Counter[str]) -> None:
    seconds = max(1, tally["seconds"])
    summary: dict[str, float] = {
        "histories": tally["histories"],
        "steps": tally["steps"],
        "minutes": round(seconds / 60, 1),
        "steps_per_second": round(tally["steps"] / seconds, 1),
        "next_seed": next_seed,
    }
    fresh = STATE.with_suffix(".new")
    fresh.write_text(json.dumps(summary | {"tally": dict(sorted(tally.items()))}, indent=1))
    fresh.replace(STATE)


def _say(tally: Counter[str]) -> None:
    seconds = max(1, tally["seconds"])
    sys.stdout.write(
        f"{tally['histories']:,} histories, {tally['steps']:,} steps in {seconds / 60:.1f} minutes, "
        f"{tally['steps'] / seconds:.0f} a second\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
