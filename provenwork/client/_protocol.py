"""What a follower of live events does with what it is told. Nothing here waits, connects or knows the time.

A connection begins with `connected`; every message goes to `receive`; whatever ends it to `refused`, `closed` or `failed`,
which say how many seconds to wait before the next, or raise what the caller must know.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from provenwork.core.errors import (
    AuthError,
    EventsInconsistent,
    Expired,
    Forbidden,
    NonceUsed,
    NotFound,
    PositionUnknown,
    ProvenworkError,
    ServiceError,
    SignatureExpired,
    SignatureInvalid,
    SignatureMissing,
    ValidationFailed,
)

__all__ = ["Follower", "LiveEvent"]

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
_LONGEST_RETRY_AFTER: Final = 600.0
_HEARTBEATS_MISSED: Final = 2.5
_LONGEST_HEARTBEAT: Final = 3_600.0
_REMEMBERED: Final = 1_000  # numbers of a connection's latest events
_BEYOND: Final = 4409
_DEEPEST: Final = 100
# A string counts as one thing, so that brackets in it do not.
_BRACKET: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)

_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_BY_TYPE: Final[Mapping[str, type[ProvenworkError]]] = {
    kind.type: kind
    for kind in (
        AuthError, SignatureMissing, SignatureExpired, SignatureInvalid, NonceUsed, Forbidden, NotFound, Expired,
    )
}  # fmt: skip
_BY_STATUS: Final[Mapping[int, type[ProvenworkError]]] = {
    401: AuthError,
    403: Forbidden,
    404: NotFound,
}


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """Something that happened."""

    seq: int
    """Its number in the stream."""
    type: str
    message: Mapping[str, Any]
    """All of it, as the server tells it: with `type`, `seq` and, usually, `timestamp` (RFC 3339)."""


class Follower:
    """One follower of one stream.

    Args:
        after: The number after which to begin; None for what comes from now on.
        stream: The stream's name, if it is known: another one's numbers would mean nothing.
        filtered: Whether the server leaves out what the follower did not ask for. If not, every number must come.
        patience: Seconds that a server may take to greet.
        jitter: Spreads the pauses, so that many followers do not come back at the same moment.
    """

    def __init__(
        self,
        *,
        after: int | None,
        filtered: bool,
        stream: str = "",
        patience: float = 10.0,
        jitter: random.Random | None = None,
    ) -> None:
        if after is not None and after < 0:
            raise ValidationFailed("a position is 0 or above")
        self.position = after
        """Everything up to this number is done with: where another follower would go on."""
        self.silence = patience
        """Seconds without a message after which the connection is dead."""
        self.stream = stream
        """The stream's name, once it is known."""
        self.delayed = False
        """Whether the server says that events may be late."""
        self._told = after
        """The last number heard of; known from the first greeting on."""
        self._filtered = filtered
        self._patience = patience
        self._jitter = jitter or random.Random()  # noqa: S311 (nobody gains by guessing it)
        self._failures = 0
        self._greeted = False
        self._start = 0
        self._latest: deque[int] = deque(maxlen=_REMEMBERED)

    @property
    def after(self) -> int | None:
        """From where the next connection goes on: the event that is being handled does not come again."""
        return self._told

    def take(self) -> None:
        """The event received last is done with."""
        self.position = self._told

    # ------------------------------------------------------------------------------------------------- messages

    def connected(self) -> None:
        """A connection is made."""
        self._greeted = False
        self._latest.clear()
        self.silence = self._patience

    def receive(self, text: str | bytes) -> LiveEvent | None:
        """The event in a message; None if it has none that is new. The one before must be done with (`take`).

        Raises:
            PositionUnknown: The stream does not reach the position.
            EventsInconsistent: The message cannot be read, is out of order, or one is missing.
        """
        message = _parsed(text)
        kind = message["type"]
        if kind == "resync":
            self._resync(_number(message, "after"))
            return None
        seq = _number(message, "seq")
        if not self._greeted:
            if kind != "hello":
                raise EventsInconsistent(f"the server did not greet, but sent {kind!r}")
            self._hello(message, seq)
            return None
        # A server that only greets and ends again is no success.
        self._failures = 0
        if kind == "heartbeat":
            self._advance(self._told or 0, seq)
            self.delayed = message.get("delayed") is True
            return None
        return self._event(self._told or 0, message, kind, seq)

    def _hello(self, message: Mapping[str, Any], seq: int) -> None:
        stream, heartbeat = message.get("stream"), _seconds(message.get("heartbeat"))
        if not isinstance(stream, str) or heartbeat is None:
            raise EventsInconsistent("the server's greeting lacks its stream or its heartbeat")
        if self.stream and stream != self.stream:
            raise EventsInconsistent(f"the server tells {stream} instead of {self.stream}")
        if self._told is not None and seq != self._told:
            raise EventsInconsistent(f"the server goes on after {seq} instead of {self._told}")
        self.stream, self._greeted, self._start = stream, True, seq
        self.silence = _HEARTBEATS_MISSED * min(heartbeat, _LONGEST_HEARTBEAT)
        self._told = self.position = seq

    def _resync(self, after: int) -> None:
        if self._told is not None and after < self._told:
            raise _unknown(self._told)

    def _advance(self, told: int, seq: int) -> None:
        if seq < told:
            raise EventsInconsistent(f"the server went back from {told} to {seq}")
        self._told = self.position = seq

    def _event(
        self, told: int, message: Mapping[str, Any], kind: str, seq: int
    ) -> LiveEvent | None:
        if seq <= told:
            if seq <= self._start or seq in self._latest:
                return None
            raise EventsInconsistent(f"event {seq} came after {told}")
        if not self._filtered and seq != told + 1:
            raise EventsInconsistent(f"event {told + 1} is missing before {seq}")
        self._told = seq
        self._latest.append(seq)
        self.delayed = False
        return LiveEvent(seq, kind, message)

    # --------------------------------------------------------------------------------------------------- endings

    def refused(self, status: int, retry_after: str, body: bytes) -> float:
        """The server refused the handshake. Seconds until it is worth asking again.

        Args:
            status: Its answer's.
            retry_after: The header of that name; empty if there is none.
            body: A problem, or anything.

        Raises:
            ProvenworkError: Asking again is no use: what the server said, as the error of the same name.
        """
        if status in _AGAIN:
            return max(self.failed(), self._retry_after(retry_after))
        raise _refusal(status, body)

    def closed(self, code: int) -> float:
        """The server closed the connection. Seconds until the next one.

        Raises:
            PositionUnknown: The stream does not reach the position.
        """
        if code == _BEYOND:
            raise _unknown(self._told or 0)
        return self.failed()

    def failed(self) -> float:
        """The connection was not made, or broke. Seconds until the next one: any up to 0.5, 1, 2, ... 30."""
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(self._failures, 10))
        self._failures += 1
        return self._jitter.uniform(0.0, longest)

    def _retry_after(self, text: str) -> float:
        if not (text.isascii() and text.isdigit()):
            return 0.0
        seconds = min(float(text[:9]), _LONGEST_RETRY_AFTER)
        return seconds + self._jitter.uniform(0.0, max(1.0, seconds / 4))


def _parsed(text: str | bytes) -> dict[str, Any]:
    message = _json_of(text)
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise EventsInconsistent("the server sent something that is not a message")
    return message


def _json_of(text: str | bytes) -> Any:
    try:
        decoded = text if isinstance(text, str) else text.decode()
        if _depth(decoded) <= _DEEPEST:
            return json.loads(decoded)
    except ValueError:
        pass
    raise EventsInconsistent("the server sent something that is not JSON")


def _depth(text: str) -> int:
    """How deep arrays and objects are nested, at most. Python's parser crashes on what is deep enough."""
    if text.count("[") + text.count("{") <= _DEEPEST:
        return 0
    depth = deepest = 0
    for bracket in _BRACKET.findall(text):
        if bracket in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif bracket in "]}":
            depth -= 1
    return deepest


def _number(message: Mapping[str, Any], name: str) -> int:
    value = message.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise EventsInconsistent(f"the server sent a message without {name!r}")
    return value


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value > 0 else None


def _unknown(position: int) -> PositionUnknown:
    return PositionUnknown(
        f"the stream does not reach {position}",
        hint="The position is from another database: read everything again, with after=0.",
    )


def _refusal(status: int, body: bytes) -> ProvenworkError:
    try:
        problem = _json_of(body)
    except EventsInconsistent:
        problem = None
    if not isinstance(problem, dict):
        problem = {}
    detail = str(problem.get("detail") or f"the server answered {status}")[:1_000]
    hint = str(problem.get("hint") or "")[:1_000]
    name = problem.get("type")
    if name == ValidationFailed.type or status in {400, 422}:
        fields = problem.get("fields")
        known = {str(k): str(v) for k, v in fields.items()} if isinstance(fields, dict) else {}
        return ValidationFailed(detail, fields=known, hint=hint)
    kind = _BY_TYPE.get(name) if isinstance(name, str) else None
    return (kind or _BY_STATUS.get(status, ServiceError))(detail, hint=hint)
