"""A service that runs, and what one asks it with."""

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import Any, Self

import httpx
from fastapi import FastAPI

from provenwork.web import PROBLEM_JSON, WebSettings, serve
from tests.services.store.harness import wait_for


class Running:
    """A service on a port of its own, in this process, stopped at the end as by a signal."""

    def __init__(self, app: FastAPI, settings: WebSettings) -> None:
        self.app = app
        self._settings = settings
        self._listening = socket.socket()
        self._listening.bind(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=20.0)
        self._stop = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(
            serve(self.app, self._settings, listening=self._listening, stop=self._stop)
        )
        await wait_for(lambda: self._task.done() or is_listening(self.port))
        if self._task.done():
            self._task.result()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()
        await self.stop()

    def begin_to_stop(self) -> asyncio.Task[None]:
        """Does what a signal does; the task ends with the service."""
        self._stop.set()
        return self._task

    async def stop(self) -> None:
        """Stops it, and waits for its end."""
        await self.begin_to_stop()

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A request's answer."""
        return await self.client.request(method, path, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        """A GET's answer."""
        return await self.client.get(path, **options)

    async def post(self, path: str, **options: Any) -> httpx.Response:
        """A POST's answer."""
        return await self.client.post(path, **options)

    @asynccontextmanager
    async def raw(self):
        """A connection on which anything can be sent."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()

    async def send(self, request: bytes) -> bytes:
        """What is answered to some bytes, until the service closes or an answer is complete."""
        async with self.raw() as (reader, writer):
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1])
                for line in head.lower().splitlines()
                if line.startswith(b"content-length:")
            )
            return head + await reader.readexactly(length)


def is_listening(port: int) -> bool:
    """Whether somebody takes connections."""
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def problem_of(response: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """The problem that an answer must be; its members but for those."""
    members = response.json()
    assert (response.status_code, members.pop("status"), members.pop("type")) == (
        status,
        status,
        kind,
    ), response.text
    assert response.headers["content-type"] == PROBLEM_JSON
    assert members.pop("requestId") == response.headers["x-request-id"]
    assert members.pop("title")
    return members
