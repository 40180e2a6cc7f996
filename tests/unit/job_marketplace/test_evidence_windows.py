"""When evidence counts, by the second."""

import pytest

from tests.harness.escrow import (
    ACTIVE,
    ANSWER_WINDOW,
    ARBITER_WINDOW,
    CHALLENGE_WINDOW,
    CLOSE_WINDOW,
    COMPLETED,
    DISPUTED,
    HOUR,
    MINUTE,
    TIMED_OUT,
    travel_to,
)
from tests.harness.reverts import reverts

TOKENS = 400
PART = 48
ENDINGS = ["by itself", "closing"]


@pytest.fixture(params=ENDINGS)
def ending(escrow, request):
    """A session that ends by itself or that its user is closing, and the last second for evidence."""
    session = escrow.open()
    details = session.details
    end = details.endsAt
    if request.param == "closing":
        end = details.sessionStartTime + MINUTE
        travel_to(end)
        session.complete(sender=session.user)
    return session, end + CLOSE_WINDOW


@pytest.mark.parametrize("kind", ["prove", "claim", "redeem"])
def test_first_second(escrow, kind):
    """It should count."""
    session = escrow.open()
    travel_to(session.details.sessionStartTime)
    getattr(session, kind)(TOKENS)
    details = session.details
    assert TOKENS in (details.provenTokens, details.claimedTokens, details.ackedTokens)


@pytest.mark.parametrize("before", [0, 1])
@pytest.mark.parametrize("kind", ["prove", "claim"])
def test_last_second(ending, kind, before):
    """It should count."""
    session, last = ending
    assert session.details.evidenceEnd == last
    travel_to(last - before)
    getattr(session, kind)(TOKENS)
    assert TOKENS in (session.details.provenTokens, session.details.claimedTokens)


@pytest.mark.parametrize("kind", ["prove", "claim"])
def test_next_second(ending, marketplace, kind):
    """It should refuse it with the end and the time."""
    session, last = ending
    travel_to(last + 1)
    with reverts(marketplace.JobMarketplace_EvidenceClosed, evidenceEnd=last, time=last + 1):
        getattr(session, kind)(TOKENS)


@pytest.mark.parametrize("later", [0, 1, HOUR])
def test_voucher(ending, later):
    """It should count as long as the session is not final."""
    session, last = ending
    travel_to(last + later)
    session.redeem(TOKENS)
    assert session.details.ackedTokens == TOKENS


def test_voucher_too_late(ending, marketplace):
    """It should be refused once the session is final."""
    session, last = ending
    closing = session.details.closingAt != 0
    travel_to(last + 1)
    if closing:
        session.finalize()
    else:
        session.time_out()
    with reverts(
        marketplace.JobMarketplace_SessionNotOpen,
        jobId=session.id,
        status=COMPLETED if closing else TIMED_OUT,
    ):
        session.redeem(TOKENS)


def test_extended(escrow, marketplace, user):
    """It should accept evidence a close window beyond the new end."""
    session = escrow.open()
    end = session.details.endsAt + HOUR
    marketplace.extend(session.id, end, sender=user)
    travel_to(end + CLOSE_WINDOW)
    session.prove(TOKENS)
    assert session.details.provenTokens == TOKENS
    travel_to(end + CLOSE_WINDOW + 1)
    with reverts(
        marketplace.JobMarketplace_EvidenceClosed,
        evidenceEnd=end + CLOSE_WINDOW,
        time=end + CLOSE_WINDOW + 1,
    ):
        session.prove(TOKENS)


def test_asked_to_close(escrow, marketplace, user):
    """It should accept evidence for a close window from then on, not from the session's end."""
    session = escrow.open(maxDuration=2 * HOUR)
    asked = session.complete(sender=user).timestamp
    last = asked + CLOSE_WINDOW
    assert last < session.details.endsAt
    travel_to(last + 1)
    with reverts(marketplace.JobMarketplace_EvidenceClosed, evidenceEnd=last, time=last + 1):
        session.prove(TOKENS)


def contested_late(session):
    """The host claims and the user contests shortly before evidence ends; returns that end."""
    end = session.details.evidenceEnd
    travel_to(end - MINUTE)
    session.claim(TOKENS)
    travel_to(end)
    session.contest()
    return end


def test_answer_in_time(escrow):
    """It should accept proofs until the last second in which they can answer."""
    session = escrow.open()
    end = contested_late(session)
    travel_to(end + ANSWER_WINDOW)
    session.prove(TOKENS)
    assert (session.details.provenTokens, session.details.status) == (TOKENS, ACTIVE)


def test_answer_too_late(escrow, marketplace):
    """It should refuse proofs a second later."""
    session = escrow.open()
    end = contested_late(session)
    late = end + ANSWER_WINDOW + 1
    travel_to(late)
    with reverts(marketplace.JobMarketplace_EvidenceClosed, evidenceEnd=end, time=late):
        session.prove(TOKENS)


def test_part_of_an_answer(escrow):
    """It should accept proofs that do not answer it completely."""
    session = escrow.open()
    end = contested_late(session)
    travel_to(end + ANSWER_WINDOW - 1)
    session.prove(PART)
    assert (session.details.provenTokens, session.details.status) == (PART, DISPUTED)
    travel_to(end + ANSWER_WINDOW)
    session.prove(TOKENS - PART)
    assert (session.details.provenTokens, session.details.status) == (TOKENS, ACTIVE)


@pytest.mark.parametrize("asked", [False, True], ids=["by itself", "closing"])
def test_more_than_an_answer(escrow, asked):
    """It should count proofs up to the claim, and no further."""
    session = escrow.open()
    if asked:
        session.complete(sender=session.user)
    end = contested_late(session)
    travel_to(end + 1)
    session.prove(TOKENS, TOKENS)
    details = session.details
    assert (details.provenTokens, details.coveredTokens, details.status) == (TOKENS, TOKENS, ACTIVE)


@pytest.mark.parametrize("answer", ["prove", "redeem"])
def test_answered_before(escrow, marketplace, answer):
    """It should refuse them once the claim has been answered."""
    session = escrow.open()
    end = contested_late(session)
    getattr(session, answer)(TOKENS)
    travel_to(end + 1)
    with reverts(marketplace.JobMarketplace_EvidenceClosed, evidenceEnd=end, time=end + 1):
        session.prove(PART)


def test_arbiter(escrow, arbiter, marketplace):
    """It should accept proofs as long as the arbiter has time."""
    session = escrow.open(arbiter=arbiter)
    end = contested_late(session)
    last = end + ARBITER_WINDOW
    travel_to(last)
    session.prove(PART)
    assert session.details.provenTokens == PART
    travel_to(last + 1)
    with reverts(marketplace.JobMarketplace_EvidenceClosed, evidenceEnd=end, time=last + 1):
        session.prove(PART)


def test_claim_in_the_last_second(ending, escrow, marketplace):
    """It should let it mature before the session can be closed."""
    session, last = ending
    closing = session.details.closingAt != 0
    travel_to(last)
    session.claim(TOKENS)
    close = session.finalize if closing else session.time_out
    travel_to(last + CHALLENGE_WINDOW)
    with reverts(
        marketplace.JobMarketplace_ClaimLive, claimed=TOKENS, until=last + CHALLENGE_WINDOW
    ):
        close()
    travel_to(last + CHALLENGE_WINDOW + 1)
    close()
    assert escrow.earned(session.host) == session.cost(TOKENS)
