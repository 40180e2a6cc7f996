"""A node's JSON-RPC endpoint for the services: asynchronous, in batches, and bounded in everything.

No answer is never guessed at: it is a `NodeUnavailable`, whatever the question was, and whether it was carried out is then
for the asker to find out. An error that the node answers with is a `NodeRefused`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from itertools import count
from typing import Any, Self

import aiohttp

from provenwork.core.errors import NodeRefused, NodeUnavailable, WrongChain

__all__ = ["Question", "Rpc", "quantity"]

Question = tuple[str, Sequence[Any]]
"""A method and its parameters."""

_CHUNK = 65_536


def quantity(text: object, *, most: int = 2**256 - 1) -> int:
    """A number as JSON-RPC writes it: 0x and hex digits.

    Raises:
        NodeUnavailable: It is none, or more than it can be: this is no answer.
    """
    if isinstance(text, str) and text[:2] == "0x" and len(text) > 2:
        try:
            number = int(text, 16)
        except ValueError:
            number = -1
        if 0 <= number <= most:
            return number
    raise NodeUnavailable(f"the node answers {str(text)[:80]!r} where a number belongs")


class Rpc:
    """A chain's node. Enter it, then ask.

    Args:
        url: http(s)://...; it may hold a secret, and is in no message.
        chain_id: The chain that it must serve; asked before anything else.
        timeout: Seconds that one request may take.
        batch: The most questions in one request; 1 for a node that takes no batches.
        concurrency: The most requests at a time; more of them wait.
        most_bytes: The largest answer that is read.
    """

    def __init__(
        self,
        url: str,
        chain_id: int,
        *,
        timeout: float = 20.0,
        batch: int = 100,
        concurrency: int = 8,
        most_bytes: int = 2**26,
    ) -> None:
        self.chain_id = chain_id
        self._url = url
        self._timeout = timeout
        self._batch = batch
        self._room = asyncio.Semaphore(concurrency)
        self._most_bytes = most_bytes
        self._ids = count(1)
        self._session: aiohttp.ClientSession | None = None
        self._right_chain = False

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self._timeout))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session:
            await self._session.close()

    async def call(self, method: str, *parameters: Any) -> Any:
        """Asks one question.

        Raises:
            NodeUnavailable: No answer: it may have been carried out.
            NodeRefused: The node answers with an error.
            WrongChain: It serves another chain.
        """
        await self._require_chain()
        return await self._one(method, parameters)

    async def calls(self, questions: Sequence[Question]) -> list[Any]:
        """Asks several questions at once, in as few requests as there may be.

        Returns:
            The answers in the questions' order; an error that the node answers with is in its place, not raised.

        Raises:
            NodeUnavailable: No answer to one of them: any of them may have been carried out.
            WrongChain: It serves another chain.
        """
        await self._require_chain()
        parts = [self._part(part) for part in _batched(questions, self._batch)]
        # Not a group of tasks, so that what is under way comes to its end before an error is raised.
        outcomes = await asyncio.gather(*parts, return_exceptions=True)
        answers: list[Any] = []
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
            answers += outcome
        return answers

    async def _require_chain(self) -> None:
        if not self._right_chain:
            found = quantity(await self._one("eth_chainId", ()))
            if found != self.chain_id:
                raise WrongChain(f"the node serves chain {found}, not {self.chain_id}")
            self._right_chain = True

    async def _one(self, method: str, parameters: Sequence[Any]) -> Any:
        (answer,) = await self._part([(method, parameters)])
        if isinstance(answer, NodeRefused):
            raise answer
        return answer

    async def _part(self, questions: Sequence[Question]) -> list[Any]:
        requests: list[dict[str, Any]] = [
            {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": list(parameters)}
            for method, parameters in questions
        ]
        alone = len(requests) == 1
        async with self._room:
            said = await self._post(json.dumps(requests[0] if alone else requests).encode())
        if isinstance(said, dict) and not alone:
            # Of the whole batch, such as: too many questions at once.
            raise _refusal(said.get("error"))
        answers: dict[int, Any] = {}
        for answer in [said] if alone else said:
            if not isinstance(answer, dict) or not ({"result", "error"} & answer.keys()):
                raise NodeUnavailable("the node's answer is not JSON-RPC")
            identity = answer.get("id")
            if not isinstance(identity, int):
                raise NodeUnavailable("the node's answer is to no question")
            answers[identity] = answer
        if answers.keys() != {request["id"] for request in requests}:
            raise NodeUnavailable("the node's answers are not to what was asked")
        return [
            _refusal(found["error"]) if found.get("error") is not None else found.get("result")
            for found in (answers[request["id"]] for request in requests)
        ]

    async def _post(self, body: bytes) -> Any:
        assert self._session, "enter it first"  # noqa: S101 (a mistake in the code, not in the input)
        try:
            async with self._session.post(
                self._url, data=body, headers={"Content-Type": "application/json"}
            ) as response:
                read = bytearray()
                async for chunk in response.content.iter_chunked(_CHUNK):
                    read += chunk
                    if len(read) > self._most_bytes:
                        raise NodeRefused(
                            f"the node's answer has more than {self._most_bytes} bytes", code=-32005
                        )
                status = response.status
        except (aiohttp.ClientError, OSError) as problem:
            # Its text may hold the URL, and that a secret.
            raise NodeUnavailable(f"the node does not answer: {type(problem).__name__}") from None
        try:
            said = json.loads(read)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict | list) or status == 429 or status >= 500:
            raise NodeUnavailable(f"the node does not answer: HTTP status {status}")
        return said


def _batched(questions: Sequence[Question], most: int) -> list[list[Question]]:
    return [list(questions[start : start + most]) for start in range(0, len(questions), most)]


def _refusal(error: Any) -> NodeRefused:
    if not isinstance(error, dict):
        return NodeRefused(f"the node refuses: {str(error)[:300]}")
    data = error.get("data")
    if isinstance(data, dict):
        data = data.get("data")
    code = error.get("code")
    return NodeRefused(
        f"the node refuses: {str(error.get('message', ''))[:300]}",
        code=code if isinstance(code, int) else 0,
        data=data if isinstance(data, str) else "",
    )
