"""Everything that can be done with one-shot jobs, by call or by signature, by anybody, at any second."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.harness.factory import (
    APPROVE,
    BPS,
    CLAIMED,
    DAY,
    GWEI,
    HOUR,
    MINUTE,
    OPEN,
    REJECT,
    REOPEN,
    SPEC,
    SUBMITTED,
)
from tests.stateful.job_model import JobModel
from tests.stateful.stage import Stage, pick, purses, rude
from tests.stateful.world import ZERO

MAX_JOBS = 6
AMOUNTS = {"ether": 10**16 + 1, "usdc": 20_000_001, "deny": 700_003}
INTENTS = {
    "post": "PostJob(address issuer,address payee,address evaluator,address token,uint256 amount,uint256 claimDuration,"
    "uint256 workDuration,uint256 reviewDuration,uint256 claimBond,uint256 rejectFeeBps,bytes32 specHash,uint256 nonce,"
    "uint256 deadline)",
    "cancel": "CancelJob(uint256 jobId,uint256 round,uint256 deadline)",
    "claim": "ClaimJob(uint256 jobId,uint256 round,address worker,uint256 nonce,uint256 deadline)",
    "release": "ReleaseClaim(uint256 jobId,uint256 round,address worker,uint256 nonce,uint256 deadline)",
    "submit": "SubmitWork(uint256 jobId,uint256 round,address worker,bytes32 workHash,uint256 deadline)",
    "verify": "VerifyJob(uint256 jobId,uint256 round,bytes32 workHash,bool approved,bool reopen,uint16 splitBps,"
    "uint256 deadline)",
    "expire": "ExpireJob(uint256 jobId,uint256 round,uint256 deadline)",
}
verdicts = st.sampled_from(
    [APPROVE, REOPEN, REOPEN, REJECT, (False, False, 3_333), (True, True, 0), (False, False, BPS)]
)
by_sig = st.booleans()
days = st.sampled_from([1, 1, 1, 1, 1, 7, 8])
"""How many days an intent counts; more than seven is too many."""


class JobRules(Stage):
    """The factory's functions, one rule for each pair of call and signature."""

    def job(self, pick: int, fits: Any, rude: bool) -> JobModel | None:
        """One of the jobs, mostly one that fits."""
        return self.one(self.books.jobs.values(), pick, fits, rude)

    def wrong_status(self, job: JobModel, wanted: int) -> dict[str, bool]:
        """Nearly every function wants one status."""
        return {"JobFactory_WrongStatus": job.status != wanted}

    # ------------------------------------------------------------------------------- signing

    def signed(
        self, intent: str, values: tuple[Any, ...], signer: str, days: int, *, forged: bool
    ) -> tuple[int, bytes, dict[str, bool]]:
        """An intent's deadline, its signature, and the requirements of both."""
        deadline = self.now + days * DAY
        digest = self.domains["jobs"].digest(INTENTS[intent], *values, deadline)
        keys = {key.address: key for key in self.world.keys.values() if key.secret}
        # The wallet says yes to what its owner signed.
        keys[self.address("wallet")] = self.key("user")
        named = keys.get(signer, self.key("stranger"))
        by = self.key("stranger") if forged else named
        broken = {
            "JobFactory_DeadlineOutOfRange": days > 7,
            "JobFactory_IntentRevoked": (signer, int.from_bytes(digest, "big"))
            in self.books.revoked_intents,
            "JobFactory_SignatureInvalid": by.address != named.address or signer not in keys,
        }
        return deadline, by.sign(digest), broken

    def remember(self, function: str, arguments: tuple[Any, ...], logs: Any) -> None:
        """A signature that was carried out must not be carried out again."""
        if logs is not None:
            self.intents.append((function, arguments))

    @precondition(lambda self: self.intents)
    @rule(pick=pick, other=pick)
    def replay_an_intent(self, pick, other):
        """Whatever was carried out once is refused for ever after, whatever round or status came since."""
        function, arguments = self.intents[pick % len(self.intents)]
        request = self.world.request("jobs", function, arguments, self.anyone(other), 0)
        refusal = self.world.refusal(request)
        assert refusal is not None, f"{function} passes twice"
        assert refusal.startswith("JobFactory_"), refusal

    @rule(pick=pick, days=days)
    def revoke_intent(self, pick, days):
        """An issuer voids a cancellation that it may have signed."""
        job = self.job(pick, lambda j: j.is_held, False)
        if job is None:
            return
        deadline = self.now + days * DAY
        digest = self.domains["jobs"].digest(INTENTS["cancel"], job.id, job.round, deadline)
        self.attempt("jobs", "revokeIntent", (digest,), job.issuer, {})
        arguments = (job.id, deadline, self.key("issuer").sign(digest))
        broken = {
            **self.wrong_status(job, OPEN),
            "JobFactory_IntentRevoked": True,
            "JobFactory_DeadlineOutOfRange": days > 7,
        }
        self.attempt("jobs", "cancelJobBySig", arguments, self.address("relayer"), broken)

    # ------------------------------------------------------------------------------- posting

    @initialize(
        purse=purses,
        evaluator=st.sampled_from(["", "evaluator"]),
        bond=st.sampled_from([0, 10**15]),
        fee=st.sampled_from([0, 777, 5_000]),
    )
    def first_job(self, purse, evaluator, bond, fee):
        self._post("issuer", "", evaluator, purse, bond, fee, False, 1, False)

    @precondition(lambda self: len(self.books.jobs) < MAX_JOBS)
    @rule(
        issuer=st.sampled_from(["issuer", "issuer", "wallet", "refuser", "user"]),
        payee=st.sampled_from(["", "", "worker", "stranger", "issuer"]),
        evaluator=st.sampled_from(["", "evaluator"]),
        purse=purses,
        bond=st.sampled_from([0, 0, 5 * GWEI, 10**15]),
        fee=st.sampled_from([0, 0, 777, 777, 5_000, 5_001]),
        by_sig=by_sig,
        days=days,
        rude=rude,
    )
    def post(self, issuer, payee, evaluator, purse, bond, fee, by_sig, days, rude):
        self._post(issuer, payee, evaluator, purse, bond, fee, by_sig, days, rude)

    def _post(self, issuer, payee, evaluator, purse, bond, fee, by_sig, days, rude):
        self.make_ready("jobs", purse, rude)
        settings, token, poster = (
            self.books.settings["jobs"],
            self.tokens[purse],
            self.address(issuer),
        )
        payee = self.address(payee) if payee else ZERO
        evaluator = self.address(evaluator) if evaluator else ZERO
        durations = (3 * DAY, DAY + HOUR, 40 * MINUTE) if fee else (2 * HOUR, 20 * MINUTE, DAY)
        if rude:
            durations = (2 * HOUR + 1, *durations[1:])
        terms = (payee, evaluator, token, AMOUNTS[purse], *durations, bond, fee, SPEC)
        allowed, least = settings.tokens[token]
        broken = {
            "EnforcedPause": settings.paused,
            "JobFactory_RolesCollide": payee != ZERO and payee in (poster, evaluator),
            "JobFactory_TokenNotAllowed": not allowed or (by_sig and token == ZERO),
            "JobFactory_AmountOutOfRange": AMOUNTS[purse] < least,
            "JobFactory_DurationNotWholeMinutes": rude,
            "JobFactory_RejectFeeTooHigh": fee > 5_000,
            "DenylistToken_Denied": self.cannot_move(token, poster),
        }
        if not by_sig:
            value = AMOUNTS[purse] if token == ZERO else 0
            self.attempt("jobs", "postJob", (terms,), poster, broken, value)
            return
        nonce = self.books.nonces[poster]
        values = (poster, *terms, nonce)
        deadline, signature, more = self.signed("post", values, poster, days, forged=rude)
        arguments = (terms, poster, deadline, signature)
        relayer = self.address("relayer")
        logs = self.attempt("jobs", "postJobBySig", arguments, relayer, broken | more)
        self.remember("postJobBySig", arguments, logs)

    @precondition(lambda self: any(j.is_held for j in self.books.jobs.values()))
    @rule(
        pick=pick,
        how=st.sampled_from(["cancel", "expire", "expire", "silence", "silence"]),
        by_sig=by_sig,
        days=days,
        rude=rude,
    )
    def end_a_job(self, pick, how, by_sig, days, rude):
        if how == "cancel":
            self.cancel(pick, by_sig, days, rude)
        elif how == "expire":
            self.expire_job(pick, by_sig, days, rude)
        else:
            self.default(pick, rude)

    def cancel(self, pick: int, by_sig: bool, days: int, rude: bool) -> None:
        job = self.job(pick, lambda j: j.status == OPEN, rude)
        if job is None:
            return
        if by_sig:
            self._by_sig("cancel", "cancelJobBySig", job, (), job.issuer, days, rude, OPEN, {})
            return
        sender = self.anyone(pick) if rude else job.issuer
        broken = {
            **self.wrong_status(job, OPEN),
            "JobFactory_NotIssuer": not self.books.acts_for(job.issuer, sender, self.now),
        }
        self.attempt("jobs", "cancelJob", (job.id,), sender, broken)

    def _by_sig(
        self,
        intent: str,
        function: str,
        job: JobModel,
        values: tuple[Any, ...],
        signer: str,
        days: int,
        forged: bool,
        status: int | None,
        broken: dict[str, bool],
    ) -> None:
        """An intent about a job and its round, whose arguments are its values."""
        signed = (job.id, job.round, *values)
        deadline, signature, more = self.signed(intent, signed, signer, days, forged=forged)
        if status is not None:
            broken = broken | self.wrong_status(job, status)
        arguments = (job.id, *values, deadline, signature)
        if intent == "release":
            arguments = (job.id, deadline, signature)
        elif intent == "submit":
            arguments = (job.id, values[1], deadline, signature)
        logs = self.attempt("jobs", function, arguments, self.address("relayer"), broken | more)
        self.remember(function, arguments, logs)

    # ---------------------------------------------------------------------------------- work

    @precondition(lambda self: any(j.status == OPEN for j in self.books.jobs.values()))
    @rule(
        pick=pick,
        who=st.sampled_from(
            ["worker", "worker", "worker", "other_host", "other_host", "issuer", "evaluator"]
        ),
        by_sig=by_sig,
        days=days,
        rude=rude,
    )
    def claim_job(self, pick, who, by_sig, days, rude):
        job = self.job(pick, lambda j: j.status == OPEN and self.now <= j.deadline, rude)
        if job is None:
            return
        worker = self.address(who)
        if job.payee != ZERO and not rude:
            worker = job.payee
        value = job.claim_bond + (1 if rude else 0)
        named = job.payee != ZERO
        broken = {
            **self.wrong_status(job, OPEN),
            "JobFactory_TooLate": self.now > job.deadline,
            "JobFactory_NotPayee": named and worker != job.payee,
            "JobFactory_RolesCollide": not named and worker in (job.issuer, job.verifier),
            "JobFactory_WorkerNotActive": not named and not self.books.is_active(worker),
            "Payments_ValueMismatch": value != job.claim_bond,
        }
        if not by_sig:
            self.attempt("jobs", "claimJob", (job.id,), worker, broken, value)
            return
        values = (job.id, job.round, worker, self.books.nonces[worker])
        deadline, signature, more = self.signed("claim", values, worker, days, forged=rude)
        arguments = (job.id, worker, deadline, signature)
        relayer = self.address("relayer")
        logs = self.attempt("jobs", "claimJobBySig", arguments, relayer, broken | more, value)
        self.remember("claimJobBySig", arguments, logs)

    @precondition(lambda self: any(j.status == CLAIMED for j in self.books.jobs.values()))
    @rule(pick=pick, by_sig=by_sig, days=days, rude=rude)
    def release(self, pick, by_sig, days, rude):
        job = self.job(pick, lambda j: j.status == CLAIMED and self.now <= j.deadline, rude)
        if job is None:
            return
        broken = {
            **self.wrong_status(job, CLAIMED),
            "JobFactory_TooLate": self.now > job.deadline,
        }
        if by_sig:
            values = (job.worker, self.books.nonces[job.worker])
            self._by_sig(
                "release", "releaseClaimBySig", job, values, job.worker, days, rude, CLAIMED, broken
            )
            return
        sender = self.anyone(pick) if rude else job.worker
        if sender != ZERO:
            broken["JobFactory_NotWorker"] = sender != job.worker
            self.attempt("jobs", "releaseClaim", (job.id,), sender, broken)

    @precondition(lambda self: any(j.status == CLAIMED for j in self.books.jobs.values()))
    @rule(pick=pick, by_sig=by_sig, days=days, rude=rude)
    def submit(self, pick, by_sig, days, rude):
        job = self.job(pick, lambda j: j.status == CLAIMED and self.now <= j.deadline, rude)
        if job is None:
            return
        work = bytes(32) if rude and pick % 2 else bytes([pick, 1]) * 16
        broken = {
            **self.wrong_status(job, CLAIMED),
            "JobFactory_TooLate": self.now > job.deadline,
            "JobFactory_WorkHashZero": work == bytes(32),
        }
        if by_sig:
            values = (job.worker, work)
            self._by_sig(
                "submit", "submitWorkBySig", job, values, job.worker, days, rude, CLAIMED, broken
            )
            return
        sender = self.anyone(pick) if rude else job.worker
        if sender != ZERO:
            broken["JobFactory_NotWorker"] = sender != job.worker
            self.attempt("jobs", "submitWork", (job.id, work), sender, broken)

    # ------------------------------------------------------------------------------- verdict

    def verdict_requirements(
        self, job: JobModel, verdict: tuple[bool, bool, int]
    ) -> dict[str, bool]:
        """Those of what is said, whoever says it."""
        approved, reopen, split = verdict
        asked = approved + reopen + (split != 0)
        return {
            **self.wrong_status(job, SUBMITTED),
            "JobFactory_VerdictContradictory": asked > 1,
            "JobFactory_SplitOutOfRange": split >= BPS,
            "JobFactory_TooLate": not approved and self.now > job.deadline,
            "JobFactory_RoundsExhausted": reopen and job.round == 3,
        }

    @precondition(lambda self: any(j.status == SUBMITTED for j in self.books.jobs.values()))
    @rule(
        pick=pick,
        verdict=verdicts,
        who=st.sampled_from(["verifier", "verifier", "issuer", "operator", "anyone"]),
        by_sig=by_sig,
        days=days,
        rude=rude,
    )
    def judge(self, pick, verdict, who, by_sig, days, rude):
        job = self.job(pick, lambda j: j.status == SUBMITTED, rude)
        if job is None:
            return
        approved = verdict[0]
        people = {
            "verifier": job.verifier,
            "issuer": job.issuer,
            "operator": self.address("operator"),
            "anyone": self.anyone(pick),
        }
        judge = people[who]
        broken = self.verdict_requirements(job, verdict)
        if by_sig:
            work = job.work if not rude else job.work + 2**96
            values = (job.id, job.round, work.to_bytes(32, "big"), *verdict)
            deadline, signature, more = self.signed("verify", values, judge, days, forged=rude)
            is_issuer = approved and judge == job.issuer
            broken["JobFactory_NotVerifier"] = judge != job.verifier and not is_issuer
            broken["JobFactory_WorkHashMismatch"] = work != job.work
            arguments = (job.id, work.to_bytes(32, "big"), *verdict, judge, deadline, signature)
            logs = self.attempt(
                "jobs", "verifyJobBySig", arguments, self.address("relayer"), broken | more
            )
            self.remember("verifyJobBySig", arguments, logs)
            return
        in_its_place = (
            (approved or job.verifier == job.issuer)
            and self.books.acts_for(job.issuer, judge, self.now)
            and judge != job.worker
        )
        broken["JobFactory_NotVerifier"] = judge != job.verifier and not in_its_place
        self.attempt("jobs", "verifyJob", (job.id, *verdict), judge, broken)

    def default(self, pick: int, rude: bool) -> None:
        """Silence pays."""
        job = self.job(pick, lambda j: j.status == SUBMITTED and self.now > j.deadline, rude)
        if job is not None:
            broken = {
                **self.wrong_status(job, SUBMITTED),
                "JobFactory_TooEarly": self.now <= job.deadline,
            }
            self.attempt("jobs", "claimByDefault", (job.id,), self.anyone(pick), broken)

    def expire_job(self, pick: int, by_sig: bool, days: int, rude: bool) -> None:
        def late(job):
            return job.status in (OPEN, CLAIMED) and self.now > job.deadline

        job = self.job(pick, late, rude)
        if job is None:
            return
        broken = {
            "JobFactory_NotExpirable": job.status not in (OPEN, CLAIMED),
            "JobFactory_TooEarly": self.now <= job.deadline,
        }
        if by_sig:
            self._by_sig("expire", "expireJobBySig", job, (), job.issuer, days, rude, None, broken)
        else:
            self.attempt("jobs", "expireJob", (job.id,), self.anyone(pick), broken)

    @rule(
        issuer=st.sampled_from(["issuer", "user", "refuser"]),
        operator=st.sampled_from(["operator", "worker"]),
        seconds=st.sampled_from([0, HOUR, DAY, 365 * DAY, 366 * DAY]),
    )
    def appoint(self, issuer, operator, seconds):
        """An issuer hands its power to an operator, or takes it back."""
        until = self.now + seconds if seconds else 0
        broken = {"JobFactory_OperatorTermTooLong": until > self.now + 365 * DAY}
        arguments = (self.address(operator), until)
        self.attempt("jobs", "setOperator", arguments, self.address(issuer), broken)
