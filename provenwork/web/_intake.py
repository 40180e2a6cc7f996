"""What is let in: known hosts, so many requests at a time, bodies of a bounded size that arrive and are answered in time.

A body is read whole before anything else happens: they are small, an idempotent request needs all of it, and a caller that
sends slowly then holds no connection to the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from provenwork.core.errors import (
    ContentTooLarge,
    Malformed,
    MediaTypeUnsupported,
    TimedOut,
    TooSlow,
    Unavailable,
)
from provenwork.web._context import QUIET_PATHS
from provenwork.web._metrics import Metrics
from provenwork.web._settings import WebSettings

__all__ = ["HEAD_LIMIT", "Intake", "require_host"]

HEAD_LIMIT: Final = 16_384
"""Bytes of a request's line and headers."""


class Intake:
    """The layer.

    Args:
        app: What is inside.
        settings: The bounds.
        metrics: Where refusals are counted.
    """

    def __init__(self, app: ASGIApp, *, settings: WebSettings, metrics: Metrics) -> None:
        self._app = app
        self._settings = settings
        self._metrics = metrics
        self._being_answered = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        with self._counted("head", ContentTooLarge):
            _require_small_head(scope)
        with self._counted("host", Malformed):
            require_host(Headers(scope=scope), self._settings.allowed_hosts)
        if scope["type"] != "http" or scope["path"] in QUIET_PATHS:
            await self._app(scope, receive, send)
            return
        with self._counted("body", ContentTooLarge, MediaTypeUnsupported, TooSlow):
            body = await self._body(scope, receive)
        if body is None:
            return
        if self._being_answered >= self._settings.most_requests:
            self._metrics.refused.labels("busy").inc()
            raise Unavailable("too many requests at a time", hint="Ask again in a second.")
        self._being_answered += 1
        try:
            await self._answer(scope, _Replay(body, receive), send)
        finally:
            self._being_answered -= 1

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(self._settings.request_timeout) as bound:
                await self._app(scope, receive, send)
        except TimeoutError as problem:
            # What timed out inside is the route's own matter.
            if not bound.expired():
                raise
            raise TimedOut(f"not answered within {self._settings.request_timeout:g} s") from problem

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        """All of it; None if the caller has gone."""
        limit = self._settings.body_limit
        headers = Headers(scope=scope)
        if "content-length" in headers and "transfer-encoding" in headers:
            # Where proxies read one and servers the other, a request can hide in another's body (RFC 9112 section 6.3).
            raise Malformed("the request has both Content-Length and Transfer-Encoding")
        if headers.get("content-encoding", "identity").lower() != "identity":
            # A kilobyte of zip can be a gigabyte of zeros.
            raise MediaTypeUnsupported("the body is compressed; send it as it is")
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdecimal()):
            raise Malformed("Content-Length is no number")
        if len(length) > 19 or int(length) > limit:
            raise _too_large(limit)
        parts, size = [], 0
        try:
            async with asyncio.timeout(self._settings.body_timeout):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    part = message.get("body", b"")
                    size += len(part)
                    if size > limit:
                        raise _too_large(limit)
                    parts.append(part)
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            raise TooSlow(
                f"the body did not arrive within {self._settings.body_timeout:g} s"
            ) from None

    def _counted(self, reason: str, *errors: type[Exception]) -> _Counted:
        return _Counted(self._metrics.refused.labels(reason).inc, errors)


class _Counted:
    """Counts some errors on their way out."""

    def __init__(self, count: Callable[[], None], errors: tuple[type[Exception], ...]) -> None:
        self._count = count
        self._errors = errors

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and issubclass(kind, self._errors):
            self._count()


class _Replay:
    """A body that has been read, as it would have been received."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            # From here on: whether the caller is still there.
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


def _require_small_head(scope: Scope) -> None:
    """Returns if line and headers are within the limit. The HTTP parser only looks while they are incomplete."""
    line = len(scope["method"]) if scope["type"] == "http" else 0
    line += len(scope.get("raw_path") or b"") + len(scope["query_string"])
    if line + sum(len(name) + len(value) for name, value in scope["headers"]) > HEAD_LIMIT:
        raise ContentTooLarge(f"a request's line and headers have at most {HEAD_LIMIT} bytes")


def require_host(headers: Headers, allowed: Collection[str]) -> None:
    """Returns if the Host header names this service.

    A page whose own name was made to point to this address (DNS rebinding) names itself, and goes no further.

    Raises:
        Malformed: It names something else, or there is none.
    """
    host = headers.get("host", "").lower()
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    if name not in allowed and "*" not in allowed:
        raise Malformed(
            "the Host header names another service",
            hint="Whoever runs the service lists its names in PROVENWORK_ALLOWED_HOSTS.",
        )


def _too_large(limit: int) -> ContentTooLarge:
    return ContentTooLarge(f"a body has at most {limit} bytes")
