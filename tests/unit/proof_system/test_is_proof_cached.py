"""ProofSystem.isProofCached: what was verified, and nothing beside it."""

import pytest

from tests.harness.reverts import reverts
from tests.unit.proof_system.encoding import (
    COMMITMENT,
    HASHED,
    HASHED_ID,
    TAG,
    TOKENS,
    instances_hash,
)

TWIN_ID = 3
KEY = (HASHED_ID, TAG, TOKENS, instances_hash(HASHED.instances(TAG, TOKENS)))


@pytest.fixture
def cached(proofs, register, prove, host):
    """The proof system after one proof was cached; circuit 3 is the same as circuit 1."""
    register(TWIN_ID)
    proofs.cacheProof(HASHED_ID, TAG, prove(TOKENS), TOKENS, sender=host)
    return proofs


def test_nothing(proofs):
    """It should be false."""
    assert not proofs.isProofCached(*KEY)


def test_exactly(cached):
    """It should be true for exactly that proof."""
    assert cached.isProofCached(*KEY)


def test_other_circuit(cached):
    """It should be false for another circuit."""
    assert not cached.isProofCached(TWIN_ID, *KEY[1:])


def test_other_tag(cached):
    """It should be false for another tag."""
    assert not cached.isProofCached(HASHED_ID, TAG + 1, *KEY[2:])


def test_other_tokens(cached):
    """It should be false for another number of tokens."""
    assert not cached.isProofCached(HASHED_ID, TAG, TOKENS - 1, KEY[3])


def test_other_instances(cached):
    """It should be false for other instances."""
    others = HASHED.instances(TAG, TOKENS, COMMITMENT + 1)
    assert not cached.isProofCached(*KEY[:3], instances_hash(others))


def test_revoked(cached, owner):
    """It should be false once the circuit is revoked."""
    cached.revokeCircuit(HASHED_ID, sender=owner)
    assert not cached.isProofCached(*KEY)


def test_refused_proof(project, proofs, register, prove, owner, host):
    """It should be false for a proof that the verifier refused."""
    verifier = owner.deploy(project.AnsweringContract, bytes(32))
    register(TWIN_ID, verifier=verifier)
    with reverts(proofs.ProofSystem_ProofRejected, circuitId=TWIN_ID, verifier=verifier):
        proofs.cacheProof(TWIN_ID, TAG, prove(TOKENS), TOKENS, sender=host)
    assert not proofs.isProofCached(TWIN_ID, *KEY[1:])
