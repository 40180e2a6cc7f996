"""Every way a session becomes final, for what holds in all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ape
import pytest

from tests.harness.escrow import (
    ABANDONED,
    ABANDONMENT_PERIOD,
    COMPLETED,
    TIMED_OUT,
    Session,
    travel_to,
)
from tests.harness.values import Within

TOKEN_PUSH_GAS = 150_000
AFTER_PUSH_GAS = 40_000
CHECK_GAS = 100  # between the check and the error


def gas_for_push(stipend: int) -> int:
    """What must be left before a refund is pushed: a call gets at most 63/64 of it (EIP-150)."""
    return stipend * 64 // 63 + AFTER_PUSH_GAS


# The arguments of GasTooLow where the refund of a token lacks one unit of gas.
STARVED = {
    "required": gas_for_push(TOKEN_PUSH_GAS),
    "available": Within(gas_for_push(TOKEN_PUSH_GAS) - CHECK_GAS, gas_for_push(TOKEN_PUSH_GAS) - 1),
}


@dataclass(frozen=True)
class Closing:
    """How to come to a final status, and which."""

    function: str
    status: int
    close: Callable[[Session], Any]
    prepare: Callable[[Session], Any] = lambda session: None

    def __call__(self, session: Session) -> Any:
        """Does all of it; returns the transaction that closed."""
        self.prepare(session)
        return self.close(session)


def _with_voucher(session: Session) -> Any:
    return session.close_with_voucher(0, signer=session.escrow.actors["voucher_signer"])


def _with_proof(session: Session) -> Any:
    return session.claim_with_proof(1, first=session.details.coveredTokens)


def _ask_to_close(session: Session) -> None:
    session.complete(sender=session.user)
    session.pass_evidence_end()


def _say_abandoned(session: Session) -> None:
    details = session.details
    last_sign = max(details.sessionStartTime, details.lastProofSubmission, details.claimedAt)
    travel_to(max(last_sign + ABANDONMENT_PERIOD + 1, ape.chain.pending_timestamp))
    session.abandon()
    session.pass_evidence_end()


# For sessions that name the role `voucher_signer` and last longer than the abandonment period.
CLOSINGS = [
    Closing("completeSession", COMPLETED, lambda session: session.complete(sender=session.host)),
    Closing("closeWithVoucher", COMPLETED, _with_voucher),
    Closing("claimWithProof", COMPLETED, _with_proof),
    Closing("closeWithAgreement", COMPLETED, lambda session: session.close_with_agreement(0)),
    Closing("finalizeSession", COMPLETED, Session.finalize, _ask_to_close),
    Closing("abandonment", ABANDONED, Session.finalize, _say_abandoned),
    Closing("triggerSessionTimeout", TIMED_OUT, Session.time_out, Session.pass_evidence_end),
]
every_closing = pytest.mark.parametrize("closing", CLOSINGS, ids=lambda closing: closing.function)
