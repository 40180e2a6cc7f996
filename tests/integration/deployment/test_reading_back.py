"""Every code, constructor argument, role and setting is read back; whatever is not as it should be is named."""

import pytest

from scripts._deployment import Change, DeploymentError, carry_out, propose
from scripts._deployment._bytecode import compare, immutable_places
from scripts._deployment._checks import Standing, check_contracts
from scripts._deployment._create2 import child_address
from scripts._deployment._deploy import read_back, require_all
from tests.integration.deployment.conftest import QUICK


@pytest.fixture
def plan(rehearsal, artefacts, sepolia):
    """What was deployed to the test network."""
    proposal = propose(
        sepolia,
        rehearsal.node,
        rehearsal.signer.address,
        artefacts=artefacts,
        force=["insecure-srs"],
    )
    carry_out(proposal, rehearsal.signer, effort=QUICK)
    return proposal.plan


def failing(rehearsal, artefacts, plan) -> list[str]:
    """The names of the checks that do not hold."""
    return [check.name for check in read_back(rehearsal.node, artefacts, plan) if not check.holds]


def test_everything_holds(rehearsal, artefacts, plan):
    """After a deployment, and no name twice."""
    names = [check.name for check in read_back(rehearsal.node, artefacts, plan)]
    assert len(set(names)) == len(names)
    assert failing(rehearsal, artefacts, plan) == []


def test_every_constructor_argument(rehearsal, artefacts, plan):
    """Each single word of each constructor's arguments makes a difference; owners that were handed over, in the settings."""
    for creation in plan.creations:
        for word in range(len(creation.encoded) // 32):
            name = creation.arguments[word][0]
            changed = bytearray(creation.encoded)
            changed[32 * word + 31] ^= 1
            standing = [Standing(creation.contract, creation.address, bytes(changed))]
            found = [
                check
                for check in check_contracts(rehearsal.node, artefacts, standing)
                if not check.holds
            ]
            assert len(found) == 1, f"{creation.contract}: {name}"
            assert found[0].wanted != found[0].found


def test_every_contract_s_code(rehearsal, artefacts, plan):
    """A single changed byte anywhere is found, also in the half that a contract made itself."""
    halves = {"JobMarketplaceExtension": child_address(plan.addresses["JobMarketplace"])}
    for name, address in {**plan.addresses, **halves}.items():
        code = rehearsal.node.code(address)
        # In the metadata's hash, which no call reads.
        changed = bytearray(code)
        changed[-10] ^= 1
        rehearsal.put_code(address, bytes(changed))
        code_first, *arguments = failing(rehearsal, artefacts, plan)
        assert code_first == f"{name}'s code"
        # Immutables are found in code that is known only.
        assert all(argument.startswith(f"{name}: ") for argument in arguments)
        rehearsal.put_code(address, code)
    assert failing(rehearsal, artefacts, plan) == []


def test_every_setting(rehearsal, artefacts, plan):
    """What anybody changes afterwards is found: here the owner itself, before it hands over."""
    owner = rehearsal.signer.address
    for change in plan.changes:
        assert isinstance(change, Change)
        if change.function not in {"setToken", "setDefaults"}:
            continue
        data = bytearray(change.call.data)
        data[-1] ^= 1  # another minimum, another rate
        rehearsal.act_as(owner, change.call.to, "0x" + data.hex())
        assert failing(rehearsal, artefacts, plan) == [change.done[0].name]
        rehearsal.act_as(owner, change.call.to, "0x" + change.call.data.hex())
    assert failing(rehearsal, artefacts, plan) == []


def test_every_offer(rehearsal, artefacts, plan):
    """A contract that is offered to somebody else is found, and one that its owner took is as good."""
    thief = "0x" + "7f" * 20
    for handover in plan.handovers:
        data = handover.offer.call.data[:16] + bytes.fromhex(thief[2:])
        rehearsal.act_as(rehearsal.signer.address, handover.offer.call.to, "0x" + data.hex())
        assert failing(rehearsal, artefacts, plan) == [handover.offer.done[0].name]
        rehearsal.act_as(
            rehearsal.signer.address,
            handover.offer.call.to,
            "0x" + handover.offer.call.data.hex(),
        )
        rehearsal.act_as(
            handover.to, handover.taking.call.to, "0x" + handover.taking.call.data.hex()
        )
        assert failing(rehearsal, artefacts, plan) == []


def test_the_message(rehearsal, artefacts, plan):
    """It names the first and counts the rest."""
    for contract in ("ProofSystem", "SessionLens"):
        rehearsal.put_code(plan.addresses[contract], b"\x00")
    with pytest.raises(
        DeploymentError, match=r"ProofSystem's code: the chain says it has 1 byte"
    ) as refusal:
        require_all(read_back(rehearsal.node, artefacts, plan))
    assert "more)" in str(refusal.value)
    assert "Do not use" in refusal.value.hint


def test_comparing_code():
    """Only a PUSH32 of zero is a constructor's to fill in; anything else must be equal."""
    push = b"\x7f" + bytes(32)
    data = b"\x60\x7f" + bytes(32)  # PUSH1 0x7f, then zeros that are none of the constructor's
    compiled = push + data + push
    assert immutable_places(compiled) == [1, len(push + data) + 1]
    filled = b"\x7f" + b"\x11" * 32 + data + b"\x7f" + b"\x22" * 32
    assert compare(filled, compiled).immutables == (b"\x11" * 32, b"\x22" * 32)
    assert not compare(push + b"\x60\x7f" + b"\x33" * 32 + push, compiled).agrees
    assert compare(filled[:-1], compiled).problem == "it has 99 bytes, not 100"
    assert compare(b"", compiled).problem == "there is no code"
