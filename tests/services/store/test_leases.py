"""Leases: one at a time on the database's clock, and whoever comes late is refused."""

import asyncio
import time

import pytest
from sqlalchemy import text

from provenwork.core.clock import SystemClock
from provenwork.core.errors import LeaseLost, LockConflict, ValidationFailed
from provenwork.store import (
    Database,
    acquire_lease,
    hold_lease,
    release_lease,
    renew_lease,
    require_lease,
)
from tests.services.store.harness import ask, child

pytestmark = pytest.mark.anyio


async def acquire(database, holder="alice", seconds=60.0, name="job"):
    """Takes a lease."""
    async with database.transaction() as transaction:
        return await acquire_lease(transaction, name, holder, seconds=seconds)


async def renew(database, lease, seconds=60.0):
    """Renews one."""
    async with database.transaction() as transaction:
        return await renew_lease(transaction, lease, seconds=seconds)


async def release(database, lease):
    """Gives one back."""
    async with database.transaction() as transaction:
        await release_lease(transaction, lease)


async def require(database, lease):
    """Acts on one."""
    async with database.transaction() as transaction:
        await require_lease(transaction, lease)


async def test_one_at_a_time(database_clock, database):
    """Until a lease is over nobody else gets it, nor its holder a second one; they are told for how long at most."""
    lease = await acquire(database)
    assert (lease.name, lease.holder, lease.token) == ("job", "alice", 1)
    database_clock.advance(20)
    for holder in ("bob", "alice"):
        with pytest.raises(LockConflict) as raised:
            await acquire(database, holder)
        assert raised.value.retry_after == 40
    assert (await acquire(database, "bob", name="another")).token == 1


async def test_exact_end(database_clock, database):
    """A lease counts until its end and not at it, on the database's clock."""
    lease = await acquire(database)
    database_clock.advance(59.999999)
    await require(database, lease)
    with pytest.raises(LockConflict):
        await acquire(database, "bob")
    database_clock.advance(0.000001)
    with pytest.raises(LeaseLost):
        await require(database, lease)
    assert (await acquire(database, "bob")).token == 2


async def test_lost_without_a_successor(database_clock, database):
    """What has run out is lost, even if nobody has taken it: it is neither renewed nor acted on."""
    lease = await acquire(database)
    database_clock.advance(60)
    for use in (renew, require):
        with pytest.raises(LeaseLost):
            await use(database, lease)


async def test_renewal(database_clock, database):
    """A renewal counts from now, keeps the token, and never makes a lease shorter."""
    lease = await acquire(database)
    database_clock.advance(50)
    renewed = await renew(database, lease)
    assert renewed.token == lease.token
    assert (renewed.expires_at - lease.expires_at).total_seconds() == 50
    assert (await renew(database, renewed, seconds=1)).expires_at == renewed.expires_at
    database_clock.advance(59)
    # The lease is known by its token, not by the end that it had.
    await require(database, lease)


async def test_release(database_clock, database):
    """A lease that was given back is free at once; the token goes on counting."""
    lease = await acquire(database)
    await release(database, lease)
    with pytest.raises(LeaseLost):
        await require(database, lease)
    successor = await acquire(database, "bob")
    assert successor.token == 2
    # Giving back what one does not hold any more takes it from nobody.
    await release(database, lease)
    await require(database, successor)


async def test_clock_of_the_database_steps_back(database_clock, database):
    """If the database's clock is set back, the old holder does not come back to life beside the new one."""
    old = await acquire(database)
    database_clock.advance(60)
    new = await acquire(database, "bob")
    database_clock.advance(-90)
    await require(database, new)
    with pytest.raises(LeaseLost):
        await require(database, old)


async def test_guard_holds_off_the_successor(database, url):
    """While somebody acts on a lease, nobody takes it, even when its time runs out meanwhile."""
    ask(url, "CREATE TABLE effects (id text)")
    lease, acted = await acquire(database, seconds=0.3), asyncio.Event()

    async def act():
        async with database.transaction() as transaction:
            await require_lease(transaction, lease)
            acted.set()
            await asyncio.sleep(0.6)
            await transaction.execute(text("INSERT INTO effects VALUES ('alice')"))

    acting = asyncio.create_task(act())
    await acted.wait()
    await asyncio.sleep(0.35)
    async with database.transaction() as transaction:
        successor = await acquire_lease(transaction, "job", "bob", seconds=60)
        # Whoever has the lease sees everything that its predecessor did.
        assert (await transaction.execute(text("SELECT id FROM effects"))).all() == [("alice",)]
    await acting
    assert successor.token == 2


@pytest.mark.parametrize("use", [require, renew])
async def test_waiting_does_not_stop_the_clock(database, use):
    """A lease that runs out while one waits to act on it, or to renew it, is lost."""
    lease = await acquire(database, seconds=0.3)

    async def block():
        async with database.transaction() as transaction:
            await transaction.execute(text("SELECT FROM leases FOR UPDATE"))
            await asyncio.sleep(0.5)

    blocking = asyncio.create_task(block())
    await asyncio.sleep(0.1)
    with pytest.raises(LeaseLost):
        await use(database, lease)
    await blocking


async def test_one_winner(database):
    """Of many who want a lease at the same moment one gets it."""
    outcomes = await asyncio.gather(
        *(acquire(database, str(number)) for number in range(20)), return_exceptions=True
    )
    assert sum(not isinstance(outcome, LockConflict) for outcome in outcomes) == 1


async def test_frozen_holder(database, url):
    """A holder that is frozen through the end of its lease is refused when it goes on, whatever its own clock says."""
    ask(url, "CREATE TABLE effects (id text)")
    with child("work", url.render_as_string(hide_password=False), 0.5) as sleepy:
        assert await asyncio.to_thread(sleepy.says, "token") == "1"
        sleepy.freeze()
        for _ in range(100):
            try:
                successor = await acquire(database, "bob")
                break
            except LockConflict as problem:
                await asyncio.sleep(problem.retry_after)
        sleepy.thaw()
        sleepy.process.stdin.write("go on\n")
        sleepy.process.stdin.flush()
        await asyncio.to_thread(sleepy.says, "refused")
    assert successor.token == 2
    assert ask(url, "SELECT count(*) FROM effects") == [(0,)]


@pytest.mark.parametrize(("name", "holder"), [("", "alice"), ("x" * 201, "alice"), ("job", "\x00")])
async def test_refuses_names(database, name, holder):
    """Names are short and plain."""
    with pytest.raises(ValidationFailed):
        await acquire(database, holder, name=name)


@pytest.mark.parametrize("seconds", [0, -1, 86_401, float("nan"), float("inf")])
async def test_refuses_durations(database, seconds):
    """A lease lasts for a while, and not for ever."""
    with pytest.raises(ValidationFailed):
        await acquire(database, seconds=seconds)


# ---------------------------------------------------------------------------------------------------------- holding


class WallClockJumps(SystemClock):
    """A machine whose time of day nobody may rely on."""

    def now(self):
        """Nothing to go by."""
        raise AssertionError("a lease asks for this machine's time of day")


async def test_hold(database):
    """While a block holds a lease it is renewed; afterwards it is free. This machine's time of day plays no part."""
    async with hold_lease(database, "job", "alice", seconds=0.6, clock=WallClockJumps()) as lease:
        await asyncio.sleep(1.2)
        await require(database, lease)
        with pytest.raises(LockConflict):
            await acquire(database, "bob")
    assert (await acquire(database, "bob")).token == 2


async def test_hold_taken(database):
    """Nobody enters while another holds."""
    await acquire(database)
    with pytest.raises(LockConflict):
        async with hold_lease(database, "job", "bob", seconds=60):
            pytest.fail("entered")


async def test_hold_without_the_database(database, proxy):
    """If the lease cannot be renewed, the block is cancelled before the lease is over, and is told why."""
    async with Database(proxy.url, pool_size=2) as over_network:
        with pytest.raises(LeaseLost):  # noqa: PT012
            async with hold_lease(over_network, "job", "alice", seconds=1.0) as lease:
                proxy.closed = True
                proxy.cut()
                started = time.monotonic()
                try:
                    await asyncio.sleep(30)
                finally:
                    stopped = time.monotonic() - started
                    await require(database, lease)
        assert stopped < 1.0


async def test_hold_through_a_short_cut(proxy):
    """A cut that is over in time does no harm."""
    async with (
        Database(proxy.url, pool_size=2) as over_network,
        hold_lease(over_network, "job", "alice", seconds=1.5) as lease,
    ):
        proxy.closed = True
        proxy.cut()
        await asyncio.sleep(0.7)
        proxy.closed = False
        await asyncio.sleep(1.5)
        await require(over_network, lease)


async def test_hold_stolen(database, url):
    """If the lease is gone, the block is cancelled at the next renewal."""
    with pytest.raises(LeaseLost):  # noqa: PT012
        async with hold_lease(database, "job", "alice", seconds=0.6):
            ask(url, "UPDATE leases SET token = token + 1")
            await asyncio.sleep(30)


async def test_hold_cancelled_from_outside(database):
    """A block that is cancelled by others is cancelled, and gives its lease back."""

    async def work():
        async with hold_lease(database, "job", "alice", seconds=60):
            await asyncio.sleep(30)

    task = asyncio.create_task(work())
    await asyncio.sleep(0.2)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert (await acquire(database, "bob")).token == 2
