"""Everything that can be done with sessions, by anybody, at any second."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.harness.escrow import (
    ABANDONMENT_PERIOD,
    ACTIVE,
    COMMITMENT,
    DISPUTED,
    INPUT_BOUND,
    MAX_BATCH,
    MAX_TOKENS,
    METERED,
    MINUTE,
    PRICE_UNIT,
    stub_proof,
)
from tests.stateful.session_model import SessionModel
from tests.stateful.stage import Stage, pick, purses, rude
from tests.stateful.world import ZERO, Log
from tests.stateful.world_setup import session_tag

MAX_SESSIONS = 6
VOUCHER = "Voucher(uint256 jobId,address host,uint64 cumulativeTokens)"
AGREEMENT = "CloseAgreement(uint256 jobId,address user,address host,uint64 tokens,uint256 deadline)"
DEPOSITS = {"ether": 10**16, "usdc": 4_000_000, "deny": 900_000}
PRICES = {"ether": 3 * 10**15 + 7, "usdc": 700_001, "deny": 90_003}
tokens = st.integers(1, 6_000)
CLOSINGS = ("clock", "user", "user", "abandon", "voucher", "agreement", "host", "clock")


class SessionRules(Stage):
    """The marketplace's functions, one rule each or a few of a kind."""

    # ------------------------------------------------------------------------------ choosing

    def session(self, pick: int, fits: Any, rude: bool) -> SessionModel | None:
        """One of the sessions, mostly one that fits."""
        return self.one(self.books.sessions.values(), pick, fits, rude)

    def sender(self, right: str, pick: int, rude: bool) -> str:
        """Who should call, mostly."""
        return self.anyone(pick) if rude else right

    def open_requirement(self, x: SessionModel) -> dict[str, bool]:
        """Nearly every function wants an open session."""
        return {"JobMarketplace_SessionNotOpen": not x.is_open}

    # ------------------------------------------------------------------------------- opening

    @initialize(
        purse=purses,
        rate=st.integers(1, 400),
        interval=st.integers(1, 900),
        roles=st.tuples(st.booleans(), st.booleans(), st.sampled_from([0, 0, 3_000])),
    )
    def first_sessions(self, purse, rate, interval, roles):
        for user, host in (("user", "host"), ("other_user", "other_host")):
            self._open(user, host, purse, rate, interval, roles, METERED, "openSession", False)

    @precondition(lambda self: len(self.books.sessions) < MAX_SESSIONS)
    @rule(
        user=st.sampled_from(["user", "other_user", "refuser", "wallet", "host"]),
        host=st.sampled_from(["host", "host", "other_host", "worker"]),
        purse=purses,
        rate=st.integers(1, 400),
        interval=st.integers(1, 900),
        roles=st.tuples(st.booleans(), st.booleans(), st.sampled_from([0, 0, 3_000])),
        circuit=st.sampled_from([METERED, METERED, METERED, INPUT_BOUND, 0]),
        form=st.sampled_from(["openSession", "openSession", "createSessionJob"]),
        rude=rude,
    )
    def open(self, user, host, purse, rate, interval, roles, circuit, form, rude):
        if rude:
            rate, interval, circuit = (0, interval, 99) if rate % 2 else (rate, 0, circuit)
        self._open(user, host, purse, rate, interval, roles, circuit, form, rude)

    def _open(self, user, host, purse, rate, interval, roles, circuit, form, rude):
        arbiter, capped, cap = roles
        self.make_ready("market", purse, rude)
        market, token = self.books.settings["market"], self.tokens[purse]
        payer, payee = self.address(user), self.address(host)
        duration = MINUTE if rude else 3_000
        terms = {
            "host": payee,
            "token": token,
            "deposit": DEPOSITS[purse],
            "price": PRICES[purse],
            "duration": duration,
            "interval": interval,
            "rate": rate,
            "circuit": circuit,
            "signer": self.address("voucher_signer") if capped else ZERO,
            "cap": cap,
            "watcher": self.address("watcher"),
            "arbiter": self.address("arbiter") if arbiter else ZERO,
        }
        arguments: tuple[Any, ...] = (tuple(terms.values()),)
        if form != "openSession":
            circuit, rate = market.defaults
            arguments = (payee, token, DEPOSITS[purse], PRICES[purse], duration, interval)
            form = "createSessionJobWithToken"
            if token == ZERO:
                form, arguments = "createSessionJob", (payee, *arguments[2:])
        allowed, least = market.tokens[token]
        bought = DEPOSITS[purse] * PRICE_UNIT // PRICES[purse]
        broken = {
            "EnforcedPause": market.paused,
            "JobMarketplace_HostNotActive": not self.books.is_active(payee),
            "JobMarketplace_RolesCollide": payer == payee,
            "JobMarketplace_TokenNotAllowed": not allowed,
            "JobMarketplace_DepositOutOfRange": DEPOSITS[purse] < least,
            "JobMarketplace_DurationOutOfRange": duration < 10 * MINUTE,
            "JobMarketplace_ProofIntervalOutOfRange": interval == 0,
            "JobMarketplace_RateOutOfRange": rate == 0,
            "JobMarketplace_DepositBuysTooLittle": bought < interval,
            "JobMarketplace_CircuitUnknown": circuit == 99,
            "JobMarketplace_CircuitRevoked": circuit in self.books.revoked_circuits,
            "DenylistToken_Denied": self.cannot_move(token, payer),
        }
        value = DEPOSITS[purse] if token == ZERO else 0
        self.attempt("market", form, arguments, payer, broken, value)

    @precondition(lambda self: len(self.books.sessions) < MAX_SESSIONS)
    @rule(
        purse=purses,
        circuit=st.sampled_from([INPUT_BOUND, METERED, 0]),
        arbiter=st.booleans(),
    )
    def open_prompt(self, purse, circuit, arbiter):
        self.make_ready("market", purse, circuit == METERED)
        market, token = self.books.settings["market"], self.tokens[purse]
        allowed, least = market.tokens[token]
        conditions = (COMMITMENT, 10) if circuit else (0, 0)
        judge = self.address("arbiter") if arbiter else ZERO
        host, user, payment = self.address("host"), self.address("user"), DEPOSITS[purse]
        broken = {
            "EnforcedPause": market.paused,
            "JobMarketplace_HostNotActive": not self.books.is_active(host),
            "JobMarketplace_TokenNotAllowed": not allowed,
            "JobMarketplace_DepositOutOfRange": payment < least,
            "JobMarketplace_CircuitNotInputBound": circuit == METERED,
            "JobMarketplace_CircuitRevoked": circuit in self.books.revoked_circuits,
            "DenylistToken_Denied": self.cannot_move(token, user),
        }
        arguments = (host, token, payment, circuit, *conditions, 3_000, judge)
        value = payment if token == ZERO else 0
        self.attempt("market", "createPromptJob", arguments, user, broken, value)

    @precondition(lambda self: any(x.is_open for x in self.books.sessions.values()))
    @rule(pick=pick, amount=st.integers(0, 10**6), longer=st.booleans(), rude=rude)
    def grow(self, pick, amount, longer, rude):
        if longer:
            self.extend(pick, amount // 5, rude)
        else:
            self.top_up(pick, amount, rude)

    def top_up(self, pick: int, amount: int, rude: bool) -> None:
        x = self.session(pick, lambda x: self.runs(x) and not x.prompt, rude)
        if x is None:
            return
        sender = self.sender(x.user, pick, rude)
        broken = {
            "EnforcedPause": self.books.settings["market"].paused,
            **self.open_requirement(x),
            **self.running_requirements(x, sender),
            "JobMarketplace_NotMetered": x.prompt,
            "JobMarketplace_AmountZero": amount == 0,
            "DenylistToken_Denied": self.cannot_move(x.token, sender),
        }
        value = amount if x.token == ZERO else 0
        self.attempt("market", "topUp", (x.id, amount), sender, broken, value)

    def extend(self, pick: int, seconds: int, rude: bool) -> None:
        x = self.session(pick, self.runs, rude)
        if x is None:
            return
        sender = self.sender(x.user, pick, rude)
        broken = {
            **self.open_requirement(x),
            **self.running_requirements(x, sender),
            "JobMarketplace_DurationOutOfRange": seconds == 0,
        }
        self.attempt("market", "extend", (x.id, x.ends_at + seconds), sender, broken)

    def runs(self, x: SessionModel) -> bool:
        """Neither closing nor ended."""
        return x.is_open and not x.closing_at and self.now <= x.ends_at

    def running_requirements(self, x: SessionModel, sender: str) -> dict[str, bool]:
        """Those of what a user does with a session that runs."""
        return {
            "JobMarketplace_CallerNotUser": sender != x.user,
            "JobMarketplace_SessionClosing": bool(x.closing_at),
            "JobMarketplace_SessionEnded": not x.closing_at and self.now > x.ends_at,
        }

    # ------------------------------------------------------------------------------ evidence

    def provable(self, x: SessionModel) -> bool:
        """Evidence is open, or answers an open dispute."""
        answering = x.status == DISPUTED and self.now <= x.dispute_deadline
        return x.is_open and x.circuit != 0 and (self.now <= x.evidence_end or answering)

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
            "JobMarketplace_ProofRejected": x.circuit in self.books.revoked_circuits
            or any(n > MAX_TOKENS for n in counts),
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
        rude=rude,
    )
    def prove(self, pick, counts, offset, how, rude):
        x = self.session(pick, self.provable, rude)
        if x is None:
            return
        sender = self.sender(x.host, pick, rude)
        first = x.proven
        if x.prompt and not rude:
            counts = [max(10, counts[0])]
        if how in ("submitProofsAt", "claimWithProof"):
            room = x.covered(self.now) - x.proven
            first += offset if rude else min(offset, room)
        if how == "submitProofOfWork":
            counts = counts[:1]
        if rude:
            counts = [*counts, MAX_TOKENS + 1] if offset % 2 else counts * 6
            counts = counts[:1] if how == "submitProofOfWork" else counts
        proofs = self.batch(x, first, counts)
        broken = self.proof_requirements(x, sender, first, counts)
        arguments: tuple[Any, ...] = (x.id, proofs, counts)
        if how in ("submitProofsAt", "claimWithProof"):
            arguments = (x.id, first, proofs, counts)
        elif how == "submitProofOfWork":
            arguments = (x.id, proofs[0], counts[0])
        if self.attempt("market", how, arguments, sender, broken):
            self.proofs.append((x.id, first, counts[0], proofs[0]))

    @precondition(lambda self: self.proofs)
    @rule(pick=pick, other=pick, cached=st.booleans())
    def replay_a_proof(self, pick, other, cached):
        """A proof that counted is sent again, where it was or elsewhere; or cached, by anybody."""
        job, first, count, proof = self.proofs[pick % len(self.proofs)]
        x = self.books.sessions[job]
        if cached:
            tag = session_tag(self.world.faces["market"].address, x.id, x.host, first)
            broken = {"ProofSystem_CircuitRevoked": x.circuit in self.books.revoked_circuits}
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
            **self.voucher_requirements(x, rude),
            "JobMarketplace_VoucherNotNewer": self.counts_as(x, amount) <= x.acked,
        }
        arguments = (x.id, amount, self.voucher(x, amount, forged=rude))
        self.attempt("market", "redeemVoucher", arguments, self.anyone(pick), broken)

    @precondition(lambda self: any(x.is_open for x in self.books.sessions.values()))
    @rule(pick=pick, share=st.integers(1, 1_000), rude=rude)
    def claim(self, pick, share, rude):
        def fits(x):
            judged = x.arbiter != ZERO or x.circuit not in (0, *self.books.revoked_circuits)
            in_time = self.now <= x.evidence_end and not x.claims_off
            due = not x.is_live(self.now) and not (x.prompt and x.covered(self.now))
            return x.status == ACTIVE and judged and in_time and due

        x = self.session(pick, fits, rude)
        if x is None:
            return
        sender = self.sender(x.host, pick, rude)
        covered = x.covered(self.now)
        most = 1 if x.prompt else covered + x.interval
        amount = covered + 1 + share if rude else covered + 1 + share % x.interval
        judged = x.arbiter != ZERO
        broken = {
            "JobMarketplace_SessionNotActive": x.status != ACTIVE,
            "JobMarketplace_CallerNotHost": sender != x.host,
            "JobMarketplace_EvidenceClosed": self.now > x.evidence_end,
            "JobMarketplace_ClaimsOff": x.claims_off,
            "JobMarketplace_ClaimLive": x.is_live(self.now),
            "JobMarketplace_ClaimsNeedJudge": not judged and x.circuit == 0,
            "JobMarketplace_CircuitRevoked": not judged
            and x.circuit in self.books.revoked_circuits,
            "JobMarketplace_ClaimOutOfRange": not covered < amount <= most,
        }
        self.attempt("market", "claimTokens", (x.id, amount, bytes(32)), sender, broken)

    # ------------------------------------------------------------------------------ disputes

    @precondition(lambda self: any(x.claimed > x.standing for x in self.books.sessions.values()))
    @rule(pick=pick, rude=rude, by_user=st.booleans())
    def contest(self, pick, rude, by_user):
        def fits(x):
            judged = x.arbiter != ZERO or x.circuit not in self.books.revoked_circuits
            return x.status == ACTIVE and x.is_live(self.now) and judged

        x = self.session(pick, fits, rude)
        if x is None:
            return
        named = x.user if by_user or x.watcher == ZERO else x.watcher
        sender = self.sender(named, pick, rude)
        value = 0 if rude and pick % 2 else 10**17
        broken = {
            "JobMarketplace_SessionNotActive": x.status != ACTIVE,
            "JobMarketplace_CallerNotParty": sender not in {x.user, x.watcher},
            "JobMarketplace_NoLiveClaim": not x.is_live(self.now),
            "JobMarketplace_CircuitRevoked": x.arbiter == ZERO
            and x.circuit in self.books.revoked_circuits,
            "JobMarketplace_BondTooLow": value == 0,
        }
        self.attempt("market", "raiseDispute", (x.id, b"\x0e" * 32), sender, broken, value)

    @precondition(lambda self: any(x.status == DISPUTED for x in self.books.sessions.values()))
    @rule(pick=pick, amount=tokens, rude=rude)
    def rule_on(self, pick, amount, rude):
        def fits(x):
            in_time = self.now <= x.dispute_deadline
            return x.status == DISPUTED and x.arbiter != ZERO and in_time

        x = self.session(pick, fits, rude)
        if x is None:
            return
        sender = self.sender(self.address("arbiter"), pick, rude)
        amount = amount if rude else min(amount, x.claimed)
        broken = {
            "JobMarketplace_NotDisputed": x.status != DISPUTED,
            "JobMarketplace_CallerNotArbiter": sender != x.arbiter,
            "JobMarketplace_DisputeExpired": self.now > x.dispute_deadline,
            "JobMarketplace_RulingTooHigh": amount > x.claimed,
        }
        self.attempt("market", "resolveDispute", (x.id, amount), sender, broken)

    def expirable(self, x: SessionModel) -> bool:
        """Whether a dispute's time is over, or its circuit was revoked within it."""
        revoked = self.books.revoked_circuits.get(x.circuit)
        stands = x.arbiter == ZERO and revoked is not None and revoked <= x.dispute_deadline
        return stands or self.now > x.dispute_deadline

    @precondition(lambda self: any(x.status == DISPUTED for x in self.books.sessions.values()))
    @rule(pick=pick, rude=rude)
    def expire_dispute(self, pick, rude):
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
        minutes=st.sampled_from([0, 5, 10, 11]),
        rude=rude,
    )
    def close(self, pick, how, amount, minutes, rude):
        if how == "voucher":
            self.close_with_voucher(pick, amount, rude)
        elif how == "agreement":
            self.close_with_agreement(pick, amount, minutes, rude)
        elif how == "clock":
            self.close_by_clock(pick, rude)
        elif how == "abandon":
            self.abandon(pick, rude)
        else:
            self.complete(pick, how == "host", rude)

    def close_with_voucher(self, pick: int, amount: int, rude: bool) -> None:
        x = self.session(pick, lambda x: x.is_open and x.user != self.address("wallet"), rude)
        if x is None:
            return
        sender = self.sender(x.host, pick, rude)
        broken = {
            **self.open_requirement(x),
            **self.voucher_requirements(x, rude),
            "JobMarketplace_CallerNotHost": sender != x.host,
        }
        arguments = (x.id, amount, self.voucher(x, amount, forged=rude))
        self.attempt("market", "closeWithVoucher", arguments, sender, broken)

    def close_with_agreement(self, pick: int, amount: int, minutes: int, rude: bool) -> None:
        x = self.session(pick, lambda x: x.is_open, rude)
        if x is None:
            return
        sender = self.sender(x.user, pick, rude)
        deadline = self.now + minutes * MINUTE
        values = (x.id, x.user, x.host, amount, deadline)
        signers = {key.address: key for key in self.world.keys.values() if key.secret}
        signer = self.key("stranger") if rude else signers[x.host]
        signature = signer.sign(self.domains["market"].digest(AGREEMENT, *values))
        broken = {
            **self.open_requirement(x),
            "JobMarketplace_CallerNotUser": sender != x.user,
            "JobMarketplace_DeadlineOutOfRange": minutes > 10,
            "JobMarketplace_AgreementSignatureInvalid": signer.address != x.host,
        }
        arguments = (x.id, amount, deadline, signature)
        self.attempt("market", "closeWithAgreement", arguments, sender, broken)

    def complete(self, pick: int, by_host: bool, rude: bool) -> None:
        x = self.session(pick, self.runs, rude)
        if x is None:
            return
        sender = self.sender(x.host if by_host else x.user, pick, rude)
        is_user = sender == x.user
        broken = {
            **self.open_requirement(x),
            "JobMarketplace_CallerNotParty": sender not in {x.user, x.host},
            "JobMarketplace_SessionClosing": is_user and bool(x.closing_at),
            "JobMarketplace_SessionEnded": is_user and not x.closing_at and self.now > x.ends_at,
        }
        self.attempt("market", "completeSession", (x.id,), sender, broken)

    def abandon(self, pick: int, rude: bool) -> None:
        def silent(x):
            last = max(x.opened_at, x.last_evidence, x.claimed_at)
            return self.now > last + ABANDONMENT_PERIOD

        x = self.session(pick, lambda x: self.runs(x) and silent(x), rude)
        if x is None:
            return
        sender = self.sender(x.user, pick, rude)
        broken = {
            **self.open_requirement(x),
            **self.running_requirements(x, sender),
            "JobMarketplace_TooEarly": not silent(x),
        }
        self.attempt("market", "claimAbandonedSession", (x.id,), sender, broken)

    def closable(self, x: SessionModel) -> bool:
        """Whether anybody can close it by the clock."""
        undecided = not self.expirable(x) if x.status == DISPUTED else x.is_live(self.now)
        return x.is_open and self.now > x.evidence_end and not undecided

    def close_by_clock(self, pick: int, rude: bool) -> None:
        x = self.session(pick, self.closable, rude)
        if x is not None:
            self.try_to_close(
                x, self.anyone(pick), finalize=bool(x.closing_at) != (rude and pick % 2)
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
