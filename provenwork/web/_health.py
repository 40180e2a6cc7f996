"""How a service is: `/healthz` (does it run), `/readyz` (can it work), `/metrics`.

`/healthz` asks nobody: restarting a service because its database is away would help nobody. `/readyz` asks everything that
a request may need, all at once and with a limit of time, and says no while the service stops, so that a load balancer
sends nothing more.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from provenwork.core.errors import Forbidden
from provenwork.store import Database
from provenwork.web._metrics import Metrics
from provenwork.web._settings import WebSettings

__all__ = ["Check", "Health"]

Check: TypeAlias = Callable[[], Awaitable[str]]
"""Finds out whether something can be worked with: an empty text if so, else what is wrong, without secrets."""

_PATIENCE: Final = 3.0


class Health:
    """A service's own view of itself.

    Args:
        database: What every request needs.
        checks: What else has to work, by name.
        settings: Who may read the metrics.
        metrics: What to show.
    """

    def __init__(
        self,
        database: Database,
        checks: Mapping[str, Check],
        settings: WebSettings,
        metrics: Metrics,
    ) -> None:
        async def ask_database() -> str:
            return (await database.readiness(timeout=_PATIENCE)).problem

        self._checks = {"database": ask_database, **checks}
        self._networks = [ipaddress.ip_network(one) for one in settings.metrics_from]
        self._proxies = settings.proxies
        self._metrics = metrics
        self._looking: asyncio.Task[dict[str, str]] | None = None
        self.stopping = False
        """Whether the service takes no more work."""

    @property
    def routes(self) -> list[Route]:
        """The three routes."""
        return [
            Route("/healthz", self._healthz, include_in_schema=False),
            Route("/readyz", self._readyz, include_in_schema=False),
            Route("/metrics", self._read_metrics, include_in_schema=False),
        ]

    async def problems(self) -> dict[str, str]:
        """What is wrong, by what it is wrong with; empty if nothing is."""
        # Anybody may ask, as often as they like: all who ask at the same time share one look.
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), name="readiness")
        found = await asyncio.shield(self._looking)
        return {"service": "it is stopping", **found} if self.stopping else found

    async def _look(self) -> dict[str, str]:
        answers = await asyncio.gather(*(_ask(check) for check in self._checks.values()))
        return {name: answer for name, answer in zip(self._checks, answers, strict=True) if answer}

    async def _healthz(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _readyz(self, request: Request) -> Response:
        found = await self.problems()
        if not found:
            return JSONResponse({"status": "ready"})
        # Names tell a load balancer's owner enough; the rest is for those who may read the metrics too.
        shown = found if self._is_trusted(request) else sorted(found)
        return JSONResponse({"status": "not ready", "problems": shown}, 503, {"retry-after": "1"})

    async def _read_metrics(self, request: Request) -> Response:
        if not self._is_trusted(request):
            raise Forbidden("metrics are not for everybody")
        return Response(self._metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    def _is_trusted(self, request: Request) -> bool:
        # A proxy that nobody told us about: the address is the proxy's, not the caller's.
        if not self._proxies and {"x-forwarded-for", "forwarded"} & set(request.headers.keys()):
            return False
        try:
            address = ipaddress.ip_address(request.client.host if request.client else "")
        except ValueError:
            return False
        return any(address in network for network in self._networks)


async def _ask(check: Check) -> str:
    try:
        async with asyncio.timeout(_PATIENCE + 1):
            return await check()
    except TimeoutError:
        return f"no answer within {_PATIENCE + 1:g} s"
    except Exception as problem:  # noqa: BLE001 (whatever it is, it does not work)
        return f"{type(problem).__name__}: {problem}"
