"""ProofSystem.cacheProof: verify once."""

from tests.harness.events import emitted, event
from tests.harness.execution import ask, rpc
from tests.harness.reverts import reverts
from tests.unit.proof_system.encoding import (
    HASHED,
    HASHED_ID,
    TAG,
    TOKENS,
    instances_hash,
)

NEW_ID = 3
INSTANCES_HASH = instances_hash(HASHED.instances(TAG, TOKENS))


def test_revert_when_not_confirmed(project, proofs, register, prove, owner, host):
    """It should revert: the proof must hold."""
    verifier = owner.deploy(project.AnsweringContract, bytes(32))
    register(NEW_ID, verifier=verifier)
    with reverts(proofs.ProofSystem_ProofRejected, circuitId=NEW_ID, verifier=verifier):
        proofs.cacheProof(NEW_ID, TAG, prove(TOKENS), TOKENS, sender=host)


def test_something_else(proofs, prove, host):
    """It should refuse it although the same instances are cached."""
    proof = prove(TOKENS)
    proofs.cacheProof(HASHED_ID, TAG, proof, TOKENS, sender=host)
    with reverts(proofs.ProofSystem_CountMismatch, expected=TOKENS - 1, actual=TOKENS):
        proofs.cacheProof(HASHED_ID, TAG, proof, TOKENS - 1, sender=host)


def test_hash(proofs, prove):
    """It should return the hash of the instances."""
    assert ask(proofs.cacheProof, HASHED_ID, TAG, prove(TOKENS), TOKENS) == INSTANCES_HASH


def test_remembers(proofs, prove, stranger):
    """It should remember the proof, whoever calls."""
    assert not proofs.isProofCached(HASHED_ID, TAG, TOKENS, INSTANCES_HASH)
    proofs.cacheProof(HASHED_ID, TAG, prove(TOKENS), TOKENS, sender=stranger)
    assert proofs.isProofCached(HASHED_ID, TAG, TOKENS, INSTANCES_HASH)


def test_event(proofs, prove, host):
    """It should emit ProofCached."""
    tx = proofs.cacheProof(HASHED_ID, TAG, prove(TOKENS), TOKENS, sender=host)
    assert emitted(tx) == [
        event(
            proofs.ProofCached,
            circuitId=HASHED_ID,
            tag=TAG,
            tokens=TOKENS,
            instancesHash=INSTANCES_HASH,
        )
    ]


def test_twice(proofs, prove, host, stranger):
    """It should do nothing the second time."""
    proof = prove(TOKENS)
    proofs.cacheProof(HASHED_ID, TAG, proof, TOKENS, sender=stranger)
    tx = proofs.cacheProof(HASHED_ID, TAG, proof, TOKENS, sender=host)
    assert emitted(tx) == []
    assert proofs.isProofCached(HASHED_ID, TAG, TOKENS, INSTANCES_HASH)


def test_verifier_is_not_asked_again(proofs, prove, accepting, host):
    """It should not ask the verifier again, whatever the proof's bytes."""
    proofs.cacheProof(HASHED_ID, TAG, prove(TOKENS), TOKENS, sender=host)
    rpc("anvil_setCode", accepting.address, "0x")
    other_bytes = prove(TOKENS, zk=b"\xab" * 64)
    assert ask(proofs.cacheProof, HASHED_ID, TAG, other_bytes, TOKENS) == INSTANCES_HASH


def test_revoked_circuit(proofs, prove, owner, host):
    """It should refuse also what was cached."""
    proofs.cacheProof(HASHED_ID, TAG, prove(TOKENS), TOKENS, sender=host)
    revoked_at = proofs.revokeCircuit(HASHED_ID, sender=owner).timestamp
    with reverts(proofs.ProofSystem_CircuitRevoked, circuitId=HASHED_ID, revokedAt=revoked_at):
        proofs.cacheProof(HASHED_ID, TAG, prove(TOKENS), TOKENS, sender=host)
