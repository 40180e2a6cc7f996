"""Payloads: JSON objects that Postgres can keep and everybody can read back as they were."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from provenwork.core.errors import ValidationFailed

__all__ = ["MAX_PAYLOAD", "to_json"]

MAX_PAYLOAD = 65_536
"""Bytes of one payload as JSON."""

# An escaped NUL: an odd number of backslashes before u0000. JSON can say it, Postgres cannot keep it.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def to_json(payload: Mapping[str, Any]) -> str:
    """A payload as JSON text.

    Raises:
        ValidationFailed: It is no JSON object, is larger than `MAX_PAYLOAD`, or has text that Postgres cannot keep.
    """
    try:
        text = json.dumps(dict(payload), allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError) as problem:
        raise ValidationFailed(f"not a JSON object: {problem}") from None
    if size > MAX_PAYLOAD:
        raise ValidationFailed(f"a payload has at most {MAX_PAYLOAD} bytes, not {size}")
    if _NUL.search(text):
        raise ValidationFailed("a payload has no NUL characters")
    return text
