"""JobMarketplace: the graph of a session's states, and that there is no other edge in it.

Every function is called by every role, with arguments that are good if any are. What passes is mined,
and where it leads is compared with the table: a missing edge fails, and so does one too many.
"""

from typing import Any

import ape
import pytest

from tests.harness.escrow import DAY, MINUTE, USDC, Session, travel_to
from tests.harness.execution import Reverted, ask
from tests.unit.job_marketplace.states import FINAL_STATES, OPEN_STATES

USER, HOST, WATCHER, ARBITER, ANYONE = "user", "host", "watcher", "arbiter", "stranger"
ROLES = (USER, HOST, WATCHER, ARBITER, ANYONE)
ACTIVE, DISPUTED = "Active", "Disputed"
COMPLETED, TIMED_OUT, ABANDONED = "Completed", "TimedOut", "Abandoned"
ACTIVE_CLOSING, DISPUTED_CLOSING = "Active, closing", "Disputed, closing"
STATUSES = (ACTIVE, COMPLETED, TIMED_OUT, DISPUTED, ABANDONED)
A_BOND = 10**18
Edges = dict[tuple[str, str], str]


def proof_call(session: Session, tokens: int) -> tuple[Any, ...]:
    """The arguments that submit one proof of so many tokens, from what is proven on."""
    first = session.details.provenTokens
    return session.id, first, session.proofs(first, [tokens]), [tokens]


def steps(session: Session) -> dict[str, tuple[Any, ...]]:
    """What can be tried: a function and its arguments."""
    market, job, d = session.marketplace, session.id, session.details
    next_voucher, last_voucher = d.ackedTokens + 1, d.coveredTokens
    deadline = ape.chain.pending_timestamp + MINUTE
    tried = {
        "prove a token": (market.submitProofsAt, *proof_call(session, 1)),
        "redeem a token": (market.redeemVoucher, job, next_voucher, session.voucher(next_voucher)),
        "claim": (market.claimTokens, job, d.coveredTokens + 1, bytes(32)),
        "contest": (market.raiseDispute, job, bytes(32)),
        "rule": (market.resolveDispute, job, d.claimedTokens),
        "expire": (market.expireDispute, job),
        "checkpoint": (market.checkpoint, job),
        "top up": (market.topUp, job, USDC),
        "extend": (market.extend, job, d.endsAt + DAY),
        "complete": (market.completeSession, job),
        "call abandoned": (market.claimAbandonedSession, job),
        "close with voucher": (
            market.closeWithVoucher,
            job,
            last_voucher,
            session.voucher(last_voucher),
        ),
        "close with proof": (market.claimWithProof, *proof_call(session, 1)),
        "close with agreement": (
            market.closeWithAgreement,
            job,
            0,
            deadline,
            session.agreement(0, deadline),
        ),
        "finalize": (market.finalizeSession, job),
        "time out": (market.triggerSessionTimeout, job),
    }
    # Where there is a claim that evidence can reach.
    if d.claimedTokens > d.coveredTokens:
        missing = d.claimedTokens - d.provenTokens
        voucher = session.voucher(d.claimedTokens)
        tried["prove the claim"] = (market.submitProofsAt, *proof_call(session, missing))
        tried["redeem the claim"] = (market.redeemVoucher, job, d.claimedTokens, voucher)
    return tried


def label(session: Session) -> str:
    """The state's name; closing is a flag on two of them."""
    details = session.details
    status = STATUSES[details.status]
    return f"{status}, closing" if details.closingAt and status in (ACTIVE, DISPUTED) else status


def edges_from(session: Session, chain: Any) -> Edges:
    """Who can do what here, and where it leads."""
    now, here = chain.pending_timestamp, chain.snapshot()
    edges: Edges = {}
    for name, (method, *arguments) in steps(session).items():
        value = A_BOND if name == "contest" else 0
        for role in ROLES:
            sender = session.escrow.actors[role]
            try:
                ask(method, *arguments, sender=sender, value=value)
            except Reverted:
                continue
            known = name != "complete" and edges.get((name, ROLES[0]))
            if not known:
                method(*arguments, sender=sender, value=value)
                known = label(session)
                chain.restore(here)
                here = chain.snapshot()
                travel_to(now)
            edges[name, role] = known
    return edges


def by(*roles: str, **steps: str) -> Edges:
    """These roles can take these steps, which lead there."""
    return {
        (name.replace("_", " "), role): leads_to
        for name, leads_to in steps.items()
        for role in roles
    }


def host_closes(leads_to: str) -> Edges:
    """The host closes at once; so does the user, if the host agrees."""
    closings = dict.fromkeys(("complete", "close_with_voucher", "close_with_proof"), leads_to)
    return by(HOST, **closings) | by(USER, close_with_agreement=leads_to)


def without(edges: Edges, *steps: str) -> Edges:
    return {edge: leads_to for edge, leads_to in edges.items() if edge[0] not in steps}


def shown(state: str) -> Edges:
    """Evidence short of a claim, and settlement, leave a session where it is."""
    return by(HOST, prove_a_token=state) | by(*ROLES, redeem_a_token=state, checkpoint=state)


def answered(leads_to: str) -> Edges:
    """Evidence that reaches the claim."""
    return by(HOST, prove_the_claim=leads_to) | by(*ROLES, redeem_the_claim=leads_to)


LATE = ("prove a token", "prove the claim", "close with proof")  # what needs time for evidence
RUNNING = by(USER, top_up=ACTIVE, extend=ACTIVE, complete=ACTIVE_CLOSING)
DISPUTE_RUNNING = by(USER, top_up=DISPUTED, extend=DISPUTED, complete=DISPUTED_CLOSING)
SILENT = by(USER, call_abandoned=ACTIVE_CLOSING)
CONTESTABLE = by(USER, WATCHER, contest=DISPUTED)
CONTESTABLE_CLOSING = by(USER, WATCHER, contest=DISPUTED_CLOSING)
OPEN = shown(ACTIVE) | host_closes(COMPLETED)
IN_DISPUTE = shown(DISPUTED) | host_closes(COMPLETED)
CLOSING = shown(ACTIVE_CLOSING) | host_closes(COMPLETED)
CLOSING_DISPUTE = shown(DISPUTED_CLOSING) | host_closes(COMPLETED)
GRAPH: dict[str, Edges] = {
    "active": OPEN | RUNNING | by(HOST, claim=ACTIVE),
    "silent": OPEN | RUNNING | SILENT | by(HOST, claim=ACTIVE),
    "claimed": OPEN | RUNNING | CONTESTABLE | answered(ACTIVE),
    "matured": OPEN | RUNNING | by(HOST, claim=ACTIVE),
    "disputed": IN_DISPUTE | DISPUTE_RUNNING | answered(ACTIVE),
    "judged": IN_DISPUTE | DISPUTE_RUNNING | answered(ACTIVE) | by(ARBITER, rule=ACTIVE),
    "unanswered": IN_DISPUTE | DISPUTE_RUNNING | answered(DISPUTED) | by(*ROLES, expire=ACTIVE),
    "unjudged": IN_DISPUTE | answered(DISPUTED) | by(*ROLES, expire=ACTIVE),
    "revoked": without(IN_DISPUTE | DISPUTE_RUNNING | answered(ACTIVE), *LATE)
    | by(*ROLES, expire=ACTIVE),
    "closing": CLOSING | by(HOST, claim=ACTIVE_CLOSING),
    "closing, over": without(CLOSING, *LATE) | by(*ROLES, finalize=COMPLETED),
    "closing, claimed": without(CLOSING | answered(ACTIVE_CLOSING), *LATE) | CONTESTABLE_CLOSING,
    "closing, disputed": CLOSING_DISPUTE | answered(ACTIVE_CLOSING),
    "closing, judged": CLOSING_DISPUTE
    | answered(ACTIVE_CLOSING)
    | by(ARBITER, rule=ACTIVE_CLOSING),
    "closing, unanswered": without(CLOSING_DISPUTE | answered(DISPUTED_CLOSING), *LATE)
    | by(*ROLES, expire=ACTIVE_CLOSING, finalize=COMPLETED),
    "abandoned": shown(ACTIVE_CLOSING) | host_closes(ABANDONED) | by(HOST, claim=ACTIVE_CLOSING),
    "abandoned, over": without(shown(ACTIVE_CLOSING) | host_closes(ABANDONED), *LATE)
    | by(*ROLES, finalize=ABANDONED),
    "ended": OPEN | by(HOST, claim=ACTIVE),
    "ended, over": without(OPEN, *LATE) | by(*ROLES, time_out=TIMED_OUT),
    "ended, claimed": without(OPEN | answered(ACTIVE), *LATE) | CONTESTABLE,
    "ended, disputed": IN_DISPUTE | answered(ACTIVE),
    "ended, unanswered": without(IN_DISPUTE | answered(DISPUTED), *LATE)
    | by(*ROLES, expire=ACTIVE, time_out=TIMED_OUT),
}


@pytest.mark.parametrize("situation", OPEN_STATES)
def test_open(escrow, chain, situation):
    """It should allow exactly these steps, to exactly these roles."""
    assert edges_from(OPEN_STATES[situation](escrow), chain) == GRAPH[situation]


@pytest.mark.parametrize("situation", FINAL_STATES)
def test_final(escrow, chain, situation):
    """It should allow nobody anything."""
    assert edges_from(FINAL_STATES[situation](escrow), chain) == {}
