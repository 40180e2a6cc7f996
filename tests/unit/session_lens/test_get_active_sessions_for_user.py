"""getActiveSessionsForUser: the open sessions of a user, page by page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.harness.escrow import ACTIVE, DISPUTED
from tests.harness.execution import ask, isolated
from tests.harness.reverts import reverts
from tests.unit.session_lens.pages import look, turn_pages


@pytest.fixture(scope="module")
def search(lens):
    """The question."""
    return lens.getActiveSessionsForUser


def test_revert_when_the_limit_is_zero(lens, search, user):
    """It should revert: the limit must be positive."""
    with reverts(lens.SessionLens_LimitZero):
        ask(search, user, 0, 0)


def test_every_status(search, sessions, user, other_user):
    """It should find those of one user that are active or disputed."""
    mine = [sessions[name] for name in ("active", "closing", "disputed", "mixed")]
    assert look(search, user, 0, 100) == (mine, len(sessions) + 1)
    theirs = [sessions["theirs"], sessions["crossed"]]
    assert look(search, other_user, 0, 100) == (theirs, len(sessions) + 1)


def test_the_other_side(search, sessions, host):
    """It should find nothing."""
    assert look(search, host, 0, 100) == ([], len(sessions) + 1)


def test_largest_limit(search, sessions, user):
    """It should look at everything."""
    assert look(search, user, 2, 2**256 - 1) == look(search, user, 2, 100)


@given(
    moves=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1), st.booleans()), max_size=8),
    size=st.integers(1, 10),
)
def test_any_order(lens, search, escrow, user, other_user, host, other_host, moves, size):
    """It should find over pages of any size what a look at each session finds."""
    users, hosts = (user, other_user), (host, other_host)
    with isolated():
        for whose, whom, closed in moves:
            session = escrow.open(user=users[whose], host=hosts[whom])
            if closed:
                session.complete(sender=session.host)
        details = {
            job_id: ask(escrow.marketplace.getSessionDetails, job_id)
            for job_id in range(1, len(moves) + 1)
        }
        for question, party, role in [
            *((search, account, "user") for account in users),
            *((lens.getActiveSessionsForHost, account, "assignedHost") for account in hosts),
        ]:
            expected = [
                job_id
                for job_id, said in details.items()
                if getattr(said, role) == party and said.status in {ACTIVE, DISPUTED}
            ]
            pages = turn_pages(question, party, len(moves), size)
            assert [job_id for ids, _ in pages for job_id in ids] == expected
