"""From a service's own parts to an application: `create_app`.

What a request passes, from the outside in: proxies (whose caller it is), its id and its place in logs and metrics,
browsers' origins, errors as problems, the bounds on what is let in, the rate of its address; then the route, which reads
the body strictly, finds out who calls, and has its effect once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from provenwork.core import errors as e
from provenwork.store import (
    Database,
    RateLimiter,
    Transaction,
    forget_answers,
    forget_full_buckets,
)
from provenwork.web._callers import Authenticate, Callers, RateByAddress
from provenwork.web._context import Context, Problems, request_id
from provenwork.web._health import Check, Health
from provenwork.web._hub import Hub
from provenwork.web._intake import Intake
from provenwork.web._metrics import Metrics
from provenwork.web._problems import PROBLEM_JSON, problem_response
from provenwork.web._routes import Router, StrictRoute, validation_failed
from provenwork.web._settings import WebSettings

__all__ = ["Service", "create_app"]

_log = logging.getLogger(__name__)

_TIDY_EVERY: Final = 60.0
_PROBLEM_SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": "The error's stable name"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "hint": {"type": "string", "description": "What to do next"},
        "requestId": {"type": "string", "description": "Under which it is in the service's log"},
        "fields": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "What is wrong with which field",
        },
    },
}
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


_HUB_FIGURES: Final[Sequence[tuple[str, str, type[GaugeMetricFamily | CounterMetricFamily], str]]] = (
    ("sockets_open", "WebSockets", GaugeMetricFamily, "open"),
    ("sockets_accepted", "WebSockets that were opened", CounterMetricFamily, "accepted"),
    ("sockets_refused", "WebSockets that were refused", CounterMetricFamily, "refused"),
    ("socket_resyncs", "WebSockets closed for being too slow or of another database", CounterMetricFamily, "resyncs"),
    ("socket_events_sent", "Events, times the WebSockets that they were sent to", CounterMetricFamily, "events_sent"),
    ("stream_seq", "The number of the latest event known", GaugeMetricFamily, "last"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Service:
    """What a service is made of."""

    name: str
    version: str
    routers: Sequence[Router] = ()
    hubs: Mapping[str, Hub] = field(default_factory=dict)
    """Live events, by their path."""
    authenticate: Authenticate | None = None
    """How callers show who they are; None where nobody has to."""
    checks: Mapping[str, Check] = field(default_factory=dict)
    """What has to work besides the database, for /readyz."""
    background: Sequence[Callable[[], AbstractAsyncContextManager[object]]] = ()
    """What runs beside the requests, such as a courier or an indexer: entered at the start, left at the end."""


def create_app(service: Service, database: Database, settings: WebSettings) -> FastAPI:
    """A service as an ASGI application.

    Args:
        service: Its parts.
        database: Open for as long as the application runs.
        settings: How it is reached and what it takes.

    Raises:
        TypeError: A router is not a `web.Router`, or a body's model takes unknown fields.
    """
    metrics = Metrics(service.name, service.version)
    limiter = RateLimiter(database)
    checks = dict(service.checks) | {path: _check_of(hub) for path, hub in service.hubs.items()}
    health = Health(database, checks, settings, metrics)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for enter in service.background:
                await stack.enter_async_context(enter())
            for hub in service.hubs.values():
                await stack.enter_async_context(hub)
            await stack.enter_async_context(_tidying(database))
            yield

    app = FastAPI(
        title=service.name,
        version=service.version,
        lifespan=lifespan,
        # Pages with scripts from elsewhere; the description itself is at /openapi.json.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=_layers(settings, metrics, limiter),
        exception_handlers={
            RequestValidationError: _answer_validation_error,
            HTTPException: _answer_http_exception,
        },
        responses={
            "default": {
                "description": "A problem (RFC 9457)",
                "content": {PROBLEM_JSON: {"schema": dict(_PROBLEM_SCHEMA)}},
            }
        },
    )
    app.router.route_class = StrictRoute
    app.state.database = database
    app.state.health = health
    app.state.metrics = metrics
    app.state.callers = Callers(service.authenticate, limiter, settings, metrics)
    app.router.routes += health.routes
    for router in service.routers:
        if not isinstance(router, Router):
            raise TypeError(f"{router!r} is not a web.Router: it would take what it does not know")
        app.include_router(router)
    app.router.routes += [hub.route(path) for path, hub in service.hubs.items()]
    _watch(metrics, limiter, health, service.hubs)
    return app


def _check_of(hub: Hub) -> Check:
    async def check() -> str:
        return hub.problem

    return check


def _watch(metrics: Metrics, limiter: RateLimiter, health: Health, hubs: Mapping[str, Hub]) -> None:
    """Shows what others count."""
    counter, gauge = CounterMetricFamily, GaugeMetricFamily
    metrics.watch(
        "rate_refusals_remembered",
        "Requests beyond their rate that were refused without asking the database",
        counter,
        lambda: {"": limiter.remembered},
    )
    metrics.watch(
        "service_stopping",
        "Whether the service takes no more work",
        gauge,
        lambda: {"": float(health.stopping)},
    )
    for name, description, kind, figure in _HUB_FIGURES:
        metrics.watch(name, description, kind, partial(_figures, hubs, figure))


def _figures(hubs: Mapping[str, Hub], name: str) -> dict[str, float]:
    return {path: getattr(hub, name) for path, hub in hubs.items()}


def _layers(settings: WebSettings, metrics: Metrics, limiter: RateLimiter) -> list[Middleware]:
    """From the outside in."""
    layers = [Middleware(Context, metrics=metrics)]
    if settings.proxies:
        layers.insert(0, Middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.proxies)))
    if settings.origins:
        layers.append(
            Middleware(
                CORSMiddleware,
                allow_origins=settings.origins,
                allow_methods=_METHODS,
                allow_headers=["authorization", "content-type", "idempotency-key", "x-request-id"],
                expose_headers=["idempotency-replayed", "retry-after", "x-request-id"],
                max_age=600,
            )
        )
    layers.append(Middleware(Problems))
    layers.append(Middleware(Intake, settings=settings, metrics=metrics))
    layers.append(Middleware(RateByAddress, limiter=limiter, settings=settings, metrics=metrics))
    return layers


async def _answer_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 (as it was registered)
    return problem_response(validation_failed(error), request_id(request.scope))


async def _answer_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 (as it was registered)
    return problem_response(_translated(request, error), request_id(request.scope))


def _translated(request: Request, error: HTTPException) -> e.ProvenworkError:
    """What Starlette refuses by itself, as one of our errors."""
    match error.status_code:
        case 404:
            return e.NotFound(f"there is nothing at {request.url.path[:200]}")
        case 405:
            allowed = (error.headers or {}).get("Allow", "").split(", ")
            return e.MethodNotAllowed(f"not with {request.method[:16]}", allowed=allowed)
        case 413:
            return e.ContentTooLarge("the body is too large")
        case code if 400 <= code < 500:
            return e.Malformed(str(error.detail))
    return e.ProvenworkError(str(error.detail))


async def _forget_all(database: Database, forget: Callable[[Transaction], Awaitable[int]]) -> None:
    """Deletes in transactions of a bounded size until nothing is left: callers may add faster than one of them a minute."""
    forgotten = 1
    while forgotten:
        async with database.transaction() as transaction:
            forgotten = await forget(transaction)


@asynccontextmanager
async def _tidying(database: Database) -> AsyncIterator[None]:
    """Deletes, now and then, answers and buckets whose time is over."""

    async def tidy() -> None:
        while True:
            await asyncio.sleep(_TIDY_EVERY)
            for forget in (forget_answers, forget_full_buckets):
                try:
                    await _forget_all(database, forget)
                except e.DatabaseError as problem:
                    _log.warning("could not tidy up, trying again later: %s", problem)

    task = asyncio.create_task(tidy(), name="tidying")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
