"""A session as its events tell it, and what the specification says of it at any second (docs/SPEC.md, sections 3 and 4)."""

from dataclasses import dataclass, field
from typing import Any, Self

from eth_utils import keccak

from tests.harness.escrow import (
    ABANDONED,
    ABANDONMENT_PERIOD,
    ACTIVE,
    CHALLENGE_WINDOW,
    CLOSE_WINDOW,
    COMPLETED,
    DISPUTED,
    PRICE_UNIT,
    RULED,
    STANDS,
    TIMED_OUT,
    VOIDED,
)
from tests.stateful.world import ZERO

FINAL = {"SessionCompleted": COMPLETED, "SessionTimedOut": TIMED_OUT, "SessionAbandoned": ABANDONED}


@dataclass
class SessionModel:
    """Counters are AI tokens, amounts base units of the session's token, times Unix seconds."""

    id: int
    user: str
    host: str
    deposit: int
    price: int
    opened_at: int
    token: str
    ends_at: int
    interval: int
    rate: int
    circuit: int
    signer: str = ZERO
    cap: int = 0
    watcher: str = ZERO
    arbiter: str = ZERO
    prompt: bool = False
    commitment: int = 0
    min_tokens: int = 0

    proven: int = 0
    acked: int = 0
    last_evidence: int = 0
    proofs: int = 0
    digest: bytes = bytes(32)
    matured: int = 0
    claimed: int = 0
    claimed_at: int = 0
    claims_off: bool = False
    challenger: str = ZERO
    bond: int = 0
    dispute_deadline: int = 0

    status: int = ACTIVE
    closing_at: int = 0
    abandoned: bool = False
    settled: int = 0
    paid: int = 0
    refund: int | None = None
    closed_at: int = 0
    spans: list[tuple[int, int]] = field(default_factory=list)
    history: list[tuple[int, int, int]] = field(default_factory=list)
    """Of each proof the hash of its instances, its tokens and its time."""

    @classmethod
    def opened(cls, log: dict[str, Any], now: int) -> Self:
        """As its first event tells it."""
        return cls(
            id=log["jobId"],
            user=log["user"],
            host=log["host"],
            deposit=log["deposit"],
            price=log["pricePerToken"],
            opened_at=now,
            token=log["token"],
            ends_at=log["endsAt"],
            interval=log["proofInterval"],
            rate=log["maxTokensPerSecond"],
            circuit=log["circuitId"],
        )

    def book(self, name: str, log: dict[str, Any], now: int) -> None:
        """Takes down one of its events."""
        if name in FINAL:
            self._settle(log["tokens"], log["payment"])
            self.refund, self.status = log["refund"], FINAL[name]
            self.closed_at = now
        elif (record := getattr(self, f"_on_{name}", None)) is not None:
            record(log, now)
        else:
            raise AssertionError(f"nobody books {name}")

    def _settle(self, tokens: int, payment: int) -> None:
        self.settled += tokens
        self.paid += payment

    def _on_SessionRoles(self, log: dict[str, Any], now: int) -> None:
        self.signer, self.cap = log["voucherSigner"], log["voucherCap"]
        self.watcher, self.arbiter = log["watcher"], log["arbiter"]

    def _on_PromptTerms(self, log: dict[str, Any], now: int) -> None:
        self.prompt = True
        self.commitment, self.min_tokens = log["inputCommitment"], log["minTokens"]

    def _on_SessionToppedUp(self, log: dict[str, Any], now: int) -> None:
        self.deposit += log["amount"]
        assert self.deposit == log["deposit"]

    def _on_SessionExtended(self, log: dict[str, Any], now: int) -> None:
        self.ends_at = log["endsAt"]

    def _on_ProofSubmitted(self, log: dict[str, Any], now: int) -> None:
        first, end = log["firstToken"], log["firstToken"] + log["tokensClaimed"]
        reached = 1 if self.prompt else end
        self.spans.append((first, end))
        self.history.append((log["proofHash"], log["tokensClaimed"], now))
        late = now > self.evidence_end
        self.proven = min(reached, self.claimed) if late else reached
        self.proofs += 1
        self.last_evidence = now
        self.digest = keccak(self.digest + log["proofHash"].to_bytes(32, "big"))

    def _on_VoucherRedeemed(self, log: dict[str, Any], now: int) -> None:
        self.acked, self.last_evidence = log["ackedTokens"], now

    def _on_VoucherSkipped(self, log: dict[str, Any], now: int) -> None:
        pass

    def _on_ClaimMade(self, log: dict[str, Any], now: int) -> None:
        self.claimed, self.matured = log["claimedTokens"], log["maturedTokens"]
        self.claimed_at = now

    def _on_CheckpointProcessed(self, log: dict[str, Any], now: int) -> None:
        self._settle(log["tokensSettled"], log["paymentAmount"])

    def _on_DisputeRaised(self, log: dict[str, Any], now: int) -> None:
        self.status, self.challenger = DISPUTED, log["challenger"]
        self.bond, self.dispute_deadline = log["bond"], log["deadline"]

    def _on_DisputeResolved(self, log: dict[str, Any], now: int) -> None:
        assert self.bond == log["bondToHost"] + log["bondToChallenger"], "a part of a bond is gone"
        assert self.challenger == log["challenger"]
        outcome = log["outcome"]
        if outcome == RULED:
            assert self.standing <= log["maturedTokens"] <= max(self.claimed, self.standing)
        else:
            assert log["maturedTokens"] == (self.claimed if outcome == STANDS else self.matured)
        self.status, self.matured = ACTIVE, log["maturedTokens"]
        self.challenger, self.bond, self.dispute_deadline = ZERO, 0, 0
        self.claimed = self.claimed if outcome == 0 else 0
        self.claims_off = self.claims_off or outcome == VOIDED

    def _on_SessionClosing(self, log: dict[str, Any], now: int) -> None:
        self.closing_at, self.abandoned = log["closingAt"], bool(log["abandoned"])
        assert log["evidenceEnd"] == self.evidence_end

    # ------------------------------------------------------------------------------- section 3

    @property
    def is_open(self) -> bool:
        """Active or disputed."""
        return self.status in (ACTIVE, DISPUTED)

    @property
    def held(self) -> int:
        """What the escrow still holds of the deposit."""
        return 0 if self.refund is not None else self.deposit - self.paid

    @property
    def evidence_end(self) -> int:
        """The last second for evidence, unless it answers a dispute."""
        return (self.closing_at or self.ends_at) + CLOSE_WINDOW

    @property
    def witnessed(self) -> int:
        """What circuit or user said."""
        return max(self.proven, self.acked)

    @property
    def standing(self) -> int:
        """What no time can add to and no challenge take from."""
        return max(self.witnessed, self.matured)

    @property
    def voucher_signer(self) -> str:
        """Whose vouchers count."""
        return self.user if self.signer == ZERO else self.signer

    def is_live(self, now: int) -> bool:
        """A claim beyond the evidence that is contested or can be."""
        in_window = now <= self.claimed_at + CHALLENGE_WINDOW
        return self.claimed > self.standing and (self.status == DISPUTED or in_window)

    def covered(self, now: int) -> int:
        """What counts as served."""
        if self.status != DISPUTED and now > self.claimed_at + CHALLENGE_WINDOW:
            return max(self.standing, self.claimed)
        return self.standing

    def granted(self, now: int, acked: int | None = None) -> int:
        """The bound of promise 7: what was acknowledged, or the rate allows, and one interval."""
        seconds = min(now, self.closing_at or self.ends_at) - self.opened_at
        acknowledged = self.acked if acked is None else acked
        return max(acknowledged, self.rate * seconds) + self.interval

    def payable(self, now: int) -> int:
        """What is covered and within the bounds."""
        if self.prompt:
            return min(self.covered(now), 1)
        bought = self.deposit * PRICE_UNIT // self.price
        return min(self.covered(now), bought, self.granted(now))

    def cost(self, tokens: int) -> int:
        """What so many tokens cost in all."""
        if self.prompt:
            return self.deposit if tokens else 0
        return tokens * self.price // PRICE_UNIT

    def details(self, now: int) -> dict[str, Any]:
        """`getSessionDetails` at this second, field by field."""
        is_open = self.is_open
        return {
            "depositAmount": self.deposit,
            "pricePerToken": self.price,
            "maxDuration": self.ends_at - self.opened_at,
            "sessionStartTime": self.opened_at,
            "assignedHost": self.host,
            "status": self.status,
            "provenTokens": self.proven,
            "lastProofSubmission": self.last_evidence,
            "aggregateProofHash": int.from_bytes(self.digest, "big"),
            "checkpointInterval": self.interval,
            "jobType": 0 if self.prompt else 1,
            "user": self.user,
            "token": self.token,
            "ackedTokens": self.acked,
            "maturedTokens": self.matured,
            "claimedTokens": self.claimed,
            "claimedAt": self.claimed_at,
            "settledTokens": self.settled,
            "coveredTokens": self.covered(now) if is_open else self.settled,
            "payableTokens": self.payable(now) if is_open else self.settled,
            "endsAt": self.ends_at,
            "closingAt": self.closing_at,
            "evidenceEnd": self.evidence_end,
            "maxTokensPerSecond": self.rate,
            "circuitId": self.circuit,
            "voucherSigner": self.voucher_signer,
            "voucherCap": self.cap,
            "watcher": self.watcher,
            "arbiter": self.arbiter,
            "challenger": self.challenger,
            "bond": self.bond,
            "disputeDeadline": self.dispute_deadline,
            "claimsOff": int(self.claims_off),
            "abandoned": int(self.abandoned),
            "proofCount": self.proofs,
            "inputCommitment": self.commitment,
            "minTokens": self.min_tokens,
        }

    @property
    def moved(self) -> tuple[int, ...]:
        """What a watcher cannot move: all counters, and the money."""
        counters = (self.proven, self.acked, self.matured, self.claimed, self.settled, self.paid)
        return (*counters, self.deposit, self.standing)

    def terms(self) -> tuple[Any, ...]:
        """What was fixed at the opening for ever."""
        fixed = (self.user, self.host, self.token, self.price, self.opened_at, self.interval)
        rest = (self.rate, self.circuit, self.signer, self.cap, self.watcher, self.arbiter)
        return (*fixed, *rest, self.prompt, self.commitment, self.min_tokens)

    def seconds(self) -> list[int]:
        """The last seconds at which something is still so."""
        return [
            self.ends_at,
            self.evidence_end,
            self.claimed_at + CHALLENGE_WINDOW,
            self.dispute_deadline,
            max(self.opened_at, self.last_evidence, self.claimed_at) + ABANDONMENT_PERIOD,
        ]
