"""Which sessions a host serves: every way in which terms can hurt a host, and a reason for each refusal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from provenwork.chain import PRICE_UNIT, CircuitTerms, Parameters, SessionDetails
from provenwork.crypto import ZERO_ADDRESS, to_address
from provenwork.sessions._accounting import standing, tokens_bought

__all__ = ["MAX_BATCH", "HostPolicy", "Refusal", "SessionFacts", "is_keyless"]

MAX_BATCH = 16
"""The most proofs in one transaction."""

_DELEGATION = b"\xef\x01\x00"
_DELEGATION_SIZE = 23


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason not to serve: a stable code, and a sentence for whoever offered the terms."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What a policy judges: one look at the chain."""

    job_id: int
    details: SessionDetails
    parameters: Parameters
    now: int
    """Unix seconds, of a block."""
    host: str
    """This host's own account."""
    circuit: CircuitTerms | None
    """The session's circuit as the proof system has it; None if the session has none."""
    provable: int
    """The most AI tokens that one proof of this host's own prover counts for that circuit; 0 if it has none."""
    signer_code: bytes
    """The code at the voucher signer's address."""
    served: int | None
    """How many AI tokens this host's store says it served; None if it does not know the session."""


def is_keyless(code: bytes) -> bool:
    """Whether an account with this code is a contract, which has no key and so can sign no voucher.

    An account that only delegates (EIP-7702) keeps its key, and what its key signs counts.
    """
    delegates = len(code) == _DELEGATION_SIZE and code.startswith(_DELEGATION)
    return bool(code) and not delegates


@dataclass(frozen=True, kw_only=True)
class HostPolicy:
    """What a host asks of a session, and how much it risks in one.

    Money is in base units of the payment token, "tokens" are AI tokens, times are seconds.
    """

    min_price_per_million: Mapping[str, int] = field(default_factory=dict)
    """The payment tokens that the host takes (the address zero is ETH), and its own lowest price in each."""
    min_deposit: Mapping[str, int] = field(default_factory=dict)
    """The smallest deposit in each payment token; by default the contract's own minimum is enough."""
    min_tokens: int = 1_000
    """The fewest tokens that the deposit must pay for."""
    min_duration_left: int = 300
    """The least time until the session ends."""
    min_interval: int = 64
    """The smallest proof interval: with a smaller one, serving stops for a voucher too often."""
    min_close_window: int = 60
    """The least time to bring a voucher after the user asked to close."""
    min_answer_window: int = 60
    """The least time to answer a contested claim with proofs."""
    seconds_per_proof: float = 5.0
    """How long one proof takes on this machine: a whole interval must be provable in half the answer window."""
    max_fee_bps: int = 1_000
    """The largest share of earnings that the marketplace may keep, in basis points."""
    max_unacknowledged: int = 2_000
    """The host's own risk: serving stops when so many tokens are neither acknowledged nor covered on chain."""
    arbiters: frozenset[str] = frozenset()
    """The arbiters that the host trusts: one that colludes with the user can void any claim."""
    watchers: frozenset[str] | None = None
    """The watchers that the host puts up with; anyone if None, because contesting costs them a bond."""
    blocked_users: frozenset[str] = frozenset()
    """Users that the host does not serve."""
    accept_vouchers_only: bool = True
    """Whether to serve without circuit and arbiter, where nothing but the user's vouchers is ever paid."""
    accept_partial_cap: bool = False
    """Whether to serve where vouchers count for less than the deposit pays for."""
    patience: int = 300
    """How long the tail may stay unacknowledged before the host claims it on chain."""
    min_claim_value: int = 0
    """Below this, an unacknowledged tail is not worth the gas of a claim."""

    def review(self, facts: SessionFacts) -> tuple[Refusal, ...]:
        """Every reason not to serve; none means that the session is safe by this policy."""
        reasons = [*self._state(facts)]
        if not reasons:
            reasons += [
                *self._money(facts),
                *self._time(facts),
                *self._people(facts),
                *self._proof(facts),
            ]
        return tuple(Refusal(code, reason) for code, reason in reasons)

    def review_prompt(self, facts: SessionFacts, commitment: int) -> tuple[Refusal, ...]:
        """Every reason not to answer a prompt; none means that the job is safe by this policy.

        The host is paid by its own proof, so it needs to trust neither vouchers nor an arbiter.

        Args:
            facts: The job.
            commitment: To the prompt that the user sent; 0 if this host can prove no answer to one.
        """
        reasons = [
            *self._prompt_state(facts),
            *self._prompt_money(facts),
            *self._prompt_proof(facts, commitment),
        ]
        return tuple(Refusal(code, reason) for code, reason in reasons)

    # ------------------------------------------------------------------------------------------ the reasons, prompt jobs

    def _prompt_state(self, facts: SessionFacts) -> list[tuple[str, str]]:
        details, reasons = facts.details, []
        if to_address(details.host) != to_address(facts.host):
            reasons.append(("not_ours", f"the job's host is {details.host}"))
        if not details.is_prompt:
            reasons.append(("session", "it is a metered session, not a prompt job"))
        if not details.is_open:
            reasons.append(("final", f"the job is {details.status.name.lower()}"))
        elif details.is_closing:
            reasons.append(("closing", "its user has asked to close"))
        left = details.ends_at - facts.now
        if left < self.min_duration_left:
            reasons.append(
                (
                    "duration",
                    f"it ends in {max(0, left)} s, this host asks {self.min_duration_left}",
                )
            )
        if details.user in _addresses(self.blocked_users):
            reasons.append(("user", f"this host does not serve {details.user}"))
        return reasons

    def _prompt_money(self, facts: SessionFacts) -> list[tuple[str, str]]:
        details, token = facts.details, to_address(facts.details.token)
        floors = {to_address(key): value for key, value in self.min_price_per_million.items()}
        deposits = {to_address(key): value for key, value in self.min_deposit.items()}
        if token not in floors:
            return [("token", f"this host is not paid in {token}")]
        reasons = []
        asked = max(deposits.get(token, 0), -(-floors[token] * details.min_tokens // PRICE_UNIT))
        if details.deposit < asked:
            reasons.append(("payment", f"the payment is {details.deposit}, this host asks {asked}"))
        if facts.parameters.fee_bps > self.max_fee_bps:
            reasons.append(
                ("fee", f"the marketplace keeps {facts.parameters.fee_bps} basis points")
            )
        return reasons

    def _prompt_proof(self, facts: SessionFacts, commitment: int) -> list[tuple[str, str]]:
        if facts.details.circuit_id == 0 or facts.circuit is None:
            return [("circuit", "no circuit is named: no proof would be paid")]
        if unusable := _unusable(facts, facts.circuit):
            return unusable
        if commitment == 0:
            return [("circuit", f"circuit {facts.details.circuit_id} commits to no prompt")]
        if facts.details.input_commitment != commitment:
            return [("prompt", "the job commits to another prompt than the one that was sent")]
        return []

    # -------------------------------------------------------------------------------------------- the reasons, sessions

    def _state(self, facts: SessionFacts) -> list[tuple[str, str]]:
        details, reasons = facts.details, []
        if to_address(details.host) != to_address(facts.host):
            reasons.append(("not_ours", f"the session's host is {details.host}"))
        if details.is_prompt:
            reasons.append(("prompt_job", "it is a prompt job: accept it with its prompt"))
        if not details.is_open:
            reasons.append(("final", f"the session is {details.status.name.lower()}"))
        elif details.is_closing:
            reasons.append(("closing", "its user has asked to close"))
        if (done := standing(details)) > (facts.served or 0) or details.claimed > (
            facts.served or 0
        ):
            reasons.append(
                (
                    "served_elsewhere",
                    f"evidence for {max(done, details.claimed)} tokens is on chain, this store knows of {facts.served or 0}",
                )
            )
        return reasons

    def _money(self, facts: SessionFacts) -> list[tuple[str, str]]:
        details, token = facts.details, to_address(facts.details.token)
        floors = {to_address(key): value for key, value in self.min_price_per_million.items()}
        deposits = {to_address(key): value for key, value in self.min_deposit.items()}
        reasons = []
        if token not in floors:
            reasons.append(("token", f"this host is not paid in {token}"))
        elif details.price_per_million < floors[token]:
            reasons.append(
                (
                    "price",
                    f"the price is {details.price_per_million}, this host asks {floors[token]}",
                )
            )
        if details.deposit < deposits.get(token, 0):
            reasons.append(
                ("deposit", f"the deposit is {details.deposit}, this host asks {deposits[token]}")
            )
        bought = tokens_bought(details.deposit, details.price_per_million)
        if bought < self.min_tokens:
            reasons.append(
                (
                    "deposit",
                    f"the deposit pays for {bought} tokens, this host asks {self.min_tokens}",
                )
            )
        if facts.parameters.fee_bps > self.max_fee_bps:
            reasons.append(
                ("fee", f"the marketplace keeps {facts.parameters.fee_bps} basis points")
            )
        if 0 < details.voucher_cap < bought and not self.accept_partial_cap:
            reasons.append(
                (
                    "voucher_cap",
                    f"vouchers count up to {details.voucher_cap} of the {bought} tokens that the deposit pays for",
                )
            )
        return reasons

    def _time(self, facts: SessionFacts) -> list[tuple[str, str]]:
        details, windows, reasons = facts.details, facts.parameters, []
        left = details.ends_at - facts.now
        if left < self.min_duration_left:
            reasons.append(
                (
                    "duration",
                    f"it ends in {max(0, left)} s, this host asks {self.min_duration_left}",
                )
            )
        if details.proof_interval < self.min_interval:
            reasons.append(
                (
                    "interval",
                    f"the proof interval is {details.proof_interval}, this host asks {self.min_interval}",
                )
            )
        if windows.close_window < self.min_close_window:
            reasons.append(
                ("close_window", f"{windows.close_window} s are too few to bring the last voucher")
            )
        return reasons

    def _people(self, facts: SessionFacts) -> list[tuple[str, str]]:
        details, reasons = facts.details, []
        if details.user in _addresses(self.blocked_users):
            reasons.append(("user", f"this host does not serve {details.user}"))
        if is_keyless(facts.signer_code):
            reasons.append(
                (
                    "voucher_signer",
                    f"{details.voucher_signer} is a contract without a key: name an ordinary account as voucher signer",
                )
            )
        if details.arbiter != ZERO_ADDRESS and details.arbiter not in _addresses(self.arbiters):
            reasons.append(
                (
                    "arbiter",
                    f"this host does not know the arbiter {details.arbiter}: open without one",
                )
            )
        watched = details.watcher != ZERO_ADDRESS and self.watchers is not None
        if watched and details.watcher not in _addresses(self.watchers or frozenset()):
            reasons.append(("watcher", f"this host does not know the watcher {details.watcher}"))
        return reasons

    def _proof(self, facts: SessionFacts) -> list[tuple[str, str]]:
        details, circuit = facts.details, facts.circuit
        judged = details.arbiter != ZERO_ADDRESS
        if details.circuit_id == 0 or circuit is None:
            if not judged and not self.accept_vouchers_only:
                return [
                    ("vouchers_only", "without a circuit and an arbiter only vouchers are paid")
                ]
            return []
        if unusable := _unusable(facts, circuit):
            return unusable
        if judged:
            return []
        return self._answers(details, facts.parameters, circuit)

    def _answers(
        self, details: SessionDetails, windows: Parameters, circuit: CircuitTerms
    ) -> list[tuple[str, str]]:
        """Whether a contested claim of a whole interval could be answered by proofs, in time."""
        reasons = []
        proofs = -(-details.proof_interval // circuit.max_tokens)
        if proofs > MAX_BATCH:
            reasons.append(
                (
                    "interval",
                    f"an interval of {details.proof_interval} tokens takes {proofs} proofs, an answer has {MAX_BATCH}",
                )
            )
        needed = proofs * self.seconds_per_proof
        if windows.answer_window < max(self.min_answer_window, 2 * needed):
            reasons.append(
                (
                    "answer_window",
                    f"{windows.answer_window} s are too few to prove an interval, which takes about {needed:g} s",
                )
            )
        return reasons


def _unusable(facts: SessionFacts, circuit: CircuitTerms) -> list[tuple[str, str]]:
    """Why this host could bring no proof by the circuit that is named."""
    number = facts.details.circuit_id
    if circuit.max_tokens == 0:
        return [("circuit", f"circuit {number} does not exist")]
    if circuit.revoked_at:
        return [("circuit", f"circuit {number} was revoked")]
    if facts.provable == 0:
        return [("circuit", f"this host has no prover for circuit {number}")]
    if facts.provable != circuit.max_tokens:
        return [
            (
                "circuit",
                f"circuit {number} counts {circuit.max_tokens} tokens in a proof, this host's prover {facts.provable}",
            )
        ]
    return []


def _addresses(accounts: frozenset[str]) -> frozenset[str]:
    return frozenset(to_address(account) for account in accounts)
