"""ProofSystem.verifyEKZL: a proof that says itself what it is about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.harness.execution import Reverted, ask
from tests.harness.reverts import reverts
from tests.unit.proof_system.encoding import (
    HASHED,
    HASHED_ID,
    TOKENS,
    WORD,
    place_tag,
    session_proof,
    statement,
    tag_limbs,
)

MARKETPLACE = "0x" + "a7" * 20
OTHER_MARKETPLACE = "0x" + "a8" * 20
JOB = 7
FIRST = 1_024
FRAME = 6 * WORD
WIDTHS = {0: 32, WORD: 160, 3 * WORD: 64}  # of circuitId, marketplace, firstToken


@pytest.fixture(scope="module")
def proof_of(prove, chain, host):
    """A session proof of the usual place, or of one that differs."""

    def proof_of(chain_id=None, marketplace=MARKETPLACE, job=JOB, prover=host, first=FIRST):
        place = (chain_id or chain.chain_id, marketplace, job, prover.address, first)
        return prove(TOKENS, tag=place_tag(*place))

    return proof_of


@pytest.fixture(scope="module")
def sound(proof_of):
    """A statement that holds for the host."""
    return statement(HASHED_ID, MARKETPLACE, JOB, FIRST, proof_of())


@pytest.fixture
def assert_other_place(proofs, chain, host):
    """Expects that a proof's tag is not that of the usual place."""

    def assert_other_place(proof: bytes) -> None:
        usual = place_tag(chain.chain_id, MARKETPLACE, JOB, host.address, FIRST)
        at = len(proof) - (HASHED.instanceCount - HASHED.tagIndex) * WORD
        limb, expected = 0, tag_limbs(usual)[0]
        actual = int.from_bytes(proof[at : at + WORD], "big")
        assert actual != expected
        with reverts(proofs.ProofSystem_TagMismatch, limb=limb, expected=expected, actual=actual):
            ask(
                proofs.verifyEKZL,
                statement(HASHED_ID, MARKETPLACE, JOB, FIRST, proof),
                host,
                TOKENS,
            )

    return assert_other_place


@pytest.mark.parametrize("shift", [-WORD, -1, 1, WORD])
@pytest.mark.parametrize("position", [4 * WORD, 5 * WORD], ids=["offset", "length"])
def test_revert_when_not_canonical(proofs, sound, host, position, shift):
    """It should revert: the statement must be in the canonical ABI encoding."""
    word = int.from_bytes(sound[position : position + WORD], "big") + shift
    wrong = sound[:position] + word.to_bytes(WORD, "big") + sound[position + WORD :]
    with reverts(proofs.ProofSystem_MalformedStatement, position=position):
        ask(proofs.verifyEKZL, wrong, host, TOKENS)


@given(cut=st.integers(1, 1_000), tail=st.binary(min_size=1, max_size=100))
def test_length(proofs, sound, host, cut, tail):
    """It should refuse every truncation and every extension."""
    for wrong in (sound[:-cut], sound + tail):
        whole = len(wrong) >= FRAME and len(wrong) % WORD == 0
        position = 5 * WORD if whole else len(wrong)
        with reverts(proofs.ProofSystem_MalformedStatement, position=position):
            ask(proofs.verifyEKZL, wrong, host, TOKENS)


@given(position=st.sampled_from(sorted(WIDTHS)), data=st.data())
def test_width(proofs, sound, host, position, data):
    """It should refuse values that are wider than their types."""
    bit = data.draw(st.integers(WIDTHS[position], 255))
    word = int.from_bytes(sound[position : position + WORD], "big") | 1 << bit
    wrong = sound[:position] + word.to_bytes(WORD, "big") + sound[position + WORD :]
    with reverts(proofs.ProofSystem_MalformedStatement, position=position):
        ask(proofs.verifyEKZL, wrong, host, TOKENS)


def test_sound(proofs, sound, host):
    """It should return true."""
    assert ask(proofs.verifyEKZL, sound, host, TOKENS) is True


def test_other_host(proof_of, assert_other_place, other_host):
    """It should refuse the proof of another host."""
    assert_other_place(proof_of(prover=other_host))


def test_other_session(proof_of, assert_other_place):
    """It should refuse the proof of another session."""
    assert_other_place(proof_of(job=JOB + 1))


def test_other_marketplace(proof_of, assert_other_place):
    """It should refuse the proof of another marketplace."""
    assert_other_place(proof_of(marketplace=OTHER_MARKETPLACE))


def test_other_position(proof_of, assert_other_place):
    """It should refuse the proof of another position."""
    assert_other_place(proof_of(first=FIRST + TOKENS))


def test_other_chain(proof_of, assert_other_place, chain):
    """It should refuse the proof of another chain."""
    assert_other_place(proof_of(chain_id=chain.chain_id + 1))


def test_reason(proofs, sound, host):
    """It should pass on the reason."""
    with reverts(proofs.ProofSystem_CountMismatch, expected=TOKENS - 1, actual=TOKENS):
        ask(proofs.verifyEKZL, sound, host, TOKENS - 1)


def test_largest_values(proofs, register, prove, chain, host):
    """It should read them all."""
    circuit_id, job, first = 2**32 - 1, 2**256 - 1, 2**64 - 1
    marketplace = "0x" + "ff" * 20
    register(circuit_id)
    tag = place_tag(chain.chain_id, marketplace, job, host.address, first)
    encoded = statement(circuit_id, marketplace, job, first, prove(TOKENS, tag=tag))
    assert ask(proofs.verifyEKZL, encoded, host, TOKENS) is True


@given(content=st.binary(max_size=700))
def test_arbitrary_bytes(proofs, host, content):
    """It should refuse whatever was not encoded as a statement."""
    for wrong in (content, session_proof(HASHED.instances(0, TOKENS), content)):
        with pytest.raises(Reverted):
            assert not ask(proofs.verifyEKZL, wrong, host, TOKENS)
