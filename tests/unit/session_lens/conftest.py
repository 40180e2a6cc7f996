"""A lens, and sessions in every status to look at."""

import pytest

from tests.harness.escrow import HOUR, MINUTE, advance


@pytest.fixture(scope="module")
def lens(project, escrow, owner):
    """A lens of the escrow's marketplace."""
    return owner.deploy(project.SessionLens, escrow.marketplace)


@pytest.fixture
def sessions(escrow, user, other_user, host, other_host):
    """One session in each status, of `user` with `host`; the same as active ones of others."""
    by_status = {
        name: escrow.open(maxDuration=10 * MINUTE if name == "timed out" else 4 * HOUR)
        for name in ("completed", "timed out", "abandoned", "active", "closing", "disputed")
    }
    by_status["theirs"] = escrow.open(user=other_user, host=other_host)
    by_status["crossed"] = escrow.open(user=other_user)
    by_status["mixed"] = escrow.open(host=other_host)
    by_status["completed"].complete(sender=host)
    advance(2 * HOUR + 1)
    by_status["abandoned"].abandon()
    by_status["timed out"].time_out()
    by_status["abandoned"].complete(sender=host)
    by_status["closing"].complete(sender=user)
    by_status["disputed"].claim(500)
    by_status["disputed"].contest()
    return {name: session.id for name, session in by_status.items()}
