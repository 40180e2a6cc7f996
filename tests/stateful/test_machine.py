"""One state machine over all contracts together: every function, everybody, to the second, allowed and forbidden.

docs/SPEC.md, section 12, lists the invariants. A rule takes what fits, or, if it is to be rude, anybody and anything; the
model, which knows nothing but events, says whether the call must pass, and with which errors it may be refused.
"""

import json
import os
from collections import Counter
from pathlib import Path

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.harness.escrow import ANSWER_WINDOW, ARBITER_WINDOW, CHALLENGE_WINDOW
from tests.harness.factory import SUBMITTED
from tests.stateful.invariants import Invariants
from tests.stateful.job_rules import JobRules
from tests.stateful.officer_rules import OfficerRules
from tests.stateful.world_setup import Scene

# Examples × steps by profile. `make deep` says its own.
SIZES = {8: (8, 20), 40: (40, 40), 1_000: (1_000, 100)}


class Machine(JobRules, OfficerRules, Invariants):
    """All of it, and the end of every history."""

    def end(self) -> None:
        """Every session and job ends in the stated time by one party alone, all money leaves (invariants 18, 19, 23)."""
        for contract, settings_ in self.books.settings.items():
            if not settings_.paused:
                self.attempt(contract, "pause", (), self.address("owner"), {})
        self._close_sessions_alone()
        self._end_jobs_alone()
        self._empty_the_contracts()
        self.invariant_04_nothing_is_made_or_lost()
        self.invariant_31_settings_from_events()

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
        longest = CHALLENGE_WINDOW + max(ANSWER_WINDOW, ARBITER_WINDOW)
        for x, alone in sorted(waiting, key=lambda pair: pair[0].evidence_end):
            self.pass_time(max(self.now, x.evidence_end + longest + 1))
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
        for account in self.borrowed:
            self.world.node.tell("anvil_setCode", account, "0x")
        self.denied, self.borrowed = set(), set()
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


def test_all_contracts_keep_their_promises(project, escrow, factory):
    """It should hold every invariant after every step, and end in bounded time, whatever anybody does."""
    scene = Scene(project, escrow, factory)
    tally: Counter[str] = Counter()
    steps = 0

    class Played(Machine):
        world, opening_books, tokens = scene.world, staticmethod(scene.books), scene.tokens
        domains, refusing_code = scene.domains, scene.refusing_code

        def __init__(self) -> None:
            super().__init__()
            tally["histories"] += 1

        def check_invariants(self, *args, **kwargs):
            tally["steps"] += 1
            return super().check_invariants(*args, **kwargs)

    Played.tally = tally
    profile = settings()
    examples, steps = SIZES[profile.max_examples]
    examples = int(os.environ.get("MACHINE_EXAMPLES", examples))
    steps = int(os.environ.get("MACHINE_STEPS", steps))
    try:
        run_state_machine_as_test(
            Played, settings=settings(profile, max_examples=examples, stateful_step_count=steps)
        )
    finally:
        scene.close()
    if report := os.environ.get("MACHINE_REPORT"):
        Path(report).write_text(json.dumps(tally))
