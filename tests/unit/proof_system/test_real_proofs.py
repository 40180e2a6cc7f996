"""ProofSystem with EZKL's own verifier and proofs: a proof shows what it was made for.

The other tests use verifiers that confirm everything. Here nothing is confirmed but by Halo2.
"""

from dataclasses import astuple, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenwork.chain import verifier
from provenwork.circuits import Prover, session_tag, tag_to_limbs, transcript_commitment
from tests.harness.execution import ask
from tests.harness.reverts import encoded, reverts
from tests.unit.proof_system.encoding import (
    WORD,
    Layout,
    instances_hash,
    session_proof,
    statement,
    tag_limbs,
)

CIRCUIT_ID = 64
TWIN_ID = 65
MARKETPLACE = "0x" + "a7" * 20
JOB = 7
FIRST = 1_024
TRANSCRIPT = [128_000, 9_906, 11, 1_917, 0, 128_009]
OTHER_TRANSCRIPT = [*TRANSCRIPT[:-1], 128_008]


@pytest.fixture(scope="module")
def circuit_layout(prover) -> Layout:
    """The 64-token circuit's layout, as the registry takes it."""
    layout = prover.circuit.layout
    return Layout(
        instanceCount=layout.instances,
        tagIndex=layout.tag,
        countIndex=layout.count,
        bindsInput=True,
        commitmentIndex=layout.commitment,
        scale=layout.scale,
        maxTokens=prover.circuit.max_tokens,
    )


@pytest.fixture(scope="module")
def real_verifier(prover, owner):
    """The verifier contract that EZKL wrote for the 64-token circuit."""
    return owner.deploy(verifier(prover.circuit.verifier))


@pytest.fixture(scope="module")
def real(proofs, owner, real_verifier, circuit_layout):
    """The proof system with the 64-token circuit."""
    proofs.registerCircuit(CIRCUIT_ID, real_verifier, astuple(circuit_layout), sender=owner)
    return proofs


@pytest.fixture(scope="module")
def place(chain, host) -> tuple:
    """The place that the usual proof was made for."""
    return (chain.chain_id, MARKETPLACE, JOB, host.address, FIRST)


@pytest.fixture(scope="module")
def tag(place) -> int:
    """The usual place's tag."""
    return session_tag(*place)


@pytest.fixture(scope="module")
def proof(prover: Prover, tag):
    """A proof of the usual transcript at the usual place."""
    return prover.prove(TRANSCRIPT, tag)


@pytest.fixture(scope="module")
def next_proof(prover: Prover, chain, host):
    """A proof of as many other tokens at the place behind the usual one."""
    behind = session_tag(chain.chain_id, MARKETPLACE, JOB, host.address, FIRST + len(TRANSCRIPT))
    return prover.prove(OTHER_TRANSCRIPT, behind)


@pytest.fixture(scope="module")
def verify(real, tag):
    """Verifies an encoded proof, by default for the usual place, count and transcript."""

    def verify(proof: bytes, **changes: Any) -> Any:
        asked = {
            "circuitId": CIRCUIT_ID,
            "tag": tag,
            "inputCommitment": transcript_commitment(TRANSCRIPT, 64),
            "proof": proof,
            "tokens": len(TRANSCRIPT),
        } | changes
        return ask(real.verifySessionProof, *asked.values())

    return verify


@pytest.fixture(scope="module")
def assert_rejected(real, real_verifier, verify):
    """Expects that it is Halo2 that says no, all else being as it should."""

    def assert_rejected(proof: bytes, **changes: Any) -> None:
        with reverts(real.ProofSystem_ProofRejected, circuitId=CIRCUIT_ID, verifier=real_verifier):
            verify(proof, **changes)

    return assert_rejected


def test_verified(verify, proof):
    """It should be verified with the commitment that the user computes from the tokens."""
    assert verify(proof.encode()) == instances_hash(list(proof.instances))


def test_statement(real, proof, host):
    """It should be verified as a statement of that place."""
    encoded_statement = statement(CIRCUIT_ID, MARKETPLACE, JOB, FIRST, proof.encode())
    assert ask(real.verifyEKZL, encoded_statement, host, len(TRANSCRIPT)) is True


def test_cached(real, proof, tag, relayer):
    """It should be cached."""
    real.cacheProof(CIRCUIT_ID, tag, proof.encode(), len(TRANSCRIPT), sender=relayer)
    content = instances_hash(list(proof.instances))
    assert real.isProofCached(CIRCUIT_ID, tag, len(TRANSCRIPT), content)


def test_canonical(proof):
    """It should take no more room than the canonical encoding."""
    assert proof.encode() == session_proof(list(proof.instances), proof.zk)
    assert len(proof.zk) % WORD == 0


@pytest.mark.parametrize(
    ("part", "other"),
    [(0, 8453), (1, "0x" + "a8" * 20), (2, JOB + 1), (3, "0x" + "b9" * 20), (4, FIRST + 1)],
    ids=["chain", "marketplace", "session", "host", "position"],
)
def test_other_place(real, verify, proof, place, tag, part, other):
    """It should be refused for another session, host, chain, marketplace or position."""
    elsewhere = session_tag(*place[:part], other, *place[part + 1 :])
    ours, theirs = tag_limbs(tag), tag_limbs(elsewhere)
    limb = next(index for index in range(8) if ours[index] != theirs[index])
    with reverts(real.ProofSystem_TagMismatch, limb=limb, expected=theirs[limb], actual=ours[limb]):
        verify(proof.encode(), tag=elsewhere)


@pytest.mark.parametrize("tokens", [len(TRANSCRIPT) - 1, len(TRANSCRIPT) + 1, 64])
def test_other_count(real, verify, proof, tokens):
    """It should be refused for another count."""
    with reverts(real.ProofSystem_CountMismatch, expected=tokens, actual=len(TRANSCRIPT)):
        verify(proof.encode(), tokens=tokens)


def test_other_transcript(real, verify, proof):
    """It should be refused for another transcript."""
    other = transcript_commitment(OTHER_TRANSCRIPT, 64)
    with reverts(real.ProofSystem_CommitmentMismatch, expected=other, actual=proof.commitment):
        verify(proof.encode(), inputCommitment=other)


def test_rewritten_place(assert_rejected, proof, place):
    """It should be refused by the verifier for another place."""
    elsewhere = session_tag(*place[:2], JOB + 1, *place[3:])
    at = proof.circuit.layout.tag
    instances = [*proof.instances]
    instances[at : at + 8] = tag_to_limbs(elsewhere)
    assert_rejected(proof.with_instances(instances).encode(), tag=elsewhere)


def test_rewritten_count(assert_rejected, proof):
    """It should be refused by the verifier for another count."""
    instances = [*proof.instances]
    instances[proof.circuit.layout.count] += 1
    assert_rejected(proof.with_instances(instances).encode(), tokens=len(TRANSCRIPT) + 1)


def test_rewritten_transcript(assert_rejected, proof):
    """It should be refused by the verifier for another transcript."""
    other = transcript_commitment(OTHER_TRANSCRIPT, 64)
    instances = [*proof.instances]
    instances[proof.circuit.layout.commitment] = other
    assert_rejected(proof.with_instances(instances).encode(), inputCommitment=other)


@given(data=st.data())
def test_flipped_bit(assert_rejected, proof, data):
    """It should be refused by the verifier for any flipped bit."""
    bit = data.draw(st.integers(0, 8 * len(proof.zk) - 1))
    zk = bytearray(proof.zk)
    zk[bit // 8] ^= 1 << bit % 8
    assert_rejected(replace(proof, zk=bytes(zk)).encode())


@pytest.mark.parametrize("words", [-1, 1])
def test_length(assert_rejected, proof, words):
    """It should be refused by the verifier with a word more or less."""
    zk = (proof.zk + bytes(WORD))[: len(proof.zk) + words * WORD]
    assert_rejected(replace(proof, zk=zk).encode())


def test_other_circuit(real, proof, tag, owner, circuit_layout):
    """It should be refused by the verifier."""
    other = owner.deploy(verifier("TokenCount1024Verifier"))
    real.registerCircuit(TWIN_ID, other, astuple(circuit_layout), sender=owner)
    with reverts(real.ProofSystem_ProofRejected, circuitId=TWIN_ID, verifier=other):
        ask(real.verifySessionProof, TWIN_ID, tag, 0, proof.encode(), len(TRANSCRIPT))


def test_batch(real, proof, next_proof, host):
    """It should verify both in one batch."""
    batch = [
        statement(CIRCUIT_ID, MARKETPLACE, JOB, FIRST, proof.encode()),
        statement(CIRCUIT_ID, MARKETPLACE, JOB, FIRST + len(TRANSCRIPT), next_proof.encode()),
    ]
    assert ask(real.verifyBatch, batch, host, [len(TRANSCRIPT)] * 2) is True


def test_exchanged(real, proof, next_proof, host, tag):
    """It should refuse the batch that exchanges them."""
    batch = [
        statement(CIRCUIT_ID, MARKETPLACE, JOB, FIRST, next_proof.encode()),
        statement(CIRCUIT_ID, MARKETPLACE, JOB, FIRST + len(TRANSCRIPT), proof.encode()),
    ]
    reason = encoded(
        real.ProofSystem_TagMismatch,
        limb=0,
        expected=tag_limbs(tag)[0],
        actual=tag_limbs(next_proof.tag)[0],
    )
    with reverts(real.ProofSystem_BatchItemRejected, index=0, reason=reason):
        ask(real.verifyBatch, batch, host, [len(TRANSCRIPT)] * 2)
