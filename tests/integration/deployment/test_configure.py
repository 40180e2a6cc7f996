"""`ape run configure`: a deployment becomes what its parameters say, by whoever may change it, and only where it is not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from provenwork.crypto import to_address
from scripts._deployment import (
    DeploymentError,
    configure,
    propose,
    propose_configuration,
    read_deployment,
    read_parameters,
)
from scripts._deployment._batch import write_batches
from tests.harness.rehearsal import MULTISIG
from tests.integration.deployment.conftest import IMPATIENT, MAINNET, QUICK, SEPOLIA

ALL = ("insecure-srs",)
MODEL = "0x" + "4d" * 32


@pytest.fixture
def parameters(tmp_path, rehearsal):
    """The parameter file with some passages replaced."""

    def parameters(*changes: tuple[str, str]):
        text = SEPOLIA.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / "changed.yaml"
        path.write_text(text, encoding="utf-8")
        return read_parameters(path).with_roles(rehearsal.roles)

    return parameters


CHANGES = (
    ("    minimum_deposit: 100_000 ", "    minimum_deposit: 250_000 "),
    ("  circuit: 2\n", "  circuit: 4\n"),
    ("  3: tiny_lm/16", "  3: tiny_lm/16\n  4: token_count/64"),
    ("models: {}", f'models: {{"{MODEL}": 1}}'),
)
CHANGED = [
    "circuit 4 is token_count/64",
    f"model {MODEL} is proved by circuit 1",
    "JobMarketplace takes usdc",
    "JobFactory takes usdc",
    "what short openings copy",
]


@pytest.fixture
def configuring(rehearsal, artefacts):
    """Compares a deployment with parameters, for its deployer."""

    def configuring(parameters, deployment, force=ALL):
        return propose_configuration(
            parameters,
            deployment,
            rehearsal.node,
            rehearsal.signer.address,
            artefacts=artefacts,
            force=force,
        )

    return configuring


def take_over(rehearsal, artefacts, sepolia) -> None:
    """The multisig takes what it was offered."""
    plan = propose(
        sepolia, rehearsal.node, rehearsal.signer.address, artefacts=artefacts, force=ALL
    ).plan
    for owner, changes in plan.takings.items():
        for change in changes:
            rehearsal.act_as(owner, change.call.to, "0x" + change.call.data.hex())


def test_nothing_to_do(configuring, deployed, sepolia, rehearsal):
    """Right after a deployment: nothing is sent, and the registry stays as it is."""
    before = rehearsal.sent_by(rehearsal.signer.address)
    configuration = configuring(sepolia, deployed, force=())
    assert (configuration.own, configuration.others) == ((), {})
    assert configure(configuration, rehearsal.signer, effort=QUICK) == deployed
    assert rehearsal.sent_by(rehearsal.signer.address) == before


def test_what_changed_is_set_once(configuring, deployed, parameters, rehearsal):
    """Circuits, models, tokens and defaults; the second time there is nothing to do."""
    wanted = parameters(*CHANGES)
    configuration = configuring(wanted, deployed)
    assert [step.purpose for step in configuration.own] == CHANGED
    configured = configure(configuration, rehearsal.signer, effort=QUICK)
    assert configured.circuits[4] == replace(
        deployed.circuits[1], transaction=configured.circuits[4].transaction
    )
    assert configured.models == {MODEL: 1}
    for purpose in CHANGED:
        receipt = rehearsal.node.receipt(configured.transactions[purpose])
        assert receipt.succeeded
    assert configured.contracts == deployed.contracts
    again = configuring(wanted, configured)
    assert (again.own, again.others, again.cost.total_gas) == ((), {}, 0)


def test_a_token_that_is_no_longer_wanted(configuring, deployed, parameters, rehearsal):
    """`allowed: false` ends it for new sessions and jobs."""
    ended = ("    minimum_deposit: 100_000 ", "    allowed: false\n    minimum_deposit: 100_000 ")
    configuration = configuring(parameters(ended), deployed)
    assert [step.purpose for step in configuration.own] == [
        "JobMarketplace takes no usdc",
        "JobFactory takes no usdc",
    ]
    configure(configuration, rehearsal.signer, effort=QUICK)
    assert all(change.done[0].holds(rehearsal.node) for change in configuration.own)


def test_a_multisig_gets_a_file(
    configuring, deployed, parameters, rehearsal, artefacts, sepolia, tmp_path
):
    """Once it has taken over, the deployer can change nothing; what the multisig calls does the same."""
    take_over(rehearsal, artefacts, sepolia)
    wanted = parameters(*CHANGES)
    configuration = configuring(wanted, deployed)
    assert configuration.own == ()
    assert [change.purpose for change in configuration.others[to_address(MULTISIG)]] == CHANGED
    unchanged = configure(configuration, rehearsal.signer, effort=QUICK)
    assert unchanged.circuits == deployed.circuits

    (path,) = write_batches(
        tmp_path / "base-sepolia.json", "configure", "Configure", 84_532, configuration.others
    )
    batch = json.loads(path.read_text(encoding="utf-8"))
    assert (batch["chainId"], batch["meta"]["createdFromSafeAddress"]) == (
        "84532",
        to_address(MULTISIG),
    )
    for call in batch["transactions"]:
        assert call["value"] == "0"
        rehearsal.act_as(MULTISIG, call["to"], call["data"])
    done = configuring(wanted, deployed)
    assert (done.own, done.others) == ((), {})
    configured = configure(done, rehearsal.signer, effort=QUICK)
    assert configured.circuits[4].transaction is None
    assert configured.models == {MODEL: 1}


def test_a_new_verifier(configuring, deployed, parameters, rehearsal, monkeypatch, artefacts):
    """A circuit that was built anew has another verifier: anybody may deploy it, it gets a number and a name of its own."""
    code = artefacts.creation_code("TokenCount64Verifier")
    make = artefacts.creation_code
    # The same code with other metadata: to the chain another contract.
    changed = code[:-10] + bytes([code[-10] ^ 1]) + code[-9:]
    monkeypatch.setattr(
        artefacts,
        "creation_code",
        lambda name: changed if name == "TokenCount64Verifier" else make(name),
    )
    with pytest.raises(DeploymentError, match=r"circuit\(1\) is .* already, for ever"):
        configuring(parameters(), deployed)
    renumbered = parameters(("  1: token_count/64\n", "  4: token_count/64\n"))
    configuration = configuring(renumbered, deployed)
    assert [step.purpose for step in configuration.own] == [
        "deploying TokenCount64Verifier",
        "circuit 4 is token_count/64",
    ]
    configured = configure(configuration, rehearsal.signer, effort=QUICK)
    name = configured.circuits[4].verifier
    assert name.startswith("TokenCount64Verifier 0x")
    assert configured.contracts[name].contract == "TokenCount64Verifier"
    assert configured.contracts[name].address != configured.address("TokenCount64Verifier")
    assert rehearsal.node.receipt(configured.contracts[name].transaction).succeeded
    assert configured.circuits[1] == deployed.circuits[1]


def test_insecure_circuits(configuring, deployed, parameters):
    """What is registered already is no news; another one from the test setup is refused."""
    assert configuring(parameters(CHANGES[0]), deployed, force=()).warnings == ()
    with pytest.raises(DeploymentError, match="token_count/64: not made from the public"):
        configuring(parameters(*CHANGES), deployed, force=())


def test_interrupted(configuring, deployed, parameters, rehearsal, tmp_path):
    """It continues, and sends nothing twice."""
    wanted = parameters(*CHANGES)
    before = rehearsal.sent_by(rehearsal.signer.address)
    rehearsal.provider.fault = "dropped"
    failed, configured = 0, None
    while configured is None:
        assert failed <= 3 * len(CHANGED)
        try:
            configured = configure(
                configuring(wanted, deployed),
                rehearsal.signer,
                journal=tmp_path / "journal",
                effort=IMPATIENT,
            )
        except DeploymentError as problem:
            failed += "again" in problem.hint
    assert failed >= len(CHANGED)
    assert rehearsal.sent_by(rehearsal.signer.address) == before + len(CHANGED)
    assert all(configured.transactions[purpose] for purpose in CHANGED)


def test_the_wrong_files(configuring, deployed, rehearsal, sepolia, tmp_path):
    """Parameters of another chain, a deployment of another chain, one that is not there, none at all."""
    with pytest.raises(DeploymentError, match="for chain 8453, and the deployment is on 84532"):
        configuring(read_parameters(MAINNET), deployed)
    with pytest.raises(DeploymentError, match="on chain 8453, and the node is of chain 84532"):
        configuring(sepolia, replace(deployed, chain_id=8453))
    with pytest.raises(DeploymentError, match=r"there is no .*nowhere\.json") as refusal:
        read_deployment(Path(tmp_path) / "nowhere.json")
    assert "ape run deploy" in refusal.value.hint
    rehearsal.put_code(deployed.address("SessionLens"), b"")
    with pytest.raises(DeploymentError, match="SessionLens is not where the registry file says"):
        configuring(sepolia, deployed)


def test_a_contract_that_is_not_part_of_it(configuring, deployed, sepolia):
    """Configuring deploys verifiers only."""
    contracts = {k: v for k, v in deployed.contracts.items() if k != "JobFactory"}
    with pytest.raises(DeploymentError, match="JobFactory is not part of this deployment"):
        configuring(sepolia, replace(deployed, contracts=contracts))


def test_another_treasury(configuring, deployed, sepolia, rehearsal):
    """It is set in every contract that takes a fee."""
    other = "0x" + "7e" * 20
    configuration = configuring(sepolia.with_roles({"treasury": other}), deployed)
    assert [step.purpose for step in configuration.own] == [
        "JobMarketplace's fees go to the treasury",
        "JobFactory's fees go to the treasury",
    ]
    configured = configure(configuration, rehearsal.signer, effort=QUICK)
    assert configured.roles["treasury"] == to_address(other)
    again = configuring(sepolia.with_roles({"treasury": other}), configured)
    assert (again.own, again.others) == ((), {})


def test_another_owner(configuring, deployed, sepolia, rehearsal, artefacts):
    """Whoever holds the contracts offers them: the deployer, or later the multisig by its file."""
    first, second = "0x" + "7e" * 20, "0x" + "8e" * 20
    configuration = configuring(sepolia.with_roles({"owner": first}), deployed)
    assert len(configuration.own) == len(deployed.handover) == 4
    configured = configure(configuration, rehearsal.signer, effort=QUICK)
    assert set(configured.handover.values()) == {to_address(first)}
    for taking in configuration.plan.takings[to_address(first)]:
        rehearsal.act_as(first, taking.call.to, "0x" + taking.call.data.hex())
    again = configuring(sepolia.with_roles({"owner": first}), configured)
    assert (again.own, again.others) == ((), {})
    moved = configuring(sepolia.with_roles({"owner": second}), configured)
    assert moved.own == ()
    assert len(moved.others[to_address(first)]) == 4
