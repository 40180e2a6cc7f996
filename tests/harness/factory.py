"""One-shot jobs as tests speak of them: post, claim, submit, approve, send back, split, reject, cancel, expire."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Self

import ape
from eth_abi import encode
from eth_utils import keccak

from tests.harness.authorizations import RECEIVE_WITH_AUTHORIZATION, SALT, token_domain
from tests.harness.deployment import MINIMUM_ETHER, MINIMUM_USDC, register
from tests.harness.escrow import DAY, ETHER, HOUR, MINUTE, USDC, ZERO, Escrow, travel_to
from tests.harness.execution import ask
from tests.harness.signing import sign, typed_digest

GWEI = 10**9
BPS = 10_000

# The least durations all differ, so that one taken for another shows.
MIN_CLAIM, MIN_WORK, MIN_REVIEW = HOUR, 10 * MINUTE, 30 * MINUTE
MAX_CLAIM, MAX_WORK, MAX_REVIEW = 30 * DAY, 30 * DAY, 14 * DAY
FEE_BPS = 300
MAX_ROUNDS = 3
MAX_AMOUNT = 2**96 - 1
MAX_BOND = (2**48 - 1) * GWEI
MAX_REJECT_FEE_BPS = 5_000
MAX_SPLIT_BPS = BPS - 1
MAX_INTENT_TIME = 7 * DAY
MAX_OPERATOR_TERM = 365 * DAY

NONE, OPEN, CLAIMED, SUBMITTED, COMPLETED, SPLIT, REJECTED, CANCELLED, EXPIRED = range(9)

WORK = b"\x3d" * 32  # what workers submit unless they submit something else
SPEC = b"\x57" * 32
APPROVE, REOPEN, REJECT = (True, False, 0), (False, True, 0), (False, False, 0)

_JOB = [("jobId", "uint256"), ("round", "uint256")]
_TERMS = [
    ("payee", "address"),
    ("evaluator", "address"),
    ("token", "address"),
    ("amount", "uint256"),
    ("claimDuration", "uint256"),
    ("workDuration", "uint256"),
    ("reviewDuration", "uint256"),
    ("claimBond", "uint256"),
    ("rejectFeeBps", "uint256"),
    ("specHash", "bytes32"),
]
_NONCE, _DEADLINE = ("nonce", "uint256"), ("deadline", "uint256")
_VERDICT = [("approved", "bool"), ("reopen", "bool"), ("splitBps", "uint16")]
INTENTS = {
    "PostJob": [("issuer", "address"), *_TERMS, _NONCE, _DEADLINE],
    "CancelJob": [*_JOB, _DEADLINE],
    "ClaimJob": [*_JOB, ("worker", "address"), _NONCE, _DEADLINE],
    "ReleaseClaim": [*_JOB, ("worker", "address"), _NONCE, _DEADLINE],
    "SubmitWork": [*_JOB, ("worker", "address"), ("workHash", "bytes32"), _DEADLINE],
    "VerifyJob": [*_JOB, ("workHash", "bytes32"), *_VERDICT, _DEADLINE],
    "ExpireJob": [*_JOB, _DEADLINE],
}


@dataclass(frozen=True)
class Intent:
    """A message that somebody signs instead of calling, in the factory's domain."""

    struct: str
    message: dict[str, Any]
    domain: dict[str, Any]

    def but(self, **changes: Any) -> Self:
        """The same with other values in some fields, be they the message's or the domain's."""
        changes = {name: getattr(value, "address", value) for name, value in changes.items()}
        if unknown := changes.keys() - self.message.keys() - self.domain.keys():
            raise TypeError(f"{self.struct} has no {', '.join(sorted(unknown))}")
        message, domain = (
            {name: changes.get(name, value) for name, value in part.items()}
            for part in (self.message, self.domain)
        )
        return replace(self, message=message, domain=domain)

    @property
    def deadline(self) -> int:
        """The last second at which it counts."""
        return self.message["deadline"]

    def digest(self) -> bytes:
        """What is signed."""
        fields = [{"name": name, "type": kind} for name, kind in INTENTS[self.struct]]
        return typed_digest(self.domain, {self.struct: fields}, self.message)

    def signed_by(self, signer: Any) -> bytes:
        """The signer's signature."""
        return sign(self.digest(), signer)


@dataclass(frozen=True)
class JobTerms:
    """What an issuer fixes when posting; as it stands, 20 USDC for any worker, without bond or reject fee."""

    token: str
    payee: str = ZERO
    evaluator: str = ZERO
    amount: int = 20 * USDC
    claimDuration: int = DAY
    workDuration: int = 2 * HOUR
    reviewDuration: int = 3 * HOUR
    claimBond: int = 0
    rejectFeeBps: int = 0
    specHash: bytes = SPEC

    def but(self, **changes: Any) -> Self:
        """The same with other values in some fields; accounts become their addresses."""
        return replace(self, **{k: getattr(v, "address", v) for k, v in changes.items()})

    def fields(self) -> dict[str, Any]:
        """By name, in the contract's order."""
        return {name: getattr(self, name) for name, _ in _TERMS}

    def encoded(self) -> tuple[Any, ...]:
        """As the contract takes it."""
        return tuple(self.fields().values())


@dataclass
class Factory:
    """The deployed JobFactory, its neighbours, and who is who."""

    contract: Any
    escrow: Escrow = field(repr=False)

    @property
    def actors(self) -> dict[str, Any]:
        """Every role's account by its name."""
        return self.escrow.actors

    @property
    def usdc(self) -> Any:
        """The token of six decimals."""
        return self.escrow.usdc

    def terms(self, **changes: Any) -> JobTerms:
        """The usual terms in USDC, changed as said; in ETH (`token=ETHER`) with an amount that suits it."""
        if changes.get("token") == ETHER:
            changes = {"amount": 10**16} | changes
        return JobTerms(self.usdc.address).but(**changes)

    def post(self, *, issuer: Any = None, **changes: Any) -> "Job":
        """A job of `issuer` (by default the role) on the usual terms, changed as said."""
        issuer = issuer or self.actors["issuer"]
        terms = self.terms(**changes)
        value = terms.amount if terms.token == ETHER else 0
        posted = self.contract.postJob(terms.encoded(), value=value, sender=issuer)
        return self.latest(issuer, terms, posted)

    def latest(self, issuer: Any, terms: JobTerms, posted: Any = None) -> "Job":
        """The job that was posted last, by whatever way."""
        return Job(self, ask(self.contract.jobCount), issuer, terms, posted)

    # -------------------------------------------------------------------------------- intents

    def domain(self, **changes: Any) -> dict[str, Any]:
        """The EIP-712 domain of the factory's intents, changed as said."""
        return {
            "name": "Provenwork JobFactory",
            "version": "1",
            "chainId": ape.chain.chain_id,
            "verifyingContract": self.contract.address,
        } | changes

    def intent(self, struct: str, **message: Any) -> Intent:
        """An intent that counts for an hour, unless a deadline is said."""
        message = {name: getattr(value, "address", value) for name, value in message.items()}
        message.setdefault("deadline", ape.chain.pending_timestamp + HOUR)
        names = [name for name, _ in INTENTS[struct]]
        if set(names) != message.keys():
            raise TypeError(f"{struct} has the fields {names}, got {sorted(message)}")
        return Intent(struct, {name: message[name] for name in names}, self.domain())

    def nonce(self, account: Any) -> int:
        """What an account's next intent must carry, where it carries a nonce."""
        return ask(self.contract.nonces, account)

    def posting(self, terms: JobTerms, issuer: Any = None) -> Intent:
        """The issuer's intent to post a job on these terms, next."""
        issuer = issuer or self.actors["issuer"]
        return self.intent("PostJob", issuer=issuer, **terms.fields(), nonce=self.nonce(issuer))

    def post_by_sig(
        self, *, issuer: Any = None, signer: Any = None, sender: Any = None, **changes: Any
    ) -> "Job":
        """The relayer posts what the issuer signed, on the usual terms, changed as said."""
        issuer = issuer or self.actors["issuer"]
        terms = self.terms(**changes)
        intent = self.posting(terms, issuer)
        posted = self.contract.postJobBySig(
            terms.encoded(),
            issuer,
            intent.deadline,
            intent.signed_by(signer or issuer),
            sender=sender or self.actors["relayer"],
        )
        return self.latest(issuer, terms, posted)

    def authorization_nonce(
        self, terms: JobTerms, issuer: Any, salt: bytes = SALT, **place: Any
    ) -> bytes:
        """The nonce of an authorized posting, computed apart from the contract."""
        kinds = f"({','.join(kind for _, kind in _TERMS)})"
        place = {"chain_id": ape.chain.chain_id, "contract": self.contract} | place
        return keccak(
            encode(
                ["uint256", "address", kinds, "address", "bytes32"],
                [
                    place["chain_id"],
                    place["contract"].address,
                    terms.encoded(),
                    issuer.address,
                    salt,
                ],
            )
        )

    def authorization(
        self, terms: JobTerms, issuer: Any, *, signer: Any = None, **changes: Any
    ) -> tuple[int, int, bytes]:
        """An EIP-3009 authorization to post on these terms: valid after, valid before, signature; changed as said."""
        message = {
            "from": issuer.address,
            "to": self.contract.address,
            "value": terms.amount,
            "validAfter": 0,
            "validBefore": ape.chain.pending_timestamp + HOUR,
            "nonce": self.authorization_nonce(terms, issuer),
        } | changes
        types = {"ReceiveWithAuthorization": RECEIVE_WITH_AUTHORIZATION}
        signature = sign(typed_digest(token_domain(self.usdc), types, message), signer or issuer)
        return message["validAfter"], message["validBefore"], signature

    def post_with_authorization(
        self, *, issuer: Any = None, sender: Any = None, **changes: Any
    ) -> "Job":
        """The relayer posts what the issuer authorized, on the usual terms, changed as said."""
        issuer = issuer or self.actors["issuer"]
        terms = self.terms(**changes)
        posted = self.contract.postJobWithAuthorization(
            terms.encoded(),
            issuer,
            SALT,
            *self.authorization(terms, issuer),
            sender=sender or self.actors["relayer"],
        )
        return self.latest(issuer, terms, posted)

    # ---------------------------------------------------------------------------------- money

    def earned(self, account: Any, token: Any = None) -> int:
        """What a worker earned and did not yet withdraw, gross; in USDC unless said."""
        return ask(self.contract.earned, account, token or self.usdc)

    def credits(self, account: Any, token: Any = ETHER) -> int:
        """What waits for an account, free of fee; in ETH unless said."""
        return ask(self.contract.credits, account, token)

    def balance(self, account: Any, token: Any = None) -> int:
        """What an account holds in its own hands; in USDC unless said."""
        return self.escrow.balance(account, token)

    def held(self, token: Any = None) -> int:
        """What the contract holds; in USDC unless said."""
        return self.balance(self.contract, token)

    def withdraw(self, account: Any, token: Any = None, *, to: Any = None) -> Any:
        """An account takes what waits for it, to itself unless said; in USDC unless said."""
        return self.contract.withdraw(token or self.usdc, to or account, sender=account)

    def appoint(self, until: int, *, operator: Any = None, issuer: Any = None) -> Any:
        """An issuer (by default the role) hands its power to an operator (by default the role) until a time."""
        operator = operator or self.actors["operator"]
        issuer = issuer or self.actors["issuer"]
        return self.contract.setOperator(operator, until, sender=issuer)


@dataclass
class Job:
    """One job, and the hands of its parties."""

    factory: Factory
    id: int
    issuer: Any
    terms: JobTerms
    posted: Any = field(default=None, repr=False)  # the posting's receipt

    @property
    def contract(self) -> Any:
        """The factory's contract."""
        return self.factory.contract

    @property
    def details(self) -> Any:
        """`getJob`, as of the next block."""
        return ask(self.contract.getJob, self.id)

    @property
    def status(self) -> int:
        """Where it stands."""
        return self.details.status

    def _worker(self, worker: Any) -> Any:
        return worker or self.factory.actors["worker"]

    # ----------------------------------------------------------------------------------- work

    def claim(self, *, sender: Any = None, value: int | None = None) -> Any:
        """The worker (by default the role) takes the job, with the bond asked for."""
        value = self.terms.claimBond if value is None else value
        return self.contract.claimJob(self.id, value=value, sender=self._worker(sender))

    def release(self, *, sender: Any = None) -> Any:
        """The worker gives the job back."""
        return self.contract.releaseClaim(self.id, sender=self._worker(sender))

    def submit(self, work: bytes = WORK, *, sender: Any = None) -> Any:
        """The worker submits."""
        return self.contract.submitWork(self.id, work, sender=self._worker(sender))

    # -------------------------------------------------------------------------------- verdict

    def verify(
        self, approved: bool, reopen: bool, split_bps: int = 0, *, sender: Any = None
    ) -> Any:
        """The issuer (by default) judges the work."""
        return self.contract.verifyJob(
            self.id, approved, reopen, split_bps, sender=sender or self.issuer
        )

    def approve(self, *, sender: Any = None) -> Any:
        """The whole amount is earned."""
        return self.verify(*APPROVE, sender=sender)

    def reopen(self, *, sender: Any = None) -> Any:
        """The work is sent back."""
        return self.verify(*REOPEN, sender=sender)

    def split(self, bps: int, *, sender: Any = None) -> Any:
        """The worker gets a share."""
        return self.verify(False, False, bps, sender=sender)

    def reject(self, *, sender: Any = None) -> Any:
        """The worker gets the reject fee only."""
        return self.verify(*REJECT, sender=sender)

    def default(self, *, sender: Any = None) -> Any:
        """Somebody has the silence paid."""
        sender = sender or self.factory.actors["stranger"]
        return self.contract.claimByDefault(self.id, sender=sender)

    # ---------------------------------------------------------------------------------- ending

    def cancel(self, *, sender: Any = None) -> Any:
        """The issuer takes it back."""
        return self.contract.cancelJob(self.id, sender=sender or self.issuer)

    def expire(self, *, sender: Any = None) -> Any:
        """Somebody ends what nobody claimed, or submitted, in time."""
        sender = sender or self.factory.actors["stranger"]
        return self.contract.expireJob(self.id, sender=sender)

    # --------------------------------------------------------------------------------- intents

    def intent(self, struct: str, **message: Any) -> Intent:
        """An intent about this job in its present round, unless another is said."""
        message = {"jobId": self.id, "round": self.details.round} | message
        return self.factory.intent(struct, **message)

    def claiming(self, worker: Any = None) -> Intent:
        """The worker's intent to take the job, next."""
        worker = self._worker(worker)
        return self.intent("ClaimJob", worker=worker, nonce=self.factory.nonce(worker))

    def releasing(self, worker: Any = None) -> Intent:
        """The worker's intent to give it back, next."""
        worker = self._worker(worker)
        return self.intent("ReleaseClaim", worker=worker, nonce=self.factory.nonce(worker))

    def submitting(self, work: bytes = WORK, worker: Any = None) -> Intent:
        """The worker's intent to submit."""
        return self.intent("SubmitWork", worker=self._worker(worker), workHash=work)

    def verdict(
        self, approved: bool, reopen: bool, split_bps: int = 0, *, work: bytes = WORK
    ) -> Intent:
        """A verdict on the work."""
        return self.intent(
            "VerifyJob", workHash=work, approved=approved, reopen=reopen, splitBps=split_bps
        )

    def _relay(self, method: Any, intent: Intent, signer: Any, *arguments: Any, **tx: Any) -> Any:
        sender = tx.pop("sender", None) or self.factory.actors["relayer"]
        signature = intent.signed_by(signer)
        return method(self.id, *arguments, intent.deadline, signature, sender=sender, **tx)

    def claim_by_sig(
        self, *, worker: Any = None, signer: Any = None, sender: Any = None, value: Any = None
    ) -> Any:
        """The relayer brings the worker's claim, and the bond asked for."""
        worker = self._worker(worker)
        value = self.terms.claimBond if value is None else value
        method, intent = self.contract.claimJobBySig, self.claiming(worker)
        return self._relay(method, intent, signer or worker, worker, sender=sender, value=value)

    def release_by_sig(self, *, worker: Any = None, signer: Any = None, sender: Any = None) -> Any:
        """The relayer brings the worker's word that it gives the job back."""
        worker = self._worker(worker)
        method, intent = self.contract.releaseClaimBySig, self.releasing(worker)
        return self._relay(method, intent, signer or worker, sender=sender)

    def submit_by_sig(
        self, work: bytes = WORK, *, worker: Any = None, signer: Any = None, sender: Any = None
    ) -> Any:
        """The relayer brings the worker's submission."""
        worker = self._worker(worker)
        method, intent = self.contract.submitWorkBySig, self.submitting(work, worker)
        return self._relay(method, intent, signer or worker, work, sender=sender)

    def verify_by_sig(
        self,
        approved: bool,
        reopen: bool,
        split_bps: int = 0,
        *,
        work: bytes = WORK,
        verifier: Any = None,
        signer: Any = None,
        sender: Any = None,
    ) -> Any:
        """The relayer brings a verdict of the verifier (by default the issuer)."""
        verifier = verifier or self.issuer
        verdict = (approved, reopen, split_bps)
        method, intent = self.contract.verifyJobBySig, self.verdict(*verdict, work=work)
        arguments = (work, *verdict, verifier)
        return self._relay(method, intent, signer or verifier, *arguments, sender=sender)

    def cancel_by_sig(self, *, signer: Any = None, sender: Any = None) -> Any:
        """The relayer brings the issuer's cancellation."""
        intent = self.intent("CancelJob")
        return self._relay(
            self.contract.cancelJobBySig, intent, signer or self.issuer, sender=sender
        )

    def expire_by_sig(self, *, signer: Any = None, sender: Any = None) -> Any:
        """The relayer brings the issuer's wish that it expire."""
        intent = self.intent("ExpireJob")
        return self._relay(
            self.contract.expireJobBySig, intent, signer or self.issuer, sender=sender
        )

    # --------------------------------------------------------------------------- time and money

    def in_status(self, status: int) -> Self:
        """Brings a job that was just posted there, by the shortest way."""
        steps: dict[int, list[Callable[[], Any]]] = {
            OPEN: [],
            CLAIMED: [self.claim],
            SUBMITTED: [self.claim, self.submit],
            COMPLETED: [self.claim, self.submit, self.approve],
            SPLIT: [self.claim, self.submit, lambda: self.split(BPS // 2)],
            REJECTED: [self.claim, self.submit, self.reject],
            CANCELLED: [self.cancel],
            EXPIRED: [self.pass_deadline, self.expire],
        }
        for step in steps[status]:
            step()
        return self

    def pass_deadline(self) -> None:
        """The next block comes when whoever had to act is too late."""
        travel_to(self.details.deadline + 1)

    def at_deadline(self) -> None:
        """The next block comes at the last second of whoever must act."""
        travel_to(self.details.deadline)


def deploy_factory(
    project: Any, escrow: Escrow, *, fee_bps: int = FEE_BPS, minimums: Any = None
) -> Factory:
    """JobFactory beside the escrow, USDC and ETH allowed; the worker registers, issuers hold and approve USDC."""
    actors = escrow.actors
    owner = actors["owner"]
    contract = owner.deploy(
        project.JobFactory,
        escrow.registry,
        actors["treasury"],
        owner,
        (*(minimums or (MIN_CLAIM, MIN_WORK, MIN_REVIEW)), fee_bps),
    )
    contract.setToken(escrow.usdc, True, MINIMUM_USDC, sender=owner)
    contract.setToken(ETHER, True, MINIMUM_ETHER, sender=owner)
    if not ask(escrow.registry.isActiveWorker, actors["worker"]):
        register(escrow.registry, actors["signer"], actors["worker"])
    for payer in ("issuer", "user"):
        escrow.usdc.mint(actors[payer], 10**6 * USDC, sender=owner)
        escrow.usdc.approve(contract, 2**255, sender=actors[payer])
    return Factory(contract, escrow)


def job_token(factory: Factory, token_type: Any, minimum: int = 1) -> Any:
    """A token that jobs may use too; `issuer` has plenty of it, all of it approved."""
    owner, issuer = factory.actors["owner"], factory.actors["issuer"]
    token = owner.deploy(token_type)
    factory.contract.setToken(token, True, minimum, sender=owner)
    token.mint(issuer, 10**6 * USDC, sender=owner)
    token.approve(factory.contract, 2**255, sender=issuer)
    return token
