"""One session as its host holds it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provenwork.chain import Call, Receipt, SessionDetails
from provenwork.core.errors import (
    LimitReached,
    NothingToDo,
    SessionOver,
    SignatureInvalid,
    VoucherRefused,
)
from provenwork.crypto import CloseAgreement
from provenwork.sessions._accounting import (
    covered,
    is_undecided,
    limit,
    standing,
    voucher_counts,
)
from provenwork.sessions._plan import Action, Plan, Situation, Step, chain_of, plan
from provenwork.sessions._policy import MAX_BATCH
from provenwork.sessions._store import StoredSession
from provenwork.sessions._wire import SignedAgreement, SignedVoucher, transcript_hash

if TYPE_CHECKING:
    from provenwork.sessions._host import Host

__all__ = ["HostSession", "Served"]

_AGREEMENT_SECONDS = 300
_SNAPSHOT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Served:
    """Tokens that are written down and may now be sent to the user."""

    first: int
    """How many AI tokens of the session come before them."""
    tokens: tuple[int, ...]
    total: int
    """AI tokens served since the session began: tell the user, who counts too."""


class HostSession:
    """One session as its host holds it: made by `Host`.

    Counts are AI tokens, times are Unix seconds. Everything it knows is in the store before a method returns, so another
    one made from the same file continues where this one was killed.
    """

    def __init__(self, host: Host, job_id: int) -> None:
        self.job_id = job_id
        self._host = host
        self._details: SessionDetails
        self._now: int
        self._looked_at: float
        self.refresh()

    # ------------------------------------------------------------------------------------------------------ reading

    def refresh(self) -> SessionDetails:
        """The session as the chain has it now."""
        market = self._host.marketplace
        self._details = market.details(self.job_id)
        self._now = market.node.now()
        self._looked_at = time.monotonic()
        store = self._host.store
        if self._details.proven:
            store.drop_proofs(self.job_id, self._details.proven)
        if not self._details.is_open and not self.stored.done:
            store.set_done(self.job_id)
        return self._details

    @property
    def stored(self) -> StoredSession:
        """The session as the store has it."""
        stored = self._host.store.session(self.job_id)
        assert stored is not None  # noqa: S101 (`Host` adds it first)
        return stored

    @property
    def served(self) -> int:
        """Tokens served since the session began."""
        return self.stored.served

    @property
    def voucher(self) -> SignedVoucher | None:
        """The highest voucher so far."""
        return self._host.store.voucher(self.job_id)

    @property
    def acknowledged(self) -> int:
        """What the best voucher acknowledges, on chain or not yet; its cap applied."""
        best = self.voucher
        held = voucher_counts(self._details, best.tokens) if best else 0
        return max(held, self._details.acked)

    @property
    def unacknowledged(self) -> int:
        """Tokens served that neither a voucher nor evidence on chain covers: what this host risks now."""
        sure = max(
            self.acknowledged, covered(self._details, self._host.marketplace.parameters, self._now)
        )
        return max(0, self.served - sure)

    def transcript(self, first: int = 0, end: int | None = None) -> list[int]:
        """The token ids of [first, end): what to send again to a user who did not receive them."""
        return self._host.store.transcript(self.job_id, first, self.served if end is None else end)

    # ------------------------------------------------------------------------------------------------------ serving

    def begin(self, prompt: Sequence[int]) -> None:
        """Writes down what the user asked before the first token: proofs of a model need to know what it continued.

        Later proofs continue the session's own text. A circuit that takes no prompt, such as token_count, needs none.

        Raises:
            StoreError: Tokens were served before, or another prompt was written down.
            ValueError: Something is not a token id.
        """
        self._host.store.keep_prompt(self.job_id, prompt, single=False)

    def allowance(self) -> int:
        """How many more tokens may be served now: payable by the contract, and within this host's risk.

        Raises:
            SessionOver: It is closing, has ended or is final.
        """
        if time.monotonic() - self._looked_at > _SNAPSHOT_SECONDS:
            self.refresh()
        allowed = self._allowed()
        if allowed <= 0:
            # Time alone may have made more payable.
            self.refresh()
            allowed = self._allowed()
        return max(0, allowed)

    def serve(self, tokens: Sequence[int]) -> Served:
        """Writes down tokens that are about to be sent. Send them when it has returned, and not before.

        Args:
            tokens: Their ids, in [0, 2^32 − 2].

        Raises:
            LimitReached: More than may be served now; nothing was written. Wait for a voucher, or for time.
            SessionOver: The session is closing, has ended or is final, or an agreement to close it is signed.
            ValueError: Something is not a token id.
        """
        allowed = self.allowance()
        if len(tokens) > allowed:
            hint = "Wait for the user's next voucher."
            if self._must_greet:
                hint = "Ask the user for a first voucher, for 0 tokens: it shows that the signer has a key."
            raise LimitReached(
                f"{len(tokens)} tokens are more than the {allowed} that may be served now",
                allowed=allowed,
                asked=len(tokens),
                hint=hint,
            )
        first = self.served
        total = self._host.store.append(self.job_id, first, tokens)
        return Served(first, tuple(tokens), total)

    def accept(self, signed: SignedVoucher | str | bytes) -> int:
        """Takes a voucher: verified as strictly as the contract does, and on disk before this returns.

        An old one, or the same one again, changes nothing.

        Args:
            signed: The voucher, or its JSON.

        Returns:
            How many tokens are acknowledged now.

        Raises:
            VoucherRefused: It is another's, for another session or host, or for more than was served.
        """
        if not isinstance(signed, SignedVoucher):
            signed = SignedVoucher.from_json(signed)
        voucher = signed.voucher
        if (voucher.job_id, voucher.host) != (self.job_id, self._details.host):
            raise VoucherRefused(
                f"the voucher is for session {voucher.job_id} of {voucher.host}, not {self.job_id} of {self._details.host}"
            )
        try:
            voucher.require_signed(
                self._host.marketplace.domain, self._details.voucher_signer, signed.signature
            )
        except SignatureInvalid as problem:
            raise VoucherRefused(f"the voucher is not the voucher signer's: {problem}") from None
        if signed.tokens > self.served:
            raise VoucherRefused(
                f"the voucher is for {signed.tokens} tokens, and {self.served} were served",
                hint="The user counts more than it was sent.",
            )
        self._host.store.keep_voucher(signed)
        if not self.stored.greeted:
            self._host.store.set_greeted(self.job_id)
        return self.acknowledged

    def agree(
        self, tokens: int | None = None, *, valid_for: int = _AGREEMENT_SECONDS
    ) -> SignedAgreement:
        """Signs that the user may close now, at a number of tokens. Nothing is served until it has expired.

        Args:
            tokens: By default, all that were served. Never fewer than are acknowledged: the user could close at once, and
                a voucher that is not redeemed by then would be lost.
            valid_for: Seconds, at most 600.

        Raises:
            ValueError: More is acknowledged.
        """
        details = self.refresh()
        tokens = self.served if tokens is None else tokens
        if tokens < self.acknowledged:
            raise ValueError(
                f"agreeing to {tokens} tokens gives up {self.acknowledged} acknowledged ones"
            )
        deadline = self._now + valid_for
        self._host.store.set_agreed(self.job_id, deadline)
        agreement = CloseAgreement(self.job_id, details.user, details.host, tokens, deadline)
        return SignedAgreement(
            agreement, agreement.sign(self._host.marketplace.domain, self._host.signer)
        )

    # ----------------------------------------------------------------------------------------------------- evidence

    def redeem(self) -> Receipt:
        """Brings the best voucher to the chain.

        Raises:
            NothingToDo: There is none, or as much is acknowledged on chain.
        """
        best, details = self.voucher, self.refresh()
        if best is None or voucher_counts(details, best.tokens) <= details.acked:
            raise NothingToDo(f"no voucher of session {self.job_id} says more than the chain does")
        call = self._host.marketplace.redeem_voucher(self.job_id, best.tokens, best.signature)
        return self._send(call)

    def claim(self, tokens: int | None = None) -> int:
        """Claims tokens without proof, at most one interval beyond what is covered; a better voucher is redeemed first.

        Args:
            tokens: The position to claim; by default, as much as was served and the interval allows.

        Returns:
            The position claimed. It counts when the challenge window has passed uncontested.

        Raises:
            NothingToDo: Everything served is covered.
            ContractReverted: A claim is live, claims are off or have no judge, or it is too late.
        """
        details = self.refresh()
        best = self.voucher
        if best and voucher_counts(details, best.tokens) > covered(
            details, self._host.marketplace.parameters, self._now
        ):
            self.redeem()
            details = self.refresh()
        position = covered(details, self._host.marketplace.parameters, self._now)
        end = min(self.served if tokens is None else tokens, position + details.proof_interval)
        if end <= position:
            raise NothingToDo(f"all {self.served} tokens of session {self.job_id} are covered")
        if end > self.served:
            raise NothingToDo(f"{end} tokens cannot be claimed: {self.served} were served")
        self._send(self._host.marketplace.claim_tokens(self.job_id, end, self.commitment(end)))
        return end

    def commitment(self, end: int) -> bytes:
        """SHA-256 over the transcript's first `end` tokens: what a claim commits to."""
        return transcript_hash(self._host.store.packed_transcript(self.job_id, 0, end))

    def prove(self, end: int | None = None, *, urgent: bool = False) -> int:
        """Asks for proofs of what is served and not covered, up to `end`; they are made by the host's proof queue.

        Returns:
            How many proofs were asked for; fewer than needed if the queue is full.

        Raises:
            NothingToDo: The session has no circuit.
        """
        details = self.refresh()
        size = self._host.proofs.max_tokens(details.circuit_id)
        if size == 0:
            raise NothingToDo(f"this host cannot prove session {self.job_id}")
        at = covered(details, self._host.marketplace.parameters, self._now)
        end, wanted = self.served if end is None else min(end, self.served), 0
        made = self._made()
        while at < end:
            count = made.get(at, min(size, end - at))
            if at not in made:
                if not self._host.proofs.want(
                    self.job_id, at, count, details.circuit_id, urgent=urgent
                ):
                    break
                wanted += 1
            at += count
        return wanted

    def submit(self) -> int:
        """Submits the proofs that are made and chain on from what is proven or covered, at most 16.

        Returns:
            The position that is proven now.

        Raises:
            NothingToDo: No such proof is made.
        """
        details = self.refresh()
        made = self._made()
        position = covered(details, self._host.marketplace.parameters, self._now)
        starts = [first for first in made if details.proven <= first <= position]
        chains = {first: chain_of(made, first, self.served) for first in starts}
        if not chains:
            raise NothingToDo(f"no proof of session {self.job_id} is ready")
        first = max(chains, key=lambda start: start + sum(chains[start]))
        return self._submit(first, first + sum(chains[first]))

    def checkpoint(self) -> Receipt:
        """Credits what is due.

        Raises:
            ContractReverted: Nothing is due.
        """
        return self._send(self._host.marketplace.checkpoint(self.job_id))

    # ------------------------------------------------------------------------------------------------------ closing

    def close(self, *, drop_claim: bool = False) -> SessionDetails:
        """Closes at once with the best evidence: the best voucher, or what the chain has.

        Args:
            drop_claim: Close even if that gives up a claim that is still undecided.

        Raises:
            NothingToDo: A claim is undecided: wait until it matures, prove it, or give it up.
            SessionOver: The session is final.
        """
        details, best = self.refresh(), self.voucher
        market = self._host.marketplace
        if not details.is_open:
            raise SessionOver(f"session {self.job_id} is final")
        held = voucher_counts(details, best.tokens) if best else 0
        undecided = is_undecided(details, market.parameters, self._now)
        if undecided and details.claimed > held and not drop_claim:
            raise NothingToDo(
                f"closing now gives up the claim for {details.claimed} tokens",
                hint="Wait until it matures, or pass drop_claim=True.",
            )
        if best is not None and held > standing(details):
            self._send(market.close_with_voucher(self.job_id, best.tokens, best.signature))
        else:
            self._send(market.complete_session(self.job_id))
        return self.refresh()

    def next_step(self) -> Plan:
        """What should be done now, without doing it."""
        details = self.refresh()
        stored, best = self.stored, self.voucher
        policy = self._host.policy
        return plan(
            Situation(
                details=details,
                parameters=self._host.marketplace.parameters,
                now=self._now,
                circuit=self._host.circuit(details.circuit_id),
                served=stored.served,
                voucher=voucher_counts(details, best.tokens) if best else 0,
                made=self._made(),
                quiet=self._host.clock() - stored.served_at,
                patience=policy.patience,
                min_claim_value=policy.min_claim_value,
            )
        )

    def tick(self) -> Plan:
        """Does what should be done now: asks for proofs, and sends at most one transaction.

        Raises:
            TransactionFailed, TransactionUnknown, NodeUnavailable: As for `Sender.send`.
        """
        decided = self.next_step()
        details = self._details
        for first, count in decided.prove:
            urgent = details.is_disputed or details.is_closing
            self._host.proofs.want(self.job_id, first, count, details.circuit_id, urgent=urgent)
        if decided.step is not None:
            self._do(decided.step)
        return decided

    # ---------------------------------------------------------------------------------------------------- internals

    @property
    def _must_greet(self) -> bool:
        """Where only vouchers are paid, the signer must show first that there is a key behind its address."""
        return self._details.circuit_id == 0 and not self.stored.greeted

    def _allowed(self) -> int:
        details, stored = self._details, self.stored
        if not details.is_open or details.is_closing or self._now > details.ends_at:
            raise SessionOver(f"session {self.job_id} is closing, has ended or is final")
        if stored.agreed_until >= self._now:
            raise SessionOver(
                f"an agreement to close session {self.job_id} is signed, and valid until {stored.agreed_until}"
            )
        if self._must_greet:
            return 0
        by_contract = limit(details, self._now, self.acknowledged) - stored.served
        by_risk = self._host.policy.max_unacknowledged - self.unacknowledged
        return min(by_contract, by_risk)

    def _made(self) -> dict[int, int]:
        tasks = self._host.store.proofs(self.job_id)
        return {task.first: task.count for task in tasks if task.proof is not None}

    def _submit(self, first: int, end: int) -> int:
        made = {task.first: task for task in self._host.store.proofs(self.job_id)}
        proofs: list[bytes] = []
        counts: list[int] = []
        at = first
        while at < end and len(proofs) < MAX_BATCH:
            task = made[at]
            assert task.proof is not None  # noqa: S101 (the plan chose made ones)
            proofs.append(task.proof)
            counts.append(task.count)
            at += task.count
        self._send(self._host.marketplace.submit_proofs(self.job_id, first, proofs, counts))
        return self.refresh().proven

    def _do(self, step: Step) -> None:
        if step.action is Action.REDEEM:
            self.redeem()
        elif step.action is Action.SUBMIT:
            self._submit(step.first, step.end)
        elif step.action is Action.CLAIM:
            self.claim(step.end)
        else:
            self.close()

    def _send(self, call: Call) -> Receipt:
        receipt = self._host.sender.send(call)
        self.refresh()
        return receipt
