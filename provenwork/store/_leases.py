"""Leases: only one at a time, until a moment on the database's clock.

A lease alone cannot keep a holder from acting late: it may sleep through the end of its lease and go on. What it then
writes must be refused where it lands. In the database `require_lease` does that, in the transaction of the effect;
anything outside must remember the largest fencing token that it saw, and refuse a smaller one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from provenwork.core.clock import Clock, SystemClock
from provenwork.core.errors import (
    DatabaseError,
    LeaseLost,
    LockConflict,
    ValidationFailed,
)
from provenwork.store._database import Database, Transaction
from provenwork.store._names import require_name

__all__ = [
    "Lease",
    "acquire_lease",
    "hold_lease",
    "release_lease",
    "renew_lease",
    "require_lease",
]

_log = logging.getLogger(__name__)

# The part of a lease after which its holder stops by itself: stopping takes time too.
_SAFE = 0.9

# The clock is read after the row is locked: while one waits for it, time goes on.
_ACQUIRE = text(
    """
    INSERT INTO leases AS l (name, holder, token, expires_at)
    VALUES (:name, :holder, 1, clock_timestamp() + make_interval(secs => :seconds))
    ON CONFLICT (name) DO UPDATE
    SET holder = :holder, token = l.token + 1, expires_at = clock_timestamp() + make_interval(secs => :seconds)
    WHERE l.expires_at <= clock_timestamp()
    RETURNING token, expires_at
    """
)
_HELD = text(
    "SELECT extract(epoch FROM expires_at - clock_timestamp()) FROM leases WHERE name = :name"
)
_LOCK = text("SELECT 1 FROM leases WHERE name = :name FOR UPDATE")
_RENEW = text(
    """
    UPDATE leases
    SET expires_at = greatest(expires_at, clock_timestamp() + make_interval(secs => :seconds))
    WHERE name = :name AND token = :token AND expires_at > clock_timestamp()
    RETURNING expires_at
    """
)
# To the beginning of time: no clock that is set back brings it to life again.
_RELEASE = text(
    """
    UPDATE leases SET expires_at = to_timestamp(0)
    WHERE name = :name AND token = :token AND expires_at > clock_timestamp()
    """
)
_SHARE = text("SELECT token FROM leases WHERE name = :name FOR SHARE")
_VALID = text(
    "SELECT 1 FROM leases WHERE name = :name AND token = :token AND expires_at > clock_timestamp()"
)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to do something alone for a while."""

    name: str
    holder: str
    token: int
    """The fencing token: of two leases of one name, the later one's is larger."""
    expires_at: datetime
    """On the database's clock. Compare it with nothing but `Transaction.now`."""


async def acquire_lease(
    transaction: Transaction, name: str, holder: str, *, seconds: float
) -> Lease:
    """Takes a lease that is free or has run out. It counts once the transaction commits.

    Args:
        transaction: The transaction; until it ends, others who want the same lease wait.
        name: What may be done by one only.
        holder: Who it is, for people to read; being the same does not help against another's lease.
        seconds: How long, from now on the database's clock.

    Raises:
        LockConflict: Somebody holds it; `retry_after` says for how many seconds at most.
    """
    _require_seconds(seconds)
    require_name("a lease's name", name)
    require_name("a lease's holder", holder)
    values = {"name": name, "holder": holder, "seconds": seconds}
    row = (await transaction.execute(_ACQUIRE, values)).one_or_none()
    if row is None:
        left = await transaction.scalar(_HELD, {"name": name})
        raise LockConflict(f"{name} is taken", retry_after=max(0.1, float(left or 0)))
    return Lease(name, holder, row.token, row.expires_at)


async def renew_lease(transaction: Transaction, lease: Lease, *, seconds: float) -> Lease:
    """Prolongs a lease to so many seconds from now; it never becomes shorter.

    Raises:
        LeaseLost: It has run out, even if nobody has taken it since.
    """
    _require_seconds(seconds)
    # Waits for the row first, in a statement of its own: the renewal's condition is then read at a time that counts.
    await transaction.execute(_LOCK, {"name": lease.name})
    values = {"name": lease.name, "token": lease.token, "seconds": seconds}
    expires_at = await transaction.scalar(_RENEW, values)
    if expires_at is None:
        raise _lost(lease)
    return Lease(lease.name, lease.holder, lease.token, expires_at)


async def release_lease(transaction: Transaction, lease: Lease) -> None:
    """Ends a lease before its time; does nothing if it is not held any more."""
    await transaction.execute(_LOCK, {"name": lease.name})
    await transaction.execute(_RELEASE, {"name": lease.name, "token": lease.token})


async def require_lease(transaction: Transaction, lease: Lease) -> None:
    """Returns if the lease is held, and keeps anybody from taking it until the transaction ends.

    What the transaction does has then happened before the next holder's lease began.

    Raises:
        LeaseLost: It has run out, even if nobody has taken it since.
    """
    await transaction.execute(_SHARE, {"name": lease.name})
    # Asked after the wait for the row, and with the clock of that moment.
    if await transaction.scalar(_VALID, {"name": lease.name, "token": lease.token}) is None:
        raise _lost(lease)


@asynccontextmanager
async def hold_lease(
    database: Database, name: str, holder: str, *, seconds: float, clock: Clock | None = None
) -> AsyncIterator[Lease]:
    """Holds a lease while the block runs: takes it, renews it every third of its time, and gives it back.

    If it cannot be renewed in time, the block is cancelled before the lease runs out, however this machine's time of day
    jumps: the time is measured by a monotonic clock, from before the request for the lease. A block that computes
    without awaiting cannot be cancelled, so its effects still need `require_lease`.

    Raises:
        LockConflict: Somebody holds it.
        LeaseLost: It could not be renewed in time; the block was cancelled.
    """
    clock = clock or SystemClock()
    asked = clock.monotonic()
    async with database.transaction() as transaction:
        lease = await acquire_lease(transaction, name, holder, seconds=seconds)
    block = asyncio.current_task()
    assert block is not None  # noqa: S101 (a coroutine runs in a task)
    lost = False

    async def keep() -> None:
        nonlocal lost
        held_until, pause = asked + _SAFE * seconds, seconds / 3
        while True:
            await clock.sleep(max(0.0, min(pause, held_until - clock.monotonic())))
            asked_again = clock.monotonic()
            try:
                left = max(0.0, held_until - asked_again)
                async with asyncio.timeout(left), database.transaction() as transaction:
                    await renew_lease(transaction, lease, seconds=seconds)
                held_until, pause = asked_again + _SAFE * seconds, seconds / 3
            except (LeaseLost, TimeoutError):
                lost = True
                block.cancel()
                return
            except DatabaseError as problem:
                _log.warning("could not renew the lease %s, trying again: %s", name, problem)
                pause = seconds / 20

    keeper = asyncio.create_task(keep(), name=f"lease {name}")
    try:
        yield lease
    except asyncio.CancelledError:
        if lost and block.uncancel() == 0:
            raise _lost(lease) from None
        raise
    finally:
        keeper.cancel()
        with suppress(asyncio.CancelledError):
            await keeper
        if not lost:
            with suppress(DatabaseError):
                async with database.transaction() as transaction:
                    await release_lease(transaction, lease)


def _require_seconds(seconds: float) -> None:
    if not 0 < seconds <= 86_400:
        raise ValidationFailed(f"a lease lasts up to a day, not {seconds} seconds")


def _lost(lease: Lease) -> LeaseLost:
    return LeaseLost(f"the lease on {lease.name} has run out (token {lease.token})")
