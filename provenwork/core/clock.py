"""Time as a protocol, which is the seam for tests.

Three clocks, and which one counts for what: **the chain's** for whatever a contract decides; **the database's** for
leases, expiry and everything that several processes must agree on; **this machine's**, here, for pauses and for how long
something took, by `monotonic`, which no correction of the time of day can move.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """What time it is here, and waiting."""

    def now(self) -> datetime:
        """The time of day, in UTC. It may jump."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment; it never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Waits."""
        ...


class SystemClock:
    """This machine's clock."""

    def now(self) -> datetime:
        """The time of day, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some moment; it never goes back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Waits."""
        await asyncio.sleep(seconds)
