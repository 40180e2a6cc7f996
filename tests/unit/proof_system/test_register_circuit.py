"""ProofSystem.registerCircuit: a circuit is what it is, for good."""

from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.harness.events import emitted, event
from tests.harness.execution import Reverted, ask, delegate
from tests.harness.reverts import reverts
from tests.harness.values import ZERO_ADDRESS
from tests.unit.proof_system.encoding import (
    HASHED,
    HASHED_ID,
    MAX_INSTANCES,
    MAX_SCALE,
    MAX_TOKENS,
    PRIVATE,
    TAG_LIMBS,
    Layout,
)

NEW_ID = 3
LARGEST = Layout(
    instanceCount=MAX_INSTANCES,
    tagIndex=MAX_INSTANCES - TAG_LIMBS,
    countIndex=0,
    commitmentIndex=1,
    scale=MAX_SCALE,
    maxTokens=MAX_TOKENS,
)
SMALLEST = Layout(
    instanceCount=TAG_LIMBS + 1,
    tagIndex=1,
    countIndex=0,
    bindsInput=False,
    maxTokens=1,
)


def test_revert_when_the_caller_is_not_the_owner(proofs, register, stranger):
    """It should revert: the caller must be the owner."""
    with reverts(proofs.OwnableUnauthorizedAccount, account=stranger):
        register(NEW_ID, sender=stranger)


def test_revert_when_the_id_is_zero(proofs, register):
    """It should revert: the id must not be zero."""
    with reverts(proofs.ProofSystem_ZeroCircuitId):
        register(0)


def test_revert_given_the_id_was_given_away(proofs, register):
    """It should revert: the id must not have been given away."""
    with reverts(proofs.ProofSystem_CircuitExists, circuitId=HASHED_ID):
        register(HASHED_ID)


def test_id_of_a_revoked_circuit(proofs, register, owner):
    """It should refuse the id of a revoked circuit."""
    proofs.revokeCircuit(HASHED_ID, sender=owner)
    with reverts(proofs.ProofSystem_CircuitExists, circuitId=HASHED_ID):
        register(HASHED_ID)


@pytest.mark.parametrize("verifier", [ZERO_ADDRESS, "0x" + "11" * 20, "borrowing"])
def test_revert_when_the_verifier_has_no_code(proofs, register, stranger, accepting, verifier):
    """It should revert: the verifier must have code of its own."""
    if verifier == "borrowing":
        delegate(stranger, accepting)
        verifier = stranger.address
    with reverts(proofs.ProofSystem_VerifierWithoutCode, verifier=verifier):
        register(NEW_ID, verifier=verifier)


@pytest.mark.parametrize("count", [MAX_INSTANCES + 1, 255])
def test_revert_when_too_many_instances(proofs, register, count):
    """It should revert: there must be at most 32 instances."""
    with reverts(
        proofs.ProofSystem_TooManyInstances, instanceCount=count, maxInstances=MAX_INSTANCES
    ):
        register(NEW_ID, HASHED.but(instanceCount=count))


@pytest.mark.parametrize(("count", "tag"), [(11, 4), (11, 255), (7, 0), (0, 0)])
def test_revert_when_the_tag_reaches_out(proofs, register, count, tag):
    """It should revert: the tag's eight limbs must stand among the instances."""
    with reverts(
        proofs.ProofSystem_IndexOutOfRange, index=tag + TAG_LIMBS - 1, instanceCount=count
    ):
        register(NEW_ID, HASHED.but(instanceCount=count, tagIndex=tag))


@pytest.mark.parametrize("index", [11, 255])
def test_revert_when_the_count_stands_out(proofs, register, index):
    """It should revert: the count must stand among the instances."""
    with reverts(proofs.ProofSystem_IndexOutOfRange, index=index, instanceCount=11):
        register(NEW_ID, HASHED.but(countIndex=index))


@pytest.mark.parametrize("index", [2, 5, 9])
def test_revert_when_the_count_is_a_limb(proofs, register, index):
    """It should revert: the count must not stand on the tag."""
    with reverts(proofs.ProofSystem_IndexTaken, index=index):
        register(NEW_ID, HASHED.but(countIndex=index))


@pytest.mark.parametrize("index", [11, 255])
def test_revert_when_the_commitment_stands_out(proofs, register, index):
    """It should revert: the commitment must stand among the instances."""
    with reverts(proofs.ProofSystem_IndexOutOfRange, index=index, instanceCount=11):
        register(NEW_ID, HASHED.but(commitmentIndex=index))


@pytest.mark.parametrize("index", [2, 5, 9])
def test_revert_when_the_commitment_is_a_limb(proofs, register, index):
    """It should revert: the commitment must not stand on the tag."""
    with reverts(proofs.ProofSystem_IndexTaken, index=index):
        register(NEW_ID, HASHED.but(commitmentIndex=index))


def test_revert_when_the_commitment_is_the_count(proofs, register):
    """It should revert: the commitment must not stand on the count."""
    with reverts(proofs.ProofSystem_IndexTaken, index=HASHED.countIndex):
        register(NEW_ID, HASHED.but(commitmentIndex=HASHED.countIndex))


@pytest.mark.parametrize("index", [1, 255])
def test_revert_when_an_unused_commitment_has_a_place(proofs, register, index):
    """It should revert: the commitment's index must be zero if no input is bound."""
    with reverts(proofs.ProofSystem_UnusedCommitmentIndex, commitmentIndex=index):
        register(NEW_ID, PRIVATE.but(commitmentIndex=index))


@pytest.mark.parametrize("scale", [MAX_SCALE + 1, 255])
def test_revert_when_the_scale_is_too_large(proofs, register, scale):
    """It should revert: the scale must be at most 32."""
    with reverts(proofs.ProofSystem_ScaleTooLarge, scale=scale, maxScale=MAX_SCALE):
        register(NEW_ID, HASHED.but(scale=scale))


@pytest.mark.parametrize("tokens", [0, MAX_TOKENS + 1, 2**16 - 1])
def test_revert_when_the_tokens_are_out_of_range(proofs, register, tokens):
    """It should revert: the tokens per proof must be from 1 to 16,384."""
    with reverts(proofs.ProofSystem_MaxTokensOutOfRange, maxTokens=tokens, limit=MAX_TOKENS):
        register(NEW_ID, HASHED.but(maxTokens=tokens))


@pytest.mark.parametrize("layout", [HASHED, PRIVATE], ids=["bound", "private"])
def test_circuit(proofs, register, accepting, layout):
    """It should store all of the circuit."""
    register(NEW_ID, layout)
    verifier, revoked_at, stored = proofs.circuit(NEW_ID)
    assert (verifier, revoked_at, tuple(stored)) == (accepting, 0, astuple(layout))


def test_largest_layout(proofs, register):
    """It should accept the largest layout."""
    register(NEW_ID, LARGEST)
    assert tuple(proofs.circuit(NEW_ID).layout) == astuple(LARGEST)


def test_smallest_layout(proofs, register):
    """It should accept the smallest layout."""
    register(NEW_ID, SMALLEST)
    assert tuple(proofs.circuit(NEW_ID).layout) == astuple(SMALLEST)


def test_largest_id(proofs, register):
    """It should accept the largest id."""
    register(2**32 - 1)
    assert proofs.circuitInfo(2**32 - 1).maxTokens == HASHED.maxTokens


def test_event(proofs, register, accepting):
    """It should emit CircuitRegistered."""
    assert emitted(register(NEW_ID)) == [
        event(
            proofs.CircuitRegistered, circuitId=NEW_ID, verifier=accepting, layout=astuple(HASHED)
        )
    ]


def _is_sound(layout: Layout) -> bool:
    """Whether every part has instances of its own: said with sets, not with comparisons."""
    tag = set(range(layout.tagIndex, layout.tagIndex + TAG_LIMBS))
    places = [tag, {layout.countIndex}]
    if layout.bindsInput:
        places.append({layout.commitmentIndex})
    taken = set.union(*places)
    return (
        len(taken) == sum(map(len, places))
        and taken <= set(range(layout.instanceCount))
        and layout.instanceCount <= MAX_INSTANCES
        and (layout.bindsInput or layout.commitmentIndex == 0)
        and layout.scale <= MAX_SCALE
        and 1 <= layout.maxTokens <= MAX_TOKENS
    )


small = st.one_of(st.integers(0, 14), st.integers(0, 255))
layouts = st.builds(
    Layout,
    instanceCount=st.one_of(st.integers(8, 34), st.integers(0, 255)),
    tagIndex=small,
    countIndex=small,
    bindsInput=st.booleans(),
    commitmentIndex=small,
    scale=st.one_of(st.integers(0, 33), st.integers(0, 255)),
    maxTokens=st.one_of(st.integers(1, MAX_TOKENS), st.integers(0, 2**16 - 1)),
)


@given(layout=layouts)
def test_any_layout(proofs, accepting, owner, layout):
    """It should accept it exactly if everything has a place of its own."""
    arguments = (NEW_ID, accepting, astuple(layout))
    if _is_sound(layout):
        assert ask(proofs.registerCircuit, *arguments, sender=owner) is None
    else:
        with pytest.raises(Reverted):
            ask(proofs.registerCircuit, *arguments, sender=owner)
