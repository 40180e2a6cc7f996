"""The same request twice has one effect and one answer.

The answer is written in the transaction of the effect, so there is one exactly if there is the other. While a request is
being answered, an advisory lock of its transaction says so; a process that dies takes its lock and its effect with it, and
no half-answered request is left that would block its own repetition.

Source: draft-ietf-httpapi-idempotency-key-header-07.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import text

from provenwork.core.errors import IdempotencyConflict, RequestInFlight
from provenwork.store._database import Database, Transaction
from provenwork.store._names import require_name

__all__ = ["IDEMPOTENCY_HOURS", "Answer", "RequestId", "answer_once", "forget_answers"]

IDEMPOTENCY_HOURS: Final = 24
"""How long an answer is kept."""

_LOCK = text("SELECT pg_try_advisory_xact_lock(:lock)")
_FIND = text(
    """
    SELECT body_hash, status, content_type, body FROM idempotency_keys
    WHERE principal = :principal AND method = :method AND route = :route AND key = :key
    AND expires_at > clock_timestamp()
    """
)
# Whatever is in its way has expired: its lock is ours.
_KEEP = text(
    """
    INSERT INTO idempotency_keys (principal, method, route, key, body_hash, status, content_type, body, expires_at)
    VALUES (:principal, :method, :route, :key, :body_hash, :status, :content_type, :body,
        clock_timestamp() + make_interval(hours => :hours))
    ON CONFLICT (principal, method, route, key) DO UPDATE SET body_hash = excluded.body_hash,
        status = excluded.status, content_type = excluded.content_type, body = excluded.body,
        expires_at = excluded.expires_at
    """
)
_FORGET = text(
    """
    WITH old AS MATERIALIZED (
        SELECT ctid FROM idempotency_keys WHERE expires_at <= clock_timestamp() LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    DELETE FROM idempotency_keys AS k USING old WHERE k.ctid = old.ctid
    """
)


@dataclass(frozen=True, slots=True)
class RequestId:
    """What a request is known by."""

    principal: str
    """Who asks, as authenticated: another's key is another key."""
    method: str
    route: str
    """The route's pattern with its parameters filled in, for example /v1/jobs/7/accept."""
    key: str
    """The Idempotency-Key: 1 to 255 printable ASCII characters."""

    def __post_init__(self) -> None:
        require_name("a principal", self.principal, most=255)
        require_name("a method", self.method, most=16)
        require_name("a route", self.route, most=1_024)
        require_name("an Idempotency-Key", self.key, most=255)

    @property
    def lock(self) -> int:
        """The advisory lock's key: 64 bits of a hash over all four, each with its length."""
        digest = hashlib.sha256(b"provenwork idempotency")
        for part in (self.principal, self.method, self.route, self.key):
            octets = part.encode()
            digest.update(len(octets).to_bytes(8, "big") + octets)
        return int.from_bytes(digest.digest()[:8], "big", signed=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request is answered with."""

    status: int
    body: bytes
    content_type: str = "application/json"
    replayed: bool = False
    """Whether it is a kept one."""


async def answer_once(
    database: Database,
    request: RequestId,
    body: bytes,
    effect: Callable[[Transaction], Awaitable[Answer]],
) -> Answer:
    """Answers a request, or repeats the answer that it had.

    Args:
        database: Where the effect happens.
        request: What the request is known by.
        body: Its body; the same key with another body is a mistake of the caller.
        effect: Does what is asked, all of it in the given transaction. Any answer that it returns is kept, refusals
            too; if it raises, nothing has happened, nothing is kept, and the request can be made again.

    Raises:
        IdempotencyConflict: The key was used with another body within `IDEMPOTENCY_HOURS`.
        RequestInFlight: The same request is being answered right now, here or by another process.
        CommitUnknown: The connection was lost while committing. The same request again finds out.
    """
    body_hash = hashlib.sha256(body).digest()
    name = {
        "principal": request.principal,
        "method": request.method,
        "route": request.route,
        "key": request.key,
    }
    async with database.transaction() as transaction:
        if not await transaction.scalar(_LOCK, {"lock": request.lock}):
            raise RequestInFlight(
                "the same request is being answered right now", hint="Ask again in a moment."
            )
        # A statement of its own: it sees what was committed before the lock was free.
        kept = (await transaction.execute(_FIND, name)).one_or_none()
        if kept is not None:
            if kept.body_hash != body_hash:
                raise IdempotencyConflict(
                    "this Idempotency-Key was used with another body",
                    hint="Use a new key for a new request.",
                )
            return Answer(kept.status, kept.body, kept.content_type, replayed=True)
        answer = await effect(transaction)
        await transaction.execute(
            _KEEP,
            {
                **name,
                "body_hash": body_hash,
                "status": answer.status,
                "content_type": answer.content_type,
                "body": answer.body,
                "hours": IDEMPOTENCY_HOURS,
            },
        )
        return replace(answer, replayed=False)


async def forget_answers(transaction: Transaction, *, limit: int = 1_000) -> int:
    """Deletes answers whose time is over, at most so many; returns how many there were."""
    return (await transaction.execute(_FORGET, {"limit": limit})).rowcount
