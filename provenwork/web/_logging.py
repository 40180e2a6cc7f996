"""Structured logs: one JSON object per line, with the request's id, and without secrets.

Nothing in a log can forge another line or a field: JSON escapes what was sent. What looks like a secret is left out three
times over: fields by their names, texts by their form (`Bearer ...`, a password in a URL), and every known secret by its
value, wherever it turns up, tracebacks included.
"""

from __future__ import annotations

import logging
import logging.config
import re
from collections.abc import Iterable, MutableMapping
from typing import Any, Final, Literal

import structlog

__all__ = ["Redaction", "configure_logging"]

_HIDDEN: Final = "[hidden]"
_SECRET_NAME: Final = re.compile(
    r"secret|passw|private_?key|api_?key|(access|refresh|auth|bearer|session)_?token|authori[sz]ation|cookie|mnemonic|seed$|seed_|credential|dsn",
    re.IGNORECASE,
)
_IN_URL: Final = re.compile(r"(?<=://)[^/\s]+(?=@)")
_IN_HEADER: Final = re.compile(r"\b(Bearer|Basic|Digest)\s+[^\s\"',]+", re.IGNORECASE)
_IN_QUERY: Final = re.compile(
    r"([?&](?:[\w-]*(?:token|secret|key|password|signature))=)[^&\s\"']+", re.IGNORECASE
)


class Redaction:
    """Takes secrets out of what is about to be written.

    Args:
        secrets: Values that must not be written, such as a database's password. Shorter ones than six characters are
            not looked for: they would be found everywhere.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = sorted({one for one in secrets if len(one) >= 6}, key=len, reverse=True)

    def __call__(
        self, _logger: Any, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """A processor of structlog's."""
        for name in list(event):
            event[name] = self._field(name, event[name])
        return event

    def text(self, text: str) -> str:
        """A text without its secrets."""
        text = _IN_URL.sub(_HIDDEN, text)
        text = _IN_HEADER.sub(rf"\1 {_HIDDEN}", text)
        text = _IN_QUERY.sub(rf"\1{_HIDDEN}", text)
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        return text

    def _field(self, name: str, value: Any) -> Any:
        if _SECRET_NAME.search(name) and value is not None:
            return _HIDDEN
        match value:
            case str():
                return self.text(value)
            case bytes():
                return self.text(repr(value))
            case dict():
                return {str(key): self._field(str(key), inner) for key, inner in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self._field("", inner) for inner in value]
            case bool() | int() | float() | None:
                return value
        # Whatever it is, it would be written as this.
        return self.text(repr(value))


def configure_logging(
    level: str = "INFO",
    style: Literal["json", "console"] = "json",
    *,
    secrets: Iterable[str] = (),
) -> None:
    """Sends this process's logs, also those of the libraries, to the standard error, one line each.

    Args:
        level: The least that is written.
        style: json for machines, console for people.
        secrets: Values that must never be written.
    """
    redaction = Redaction(secrets)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redaction,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if style == "json"
        else structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": shared,
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    }
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"ours": formatter},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "ours"}},
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {
                # Each request is logged once, by us.
                "uvicorn.access": {"level": "CRITICAL", "propagate": False},
                # Below a warning it writes every WebSocket's address, with its query.
                "uvicorn.error": {"level": "WARNING"},
            },
        }
    )
