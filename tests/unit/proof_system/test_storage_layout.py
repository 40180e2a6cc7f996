"""Where ProofSystem keeps what: one slot per circuit, so that knowing it costs one read."""

from eth_abi import encode
from eth_utils import keccak

from tests.harness.execution import storage_word
from tests.unit.proof_system.encoding import (
    HASHED,
    HASHED_ID,
    PRIVATE,
    PRIVATE_ID,
    TAG,
    TOKENS,
    instances_hash,
)

# Slots 0 and 1 are the owner's and the pending owner's.
CIRCUITS, MODELS, CACHED = 2, 3, 4
NO_COMMITMENT = 0xFF
REVOKED_AT = 176
MODEL = bytes.fromhex("a1" * 32)


def _slot(key_type, key, mapping):
    return int.from_bytes(keccak(encode([key_type, "uint256"], [key, mapping])), "big")


def _word(verifier, layout, commitment):
    fields = [  # (width, value), from the least significant
        (160, int(verifier.address, 16)),
        (16, layout.maxTokens),
        (40, 0),
        (8, layout.instanceCount),
        (8, layout.tagIndex),
        (8, layout.countIndex),
        (8, commitment),
        (8, layout.scale),
    ]
    word = at = 0
    for width, value in fields:
        word |= value << at
        at += width
    assert at == 256
    return word


def test_circuit(proofs, accepting):
    """It should keep all of it in one slot."""
    stored = storage_word(proofs, _slot("uint32", HASHED_ID, CIRCUITS))
    assert stored == _word(accepting, HASHED, HASHED.commitmentIndex)


def test_revocation(proofs, owner):
    """It should change only the time when it is revoked."""
    slot = _slot("uint32", HASHED_ID, CIRCUITS)
    before = storage_word(proofs, slot)
    revoked_at = proofs.revokeCircuit(HASHED_ID, sender=owner).timestamp
    assert storage_word(proofs, slot) == before | revoked_at << REVOKED_AT


def test_private_circuit(proofs, accepting):
    """It should keep 0xff as its commitment's place."""
    stored = storage_word(proofs, _slot("uint32", PRIVATE_ID, CIRCUITS))
    assert stored == _word(accepting, PRIVATE, NO_COMMITMENT)


def test_model(proofs, owner):
    """It should keep it in one slot of its own."""
    proofs.setModelCircuit(MODEL, PRIVATE_ID, sender=owner)
    assert storage_word(proofs, _slot("bytes32", MODEL, MODELS)) == PRIVATE_ID


def test_cached(proofs, prove, host):
    """It should keep one flag under the hash of circuit, tag, tokens and instances."""
    proofs.cacheProof(HASHED_ID, TAG, prove(TOKENS), TOKENS, sender=host)
    content = instances_hash(HASHED.instances(TAG, TOKENS))
    types = ["uint32", "uint128", "uint256", "bytes32"]
    key = keccak(encode(types, [HASHED_ID, TAG, TOKENS, content]))
    assert storage_word(proofs, _slot("bytes32", key, CACHED)) == 1
