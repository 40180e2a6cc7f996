"""Reading JSON strictly: what two programs could read differently is refused.

Source: RFC 8259 (JSON), RFC 7493 (I-JSON: no duplicate names, no numbers that a double cannot hold, no lone surrogates).
"""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any, Final, NoReturn

from provenwork.core.errors import Malformed

__all__ = ["MAX_DEPTH", "MAX_SAFE_INTEGER", "read_json"]

MAX_DEPTH: Final = 16
"""How deep arrays and objects may lie in one another."""
MAX_SAFE_INTEGER: Final = 2**53 - 1
"""Beyond it JavaScript's numbers are rounded, and so would be what somebody signs or pays."""

_LONGEST_NUMBER: Final = 32


def read_json(body: bytes) -> Any:
    """A body as Python values.

    Raises:
        Malformed: It is not JSON in UTF-8, lies too deep, or has a duplicate name, a number that programs round
            differently, or text that cannot be kept (NUL, half of a surrogate pair).
    """
    try:
        value = json.loads(
            body.decode(),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_real,
            parse_constant=_constant,
        )
    except UnicodeDecodeError as problem:
        raise Malformed(f"the body is not UTF-8: byte {problem.start}") from None
    except json.JSONDecodeError as problem:
        raise Malformed(
            f"the body is not JSON: {problem.msg} (line {problem.lineno}, column {problem.colno})"
        ) from None
    except RecursionError:
        raise _too_deep() from None
    _require_plain(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        raise Malformed(f"the body says {_short(twice)} twice in one object")
    return found


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER or abs(number := int(digits)) > MAX_SAFE_INTEGER:
        raise Malformed(
            f"the number {_short(digits)} is beyond 2^53 − 1, where programs round differently",
            hint="Write amounts as decimal strings.",
        )
    return number


def _real(digits: str) -> float:
    if len(digits) > _LONGEST_NUMBER or not math.isfinite(number := float(digits)):
        raise Malformed(f"the number {_short(digits)} is too long or too large")
    return number


def _constant(name: str) -> NoReturn:
    raise Malformed(f"{name} is not JSON")


def _require_plain(value: Any) -> None:
    """Looks at every value, level by level, without recursion."""
    level, depth = [value], 0
    while level:
        texts = [item for item in level if isinstance(item, str)]
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                texts += item
                inner += item.values()
            elif isinstance(item, list):
                inner += item
        for text in texts:
            _require_text(text)
        depth += any(isinstance(item, dict | list) for item in level)
        if depth > MAX_DEPTH:
            raise _too_deep()
        level = inner


def _require_text(text: str) -> None:
    if "\0" in text:
        raise Malformed("the body has text with a NUL character, which cannot be kept")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Malformed("the body has text with half of a surrogate pair") from None


def _too_deep() -> Malformed:
    return Malformed(f"the body's arrays and objects lie deeper than {MAX_DEPTH}")


def _short(text: str) -> str:
    quoted = json.dumps(text)
    return quoted if len(quoted) <= 40 else f"{quoted[:36]}..."
