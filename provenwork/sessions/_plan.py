"""What a host should do next in a session: a pure decision over one look at the chain and the store.

The order of what matters: answer a contested claim in time; when the user closes or the time is over, bring the best
evidence and close; while the session runs, claim what a silent user leaves unacknowledged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from provenwork.chain import CircuitTerms, Parameters, SessionDetails
from provenwork.sessions._accounting import (
    covered,
    due,
    evidence_end,
    has_live_claim,
    is_undecided,
    limit,
    standing,
    witnessed,
)
from provenwork.sessions._policy import MAX_BATCH

__all__ = ["Action", "Plan", "Situation", "Step", "chain_of", "plan"]


class Action(Enum):
    """One transaction of the host."""

    REDEEM = "redeem the last voucher"
    SUBMIT = "submit proofs"
    CLAIM = "claim the unacknowledged tail"
    CLOSE_WITH_VOUCHER = "close with the last voucher"
    CLOSE_WITH_PROOF = "close with the proof of the answer"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Step:
    """What to send now. `first` and `end` are AI tokens: the range that is proven, or the position that is claimed."""

    action: Action
    first: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """Which proofs to make, as (first, count), and which transaction to send now, if any."""

    prove: tuple[tuple[int, int], ...] = ()
    step: Step | None = None
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the host knows at one moment. "Tokens" are AI tokens, times are Unix seconds."""

    details: SessionDetails
    parameters: Parameters
    now: int
    """Of the block that the next transaction will be in."""
    circuit: CircuitTerms | None
    """The session's circuit; None if it has none."""
    served: int
    voucher: int
    """What the best voucher acknowledges (its cap applied); 0 without one."""
    made: Mapping[int, int]
    """The proofs that are made: count by first token."""
    quiet: float
    """Seconds since anything was served or acknowledged."""
    patience: float
    """Seconds of quiet after which an unacknowledged tail is claimed."""
    min_claim_value: int
    """Below this, in base units of the payment token, a tail is not worth a claim."""

    @property
    def covered(self) -> int:
        """What evidence covers on chain."""
        return covered(self.details, self.parameters, self.now)

    @property
    def provable(self) -> bool:
        """Whether the chain takes proofs by the session's circuit."""
        circuit = self.circuit
        return circuit is not None and circuit.max_tokens > 0 and not circuit.revoked_at

    @property
    def claimable(self) -> bool:
        """Whether the chain takes a new claim now."""
        details = self.details
        judged = details.has_arbiter
        if not judged and self.provable and self.circuit is not None:
            judged = details.proof_interval <= MAX_BATCH * self.circuit.max_tokens
        return (
            judged
            and not details.is_disputed
            and not details.claims_off
            and self.now <= evidence_end(details, self.parameters)
            and not has_live_claim(details, self.parameters, self.now)
        )


def plan(situation: Situation) -> Plan:
    """What to do next."""
    details, now = situation.details, situation.now
    if not details.is_open:
        return Plan(because="the session is final")
    if details.is_disputed and now <= details.dispute_deadline:
        return _answer(situation)
    if details.is_closing or now > details.ends_at:
        return _wind_up(situation)
    if situation.quiet > situation.patience:
        return _insist(situation)
    return Plan(because="nothing is due")


def chain_of(made: Mapping[int, int], first: int, end: int) -> tuple[int, ...]:
    """The counts of made proofs that chain on from `first`, until they reach `end`, end, or fill a batch."""
    counts: list[int] = []
    while first < end and first in made and len(counts) < MAX_BATCH:
        counts.append(made[first])
        first += made[first]
    return tuple(counts)


def _answer(situation: Situation) -> Plan:
    """A claim is contested: whatever reaches it decides it."""
    details = situation.details
    if situation.voucher >= details.claimed:
        return Plan(step=Step(Action.REDEEM), because="a voucher answers the contested claim")
    if not situation.provable:
        return _redeem_if_better(situation, "the arbiter judges the contested claim")
    return _prove(situation, details.claimed, "proofs answer the contested claim")


def _insist(situation: Situation) -> Plan:
    """The user is silent: what it left unacknowledged is claimed."""
    if not _worth_claiming(situation):
        return Plan(because="nothing is worth a claim")
    return _secure(situation, "the user is silent")


def _wind_up(situation: Situation) -> Plan:
    """The session ends: everything payable gets its evidence, then it is closed."""
    if is_undecided(situation.details, situation.parameters, situation.now):
        if situation.voucher >= situation.details.claimed:
            return Plan(step=Step(Action.CLOSE_WITH_VOUCHER), because="a voucher covers the claim")
        return _redeem_if_better(situation, "the claim has to mature before closing")
    in_time = situation.now <= evidence_end(situation.details, situation.parameters)
    if in_time and _worth_claiming(situation) and (situation.claimable or situation.provable):
        return _secure(situation, "the session ends")
    if situation.voucher > situation.covered:
        return Plan(step=Step(Action.CLOSE_WITH_VOUCHER), because="the session ends")
    return Plan(step=Step(Action.CLOSE), because="the session ends")


def _secure(situation: Situation, because: str) -> Plan:
    """Evidence for the unacknowledged tail: a claim, which is cheap, or proofs where none is possible."""
    # First what is signed, so that a claim is only for what is not.
    if situation.voucher > situation.covered:
        return Plan(step=Step(Action.REDEEM), because=because)
    end = _payable_end(situation)
    if situation.claimable:
        end = min(end, situation.covered + situation.details.proof_interval)
        return Plan(step=Step(Action.CLAIM, situation.covered, end), because=because)
    if is_undecided(situation.details, situation.parameters, situation.now):
        return Plan(because="a claim has to mature before the next one")
    if situation.provable:
        return _prove(situation, end, because)
    return Plan(because="only a voucher would be paid")


def _prove(situation: Situation, end: int, because: str) -> Plan:
    """Proofs from what is covered to `end`, as far as one batch goes; those that are made already are used."""
    assert situation.circuit is not None  # noqa: S101 (the callers asked `provable`)
    size, position = situation.circuit.max_tokens, situation.covered
    first = _best_start(situation, end)
    if first >= end:
        return Plan(because="everything that can be paid is covered already")
    counts = chain_of(situation.made, first, end)
    reached = first + sum(counts)
    if reached >= end or len(counts) == MAX_BATCH:
        return Plan(step=Step(Action.SUBMIT, first, reached), because=because)
    missing: list[tuple[int, int]] = []
    at = max(reached, position)
    room = MAX_BATCH - len(counts)
    while at < end and len(missing) < room:
        if at in situation.made:
            at += situation.made[at]
            continue
        stop = min([end, at + size, *(start for start in situation.made if start > at)])
        missing.append((at, stop - at))
        at = stop
    return Plan(prove=tuple(missing), because=because)


def _best_start(situation: Situation, end: int) -> int:
    """Where a batch should begin: at what is covered, or at a made proof before it that leads further."""
    proven, position = situation.details.proven, situation.covered
    starts = {position} | {start for start in situation.made if proven <= start <= position}

    def reach(start: int) -> int:
        return start + sum(chain_of(situation.made, start, end))

    best = max(starts, key=lambda start: (reach(start), start))
    return best if reach(best) > position else position


def _redeem_if_better(situation: Situation, because: str) -> Plan:
    if situation.voucher > max(witnessed(situation.details), standing(situation.details)):
        return Plan(step=Step(Action.REDEEM), because=because)
    return Plan(because=because)


def _payable_end(situation: Situation) -> int:
    """The end of what was served and can be paid for by now, if the best voucher is redeemed."""
    return min(situation.served, limit(situation.details, situation.now, situation.voucher))


def _worth_claiming(situation: Situation) -> bool:
    base, end = max(situation.covered, situation.voucher), _payable_end(situation)
    if end <= base:
        return False
    value = due(situation.details, end) - due(situation.details, base)
    return value > 0 and value >= situation.min_claim_value
