"""The SDK's view of the lens."""

import pytest

from provenwork.chain import SessionLens


@pytest.mark.parametrize("page", [1, 2, 3, 1_000])
def test_both_sides(node, project, owner, escrow, user, host, other_host, page):
    """It reads on over as many pages as there are, and finds each open session once."""
    deployed = owner.deploy(project.SessionLens, escrow.marketplace)
    lens = SessionLens(node, deployed.address, page=page)
    ids = [escrow.open(host=who).id for who in (host, other_host, host)]
    escrow.open().complete(sender=host)
    assert list(lens.open_sessions_of_user(user.address)) == ids
    assert list(lens.open_sessions_of_user(user.address, first=ids[1])) == ids[1:]
    assert list(lens.open_sessions_of_host(host.address)) == [ids[0], ids[2]]
    assert list(lens.open_sessions_of_host(user.address)) == []
