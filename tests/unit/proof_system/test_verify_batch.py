"""ProofSystem.verifyBatch: all of them, or the first that fails and why."""

import pytest

from tests.harness.execution import ask
from tests.harness.reverts import encoded, reverts
from tests.unit.proof_system.encoding import (
    HASHED,
    HASHED_ID,
    MAX_BATCH,
    PRIVATE,
    PRIVATE_ID,
    TOKENS,
    place_tag,
    statement,
)

MARKETPLACE = "0x" + "a7" * 20
JOB = 7


@pytest.fixture(scope="module")
def statement_of(prove, chain, host):
    """A statement that holds for the host, at a position."""

    def statement_of(first, circuit=HASHED_ID, layout=HASHED, job=JOB):
        tag = place_tag(chain.chain_id, MARKETPLACE, job, host.address, first)
        return statement(circuit, MARKETPLACE, job, first, prove(TOKENS, layout, tag))

    return statement_of


@pytest.mark.parametrize("size", [0, MAX_BATCH + 1])
def test_revert_when_empty_or_too_large(proofs, statement_of, host, size):
    """It should revert: the batch must have from 1 to 16 statements."""
    batch = [statement_of(index * TOKENS) for index in range(size)]
    with reverts(proofs.ProofSystem_BatchSizeOutOfRange, size=size, maxSize=MAX_BATCH):
        ask(proofs.verifyBatch, batch, host, [TOKENS] * size)


@pytest.mark.parametrize("counts", [0, 1, 3])
def test_revert_when_the_lists_differ(proofs, statement_of, host, counts):
    """It should revert: the lists must be equally long."""
    batch = [statement_of(0), statement_of(TOKENS)]
    with reverts(proofs.ProofSystem_BatchLengthMismatch, proofs=2, claimedTokens=counts):
        ask(proofs.verifyBatch, batch, host, [TOKENS] * counts)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_revert_when_one_fails(proofs, statement_of, host, index):
    """It should revert: every statement must hold."""
    counts = [TOKENS] * 3
    counts[index] = TOKENS - 1
    reason = encoded(proofs.ProofSystem_CountMismatch, expected=TOKENS - 1, actual=TOKENS)
    with reverts(proofs.ProofSystem_BatchItemRejected, index=index, reason=reason):
        ask(proofs.verifyBatch, [statement_of(n * TOKENS) for n in range(3)], host, counts)


def test_several_fail(proofs, statement_of, host):
    """It should name the first of several that fail."""
    batch = [statement_of(0), b"", statement_of(TOKENS)[:-1]]
    reason = encoded(proofs.ProofSystem_MalformedStatement, position=0)
    with reverts(proofs.ProofSystem_BatchItemRejected, index=1, reason=reason):
        ask(proofs.verifyBatch, batch, host, [TOKENS] * 3)


@pytest.mark.parametrize("size", [1, MAX_BATCH])
def test_smallest_and_largest(proofs, statement_of, host, size):
    """It should return true."""
    batch = [statement_of(index * TOKENS) for index in range(size)]
    assert ask(proofs.verifyBatch, batch, host, [TOKENS] * size) is True


def test_mixture(proofs, statement_of, host):
    """It should return true for the mixture."""
    batch = [statement_of(0), statement_of(5, PRIVATE_ID, PRIVATE), statement_of(0, job=JOB + 1)]
    assert ask(proofs.verifyBatch, batch, host, [TOKENS] * 3) is True
