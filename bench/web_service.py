"""A request through all layers, beside the bare framework: strict JSON, rate limit, idempotency key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from statistics import median
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bench.services import Row, Stage, rate
from provenwork.store import Database, Transaction
from provenwork.web import Model, Once, Reply, Router, Service, WebSettings, create_app

REQUESTS = 200
ROUNDS = 9
BODY = json.dumps({"to": "0x" + "ab" * 20, "amount": "1000000"}).encode()


class Payment(Model):
    """What is sent."""

    to: str
    amount: str


async def rows(stage: Stage) -> list[Row]:
    """In process, one request after the other: what the layers cost, without the sockets that both have."""
    async with stage.database() as database:
        whole, bare = _app(database), _bare()
        found: dict[str, list[float]] = {"plain": [], "once": [], "bare": []}
        for number in range(ROUNDS):
            found["bare"].append(await rate(REQUESTS, lambda: _ask(bare, "/plain")))
            found["plain"].append(await rate(REQUESTS, lambda: _ask(whole, "/plain")))
            found["once"].append(await rate(REQUESTS, partial(_ask, whole, "/once", f"{number}.")))
        beside = median(found["bare"])
        return [
            Row(
                "request through all layers",
                median(found["plain"]),
                "requests/s",
                beside,
                "one row of Postgres per request: the token bucket that all replicas share",
            ),
            Row(
                "request with an idempotency key",
                median(found["once"]),
                "requests/s",
                beside,
                "two commits of Postgres: the bucket, then the effect with the kept answer, which waits for the disk",
            ),
        ]


def _app(database: Database) -> Any:
    router = Router()

    @router.post("/plain")
    async def plain(payment: Payment) -> dict[str, str]:
        return {"to": payment.to}

    @router.post("/once")
    async def once(payment: Payment, once: Once) -> Any:
        async def effect(_: Transaction) -> Reply:
            return Reply(201, {"to": payment.to})

        return await once(effect)

    settings = WebSettings(rate_per_address=1e6, burst_per_address=1e6)
    return create_app(Service(name="bench", version="1", routers=[router]), database, settings)


def _bare() -> Any:
    async def plain(request: Request) -> JSONResponse:
        return JSONResponse({"to": (await request.json())["to"]})

    return Starlette(routes=[Route("/plain", plain, methods=["POST"])])


async def _ask(app: Any, path: str, keys: str = "") -> None:
    for number in range(REQUESTS):
        headers = [
            (b"host", b"localhost"),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(BODY)).encode()),
        ]
        if keys:
            headers.append((b"idempotency-key", f"{keys}{number}".encode()))
        status = await _answer(app, path, headers)
        if status not in (200, 201):
            raise RuntimeError(f"{path} is answered with {status}")


async def _answer(app: Any, path: str, headers: list[tuple[bytes, bytes]]) -> int:
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    statuses: list[int] = []

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request", "body": BODY, "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    return statuses[0]
