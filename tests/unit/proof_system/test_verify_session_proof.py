"""ProofSystem.verifySessionProof: what a proof must say to be believed."""

import pytest
from eth_utils import keccak

from tests.harness.execution import ask, rpc
from tests.harness.reverts import reverts
from tests.unit.proof_system.encoding import (
    COMMITMENT,
    FIELD_ORDER,
    HASHED,
    HASHED_ID,
    MAX_ZK_WORDS,
    PRIVATE,
    PRIVATE_ID,
    TAG,
    TAG_LIMBS,
    TOKENS,
    WORD,
    ZK,
    instances_hash,
    session_proof,
    tag_limbs,
)

UNKNOWN_ID = 99
NEW_ID = 3
# Two offsets, the length of the zk bytes, the zk bytes, the number of instances, the instances.
OFFSETS = 2 * WORD
INSTANCES_AT = OFFSETS + WORD + len(ZK)
SHORTEST = (4 + 1 + HASHED.instanceCount) * WORD
LONGEST = (4 + MAX_ZK_WORDS + HASHED.instanceCount) * WORD
TRUE = (1).to_bytes(WORD, "big")


def verify(proofs, proof, tokens=TOKENS, *, circuit=HASHED_ID, tag=TAG, commitment=0):
    """Asks for the usual place and circuit."""
    return ask(proofs.verifySessionProof, circuit, tag, commitment, proof, tokens)


def test_revert_given_no_circuit(proofs, prove):
    """It should revert: the circuit must exist."""
    with reverts(proofs.ProofSystem_UnknownCircuit, circuitId=UNKNOWN_ID):
        verify(proofs, prove(TOKENS), circuit=UNKNOWN_ID)


def test_revert_given_a_revoked_circuit(proofs, prove, owner):
    """It should revert: the circuit must not have been revoked."""
    revoked_at = proofs.revokeCircuit(HASHED_ID, sender=owner).timestamp
    with reverts(proofs.ProofSystem_CircuitRevoked, circuitId=HASHED_ID, revokedAt=revoked_at):
        verify(proofs, prove(TOKENS))


@pytest.mark.parametrize("tokens", [0, HASHED.maxTokens + 1, 2**256 - 1])
def test_revert_when_the_tokens_are_out_of_range(proofs, prove, tokens):
    """It should revert: the tokens must be from 1 to what one proof of the circuit may count."""
    with reverts(proofs.ProofSystem_TokensOutOfRange, tokens=tokens, maxTokens=HASHED.maxTokens):
        verify(proofs, prove(tokens), tokens)


@pytest.mark.parametrize("tokens", [1, HASHED.maxTokens])
def test_fewest_and_most(proofs, prove, tokens):
    """It should accept both."""
    assert verify(proofs, prove(tokens), tokens) == instances_hash(HASHED.instances(TAG, tokens))


@pytest.mark.parametrize(
    "length",
    [0, 1, WORD, SHORTEST - WORD, SHORTEST - 1, SHORTEST + 1, LONGEST - 1, LONGEST + WORD],
)
def test_revert_when_the_length_is_wrong(proofs, length):
    """It should revert: the proof's length must be that of the instances and 1 to 1,024 words."""
    with reverts(
        proofs.ProofSystem_InvalidProofLength, length=length, instanceCount=HASHED.instanceCount
    ):
        verify(proofs, bytes(length))


@pytest.mark.parametrize("words", [1, MAX_ZK_WORDS])
def test_shortest_and_longest(proofs, prove, words):
    """It should accept both."""
    assert verify(proofs, prove(TOKENS, zk=b"\x01" * WORD * words))


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        (0, OFFSETS),
        (WORD, INSTANCES_AT),
        (OFFSETS, len(ZK)),
        (INSTANCES_AT, HASHED.instanceCount),
    ],
    ids=["zk offset", "instances offset", "zk length", "instances length"],
)
@pytest.mark.parametrize("shift", [-WORD, -1, 1, WORD, 1 << 128])
def test_revert_when_not_canonical(proofs, prove, position, expected, shift):
    """It should revert: the proof must be in the canonical ABI encoding."""
    wrong = (expected + shift) % 2**256
    proof = bytearray(prove(TOKENS))
    proof[position : position + WORD] = wrong.to_bytes(WORD, "big")
    with reverts(
        proofs.ProofSystem_NonCanonicalProof, position=position, expected=expected, actual=wrong
    ):
        verify(proofs, bytes(proof))


@pytest.mark.parametrize("index", range(HASHED.instanceCount))
@pytest.mark.parametrize("excess", [0, 1])
def test_revert_when_not_in_the_field(proofs, prove, index, excess):
    """It should revert: every instance must be below the field's order.

    Modulo the order they are what they should be, so the verifier might not mind.
    """
    outside = FIELD_ORDER + excess
    with reverts(proofs.ProofSystem_InstanceNotInField, index=index, instance=outside):
        verify(proofs, prove(TOKENS, changed={index: outside}))


def test_largest_of_the_field(proofs, prove):
    """It should accept it where it means nothing to us."""
    changed = {1: FIELD_ORDER - 1}
    assert verify(proofs, prove(TOKENS, changed=changed))


@pytest.mark.parametrize("limb", range(TAG_LIMBS))
def test_revert_when_a_limb_differs(proofs, prove, limb):
    """It should revert: the limbs must be the tag's."""
    expected = tag_limbs(TAG)[limb]
    wrong = expected ^ 1
    with reverts(proofs.ProofSystem_TagMismatch, limb=limb, expected=expected, actual=wrong):
        verify(proofs, prove(TOKENS, changed={HASHED.tagIndex + limb: wrong}))


@pytest.mark.parametrize("limb", range(TAG_LIMBS))
def test_wide_limb(proofs, prove, limb):
    """It should refuse it even if the tag's bits are right."""
    expected = tag_limbs(TAG)[limb]
    wide = expected | 1 << 16
    with reverts(proofs.ProofSystem_TagMismatch, limb=limb, expected=expected, actual=wide):
        verify(proofs, prove(TOKENS, changed={HASHED.tagIndex + limb: wide}))


@pytest.mark.parametrize("count", [0, TOKENS - 1, TOKENS + 1, FIELD_ORDER - 1])
def test_revert_when_the_count_differs(proofs, prove, count):
    """It should revert: the count must be that of the tokens."""
    with reverts(proofs.ProofSystem_CountMismatch, expected=TOKENS, actual=count):
        verify(proofs, prove(TOKENS, changed={HASHED.countIndex: count}))


@pytest.mark.parametrize("scale", [1, 7, 32])
def test_scale(proofs, register, prove, scale):
    """It should expect the scaled count."""
    layout = HASHED.but(scale=scale)
    register(NEW_ID, layout)
    assert verify(proofs, prove(TOKENS, layout), circuit=NEW_ID)


def test_missing_scale(proofs, register, prove):
    """It should refuse the count without the scale."""
    register(NEW_ID, HASHED.but(scale=7))
    with reverts(proofs.ProofSystem_CountMismatch, expected=TOKENS << 7, actual=TOKENS):
        verify(proofs, prove(TOKENS), circuit=NEW_ID)


def test_revert_when_no_input_is_bound(proofs, prove):
    """It should revert: the circuit must bind an input if a commitment is asked for."""
    with reverts(proofs.ProofSystem_InputNotBound, circuitId=PRIVATE_ID):
        verify(proofs, prove(TOKENS, PRIVATE), circuit=PRIVATE_ID, commitment=COMMITMENT)


@pytest.mark.parametrize("asked", [1, COMMITMENT - 1, COMMITMENT + FIELD_ORDER])
def test_revert_when_the_commitment_differs(proofs, prove, asked):
    """It should revert: the commitment must be the one asked for."""
    with reverts(proofs.ProofSystem_CommitmentMismatch, expected=asked, actual=COMMITMENT):
        verify(proofs, prove(TOKENS), commitment=asked)


@pytest.mark.parametrize("commitment", [0, 1, FIELD_ORDER - 1])
def test_commitment_not_asked_for(proofs, prove, commitment):
    """It should accept whatever a circuit commits to."""
    assert verify(proofs, prove(TOKENS, changed={HASHED.commitmentIndex: commitment}))


def test_no_commitment(proofs, prove):
    """It should accept a circuit that commits to nothing."""
    expected = instances_hash(PRIVATE.instances(TAG, TOKENS))
    assert verify(proofs, prove(TOKENS, PRIVATE), circuit=PRIVATE_ID) == expected


@pytest.mark.parametrize(
    ("contract", "answer"),
    [
        ("AnsweringContract", bytes(WORD)),
        ("AnsweringContract", b""),
        ("AnsweringContract", TRUE[:31]),
        ("AnsweringContract", (2).to_bytes(WORD, "big")),
        ("AnsweringContract", b"\x01" + bytes(31)),
        ("AnsweringContract", TRUE + TRUE),
        ("AnsweringContract", TRUE + b"\x00"),
        ("RevertingContract", TRUE),
        ("RevertingContract", b""),
        ("BombingContract", TRUE),
    ],
    ids=[
        "false",
        "nothing",
        "31 bytes",
        "two",
        "one, elsewhere",
        "true and more",
        "true and a byte",
        "reverts with true",
        "reverts",
        "mebibyte",
    ],
)
def test_revert_when_not_confirmed(project, proofs, register, prove, owner, contract, answer):
    """It should revert: the verifier must return true, and nothing else."""
    verifier = owner.deploy(getattr(project, contract), answer)
    register(NEW_ID, verifier=verifier)
    with reverts(proofs.ProofSystem_ProofRejected, circuitId=NEW_ID, verifier=verifier):
        verify(proofs, prove(TOKENS), circuit=NEW_ID)


def test_writing_verifier(project, proofs, register, prove, owner):
    """It should refuse a verifier that writes."""
    verifier = owner.deploy(project.CountingVerifier)
    register(NEW_ID, verifier=verifier)
    with reverts(proofs.ProofSystem_ProofRejected, circuitId=NEW_ID, verifier=verifier):
        verify(proofs, prove(TOKENS), circuit=NEW_ID)


def test_vanished_verifier(proofs, prove, accepting):
    """It should refuse a verifier whose code is gone."""
    rpc("anvil_setCode", accepting.address, "0x")
    with reverts(proofs.ProofSystem_ProofRejected, circuitId=HASHED_ID, verifier=accepting):
        verify(proofs, prove(TOKENS))


def test_hash(proofs, prove):
    """It should return the hash of the instances."""
    assert verify(proofs, prove(TOKENS)) == instances_hash(HASHED.instances(TAG, TOKENS))


@pytest.mark.parametrize("words", [1, 96, 120])
def test_forwarding(project, proofs, register, owner, words):
    """It should pass the proof to the verifier word for word."""
    proof = session_proof(HASHED.instances(TAG, TOKENS), zk=keccak(b"zk") * words)
    call = keccak(text="verifyProof(bytes,uint256[])")[:4] + proof
    register(NEW_ID, verifier=owner.deploy(project.ExactCallee, call, TRUE))
    assert verify(proofs, proof, circuit=NEW_ID)


def test_commitment(proofs, prove):
    """It should accept the commitment that was asked for."""
    assert verify(proofs, prove(TOKENS), commitment=COMMITMENT)


def test_again(proofs, prove):
    """It should accept the same proof again."""
    proof = prove(TOKENS)
    assert verify(proofs, proof) == verify(proofs, proof)


def test_other_bytes(proofs, prove):
    """It should give the same hash for other proof bytes."""
    assert verify(proofs, prove(TOKENS)) == verify(proofs, prove(TOKENS, zk=b"\xab" * 320))
