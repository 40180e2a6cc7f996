"""Where a stream is, and how to speak of it without its secrets."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from provenwork.core.errors import ValidationFailed

__all__ = ["Address"]


@dataclass(frozen=True, slots=True)
class Address:
    """A WebSocket's address with what is asked for. Shown without user, password and parameters."""

    _parts: SplitResult = field(repr=False)
    _parameters: tuple[tuple[str, str], ...] = field(repr=False)
    shown: str
    is_secure: bool

    @classmethod
    def of(
        cls,
        url: str,
        *,
        types: Iterable[str],
        filters: Mapping[str, str | Iterable[str]],
        insecure: bool,
    ) -> Address:
        """Reads an address. Messages never repeat it: it may hold secrets.

        Raises:
            ValidationFailed: It is none of a WebSocket; or it is not encrypted, and leads away from this machine.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise ValidationFailed("not an address") from None
        if parts.scheme not in {"ws", "wss"} or not host or parts.fragment:
            raise ValidationFailed(
                "not the address of a WebSocket", hint="Write wss://host/path, without a #."
            )
        if parts.scheme == "ws" and not insecure and not _is_loopback(host):
            raise ValidationFailed(
                f"{host} would be spoken to without encryption",
                hint="Use wss://, or say insecure=True for a network that you trust.",
            )
        asked = [("type", name) for name in types]
        for name, wanted in filters.items():
            asked += [(name, value) for value in ([wanted] if isinstance(wanted, str) else wanted)]
        parameters = [*parse_qsl(parts.query, keep_blank_values=True), *asked]
        at = f"[{host}]" if ":" in host else host
        shown = f"{parts.scheme}://{at}{f':{port}' if port else ''}{parts.path}"
        return cls(parts, tuple(parameters), shown, parts.scheme == "wss")

    def going_on_after(self, position: int | None) -> str:
        """The address for one connection, with all secrets in it."""
        parameters = [*self._parameters]
        if position is not None:
            parameters.append(("after", str(position)))
        return self._parts._replace(query=urlencode(parameters)).geturl()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
