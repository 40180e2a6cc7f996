"""Who calls: from which address, as whom, and how often."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from fastapi import Depends, Request
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from provenwork.core.errors import AuthError, RateLimited, ValidationFailed
from provenwork.store import Rate, RateLimiter
from provenwork.web._context import QUIET_PATHS
from provenwork.web._metrics import Metrics
from provenwork.web._settings import WebSettings

__all__ = [
    "Authenticate",
    "Caller",
    "CallerOrNobody",
    "Callers",
    "Principal",
    "RateByAddress",
    "network_of",
]


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who has shown who they are."""

    id: str
    """Their name everywhere, 1 to 200 printable ASCII characters: an address, a public key, ..."""

    def __post_init__(self) -> None:
        if not (0 < len(self.id) <= 200 and self.id.isascii() and self.id.isprintable()):
            raise ValidationFailed("a principal's name has 1 to 200 printable ASCII characters")


Authenticate: TypeAlias = Callable[[HTTPConnection], Awaitable[Principal | None]]
"""Finds out who calls, from a request or the request for a WebSocket: None if nobody says so; an `AuthError` if somebody
says so and it is not true."""


def network_of(address: str) -> str:
    """What counts as one caller: an IPv4 address, or the /64 of an IPv6 address, which belongs to one household."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


class RateByAddress:
    """A layer: so many requests from one address.

    Args:
        app: What is inside.
        limiter: The buckets that all replicas share.
        settings: The rate.
        metrics: Where refusals are counted.
    """

    def __init__(
        self, app: ASGIApp, *, limiter: RateLimiter, settings: WebSettings, metrics: Metrics
    ) -> None:
        self._app = app
        self._limiter = limiter
        self._rate = Rate("one address", settings.rate_per_address, settings.burst_per_address)
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a connection."""
        if scope["type"] != "lifespan" and scope["path"] not in QUIET_PATHS:
            client = scope["client"][0] if scope.get("client") else ""
            try:
                await self._limiter.take(self._rate, network_of(client))
            except RateLimited:
                self._metrics.refused.labels("rate of an address").inc()
                raise
        await self._app(scope, receive, send)


class Callers:
    """Finds out who calls, once per request, and counts what they do.

    Args:
        authenticate: How.
        limiter: The buckets that all replicas share.
        settings: The rate.
        metrics: Where refusals are counted.
    """

    def __init__(
        self,
        authenticate: Authenticate | None,
        limiter: RateLimiter,
        settings: WebSettings,
        metrics: Metrics,
    ) -> None:
        self._authenticate = authenticate
        self._limiter = limiter
        self._rate = Rate("one caller", settings.rate_per_principal, settings.burst_per_principal)
        self._metrics = metrics

    async def identify(self, connection: HTTPConnection) -> Principal | None:
        """The caller, or None.

        Raises:
            AuthError: Somebody says that they are who they are not.
            RateLimited: They ask too often.
        """
        if self._authenticate is None:
            return None
        principal = await self._authenticate(connection)
        if principal is not None:
            connection.state.principal = principal.id
            try:
                await self._limiter.take(self._rate, principal.id)
            except RateLimited:
                self._metrics.refused.labels("rate of a caller").inc()
                raise
        return principal


async def _caller_or_nobody(request: Request) -> Principal | None:
    callers: Callers = request.app.state.callers
    return await callers.identify(request)


CallerOrNobody: TypeAlias = Annotated[Principal | None, Depends(_caller_or_nobody)]
"""A route's parameter: who calls, or None."""


async def _caller(found: CallerOrNobody) -> Principal:
    if found is None:
        raise AuthError("say who calls: the request carries nothing that shows it")
    return found


Caller: TypeAlias = Annotated[Principal, Depends(_caller)]
"""A route's parameter: who calls. Without, the request is refused with 401."""
