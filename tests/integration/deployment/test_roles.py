"""Roles go from one account to another in two steps: the contracts to their owner, the registration signer's to the next."""

import json

import pytest

from provenwork.chain import WorkerRegistry
from provenwork.crypto import ZERO_ADDRESS, LocalSigner, to_address
from scripts._deployment import DeploymentError, do_errand, plan_of, propose_errand
from scripts._deployment._batch import write_batches
from scripts._deployment._holders import holders
from scripts._deployment._roles import (
    accepting_signer,
    cancelling_signer,
    proposing_signer,
    signer_roles,
)
from tests.harness.rehearsal import MULTISIG, SIGNER
from tests.integration.deployment.conftest import QUICK

NEXT = LocalSigner(b"\x2e" * 32)


@pytest.fixture
def roles(rehearsal, artefacts, deployed):
    """Who holds what in the registry now."""
    return lambda: signer_roles(rehearsal.node, artefacts, deployed)


@pytest.fixture
def do(rehearsal):
    """Makes a call, or finds it made; returns how many transactions that took."""
    rehearsal.fund(NEXT.address)

    def do(signer, change) -> int:
        errand = propose_errand(rehearsal.node, signer.address, [change])
        do_errand(rehearsal.node, errand, signer, effort=QUICK)
        return len(errand.todo)

    return do


def test_both_steps(do, roles, rehearsal, artefacts, deployed):
    """The admin proposes, the next signer accepts; doing a step again does nothing."""
    admin = rehearsal.signer
    before = roles()
    assert (before.admin, before.signer) == (admin.address, to_address(SIGNER))
    proposing = proposing_signer(artefacts, deployed, NEXT.address)
    accepting = accepting_signer(artefacts, deployed, NEXT.address)
    assert do(admin, proposing) == 1
    assert (roles().signer, roles().pending) == (to_address(SIGNER), NEXT.address)
    assert do(admin, proposing) == 0
    assert do(NEXT, accepting) == 1
    assert (roles().signer, roles().pending) == (NEXT.address, ZERO_ADDRESS)
    assert do(NEXT, accepting) == 0
    assert do(admin, proposing) == 0
    registry = WorkerRegistry(rehearsal.node, deployed.address("WorkerRegistry"))
    assert registry.ask("registrationSigner") == NEXT.address


def test_taken_back(do, roles, rehearsal, artefacts, deployed):
    """Until it is accepted, the admin can take a proposal back; then nobody can accept."""
    admin = rehearsal.signer
    do(admin, proposing_signer(artefacts, deployed, NEXT.address))
    assert do(admin, cancelling_signer(artefacts, deployed)) == 1
    assert do(admin, cancelling_signer(artefacts, deployed)) == 0
    assert roles().pending == ZERO_ADDRESS
    with pytest.raises(DeploymentError, match="WorkerRegistry_NotPendingSigner"):
        do(NEXT, accepting_signer(artefacts, deployed, NEXT.address))


def test_nobody_else(do, rehearsal, artefacts, deployed):
    """What the contract would refuse is not sent."""
    with pytest.raises(DeploymentError, match="WorkerRegistry_NotAdmin"):
        do(NEXT, proposing_signer(artefacts, deployed, NEXT.address))
    errand = propose_errand(
        rehearsal.node, rehearsal.signer.address, [proposing_signer(artefacts, deployed, MULTISIG)]
    )
    with pytest.raises(DeploymentError, match="cannot do what only"):
        do_errand(rehearsal.node, errand, NEXT, effort=QUICK)


def test_a_multisig_takes_over(rehearsal, artefacts, deployed, sepolia, tmp_path):
    """Its file has one call for each contract; afterwards it holds them all, and the deployer nothing."""
    takings = plan_of(sepolia, deployed, artefacts).takings
    (path,) = write_batches(
        tmp_path / "base-sepolia.json", "take-over", "Take over", 84_532, takings
    )
    calls = json.loads(path.read_text(encoding="utf-8"))["transactions"]
    assert {call["to"] for call in calls} == {deployed.address(name) for name in deployed.handover}
    for call in calls:
        rehearsal.act_as(MULTISIG, call["to"], call["data"])
    held = holders(rehearsal.node, artefacts, deployed)
    assert {account for _, role, account in held if role in {"owner", "admin"}} == {
        to_address(MULTISIG)
    }
    assert not [role for _, role, _ in held if role.startswith("pending")]
    assert rehearsal.signer.address not in {account for _, _, account in held}


def test_an_owner_with_a_key_takes_over(rehearsal, artefacts, deployed, sepolia):
    """The same calls, by `do_errand`; here after it was offered to another owner than at first."""
    rehearsal.fund(NEXT.address)
    plan = plan_of(sepolia.with_roles({"owner": NEXT.address}), deployed, artefacts)
    offers = [handover.offer for handover in plan.handovers]
    for signer, changes in ((rehearsal.signer, offers), (NEXT, plan.takings[NEXT.address])):
        errand = propose_errand(rehearsal.node, signer.address, changes)
        assert len(errand.todo) == len(plan.handovers)
        do_errand(rehearsal.node, errand, signer, effort=QUICK)
    held = holders(rehearsal.node, artefacts, deployed)
    assert {account for _, role, account in held if role in {"owner", "admin"}} == {NEXT.address}
