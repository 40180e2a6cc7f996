"""Proofs that show something else, or nothing: one of them, and its whole batch does not count."""

import pytest
from eth_abi import encode

from tests.harness.escrow import (
    INPUT_BOUND,
    INSTANCES,
    MAX_BATCH,
    MAX_TOKENS,
    METERED,
    advance,
    stub_proof,
)
from tests.harness.evidence import everything, tag_mismatch
from tests.harness.execution import Reverted
from tests.harness.reverts import reverts
from tests.unit.job_marketplace.refused_proofs import FIRST_LIMB, LAST_LIMB, rejected

FIELD_ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617
WORD = 32
COUNTS = [48, 64, 16]
BAD = 1  # between good ones
BAD_FIRST = COUNTS[0]
A_WHILE = 100
REFUSING = 7
MAX_POSITION = 2**64 - 1


@pytest.fixture
def session(escrow):
    """A session in which time has passed, so that the rate bounds nothing."""
    session = escrow.open()
    advance(A_WHILE)
    return session


# ------------------------------------------------------------------------------ ways to be wrong
# Each gives the bad proof, the count that is said of it, the proof system's error and its arguments.


def no_tokens(session, errors):
    return (
        stub_proof(session.tag(BAD_FIRST), 0),
        0,
        errors.ProofSystem_TokensOutOfRange,
        {"tokens": 0, "maxTokens": MAX_TOKENS},
    )


def too_many_tokens(session, errors):
    return (
        stub_proof(session.tag(BAD_FIRST), MAX_TOKENS + 1),
        MAX_TOKENS + 1,
        errors.ProofSystem_TokensOutOfRange,
        {"tokens": MAX_TOKENS + 1, "maxTokens": MAX_TOKENS},
    )


def no_bytes(session, errors):
    arguments = {"length": 0, "instanceCount": INSTANCES}
    return b"", COUNTS[BAD], errors.ProofSystem_InvalidProofLength, arguments


def trailing_byte(session, errors):
    proof = stub_proof(session.tag(BAD_FIRST), COUNTS[BAD]) + b"\x00"
    arguments = {"length": len(proof), "instanceCount": INSTANCES}
    return proof, COUNTS[BAD], errors.ProofSystem_InvalidProofLength, arguments


def trailing_word(session, errors):
    # The instances end where they should; their offset gives the extra word away.
    proof = stub_proof(session.tag(BAD_FIRST), COUNTS[BAD])
    offset = int.from_bytes(proof[WORD : 2 * WORD], "big")
    arguments = {"position": WORD, "expected": offset + WORD, "actual": offset}
    return proof + bytes(WORD), COUNTS[BAD], errors.ProofSystem_NonCanonicalProof, arguments


def _with_instance(session, index, value):
    """The good proof with another value in one of its instances."""
    proof = stub_proof(session.tag(BAD_FIRST), COUNTS[BAD])
    at = len(proof) - (INSTANCES - index) * WORD
    return proof[:at] + value.to_bytes(WORD, "big") + proof[at + WORD :]


def outside_the_field(session, errors):
    index, value = INSTANCES - 1, COUNTS[BAD] + FIELD_ORDER
    arguments = {"index": index, "instance": value}
    proof = _with_instance(session, index, value)
    return proof, COUNTS[BAD], errors.ProofSystem_InstanceNotInField, arguments


def _other_limb(session, errors, index):
    """One limb of the tag is another."""
    limb = index - FIRST_LIMB
    right = session.tag(BAD_FIRST) >> 16 * (LAST_LIMB - index) & 0xFFFF
    wrong = right ^ 1
    arguments = {"limb": limb, "expected": right, "actual": wrong}
    proof = _with_instance(session, index, wrong)
    return proof, COUNTS[BAD], errors.ProofSystem_TagMismatch, arguments


def first_limb(session, errors):
    return _other_limb(session, errors, FIRST_LIMB)


def last_limb(session, errors):
    return _other_limb(session, errors, LAST_LIMB)


def counts_less(session, errors):
    proof = stub_proof(session.tag(BAD_FIRST), COUNTS[BAD] - 1)
    arguments = {"expected": COUNTS[BAD], "actual": COUNTS[BAD] - 1}
    return proof, COUNTS[BAD], errors.ProofSystem_CountMismatch, arguments


def counts_more(session, errors):
    proof = stub_proof(session.tag(BAD_FIRST), COUNTS[BAD])
    arguments = {"expected": COUNTS[BAD] - 1, "actual": COUNTS[BAD]}
    return proof, COUNTS[BAD] - 1, errors.ProofSystem_CountMismatch, arguments


def an_instance_missing(session, errors):
    limbs = [0] * (INSTANCES - 1)
    proof = encode(["bytes", "uint256[]"], [bytes(WORD), limbs])
    # A word short, it can only be read as one with an empty proof.
    arguments = {"length": len(proof), "instanceCount": INSTANCES}
    return proof, COUNTS[BAD], errors.ProofSystem_InvalidProofLength, arguments


WRONG = [
    no_tokens,
    too_many_tokens,
    no_bytes,
    trailing_byte,
    trailing_word,
    outside_the_field,
    first_limb,
    last_limb,
    counts_less,
    counts_more,
    an_instance_missing,
]


@pytest.fixture
def batch(session, escrow):
    """A batch whose middle proof is wrong in the given way, and what the marketplace says to it."""

    def batch(wrong):
        bad, count, error, why = wrong(session, escrow.proof_system)
        proofs, counts = session.proofs(0, COUNTS), [*COUNTS]
        proofs[BAD], counts[BAD] = bad, count
        return rejected(session, proofs, counts, BAD, error, **why)

    return batch


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_proof(batch, wrong):
    """It should refuse the batch with its index and the proof system's own error."""
    case = batch(wrong)
    with reverts(case.error, **case.arguments):
        case.at()


@pytest.mark.parametrize("wrong", WRONG)
def test_nothing_changes(session, batch, wrong):
    """It should change nothing."""
    session.redeem(10)
    case = batch(wrong)
    before = everything(session)
    with pytest.raises(Reverted):
        case.at()
    assert everything(session) == before


@pytest.mark.parametrize("index", [0, MAX_BATCH - 1], ids=["first", "last"])
def test_ends_of_a_batch(session, escrow, index):
    """It should refuse the batch with that index."""
    counts = [COUNTS[0]] * MAX_BATCH
    proofs = session.proofs(0, counts)
    proofs[index] = b""
    error = escrow.proof_system.ProofSystem_InvalidProofLength
    case = rejected(session, proofs, counts, index, error, length=0, instanceCount=INSTANCES)
    with reverts(case.error, **case.arguments):
        case.at()


def test_two_wrong(session, escrow):
    """It should name the first of them."""
    error = escrow.proof_system.ProofSystem_InvalidProofLength
    case = rejected(session, [b"", b""], [1, 1], 0, error, length=0, instanceCount=INSTANCES)
    with reverts(case.error, **case.arguments):
        case.at()


@pytest.fixture
def assert_out_of_place(session, escrow):
    """Expects that a batch of these proofs fails at `index`, where `found` stands for `wanted`."""

    def assert_out_of_place(proofs, counts, index, *, wanted, found):
        error = escrow.proof_system.ProofSystem_TagMismatch
        why = tag_mismatch(session.tag(wanted), session.tag(found))
        case = rejected(session, proofs, counts, index, error, **why)
        with reverts(case.error, **case.arguments):
            case.at()

    return assert_out_of_place


def test_exchanged(session, assert_out_of_place):
    """It should refuse the one that comes too early."""
    first, second = session.proofs(0, [48, 48])
    assert_out_of_place([second, first], [48, 48], 0, wanted=0, found=48)


def test_gap(session, assert_out_of_place):
    """It should refuse the proof behind the gap."""
    proofs = session.proofs(0, [48]) + session.proofs(49, [48])
    assert_out_of_place(proofs, [48, 48], 1, wanted=48, found=49)


def test_twice_in_a_batch(session, assert_out_of_place):
    """It should refuse the second."""
    assert_out_of_place(session.proofs(0, [48]) * 2, [48, 48], 1, wanted=48, found=0)


@pytest.mark.parametrize("counts", [[1], [1, 1]], ids=["end", "start"])
def test_largest_position(session, marketplace, counts):
    """It should refuse the batch.

    Nobody reaches that position but with a voucher for every token that can be counted.
    """
    session.redeem(MAX_POSITION)
    last = session.proofs(MAX_POSITION, [1])
    with reverts(marketplace.SafeCastOverflowedUintDowncast, bits=64, value=MAX_POSITION + 1):
        marketplace.submitProofsAt(
            session.id, MAX_POSITION, last * len(counts), counts, sender=session.host
        )


def test_verifier_says_no(escrow, owner, project):
    """It should refuse the proof with circuit and verifier."""
    no = owner.deploy(project.AnsweringContract, bytes(WORD))
    layout = (INSTANCES, FIRST_LIMB, INSTANCES - 1, False, 0, 0, MAX_TOKENS)
    escrow.proof_system.registerCircuit(REFUSING, no, layout, sender=owner)
    session = escrow.open(circuitId=REFUSING)
    error = escrow.proof_system.ProofSystem_ProofRejected
    why = {"circuitId": REFUSING, "verifier": no}
    case = rejected(session, session.proofs(0, COUNTS), COUNTS, 0, error, **why)
    with reverts(case.error, **case.arguments):
        case.at()


@pytest.fixture
def revoked_at(session, escrow, owner):
    """When the session's circuit was revoked; 48 tokens had been proven before."""
    session.prove(48)
    return escrow.proof_system.revokeCircuit(METERED, sender=owner).timestamp


def test_revoked_circuit(session, escrow, revoked_at):
    """It should refuse new proofs."""
    error = escrow.proof_system.ProofSystem_CircuitRevoked
    why = {"circuitId": METERED, "revokedAt": revoked_at}
    case = rejected(session, session.proofs(48, COUNTS), COUNTS, 0, error, **why)
    case.first = 48
    with reverts(case.error, **case.arguments):
        case.at()


def test_proven_before(session, escrow, revoked_at):
    """It should keep what was proven before, and pay it."""
    session.complete(sender=session.host)
    assert escrow.earned(session.host) == session.cost(48)


def test_other_circuit_revoked(session, escrow, owner):
    """It should accept proofs of the session's own."""
    escrow.proof_system.revokeCircuit(INPUT_BOUND, sender=owner)
    session.prove(*COUNTS)
    assert session.details.provenTokens == sum(COUNTS)
