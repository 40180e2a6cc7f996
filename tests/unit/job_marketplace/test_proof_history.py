"""What remains of a session's proofs: a row for each, and one digest over all of them."""

from itertools import pairwise

import pytest
from eth_abi import encode
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from tests.harness.escrow import MAX_TOKENS, advance, instances_hash
from tests.harness.evidence import history
from tests.harness.execution import isolated

NOTHING = bytes(32)
A_WHILE = 100
COUNTS = [48, 1, 64]
ROUNDED = 12  # a row keeps the upper 20 of a hash's 32 bytes


@pytest.fixture
def session(escrow):
    """A session in which time has passed, so that the rate bounds nothing."""
    session = escrow.open()
    advance(A_WHILE)
    return session


def hashes(session, counts, first=0):
    """The hashes of the instances of proofs that chain on."""
    places = [first + sum(counts[:index]) for index in range(len(counts))]
    tags = [session.tag(place) for place in places]
    return [instances_hash(tag, count) for tag, count in zip(tags, counts, strict=True)]


def digest(session):
    """What the contract's digest is now."""
    return bytes(session.details.aggregateProofHash)


def folded(proof_hashes, digest=NOTHING):
    """The digest over these hashes, computed apart from the contract."""
    for proof_hash in proof_hashes:
        digest = keccak(encode(["bytes32", "bytes32"], [digest, proof_hash]))
    return digest


def test_nothing(session):
    """It should be the digest of nothing, zero."""
    assert digest(session) == NOTHING
    assert history(session) == []


def test_digest(session):
    """It should fold the hash of each proof's instances into the digest, in order."""
    made = hashes(session, COUNTS)
    session.prove(*COUNTS[:2])
    assert digest(session) == folded(made[:2])
    session.prove(COUNTS[2])
    assert digest(session) == folded(made)


def test_rows(session):
    """It should number them from the first proof of the session on."""
    early = session.prove(*COUNTS[:2]).timestamp
    late = advance(A_WHILE)
    session.prove(COUNTS[2])
    assert history(session) == [
        (made[:-ROUNDED] + bytes(ROUNDED), count, time, True)
        for made, count, time in zip(
            hashes(session, COUNTS), COUNTS, [early, early, late], strict=True
        )
    ]


@given(
    counts=st.lists(st.integers(1, MAX_TOKENS), min_size=1, max_size=8),
    cuts=st.lists(st.integers(0, 8), max_size=4),
)
def test_batches(escrow, chain, counts, cuts):
    """It should not depend on how they are put into batches."""
    with isolated():
        session = escrow.open()
        edges = sorted({0, len(counts), *(cut for cut in cuts if cut < len(counts))})
        for start, end in pairwise(edges):
            session.prove(*counts[start:end], first=sum(counts[:start]))
        assert digest(session) == folded(hashes(session, counts))
        assert [row[1] for row in history(session)] == counts


def test_two_sessions(session, escrow):
    """It should give them different digests."""
    other = escrow.open()
    session.prove(*COUNTS)
    other.prove(*COUNTS)
    assert digest(session) != digest(other)


def test_other_bytes(session, chain):
    """It should give the same digest, for these are not unique."""
    (proof,) = session.proofs(0, [48])
    zero_knowledge = slice(3 * 32, 4 * 32)
    assert proof[zero_knowledge] == bytes(32)
    other = proof[: zero_knowledge.start] + b"\x01" * 32 + proof[zero_knowledge.stop :]
    digests = []
    for made in (proof, other):
        with isolated():
            session.marketplace.submitProofOfWork(session.id, made, 48, sender=session.host)
            digests.append(digest(session))
    assert digests == [folded(hashes(session, [48]))] * 2


def test_other_evidence(session):
    """It should leave history and digest alone."""
    session.prove(*COUNTS)
    before = digest(session), history(session)
    session.redeem(500)
    session.claim(700)
    assert (digest(session), history(session)) == before


def test_dispute(session):
    """It should hold them like any others."""
    session.prove(COUNTS[0])
    session.claim(sum(COUNTS))
    session.contest()
    session.prove(*COUNTS[1:])
    assert digest(session) == folded(hashes(session, COUNTS))
    assert [row[1] for row in history(session)] == COUNTS


def test_final(session):
    """It should stand as it was."""
    session.prove(*COUNTS)
    before = digest(session), history(session)
    session.complete(sender=session.host)
    assert (digest(session), history(session)) == before
