"""Plants bugs into copies of the contracts, and counts the steps until the machine finds each: `make planted`.

A machine that finds nothing may be blind. Each bug here is one that somebody could write: it compiles, and the usual case
still works. The machine plays as `make test` does, 40 histories of 40 steps; a bug that outlives two plays with different
seeds is a failure. What was found, and after how many steps, stands in build/planted.json. Takes about a minute a bug, most
of it compiling.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
RESULT = ROOT / "build/planted.json"
COPIED = (
    "contracts",
    "interfaces",
    "tests",
    "provenwork",
    ".build",
    "ape-config.yaml",
    "pyproject.toml",
)
LINKED = ("node_modules", ".venv", "circuits", "scripts", "deployments")
SEEDS = (1, 2)


@dataclass(frozen=True)
class Bug:
    """One place in the contracts, as it is and as somebody could have written it."""

    name: str
    file: str
    right: str
    wrong: str


BUGS = (
    Bug(
        "a checkpoint pays again what was settled",
        "abstracts/Settlement.sol",
        "payment = x.dueRoundedDown(tokens) - x.dueRoundedDown(head.settledOf());",
        "payment = x.dueRoundedDown(tokens);",
    ),
    Bug(
        "a closing refunds before it expires a dispute",
        "abstracts/Closings.sol",
        "if (_expireDisputeIfDue(jobId, s, head)) head = s.head;",
        "",
    ),
    Bug(
        "anybody claims in the host's place",
        "abstracts/Claims.sol",
        "_requireHost(rules);\n",
        "\n",
    ),
    Bug(
        "time beyond the end counts for the limit",
        "libraries/Sessions.sol",
        "Math.min(block.timestamp, endTime(x)) - stake.openedAtOf()",
        "block.timestamp - stake.openedAtOf()",
    ),
    Bug(
        "an intent's nonce is not used up",
        "abstracts/factory/Intents.sol",
        "nonces[account] = nonce + 1;",
        "nonces[account] = nonce;",
    ),
    Bug(
        "a pause stops an exit",
        "abstracts/Closings.sol",
        "function finalizeSession(uint256 jobId) external nonReentrant {",
        "function finalizeSession(uint256 jobId) external nonReentrant whenNotPaused {",
    ),
    Bug(
        "the fee is rounded down",
        "abstracts/Withdrawals.sol",
        "Math.ceilDiv(gross * FEE_BPS, BPS)",
        "(gross * FEE_BPS / BPS)",
    ),
    Bug(
        "proofs and vouchers add up",
        "types/SessionWords.sol",
        "return proven > acked ? proven : acked;",
        "return proven + acked;",
    ),
    Bug(
        "a bond is paid twice",
        "abstracts/DisputeEndings.sol",
        "s.dispute.bondOf() - toHost;",
        "s.dispute.bondOf();",
    ),
    Bug(
        "a worker who is deactivated still counts",
        "WorkerRegistry.sol",
        "if (profile.active) --_activeWorkers;",
        "if (profile.active && profile.nonce == nonce) --_activeWorkers;",
    ),
    Bug(
        "a claim matures in the last second in which it can be contested",
        "libraries/Sessions.sol",
        "if (!head.isDisputed() && block.timestamp > claim.claimedAtOf() + challengeWindow) {",
        "if (!head.isDisputed() && block.timestamp >= claim.claimedAtOf() + challengeWindow) {",
    ),
    Bug(
        "an operator judges its own work",
        "abstracts/factory/Verdicts.sol",
        "if (!mayJudge || !_actsFor(issuer) || msg.sender == stake.workerOf()) {",
        "if (!mayJudge || !_actsFor(issuer)) {",
    ),
    Bug(
        "an authorization does not name the terms",
        "abstracts/factory/Posting.sol",
        "keccak256(abi.encode(block.chainid, address(this), terms, issuer, salt))",
        "keccak256(abi.encode(block.chainid, address(this), issuer, salt))",
    ),
    Bug(
        "an authorization does not name the rate, the last of the terms",
        "abstracts/Openings.sol",
        "calldatacopy(add(data, 0x40), terms, 0x180)",
        "calldatacopy(add(data, 0x40), terms, 0x160)",
    ),
    Bug(
        "a revocation after the deadline saves the claim",
        "abstracts/DisputeEndings.sol",
        "if (revokedAt != 0 && revokedAt <= deadline) {",
        "if (revokedAt != 0) {",
    ),
)


@dataclass(frozen=True)
class Finding:
    """How the machine found a bug."""

    seed: int
    histories: int
    steps: int
    by: str
    """What was not so."""


def main() -> int:
    """Plants each bug and plays.

    Returns:
        The process's exit code: 0 if every bug was found.
    """
    chosen = argparse.ArgumentParser(description="Plants bugs that the machine must find.")
    chosen.add_argument(
        "--only", nargs="*", default=[""], help="bugs with one of these in their name"
    )
    only = chosen.parse_args().only
    found: dict[str, Finding | None] = {}
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        _copy_to(copy)
        assert _play(copy) is None, "the machine breaks without any bug"
        for bug in (bug for bug in BUGS if any(part in bug.name for part in only)):
            source = copy / "contracts" / bug.file
            sound = source.read_text()
            assert sound.count(bug.right) == 1, f"{bug.file} has changed: {bug.right}"
            source.write_text(sound.replace(bug.right, bug.wrong))
            try:
                found[bug.name] = _play(copy)
            finally:
                source.write_text(sound)
            sys.stdout.write(f"{bug.name}: {_said(found[bug.name])}\n")
            sys.stdout.flush()
    RESULT.parent.mkdir(exist_ok=True)
    told = {name: finding and asdict(finding) for name, finding in found.items()}
    RESULT.write_text(json.dumps(told, indent=1))
    return 0 if all(found.values()) else 1


def _copy_to(copy: Path) -> None:
    copy.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name)
        elif source.is_file():
            shutil.copy(source, copy / name)
    for name in LINKED:
        (copy / name).symlink_to(ROOT / name)


def _play(copy: Path) -> Finding | None:
    """How a bug was found; nothing if it was not."""
    for seed in SEEDS:
        report = copy / "report.json"
        report.unlink(missing_ok=True)
        played = {
            "HYPOTHESIS_PROFILE": "ci",
            "MACHINE_REPORT": str(report),
            "MACHINE_SHRINK": "0",
            "PYTHONPATH": str(copy),
        }
        ended = subprocess.run(
            [
                str(ROOT / ".venv/bin/ape"),
                "test",
                "tests/stateful/test_machine.py",
                f"--hypothesis-seed={seed}",
                "-q",
            ],
            cwd=copy,
            env=os.environ | played,
            capture_output=True,
            text=True,
            check=False,
        )
        # Without a report nothing was played: the copy does not compile, and the bug says nothing.
        assert report.is_file(), ended.stdout + ended.stderr
        tally = json.loads(report.read_text())
        if ended.returncode:
            assert tally["broken_after_steps"], ended.stdout
            histories, steps = tally["broken_after_histories"], tally["broken_after_steps"]
            said = [line for line in ended.stdout.splitlines() if line.startswith("E   ")]
            return Finding(seed, histories, steps, said[0].removeprefix("E   ").strip())
    return None


def _said(found: Finding | None) -> str:
    if found is None:
        return "NOT FOUND"
    return f"{found.steps} steps, {found.histories} histories (seed {found.seed}): {found.by}"


if __name__ == "__main__":
    sys.exit(main())
