"""JobMarketplace.getRequiredProofInterval: the most tokens that can be payable without a proof."""

import pytest

from tests.harness.execution import ask

NO_JOB = 10**6
LARGEST = 16_384


def interval(session):
    """What the marketplace says."""
    return ask(session.marketplace.getRequiredProofInterval, session.id)


def test_unknown(marketplace):
    """It should be zero."""
    assert ask(marketplace.getRequiredProofInterval, NO_JOB) == 0


@pytest.mark.parametrize("tokens", [1, 1_000, LARGEST])
def test_terms(escrow, tokens):
    """It should be what the user fixed at its opening."""
    assert interval(escrow.open(proofInterval=tokens)) == tokens


def test_later(escrow):
    """It should stay so whatever happens to it."""
    session = escrow.open(proofInterval=1_000)
    session.prove(48)
    session.redeem(100)
    session.claim(600)
    assert interval(session) == 1_000
    session.complete(sender=session.host)
    assert interval(session) == 1_000


def test_prompt(escrow):
    """It should be its one unit."""
    assert interval(escrow.open_prompt()) == 1
