"""The outbox: what a transaction wants done outside the database is written in that transaction, and done afterwards.

Each message is delivered **at least** once: whoever delivers may die after delivering and before saying so. A message
therefore has an id, by which its receiver tells a repetition. There is no order among messages.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from provenwork.core.clock import Clock, SystemClock
from provenwork.core.errors import DatabaseError
from provenwork.store._database import Database, Transaction
from provenwork.store._json import to_json
from provenwork.store._listener import Listener
from provenwork.store._names import require_name

__all__ = ["Backlog", "Courier", "Message", "backlog", "enqueue", "enqueue_again"]

_log = logging.getLogger(__name__)

_PUT = text(
    """
    WITH put AS (
        INSERT INTO outbox (id, topic, payload, created_at, due_at)
        VALUES (:id, :topic, CAST(:payload AS jsonb), clock_timestamp(),
            clock_timestamp() + make_interval(secs => :delay))
        ON CONFLICT (id) DO NOTHING RETURNING 1
    )
    SELECT pg_notify('provenwork', 'outbox:' || :topic) FROM put
    """
)
_TAKE = text(
    """
    WITH due AS MATERIALIZED (
        SELECT id FROM outbox WHERE topic = :topic AND due_at <= clock_timestamp()
        ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE outbox AS o SET attempts = o.attempts + 1, due_at = clock_timestamp() + make_interval(secs => :seconds)
    FROM due WHERE o.id = due.id
    RETURNING o.id, o.topic, o.payload, o.created_at, o.attempts
    """
)
_DONE = text("DELETE FROM outbox WHERE id = :id AND attempts = :attempts")
_LATER = text(
    """
    UPDATE outbox SET problem = :problem, due_at = clock_timestamp() + make_interval(secs => :delay)
    WHERE id = :id AND attempts = :attempts
    """
)
_GIVE_UP = text(
    "UPDATE outbox SET problem = :problem, due_at = NULL WHERE id = :id AND attempts = :attempts"
)
_AGAIN = text(
    """
    WITH again AS (
        UPDATE outbox SET due_at = clock_timestamp(), attempts = 0 WHERE id = :id AND due_at IS NULL RETURNING topic
    )
    SELECT topic, pg_notify('provenwork', 'outbox:' || topic) FROM again
    """
)
_BACKLOG = text(
    """
    SELECT count(*) FILTER (WHERE due_at IS NOT NULL) AS waiting, count(*) FILTER (WHERE due_at IS NULL) AS given_up,
        min(created_at) FILTER (WHERE due_at IS NOT NULL) AS oldest
    FROM outbox WHERE topic = :topic
    """
)


@dataclass(frozen=True, slots=True)
class Message:
    """Something to deliver."""

    id: UUID
    """The same at every attempt: what its receiver tells repetitions by."""
    topic: str
    payload: dict[str, Any]
    created_at: datetime
    attempts: int
    """Which attempt this is, from 1."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is in the outbox under one topic."""

    waiting: int
    given_up: int
    """Messages that are not tried any more: see their `problem`, and `enqueue_again`."""
    oldest: datetime | None
    """When the oldest one that waits was written."""


async def enqueue(
    transaction: Transaction,
    topic: str,
    payload: Mapping[str, Any],
    *,
    id: UUID | None = None,  # noqa: A002 (the field's name)
    delay: float = 0.0,
) -> UUID:
    """Puts a message into the outbox, to be delivered when and only when the transaction commits.

    Args:
        transaction: The transaction of the effect.
        topic: Who is to deliver it.
        payload: A JSON object of at most 64 KiB.
        id: Its id; while a message of that id waits, a second one is not put. A random one if it is not said.
        delay: Seconds to wait before the first attempt.

    Raises:
        ValidationFailed: The topic or the payload cannot be kept.
    """
    require_name("a topic", topic)
    id = id or uuid4()  # noqa: A001 (the field's name)
    values = {"id": id, "topic": topic, "payload": to_json(payload), "delay": delay}
    await transaction.execute(_PUT, values)
    return id


async def enqueue_again(transaction: Transaction, id: UUID) -> bool:  # noqa: A002 (the field's name)
    """Has a message that was given up tried again, from the first attempt on; False if there is none of that id."""
    return (await transaction.execute(_AGAIN, {"id": id})).first() is not None


async def backlog(transaction: Transaction, topic: str) -> Backlog:
    """How much waits under a topic."""
    row = (await transaction.execute(_BACKLOG, {"topic": topic})).one()
    return Backlog(row.waiting, row.given_up, row.oldest)


class Courier:
    """Delivers the messages of one topic. Any number of them, in any number of processes, share the work.

    Args:
        database: Where the outbox is.
        topic: Whose messages.
        deliver: Delivers one. If it returns, the message is done; if it raises, it is tried again later, and the
            error's text is kept beside it (so it must hold no secrets).
        timeout: Seconds that one delivery may take; it is cancelled then, which counts as a failure.
        concurrency: Deliveries at a time.
        max_attempts: After so many failures a message is given up: kept, and not tried any more.
        first_pause: Seconds before the second attempt; doubles with each one, and is spread at random by half.
        longest_pause: The most that it grows to.
        poll: Seconds between looks for messages of which no word came.
        listener: Brings word of new messages at once.
        clock: Waits; the seam for tests.
    """

    def __init__(
        self,
        database: Database,
        topic: str,
        deliver: Callable[[Message], Awaitable[None]],
        *,
        timeout: float = 30.0,
        concurrency: int = 4,
        max_attempts: int = 20,
        first_pause: float = 1.0,
        longest_pause: float = 600.0,
        poll: float = 5.0,
        listener: Listener | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._database = database
        self._topic = topic
        self._deliver = deliver
        self._timeout = timeout
        self._concurrency = concurrency
        self._max_attempts = max_attempts
        self._first_pause = first_pause
        self._longest_pause = longest_pause
        self._poll = poll
        self._listener = listener
        self._clock = clock or SystemClock()

    async def run(self) -> None:
        """Delivers until it is cancelled, also through failures of the database.

        A delivery that is cancelled is made again, by whoever comes first, once its time is over.
        """
        watch = self._listener.watch(f"outbox:{self._topic}") if self._listener else None
        try:
            while True:
                try:
                    if watch:
                        watch.clear()
                    if await self.deliver_due():
                        continue
                except DatabaseError as problem:
                    _log.warning("outbox %s: %s; trying again", self._topic, problem)
                    await self._clock.sleep(min(1.0, self._poll))
                    continue
                if watch:
                    await watch.wait(self._poll)
                else:
                    await self._clock.sleep(self._poll)
        finally:
            if watch:
                watch.close()

    async def deliver_due(self) -> int:
        """Delivers what is due now, at most `concurrency` messages; returns how many were taken.

        Raises:
            DatabaseUnavailable: What was delivered meanwhile will be delivered again.
        """
        async with self._database.transaction() as transaction:
            values = {
                "topic": self._topic,
                "limit": self._concurrency,
                # Longer than a delivery takes, so that only the dead are overtaken.
                "seconds": 2 * self._timeout + 5,
            }
            rows = (await transaction.execute(_TAKE, values)).all()
        taken = [Message(r.id, r.topic, r.payload, r.created_at, r.attempts) for r in rows]
        # Not a group of tasks: one that fails must not cancel the others' deliveries.
        outcomes = await asyncio.gather(*map(self._attempt, taken), return_exceptions=True)
        for problem in outcomes:
            if problem is not None:
                raise problem
        return len(taken)

    async def _attempt(self, message: Message) -> None:
        problem = ""
        try:
            async with asyncio.timeout(self._timeout):
                await self._deliver(message)
        except Exception as error:  # noqa: BLE001 (whatever it is, the message stays)
            problem = f"{type(error).__name__}: {error}"[:500].replace("\x00", "")
        name = {"id": message.id, "attempts": message.attempts}
        async with self._database.transaction() as transaction:
            if not problem:
                await transaction.execute(_DONE, name)
            elif message.attempts >= self._max_attempts:
                _log.error("outbox %s: gave up %s: %s", message.topic, message.id, problem)
                await transaction.execute(_GIVE_UP, {**name, "problem": problem})
            else:
                delay = self._pause(message.attempts)
                await transaction.execute(_LATER, {**name, "problem": problem, "delay": delay})

    def _pause(self, attempts: int) -> float:
        pause = min(self._longest_pause, self._first_pause * 2.0 ** min(attempts - 1, 60))
        return pause * random.uniform(0.5, 1.0)  # noqa: S311 (no secret)
