"""What the rehearsal says a deployment costs is what it costs."""

import pytest

from provenwork.chain import Receipt
from scripts._deployment import carry_out, propose
from scripts._deployment._table import proposal_tables
from tests.harness.rehearsal import Rehearsal
from tests.integration.deployment.conftest import QUICK

ORACLE = "0x420000000000000000000000000000000000000F"


@pytest.fixture
def proposing(rehearsal, artefacts, sepolia):
    """Proposes the deployment to the test network."""

    def proposing():
        return propose(
            sepolia,
            rehearsal.node,
            rehearsal.signer.address,
            artefacts=artefacts,
            force=["insecure-srs"],
        )

    return proposing


def receipts(rehearsal: Rehearsal, deployment) -> dict[str, Receipt]:
    """What each step's transaction came to."""
    hashes = dict(deployment.transactions)
    for name, placed in deployment.contracts.items():
        if placed.made_by is None:
            hashes[f"deploying {name}"] = placed.transaction
    return {purpose: rehearsal.node.receipt(hash_) for purpose, hash_ in hashes.items()}


def test_gas(proposing, rehearsal):
    """Step by step, to within a thousandth."""
    proposal = proposing()
    deployment = carry_out(proposal, rehearsal.signer, effort=QUICK)
    found = {purpose: one.gas_used for purpose, one in receipts(rehearsal, deployment).items()}
    assert found.keys() == proposal.cost.gas.keys()
    for purpose, gas in proposal.cost.gas.items():
        assert found[purpose] == pytest.approx(gas, rel=0.001)


def test_money(proposing, rehearsal):
    """It costs no more than was said, and the balance shows it."""
    proposal = proposing()
    before = rehearsal.node.balance(rehearsal.signer.address)
    deployment = carry_out(proposal, rehearsal.signer, effort=QUICK)
    spent = before - rehearsal.node.balance(rehearsal.signer.address)
    assert spent == sum(one.fee for one in receipts(rehearsal, deployment).values())
    assert spent <= proposal.cost.at_most
    assert proposal.cost.expected <= proposal.cost.at_most


def test_the_fee_for_data(proposing, rehearsal, artefacts):
    """Where the chain has a gas price oracle, it says what the transactions' data costs: here a gwei a byte."""
    assert proposing().cost.data_fee == 0
    rehearsal.put_code(ORACLE, artefacts.runtime_code("HonestOracle"))
    proposal = proposing()
    calldata = sum(len(step.call.data) for step in proposal.todo)
    assert proposal.cost.data_fee == (calldata + 120 * len(proposal.todo)) * 10**9
    assert proposal.cost.expected > proposal.cost.total_gas * proposal.cost.price


def test_everything_is_shown(proposing, rehearsal, sepolia):
    """Roles, addresses, every value and the price are in the tables, uncut in 80 columns."""
    import io

    from rich.console import Console

    proposal = proposing()
    console = Console(file=io.StringIO(), width=80)
    for table in proposal_tables(proposal):
        console.print(table)
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    for step in proposal.plan.steps:
        for name, value in step.arguments:
            assert f"  {name}" in text
            assert (
                isinstance(value, bool | int)
                or value in text
                or value in proposal.plan.addresses.values()
            )
            if isinstance(value, int) and not isinstance(value, bool):
                assert f"{value:,}" in text
    for address in (*proposal.plan.roles.values(), *proposal.plan.addresses.values()):
        assert address in text
    assert f"{proposal.cost.total_gas:,} gas" in text
    assert "Warning: token_count/64" in text
