"""The session's arithmetic, exactly as IJobMarketplace defines it; nothing here asks anybody anything.

`now` is a block's time in Unix seconds, "tokens" are AI tokens, money is in base units of the payment token.
"""

from __future__ import annotations

from provenwork.chain import PRICE_UNIT, Parameters, SessionDetails

__all__ = [
    "claim_matures_at",
    "covered",
    "due",
    "end_time",
    "evidence_end",
    "has_live_claim",
    "is_undecided",
    "limit",
    "payable",
    "standing",
    "tokens_bought",
    "voucher_counts",
    "witnessed",
]


def witnessed(session: SessionDetails) -> int:
    """What was shown by proof or signature: max(proven, acked)."""
    return max(session.proven, session.acked)


def standing(session: SessionDetails) -> int:
    """What stands whatever becomes of the last claim: max(proven, acked, matured)."""
    return max(witnessed(session), session.matured)


def claim_matures_at(session: SessionDetails, parameters: Parameters) -> int:
    """The last second of the last claim's challenge window; uncontested, it counts from the next one on."""
    return session.claimed_at + parameters.challenge_window


def covered(session: SessionDetails, parameters: Parameters, now: int) -> int:
    """All tokens that evidence covers: a position, never clamped by the deposit. Once final, what was paid for."""
    if not session.is_open:
        return session.settled
    if session.is_disputed or now <= claim_matures_at(session, parameters):
        return standing(session)
    return max(standing(session), session.claimed)


def has_live_claim(session: SessionDetails, parameters: Parameters, now: int) -> bool:
    """Whether the last claim is undecided: beyond the evidence, and in its window or contested."""
    if session.claimed <= standing(session):
        return False
    return session.is_disputed or now <= claim_matures_at(session, parameters)


def is_undecided(session: SessionDetails, parameters: Parameters, now: int) -> bool:
    """Whether the last claim may still come to count: live, and not contested in vain for longer than allowed."""
    expired = session.is_disputed and now > session.dispute_deadline
    return has_live_claim(session, parameters, now) and not expired


def end_time(session: SessionDetails) -> int:
    """When the session stops, or stopped."""
    return session.closing_at or session.ends_at


def evidence_end(session: SessionDetails, parameters: Parameters) -> int:
    """The last second in which proofs and new claims are taken."""
    return end_time(session) + parameters.close_window


def tokens_bought(deposit: int, price_per_million: int) -> int:
    """How many tokens a deposit pays for, rounded down."""
    return deposit * PRICE_UNIT // price_per_million


def limit(session: SessionDetails, now: int, acked: int | None = None) -> int:
    """The most tokens that can be paid now, if `acked` of them are acknowledged (by default, those on chain)."""
    if session.is_prompt:
        return 1
    elapsed = max(0, min(now, end_time(session)) - session.opened_at)
    acknowledged = session.acked if acked is None else max(session.acked, acked)
    exposed = max(acknowledged, session.max_tokens_per_second * elapsed) + session.proof_interval
    return min(tokens_bought(session.deposit, session.price_per_million), exposed)


def payable(session: SessionDetails, parameters: Parameters, now: int) -> int:
    """The tokens that can be paid now: covered, within the limit. Once final, what was paid for."""
    if not session.is_open:
        return session.settled
    return min(covered(session, parameters, now), limit(session, now))


def due(session: SessionDetails, tokens: int) -> int:
    """What the first `tokens` cost in total, rounded down, so that rounding favours the payer and never adds up."""
    if session.is_prompt:
        return session.deposit if tokens else 0
    return tokens * session.price_per_million // PRICE_UNIT


def voucher_counts(session: SessionDetails, cumulative_tokens: int) -> int:
    """What a voucher for so many tokens acknowledges: its tokens, up to the session's cap."""
    return min(cumulative_tokens, session.voucher_cap) if session.voucher_cap else cumulative_tokens
