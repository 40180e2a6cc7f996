"""JobMarketplace.sessionTag: what the proof of a place must carry among its public instances."""

import pytest

from provenwork.circuits import session_tag
from tests.harness.escrow import MAX_BATCH, ZERO, stub_proof
from tests.harness.execution import ask

TOKENS = 48
LAST_POSITION = 2**64 - 1
NO_JOB = 10**6
POSITIONS = [0, 1, 1_024, LAST_POSITION]


@pytest.fixture
def session(escrow):
    """A session on the usual terms."""
    return escrow.open()


def tag_of(session, first):
    """What the marketplace says."""
    return ask(session.marketplace.sessionTag, session.id, first)


@pytest.mark.parametrize("first", POSITIONS)
def test_definition(session, first):
    """It should be the upper 128 bits of the hash of chain, marketplace, session, host and position."""
    assert tag_of(session, first) == session.tag(first)


@pytest.mark.parametrize("first", POSITIONS)
def test_others(session, escrow, chain, marketplace, first):
    """It should be what the proof system and the Python package compute."""
    place = (marketplace.address, session.id, session.host.address, first)
    assert tag_of(session, first) == ask(escrow.proof_system.sessionTag, *place)
    assert tag_of(session, first) == session_tag(chain.chain_id, *place)


def test_proofs(session):
    """It should be what proofs of that place must carry."""
    session.redeem(500)
    proof = stub_proof(tag_of(session, 500), TOKENS)
    session.marketplace.submitProofsAt(session.id, 500, [proof], [TOKENS], sender=session.host)
    assert session.details.provenTokens == 500 + TOKENS


def test_differences(session, escrow, other_host):
    """It should differ."""
    places = [
        (each, first)
        for each in [session, escrow.open(), escrow.open(host=other_host)]
        for first in range(MAX_BATCH)
    ]
    assert len({tag_of(*place) for place in places}) == len(places)


def test_last_position(session):
    """It should be given all the same."""
    assert tag_of(session, LAST_POSITION) == session.tag(LAST_POSITION)


def test_nobody(escrow, marketplace):
    """It should be that of nobody's place, which no proof can be submitted for."""
    assert ask(marketplace.sessionTag, NO_JOB, 0) == escrow.tag(NO_JOB, ZERO, 0)
