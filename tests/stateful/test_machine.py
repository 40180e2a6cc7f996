"""One state machine over all contracts together: every function, everybody, to the second, allowed and forbidden.

docs/SPEC.md, section 12, lists the invariants. A rule takes what fits, or, if it is to be rude, anybody and anything; the
model, which knows nothing but events, says whether the call must pass, and with which errors it may be refused.
"""

import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import ClassVar

from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.harness.escrow import ANSWER_WINDOW, ARBITER_WINDOW, CHALLENGE_WINDOW, CLOSE_WINDOW
from tests.harness.factory import SUBMITTED
from tests.stateful.independent import BACKEND
from tests.stateful.invariants import Invariants
from tests.stateful.job_rules import JobRules
from tests.stateful.officer_rules import OfficerRules
from tests.stateful.view_rules import ViewRules
from tests.stateful.world import ZERO
from tests.stateful.world_setup import Scene

LONGEST = CHALLENGE_WINDOW + max(ANSWER_WINDOW, ARBITER_WINDOW)
# Examples × steps by profile. `make deep` says its own.
SIZES = {8: (8, 20), 40: (40, 40), 1_000: (1_000, 100)}


# A play of so many histories has every function in it, carried out and refused.
ENOUGH = 300
CONTRACTS = ("market", "jobs", "registry", "circuits")
ALWAYS_REFUSED = {"circuits.renounceOwnership"}
NEVER_REFUSED = {"market.redeemVouchers", "jobs.revokeIntent"}


class Machine(JobRules, OfficerRules, ViewRules, Invariants):
    """All of it, and the end of every history."""

    def end(self) -> None:
        """Every session and job ends in the stated time by one party alone, all money leaves (invariants 18, 19, 23)."""
        for contract, settings_ in self.books.settings.items():
            owner = self.books.owners[contract]
            if not settings_.paused and owner != ZERO:
                self.attempt(contract, "pause", (), owner, {})
        self._anyone_alone_can_end()
        self._close_sessions_alone()
        self._end_jobs_alone()
        self._empty_the_contracts()
        self.invariant_04_nothing_is_made_or_lost()
        self.invariant_31_settings_from_events()

    def _anyone_alone_can_end(self) -> None:
        """User, host, issuer, worker and stranger: each alone, from here, by the stated second (invariant 18)."""
        stranger = self.address("stranger")
        for x in [x for x in self.books.sessions.values() if x.is_open]:
            for alone in (x.user, x.host, stranger):
                asks = alone == x.host or (alone == x.user and self.runs(x))
                asked = [self._request("completeSession", x.id, alone)] if asks else []
                asked_now = asks and alone != x.host
                until = self.now + CLOSE_WINDOW if asked_now else x.evidence_end
                final = "finalizeSession" if asked_now or x.closing_at else "triggerSessionTimeout"
                closing = [] if alone == x.host else [self._request(final, x.id, alone)]
                self._all_pass(asked, max(self.now, until) + LONGEST + 1, closing)
        for job in [job for job in self.books.jobs.values() if job.is_held]:
            function = "claimByDefault" if job.status == SUBMITTED else "expireJob"
            for alone in {job.issuer, job.worker, stranger} - {ZERO}:
                request = self.world.request("jobs", function, (job.id,), alone, 0)
                self._all_pass([], max(self.now, job.deadline) + 1, [request])

    def _request(self, function: str, job: int, sender: str) -> dict[str, str]:
        return self.world.request("market", function, (job,), sender, 0)

    def _all_pass(
        self, first: list[dict[str, str]], second: int, then: list[dict[str, str]]
    ) -> None:
        """Calls that would pass now, and others that would pass at a later second."""
        for block in self.world.imagine((self.now, first), (max(second, self.now + 1), then)):
            assert all(call["status"] == "0x1" for call in block), (first, then, block)

    def _close_sessions_alone(self) -> None:
        """A third each by its user, its host, and a stranger; nobody else moves."""
        waiting = []
        for x in [x for x in self.books.sessions.values() if x.is_open]:
            alone = (x.user, x.host, self.address("stranger"))[x.id % 3]
            if alone == x.host:
                assert self.attempt("market", "completeSession", (x.id,), x.host, {})
                continue
            if alone == x.user and self.runs(x):
                assert self.attempt("market", "completeSession", (x.id,), x.user, {})
            waiting.append((x, alone))
        for x, alone in sorted(waiting, key=lambda pair: pair[0].evidence_end):
            self.pass_time(max(self.now, x.evidence_end + LONGEST + 1))
            assert self.try_to_close(x, alone, finalize=bool(x.closing_at))

    def _end_jobs_alone(self) -> None:
        held = [job for job in self.books.jobs.values() if job.is_held]
        for job in sorted(held, key=lambda job: job.deadline):
            self.pass_time(max(self.now, job.deadline + 1))
            function = "claimByDefault" if job.status == SUBMITTED else "expireJob"
            assert self.attempt("jobs", function, (job.id,), self.address("stranger"), {})

    def _empty_the_contracts(self) -> None:
        """Whoever can be paid is; who refused, or was frozen, is when that is over."""
        self._withdraw_all()
        for account in sorted(self.denied):
            self.attempt("deny", "deny", (account, False), self.address("stranger"), {})
        for account in self.borrowed | self.yielding:
            self.world.node.tell("anvil_setCode", account, "0x")
        self.denied, self.borrowed, self.yielding = set(), set(), set()
        self._withdraw_all(elsewhere=self.address("refuser"))
        for contract in self.books.settings:
            for purse, token in self.tokens.items():
                fees = self.books.ledgers[contract].fees[token]
                assert self.held(contract, purse) == self.given[contract, token] + fees
                assert not fees or self.refuses_ether(self.books.settings[contract].treasury)

    def _withdraw_all(self, elsewhere: str | None = None) -> None:
        for contract, ledger in self.books.ledgers.items():
            waiting = {*ledger.earned, *ledger.credits}
            for account, token in sorted(waiting):
                if ledger.earned[account, token] + ledger.credits[account, token]:
                    to = self.address("stranger") if account == elsewhere else account
                    self.try_to_withdraw(contract, account, token, to)
            for token in self.tokens.values():
                if ledger.fees[token]:
                    self.try_to_withdraw_fees(contract, token, self.address("stranger"))
        self.touched()


def placed(scene: Scene) -> type[Machine]:
    """The machine, to be played in this scene."""

    class Placed(Machine):
        tally: ClassVar[Counter[str]] = Counter()
        world, opening_books, tokens = scene.world, staticmethod(scene.books), scene.tokens
        domains = scene.domains
        extension, accepting_verifier = scene.extension, scene.accepting_verifier
        refusing_code, yielding_code = scene.refusing_code, scene.yielding_code

    return Placed


def test_all_contracts_keep_their_promises(project, escrow, factory):
    """It should hold every invariant after every step, and end in bounded time, whatever anybody does."""
    scene = Scene(project, escrow, factory)
    tally: Counter[str] = Counter()
    clock = time.monotonic()

    class Played(placed(scene)):
        def __init__(self) -> None:
            super().__init__()
            tally["histories"] += 1

        def check_invariants(self, *args, **kwargs):
            tally["steps"] += 1
            return super().check_invariants(*args, **kwargs)

        def teardown(self):
            try:
                if sys.exc_info()[0] is not None:
                    self.broke()
                super().teardown()
            except AssertionError:
                self.broke()
                raise

        def broke(self):
            """The first history that breaks is what a planted bug took to be found."""
            tally.setdefault("broken_after_histories", tally["histories"])
            tally.setdefault("broken_after_steps", tally["steps"])

    Played.tally = tally
    try:
        run_state_machine_as_test(Played, settings=_chosen())
        if tally["histories"] >= ENOUGH:
            assert _never_played(scene, tally) == []
    finally:
        scene.close()
        tally["milliseconds"] = round(1_000 * (time.monotonic() - clock))
        if report := os.environ.get("MACHINE_REPORT"):
            Path(report).write_text(json.dumps(tally))


def _never_played(scene: Scene, tally: Counter[str]) -> list[str]:
    """What was never carried out, or never refused, of all that can be done to the contracts."""
    done = [f"{face}.{name}" for face in CONTRACTS for name in scene.world.faces[face].changing]
    passed = [name for name in done if not tally[name] and name not in ALWAYS_REFUSED]
    refused = [name for name in done if not tally[f"{name} refused"] and name not in NEVER_REFUSED]
    return [*passed, *(f"{name} refused" for name in refused)]


def _chosen() -> settings:
    """How much is played: by the profile, unless the environment says otherwise."""
    profile = settings()
    examples, steps = SIZES[profile.max_examples]
    # To know that a history breaks is enough for a planted bug; a person wants the shortest one.
    phases = (Phase.generate,) if os.environ.get("MACHINE_SHRINK") == "0" else profile.phases
    return settings(
        profile,
        max_examples=int(os.environ.get("MACHINE_EXAMPLES", examples)),
        stateful_step_count=int(os.environ.get("MACHINE_STEPS", steps)),
        phases=phases,
        # Who asks for a number of histories wants others than the last time.
        derandomize=profile.derandomize and "MACHINE_EXAMPLES" not in os.environ,
        backend=BACKEND,
    )
