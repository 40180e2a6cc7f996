"""JobMarketplace.getProofHistory: the proofs of a session, page by page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.harness.escrow import INSTANCES, advance, instances_hash
from tests.harness.events import emitted
from tests.harness.evidence import WHOLE_HISTORY, history
from tests.harness.execution import ask

NO_JOB = 10**6
A_WHILE = 100
COUNTS = list(range(1, 17))
LARGEST = 16_384
LARGE_CIRCUIT = 9
HASH_BYTES = 20


@pytest.fixture
def session(escrow):
    """A session with sixteen proofs, in two batches."""
    session = escrow.open()
    session.prove(*COUNTS[:8])
    session.prove(*COUNTS[8:])
    return session


def test_unknown(marketplace):
    """It should be empty."""
    assert ask(marketplace.getProofHistory, NO_JOB, 0, WHOLE_HISTORY) == []


@pytest.mark.parametrize("cursor", [0, 1, WHOLE_HISTORY])
@pytest.mark.parametrize("limit", [0, 1, WHOLE_HISTORY])
def test_no_proof(escrow, cursor, limit):
    """It should be empty for any cursor and limit."""
    assert history(escrow.open(), cursor, limit) == []


def test_rows(escrow):
    """It should give hash, tokens and time of each, all verified."""
    session = escrow.open()
    early = session.prove(48).timestamp
    late = advance(A_WHILE)
    session.prove(64)
    first, second = (
        instances_hash(session.tag(place), count)[:HASH_BYTES].ljust(32, b"\x00")
        for place, count in [(0, 48), (48, 64)]
    )
    assert history(session) == [(first, 48, early, True), (second, 64, late, True)]


def test_reported_hash(escrow):
    """It should keep the upper 160 bits of the hash that ProofSubmitted reports."""
    session = escrow.open()
    (submitted,) = emitted(session.prove(48))
    ((kept, *_),) = history(session)
    assert kept[:HASH_BYTES] == dict(submitted.arguments)["proofHash"][:HASH_BYTES]
    assert kept[HASH_BYTES:] == bytes(32 - HASH_BYTES)


@pytest.mark.parametrize("cursor", [0, 1, 8, 15])
def test_cursor(session, cursor):
    """It should begin at the cursor."""
    assert [row[1] for row in history(session, cursor)] == COUNTS[cursor:]


@pytest.mark.parametrize("limit", [1, 7, 15, 16])
def test_limit(session, limit):
    """It should stop at the limit."""
    assert [row[1] for row in history(session, 0, limit)] == COUNTS[:limit]


@pytest.mark.parametrize("limit", [2, 17, WHOLE_HISTORY])
def test_end(session, limit):
    """It should stop at the end, however large the limit."""
    assert [row[1] for row in history(session, 14, limit)] == COUNTS[14:]


@pytest.mark.parametrize("cursor", [16, 17, WHOLE_HISTORY])
def test_behind_the_end(session, cursor):
    """It should be empty and not revert."""
    assert history(session, cursor) == []


@pytest.mark.parametrize("cursor", [0, 16, WHOLE_HISTORY])
def test_no_limit(session, cursor):
    """It should be empty and not revert."""
    assert history(session, cursor, 0) == []


@given(size=st.integers(1, 20))
def test_pages(session, size):
    """It should give each proof once, in order."""
    pages = [history(session, cursor, size) for cursor in range(0, len(COUNTS), size)]
    assert [row for page in pages for row in page] == history(session)


def test_largest_count(escrow, owner, project):
    """It should give that count."""
    layout = (INSTANCES, 2, INSTANCES - 1, False, 0, 0, LARGEST)
    verifier = owner.deploy(project.AcceptingVerifier)
    escrow.proof_system.registerCircuit(LARGE_CIRCUIT, verifier, layout, sender=owner)
    session = escrow.open(circuitId=LARGE_CIRCUIT)
    session.prove(LARGEST)
    assert [row[1] for row in history(session)] == [LARGEST]


def test_prompt(escrow):
    """It should give the tokens that the proof counts, not the unit."""
    job = escrow.open_prompt()
    job.prove(48, first=0)
    assert [row[1] for row in history(job)] == [48]
