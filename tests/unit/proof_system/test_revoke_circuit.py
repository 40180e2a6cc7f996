"""ProofSystem.revokeCircuit: the kill switch of one circuit."""

from dataclasses import astuple

from tests.harness.events import emitted, event
from tests.harness.execution import ask
from tests.harness.reverts import reverts
from tests.unit.proof_system.encoding import (
    HASHED,
    HASHED_ID,
    PRIVATE,
    PRIVATE_ID,
    TAG,
    TOKENS,
    instances_hash,
)

UNKNOWN_ID = 99


def test_revert_when_the_caller_is_not_the_owner(proofs, stranger):
    """It should revert: the caller must be the owner."""
    with reverts(proofs.OwnableUnauthorizedAccount, account=stranger):
        proofs.revokeCircuit(HASHED_ID, sender=stranger)


def test_revert_given_no_circuit(proofs, owner):
    """It should revert: the circuit must exist."""
    with reverts(proofs.ProofSystem_UnknownCircuit, circuitId=UNKNOWN_ID):
        proofs.revokeCircuit(UNKNOWN_ID, sender=owner)


def test_revert_given_a_revoked_circuit(proofs, owner):
    """It should revert: the circuit must not have been revoked."""
    revoked_at = proofs.revokeCircuit(HASHED_ID, sender=owner).timestamp
    with reverts(proofs.ProofSystem_CircuitRevoked, circuitId=HASHED_ID, revokedAt=revoked_at):
        proofs.revokeCircuit(HASHED_ID, sender=owner)


def test_circuit(proofs, owner, accepting):
    """It should store when it was revoked and nothing else."""
    revoked_at = proofs.revokeCircuit(HASHED_ID, sender=owner).timestamp
    verifier, stored_time, layout = proofs.circuit(HASHED_ID)
    assert (verifier, stored_time, tuple(layout)) == (accepting, revoked_at, astuple(HASHED))


def test_proofs(proofs, prove, owner):
    """It should refuse the circuit's proofs from then on."""
    proof = prove(TOKENS)
    assert ask(proofs.verifySessionProof, HASHED_ID, TAG, 0, proof, TOKENS)
    revoked_at = proofs.revokeCircuit(HASHED_ID, sender=owner).timestamp
    with reverts(proofs.ProofSystem_CircuitRevoked, circuitId=HASHED_ID, revokedAt=revoked_at):
        ask(proofs.verifySessionProof, HASHED_ID, TAG, 0, proof, TOKENS)


def test_others(proofs, prove, owner):
    """It should leave other circuits alone."""
    proofs.revokeCircuit(HASHED_ID, sender=owner)
    proof = prove(TOKENS, PRIVATE)
    verified = ask(proofs.verifySessionProof, PRIVATE_ID, TAG, 0, proof, TOKENS)
    assert verified == instances_hash(PRIVATE.instances(TAG, TOKENS))


def test_event(proofs, owner):
    """It should emit CircuitRevoked."""
    tx = proofs.revokeCircuit(HASHED_ID, sender=owner)
    assert emitted(tx) == [event(proofs.CircuitRevoked, circuitId=HASHED_ID)]
