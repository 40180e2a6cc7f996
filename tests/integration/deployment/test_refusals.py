"""What must not be deployed is refused before anything is sent, with the reason and what to do."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import ezkl
import pytest

from provenwork.circuits import load_circuit
from provenwork.crypto import LocalSigner
from scripts._deployment import (
    Deployment,
    DeploymentError,
    Parameters,
    carry_out,
    propose,
    read_parameters,
)
from scripts._deployment._ceremony import PUBLIC_SRS
from scripts._deployment._refusals import require_secure
from tests.harness.rehearsal import MULTISIG, SIGNER, USDC
from tests.integration.deployment.conftest import MAINNET, QUICK, SEPOLIA

PROXY = "0x4e59b44847b379578588920cA78FbF26c0B4956C"


@pytest.fixture
def proposing(rehearsal, artefacts):
    """Proposes what it is given, with everything forced unless said otherwise."""

    def proposing(parameters: Parameters, force=("insecure-srs", "plain-owner"), **options):
        return propose(
            parameters,
            rehearsal.node,
            rehearsal.signer.address,
            artefacts=artefacts,
            force=force,
            **options,
        )

    return proposing


@pytest.fixture
def refused(rehearsal, proposing):
    """Asserts that a proposal is refused with a reason, on one line, and a hint; nothing is sent."""

    def refused(parameters: Parameters, said: str, hint: str, **options) -> None:
        before = rehearsal.node.block().number
        with pytest.raises(DeploymentError) as refusal:
            proposing(parameters, **options)
        assert said in str(refusal.value)
        assert "\n" not in str(refusal.value)
        assert hint in refusal.value.hint
        assert rehearsal.node.block().number == before

    return refused


def test_a_wrong_chain(refused, rehearsal):
    """Base's parameters are not sent to a node of Base Sepolia."""
    parameters = read_parameters(MAINNET).with_roles(rehearsal.roles)
    refused(
        parameters,
        "base-mainnet.yaml is for chain 8453, and chain 84532 is chain 84532",
        "--network",
    )


def test_roles_that_nobody_holds(refused):
    """The multisig, the signer and the treasury are whoever deploys' to name."""
    parameters = read_parameters(SEPOLIA)
    refused(parameters, "nobody holds owner, registration_signer, treasury yet", "--role owner=0x")


def test_a_role_that_does_not_exist(sepolia):
    """A typo in a role's name is no role."""
    with pytest.raises(DeploymentError, match="there is no role onwer") as refusal:
        sepolia.with_roles({"onwer": MULTISIG})
    assert "owner, registration_signer, treasury" in refusal.value.hint


def test_test_accounts(refused, sepolia):
    """Everybody knows their keys."""
    refused(sepolia.with_roles({"treasury": "TEST::3"}), "TEST::3 is a test account", "of your own")


def test_an_insecure_setup(refused, proposing, sepolia):
    """Circuits from the repository's test SRS are for local chains; who insists is warned."""
    said = "token_count/64, token_count/1024, tiny_lm/16: not made from the public ceremony's SRS"
    refused(sepolia, said, "--force", force=())
    assert any("can forge proofs" in warning for warning in proposing(sepolia).warnings)


@pytest.mark.parametrize(("renamed", "hash_", "secure"), [
    (True, None, False),
    (True, PUBLIC_SRS[16], False),
    (False, PUBLIC_SRS[12], True),
])  # fmt: skip
def test_a_secure_setup(renamed, hash_, secure):
    """It is the hash that tells, for the circuit's own number of rows, and not the name of the file."""
    circuit = load_circuit("token_count/64")
    srs = circuit.srs.with_name("powers_of_tau_k12.srs") if renamed else circuit.srs
    hashes = {**circuit.hashes, "srs": hash_ or circuit.hashes["srs"]}
    warnings: list[str] = []
    with nullcontext() if secure else pytest.raises(DeploymentError):
        require_secure([replace(circuit, srs=srs, hashes=hashes)], (), warnings)
    assert warnings == []


def test_the_ceremony_s_hashes():
    """They are those that the pinned EZKL compares with."""
    (library,) = Path(ezkl.__file__).parent.glob("*.so")
    known = library.read_bytes()
    for hash_ in PUBLIC_SRS.values():
        assert hash_.encode() in known


def test_an_owner_with_a_single_key(refused, proposing, sepolia):
    """A multisig is a contract; who insists is warned."""
    plain = sepolia.with_roles({"owner": SIGNER, "registration_signer": MULTISIG})
    refused(plain, "has no code: one key alone", "--force plain-owner", force=("insecure-srs",))
    assert any("one key alone" in warning for warning in proposing(plain).warnings)


def test_a_deployer_who_keeps_something(refused, rehearsal, sepolia, changed):
    """Every contract with an owner or an admin is offered to somebody else."""
    kept = read_parameters(changed("  ProofSystem: $owner\n", "", of=SEPOLIA))
    refused(kept.with_roles(rehearsal.roles), "ProofSystem would stay with 0x", "handover")
    self_owned = sepolia.with_roles({"owner": rehearsal.signer.address})
    refused(self_owned, "would be offered to 0x", "multisig")


def test_no_deployment_proxy(refused, rehearsal, sepolia):
    """Without the proxy, or with something else in its place, no address could be foretold."""
    rehearsal.put_code(PROXY, b"")
    refused(sepolia, "the deterministic deployment proxy is not at 0x4e59", "pre-signed")
    rehearsal.put_code(PROXY, b"\x00")
    refused(sepolia, "but something else is", "pre-signed")


def test_too_little_money(refused, rehearsal, sepolia):
    """What may be spent at most must be there beforehand."""
    rehearsal.rpc("anvil_setBalance", rehearsal.signer.address, hex(10**15))
    refused(sepolia, "has 0.001000 ETH, and this may cost 0.0", "Send it some")


def test_what_a_contract_would_refuse(refused, rehearsal, sepolia):
    """Configuration is rehearsed on contracts that do not stand yet: here the token is missing."""
    rehearsal.put_code(USDC, b"")
    refused(sepolia, f"JobMarketplace_TokenHasNoCode(token={USDC.lower()}", "Nothing was sent")


def test_what_a_constructor_would_refuse(refused, sepolia):
    """Its error is spelled out although the proxy keeps it to itself."""
    same = sepolia.with_roles({"treasury": "0x" + "00" * 20})
    refused(
        same, "JobMarketplace: the contract refuses: JobMarketplace_TreasuryInvalid", "arguments"
    )


def test_a_node_that_cannot_rehearse(refused, rehearsal, sepolia, monkeypatch):
    """It says what the node must be able to do."""
    ask = rehearsal.provider.make_request

    def old(method, params):
        if method == "eth_simulateV1":
            return {"error": {"code": -32601, "message": "the method does not exist"}}
        return ask(method, params)

    monkeypatch.setattr(rehearsal.provider, "make_request", old)
    refused(sepolia, "the node cannot rehearse", "eth_simulateV1")


@pytest.fixture
def deployed(proposing, rehearsal, sepolia, tmp_path) -> Deployment:
    """It stands, and the registry says so."""
    proposal = proposing(sepolia, registry=tmp_path / "there.json")
    return carry_out(proposal, rehearsal.signer, registry=tmp_path / "there.json", effort=QUICK)


def test_a_second_deployment(refused, deployed, sepolia, tmp_path):
    """Not over one that stands; the hint says what else there is."""
    refused(
        sepolia, "says that it is deployed on chain 84532, and so it is", "ape run configure",
        registry=tmp_path / "there.json",
    )  # fmt: skip


def test_a_deployment_that_is_gone(refused, deployed, rehearsal, sepolia, tmp_path):
    """A registry of contracts that the node does not have: perhaps it is the wrong node."""
    for placed in deployed.contracts.values():
        rehearsal.put_code(placed.address, b"")
    refused(
        sepolia, "chain 84532 that is not there", "right node", registry=tmp_path / "there.json"
    )


def test_a_registry_of_another_chain(refused, deployed, sepolia, tmp_path):
    """It is not overwritten."""
    replace(deployed, chain_id=8453).write(tmp_path / "there.json")
    refused(sepolia, "chain 8453 that is not there", "--registry", registry=tmp_path / "there.json")


def test_a_registry_that_is_none(refused, sepolia, tmp_path):
    """Nor is anything else."""
    (tmp_path / "there.json").write_text("[]")
    refused(sepolia, "is no registry file", "", registry=tmp_path / "there.json")


def test_a_circuit_number_that_is_taken(deployed, proposing, rehearsal, sepolia, changed):
    """A number means one circuit for ever, so exchanging two is refused."""
    path = changed(
        "  1: token_count/64\n  2: token_count/1024",
        "  2: token_count/64\n  1: token_count/1024",
        of=SEPOLIA,
    )
    other = read_parameters(path).with_roles(rehearsal.roles)
    with pytest.raises(
        DeploymentError, match=r"ProofSystem.circuit\(2\) is .* already, for ever"
    ) as refusal:
        proposing(other)
    assert "another number" in refusal.value.hint


def test_no_journal_for_somebody_else(proposing, rehearsal, sepolia):
    """Only the one for whom it was proposed can carry it out."""
    with pytest.raises(DeploymentError, match="cannot do what was proposed for"):
        carry_out(proposing(sepolia), LocalSigner(b"\x07" * 32), effort=QUICK)
