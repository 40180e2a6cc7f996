"""ProofSystem.setModelCircuit: a directory from models to circuits."""

from tests.harness.events import emitted, event
from tests.harness.reverts import reverts
from tests.unit.proof_system.encoding import HASHED_ID, PRIVATE_ID

MODEL = bytes.fromhex("a1" * 32)
OTHER_MODEL = bytes.fromhex("b2" * 32)
UNKNOWN_ID = 99


def test_revert_when_the_caller_is_not_the_owner(proofs, stranger):
    """It should revert: the caller must be the owner."""
    with reverts(proofs.OwnableUnauthorizedAccount, account=stranger):
        proofs.setModelCircuit(MODEL, HASHED_ID, sender=stranger)


def test_revert_when_the_model_is_zero(proofs, owner):
    """It should revert: the model's id must not be zero."""
    with reverts(proofs.ProofSystem_ZeroModelId):
        proofs.setModelCircuit(bytes(32), HASHED_ID, sender=owner)


def test_revert_given_no_circuit(proofs, owner):
    """It should revert: the circuit must exist, or be 0."""
    with reverts(proofs.ProofSystem_UnknownCircuit, circuitId=UNKNOWN_ID):
        proofs.setModelCircuit(MODEL, UNKNOWN_ID, sender=owner)


def test_revert_given_a_revoked_circuit(proofs, owner):
    """It should revert: the circuit must not have been revoked."""
    revoked_at = proofs.revokeCircuit(HASHED_ID, sender=owner).timestamp
    with reverts(proofs.ProofSystem_CircuitRevoked, circuitId=HASHED_ID, revokedAt=revoked_at):
        proofs.setModelCircuit(MODEL, HASHED_ID, sender=owner)


def test_model(proofs, owner):
    """It should name the circuit of the model."""
    proofs.setModelCircuit(MODEL, HASHED_ID, sender=owner)
    assert proofs.modelCircuit(MODEL) == HASHED_ID


def test_again(proofs, owner):
    """It should replace the circuit named before."""
    proofs.setModelCircuit(MODEL, HASHED_ID, sender=owner)
    proofs.setModelCircuit(MODEL, PRIVATE_ID, sender=owner)
    assert proofs.modelCircuit(MODEL) == PRIVATE_ID


def test_others(proofs, owner):
    """It should leave other models alone."""
    proofs.setModelCircuit(OTHER_MODEL, PRIVATE_ID, sender=owner)
    proofs.setModelCircuit(MODEL, HASHED_ID, sender=owner)
    assert proofs.modelCircuit(OTHER_MODEL) == PRIVATE_ID


def test_event(proofs, owner):
    """It should emit ModelCircuitSet with the circuit named before."""
    proofs.setModelCircuit(MODEL, HASHED_ID, sender=owner)
    tx = proofs.setModelCircuit(MODEL, PRIVATE_ID, sender=owner)
    assert emitted(tx) == [
        event(
            proofs.ModelCircuitSet,
            modelId=MODEL,
            previousCircuitId=HASHED_ID,
            circuitId=PRIVATE_ID,
        )
    ]


def test_clearing(proofs, owner):
    """It should clear the model's entry."""
    proofs.setModelCircuit(MODEL, HASHED_ID, sender=owner)
    proofs.setModelCircuit(MODEL, 0, sender=owner)
    assert proofs.modelCircuit(MODEL) == 0


def test_revoked_afterwards(proofs, owner):
    """It should keep naming it."""
    proofs.setModelCircuit(MODEL, HASHED_ID, sender=owner)
    proofs.revokeCircuit(HASHED_ID, sender=owner)
    assert proofs.modelCircuit(MODEL) == HASHED_ID
