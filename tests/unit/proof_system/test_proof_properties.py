"""What ProofSystem believes is what was said, in the one way to say it.

All of it is asked in `eth_call`s, so nothing is stored; circuits are registered under a snapshot.
"""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.harness.execution import Reverted, ask, isolated
from tests.harness.reverts import reverts
from tests.unit.proof_system.encoding import (
    COMMITMENT,
    FIELD_ORDER,
    HASHED,
    HASHED_ID,
    MAX_INSTANCES,
    MAX_SCALE,
    MAX_TOKENS,
    TAG,
    TAG_LIMBS,
    TOKENS,
    WORD,
    ZK,
    Layout,
    instances_hash,
    session_proof,
)

NEW_ID = 3
FRAME_WORDS = (0, WORD, 2 * WORD, 3 * WORD + len(ZK))
LARGEST_MULTIPLE = (2**256 - 1) // FIELD_ORDER

tags = st.integers(0, 2**128 - 1)
elements = st.integers(0, FIELD_ORDER - 1)
zks = st.integers(1, 200).map(lambda words: b"\x5e" * WORD * words)


@st.composite
def layouts(draw) -> Layout:
    """Any sound layout: tag, count and commitment in any order, with gaps."""
    binds = draw(st.booleans())
    count = draw(st.integers(TAG_LIMBS + 1 + binds, MAX_INSTANCES))
    tag = draw(st.integers(0, count - TAG_LIMBS))
    free = [index for index in range(count) if not tag <= index < tag + TAG_LIMBS]
    places = draw(st.permutations(free))
    return Layout(
        instanceCount=count,
        tagIndex=tag,
        countIndex=places[0],
        bindsInput=binds,
        commitmentIndex=places[1] if binds and len(places) > 1 else 0,
        scale=draw(st.integers(0, MAX_SCALE)),
        maxTokens=draw(st.integers(1, MAX_TOKENS)),
    )


def verify(proofs, circuit, tag, commitment, proof, tokens):
    """The hash, or None if it was refused."""
    try:
        return ask(proofs.verifySessionProof, circuit, tag, commitment, proof, tokens)
    except Reverted:
        return None


def meaningful(layout: Layout) -> set[int]:
    """The instances that mean something to the marketplace."""
    tag = range(layout.tagIndex, layout.tagIndex + TAG_LIMBS)
    commitment = [layout.commitmentIndex] if layout.bindsInput else []
    return {*tag, layout.countIndex, *commitment}


@given(layout=layouts(), tag=tags, zk=zks, data=st.data())
def test_sound_layout(proofs, register, chain, layout, tag, zk, data):
    """It should accept what the layout demands, and nothing else where it matters."""
    tokens = data.draw(st.integers(1, layout.maxTokens))
    commitment = COMMITMENT if layout.bindsInput else 0
    instances = layout.instances(tag, tokens)
    index = data.draw(st.sampled_from(sorted(meaningful(layout))))
    wrong = data.draw(elements.filter(lambda element: element != instances[index]))
    changed = [*instances[:index], wrong, *instances[index + 1 :]]
    with isolated():
        register(NEW_ID, layout)
        asked = (proofs, NEW_ID, tag, commitment)
        assert verify(*asked, session_proof(instances, zk), tokens) == instances_hash(instances)
        assert verify(*asked, session_proof(changed, zk), tokens) is None


@given(layout=layouts(), tag=tags, data=st.data())
def test_elsewhere(proofs, register, chain, layout, tag, data):
    """It should pass changes elsewhere on to the verifier, under another hash."""
    elsewhere = sorted(set(range(layout.instanceCount)) - meaningful(layout))
    assume(elsewhere)
    instances = layout.instances(tag, 1)
    index = data.draw(st.sampled_from(elsewhere))
    changed = list(instances)
    changed[index] = data.draw(elements.filter(lambda element: element != instances[index]))
    with isolated():
        register(NEW_ID, layout)
        verified = verify(proofs, NEW_ID, tag, 0, session_proof(changed), 1)
        assert verified == instances_hash(changed) != instances_hash(instances)


@given(index=st.integers(0, HASHED.instanceCount - 1), times=st.integers(1, LARGEST_MULTIPLE))
def test_field_order(proofs, index, times):
    """It should refuse them, though they are equal in the field."""
    instances = HASHED.instances(TAG, TOKENS)
    instances[index] += times * FIELD_ORDER
    assume(instances[index] < 2**256)
    proof = session_proof(instances)
    with reverts(proofs.ProofSystem_InstanceNotInField, index=index, instance=instances[index]):
        ask(proofs.verifySessionProof, HASHED_ID, TAG, 0, proof, TOKENS)


@pytest.fixture(scope="module")
def assert_refused(proofs, prove):
    """Expects that other bytes are refused although they say the same."""
    sound = prove(TOKENS)

    def assert_refused(proof: bytes) -> None:
        assert proof != sound
        assert verify(proofs, HASHED_ID, TAG, COMMITMENT, sound, TOKENS)
        assert verify(proofs, HASHED_ID, TAG, COMMITMENT, proof, TOKENS) is None

    return assert_refused


@given(cut=st.integers(1, 500), tail=st.binary(min_size=1, max_size=100))
def test_length(prove, assert_refused, cut, tail):
    """It should refuse every truncation and every extension."""
    assert_refused(prove(TOKENS)[:-cut])
    assert_refused(prove(TOKENS) + tail)
    assert_refused(prove(TOKENS) + bytes(WORD))


@given(position=st.sampled_from(FRAME_WORDS), word=st.integers(0, 2**256 - 1))
def test_frame(prove, assert_refused, position, word):
    """It should refuse every change of a frame word."""
    proof = bytearray(prove(TOKENS))
    changed = word.to_bytes(WORD, "big")
    assume(proof[position : position + WORD] != changed)
    proof[position : position + WORD] = changed
    assert_refused(bytes(proof))


def _words(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(WORD, "big") for number in numbers)


def test_swapped(assert_refused):
    """It should refuse the instances in front of the proof."""
    instances = HASHED.instances(TAG, TOKENS)
    behind = 2 * WORD + WORD + len(instances) * WORD
    assert_refused(_words(behind, 2 * WORD, len(instances), *instances, len(ZK)) + ZK)


@given(words=st.integers(1, 40), before=st.booleans())
def test_gap(assert_refused, words, before):
    """It should refuse a gap between the parts."""
    instances = HASHED.instances(TAG, TOKENS)
    gap = bytes(words * WORD)
    zk_at = 2 * WORD + (len(gap) if before else 0)
    instances_at = 3 * WORD + len(ZK) + len(gap)
    first, second = (gap, b"") if before else (b"", gap)
    assert_refused(
        _words(zk_at, instances_at)
        + first
        + _words(len(ZK))
        + ZK
        + second
        + _words(len(instances), *instances)
    )


def test_overlap(assert_refused):
    """It should refuse parts that overlap.

    The zk bytes contain the instances, so both are read from the same place.
    """
    instances = HASHED.instances(TAG, TOKENS)
    inside = _words(len(instances), *instances)
    assert_refused(_words(2 * WORD, 3 * WORD, len(inside)) + inside)


@given(proof=st.one_of(st.binary(max_size=800), st.integers(0, 30).map(lambda n: bytes(n * WORD))))
def test_arbitrary(assert_refused, proof):
    """It should refuse them."""
    assert_refused(proof)
