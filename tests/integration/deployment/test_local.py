"""`ape run deploy`: what stands afterwards is what the parameters say, and bad parameters send nothing."""

import json
import re
from dataclasses import replace
from pathlib import Path

import ape
import pytest
import yaml
from eth_utils import keccak

from provenwork.chain import Marketplace, Node, Parameters, ProofSystem, SessionLens, WorkerRegistry
from provenwork.circuits import load_circuit
from provenwork.crypto import ZERO_ADDRESS
from scripts._deployment import (
    ApeSigner,
    Deployment,
    DeploymentError,
    deploy,
    read_deployment,
    read_parameters,
)
from tests.harness.execution import rpc
from tests.integration.deployment.conftest import LOCAL, QUICK


@pytest.fixture
def deployer() -> ApeSigner:
    """The account that deploys."""
    return ApeSigner(ape.accounts.test_accounts[0])


@pytest.fixture
def put(deployer, artefacts):
    """Deploys a parameter file."""

    def put(path: Path = LOCAL, **options) -> Deployment:
        return deploy(
            read_parameters(path),
            Node(ape.chain.provider.web3),
            deployer,
            artefacts=artefacts,
            effort=QUICK,
            **options,
        )

    return put


@pytest.fixture
def deployed(put) -> Deployment:
    """What `local.yaml` says, on the chain."""
    return put()


def test_everything_stands_as_the_parameters_say(deployed, deployer):
    """Addresses have code, roles are held by those named, and every number is where it belongs."""
    node = Node(ape.chain.provider.web3)
    assert all(node.code(placed.address) for placed in deployed.contracts.values())
    market = Marketplace(node, deployed.address("JobMarketplace"))
    assert market.parameters == Parameters(60, 60, 180, 600, 300, 10**14, 1_000)
    assert market.ask("owner") == deployer.address
    assert market.ask("treasury") == deployed.roles["treasury"]
    assert market.defaults() == (1, 200)
    assert market.token_terms(ZERO_ADDRESS).minimum_deposit == 5 * 10**13
    assert market.token_terms(deployed.tokens["MockUSDC"]).minimum_deposit == 100_000
    registry = WorkerRegistry(node, deployed.address("WorkerRegistry"))
    assert registry.ask("registrationSigner") == deployed.roles["registration_signer"]
    assert registry.ask("admin") == deployed.roles["registry_admin"]
    lens = SessionLens(node, deployed.address("SessionLens"))
    assert lens.ask("marketplace") == market.address
    proof_system = ProofSystem(node, deployed.address("ProofSystem"))
    assert proof_system.ask("owner") == deployer.address
    for number, placed in deployed.circuits.items():
        circuit = load_circuit(placed.name)
        terms = proof_system.circuit_info(number)
        assert (terms.max_tokens, terms.revoked_at) == (circuit.max_tokens, 0)
        verifier, _, layout = proof_system.ask("circuit", number)
        assert verifier == deployed.address(circuit.verifier)
        # Instances, tag, count, whether it binds its input and where, scale, tokens.
        places = circuit.layout
        prompt = places.prompt_commitment
        assert tuple(layout) == (
            *(places.instances, places.tag, places.count, prompt is not None, prompt or 0),
            *(places.scale, circuit.max_tokens),
        )
        assert terms.binds_input == (placed.name == "tiny_lm/16")


def test_it_says_what_stands_where(deployed, tmp_path):
    """The record names every contract, transaction and block, as the chain has them; read again, it is the same."""
    path = tmp_path / "build" / "deployment.json"
    deployed.write(path)
    assert read_deployment(path) == deployed
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["chainId"] == ape.chain.chain_id
    assert set(record["contracts"]) == {
        *("MockUSDC", "WorkerRegistry", "ProofSystem", "SessionLens", "JobFactory"),
        *("JobMarketplace", "JobMarketplaceExtension"),
        *("TokenCount64Verifier", "TokenCount1024Verifier", "TinyLm16Verifier"),
    }
    for name, entry in record["contracts"].items():
        receipt = rpc("eth_getTransactionReceipt", entry["transaction"])
        assert int(receipt["blockNumber"], 16) == entry["block"] >= record["firstBlock"]
        if entry["madeBy"] is None:
            assert int(receipt["gasUsed"], 16) == entry["gas"]
        code = bytes.fromhex(rpc("eth_getCode", entry["address"], "latest")[2:])
        assert entry["codeHash"] == "0x" + keccak(code).hex()
        assert any(item["type"] == "function" for item in entry["abi"]), name
    for transaction in record["transactions"].values():
        assert rpc("eth_getTransactionReceipt", transaction)["status"] == "0x1"
    assert [path.name for path in path.parent.iterdir()] == ["deployment.json"]


def test_steps_are_told(put):
    """Whoever waits hears what is done next."""
    steps: list[str] = []
    put(on_step=steps.append)
    assert "rehearsing" in steps
    assert "deploying JobMarketplace" in steps
    assert steps[-1] == "reading back"


def test_it_can_stand_there_already(put, deployed):
    """The same again sends nothing, and says that others made what stands there."""
    before = rpc("eth_blockNumber")
    again = put()
    assert rpc("eth_blockNumber") == before
    for name, placed in deployed.contracts.items():
        assert again.contracts[name] == replace(placed, transaction=None, gas=None)


def test_another_salt_is_another_deployment(deployed, put, changed):
    """Every contract stands somewhere else."""
    other = put(changed("salt: provenwork", "salt: another"))
    addresses = {placed.address for placed in deployed.contracts.values()}
    assert addresses.isdisjoint(placed.address for placed in other.contracts.values())


FORM = [
    ("chain_id: 31337", "chain_id: no number", "chain_id must be a number"),
    ("defaults:", "defautls:", "defaults is missing"),
    ("  circuit: 1\n", "", "defaults: circuit is missing"),
    ("  circuit: 1\n", "  circuit: 1\n  circuit: 2\n", "'circuit' stands there twice"),
    ("  1: token_count/64", "  0: token_count/64", "0 is not a circuit's number"),
    ("    arguments: {}", "    arguments: []", "MockUSDC: arguments must be named"),
    ("    minimum_deposit: 100_000 #", "    minimum: 1 #", "tokens: minimum_deposit is missing"),
    ("roles:", "roles: [", "is not YAML"),
    ("salt: provenwork", "salt: 1", "salt must be a word"),
    ("salt: provenwork", "salt: ''", "salt must not be empty"),
    ("models: {}", "models: []", "models must be a mapping"),
    (
        "    minimum_deposit: 100_000 #",
        "    minimum_deposit: 1\n    allow: true #",
        "tokens: unknown: allow",
    ),
]
VALUES = [
    ("chain_id: 31337", "chain_id: 8453", "is for chain 8453, and chain 31337 is chain 31337"),
    ("contract: WorkerRegistry", "contract: WorkerRegister", "there is no contract WorkerRegister"),
    ("initialSigner:", "initialSinger:", "WorkerRegistry: initialSigner is missing"),
    ("    arguments: {}", "    arguments: {supply: 1}", "MockUSDC: there is no supply"),
    ("        feeBps: 1_000", "", "JobMarketplace: params: feeBps is missing"),
    ("feeBps: 1_000", "feeBps: ten percent", "JobMarketplace: params: feeBps: 'ten percent' is not a uint256"),
    ("feeBps: 1_000", "feeBps: 0.1", "feeBps: 0.1 is not a uint256"),
    ("feeBps: 1_000", "feeBps: true", "feeBps: True is not a uint256"),
    ("feeBps: 1_000", "feeBps: -1", "feeBps: -1 does not fit a uint256"),
    ("treasury_: $treasury", "treasury_: $tresury", "$tresury is not known"),
    ("$WorkerRegistry", "$SessionLens", "registry: $SessionLens stands further down"),
    ("treasury_: $treasury", "treasury_: 0x12", "treasury_: not an address"),
    ("treasury: TEST::3", "treasury: TEST::99", "there is no test account TEST::99"),
    ("treasury: TEST::3", "treasury: nobody", "'nobody' is no account"),
    ("owner: deployer", "owner: TEST::7", "ProofSystem: the owner is 0x"),
    ("  - contract: ProofSystem\n", "  - contract: MockUSDC\n", "contracts: MockUSDC stands there twice"),
    ("2: token_count/1024", "2: token_count/1025", "circuits: 2: there is no circuit 'token_count/1025'"),
    ("  circuit: 1\n", "  circuit: 4\n", "defaults: there is no circuit 4 above"),
    ("models: {}", "models: {'0x12': 1}", "modelId: '0x12' is not a bytes32"),
    ("models: {}", "models: {'0x12': 4}", "models: there is no circuit 4 above"),
    ("handover: {}", "handover: {Nowhere: $treasury}", "handover: Nowhere: there is no such contract above"),
    ("handover: {}", "handover: {SessionLens: $treasury}", "SessionLens: it has no owner and no admin"),
    ("handover: {}", "handover: {ProofSystem: $nobody}", "newOwner: $nobody is not known"),
    ("treasury: TEST::3", "treasury: null", "nobody holds treasury yet"),
    ("second: 200", "second: 10_001", "max_tokens_per_second is 10001, must be 1 to 10,000"),
    ("token: $MockUSDC", "token: ETH", "tokens: ETH stands there twice"),
    ("minimum_deposit: 100_000 ", "minimum_deposit: 0.10 ", "minimumDeposit: 0.1 is not a uint256"),
    # What the ABI cannot know, the constructors say in a rehearsal.
    ("challengeWindow: $window", "challengeWindow: 61", "JobMarketplace_WindowOutOfRange(min=1, max=60, actual=61)"),
    ("feeBps: 1_000", "feeBps: 1_001", "JobMarketplace_FeeTooHigh(max=1000, actual=1001)"),
    ("registry_admin: TEST::2", "registry_admin: TEST::1", "WorkerRegistry_AdminIsSigner(account=0x"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), FORM + VALUES, ids=lambda text: text.strip()[:40])
def test_bad_parameters_send_nothing(changed, put, old, new, said):
    """The message names the place and the reason, on one line, and the chain is untouched."""
    before = rpc("eth_blockNumber")
    with pytest.raises(DeploymentError, match=re.escape(said)) as refusal:
        put(changed(old, new))
    assert "\n" not in str(refusal.value)
    assert rpc("eth_blockNumber") == before


def test_a_missing_file(tmp_path):
    """It says which file there should be."""
    with pytest.raises(DeploymentError, match="there are no parameters") as refusal:
        read_parameters(tmp_path / "nowhere.yaml")
    assert "--params" in refusal.value.hint


def test_an_unquoted_address(changed, put):
    """YAML reads it as a number; the hint says so."""
    path = changed("treasury_: $treasury", f"treasury_: 0x{'12' * 20}")
    assert isinstance(
        yaml.safe_load(path.read_text())["contracts"][3]["arguments"]["treasury_"], int
    )
    with pytest.raises(DeploymentError, match="treasury_: not an address") as refusal:
        put(path)
    assert "quotes" in refusal.value.hint
