"""One circuit of 64 tokens, its keys, and one honest proof, shared by all the tests here."""

import shutil
from pathlib import Path

import pytest

from provenwork.circuits import (
    Circuit,
    Proof,
    Prover,
    artefacts_folder,
    build,
    load_circuit,
    session_tag,
)

CHAIN_ID = 84532
MARKETPLACE = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
HOST = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
JOB_ID = 7
FIRST_TOKEN = 1024
TOKENS = (15496, 995, 0, 50256, 0, 1)


@pytest.fixture(scope="session")
def circuit() -> Circuit:
    """The small committed circuit."""
    return load_circuit("token_count/64")


@pytest.fixture(scope="session")
def tag() -> int:
    """The place of the session that the proofs here speak of."""
    return session_tag(CHAIN_ID, MARKETPLACE, JOB_ID, HOST, FIRST_TOKEN)


@pytest.fixture(scope="session")
def prover(circuit: Circuit) -> Prover:
    """A prover with its keys in the repository's own cache."""
    return Prover(circuit)


@pytest.fixture(scope="session")
def proof(prover: Prover, tag: int) -> Proof:
    """An honest proof of TOKENS."""
    return prover.prove(TOKENS, tag)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Circuit:
    """A circuit of eight tokens, built here: keys and strange inputs need not wait for a large one."""
    folder = tmp_path_factory.mktemp("tiny")
    return build("token_count/8", logrows=10, folder=folder / "circuits", cache=folder / "cache")


@pytest.fixture
def copied(tiny: Circuit, tmp_path: Path) -> Circuit:
    """The tiny circuit in a folder of its own, whose files a test may spoil."""
    folder = tmp_path / "circuits"
    (folder / "srs").mkdir(parents=True)
    (tmp_path / "contracts" / "verifiers").mkdir(parents=True)
    shutil.copytree(tiny.folder, folder / tiny.name)
    shutil.copy(tiny.srs, folder / "srs")
    shutil.copy(tiny.verifier_source, tmp_path / "contracts" / "verifiers")
    assert artefacts_folder() not in folder.parents
    return load_circuit(tiny.name, folder)
