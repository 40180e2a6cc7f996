"""Whatever goes wrong at whichever transaction: run again until it is done, it ends as if nothing had, each sent once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts._deployment import Artefacts, Deployment, DeploymentError, carry_out, propose
from scripts._deployment._parameters import Parameters
from tests.harness.rehearsal import Killed, Rehearsal
from tests.integration.deployment.conftest import IMPATIENT, QUICK

PROMPT = ("refused", "answer lost", "killed before", "killed after")
"""What is known at once."""
LOST = ("unreachable", "dropped", "underpaid")
"""What is waited for in vain."""
STEPS = 8 + 8 + 4
"""Contracts, settings, offers: each is one transaction."""


def attempting(
    chain: Rehearsal, parameters: Parameters, artefacts: Artefacts, folder: Path
) -> Callable[[], Deployment]:
    """Deploys, or continues to, as the command does."""
    registry, journal = folder / "base-sepolia.json", folder / "base-sepolia.journal"

    def attempt() -> Deployment:
        proposal = propose(
            parameters,
            chain.node,
            chain.signer.address,
            artefacts=artefacts,
            force=["insecure-srs"],
            registry=registry,
        )
        lost = chain.provider.fault in LOST
        return carry_out(
            proposal,
            chain.signer,
            journal=journal,
            registry=registry,
            effort=IMPATIENT if lost else QUICK,
        )

    return attempt


@pytest.fixture
def attempt(rehearsal, sepolia, artefacts, tmp_path):
    """Deploys, or continues to."""
    return attempting(rehearsal, sepolia, artefacts, tmp_path)


@pytest.fixture(scope="module")
def undisturbed(public_chain, sepolia, artefacts, tmp_path_factory) -> dict[str, Any]:
    """The registry file of a deployment in which nothing went wrong."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with public_chain.kept():
        attempting(public_chain, sepolia, artefacts, folder)()
        assert public_chain.sent_by(public_chain.signer.address) == STEPS
    return read(folder)


def read(folder: Path) -> dict[str, Any]:
    """What is left in a folder: a registry file, and no journal."""
    (registry,) = folder.iterdir()
    content: dict[str, Any] = json.loads(registry.read_text(encoding="utf-8"))
    return content


def lasting(record: dict[str, Any]) -> dict[str, Any]:
    """A registry file without what depends on when and by which transaction things happened."""
    passing = {"block", "firstBlock", "transaction", "gas", "transactions", "abi"}
    return {
        key: lasting(value) if isinstance(value, dict) else value
        for key, value in record.items()
        if key not in passing
    }


def until_done(attempt: Callable[[], Deployment], folder: Path) -> tuple[Deployment, list[str]]:
    """Runs it until it is done; also the hint of each attempt that failed."""
    hints: list[str] = []
    while len(hints) <= 3 * STEPS:
        try:
            return attempt(), hints
        except DeploymentError as problem:
            hints.append(problem.hint)
        except Killed:
            hints.append("again")
        assert not (folder / "base-sepolia.json").exists()
    raise AssertionError(f"it never ends: {hints}")


@pytest.mark.parametrize("fault", [*PROMPT, *LOST])
def test_the_same_fault_at_every_step(attempt, rehearsal, tmp_path, undisturbed, fault):
    """Each attempt gets past the step at which the one before it failed."""
    rehearsal.provider.fault = fault
    deployment, hints = until_done(attempt, tmp_path)
    assert all("again" in hint for hint in hints)
    if fault == "answer lost":
        assert hints == []  # the receipt tells all the same
    else:
        assert len(hints) == STEPS or (fault in LOST and len(hints) > STEPS)
    record = read(tmp_path)
    assert lasting(record) == lasting(undisturbed)
    assert rehearsal.sent_by(rehearsal.signer.address) == STEPS
    hashes = [*record["transactions"].values()]
    hashes += [one["transaction"] for one in record["contracts"].values() if not one["madeBy"]]
    assert len(set(hashes)) == STEPS
    for hash_ in hashes:
        assert rehearsal.rpc("eth_getTransactionReceipt", hash_)["status"] == "0x1"
    assert (
        deployment.contracts["JobMarketplace"].block
        == record["contracts"]["JobMarketplace"]["block"]
    )


def test_somebody_else_is_faster(attempt, rehearsal, sepolia, artefacts, tmp_path, undisturbed):
    """A stranger who sends the same contracts first only pays for them: same addresses, same code, same owner."""
    proposal = propose(
        sepolia,
        rehearsal.node,
        rehearsal.signer.address,
        artefacts=artefacts,
        force=["insecure-srs"],
    )
    stranger = "0x" + "5e" * 20
    for creation in proposal.plan.creations:
        rehearsal.act_as(stranger, creation.call.to, "0x" + creation.call.data.hex())
    deployment = attempt()
    record = read(tmp_path)
    assert lasting(record) == lasting(undisturbed)
    assert rehearsal.sent_by(rehearsal.signer.address) == STEPS - len(proposal.plan.creations)
    made = {name: one for name, one in deployment.contracts.items() if one.made_by is None}
    assert all(one.transaction is None for one in made.values())
    blocks = [one.block for one in made.values()]
    assert blocks == sorted(blocks)
    for one in made.values():
        at, before = (
            rehearsal.rpc("eth_getCode", one.address, hex(block))
            for block in (one.block, one.block - 1)
        )
        assert (before, at != "0x") == ("0x", True)


def test_somebody_else_is_faster_by_a_moment(attempt, rehearsal, tmp_path, undisturbed):
    """Between our look and our transaction: ours reverts, which is no harm."""
    rehearsal.provider.fault = "overtaken"
    deployment, hints = until_done(attempt, tmp_path)
    assert hints == []
    assert lasting(read(tmp_path)) == lasting(undisturbed)
    assert rehearsal.sent_by(rehearsal.signer.address) == STEPS
    made = [one for one in deployment.contracts.values() if one.made_by is None]
    assert all(one.transaction is None for one in made)
