"""getActiveSessionsForHost: the open sessions of a host, page by page."""

import pytest

from tests.harness.escrow import ABANDONED, ACTIVE, COMPLETED, DISPUTED, TIMED_OUT
from tests.harness.execution import ask
from tests.harness.reverts import reverts
from tests.unit.session_lens.pages import look, turn_pages


@pytest.fixture
def search(lens):
    """The question."""
    return lens.getActiveSessionsForHost


def test_revert_when_the_limit_is_zero(lens, search, host):
    """It should revert: the limit must be positive."""
    with reverts(lens.SessionLens_LimitZero):
        ask(search, host, 0, 0)


def test_before_the_first_session(search, marketplace, host):
    """It should find nothing and point at the first session."""
    assert ask(marketplace.jobCount) == 0
    assert look(search, host, 0, 10) == ([], 1)


def test_every_status(search, marketplace, sessions, host, other_host):
    """It should find those of one host that are active or disputed."""
    statuses = {ask(marketplace.getSessionDetails, job_id).status for job_id in sessions.values()}
    assert statuses == {ACTIVE, COMPLETED, TIMED_OUT, DISPUTED, ABANDONED}
    open_ones = [sessions[name] for name in ("active", "closing", "disputed", "crossed")]
    assert look(search, host, 0, 100) == (open_ones, len(sessions) + 1)
    theirs = [sessions["theirs"], sessions["mixed"]]
    assert look(search, other_host, 0, 100) == (theirs, len(sessions) + 1)


def test_closing(search, marketplace, sessions, host):
    """It should find sessions that were asked to close.

    They are open until they are final: the host still has to bring its last evidence.
    """
    closing = sessions["closing"]
    assert ask(marketplace.getSessionDetails, closing).closingAt != 0
    assert look(search, host, closing, 1) == ([closing], closing + 1)


def test_beyond_the_end(search, sessions, host):
    """It should find nothing and leave the cursor where it is."""
    for cursor in (len(sessions) + 1, len(sessions) + 7, 2**256 - 1):
        assert look(search, host, cursor, 10) == ([], cursor)


def test_limit(search, sessions, host):
    """It should look at no more than the limit."""
    active = sessions["active"]
    assert look(search, host, 1, active - 1) == ([], active)
    assert look(search, host, 1, active) == ([active], active + 1)


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_pages(search, sessions, host, size):
    """It should find everything once over the pages."""
    pages = turn_pages(search, host, len(sessions), size)
    assert [job_id for ids, _ in pages for job_id in ids] == look(search, host, 0, 100)[0]
    assert len(pages) == -(-len(sessions) // size)


def test_from_the_last_cursor(search, sessions, escrow, host):
    """It should find later sessions from the last cursor on."""
    _, cursor = look(search, host, 0, 100)
    later = escrow.open().id
    assert look(search, host, cursor, 100) == ([later], later + 1)
