"""Leases in any order of events, with a clock that jumps: at most one counts, and it is the latest."""

import asyncio
from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from provenwork.core.errors import LeaseLost, LockConflict
from provenwork.store import (
    Database,
    acquire_lease,
    release_lease,
    renew_lease,
    require_lease,
)

_JUMP = text("UPDATE moved.now SET at = at + make_interval(secs => :seconds)")
_LEFT = text(
    "SELECT extract(epoch FROM expires_at - clock_timestamp()) FROM leases WHERE name = :name"
)

_GONE = -1_000_000_000  # seconds: what was given back does not come back with the clock


class LeaseActions:
    """What people do with one lease, and what must come of it. The clock stands still but for `jump`."""

    def __init__(self, runner, database, name):
        self._runner = runner
        self._database = database
        self._name = name
        self._granted = []
        self._left = 0  # seconds of the latest lease

    def _transact(self, action, *arguments, **options):
        async def run():
            async with self._database.transaction() as transaction:
                return await action(transaction, *arguments, **options)

        return self._runner.run(run())

    def _expect(self, works, error, action, *arguments, **options):
        """It works if it should, and is refused if not."""
        if works:
            return self._transact(action, *arguments, **options)
        with pytest.raises(error):
            self._transact(action, *arguments, **options)
        return None

    def _holds(self, lease):
        return lease is self._granted[-1] and self._left > 0

    def _former(self, age):
        """One of those granted: the latest, or one before it."""
        return self._granted[max(0, len(self._granted) - 1 - age)]

    def acquire(self, seconds):
        """Somebody wants it."""
        free = not self._granted or self._left <= 0
        lease = self._expect(
            free, LockConflict, acquire_lease, self._name, "anybody", seconds=seconds
        )
        if lease:
            assert lease.token == len(self._granted) + 1
            self._granted.append(lease)
            self._left = seconds

    def renew(self, age, seconds):
        """A holder, perhaps a former one, renews."""
        if self._granted:
            lease = self._former(age)
            if self._expect(self._holds(lease), LeaseLost, renew_lease, lease, seconds=seconds):
                self._left = max(self._left, seconds)

    def release(self, age):
        """A holder, perhaps a former one, gives it back."""
        if self._granted:
            lease = self._former(age)
            held = self._holds(lease)
            self._transact(release_lease, lease)
            if held:
                self._left = _GONE

    def jump(self, seconds):
        """The database's clock goes on, or is set back."""
        self._transact(lambda transaction: transaction.execute(_JUMP, {"seconds": seconds}))
        self._left -= seconds

    def check(self):
        """Each of the latest leases counts exactly if it should, until when it should."""
        for lease in self._granted[-2:]:
            self._expect(self._holds(lease), LeaseLost, require_lease, lease)
        if self._granted:
            left = self._transact(
                lambda transaction: transaction.scalar(_LEFT, {"name": self._name})
            )
            assert left == self._left or max(left, self._left) < _GONE / 2


def test_state_machine(url, database_clock):
    """Whatever happens in whatever order, with a clock that jumps: at most one lease counts, and it is the latest."""
    with asyncio.Runner() as runner:
        database, examples = Database(url, pool_size=1), count()

        class Leases(RuleBasedStateMachine):
            """The actions, in any order."""

            def __init__(self):
                super().__init__()
                self.actions = LeaseActions(runner, database, f"example {next(examples)}")

            @rule(seconds=st.integers(1, 60))
            def acquire(self, seconds):
                self.actions.acquire(seconds)

            @rule(age=st.integers(0, 2), seconds=st.integers(1, 60))
            def renew(self, age, seconds):
                self.actions.renew(age, seconds)

            @rule(age=st.integers(0, 2))
            def release(self, age):
                self.actions.release(age)

            @rule(seconds=st.integers(-90, 90))
            def jump(self, seconds):
                self.actions.jump(seconds)

            @invariant()
            def invariant_only_the_latest_counts(self):
                self.actions.check()

        run_state_machine_as_test(Leases, settings=settings(stateful_step_count=15))
        runner.run(database.close())
