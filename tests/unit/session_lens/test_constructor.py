"""SessionLens's constructor: one marketplace, for good."""

from tests.harness.reverts import reverts


def test_no_contract(project, owner, stranger):
    """It should refuse to look at nothing."""
    with reverts(project.SessionLens.SessionLens_NotAContract, marketplace=stranger):
        owner.deploy(project.SessionLens, stranger)


def test_marketplace(lens, marketplace):
    """It should say whose sessions it shows."""
    assert lens.marketplace() == marketplace.address
