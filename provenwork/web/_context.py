"""Around every request: its id, its place in logs and metrics (`Context`), and errors as problems (`Problems`).

Whatever is raised inside ends here as an answer, is logged once, and is counted.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Mapping, MutableMapping
from typing import Any, Final
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from provenwork.core.errors import ProvenworkError, TimedOut
from provenwork.web._metrics import Metrics
from provenwork.web._problems import problem_response, status_of

__all__ = ["QUIET_PATHS", "Context", "Problems", "request_id"]

_log = logging.getLogger("provenwork.web")

QUIET_PATHS: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""What is asked all the time by machines: not limited, and logged only if something is wrong."""

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
_HEADERS: Final[Mapping[str, str]] = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    # A page brings its own; answers of an API are no documents.
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}


def request_id(scope: Mapping[str, Any]) -> str:
    """The id of a request, which its answer, its problem and its log lines carry."""
    found: str = scope.get("state", {}).get("request_id", "")
    return found


class Context:
    """The layer.

    Args:
        app: What is inside.
        metrics: Where requests are counted.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        # A proxy's id goes on; anything that could be more than an id does not.
        identity = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = identity
        client = scope["client"][0] if scope.get("client") else ""
        with structlog.contextvars.bound_contextvars(request_id=identity, client=client):
            if scope["type"] == "http":
                await self._request(scope, receive, send, identity)
            else:
                await self._socket(scope, receive, send, identity)

    async def _request(self, scope: Scope, receive: Receive, send: Send, identity: str) -> None:
        began = time.perf_counter()
        answer = _Answer(send, identity)
        self._metrics.in_flight.inc()
        try:
            await self._app(scope, receive, answer)
        finally:
            self._metrics.in_flight.dec()
            self._note(scope, answer.status, time.perf_counter() - began)

    async def _socket(self, scope: Scope, receive: Receive, send: Send, identity: str) -> None:
        began = time.perf_counter()
        opening = _Opening(send, identity)
        try:
            await self._app(scope, receive, opening)
        except Exception as error:
            problem = _noted(error)
            if opening.begun:
                raise
            socket = WebSocket(scope, receive, opening)
            await socket.send_denial_response(problem_response(problem, identity))
        finally:
            said = {
                "path": scope["path"][:200],
                "accepted": opening.accepted,
                "seconds": round(time.perf_counter() - began, 3),
            }
            _log.info("socket", extra=said)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        self._metrics.answered(scope["method"], route, status, seconds)
        # A flood is counted; it does not fill the log too.
        quiet = (scope["path"] in QUIET_PATHS and status < 500) or status == 429
        said = {
            "method": scope["method"][:16],
            # The query is left out: it may say what is nobody's business.
            "path": scope["path"][:200],
            "route": route,
            "status": status,
            "milliseconds": round(seconds * 1_000, 2),
            "principal": scope.get("state", {}).get("principal", ""),
        }
        _log.log(logging.DEBUG if quiet else logging.INFO, "request", extra=said)


class Problems:
    """A layer: errors as answers. It is inside of the one for browsers' origins: pages may read what was wrong.

    Args:
        app: What is inside.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Exception as error:
            problem = _noted(error)
            if begun:
                # Half of an answer is out: cutting it off is all that tells the caller.
                raise
            await problem_response(problem, request_id(scope))(scope, receive, answer)
        except asyncio.CancelledError:
            # The service ends before the request does; whether its effect was just being committed, nobody knows.
            if not begun:
                ending = TimedOut("the service is stopping")
                await problem_response(ending, request_id(scope))(scope, receive, answer)
            raise


class _Answer:
    """Sends on, sees the status, adds the headers that every answer has."""

    def __init__(self, send: Send, identity: str) -> None:
        self._send = send
        self._identity = identity
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=_with_headers(message))
            headers["x-request-id"] = self._identity
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)


class _Opening:
    """Sends on, sees whether a socket was accepted or refused."""

    def __init__(self, send: Send, identity: str) -> None:
        self._send = send
        self._identity = identity
        self.begun = False
        self.accepted = False

    async def __call__(self, message: Message) -> None:
        self.begun = True
        self.accepted |= message["type"] == "websocket.accept"
        if message["type"] in ("websocket.accept", "websocket.http.response.start"):
            MutableHeaders(scope=_with_headers(message))["x-request-id"] = self._identity
        await self._send(message)


def _with_headers(message: Message) -> MutableMapping[str, Any]:
    message.setdefault("headers", [])
    return message


def _noted(error: Exception) -> ProvenworkError:
    """The error as one of ours, logged if it is our mistake or our trouble."""
    if not isinstance(error, ProvenworkError):
        _log.error("unexpected", exc_info=error)
        return ProvenworkError("unexpected")
    code = status_of(error).code
    if code >= 500:
        # A traceback only for what nobody foresaw.
        foreseen = code != 500
        said = {"type": error.type, "error": f"{type(error).__name__}: {error}", "hint": error.hint}
        level = logging.WARNING if foreseen else logging.ERROR
        _log.log(level, "problem", extra=said, exc_info=None if foreseen else error)
    return error
