"""The commands as one types them, in processes of their own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.rehearsal import Rehearsal
from tests.integration.deployment.conftest import ROOT

APE = str(Path(sys.executable).with_name("ape"))
LOCAL_CHAIN = ["--network", "ethereum:local:foundry"]
INSIST = ["--account", "TEST::0", "--force", "insecure-srs", "--force", "test-account"]


def run(command: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end."""
    return subprocess.run(
        [APE, "run", *command.split(), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def refused(done: subprocess.CompletedProcess[str], *said: str) -> None:
    """It ended with exit code 1, a sentence and a hint."""
    assert done.returncode == 1, done.stdout + done.stderr
    for text in said:
        assert text in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def there(chain: Rehearsal, registry: Path) -> list[str]:
    """The options for the chain that says it is Base Sepolia."""
    return ["--network", f"base:sepolia:{chain.url}", "--registry", str(registry)]


@pytest.fixture
def registry(tmp_path) -> Path:
    """Where it is written down."""
    return tmp_path / "base-sepolia.json"


def test_bad_parameters(changed, registry):
    """They end a deployment with a line, a hint and exit code 1."""
    bad = changed("challengeWindow: $window", "challengeWindow: 61")
    done = run("deploy", *LOCAL_CHAIN, "--registry", str(registry), "--params", str(bad))
    refused(
        done,
        "Error: JobMarketplace: the contract refuses: JobMarketplace_WindowOutOfRange",
        "Nothing was sent.",
    )
    assert not registry.exists()


def test_a_local_chain(registry):
    """Nothing is asked, and what stands where is in a table and in the registry."""
    done = run("deploy", *LOCAL_CHAIN, "--registry", str(registry))
    assert done.returncode == 0, done.stderr
    record = json.loads(registry.read_text(encoding="utf-8"))
    assert record["contracts"]["JobMarketplace"]["address"] in done.stdout


def test_killed_and_continued(rehearsal, registry):
    """A kill in the midst of it, and the same command again; afterwards there is nothing to configure."""
    roles = [f"--role={name}={account}" for name, account in rehearsal.roles.items()]
    options = [*there(rehearsal, registry), *INSIST, *roles, "--yes"]
    first = subprocess.Popen(
        [APE, "run", "deploy", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert first.stdout is not None
    with first.stdout:
        lines = []
        for line in first.stdout:
            lines.append(line)
            if "deploying SessionLens" in line:
                break
        first.kill()
        first.wait()
    assert "deploying SessionLens" in lines[-1], "".join(lines)
    assert not registry.exists()
    journal = registry.with_suffix(".journal").read_text(encoding="utf-8")
    assert journal.count('{"signed"') >= 3

    second = run("deploy", *options)
    assert second.returncode == 0, second.stdout + second.stderr
    assert "deploying ProofSystem" not in second.stdout
    assert "deploying JobFactory" in second.stdout
    record = json.loads(registry.read_text(encoding="utf-8"))
    assert all(one["transaction"] for one in record["contracts"].values())
    # An URL may have a key in it.
    assert (record["network"], rehearsal.url in second.stdout) == ("base:sepolia:node", False)
    assert not registry.with_suffix(".journal").exists()
    batch = registry.with_name("base-sepolia-take-over-0xA1A1a1a1.json")
    assert len(json.loads(batch.read_text(encoding="utf-8"))["transactions"]) == 4

    configured = run("configure", *there(rehearsal, registry), *INSIST)
    assert configured.returncode == 0, configured.stderr
    assert "Everything is as base-sepolia.yaml says." in configured.stdout


def test_nobody_signs(rehearsal, registry):
    """On a public chain somebody must be chosen, and not one whose key everybody knows."""
    refused(run("deploy", *there(rehearsal, registry)), "who signs?", "--account ALIAS")
