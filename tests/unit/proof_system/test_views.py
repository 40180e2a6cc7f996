"""ProofSystem's read-only functions: what a session must know of a circuit, cheaply."""

from tests.unit.proof_system.encoding import HASHED, HASHED_ID, PRIVATE, PRIVATE_ID

UNKNOWN_ID = 99


def test_unknown_terms(proofs):
    """It should give terms without tokens and not revert."""
    assert tuple(proofs.circuitInfo(UNKNOWN_ID)) == (0, False, 0)
    assert tuple(proofs.circuitInfo(0)) == (0, False, 0)


def test_unknown_circuit(proofs):
    """It should show an empty circuit."""
    verifier, revoked_at, layout = proofs.circuit(UNKNOWN_ID)
    assert int(verifier, 16) == revoked_at == 0
    assert tuple(layout) == (0, 0, 0, False, 0, 0, 0)


def test_unknown_model(proofs):
    """It should name no circuit of a model."""
    assert proofs.modelCircuit(b"\x01" * 32) == 0


def test_bound(proofs):
    """It should give its tokens and say that it binds."""
    assert tuple(proofs.circuitInfo(HASHED_ID)) == (HASHED.maxTokens, True, 0)


def test_private(proofs):
    """It should give its tokens and say that it does not bind."""
    assert tuple(proofs.circuitInfo(PRIVATE_ID)) == (PRIVATE.maxTokens, False, 0)


def test_revoked(proofs, owner):
    """It should give its terms as before and when it was revoked."""
    revoked_at = proofs.revokeCircuit(HASHED_ID, sender=owner).timestamp
    assert tuple(proofs.circuitInfo(HASHED_ID)) == (HASHED.maxTokens, True, revoked_at)
