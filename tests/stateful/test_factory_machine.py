"""One state machine over one-shot jobs: solvency, conservation, and no step that the rules do not allow.

Hypothesis plays issuer, workers, evaluator, operators, relayers and strangers over several jobs in ETH and USDC at
once, by calls and by signatures, fresh and old. Every call has one outcome that is known beforehand: it passes, or is
refused with this error and these arguments. The invariants compare the contract with books kept from the events alone.
"""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.harness.escrow import HOUR, ZERO
from tests.harness.execution import ask
from tests.harness.factory import MAX_ROUNDS, OPEN, SUBMITTED, Factory
from tests.stateful.factory_actions import WORKS, FactoryActions
from tests.stateful.factory_model import RUNNING
from tests.stateful.factory_rules import STRUCTS

MAX_JOBS = 5
EXAMPLES = {8: 8, 40: 25}  # by the profile's number of examples
STEPS = {8: 20, 40: 30}  # more in `deep`
ROLES = ("issuer", "worker", "host", "evaluator", "operator", "stranger")
ACTIONS = (*STRUCTS, "silence")
pick = st.integers(0, 2**16)
actions, roles, works = map(st.sampled_from, (ACTIONS, ROLES, (*WORKS, bytes(32))))
operators = st.sampled_from(["operator", "worker", "stranger"])
verdicts = st.one_of(
    st.just((False, True, 0)),
    st.sampled_from([(True, False, 0), (False, False, 0)]),
    st.integers(1, 9_999).map(lambda bps: (False, False, bps)),
)
contradictions = st.tuples(st.booleans(), st.booleans(), st.sampled_from([0, 1, 10_000, 2**16 - 1]))
anything = st.one_of(verdicts, contradictions)
tries = st.tuples(actions, roles, anything, works)
signed_tries = st.tuples(st.sampled_from(sorted(STRUCTS)), roles, anything, works)
postings = st.fixed_dictionaries(
    {
        "purse": st.sampled_from(["usdc", "ether"]),
        "payee": st.booleans(),
        "evaluator": st.booleans(),
        "bond": st.sampled_from([0, 10**6]),
        "reject_fee": st.integers(0, 5_000),
        "signed": st.booleans(),
    }
)


class FactoryMachine(RuleBasedStateMachine):
    """Needs a `factory` and a `chain`, which the test below gives it."""

    factory: Factory
    chain: Any

    def __init__(self):
        super().__init__()
        self.snapshot = self.chain.snapshot()
        self.act = FactoryActions(self.factory)

    def teardown(self):
        self.settle_everything()
        self.chain.restore(self.snapshot)

    def any_job(self, pick):
        """The id of one of the jobs, final ones included."""
        ids = sorted(self.act.jobs)
        return ids[pick % len(ids)]

    # -------------------------------------------------------------------------- posting

    @initialize(postings=st.lists(postings, min_size=2, max_size=3))
    def begin(self, postings):
        for posting in postings:
            self.post(posting)

    @precondition(lambda self: len(self.act.jobs) < MAX_JOBS)
    @rule(posting=postings)
    def post_another(self, posting):
        self.post(posting)

    def post(self, posting):
        signed = posting.pop("signed")
        self.act.post(self.act.terms(**posting), signed=signed)

    # -------------------------------------------------------------------------- steps

    def take_turn(self, pick, signed, verdict):
        """Whose turn it is with a running job does what is expected, in time or not."""
        running = self.act.running()
        if not running:
            return
        job_id, job = running[pick % len(running)]
        action = {OPEN: "claim", SUBMITTED: "verify"}.get(job.status, "submit")
        actor = {
            "claim": "host" if job.posted["payee"] == ZERO and pick % 2 else "worker",
            "submit": self.act.roles.get(job.worker),
            "verify": self.act.roles[job.verifier],
        }[action]
        work = job.work if action == "verify" else WORKS[0]
        step = self.act.step(action, job_id, actor, verdict, work)
        if signed:
            self.act.bring(self.act.sign(step))
        else:
            self.act.attempt(step)

    @rule(pick=pick, signed=st.lists(st.booleans(), min_size=1, max_size=3), verdict=verdicts)
    def go_on(self, pick, signed, verdict):
        for by_signature in signed:
            self.take_turn(pick, by_signature, verdict)

    @rule(pick=pick, tries=st.lists(tries, min_size=1, max_size=5))
    def try_anything(self, pick, tries):
        for action, role, verdict, work in tries:
            self.act.attempt(self.act.step(action, self.any_job(pick), role, verdict, work))

    @rule(pick=pick, tries=st.lists(signed_tries, min_size=1, max_size=3), at_once=st.booleans())
    def sign_anything(self, pick, tries, at_once):
        for action, role, verdict, work in tries:
            step = self.act.step(action, self.any_job(pick), role, verdict, work)
            self.act.kept.append(self.act.sign(step))
            if at_once:
                self.act.bring(self.act.kept[-1])

    @precondition(lambda self: self.act.kept)
    @rule(pick=pick, revoked=st.sampled_from([False, False, True]))
    def bring_again(self, pick, revoked):
        kept = self.act.kept[pick % len(self.act.kept)]
        if revoked:
            self.act.revoke(kept)
        self.act.bring(kept)

    @rule(pick=pick, after=st.sampled_from([-1, 0, 1]), clock=st.booleans(), verdict=verdicts)
    def act_at_an_edge(self, pick, after, clock, verdict):
        """In the last second of a party, or beside it, that party acts, or anyone for whom it must be over."""
        running = self.act.running()
        if not running:
            return
        job_id, job = running[pick % len(running)]
        # A step comes a second from now.
        self.act.tick(max(0, job.deadline + after - self.act.now - 1))
        if clock:
            action = "silence" if job.status == SUBMITTED else "expire"
            self.act.attempt(self.act.step(action, job_id, "stranger"))
        else:
            self.take_turn(pick, False, verdict)

    # -------------------------------------------------------------------------- others, time

    @rule(role=operators, seconds=st.sampled_from([0, HOUR, 10 * HOUR]))
    def appoint(self, role, seconds):
        self.act.appoint(role, seconds)

    @rule(
        what=st.sampled_from(["withdraw", "fees", "pause", "deactivate"]),
        role=st.sampled_from(["worker", "host", "issuer", "relayer"]),
        ether=st.booleans(),
    )
    def meanwhile(self, what, role, ether):
        token = self.act.tokens[not ether]
        if what == "withdraw":
            self.act.withdraw(role, token)
        elif what == "fees":
            self.act.withdraw_fees(token)
        elif what == "pause":
            self.act.pause()
        elif role == "host" and self.act.address(role) in self.act.rules.workers:
            self.act.deactivate(role)

    @rule()
    def wait(self):
        self.act.tick(HOUR)

    # -------------------------------------------------------------------------- invariants

    @invariant()
    def invariant_1_solvency(self):
        """The contract holds exactly what its events say that it owes: nobody donated."""
        if self.act.was_booked:
            for token in self.act.tokens:
                assert self.act.held(token) == self.act.books.owed(token)

    @invariant()
    def invariant_2_conservation(self):
        """What a job paid, holds and refunded is its amount, to the last unit."""
        for account in self.act.books.accounts.values():
            total = account.paid + account.held + account.refunded
            assert total == account.posted["amount"]
            assert account.round <= MAX_ROUNDS
            assert account.deadline == 0 or account.status in RUNNING

    @invariant()
    def invariant_3_events_tell_everything(self):
        """A job reads as its events tell it."""
        for job_id in self.act.touched:
            assert self.act.details(job_id) == self.act.books.accounts[job_id].details()
        self.act.touched.clear()
        self.act.was_booked = False

    # -------------------------------------------------------------------------- the end

    def settle_everything(self):
        """Every job ends by the clock without its parties, and all money leaves."""
        act, books = self.act, self.act.books
        for _ in range(2):
            act.tick(30 * HOUR)
            for job_id, job in act.running():
                action = "silence" if job.status == SUBMITTED else "expire"
                assert act.attempt(act.step(action, job_id, "stranger"))
        assert not act.running()
        for job_id in act.jobs:
            assert act.details(job_id) == books.accounts[job_id].details()
        for account, nonce in books.nonces.items():
            assert ask(self.factory.contract.nonces, account) == nonce
        for account, token in list(books.earned | books.credits):
            key = (account, token)
            assert ask(self.factory.contract.earned, account, token) == books.earned[key]
            assert ask(self.factory.contract.credits, account, token) == books.credits[key]
            if books.earned[key] + books.credits[key]:
                act.withdraw(act.roles[account], token)
        for token in act.tokens:
            act.withdraw_fees(token)
            assert act.held(token) == books.owed(token) == 0


def test_one_shot_jobs_keep_their_promises(factory, chain):
    """It should stay solvent, conserve every amount and refuse every step out of turn, whatever its parties do."""
    profile = settings()
    examples = EXAMPLES.get(profile.max_examples, profile.max_examples)
    steps = STEPS.get(profile.max_examples, 60)
    machine = type("Machine", (FactoryMachine,), {"factory": factory, "chain": chain})
    run_state_machine_as_test(
        machine, settings=settings(profile, max_examples=examples, stateful_step_count=steps)
    )
