"""Every way to post a one-shot job, and what is signed about jobs: intents, forged, late, revoked and repeated."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.harness.factory import DAY, GWEI, HOUR, MINUTE, OPEN, SPEC
from tests.stateful.job_model import JobModel
from tests.stateful.signed_payments import SignedPayments, authorizations, permits
from tests.stateful.stage import WHAT, WHO, purses, rude
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
by_sig = st.booleans()
WEEK = 7 * DAY
times = st.sampled_from([DAY, DAY, DAY, DAY, DAY, 0, WEEK, -1, WEEK + 1])
"""How long an intent counts, in seconds: until this second at the least, for a week at the most."""
TERMS = "(address,address,address,uint256,uint256,uint256,uint256,uint256,uint256,bytes32)"
FORMS = ("call", "call", "signature", "signature", "permit", "authorization")
REFUSALS = ("JobFactory_", "JobMarketplace_", "MockUSDC_", "EnforcedPause", "DenylistToken_")
"""Who may refuse what was carried out before."""


class JobPostingRules(SignedPayments):
    """What begins a job, and what its parties sign."""

    def job(self, pick: int, fits: Any, rude: int) -> JobModel | None:
        """One of the jobs, mostly one that fits."""
        return self.one(self.books.jobs.values(), pick, fits, rude)

    def wrong_status(self, job: JobModel, wanted: int) -> dict[str, bool]:
        """Nearly every function wants one status."""
        return {"JobFactory_WrongStatus": job.status != wanted}

    # ------------------------------------------------------------------------------- signing

    def signed(
        self, intent: str, values: tuple[Any, ...], signer: str, seconds: int, *, forged: bool
    ) -> tuple[int, bytes, dict[str, bool]]:
        """An intent's deadline, its signature, and the requirements of both."""
        deadline = self.now + seconds
        digest = self.domains["jobs"].digest(INTENTS[intent], *values, deadline)
        by = self.key_for(signer, forged=forged)
        broken = {
            "JobFactory_DeadlineOutOfRange": not 0 <= seconds <= WEEK,
            "JobFactory_IntentRevoked": (signer, int.from_bytes(digest, "big"))
            in self.books.revoked_intents,
            "JobFactory_SignatureInvalid": not self.counts_for(signer, by.address),
        }
        return deadline, by.sign(digest), broken

    def remember(self, function: str, arguments: tuple[Any, ...], signer: str, logs: Any) -> None:
        """A signature that was carried out must not be carried out again."""
        if logs is not None:
            self.intents.append(("jobs", function, arguments, signer))

    def replay_an_intent(self, pick: int, other: int) -> None:
        """Whatever was carried out once is refused for ever after, whatever round or status came since.

        Unless the account that is asked says yes to every signature by now: then the old one stands under what is to be
        signed now, a nonce or a round later. An authorization names its nonce itself.
        """
        if not self.intents:
            return
        face, function, arguments, signer = self.intents[pick % len(self.intents)]
        request = self.world.request(face, function, arguments, self.anyone(other), 0)
        refusal = self.world.refusal(request)
        if refusal is None and self._asked_now(function, arguments, signer) in self.yielding:
            assert not function.endswith("WithAuthorization"), f"{function} passes twice"
            return
        assert refusal is not None, f"{function} passes twice"
        assert refusal.error.startswith(REFUSALS), refusal

    def _asked_now(self, function: str, arguments: tuple[Any, ...], signer: str) -> str:
        """Whose signature counts now. A worker's calls do not name it: a round later it may be another one's turn."""
        if function in ("submitWorkBySig", "releaseClaimBySig"):
            return self.books.jobs[arguments[0]].worker
        return signer

    def revoke_intent(self, pick: int, seconds: int) -> None:
        """An issuer voids a cancellation that it may have signed."""
        job = self.job(pick, lambda j: j.is_held, False)
        if job is None:
            return
        deadline = self.now + seconds
        digest = self.domains["jobs"].digest(INTENTS["cancel"], job.id, job.round, deadline)
        self.attempt("jobs", "revokeIntent", (digest,), job.issuer, {})
        arguments = (job.id, deadline, self.key("issuer").sign(digest))
        broken = {
            **self.wrong_status(job, OPEN),
            "JobFactory_IntentRevoked": True,
            "JobFactory_DeadlineOutOfRange": not 1 <= seconds <= WEEK,
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
        self._post("issuer", "", evaluator, purse, bond, fee, "call", DAY, False)

    @precondition(lambda self: len(self.books.jobs) < MAX_JOBS)
    @rule(
        issuer=st.sampled_from(["issuer", "issuer", "wallet", "refuser", "user"]),
        payee=st.sampled_from(["", "", "worker", "stranger", "issuer", "wallet"]),
        evaluator=st.sampled_from(["", "evaluator"]),
        purse=purses,
        bond=st.sampled_from([0, 0, 5 * GWEI, 10**15]),
        fee=st.sampled_from([0, 0, 777, 777, 5_000, 5_001]),
        form=st.sampled_from(FORMS),
        payment=st.tuples(permits, authorizations),
        seconds=times,
        rude=rude,
    )
    def post(self, issuer, payee, evaluator, purse, bond, fee, form, payment, seconds, rude):
        if form in ("permit", "authorization") and not rude:
            purse = "usdc"
        self._post(issuer, payee, evaluator, purse, bond, fee, form, seconds, rude, payment)

    def _post(
        self,
        issuer,
        payee,
        evaluator,
        purse,
        bond,
        fee,
        form,
        seconds,
        rude,
        payment=("good", "good"),
    ):
        self.make_ready("jobs", purse, rude)
        settings, token, poster = (
            self.books.settings["jobs"],
            self.tokens[purse],
            self.address(issuer),
        )
        payee = self.address(payee) if payee else ZERO
        evaluator = self.address(evaluator) if evaluator else ZERO
        durations = (3 * DAY, DAY + HOUR, 40 * MINUTE) if fee else (2 * HOUR, 20 * MINUTE, DAY)
        if rude & WHAT:
            durations = (2 * HOUR + 1, *durations[1:])
        terms = (payee, evaluator, token, AMOUNTS[purse], *durations, bond, fee, SPEC)
        allowed, least = settings.tokens[token]
        broken = {
            "EnforcedPause": settings.paused,
            "JobFactory_RolesCollide": payee != ZERO and payee in (poster, evaluator),
            "JobFactory_TokenNotAllowed": not allowed or (form != "call" and token == ZERO),
            "JobFactory_AmountOutOfRange": AMOUNTS[purse] < least,
            "JobFactory_DurationNotWholeMinutes": bool(rude & WHAT),
            "JobFactory_RejectFeeTooHigh": fee > 5_000,
            "DenylistToken_Denied": self.cannot_move(token, poster),
        }
        if form == "permit" and self.key_for(poster).address == poster:
            parts, more = self.permit("jobs", purse, poster, AMOUNTS[purse], payment[0])
            arguments = (terms, *parts)
            self.attempt("jobs", "postJobWithPermit", arguments, poster, broken | more)
            self.allow_plenty("jobs", purse, poster)
        elif form == "authorization":
            salt = len(self.intents).to_bytes(32, "big")
            nonce = self.authorization_nonce("jobs", TERMS, terms, poster, salt)
            signed, more = self.authorization(
                "jobs", purse, poster, AMOUNTS[purse], nonce, payment[1]
            )
            arguments = (terms, poster, salt, *signed)
            self.bring("postJobWithAuthorization", arguments, poster, broken | more)
        elif form == "signature":
            values = (poster, *terms, self.books.nonces[poster])
            deadline, signature, more = self.signed(
                "post", values, poster, seconds, forged=bool(rude & WHO)
            )
            arguments = (terms, poster, deadline, signature)
            self.bring("postJobBySig", arguments, poster, broken | more)
        else:
            broken["JobFactory_TokenNotAllowed"] = not allowed
            value = AMOUNTS[purse] if token == ZERO else 0
            self.attempt("jobs", "postJob", (terms,), poster, broken, value)

    def bring(
        self, function: str, arguments: tuple[Any, ...], signer: str, broken: dict[str, bool]
    ) -> None:
        """A relayer brings what somebody signed, which must not be carried out again."""
        logs = self.attempt("jobs", function, arguments, self.address("relayer"), broken)
        self.remember(function, arguments, signer, logs)
