"""A one-shot job as its events tell it (docs/SPEC.md, section 11)."""

from dataclasses import dataclass
from typing import Any

from tests.harness.factory import (
    CANCELLED,
    CLAIMED,
    COMPLETED,
    EXPIRED,
    OPEN,
    REJECTED,
    SPLIT,
    SUBMITTED,
)
from tests.stateful.world import ZERO

HELD = (OPEN, CLAIMED, SUBMITTED)
_UPPER_160 = ~(2**96 - 1)


@dataclass
class JobModel:
    """Amounts are base units of the job's token, bonds wei, times Unix seconds."""

    id: int
    issuer: str
    payee: str
    verifier: str
    token: str
    posted: int
    amount: int
    claim_duration: int
    work_duration: int
    review_duration: int
    claim_bond: int
    reject_fee_bps: int
    deadline: int

    status: int = OPEN
    round: int = 1
    worker: str = ZERO
    bond: int = 0
    funder: str = ZERO
    work: int = 0
    claim_by: int = 0
    earned: int = 0
    refunded: int = 0

    @classmethod
    def from_posting(cls, log: dict[str, Any], now: int) -> "JobModel":
        """As `JobPosted` tells it."""
        return cls(
            id=log["jobId"],
            issuer=log["issuer"],
            payee=log["payee"],
            verifier=log["issuer"] if log["evaluator"] == ZERO else log["evaluator"],
            token=log["token"],
            posted=log["amount"],
            amount=log["amount"],
            claim_duration=log["claimDuration"],
            work_duration=log["workDuration"],
            review_duration=log["reviewDuration"],
            claim_bond=log["claimBond"],
            reject_fee_bps=log["rejectFeeBps"],
            deadline=now + log["claimDuration"],
            claim_by=now + log["claimDuration"],
        )

    @property
    def is_held(self) -> bool:
        """Whether it holds money."""
        return self.status in HELD

    @property
    def held(self) -> int:
        """What the contract holds for it, in its token."""
        return self.posted - self.earned - self.refunded

    def book(self, name: str, log: dict[str, Any], now: int) -> None:
        """Takes down one of its events."""
        getattr(self, f"_on_{name}")(log, now)

    def _on_JobClaimed(self, log: dict[str, Any], now: int) -> None:
        self.status, self.worker, self.deadline = CLAIMED, log["worker"], log["workBy"]
        self.bond, self.funder = log["bond"], log["bondFunder"]

    def _on_ClaimReleased(self, log: dict[str, Any], now: int) -> None:
        assert (log["claimBy"], log["bond"]) == (self.claim_by, self.bond)
        self.status, self.worker, self.deadline = OPEN, ZERO, log["claimBy"]
        self.bond, self.funder = 0, ZERO

    def _on_WorkSubmitted(self, log: dict[str, Any], now: int) -> None:
        assert log["bond"] == self.bond
        self.status, self.deadline = SUBMITTED, log["reviewBy"]
        self.work = log["workHash"] & _UPPER_160
        self.bond, self.funder = 0, ZERO

    def _on_JobCompleted(self, log: dict[str, Any], now: int) -> None:
        self._end(COMPLETED, log["payment"], 0)

    def _on_JobSplit(self, log: dict[str, Any], now: int) -> None:
        self._end(SPLIT, log["payment"], log["refund"])

    def _on_JobRejected(self, log: dict[str, Any], now: int) -> None:
        self._end(REJECTED, log["payment"], log["refund"])

    def _on_JobCancelled(self, log: dict[str, Any], now: int) -> None:
        self._end(CANCELLED, 0, log["refund"])

    def _on_JobExpired(self, log: dict[str, Any], now: int) -> None:
        assert log["bond"] == self.bond
        self.bond, self.funder, self.worker = 0, ZERO, ZERO
        self._end(EXPIRED, 0, log["refund"])

    def _on_JobReopened(self, log: dict[str, Any], now: int) -> None:
        self.earned += log["payment"]
        self.status, self.round, self.amount = OPEN, log["round"], log["amount"]
        self.worker, self.deadline, self.claim_by = ZERO, log["claimBy"], log["claimBy"]
        assert self.amount == self.held

    def _end(self, status: int, payment: int, refund: int) -> None:
        self.status, self.deadline = status, 0
        self.earned += payment
        self.refunded += refund

    def details(self) -> dict[str, Any]:
        """`getJob`, field by field."""
        return {
            "issuer": self.issuer,
            "payee": self.payee,
            "worker": self.worker,
            "verifier": self.verifier,
            "token": self.token,
            "status": self.status,
            "round": self.round,
            "amount": self.amount,
            "deadline": self.deadline,
            "claimDuration": self.claim_duration,
            "workDuration": self.work_duration,
            "reviewDuration": self.review_duration,
            "claimBond": self.claim_bond,
            "bondFunder": self.funder,
            "rejectFeeBps": self.reject_fee_bps,
            "workHash": self.work,
        }

    def terms(self) -> tuple[Any, ...]:
        """What was fixed at the posting for ever."""
        parties = (self.issuer, self.payee, self.verifier, self.token, self.posted)
        durations = (self.claim_duration, self.work_duration, self.review_duration)
        return (*parties, *durations, self.claim_bond, self.reject_fee_bps)
