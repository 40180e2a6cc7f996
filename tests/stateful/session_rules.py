"""Everything that can be done with sessions, by anybody, at any second."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.harness.escrow import (
    ABANDONMENT_PERIOD,
    ACTIVE,
    ANSWERED,
    DISPUTED,
    DROPPED,
    MAX_BATCH,
    RULED,
    STANDS,
    VOIDED,
    stub_proof,
)
from tests.stateful.opening_rules import EARLIEST_MINIMUM, OpeningRules
from tests.stateful.session_model import SessionModel
from tests.stateful.stage import WHAT, WHICH, pick, rude
from tests.stateful.world import ZERO, Log
from tests.stateful.world_setup import session_tag

VOUCHER = "Voucher(uint256 jobId,address host,uint64 cumulativeTokens)"
AGREEMENT = "CloseAgreement(uint256 jobId,address user,address host,uint64 tokens,uint256 deadline)"
AGREEMENT_TIME = 600
tokens = st.integers(1, 6_000)
CLOSINGS = ("clock", "user", "user", "abandon", "voucher", "agreement", "host", "clock")


class SessionRules(OpeningRules):
    """What is done with sessions that are there."""

    def attempt(
        self,
        face: str,
        function: str,
        arguments: tuple[Any, ...],
        sender: str,
        broken: dict[str, bool],
        value: int = 0,
    ) -> list[Log] | None:
        """As everywhere; and a dispute that ends does so as section 4 of docs/SPEC.md says, whatever the call."""
        disputed = [x for x in self.books.sessions.values() if x.status == DISPUTED]
        now, outcomes = self.now, {x.id: self.outcomes(x) for x in disputed}
        logs = super().attempt(face, function, arguments, sender, broken, value)
        for log in logs or ():
            if log.name == "DisputeResolved":
                told = log.arguments
                assert told["outcome"] in outcomes[told["jobId"]], (now, log)
        return logs

    def outcomes(self, x: SessionModel) -> set[int]:
        """How an open dispute can end at this second."""
        in_time = {ANSWERED, RULED} if self.now <= x.dispute_deadline else set()
        if self.stands(x):
            return in_time | {STANDS}
        return in_time | {DROPPED} if in_time else {VOIDED}

    # ------------------------------------------------------------------------------ evidence

    def provable(self, x: SessionModel) -> bool:
        """Evidence is open, or answers an open dispute."""
        answering = x.status == DISPUTED and self.now <= x.dispute_deadline
        return x.is_open and x.circuit != 0 and (self.now <= x.evidence_end or answering)

    def most_tokens(self, x: SessionModel) -> int:
        """What one proof of a session's circuit can count."""
        return self.books.circuits[x.circuit].max_tokens if x.circuit else 0

    def batch(self, x: SessionModel, first: int, counts: list[int]) -> list[bytes]:
        """Proofs of these counts that chain on from a place."""
        proofs = []
        for count in counts:
            tag = session_tag(self.world.faces["market"].address, x.id, x.host, first)
            proofs.append(stub_proof(tag, count))
            first += count
        return proofs

    def proof_requirements(
        self, x: SessionModel, sender: str, first: int, counts: list[int]
    ) -> dict[str, bool]:
        """Those of every way to prove."""
        most = 1 if x.prompt else MAX_BATCH
        furthest = 0 if x.prompt else x.covered(self.now)
        answering = x.status == DISPUTED and self.now <= x.dispute_deadline
        return {
            **self.open_requirement(x),
            "JobMarketplace_CallerNotHost": sender != x.host,
            "JobMarketplace_EvidenceClosed": self.now > x.evidence_end and not answering,
            "JobMarketplace_NoCircuit": x.circuit == 0,
            "JobMarketplace_BatchSizeOutOfRange": not 1 <= len(counts) <= most,
            "JobMarketplace_FirstTokenOutOfRange": not x.proven <= first <= furthest,
            "JobMarketplace_TokensBelowMinimum": x.prompt and any(n < x.min_tokens for n in counts),
            "JobMarketplace_ProofRejected": self.books.is_revoked(x.circuit)
            or any(n > self.most_tokens(x) for n in counts),
        }

    @precondition(lambda self: any(x.is_open for x in self.books.sessions.values()))
    @rule(
        pick=pick,
        counts=st.lists(st.integers(1, 400), min_size=1, max_size=3),
        offset=st.integers(0, 2_000),
        how=st.sampled_from(
            [
                "submitProofsAt",
                "submitProofsAt",
                "submitBatchProofs",
                "submitProofOfWork",
                "claimWithProof",
            ]
        ),
        compared=st.booleans(),
        rude=rude,
    )
    def prove(self, pick, counts, offset, how, compared, rude):
        x = self.session(pick, self.provable, rude)
        if x is None:
            return
        sender = self.sender(x.host, pick, rude)
        first, counts = self.place(x, counts, offset, how, rude)
        proofs = self.batch(x, first, counts)
        broken = self.proof_requirements(x, sender, first, counts)
        arguments: tuple[Any, ...] = (x.id, proofs, counts)
        if how in ("submitProofsAt", "claimWithProof"):
            arguments = (x.id, first, proofs, counts)
        elif how == "submitProofOfWork":
            arguments = (x.id, proofs[0], counts[0])
        passes = not any(broken.values())
        if compared and passes and len(counts) > 1 and x.status == ACTIVE and not x.prompt:
            self.batch_is_its_singles(x, first, counts, proofs)
        if self.attempt("market", how, arguments, sender, broken):
            self.proofs.append((x.id, first, counts[0], proofs[0]))

    def place(
        self, x: SessionModel, counts: list[int], offset: int, how: str, rude: int
    ) -> tuple[int, list[int]]:
        """Where a batch begins and what each of its proofs counts, mostly as it may."""
        first, most = x.proven, max(1, self.most_tokens(x))
        if how in ("submitProofsAt", "claimWithProof"):
            first += offset if rude & WHAT else min(offset, x.covered(self.now) - x.proven)
        if rude & WHAT:
            counts = [*counts, most + 1] if offset % 2 else counts * 6
        elif x.prompt:
            counts = [max(EARLIEST_MINIMUM, 1 + counts[0] % most)]
        else:
            counts = [1 + n % most for n in counts]
        return first, counts[:1] if how == "submitProofOfWork" else counts

    def batch_is_its_singles(
        self, x: SessionModel, first: int, counts: list[int], proofs: list[bytes]
    ) -> None:
        """Proofs in one call leave, when the session is closed, what they leave one by one (invariant 21).

        Not of a contested claim: a proof that answers it alone ends what the next one would have been paid for.
        """
        singles, at = [], first
        for count, proof in zip(counts, proofs, strict=True):
            singles.append((x.id, at, [proof], [count]))
            at += count
        outcomes = [
            self.imagined_closing(x, [("submitProofsAt", arguments) for arguments in calls])
            for calls in (singles, [(x.id, first, proofs, counts)])
        ]
        assert outcomes[0] == outcomes[1]

    def imagined_closing(
        self, x: SessionModel, calls: list[tuple[str, tuple[Any, ...]]]
    ) -> list[str]:
        """What can be read of a session and its host after these calls of the host's, and after it closed."""
        market = self.world.faces["market"]
        done = [self.world.request("market", *call, x.host, 0) for call in calls]
        closing = self.world.request("market", "completeSession", (x.id,), x.host, 0)
        questions = [
            market.question("getSessionDetails", x.id),
            market.question("earned", x.host, x.token),
            market.question("credits", x.host, ZERO),
            market.question("getProofHistory", x.id, 0, 1_000),
        ]
        now = self.now
        *passed, (closed, *read) = self.world.imagine((now, done), (now + 1, [closing, *questions]))
        assert all(call["status"] == "0x1" for block in passed for call in block), passed
        assert closed["status"] == "0x1", closed
        return [answer["returnData"] for answer in read]

    @precondition(lambda self: self.proofs)
    @rule(pick=pick, other=pick, cached=st.booleans())
    def replay_a_proof(self, pick, other, cached):
        """A proof that counted is sent again, where it was or elsewhere; or cached, by anybody."""
        job, first, count, proof = self.proofs[pick % len(self.proofs)]
        x = self.books.sessions[job]
        if cached:
            tag = session_tag(self.world.faces["market"].address, x.id, x.host, first)
            broken = {"ProofSystem_CircuitRevoked": self.books.is_revoked(x.circuit)}
            arguments = (x.circuit, tag, proof, count)
            self.attempt("circuits", "cacheProof", arguments, self.anyone(other), broken)
            return
        y = self.one(self.books.sessions.values(), other, lambda y: True, False)
        assert y
        # Where it was it is too early by now, anywhere else it bears the wrong tag.
        broken = self.proof_requirements(y, y.host, y.proven, [count])
        broken["JobMarketplace_ProofRejected"] = True
        self.attempt("market", "submitProofsAt", (y.id, y.proven, [proof], [count]), y.host, broken)
        broken = self.proof_requirements(x, x.host, first, [count])
        broken["JobMarketplace_FirstTokenOutOfRange"] = True
        self.attempt("market", "submitProofsAt", (x.id, first, [proof], [count]), x.host, broken)

    def voucher(self, x: SessionModel, amount: int, *, forged: bool = False) -> bytes:
        """The voucher signer's signature, or the host's own."""
        digest = self.domains["market"].digest(VOUCHER, x.id, x.host, amount)
        signers = {key.address: key for key in self.world.keys.values() if key.secret}
        # A contract's vouchers never count: somebody else's key signs.
        signer = signers.get(x.voucher_signer, signers[self.address("stranger")])
        signature = (self.key("stranger") if forged else signer).sign(digest)
        if not forged:
            self.vouchers.append((x.id, amount, signature))
        return signature

    def voucher_requirements(self, x: SessionModel, forged: bool) -> dict[str, bool]:
        """Those of a voucher's signature."""
        keyless = not any(
            k.secret and k.address == x.voucher_signer for k in self.world.keys.values()
        )
        return {"JobMarketplace_VoucherSignatureInvalid": forged or keyless}

    def counts_as(self, x: SessionModel, amount: int) -> int:
        """What a voucher of so many tokens acknowledges."""
        return min(amount, x.cap) if x.cap else amount

    @precondition(lambda self: any(x.is_open for x in self.books.sessions.values()))
    @rule(pick=pick, more=st.integers(-50, 3_000), answer=st.booleans(), rude=rude)
    def redeem(self, pick, more, answer, rude):
        x = self.session(
            pick, lambda x: x.is_open and x.voucher_signer != self.address("wallet"), rude
        )
        if x is None:
            return
        amount = max(0, x.acked + more)
        if answer and x.status == DISPUTED:
            amount = x.claimed
        broken = {
            **self.open_requirement(x),
            **self.voucher_requirements(x, bool(rude & WHAT)),
            "JobMarketplace_VoucherNotNewer": self.counts_as(x, amount) <= x.acked,
        }
        arguments = (x.id, amount, self.voucher(x, amount, forged=bool(rude & WHAT)))
        self.attempt("market", "redeemVoucher", arguments, self.anyone(pick), broken)

    @precondition(lambda self: any(x.is_open for x in self.books.sessions.values()))
    @rule(pick=pick, share=st.integers(1, 1_000), rude=rude)
    def claim(self, pick, share, rude):
        self.make_claim(pick, share, rude)

    def make_claim(self, pick: int, share: int, rude: int) -> None:
        """A host gives its word, mostly for no more than an interval."""

        def fits(x):
            judged = x.arbiter != ZERO or (x.circuit != 0 and not self.unprovable(x))
            in_time = self.now <= x.evidence_end and not x.claims_off
            due = not x.is_live(self.now) and not (x.prompt and x.covered(self.now))
            return x.status == ACTIVE and judged and in_time and due

        x = self.session(pick, fits, rude)
        if x is None:
            return
        sender = self.sender(x.host, pick, rude)
        covered = x.covered(self.now)
        most = 1 if x.prompt else covered + x.interval
        amount = covered + 1 + share if rude & WHAT else covered + 1 + share % x.interval
        judged = x.arbiter != ZERO
        broken = {
            "JobMarketplace_SessionNotActive": x.status != ACTIVE,
            "JobMarketplace_CallerNotHost": sender != x.host,
            "JobMarketplace_EvidenceClosed": self.now > x.evidence_end,
            "JobMarketplace_ClaimsOff": x.claims_off,
            "JobMarketplace_ClaimLive": x.is_live(self.now),
            "JobMarketplace_ClaimsNeedJudge": not judged and x.circuit == 0,
            "JobMarketplace_CircuitRevoked": not judged and self.books.is_revoked(x.circuit),
            "JobMarketplace_IntervalUnprovable": not judged
            and x.interval > MAX_BATCH * self.most_tokens(x),
            "JobMarketplace_ClaimOutOfRange": not covered < amount <= most,
        }
        self.attempt("market", "claimTokens", (x.id, amount, bytes(32)), sender, broken)

    def unprovable(self, x: SessionModel) -> bool:
        """Whether a session's circuit could not judge a claim."""
        most = MAX_BATCH * self.most_tokens(x)
        return self.books.is_revoked(x.circuit) or x.interval > most

    # ------------------------------------------------------------------------------ disputes

    @precondition(lambda self: any(x.is_open for x in self.books.sessions.values()))
    @rule(pick=pick, amount=tokens, by_user=st.booleans(), rude=rude)
    def quarrel(self, pick, amount, by_user, rude):
        """Whatever comes next between those who disagree; one rule, so that most histories have all of it."""
        sessions = list(self.books.sessions.values())
        disputed = [x for x in sessions if x.status == DISPUTED]
        contestable = any(x.status == ACTIVE and x.is_live(self.now) for x in sessions)
        if not disputed and not contestable and not rude & WHICH:
            self.make_claim(pick, amount, rude)
        elif not disputed or (contestable and amount % 4 == 0):
            self.contest(pick, rude, by_user)
        elif pick % 9 == 0:
            self.revoke_the_judge(disputed[pick % len(disputed)])
        elif (late := [x for x in disputed if self.now > x.dispute_deadline]) and amount % 2:
            self.revoke_the_judge(late[0])
        elif rude & WHICH or any(self.expirable(x) for x in disputed):
            self.expire_dispute(pick, rude)
        else:
            self.rule_on(pick, amount, rude)

    quarrel_on = quarrel_still = quarrel

    def revoke_the_judge(self, x: SessionModel) -> None:
        """The circuit that would judge a dispute counts no more: in time, or too late to matter."""
        if self.books.is_usable(x.circuit):
            owner = self.books.owners["circuits"]
            self.attempt("circuits", "revokeCircuit", (x.circuit,), owner, {})

    def contest(self, pick: int, rude: int, by_user: bool) -> None:
        """A claim is contested, which moves nobody's tokens (invariant 32)."""

        def fits(x):
            judged = x.arbiter != ZERO or not self.books.is_revoked(x.circuit)
            return x.status == ACTIVE and x.is_live(self.now) and judged

        x = self.session(pick, fits, rude)
        if x is None:
            return
        named = x.user if by_user or x.watcher == ZERO else x.watcher
        sender = self.sender(named, pick, rude)
        value = 0 if rude & WHAT else 10**17
        broken = {
            "JobMarketplace_SessionNotActive": x.status != ACTIVE,
            "JobMarketplace_CallerNotParty": sender not in {x.user, x.watcher},
            "JobMarketplace_NoLiveClaim": not x.is_live(self.now),
            "JobMarketplace_CircuitRevoked": x.arbiter == ZERO and self.books.is_revoked(x.circuit),
            "JobMarketplace_BondTooLow": value == 0,
        }
        before = x.moved
        self.attempt("market", "raiseDispute", (x.id, b"\x0e" * 32), sender, broken, value)
        assert x.moved == before

    def rule_on(self, pick: int, amount: int, rude: int) -> None:
        """The arbiter speaks, mostly within the claim."""

        def fits(x):
            in_time = self.now <= x.dispute_deadline
            return x.status == DISPUTED and x.arbiter != ZERO and in_time

        x = self.session(pick, fits, rude)
        if x is None:
            return
        sender = self.sender(self.address("arbiter"), pick, rude)
        amount = amount if rude & WHAT else min(amount, x.claimed)
        broken = {
            "JobMarketplace_NotDisputed": x.status != DISPUTED,
            "JobMarketplace_CallerNotArbiter": sender != x.arbiter,
            "JobMarketplace_DisputeExpired": self.now > x.dispute_deadline,
            "JobMarketplace_RulingTooHigh": amount > x.claimed,
        }
        self.attempt("market", "resolveDispute", (x.id, amount), sender, broken)

    def expirable(self, x: SessionModel) -> bool:
        """Whether a dispute's time is over, or its circuit was revoked within it."""
        return self.stands(x) or self.now > x.dispute_deadline

    def stands(self, x: SessionModel) -> bool:
        """Whether a contested claim can no longer be judged, and counts."""
        revoked = self.books.circuits[x.circuit].revoked_at if x.circuit else 0
        return x.arbiter == ZERO and 0 < revoked <= x.dispute_deadline

    def expire_dispute(self, pick: int, rude: int) -> None:
        """Silence is put on record."""
        x = self.session(pick, lambda x: x.status == DISPUTED and self.expirable(x), rude)
        if x is None:
            return
        broken = {
            "JobMarketplace_NotDisputed": x.status != DISPUTED,
            "JobMarketplace_DisputeOpen": not self.expirable(x),
        }
        self.attempt("market", "expireDispute", (x.id,), self.anyone(pick), broken)

    # ---------------------------------------------------------------------------- settlement

    @precondition(lambda self: any(x.is_open for x in self.books.sessions.values()))
    @rule(pick=pick, rude=rude)
    def checkpoint(self, pick, rude):
        def due(x):
            return x.cost(x.payable(self.now)) != x.cost(x.settled)

        x = self.session(pick, lambda x: x.is_open and due(x), rude)
        if x is None:
            return
        broken = {**self.open_requirement(x), "JobMarketplace_NothingDue": not due(x)}
        self.attempt("market", "checkpoint", (x.id,), self.anyone(pick), broken)

    @precondition(lambda self: any(x.is_open for x in self.books.sessions.values()))
    @rule(
        pick=pick,
        how=st.sampled_from(CLOSINGS),
        amount=tokens,
        seconds=st.sampled_from([-1, 0, 300, AGREEMENT_TIME, AGREEMENT_TIME + 1]),
        rude=rude,
    )
    def close(self, pick, how, amount, seconds, rude):
        if how == "voucher":
            self.close_with_voucher(pick, amount, rude)
        elif how == "agreement":
            self.close_with_agreement(pick, amount, seconds, rude)
        elif how == "clock":
            self.close_by_clock(pick, rude)
        elif how == "abandon" or any(map(self.is_deserted, self.books.sessions.values())):
            self.abandon(pick, rude)
        else:
            self.complete(pick, how == "host", rude)

    def close_with_voucher(self, pick: int, amount: int, rude: int) -> None:
        x = self.session(pick, lambda x: x.is_open and x.user != self.address("wallet"), rude)
        if x is None:
            return
        sender = self.sender(x.host, pick, rude)
        broken = {
            **self.open_requirement(x),
            **self.voucher_requirements(x, bool(rude & WHAT)),
            "JobMarketplace_CallerNotHost": sender != x.host,
        }
        arguments = (x.id, amount, self.voucher(x, amount, forged=bool(rude & WHAT)))
        self.attempt("market", "closeWithVoucher", arguments, sender, broken)

    def close_with_agreement(self, pick: int, amount: int, seconds: int, rude: int) -> None:
        x = self.session(pick, lambda x: x.is_open, rude)
        if x is None:
            return
        sender = self.sender(x.user, pick, rude)
        deadline = self.now + seconds
        values = (x.id, x.user, x.host, amount, deadline)
        signer = self.key_for(x.host, forged=bool(rude & WHAT))
        signature = signer.sign(self.domains["market"].digest(AGREEMENT, *values))
        broken = {
            **self.open_requirement(x),
            "JobMarketplace_CallerNotUser": sender != x.user,
            "JobMarketplace_DeadlineOutOfRange": not 0 <= seconds <= AGREEMENT_TIME,
            "JobMarketplace_AgreementSignatureInvalid": not self.counts_for(x.host, signer.address),
        }
        arguments = (x.id, amount, deadline, signature)
        self.attempt("market", "closeWithAgreement", arguments, sender, broken)

    def complete(self, pick: int, by_host: bool, rude: int) -> None:
        def overdue(x):
            return x.status == DISPUTED and self.expirable(x)

        # A host may close at any time, and a dispute whose time is over ends first.
        late = by_host and any(map(overdue, self.books.sessions.values()))
        x = self.session(pick, overdue if late else self.runs, rude)
        if x is None:
            return
        if not by_host and not rude and pick % 2:
            self.outrun(x)
        sender = self.sender(x.host if by_host else x.user, pick, rude)
        is_user = sender == x.user
        broken = {
            **self.open_requirement(x),
            "JobMarketplace_CallerNotParty": sender not in {x.user, x.host},
            "JobMarketplace_SessionClosing": is_user and bool(x.closing_at),
            "JobMarketplace_SessionEnded": is_user and not x.closing_at and self.now > x.ends_at,
        }
        self.attempt("market", "completeSession", (x.id,), sender, broken)

    def outrun(self, x: SessionModel) -> None:
        """The host proves more than time allows, so that the bound of promise 7 is what counts from here on."""
        if x.circuit and not x.prompt:
            counts = [self.most_tokens(x)] * MAX_BATCH
            broken = self.proof_requirements(x, x.host, x.proven, counts)
            proofs = self.batch(x, x.proven, counts)
            arguments = (x.id, x.proven, proofs, counts)
            self.attempt("market", "submitProofsAt", arguments, x.host, broken)

    def abandon(self, pick: int, rude: int) -> None:
        x = self.session(pick, self.is_deserted, rude)
        if x is None:
            return
        sender = self.sender(x.user, pick, rude)
        broken = {
            **self.open_requirement(x),
            **self.running_requirements(x, sender),
            "JobMarketplace_TooEarly": not self.is_silent(x),
        }
        self.attempt("market", "claimAbandonedSession", (x.id,), sender, broken)

    def is_silent(self, x: SessionModel) -> bool:
        """Whether nothing was heard of the host for long."""
        last = max(x.opened_at, x.last_evidence, x.claimed_at)
        return self.now > last + ABANDONMENT_PERIOD

    def is_deserted(self, x: SessionModel) -> bool:
        """Whether its user may say that the host left it."""
        return self.runs(x) and self.is_silent(x)

    def closable(self, x: SessionModel) -> bool:
        """Whether anybody can close it by the clock."""
        undecided = not self.expirable(x) if x.status == DISPUTED else x.is_live(self.now)
        return x.is_open and self.now > x.evidence_end and not undecided

    def close_by_clock(self, pick: int, rude: int) -> None:
        x = self.session(pick, self.closable, rude)
        if x is not None:
            self.try_to_close(
                x, self.anyone(pick), finalize=bool(x.closing_at) != bool(rude & WHAT)
            )

    def try_to_close(self, x: SessionModel, sender: str, *, finalize: bool) -> list[Log] | None:
        """By the clock, in one of the two ways."""
        disputed = x.status == DISPUTED
        broken = {
            **self.open_requirement(x),
            "JobMarketplace_SessionNotClosing": finalize and not x.closing_at,
            "JobMarketplace_SessionClosing": not finalize and bool(x.closing_at),
            "JobMarketplace_TooEarly": self.now <= x.evidence_end,
            "JobMarketplace_DisputeOpen": disputed and not self.expirable(x),
            "JobMarketplace_ClaimLive": not disputed and x.is_live(self.now),
        }
        function = "finalizeSession" if finalize else "triggerSessionTimeout"
        return self.attempt("market", function, (x.id,), sender, broken)
