"""The demo, with the small circuit and as few proofs as the story takes."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from provenwork.core.errors import CircuitInputError
from provenwork.crypto import to_address
from scripts._demo import DemoError, Options, Screen, perform
from scripts._demo._tokens import answer, decode, encode, words
from scripts._demo._workshop import BUSY, LARGE, Workshop
from tests.harness.execution import rpc

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ROOT / "deployments" / "params" / "local.yaml"


def test_from_registration_to_withdrawal(tmp_path):
    """It ends with numbers that add up and are the chain's, a chart, and a story that was told."""
    screen = Screen(Console(file=io.StringIO(), width=96))
    options = Options(
        parameters=LOCAL,
        folder=tmp_path,
        circuit="token_count/64",
        batches=1,
        pace=None,
        prompt="What is a proof?",
    )
    performance = perform(options, screen)

    written = json.loads((tmp_path / "demo.json").read_text(encoding="utf-8"))
    deployment = json.loads((tmp_path / "deployment.json").read_text(encoding="utf-8"))
    assert written["token"] == deployment["tokens"]["MockUSDC"] == to_address(written["token"])
    for name in ("deposit", "host", "treasury", "refund"):
        assert isinstance(written[name], str)
        assert written[name].isdecimal()
        assert int(written[name]) > 0
    shares = [int(written[name]) for name in ("host", "treasury", "refund")]
    assert sum(shares) == int(written["deposit"])

    job = written["promptJob"]
    assert int(job["host"]) + int(job["treasury"]) == int(job["payment"]) == 100_000
    assert job["prompt"] == "what is a proof ?"
    assert job["answer"] == "a proof is work that the chain checks ."
    assert list(job["moments"]) == ["asked", "answered", "proven", "paid"]

    circuits = [proof["circuit"] for proof in written["proofs"]]
    assert circuits == ["token_count/64"] * 3 + ["tiny_lm/16"]
    for proof in written["proofs"]:
        assert 0 < proof["tokens"] <= 64
        assert proof["proving_seconds"] > 0
        receipt = rpc("eth_getTransactionReceipt", proof["transaction"])
        assert receipt["status"] == "0x1"
        assert int(receipt["gasUsed"], 16) == proof["gas"] > 500_000

    with Image.open(tmp_path / "demo.png") as chart:
        assert chart.format == "PNG"
        assert min(chart.size) > 1_000

    told = screen.console.file.getvalue()
    functions = [
        *("registerProfile", "openSessionWithPermit", "submitProofsAt", "checkpoint"),
        *("redeemVoucher", "claimTokens", "raiseDispute", "submitProofsAt", "closeWithVoucher"),
        *("withdraw", "withdrawFees"),
    ]
    places = [told.index(f"✓ {function}") for function in functions]
    assert places[:4] == sorted(places[:4])
    assert "answered, the claim stands" in told
    assert f"= deposit 0.{written['deposit']}  ✓" in told
    assert told.index("✓ createPromptJob") < told.index("the chain refuses the proof")
    assert told.index("the chain refuses the proof") < told.index("✓ claimWithProof")
    assert "= payment 0.100000  ✓" in told

    # A unit more or less anywhere, and it would not have said so.
    for wrong in (
        {"host": performance.tally.host + 1},
        {"treasury": performance.tally.treasury - 1},
        {"refund": performance.tally.refund + 1, "host": performance.tally.host - 1},
        {"proofs": performance.tally.proofs[1:]},
        {"tokens": performance.tally.tokens + 1},
    ):
        with pytest.raises(DemoError, match="does not add up"):
            replace(performance.tally, **wrong).compare(performance.story)


def test_a_question_that_the_model_cannot_read_is_refused_at_once(tmp_path):
    """Before anything is deployed, and with the words that the model knows."""
    options = Options(parameters=LOCAL, folder=tmp_path, prompt="What is love?")
    with pytest.raises(CircuitInputError, match="does not know 'love'") as refused:
        perform(options, Screen(Console(file=io.StringIO())))
    assert "nobody" in refused.value.hint
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_leaves_nothing_behind(tmp_path):
    """Ctrl-C while a proof is being made ends the demo, its chain and its prover."""
    command = [str(Path(sys.executable).with_name("ape")), "run", "demo"]
    options = ["--network", "ethereum:local:foundry", "--circuit", "token_count/64"]
    with (tmp_path / "told.txt").open("w+") as told:
        demo = subprocess.Popen(
            [*command, *options, "--out", str(tmp_path)],
            cwd=ROOT,
            stdout=told,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + 240
            while not any("_worker.py" in line for line in processes_of(demo.pid)):
                assert demo.poll() is None, (tmp_path / "told.txt").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.2)
            assert any("anvil" in line for line in processes_of(demo.pid))
            os.kill(demo.pid, signal.SIGINT)
            assert demo.wait(timeout=60) == 130
        finally:
            if demo.poll() is None:
                os.killpg(demo.pid, signal.SIGKILL)
                demo.wait()
    deadline = time.monotonic() + 10
    while processes_of(demo.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_of(demo.pid) == []
    assert "Interrupted" in (tmp_path / "told.txt").read_text()
    assert not (tmp_path / "demo.json").exists()


def processes_of(session: int) -> list[str]:
    """The command lines of all living processes of a session."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            # After the name, which may hold anything: state, parent, group, session.
            state, _, _, owner = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(owner) == session and state != "Z":
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except (OSError, ValueError):
            continue
    return found


def test_the_text_survives_its_tokens():
    """What is streamed piece by piece is the text, and every piece is a word."""
    tokens = encode(answer())
    assert decode(tokens) == answer()
    assert [token for piece in words(tokens) for token in piece] == tokens
    assert max(len(piece) for piece in words(tokens)) < 30
    assert min(tokens) >= 3


def test_a_busy_machine_proves_less_at_a_time():
    """The circuit is chosen by how long a small proof takes."""
    workshop = Workshop()
    name = workshop._measured()
    assert workshop.tried > 0
    assert (name == LARGE) == (workshop.tried <= BUSY)
