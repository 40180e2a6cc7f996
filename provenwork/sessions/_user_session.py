"""One session as its user holds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_utils.crypto import keccak

from provenwork.chain import Marketplace, Sender, SessionDetails
from provenwork.core.errors import (
    NothingToDo,
    OverCounted,
    SessionOver,
    SignatureInvalid,
    VoucherRefused,
)
from provenwork.crypto import Signer, Voucher
from provenwork.sessions._accounting import (
    claim_matures_at,
    covered,
    due,
    has_live_claim,
    payable,
    tokens_bought,
)
from provenwork.sessions._meter import Meter
from provenwork.sessions._spending import allow
from provenwork.sessions._wire import SignedAgreement, SignedVoucher, pack_tokens, transcript_hash

__all__ = ["TopUpQuote", "UserSession"]


@dataclass(frozen=True, slots=True)
class TopUpQuote:
    """What a top-up means: some of it may pay at once for evidence that the old deposit did not cover."""

    job_id: int
    amount: int
    """Base units."""
    covered: int
    """AI tokens that the host has evidence for."""
    received: int
    """AI tokens that the user counted."""
    payable_before: int
    """AI tokens that are payable now."""
    payable_after: int
    """AI tokens that are payable as soon as the top-up is there."""
    paid_at_once: int
    """What of the deposit becomes due by the top-up itself, in base units."""
    tokens_bought: int
    """AI tokens that the whole deposit pays for afterwards."""


class UserSession:
    """One session as its user holds it: made by `User`.

    It counts what arrives and signs for no more than that. The transport is the caller's: hand the vouchers to the host
    in whatever way the tokens come. Counts are AI tokens, money is in base units of the payment token.

    Attributes:
        voucher_every: `receive` hands out a voucher whenever so many tokens are unacknowledged: a quarter of the proof
            interval unless set, so that an honest host never has to wait for it. 0 never.
    """

    def __init__(
        self,
        marketplace: Marketplace,
        sender: Sender,
        voucher_signer: Signer,
        job_id: int,
        details: SessionDetails,
        *,
        received: int = 0,
        signed: int = 0,
    ) -> None:
        self.job_id = job_id
        self.voucher_every = max(1, details.proof_interval // 4)
        self._marketplace = marketplace
        self._sender = sender
        self._voucher_signer = voucher_signer
        self._details = details
        self._meter = Meter(received=received, signed=max(signed, details.acked))
        # The token ids themselves, as long as every one of them is known.
        self._transcript: bytearray | None = bytearray() if self._meter.received == 0 else None

    @property
    def host(self) -> str:
        """Who is paid."""
        return self._details.host

    @property
    def received(self) -> int:
        """Tokens received since the session began."""
        return self._meter.received

    @property
    def signed(self) -> int:
        """The highest number of tokens acknowledged."""
        return self._meter.signed

    @property
    def stopped(self) -> OverCounted | None:
        """Why nothing is signed any more, if the host over-counted."""
        return self._meter.stopped

    def details(self) -> SessionDetails:
        """The session as the chain has it now."""
        self._details = self._marketplace.details(self.job_id)
        return self._details

    # ----------------------------------------------------------------------------------------------------- vouchers

    def receive(
        self, tokens: int | Sequence[int], *, host_count: int | None = None
    ) -> SignedVoucher | None:
        """Counts tokens that arrived.

        Args:
            tokens: Their ids (then the transcript's hash can be told), or just how many.
            host_count: How many the host says it has sent so far, if it says so.

        Returns:
            A voucher for all tokens so far, to be handed to the host, whenever `voucher_every` are unacknowledged.

        Raises:
            OverCounted: The host counts more than arrived, now or before. Nothing more is signed.
        """
        if isinstance(tokens, int):
            self._transcript = None if tokens else self._transcript
            self._meter.receive(tokens)
        else:
            if self._transcript is not None:
                self._transcript += pack_tokens(tokens)
            self._meter.receive(len(tokens))
        if host_count is not None:
            self._meter.compare(host_count, "stream")
        if self._meter.stopped is not None:
            raise self._meter.stopped
        unacknowledged = self._meter.received - self._meter.signed
        if self.voucher_every and unacknowledged >= self.voucher_every:
            return self.voucher()
        return None

    def voucher(self, tokens: int | None = None) -> SignedVoucher:
        """Signs for all tokens received so far (or fewer): the host's money, so give it per prompt and at the end.

        Before anything arrived it says 0 tokens, which is worth nothing but shows the host that the key is there.

        Raises:
            OverCounted: They were not received, or the host over-counted before.
        """
        tokens = self._meter.sign(self._meter.received if tokens is None else tokens)
        voucher = Voucher(self.job_id, self._details.host, tokens)
        return SignedVoucher(voucher, voucher.sign(self._marketplace.domain, self._voucher_signer))

    def transcript_hash(self) -> bytes | None:
        """SHA-256 over the ids received, as hosts commit to them in claims; None if only counts are known."""
        return None if self._transcript is None else transcript_hash([bytes(self._transcript)])

    # ---------------------------------------------------------------------------------------------------- watching

    def check(self, *, in_flight: int = 0) -> SessionDetails:
        """Looks at the chain: has the host claimed or proven more than arrived?

        Do this at least once in each challenge window (the marketplace's `parameters.challenge_window`), or name a watcher
        who does.

        Args:
            in_flight: How many tokens the host may be ahead because they are still on their way.

        Raises:
            OverCounted: It has. For a claim, contest it; against proofs the remedy is to stop.
        """
        details, now = self.details(), self._marketplace.node.now()
        if has_live_claim(details, self._marketplace.parameters, now) and not details.is_disputed:
            until = claim_matures_at(details, self._marketplace.parameters)
            self._meter.compare(
                details.claimed,
                "claim",
                in_flight=in_flight,
                hint=f"Call contest() before Unix time {until + 1}: unless the host proves its claim, the "
                "claim is void and the bond comes back. Then close().",
            )
        self._meter.compare(
            max(details.proven, details.matured),
            "proof",
            in_flight=in_flight,
            hint="Nothing more is signed. Call close(): what can still be paid beyond your vouchers is bounded by the "
            "rate and one proof interval.",
        )
        return details

    def bond(self) -> int:
        """What contesting the live claim would lock, in wei; 0 if no claim is live."""
        return self._marketplace.dispute_bond(self.job_id)

    def contest(self, evidence: bytes | None = None, *, force: bool = False) -> int:
        """Contests the host's live claim, with the bond that is asked for.

        Args:
            evidence: What to put on record, as its hash; the transcript received by default.
            force: Contest even a claim for no more than was received; the host can then prove it at the bond's expense.

        Returns:
            The bond, in wei. It comes back as a credit, less the gas of the host's proofs if those answer the claim.

        Raises:
            NothingToDo: No claim is live, or it is for no more than was received.
            ContractReverted: Too late, or the bond rose meanwhile.
        """
        details, bond = self.details(), self.bond()
        if bond == 0:
            raise NothingToDo(f"no claim of session {self.job_id} can be contested")
        if details.claimed <= self._meter.received and not force:
            raise NothingToDo(
                f"the claim is for {details.claimed} tokens, and {self._meter.received} were received",
                hint="Hand the host a voucher instead: contesting a true claim costs the bond.",
            )
        transcript = self.transcript_hash() or bytes(32)
        evidence_hash = transcript if evidence is None else keccak(evidence)
        # The base fee may rise before this is mined; what is too much comes back as a credit.
        value = bond + bond // 4
        self._sender.send(self._marketplace.raise_dispute(self.job_id, evidence_hash, value))
        return self.details().bond

    # ------------------------------------------------------------------------------------------------------- money

    def spent(self) -> int:
        """What the session would cost if it were settled now."""
        details = self.details()
        tokens = payable(details, self._marketplace.parameters, self._marketplace.node.now())
        return due(details, tokens)

    def remaining(self) -> int:
        """How many more tokens the deposit pays for."""
        bought = tokens_bought(self._details.deposit, self._details.price_per_million)
        return max(0, bought - self._meter.received)

    def quote_top_up(self, amount: int) -> TopUpQuote:
        """What a top-up would mean, before it is made: see what is covered already."""
        details, now = self.details(), self._marketplace.node.now()
        parameters = self._marketplace.parameters
        position, before = covered(details, parameters, now), payable(details, parameters, now)
        deposit = details.deposit + amount
        bought = tokens_bought(deposit, details.price_per_million)
        exposed = max(details.acked, details.max_tokens_per_second * (now - details.opened_at))
        after = min(position, bought, exposed + details.proof_interval)
        return TopUpQuote(
            job_id=self.job_id,
            amount=amount,
            covered=position,
            received=self._meter.received,
            payable_before=before,
            payable_after=after,
            paid_at_once=due(details, after) - due(details, before),
            tokens_bought=bought,
        )

    def top_up(self, quoted: TopUpQuote) -> SessionDetails:
        """Adds to the deposit what was quoted.

        Raises:
            OverCounted: The host's evidence covers more than was received: a top-up would pay for it.
            NothingToDo: The quote is another session's.
            ContractReverted: The session is closing or over, or top-ups are paused.
        """
        if quoted.job_id != self.job_id:
            raise NothingToDo(f"the quote is for session {quoted.job_id}, not {self.job_id}")
        details = self.details()
        position = covered(details, self._marketplace.parameters, self._marketplace.node.now())
        self._meter.compare(
            position, "proof", hint="A top-up would pay for what did not arrive: close() instead."
        )
        allow(self._sender, self._marketplace, details.token, quoted.amount)
        self._sender.send(self._marketplace.top_up(self.job_id, quoted.amount, details.token))
        return self.details()

    def extend(self, seconds: int) -> SessionDetails:
        """Lets the session end later by so many seconds.

        Raises:
            ContractReverted: It is closing or over, or would be longer than 365 days.
        """
        ends_at = self.details().ends_at + seconds
        self._sender.send(self._marketplace.extend(self.job_id, ends_at))
        return self.details()

    # ----------------------------------------------------------------------------------------------------- closing

    def close_with(self, agreement: SignedAgreement) -> SessionDetails:
        """Closes at once, with the host's signed agreement; what is left comes back in the same transaction.

        Raises:
            VoucherRefused: The agreement is another session's, or not this host's.
            OverCounted: It is for more than was received.
            ContractReverted: Its deadline has passed, or the session is final.
        """
        details, said = self.details(), agreement.agreement
        if (said.job_id, said.user, said.host) != (self.job_id, details.user, details.host):
            raise VoucherRefused(f"the agreement is not of session {self.job_id}")
        if not self._marketplace.node.code(details.host):
            try:
                said.require_signed(self._marketplace.domain, details.host, agreement.signature)
            except SignatureInvalid as problem:
                raise VoucherRefused(f"the agreement is not the host's: {problem}") from None
        self._meter.compare(
            said.tokens, "agreement", hint="Do not close with it: ask for a right one."
        )
        self._sender.send(
            self._marketplace.close_with_agreement(
                self.job_id, said.tokens, said.deadline, agreement.signature
            )
        )
        return self.details()

    def close(self) -> int:
        """Asks to close without the host's agreement: the host has the close window to bring evidence.

        Returns:
            The Unix time after which `finalize` works, if the host does not close earlier by itself.

        Raises:
            ContractReverted: It is closing or final already, or has ended (then `finalize` works).
        """
        details = self.details()
        if not details.is_open:
            raise SessionOver(f"session {self.job_id} is final")
        self._sender.send(self._marketplace.complete_session(self.job_id))
        return self.details().evidence_end

    def abandon(self) -> int:
        """As `close`, with the label that the host was silent for the abandonment period.

        Raises:
            ContractReverted: It was not, or the session is closing or over.
        """
        self._sender.send(self._marketplace.claim_abandoned_session(self.job_id))
        return self.details().evidence_end

    def finalize(self) -> SessionDetails:
        """Ends a session whose time for evidence is over, whoever asked for that; the rest of the deposit comes back.

        Raises:
            ContractReverted: Too early, a claim is live or a dispute open: its arguments say until when.
            SessionOver: It is final already.
        """
        details = self.details()
        if not details.is_open:
            raise SessionOver(f"session {self.job_id} is final")
        if details.is_closing:
            call = self._marketplace.finalize_session(self.job_id)
        else:
            call = self._marketplace.trigger_session_timeout(self.job_id)
        self._sender.send(call)
        return self.details()
