"""JobMarketplace: every party can leave every situation alone, in a time that is known beforehand."""

import ape
import pytest

from tests.harness.escrow import (
    ANSWER_WINDOW,
    ARBITER_WINDOW,
    CHALLENGE_WINDOW,
    CLOSE_WINDOW,
    COMPLETED,
    ETHER,
    METERED,
    TIMED_OUT,
    travel_to,
)
from tests.harness.reverts import reverts
from tests.unit.job_marketplace.states import (
    OPEN_STATES,
    PROVEN,
    claimed,
    closing,
    contested,
    in_turn,
    judged,
    late,
    opened,
)

LONGEST_WAIT = CLOSE_WINDOW + CHALLENGE_WINDOW + max(ANSWER_WINDOW, ARBITER_WINDOW)
LONGEST_WAIT_WITHOUT_ARBITER = CLOSE_WINDOW + CHALLENGE_WINDOW + ANSWER_WINDOW
every_situation = pytest.mark.parametrize("situation", OPEN_STATES)


def assert_conserved(session, gone):
    """Host and user have the whole deposit between them, wherever it came from."""
    details = session.details
    earned = session.escrow.earned(session.host)
    assert earned + gone == session.terms.deposit
    assert earned == session.cost(details.settledTokens)
    assert details.settledTokens >= PROVEN


@every_situation
def test_host(escrow, situation):
    """It should let the host leave at once."""
    session = OPEN_STATES[situation](escrow)
    _, refunded = session.moved_by(lambda: session.complete(sender=session.host))
    assert_conserved(session, refunded)


@every_situation
def test_agreement(escrow, situation):
    """It should let the user leave at once with the host's agreement."""
    session = OPEN_STATES[situation](escrow)
    _, refunded = session.moved_by(lambda: session.close_with_agreement(0))
    assert_conserved(session, refunded)


def leave(session, caller):
    """The caller does nothing but ask to close, and wait; returns when the session was final."""
    details, now = session.details, ape.chain.pending_timestamp
    if caller == session.user and not details.closingAt and now <= details.endsAt:
        session.complete(sender=caller)
        details = session.details
    decided = details.claimedAt + CHALLENGE_WINDOW if details.claimedTokens else 0
    now = max(now, details.evidenceEnd + 1, decided + 1, details.disputeDeadline + 1)
    travel_to(now)
    close = session.finalize if details.closingAt else session.time_out
    close(sender=caller)
    return now


@every_situation
def test_user(escrow, situation):
    """It should let the user leave alone, no later than is promised."""
    session = OPEN_STATES[situation](escrow)
    details = session.details
    asked = details.closingAt or min(ape.chain.pending_timestamp, details.endsAt)
    left = []
    _, refunded = session.moved_by(lambda: left.append(leave(session, session.user)))
    assert_conserved(session, refunded)
    assert left[0] - asked <= LONGEST_WAIT + 1


@every_situation
def test_anyone(escrow, stranger, situation):
    """It should let anyone end it alone, no later than is promised."""
    session = OPEN_STATES[situation](escrow)
    details = session.details
    left = []
    _, refunded = session.moved_by(lambda: left.append(leave(session, stranger)))
    assert_conserved(session, refunded)
    assert left[0] - (details.closingAt or details.endsAt) <= LONGEST_WAIT + 1


def delayed(escrow, opening, *before):
    """The host claims in the last second for evidence, the user contests in the last for that."""
    return in_turn(opening, *before, late, claimed, contested)(escrow)


def assert_final_after(session, close, last_second, status):
    """Not in the last second of the wait, but in the first one after it."""
    travel_to(last_second)
    with reverts(
        session.marketplace.JobMarketplace_DisputeOpen, deadline=last_second, time=last_second
    ):
        close()
    travel_to(last_second + 1)
    close()
    assert session.details.status == status


def test_slow_host(escrow):
    """It should make the user wait for the windows and not a second more."""
    session = delayed(escrow, opened, closing)
    last_second = session.details.closingAt + LONGEST_WAIT_WITHOUT_ARBITER
    assert_final_after(session, session.finalize, last_second, COMPLETED)


def test_slow_arbiter(escrow):
    """It should make the user wait for the arbiter's window where there is one."""
    session = delayed(escrow, judged, closing)
    last_second = session.details.closingAt + LONGEST_WAIT
    assert_final_after(session, session.finalize, last_second, COMPLETED)


@pytest.mark.parametrize(
    ("opening", "wait"), [(opened, LONGEST_WAIT_WITHOUT_ARBITER), (judged, LONGEST_WAIT)]
)
def test_slow_end(escrow, opening, wait):
    """It should make everyone wait as long after the end, and not a second more."""
    session = delayed(escrow, opening)
    last_second = session.details.endsAt + wait
    assert_final_after(session, session.time_out, last_second, TIMED_OUT)


def test_slow_user(escrow, host):
    """It should not keep the host waiting.

    The user contests whatever is claimed and asks to close; the host closes in the same second.
    """
    session = delayed(escrow, judged, closing)
    travel_to(session.details.claimedAt + CHALLENGE_WINDOW + 1)
    session.complete(sender=host)
    assert (session.details.status, escrow.earned(host)) == (COMPLETED, session.cost(PROVEN))


@pytest.fixture
def worst(escrow, project, marketplace, owner, admin):
    """Everything that the admins can turn against a session that is open."""

    def worst(session):
        marketplace.pause(sender=owner)
        marketplace.setToken(session.terms.token, False, 2**96 - 1, sender=owner)
        marketplace.setDefaults(0, 1, sender=owner)
        marketplace.setTreasury(owner.deploy(project.RefusingReceiver), sender=owner)
        escrow.proof_system.revokeCircuit(METERED, sender=owner)
        escrow.registry.deactivate(session.host, sender=admin)
        return session

    return worst


HARASSED = ["active", "claimed", "matured", "disputed", "judged", "closing", "closing, judged"]


@pytest.mark.parametrize("situation", HARASSED)
def test_harassed_host(escrow, worst, situation):
    """It should let the host leave at once all the same."""
    session = worst(OPEN_STATES[situation](escrow))
    _, refunded = session.moved_by(lambda: session.complete(sender=session.host))
    assert_conserved(session, refunded)


@pytest.mark.parametrize("situation", HARASSED)
def test_harassed_user(escrow, worst, situation):
    """It should let the user leave all the same."""
    session = worst(OPEN_STATES[situation](escrow))
    _, refunded = session.moved_by(lambda: leave(session, session.user))
    assert_conserved(session, refunded)


def test_harassed_withdrawals(escrow, marketplace, worst, user, host):
    """It should let everyone withdraw all the same."""
    session = worst(OPEN_STATES["disputed"](escrow))
    session.complete(sender=host)
    earned = escrow.earned(host)
    escrow.withdraw(host)
    escrow.withdraw(user, ETHER)
    assert escrow.balance(host) + escrow.balance(marketplace) == earned
    assert escrow.balance(marketplace, ETHER) == 0
