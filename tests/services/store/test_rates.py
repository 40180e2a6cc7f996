"""Token buckets: no more than the burst at once, no more than the rate in the long run, by all replicas together."""

import asyncio
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from provenwork.core.errors import DatabaseUnavailable, RateLimited
from provenwork.store import Database, Rate, RateLimiter, forget_full_buckets
from tests.services.store.harness import ask

pytestmark = pytest.mark.anyio

RATE = Rate("requests", per_second=2.0, burst=5)


class Clock:
    """This machine's, and the database's with it."""

    def __init__(self, database_clock):
        self.database = database_clock
        self.here = 0.0

    def __call__(self):
        return self.here

    def move(self, seconds):
        """Time passes everywhere."""
        self.here += seconds
        self.database.advance(seconds)


@pytest.fixture
def clock(database_clock):
    """Stands still until it is moved."""
    return Clock(database_clock)


@pytest.fixture
def limiter(clock, database):
    """The limiter of one replica."""
    return RateLimiter(database, clock)


async def granted(limiter, caller="alice", *, most=100, rate=RATE, cost=1.0):
    """How many requests are granted before one is refused, and when the next would be."""
    for count in range(most):
        try:
            await limiter.take(rate, caller, cost=cost)
        except RateLimited as refusal:
            return count, refusal.retry_after
    raise AssertionError(f"{most} were granted")


async def test_burst_then_rate(limiter, clock):
    """A full bucket grants its burst at once, and after a refusal what time has brought."""
    assert await granted(limiter) == (5, pytest.approx(0.5))
    clock.move(1.0)
    assert await granted(limiter) == (2, pytest.approx(0.5))
    clock.move(3_600.0)
    assert await granted(limiter) == (5, pytest.approx(0.5))


async def test_retry_after_is_enough(limiter, clock):
    """Who waits as long as it was told is granted; who waits a little less is not, and waits the rest."""
    _, wait = await granted(limiter)
    clock.move(wait * 0.9)
    assert await granted(limiter) == (0, pytest.approx(wait * 0.1))
    clock.move(wait * 0.1 + 0.001)
    await limiter.take(RATE, "alice")


async def test_refusal_costs_nothing(limiter, clock):
    """Asking again and again while refused takes nothing away."""
    await granted(limiter)
    for _ in range(10):
        clock.move(0.04)
        with pytest.raises(RateLimited):
            await limiter.take(RATE, "alice")
    clock.move(0.11)
    await limiter.take(RATE, "alice")


async def test_callers_and_rates_are_apart(limiter):
    """One caller's requests, and those of another kind, cost nobody else anything."""
    await granted(limiter, "alice")
    assert (await granted(limiter, "bob"))[0] == 5
    assert (await granted(limiter, "alice", rate=Rate("posts", 1.0, 3)))[0] == 3


async def test_replicas_share(clock, url, database):
    """Requests that come in at once, by several replicas, are granted as many times as by one."""
    async with Database(url, pool_size=8) as other:
        limiters = [RateLimiter(database, clock), RateLimiter(other, clock)]
        requests = [one.take(RATE, "alice") for one in limiters for _ in range(20)]
        outcomes = await asyncio.gather(*requests, return_exceptions=True)
    assert sum(outcome is None for outcome in outcomes) == 5
    assert all(isinstance(outcome, RateLimited) for outcome in outcomes if outcome is not None)


async def test_flood_is_answered_from_memory(limiter, database, url):
    """Who was refused is refused again without the database being asked."""
    await granted(limiter)
    before = ask(url, "SELECT refilled_at, tokens, xmin::text FROM rate_buckets")
    for _ in range(1_000):
        with pytest.raises(RateLimited):
            await limiter.take(RATE, "alice")
    assert limiter.remembered == 1_000
    assert ask(url, "SELECT refilled_at, tokens, xmin::text FROM rate_buckets") == before


async def test_crowd_leaves_connections(clock, url):
    """However many ask at once for one bucket, others still get a connection to the database."""
    async with Database(url, pool_size=6, lock_timeout=3.0) as database:
        limiter = RateLimiter(database, clock)
        async with database.transaction() as transaction:
            await limiter.take(RATE, "alice")
            await transaction.execute(text("SELECT FROM rate_buckets FOR UPDATE"))
            # Nobody gets a token while the row is held.
            crowd = [asyncio.create_task(limiter.take(RATE, "alice")) for _ in range(50)]
            await asyncio.sleep(0.2)
            async with asyncio.timeout(1.0), database.transaction() as another:
                await another.scalar(text("SELECT 1"))
            assert not any(task.done() for task in crowd)
        outcomes = await asyncio.gather(*crowd, return_exceptions=True)
    assert sum(outcome is None for outcome in outcomes) == 4
    assert all(isinstance(outcome, RateLimited) for outcome in outcomes if outcome is not None)


async def test_memory_is_bounded(limiter):
    """However many callers are refused, the process keeps ten thousand of them at most."""
    for number in range(20_000):
        limiter._remember((str(number), 1.0), math.inf)
    assert len(limiter._refused) == 10_000


async def test_clock_set_back(limiter, clock):
    """A database's clock that jumps back gives nothing away, and does not lock anybody out for longer than a refill."""
    await granted(limiter)
    clock.database.advance(-3_600.0)
    clock.here += 0.6
    assert (await granted(limiter))[0] == 0
    clock.move(1.0)
    assert (await granted(limiter))[0] == 2


async def test_cost(limiter):
    """What costs more takes more, and what could never be granted is a mistake of ours."""
    assert (await granted(limiter, cost=2.0))[0] == 2
    with pytest.raises(ValueError, match="at most the burst, 5"):
        await limiter.take(RATE, "alice", cost=5.1)


@pytest.mark.parametrize(
    ("per_second", "burst"), [(0.0, 5), (-1.0, 5), (math.inf, 5), (1.0, 0.5), (1.0, math.inf)]
)
def test_rates_that_are_none(per_second, burst):
    """A rate that would never, or always, grant is refused where it is written."""
    with pytest.raises(ValueError, match="requests: a rate is above 0"):
        Rate("requests", per_second, burst)


async def test_database_gone(proxy, clock):
    """Without the database nobody is granted anything: that is what the request would be told anyway."""
    async with Database(proxy.url, pool_size=1, lock_timeout=1.0) as database:
        limiter = RateLimiter(database, clock)
        await limiter.take(RATE, "alice")
        proxy.closed = True
        proxy.cut()
        with pytest.raises(DatabaseUnavailable):
            await limiter.take(RATE, "alice")


async def test_full_buckets_are_forgotten(limiter, clock, database, url):
    """A bucket that is full again needs no row, and forgetting it changes nothing for its caller."""
    await granted(limiter, "alice")
    clock.move(2.3)
    await limiter.take(RATE, "bob")
    clock.move(0.3)
    async with database.transaction() as transaction:
        assert await forget_full_buckets(transaction, limit=10) == 1
    assert ask(url, "SELECT count(*) FROM rate_buckets") == [(1,)]
    assert RATE.bucket("alice") not in str(ask(url, "SELECT * FROM rate_buckets"))
    assert (await granted(limiter, "alice"))[0] == 5


async def test_callers_are_not_kept(limiter, url):
    """The table does not tell who called."""
    await limiter.take(RATE, "198.51.100.7")
    assert "198.51.100.7" not in str(ask(url, "SELECT * FROM rate_buckets"))


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(pauses=st.lists(st.sampled_from([0.0, 0.0, 0.1, 0.4, 0.5, 1.0, 3.0]), max_size=30))
async def test_never_more_than_rate_and_burst(limiter, clock, url, pauses):
    """Over any stretch of time, no more is granted than the burst and what the stretch's seconds bring."""
    ask(url, "TRUNCATE rate_buckets")
    limiter._refused.clear()
    granted_at = []
    for pause in pauses:
        clock.move(pause)
        try:
            await limiter.take(RATE, "alice")
        except RateLimited:
            continue
        granted_at.append(clock.here)
    for first, began in enumerate(granted_at):
        for last in range(first, len(granted_at)):
            bound = RATE.burst + RATE.per_second * (granted_at[last] - began)
            assert last - first + 1 <= bound + 1e-3
