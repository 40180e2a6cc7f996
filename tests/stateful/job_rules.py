"""Everything that can be done with one-shot jobs that are there, by call or by signature, by anybody, at any second."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.harness.factory import APPROVE, BPS, CLAIMED, DAY, HOUR, OPEN, REJECT, REOPEN, SUBMITTED
from tests.stateful.job_model import JobModel
from tests.stateful.job_posting_rules import JobPostingRules, by_sig, times
from tests.stateful.stage import WHAT, WHICH, WHO, pick, rude
from tests.stateful.world import ZERO

YEAR = 365 * DAY
WORKERS = (
    "worker",
    "worker",
    "worker",
    "other_host",
    "other_host",
    "wallet",
    "issuer",
    "evaluator",
)
verdicts = st.sampled_from(
    [APPROVE, REOPEN, REOPEN, REJECT, (False, False, 3_333), (True, True, 0), (False, False, BPS)]
)


class JobRules(JobPostingRules):
    """The factory's functions, one rule for each pair of call and signature."""

    # -------------------------------------------------------------------------------- ending

    @precondition(lambda self: any(j.is_held for j in self.books.jobs.values()))
    @rule(
        pick=pick,
        how=st.sampled_from(["cancel", "expire", "expire", "silence", "silence"]),
        by_sig=by_sig,
        seconds=times,
        rude=rude,
    )
    def end_a_job(self, pick, how, by_sig, seconds, rude):
        if how == "cancel":
            self.cancel(pick, by_sig, seconds, rude)
        elif how == "expire":
            self.expire_job(pick, by_sig, seconds, rude)
        else:
            self.default(pick, rude)

    def cancel(self, pick: int, by_sig: bool, seconds: int, rude: int) -> None:
        job = self.job(pick, lambda j: j.status == OPEN, rude)
        if job is None:
            return
        if by_sig:
            self._by_sig("cancel", "cancelJobBySig", job, (), job.issuer, seconds, rude, OPEN, {})
            return
        sender = self.anyone(pick) if rude & WHO else job.issuer
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
        seconds: int,
        forged: bool,
        status: int | None,
        broken: dict[str, bool],
    ) -> None:
        """An intent about a job and its round, whose arguments are its values."""
        signed = (job.id, job.round, *values)
        deadline, signature, more = self.signed(intent, signed, signer, seconds, forged=forged)
        if status is not None:
            broken = broken | self.wrong_status(job, status)
        arguments = (job.id, *values, deadline, signature)
        if intent == "release":
            arguments = (job.id, deadline, signature)
        elif intent == "submit":
            arguments = (job.id, values[1], deadline, signature)
        logs = self.attempt("jobs", function, arguments, self.address("relayer"), broken | more)
        self.remember(function, arguments, signer, logs)

    # ---------------------------------------------------------------------------------- work

    @precondition(lambda self: any(j.is_held for j in self.books.jobs.values()))
    @rule(
        pick=pick,
        who=st.sampled_from(WORKERS),
        verdict=verdicts,
        judge=st.sampled_from(["verifier", "verifier", "issuer", "operator", "worker", "anyone"]),
        by_sig=by_sig,
        seconds=times,
        rude=rude,
    )
    def go_on(self, pick, who, verdict, judge, by_sig, seconds, rude):
        """What comes next for a job; one rule, so that most histories have all of it."""
        job = self.job(pick, lambda j: j.is_held, rude)
        status = OPEN if job is None else job.status
        if status == OPEN or (rude & WHICH and pick % 4 == 0):
            self.claim_job(pick, who, by_sig, seconds, rude)
        elif status == CLAIMED and pick % 5 == 0:
            self.release(pick, by_sig, seconds, rude)
        elif status == CLAIMED or (rude & WHICH and pick % 4 == 1):
            self.submit(pick, by_sig, seconds, rude)
        else:
            self.judge(pick, verdict, judge, by_sig, seconds, rude)

    # A job takes many steps and has but one rule.
    go_further = go_on_again = go_on_still = go_on

    def claim_job(self, pick: int, who: str, by_sig: bool, seconds: int, rude: int) -> None:
        """A worker, or mostly not one, takes what is open."""
        job = self.job(pick, lambda j: j.status == OPEN and self.now <= j.deadline, rude)
        if job is None:
            return
        worker = self.address(who)
        if job.payee != ZERO and not rude & WHO:
            worker = job.payee
        value = job.claim_bond + (1 if rude & WHAT else 0)
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
        deadline, signature, more = self.signed(
            "claim", values, worker, seconds, forged=bool(rude & WHO)
        )
        arguments = (job.id, worker, deadline, signature)
        relayer = self.address("relayer")
        logs = self.attempt("jobs", "claimJobBySig", arguments, relayer, broken | more, value)
        self.remember("claimJobBySig", arguments, worker, logs)

    def release(self, pick: int, by_sig: bool, seconds: int, rude: int) -> None:
        """A worker gives back what it claimed."""
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
                "release",
                "releaseClaimBySig",
                job,
                values,
                job.worker,
                seconds,
                rude,
                CLAIMED,
                broken,
            )
            return
        sender = self.anyone(pick) if rude & WHO else job.worker
        if sender != ZERO:
            broken["JobFactory_NotWorker"] = sender != job.worker
            self.attempt("jobs", "releaseClaim", (job.id,), sender, broken)

    def submit(self, pick: int, by_sig: bool, seconds: int, rude: int) -> None:
        """The work is handed in."""
        job = self.job(pick, lambda j: j.status == CLAIMED and self.now <= j.deadline, rude)
        if job is None:
            return
        work = bytes(32) if rude & WHAT else bytes([pick, 1]) * 16
        broken = {
            **self.wrong_status(job, CLAIMED),
            "JobFactory_TooLate": self.now > job.deadline,
            "JobFactory_WorkHashZero": work == bytes(32),
        }
        if by_sig:
            values = (job.worker, work)
            self._by_sig(
                "submit", "submitWorkBySig", job, values, job.worker, seconds, rude, CLAIMED, broken
            )
            return
        sender = self.anyone(pick) if rude & WHO else job.worker
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

    def judge(
        self,
        pick: int,
        verdict: tuple[bool, bool, int],
        who: str,
        by_sig: bool,
        seconds: int,
        rude: int,
    ) -> None:
        """Somebody judges submitted work, mostly who may."""
        job = self.job(pick, lambda j: j.status == SUBMITTED, rude)
        if job is None:
            return
        approved = verdict[0]
        if who == "worker" and job.worker != ZERO and pick % 2:
            # Its own work, with all the power that an issuer can give.
            term = (job.worker, self.now + DAY)
            self.attempt("jobs", "setOperator", term, job.issuer, {})
        people = {
            "verifier": job.verifier,
            "worker": job.verifier if job.worker == ZERO else job.worker,
            "issuer": job.issuer,
            "operator": self.address("operator"),
            "anyone": self.anyone(pick),
        }
        judge = people[who]
        broken = self.verdict_requirements(job, verdict)
        if by_sig:
            work = job.work if not rude & WHAT else job.work + 2**96
            values = (job.id, job.round, work.to_bytes(32, "big"), *verdict)
            deadline, signature, more = self.signed(
                "verify", values, judge, seconds, forged=bool(rude & WHO)
            )
            is_issuer = approved and judge == job.issuer
            broken["JobFactory_NotVerifier"] = judge != job.verifier and not is_issuer
            broken["JobFactory_WorkHashMismatch"] = work != job.work
            arguments = (job.id, work.to_bytes(32, "big"), *verdict, judge, deadline, signature)
            logs = self.attempt(
                "jobs", "verifyJobBySig", arguments, self.address("relayer"), broken | more
            )
            self.remember("verifyJobBySig", arguments, judge, logs)
            return
        in_its_place = (
            (approved or job.verifier == job.issuer)
            and self.books.acts_for(job.issuer, judge, self.now)
            and judge != job.worker
        )
        broken["JobFactory_NotVerifier"] = judge != job.verifier and not in_its_place
        self.attempt("jobs", "verifyJob", (job.id, *verdict), judge, broken)

    def default(self, pick: int, rude: int) -> None:
        """Silence pays."""
        job = self.job(pick, lambda j: j.status == SUBMITTED and self.now > j.deadline, rude)
        if job is not None:
            broken = {
                **self.wrong_status(job, SUBMITTED),
                "JobFactory_TooEarly": self.now <= job.deadline,
            }
            self.attempt("jobs", "claimByDefault", (job.id,), self.anyone(pick), broken)

    def expire_job(self, pick: int, by_sig: bool, seconds: int, rude: int) -> None:
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
            self._by_sig(
                "expire", "expireJobBySig", job, (), job.issuer, seconds, rude, None, broken
            )
        else:
            self.attempt("jobs", "expireJob", (job.id,), self.anyone(pick), broken)

    @rule(
        pick=pick,
        other=pick,
        what=st.sampled_from(["replay", "revoke", "appoint"]),
        seconds=times,
        term=st.sampled_from([0, HOUR, DAY, YEAR, YEAR + 1]),
    )
    def do_something_odd(self, pick, other, what, seconds, term):
        if what == "replay":
            self.replay_an_intent(pick, other)
        elif what == "revoke":
            self.revoke_intent(pick, seconds)
        else:
            self.appoint(pick, term)

    def appoint(self, pick: int, seconds: int) -> None:
        """An issuer hands its power to an operator, or takes it back."""
        issuer = ("issuer", "issuer", "user", "refuser")[pick % 4]
        operator = ("operator", "operator", "worker")[pick % 3]
        until = self.now + seconds if seconds else 0
        broken = {"JobFactory_OperatorTermTooLong": until > self.now + YEAR}
        arguments = (self.address(operator), until)
        self.attempt("jobs", "setOperator", arguments, self.address(issuer), broken)
