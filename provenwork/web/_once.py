"""Idempotent routes: a request that is made twice has one effect and one answer.

::

    @router.post("/jobs", status_code=201)
    async def post_job(job: PostJob, caller: Caller, once: Once) -> Response:
        async def post(transaction: Transaction) -> Reply:
            ...
            return Reply(201, {"jobId": "7"})

        return await once(post)

Source: draft-ietf-httpapi-idempotency-key-header-07.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from fastapi import Depends, Header, Request, Response

from provenwork.core.errors import Malformed
from provenwork.store import Answer, Database, RequestId, Transaction, answer_once
from provenwork.web._callers import CallerOrNobody, network_of

__all__ = ["Idempotent", "Once", "Reply"]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer before it is JSON; amounts as decimal strings.

    Raises:
        ValueError: Its status has no body (204, 304), or is none of 200 to 599.
    """

    status: int
    body: Any

    def __post_init__(self) -> None:
        if not 200 <= self.status <= 599 or self.status in (204, 304):
            raise ValueError(f"an answer with a body does not have the status {self.status}")


class Idempotent:
    """Answers one request."""

    def __init__(self, database: Database, request_id: RequestId | None, body: bytes) -> None:
        self._database = database
        self._request_id = request_id
        self._body = body

    async def __call__(self, effect: Callable[[Transaction], Awaitable[Reply]]) -> Response:
        """Has an effect in one transaction, or repeats the answer that the same request had.

        Args:
            effect: Does all of it in the transaction that it is given. What it returns is kept for a day, under the
                caller's Idempotency-Key if there is one; if it raises, nothing has happened and nothing is kept.

        Raises:
            IdempotencyConflict: The key was used with another body.
            RequestInFlight: The same request is being answered right now.
        """

        async def answer(transaction: Transaction) -> Answer:
            reply = await effect(transaction)
            text = json.dumps(
                reply.body, ensure_ascii=False, separators=(",", ":"), allow_nan=False
            )
            return Answer(reply.status, text.encode())

        if self._request_id is None:
            async with self._database.transaction() as transaction:
                found = await answer(transaction)
        else:
            found = await answer_once(self._database, self._request_id, self._body, answer)
        headers = {"idempotency-replayed": "true"} if found.replayed else {}
        return Response(found.body, found.status, headers, found.content_type)


async def _idempotent(
    request: Request,
    caller: CallerOrNobody,
    idempotency_key: Annotated[
        str | None,
        Header(description="The same request under the same key has one effect, for 24 hours."),
    ] = None,
) -> Idempotent:
    if len(request.headers.getlist("idempotency-key")) > 1:
        raise Malformed("there is more than one Idempotency-Key")
    database: Database = request.app.state.database
    if idempotency_key is None:
        return Idempotent(database, None, b"")
    # Nobody's key is nobody else's: who does not say who they are is known by where they call from.
    client = request.client.host if request.client else ""
    principal = f"caller {caller.id}" if caller else f"address {network_of(client)}"
    # As the route sees it: a URL is put together from parts, and two paths can become one.
    identity = RequestId(principal, request.method, request.scope["path"], idempotency_key)
    query: bytes = request.scope["query_string"]
    return Idempotent(database, identity, query + b"\n" + await request.body())


Once: TypeAlias = Annotated[Idempotent, Depends(_idempotent)]
"""A route's parameter: has the route's effect once."""
