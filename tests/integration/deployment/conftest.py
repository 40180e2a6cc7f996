"""What every test of deployments needs: the artefacts, the parameter files, and a chain to rehearse on."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts._deployment import (
    ApeArtefacts,
    Deployment,
    Effort,
    Parameters,
    carry_out,
    propose,
    read_parameters,
)
from tests.harness.rehearsal import BASE_SEPOLIA, MULTISIG, USDC, Rehearsal, anvil

ROOT = Path(__file__).resolve().parents[3]
PARAMS = ROOT / "deployments" / "params"
LOCAL, SEPOLIA, MAINNET = (
    PARAMS / f"{name}.yaml" for name in ("local", "base-sepolia", "base-mainnet")
)
QUICK = Effort(timeout=30, poll=0.005, patience=30)
IMPATIENT = Effort(timeout=0.2, poll=0.005, patience=30)
"""For what will never be mined; on a busy machine what will be may take longer, too."""


@pytest.fixture(scope="session")
def artefacts() -> ApeArtefacts:
    """The compiled contracts."""
    return ApeArtefacts()


@pytest.fixture
def changed(tmp_path) -> Callable[..., Path]:
    """A parameter file with one passage replaced; fails if it has no such passage."""

    def change(old: str, new: str, of: Path = LOCAL) -> Path:
        text = of.read_text(encoding="utf-8")
        assert old in text
        path = tmp_path / "changed.yaml"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return path

    return change


@pytest.fixture(scope="session")
def public_chain(artefacts) -> Iterator[Rehearsal]:
    """An Anvil with Base Sepolia's chain id, on which USDC and the multisig stand."""
    with anvil(BASE_SEPOLIA) as url:
        rehearsal = Rehearsal(url)
        rehearsal.put_code(USDC, artefacts.runtime_code("MockUSDC"))
        rehearsal.put_code(MULTISIG, artefacts.runtime_code("MockWallet"))
        rehearsal.fund(rehearsal.signer.address)
        yield rehearsal
        rehearsal.close()


@pytest.fixture
def rehearsal(public_chain) -> Iterator[Rehearsal]:
    """The same, as it was, for one test."""
    with public_chain.kept():
        yield public_chain


@pytest.fixture
def deployed(rehearsal, artefacts, sepolia) -> Deployment:
    """It stands on the test network, and was offered to its owner."""
    proposal = propose(
        sepolia,
        rehearsal.node,
        rehearsal.signer.address,
        artefacts=artefacts,
        force=["insecure-srs"],
    )
    return carry_out(proposal, rehearsal.signer, effort=QUICK)


@pytest.fixture(scope="session")
def sepolia(public_chain) -> Parameters:
    """What is to be deployed there; the multisig and the other accounts have their roles."""
    return read_parameters(SEPOLIA).with_roles(public_chain.roles)
