"""What people do, or try to do, with one-shot jobs; the rules say when."""

from dataclasses import dataclass
from typing import Any

import ape

from tests.harness.escrow import ETHER, HOUR, ZERO, travel_to
from tests.harness.execution import ask, rpc
from tests.harness.factory import GWEI, Factory, Intent, Job, JobTerms
from tests.harness.reverts import reverts
from tests.harness.values import plain
from tests.stateful.factory_model import RUNNING, Account, Books
from tests.stateful.factory_rules import STRUCTS, Bearing, Rules, Step

WORKS = (b"\x3d" * 32, b"\x4e" * 32)
# Odd amounts, so that every share is rounded; and told apart by token.
AMOUNTS = {"usdc": 4_000_001, "ether": 10**16 + 7}


@dataclass(frozen=True)
class Kept:
    """A signature that somebody keeps for later."""

    action: str
    job_id: int
    actor: str  # a role
    verdict: tuple[bool, bool, int]
    work: bytes
    intent: Intent
    signature: bytes


class FactoryActions:
    """Everything that happens goes through here, at a time that is known, and is booked."""

    def __init__(self, factory: Factory) -> None:
        self.factory = factory
        self.contract = factory.contract
        self.actors = factory.actors
        self.roles = {plain(account): role for role, account in self.actors.items()}
        self.books = Books()
        self.rules = Rules(self.books, {plain(self.actors[w]) for w in ("worker", "host")})
        self.jobs: dict[int, Job] = {}
        self.kept: list[Kept] = []
        self.now = ape.chain.pending_timestamp
        self.touched: set[int] = set()
        self.was_booked = False
        self.balances = {token: factory.held(token) for token in self.tokens}

    @property
    def tokens(self) -> tuple[str, str]:
        """ETH and USDC."""
        return ETHER, self.factory.usdc.address

    def address(self, role: str) -> str:
        """Of an account, in lower case."""
        return plain(self.actors[role])

    def tick(self, seconds: int = 1) -> int:
        """The next block comes so many seconds later; returns its time."""
        self.now += seconds
        travel_to(self.now)
        return self.now

    def book(self, receipt: Any) -> None:
        """Has a transaction's events booked."""
        assert receipt.timestamp == self.now
        self.books.read(receipt, self.contract)
        self.was_booked = True

    def running(self) -> list[tuple[int, Account]]:
        """The jobs that are not final."""
        return [(i, a) for i, a in self.books.accounts.items() if a.status in RUNNING]

    # ---------------------------------------------------------------------------------- posting

    def terms(
        self, purse: str, *, payee: bool, evaluator: bool, bond: int, reject_fee: int
    ) -> JobTerms:
        """Terms with times that a few steps may take, or not."""
        return self.factory.terms(
            token=ETHER if purse == "ether" else self.factory.usdc,
            amount=AMOUNTS[purse],
            payee=self.actors["worker"] if payee else ZERO,
            evaluator=self.actors["evaluator"] if evaluator else ZERO,
            claimDuration=10 * HOUR,
            workDuration=12 * HOUR,
            reviewDuration=14 * HOUR,
            claimBond=bond * GWEI,
            rejectFeeBps=reject_fee,
        )

    def post(self, terms: JobTerms, *, signed: bool) -> None:
        """The issuer posts, or the relayer what it signed."""
        self.tick()
        issuer = self.actors["issuer"]
        if signed and terms.token != ETHER:
            intent = self.factory.posting(terms, issuer)
            receipt = self.contract.postJobBySig(
                terms.encoded(),
                issuer,
                intent.deadline,
                intent.signed_by(issuer),
                sender=self.actors["relayer"],
            )
        else:
            value = terms.amount if terms.token == ETHER else 0
            receipt = self.contract.postJob(terms.encoded(), value=value, sender=issuer)
        job = self.factory.latest(issuer, terms)
        self.jobs[job.id] = job
        self.touched.add(job.id)
        self.book(receipt)

    # ---------------------------------------------------------------------------------- trying

    def attempt(self, step: Step) -> bool:
        """Tries a step by a call; it must pass, or be refused in the right words, as the rules say."""
        sender = self.actors[self.roles[step.actor]]
        method, *arguments = self._call(step)
        return self._try(step, None, method, *arguments, sender=sender, value=step.value)

    def bring(self, kept: Kept) -> bool:
        """The relayer brings a signature, fresh or old; it must count, or be refused, as the rules say."""
        step = self.step(kept.action, kept.job_id, kept.actor, kept.verdict, kept.work)
        wanted = self.intent(step).but(deadline=kept.intent.deadline)
        bearing = Bearing(kept.intent.digest(), step.actor, wanted)
        method, *arguments = self._signed_call(step)
        call = (method, *arguments, kept.intent.deadline, kept.signature)
        return self._try(step, bearing, *call, sender=self.actors["relayer"], value=step.value)

    def _try(self, step: Step, bearing: Bearing | None, *call: Any, **tx: Any) -> bool:
        method, *arguments = call
        refusal = self.rules.refusal(step, bearing)
        if refusal is None:
            self.touched.add(step.job_id)
            self.book(method(*arguments, **tx))
            return True
        name, said = refusal
        with reverts(getattr(self.contract, name), **said):
            method(*arguments, **tx)
        return False

    def step(
        self,
        action: str,
        job_id: int,
        role: str,
        verdict: tuple[bool, bool, int] = (False, False, 0),
        work: bytes = WORKS[0],
    ) -> Step:
        """What a role tries a second from now, with the bond that is asked for."""
        job = self.books.accounts[job_id]
        value = job.posted["claimBond"] if action == "claim" else 0
        return Step(action, job_id, self.address(role), self.tick(), value, verdict, work)

    def _call(self, step: Step) -> tuple[Any, ...]:
        contract, job_id = self.contract, step.job_id
        return {
            "claim": (contract.claimJob, job_id),
            "release": (contract.releaseClaim, job_id),
            "submit": (contract.submitWork, job_id, step.work),
            "verify": (contract.verifyJob, job_id, *step.verdict),
            "silence": (contract.claimByDefault, job_id),
            "cancel": (contract.cancelJob, job_id),
            "expire": (contract.expireJob, job_id),
        }[step.action]

    def _signed_call(self, step: Step) -> tuple[Any, ...]:
        contract, job_id = self.contract, step.job_id
        return {
            "claim": (contract.claimJobBySig, job_id, step.actor),
            "release": (contract.releaseClaimBySig, job_id),
            "submit": (contract.submitWorkBySig, job_id, step.work),
            "verify": (contract.verifyJobBySig, job_id, step.work, *step.verdict, step.actor),
            "cancel": (contract.cancelJobBySig, job_id),
            "expire": (contract.expireJobBySig, job_id),
        }[step.action]

    # ---------------------------------------------------------------------------------- signing

    def intent(self, step: Step) -> Intent:
        """What must be signed for a step now: told from the books, not asked of the contract."""
        job = self.books.accounts[step.job_id]
        worker = step.actor if step.action == "claim" else job.worker
        message = {"jobId": step.job_id, "round": job.round}
        if step.action in ("claim", "release"):
            message |= {"worker": worker, "nonce": self.books.nonces[worker]}
        elif step.action == "submit":
            message |= {"worker": worker, "workHash": step.work}
        elif step.action == "verify":
            approved, reopen, split = step.verdict
            message |= {"workHash": step.work, "approved": approved, "reopen": reopen}
            message |= {"splitBps": split}
        return self.factory.intent(STRUCTS[step.action], **message, deadline=step.now + 6 * HOUR)

    def sign(self, step: Step) -> Kept:
        """A role signs a step, as if it were the one whose word is asked for."""
        role = self.roles[step.actor]
        intent = self.intent(step)
        signature = intent.signed_by(self.actors[role])
        return Kept(step.action, step.job_id, role, step.verdict, step.work, intent, signature)

    def revoke(self, kept: Kept) -> None:
        """Its signer takes back what it signed."""
        self.tick()
        signer = self.actors[kept.actor]
        self.book(self.contract.revokeIntent(kept.intent.digest(), sender=signer))

    # ---------------------------------------------------------------------------------- others

    def appoint(self, role: str, seconds: int) -> None:
        """The issuer hands its power to somebody, or takes it back."""
        self.tick()
        until = self.now + seconds if seconds else 0
        operator = self.actors[role]
        self.book(self.contract.setOperator(operator, until, sender=self.actors["issuer"]))

    def deactivate(self, role: str) -> None:
        """The registry's admin removes a worker."""
        self.tick()
        registry, worker = self.factory.escrow.registry, self.actors[role]
        registry.deactivate(worker, sender=self.actors["admin"])
        self.rules.workers.discard(plain(worker))

    def withdraw(self, role: str, token: str) -> None:
        """Somebody takes all that it is owed in a token, or is told that there is nothing."""
        self.tick()
        account = self.actors[role]
        key = (plain(account), plain(token))
        if self.books.earned[key] + self.books.credits[key]:
            self.book(self.contract.withdraw(token, account, sender=account))
            return
        with reverts(self.contract.JobFactory_NothingToWithdraw, account=account, token=token):
            self.contract.withdraw(token, account, sender=account)

    def withdraw_fees(self, token: str) -> None:
        """A stranger sends the treasury its fees, if there are any."""
        self.tick()
        if self.books.fees[plain(token)]:
            self.book(self.contract.withdrawFees(token, sender=self.actors["stranger"]))

    def pause(self) -> None:
        """Pauses for a moment, in which a posting is refused."""
        self.tick()
        owner, issuer = self.actors["owner"], self.actors["issuer"]
        self.contract.pause(sender=owner)
        with reverts(self.contract.EnforcedPause):
            self.contract.postJob(self.factory.terms().encoded(), sender=issuer)
        self.tick()
        self.contract.unpause(sender=owner)

    # ---------------------------------------------------------------------------------- reading

    def details(self, job_id: int) -> dict[str, Any]:
        """`getJob` in plain values."""
        return {name: plain(value) for name, value in self.jobs[job_id].details.items()}

    def held(self, token: str) -> int:
        """What the contract holds, without what it held before."""
        if token == ETHER:
            balance = int(rpc("eth_getBalance", self.contract.address, "latest"), 16)
        else:
            balance = ask(self.factory.usdc.balanceOf, self.contract)
        return balance - self.balances[token]
