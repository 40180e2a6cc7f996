"""Every situation that a session can be in: what was done, and how late it is."""

from collections.abc import Callable
from typing import Any

from tests.harness.escrow import (
    ABANDONMENT_PERIOD,
    CHALLENGE_WINDOW,
    DAY,
    METERED,
    Escrow,
    Session,
    advance,
    travel_to,
)

PROVEN, CLAIMED = 500, 900


def opened(escrow: Escrow, **terms: Any) -> Session:
    """A watched session with proven tokens, not all of them settled."""
    session = escrow.open(maxDuration=DAY, watcher=escrow.actors["watcher"], **terms)
    advance(1)
    session.prove(PROVEN)
    return session


def judged(escrow: Escrow) -> Session:
    """The same with an arbiter."""
    return opened(escrow, arbiter=escrow.actors["arbiter"])


def silent(session: Session) -> Session:
    """The host brings nothing for the abandonment period."""
    travel_to(session.details.lastProofSubmission + ABANDONMENT_PERIOD + 1)
    return session


def claimed(session: Session) -> Session:
    """The host claims more than it proved."""
    session.claim(CLAIMED)
    return session


def matured(session: Session) -> Session:
    """Nobody can contest the claim any more."""
    session.pass_challenge_window()
    return session


def contested(session: Session) -> Session:
    """The user contests the claim, in the last second for it."""
    travel_to(session.details.claimedAt + CHALLENGE_WINDOW)
    session.contest()
    return session


def unanswered(session: Session) -> Session:
    """Nobody can answer the dispute any more."""
    travel_to(session.details.disputeDeadline + 1)
    return session


def revoked(session: Session) -> Session:
    """The circuit is revoked."""
    session.escrow.proof_system.revokeCircuit(METERED, sender=session.escrow.actors["owner"])
    return session


def closing(session: Session) -> Session:
    """The user asks to close."""
    session.complete(sender=session.user)
    return session


def abandoned(session: Session) -> Session:
    """The user asks to close because the host fell silent."""
    silent(session).abandon()
    return session


def ended(session: Session) -> Session:
    """The session ends by itself; evidence is still accepted."""
    travel_to(session.details.endsAt + 1)
    return session


def late(session: Session) -> Session:
    """The last second for evidence."""
    travel_to(session.details.evidenceEnd)
    return session


def over(session: Session) -> Session:
    """The first second after the time for evidence."""
    session.pass_evidence_end()
    return session


def completed(session: Session) -> Session:
    """The host closes."""
    session.complete(sender=session.host)
    return session


def finalized(session: Session) -> Session:
    """Anyone closes after the window that the user started."""
    session.finalize()
    return session


def timed_out(session: Session) -> Session:
    """Anyone closes after the session ended by itself."""
    session.time_out()
    return session


def in_turn(*steps: Callable[[Any], Session]) -> Callable[[Escrow], Session]:
    """One step after the other, the opening first."""

    def build(escrow: Escrow) -> Session:
        state: Any = escrow
        for step in steps:
            state = step(state)
        return state

    return build


OPEN_STATES: dict[str, Callable[[Escrow], Session]] = {
    "active": opened,
    "silent": in_turn(opened, silent),
    "claimed": in_turn(opened, claimed),
    "matured": in_turn(opened, claimed, matured),
    "disputed": in_turn(opened, claimed, contested),
    "judged": in_turn(judged, claimed, contested),
    "unanswered": in_turn(opened, claimed, contested, unanswered),
    "unjudged": in_turn(judged, claimed, contested, unanswered),
    "revoked": in_turn(opened, claimed, contested, revoked),
    "closing": in_turn(opened, closing),
    "closing, over": in_turn(opened, closing, over),
    "closing, claimed": in_turn(opened, closing, late, claimed, over),
    "closing, disputed": in_turn(opened, closing, late, claimed, contested),
    "closing, judged": in_turn(judged, closing, late, claimed, contested),
    "closing, unanswered": in_turn(opened, closing, late, claimed, contested, unanswered),
    "abandoned": in_turn(opened, abandoned),
    "abandoned, over": in_turn(opened, abandoned, over),
    "ended": in_turn(opened, ended),
    "ended, over": in_turn(opened, over),
    "ended, claimed": in_turn(opened, late, claimed, over),
    "ended, disputed": in_turn(opened, late, claimed, contested),
    "ended, unanswered": in_turn(opened, late, claimed, contested, unanswered),
}
FINAL_STATES: dict[str, Callable[[Escrow], Session]] = {
    "completed by the host": in_turn(opened, completed),
    "completed over a claim": in_turn(opened, claimed, completed),
    "completed over a dispute": in_turn(opened, claimed, contested, completed),
    "finalized": in_turn(opened, closing, over, finalized),
    "finalized as abandoned": in_turn(opened, abandoned, over, finalized),
    "timed out": in_turn(opened, over, timed_out),
}
