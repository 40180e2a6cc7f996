"""Rate limits that all replicas share: token buckets, one row each, one statement per request, on the database's clock.

A bucket holds `burst` tokens and gains `per_second` of them every second; a request takes some or is refused. So a caller
may come in bursts, and in the long run no faster than the rate (the "token bucket" of RFC 2697's meters).

Whoever was refused cannot be granted anything before its bucket has gained what was missing. So this process remembers
until when, and answers a flood of requests from memory, without asking the database.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from provenwork.core.errors import RateLimited
from provenwork.store._database import Database, Transaction

__all__ = ["Rate", "RateLimiter", "forget_full_buckets"]

# The row is locked before it is read, so no token is given twice. A clock that was set back gains nothing.
_TAKE: Final = text(
    """
    WITH now AS MATERIALIZED (
        SELECT bucket, tokens, refilled_at, clock_timestamp() AS at FROM rate_buckets WHERE bucket = :bucket FOR UPDATE
    ), held AS (
        SELECT bucket, at, least(:burst, tokens + :rate * greatest(0, extract(epoch FROM at - refilled_at))) AS tokens
        FROM now
    ), rest AS (
        SELECT bucket, at, tokens AS held, CASE WHEN tokens >= :cost THEN tokens - :cost ELSE tokens END AS tokens
        FROM held
    )
    UPDATE rate_buckets AS b SET tokens = rest.tokens, refilled_at = rest.at,
        full_at = rest.at + make_interval(secs => (:burst - rest.tokens) / :rate)
    FROM rest WHERE b.bucket = rest.bucket RETURNING :cost - rest.held AS missing
    """
)
# Who has no row has a full bucket. Whoever comes between the two statements makes the row, and the first is tried again.
_BEGIN: Final = text(
    """
    INSERT INTO rate_buckets (bucket, tokens, refilled_at, full_at)
    SELECT :bucket, :burst - :cost, at, at + make_interval(secs => :cost / :rate) FROM clock_timestamp() AS at
    ON CONFLICT DO NOTHING
    """
)
_FORGET: Final = text(
    """
    WITH old AS MATERIALIZED (
        SELECT ctid FROM rate_buckets WHERE full_at <= clock_timestamp() LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    DELETE FROM rate_buckets AS b USING old WHERE b.ctid = old.ctid
    """
)
_MOST_REMEMBERED: Final = 10_000
_AT_A_TIME: Final = 4


@dataclass(frozen=True, slots=True)
class Rate:
    """So many per second in the long run, so many at once."""

    name: str
    """What it is for; part of the bucket's name."""
    per_second: float
    burst: float

    def __post_init__(self) -> None:
        if not (0 < self.per_second < math.inf and 1 <= self.burst < math.inf):
            raise ValueError(
                f"{self.name}: a rate is above 0 per second, with a burst of 1 or more"
            )

    def bucket(self, caller: str) -> str:
        """The name of a caller's bucket, which does not tell who it is."""
        named = f"{self.name}\0{caller}".encode()
        return hashlib.blake2b(named, digest_size=16, person=b"rate bucket").hexdigest()


class RateLimiter:
    """Takes tokens from buckets.

    Args:
        database: Where the buckets are.
        monotonic: This machine's clock, for how long a refusal is remembered.
    """

    def __init__(self, database: Database, monotonic: Callable[[], float] | None = None) -> None:
        self._database = database
        self._monotonic = monotonic or (lambda: asyncio.get_running_loop().time())
        self._refused: OrderedDict[tuple[str, float], float] = OrderedDict()
        # Many who ask for one bucket wait for its row one after the other: here, not each with a connection in its hands.
        self._turn = asyncio.Semaphore(_AT_A_TIME)
        self.remembered = 0
        """How many requests were refused from memory."""

    async def take(self, rate: Rate, caller: str, *, cost: float = 1.0) -> None:
        """Returns if the caller has a request (or `cost` of them) left, which it now has not any more.

        Raises:
            RateLimited: It has not; `retry_after` says when it will. Nothing is taken.
            ValueError: The cost is beyond the burst: it would never be granted.
            DatabaseUnavailable: Nobody can say. Refuse the request too: what it asks for needs the database anyway.
        """
        if not 0 < cost <= rate.burst:
            raise ValueError(
                f"{rate.name}: a cost is above 0 and at most the burst, {rate.burst:g}"
            )
        bucket = rate.bucket(caller)
        now = self._monotonic()
        if (until := self._refused.get((bucket, cost), 0.0)) > now:
            self.remembered += 1
            raise _refusal(rate, until - now)
        missing = await self._missing(rate, bucket, cost)
        if missing > 0:
            wait = missing / rate.per_second
            self._remember((bucket, cost), now + wait)
            raise _refusal(rate, wait)
        self._refused.pop((bucket, cost), None)

    async def _missing(self, rate: Rate, bucket: str, cost: float) -> float:
        """How many tokens the bucket is short of; if none, they are taken."""
        values = {"bucket": bucket, "burst": rate.burst, "rate": rate.per_second, "cost": cost}
        async with self._turn, self._database.transaction() as transaction:
            while (missing := await transaction.scalar(_TAKE, values)) is None:
                if (await transaction.execute(_BEGIN, values)).rowcount:
                    return 0.0
            return float(missing)

    def _remember(self, key: tuple[str, float], until: float) -> None:
        self._refused[key] = until
        self._refused.move_to_end(key)
        if len(self._refused) > _MOST_REMEMBERED:
            self._refused.popitem(last=False)


def _refusal(rate: Rate, wait: float) -> RateLimited:
    return RateLimited(
        f"too many requests: {rate.name} allows {rate.per_second:g} a second, {rate.burst:g} at once",
        retry_after=max(wait, 0.001),
        hint=f"Ask again in {math.ceil(wait)} s.",
    )


async def forget_full_buckets(transaction: Transaction, *, limit: int = 1_000) -> int:
    """Deletes buckets that are full again, at most so many; returns how many there were."""
    return (await transaction.execute(_FORGET, {"limit": limit})).rowcount
