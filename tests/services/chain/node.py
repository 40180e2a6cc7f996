"""A real Anvil of the test's own, and a network in front of it that loses, repeats, delays and lies."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from eth_utils import keccak

CHAIN_ID = 31_337


class Refused(Exception):
    """Anvil answered with an error."""


class Anvil:
    """A chain that mines when it is told to."""

    def __init__(self, *options: str) -> None:
        program = Path(sys.executable).parent / "anvil"
        self.process = subprocess.Popen(
            [
                str(program),
                "--port",
                "0",
                "--accounts",
                "1",
                *(() if "--chain-id" in options else ("--chain-id", str(CHAIN_ID))),
                *options,
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        for line in self.process.stdout:
            if line.startswith("Listening on "):
                self.url = f"http://{line.split()[-1]}"
                break
        else:
            raise AssertionError(f"anvil ended: {self.process.wait()}")
        # It tells of every request, and stops once nobody listens.
        self._reader = Thread(target=self.process.stdout.read, daemon=True)
        self._reader.start()
        self._connection = HTTPConnection(urlsplit(self.url).netloc, timeout=60)

    def close(self) -> None:
        """Ends it."""
        self._connection.close()
        self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stdout
        self.process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def tell(self, method: str, *parameters: Any) -> Any:
        """The result of a request."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters})
        self._connection.request("POST", "/", body, {"Content-Type": "application/json"})
        answer = json.loads(self._connection.getresponse().read())
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["result"]

    def mine(self, blocks: int = 1) -> None:
        """Mines blocks, the first with what is in the pool."""
        for _ in range(blocks):
            self.tell("evm_mine")

    def head(self) -> int:
        """The height."""
        return int(self.tell("eth_blockNumber"), 16)

    def balance(self, account: str) -> int:
        """Wei."""
        return int(self.tell("eth_getBalance", account, "latest"), 16)

    def nonce(self, account: str) -> int:
        """How many transactions of an account are mined."""
        return int(self.tell("eth_getTransactionCount", account, "latest"), 16)

    def fund(self, account: str, wei: int = 10**21) -> None:
        """Gives an account some ether."""
        self.tell("anvil_setBalance", account, hex(wei))

    def forget_pool(self) -> None:
        """Loses everything that waits to be mined."""
        self.tell("anvil_dropAllTransactions")


@dataclass
class Fault:
    """What happens to some questions.

    `how` is one of: lose (not passed on, no answer), lose_answer, error (instead of passing it on), error_after (it was
    passed on), swallow (a broadcast is answered as if it had been taken), repeat (passed on twice), delay (passed on when
    `release` says so, no answer), garbage, unavailable (HTTP 503), lie (`lie` makes the answer from question and truth),
    die_before and die_after (`on_death` is called).
    """

    how: str
    method: str = ""
    times: int = 1
    skip: int = 0
    lie: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]] | None = None
    beside: str = ""
    """Only if this method is asked for in the same request."""


class _NoAnswer(Exception):
    pass


class FaultyNode:
    """Stands between a client and Anvil."""

    def __init__(self, anvil: Anvil) -> None:
        self._anvil = anvil
        self.faults: list[Fault] = []
        self.asked: Counter[str] = Counter()
        self.on_death: Callable[[], None] = lambda: None
        self.divert: tuple[int, Anvil] | None = None
        """After so many requests, all of them go to another node."""
        self._delayed: list[dict[str, Any]] = []

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        application = web.Application(client_max_size=2**26)
        application.router.add_post("/", self._serve)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        await self._session.close()

    def fail(self, *faults: Fault) -> None:
        """From now on, in this order."""
        self.faults += faults

    def heal(self) -> None:
        """From now on nothing goes wrong."""
        self.faults.clear()
        self.divert = None

    async def release(self) -> None:
        """Passes on what was delayed, the latest first."""
        delayed, self._delayed = self._delayed, []
        for question in reversed(delayed):
            await self._pass_on(question)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        said = await request.json()
        questions: Sequence[dict[str, Any]] = said if isinstance(said, list) else [said]
        self.asked["requests"] += 1
        if self.divert and self.divert[0] <= 0:
            return await self._answered_elsewhere(said, self.divert[1])
        if self.divert:
            self.divert = (self.divert[0] - 1, self.divert[1])
        answers = []
        together = {question["method"] for question in questions}
        try:
            for group in self._groups(questions):
                answers += await self._answers(group, together)
        except _NoAnswer as how:
            if str(how) == "unavailable":
                return web.Response(status=503, text="try later")
            if str(how) == "garbage":
                return web.Response(text="<html>")
            assert request.transport
            request.transport.abort()
            return web.Response()
        return web.json_response(answers if isinstance(said, list) else answers[0])

    async def _answered_elsewhere(self, said: Any, other: Anvil) -> web.StreamResponse:
        async with self._session.post(other.url, json=said) as response:
            return web.json_response(await response.json())

    def _groups(self, questions: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
        """Without faults all at once, else one by one."""
        return [[q] for q in questions] if self.faults else [list(questions)]

    async def _answers(
        self, questions: list[dict[str, Any]], together: set[str]
    ) -> list[dict[str, Any]]:
        for question in questions:
            self.asked[question["method"]] += 1
        if len(questions) > 1:
            async with self._session.post(self._anvil.url, json=questions) as response:
                found: list[dict[str, Any]] = await response.json()
                return found
        return [await self._answer(questions[0], together)]

    async def _answer(  # noqa: C901 (a table of faults)
        self, question: dict[str, Any], together: set[str]
    ) -> dict[str, Any]:
        fault = self._fault(question["method"], together)
        how = fault.how if fault else ""
        error = {"code": -32_000, "message": "internal error"}
        refusal = {"jsonrpc": "2.0", "id": question["id"], "error": error}
        if how == "die_before":
            self.on_death()
            raise _NoAnswer(how)
        if how in {"lose", "garbage", "unavailable"}:
            raise _NoAnswer(how)
        if how == "error":
            return refusal
        if how == "swallow":
            raw = bytes.fromhex(question["params"][0][2:])
            return {"jsonrpc": "2.0", "id": question["id"], "result": "0x" + keccak(raw).hex()}
        if how == "delay":
            self._delayed.append(question)
            raise _NoAnswer(how)
        answer = await self._pass_on(question)
        if how == "repeat":
            answer = await self._pass_on(question)
        if how == "die_after":
            self.on_death()
            raise _NoAnswer(how)
        if how == "lose_answer":
            raise _NoAnswer(how)
        if how == "error_after":
            return refusal
        if how == "lie":
            assert fault
            assert fault.lie
            return fault.lie(question, answer)
        return answer

    def _fault(self, method: str, together: set[str]) -> Fault | None:
        for fault in self.faults:
            if fault.method in ("", method) and fault.beside in {"", *together}:
                if fault.skip:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                if not fault.times:
                    self.faults.remove(fault)
                return fault
        return None

    async def _pass_on(self, question: dict[str, Any]) -> dict[str, Any]:
        async with self._session.post(self._anvil.url, json=question) as response:
            found: dict[str, Any] = await response.json()
            return found
