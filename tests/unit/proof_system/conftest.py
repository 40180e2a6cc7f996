"""A proof system with two circuits whose verifier confirms everything."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from tests.unit.proof_system.encoding import (
    HASHED,
    HASHED_ID,
    PRIVATE,
    PRIVATE_ID,
    TAG,
    ZK,
    Layout,
    session_proof,
)


@pytest.fixture(scope="module")
def accepting(project, owner):
    """A verifier that confirms everything."""
    return owner.deploy(project.AcceptingVerifier)


@pytest.fixture(scope="module")
def proofs(project, owner, accepting):
    """A proof system with the circuits HASHED and PRIVATE."""
    proofs = owner.deploy(project.ProofSystem, owner)
    proofs.registerCircuit(HASHED_ID, accepting, asdict(HASHED), sender=owner)
    proofs.registerCircuit(PRIVATE_ID, accepting, asdict(PRIVATE), sender=owner)
    return proofs


@pytest.fixture(scope="module")
def register(proofs, owner, accepting) -> Callable[..., Any]:
    """Registers a circuit, by default HASHED with the verifier that confirms everything."""

    def register(
        circuit_id: int, layout: Layout = HASHED, verifier: Any = accepting, sender: Any = owner
    ) -> Any:
        return proofs.registerCircuit(circuit_id, verifier, asdict(layout), sender=sender)

    return register


@pytest.fixture(scope="module")
def prove() -> Callable[..., bytes]:
    """A session proof with a layout's instances, some of them changed."""

    def prove(
        tokens: int,
        layout: Layout = HASHED,
        tag: int = TAG,
        zk: bytes = ZK,
        changed: dict[int, int] | None = None,
    ) -> bytes:
        instances = layout.instances(tag, tokens)
        for index, value in (changed or {}).items():
            instances[index] = value
        return session_proof(instances, zk)

    return prove
