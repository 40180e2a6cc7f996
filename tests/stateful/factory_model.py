"""What JobFactory must have in its books, and say of its jobs, told from its events alone."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.harness.escrow import ETHER, ZERO
from tests.harness.events import emitted
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
from tests.harness.values import plain

STORED_BYTES = 20  # of a work's hash
RUNNING = (OPEN, CLAIMED, SUBMITTED)


@dataclass
class Account:
    """One job as its events tell it, in base units of its token."""

    posted: dict[str, Any]  # the event's fields
    posted_at: int
    status: int = OPEN
    round: int = 1
    amount: int = 0
    deadline: int = 0
    worker: str = ZERO
    funder: str = ZERO
    bond: int = 0  # locked, in wei
    work: bytes = bytes(32)
    paid: int = 0
    refunded: int = 0

    @property
    def token(self) -> str:
        """The payment token."""
        return self.posted["token"]

    @property
    def verifier(self) -> str:
        """Who judges."""
        evaluator = self.posted["evaluator"]
        return self.posted["issuer"] if evaluator == ZERO else evaluator

    @property
    def held(self) -> int:
        """What the contract still holds of the amount."""
        return self.amount if self.status in RUNNING else 0

    def details(self) -> dict[str, Any]:
        """What `getJob` must say."""
        same = (
            "issuer",
            "payee",
            "token",
            "claimDuration",
            "workDuration",
            "reviewDuration",
            "claimBond",
            "rejectFeeBps",
        )
        has_worker = self.status in (CLAIMED, SUBMITTED, COMPLETED, SPLIT, REJECTED)
        return {name: self.posted[name] for name in same} | {
            "worker": self.worker if has_worker else ZERO,
            "verifier": self.verifier,
            "status": self.status,
            "round": self.round,
            "amount": self.amount,
            "deadline": self.deadline,
            "bondFunder": self.funder if self.bond else ZERO,
            "workHash": self.work[:STORED_BYTES].ljust(32, b"\0"),
        }


@dataclass
class Books:
    """A bookkeeper who sees nothing but events and the time of their block."""

    accounts: dict[int, Account] = field(default_factory=dict)
    earned: Counter = field(default_factory=Counter)  # by (worker, token), gross
    credits: Counter = field(default_factory=Counter)  # by (account, token)
    fees: Counter = field(default_factory=Counter)  # by token
    nonces: Counter = field(default_factory=Counter)  # by account
    operators: dict[tuple[str, str], int] = field(default_factory=dict)  # by (issuer, operator)
    revoked: set[tuple[str, bytes]] = field(default_factory=set)
    unpaid_bonds: int = 0  # must be credited in the same transaction, in wei

    def read(self, receipt: Any, contract: Any) -> None:
        """Books everything that a transaction logged."""
        for log in emitted(receipt):
            if log.emitter == plain(contract):
                self._book(log.name, dict(log.arguments), receipt.timestamp)
        assert self.unpaid_bonds == 0, "a bond was unlocked and nobody has it"

    def owed(self, token: str) -> int:
        """All that the contract owes in a token: amounts of running jobs, earnings, credits, fees, bonds."""
        token = token.lower()
        sums = sum(account.held for account in self.accounts.values() if account.token == token)
        for ledger in (self.earned, self.credits):
            sums += sum(amount for (_, of), amount in ledger.items() if of == token)
        if token == ETHER:
            sums += sum(account.bond for account in self.accounts.values())
        return sums + self.fees[token]

    # ------------------------------------------------------------------------------- one event

    def _book(self, name: str, log: dict[str, Any], now: int) -> None:
        if name == "JobPosted":
            account = Account(log, now, amount=log["amount"])
            account.deadline = now + log["claimDuration"]
            self.accounts[log["jobId"]] = account
        elif "jobId" in log:
            self._book_job(name, self.accounts[log["jobId"]], log)
        else:
            self._book_ledger(name, log)

    def _book_job(self, name: str, job: Account, log: dict[str, Any]) -> None:
        assert job.status in RUNNING, f"{name} of a job that is final"
        if name == "JobClaimed":
            job.status, job.deadline = CLAIMED, log["workBy"]
            job.worker, job.funder, job.bond = log["worker"], log["bondFunder"], log["bond"]
        elif name == "ClaimReleased":
            self._unlock(job, log["bond"])
            job.status, job.deadline = OPEN, log["claimBy"]
        elif name == "WorkSubmitted":
            self._unlock(job, log["bond"])
            job.status, job.deadline, job.work = SUBMITTED, log["reviewBy"], log["workHash"]
        elif name == "JobReopened":
            self._pay(job, log["payment"])
            job.amount -= log["payment"]
            assert job.amount == log["amount"]
            job.status, job.round, job.deadline = OPEN, log["round"], log["claimBy"]
        else:
            self._end(name, job, log)

    def _end(self, name: str, job: Account, log: dict[str, Any]) -> None:
        if name == "JobExpired":
            self._unlock(job, log["bond"])
        job.status = {
            "JobCompleted": COMPLETED,
            "JobSplit": SPLIT,
            "JobRejected": REJECTED,
            "JobCancelled": CANCELLED,
            "JobExpired": EXPIRED,
        }[name]
        job.deadline = 0
        self._pay(job, log.get("payment", 0))
        job.refunded = log.get("refund", 0)
        assert log.get("payment", 0) + job.refunded == job.amount

    def _unlock(self, job: Account, bond: int) -> None:
        assert bond == job.bond, "another bond than was locked"
        self.unpaid_bonds += bond
        job.bond, job.funder = 0, ZERO

    def _pay(self, job: Account, amount: int) -> None:
        job.paid += amount
        self.earned[job.worker, job.token] += amount

    def _book_ledger(self, name: str, log: dict[str, Any]) -> None:
        if name == "Credited":
            self.credits[log["account"], log["token"]] += log["amount"]
            if log["token"] == ETHER and self.unpaid_bonds:
                self.unpaid_bonds -= log["amount"]
        elif name == "Withdrawn":
            key = (log["account"], log["token"])
            assert (log["gross"], log["credit"]) == (self.earned[key], self.credits[key])
            self.earned[key] = self.credits[key] = 0
            self.fees[log["token"]] += log["fee"]
        elif name == "FeesWithdrawn":
            self.fees[log["token"]] -= log["amount"]
        elif name == "NonceUsed":
            assert log["nonce"] == self.nonces[log["account"]]
            self.nonces[log["account"]] += 1
        elif name == "OperatorSet":
            self.operators[log["issuer"], log["operator"]] = log["until"]
        elif name == "IntentRevoked":
            self.revoked.add((log["account"], log["digest"]))
