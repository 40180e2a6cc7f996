"""JobFactory.setOperator: an issuer's power, lent until a time."""

import pytest

from tests.harness.escrow import DAY
from tests.harness.events import emitted, event
from tests.harness.factory import CANCELLED, MAX_OPERATOR_TERM
from tests.harness.reverts import reverts
from tests.unit.job_factory.lives import posted


@pytest.mark.parametrize("too_much", [1, DAY])
def test_revert_when_the_term_is_too_long(factory, chain, too_much):
    """It should revert: the term must end within 365 days."""
    now = chain.pending_timestamp + DAY
    chain.pending_timestamp = now
    longest = now + MAX_OPERATOR_TERM
    with reverts(
        factory.contract.JobFactory_OperatorTermTooLong, max=longest, actual=longest + too_much
    ):
        factory.appoint(longest + too_much)


def test_events(factory, issuer, operator, chain):
    """It should emit OperatorSet, and show it."""
    until = chain.pending_timestamp + DAY
    assert emitted(factory.appoint(until)) == [
        event(factory.contract.OperatorSet, issuer=issuer, operator=operator, until=until)
    ]
    assert factory.contract.operatorUntil(issuer, operator) == until


def test_longest(factory, issuer, operator, chain):
    """It should accept the longest term."""
    now = chain.pending_timestamp + DAY
    chain.pending_timestamp = now
    factory.appoint(now + MAX_OPERATOR_TERM)
    assert factory.contract.operatorUntil(issuer, operator) == now + MAX_OPERATOR_TERM


def test_changes(factory, issuer, operator, chain):
    """It should let the caller shorten, lengthen and end it."""
    now = chain.pending_timestamp
    job = posted(factory)
    for until in (now + 2 * DAY, now + DAY, now + 3 * DAY, 1, 0, now - 1):
        factory.appoint(until)
        assert factory.contract.operatorUntil(issuer, operator) == until
    with reverts(factory.contract.JobFactory_NotIssuer, issuer=issuer, account=operator):
        job.cancel(sender=operator)


def test_others(factory, issuer, operator, relayer, user, chain):
    """It should leave other operators and other issuers alone."""
    until = chain.pending_timestamp + DAY
    factory.appoint(until)
    factory.appoint(until, operator=relayer)
    factory.appoint(0)
    ours, theirs = posted(factory), posted(factory, issuer=user)
    with reverts(factory.contract.JobFactory_NotIssuer, issuer=user, account=relayer):
        theirs.cancel(sender=relayer)
    ours.cancel(sender=relayer)
    assert ours.status == CANCELLED
    assert factory.contract.operatorUntil(user, relayer) == 0
