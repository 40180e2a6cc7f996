"""What an operator can set, from the environment: `PROVENWORK_HOST`, `PROVENWORK_PORT`, ..."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

__all__ = ["WebSettings"]

_ORIGIN: Final = re.compile(r"https?://(\[[0-9a-f:]+\]|[a-z0-9.-]+)(:\d{1,5})?")


def _listed(value: object) -> object:
    return (
        [part.strip() for part in value.split(",") if part.strip()]
        if isinstance(value, str)
        else value
    )


def _network(value: str) -> str:
    return str(ipaddress.ip_network(value))


def _origin(value: str) -> str:
    if not _ORIGIN.fullmatch(value):
        raise ValueError(
            f"{value!r} is no origin: write https://example.org, in lower case, without a path"
        )
    return value


_Hosts: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_listed), NoDecode]
_Networks: TypeAlias = Annotated[
    tuple[Annotated[str, AfterValidator(_network)], ...], BeforeValidator(_listed), NoDecode
]
_Origins: TypeAlias = Annotated[
    tuple[Annotated[str, AfterValidator(_origin)], ...], BeforeValidator(_listed), NoDecode
]
_LOOPBACK: Final = ("127.0.0.0/8", "::1/128")


class WebSettings(BaseSettings):
    """How a service is reached and what it takes. Lists are separated by commas; times are in seconds.

    Raises:
        pydantic.ValidationError: A setting makes no sense; it names the setting.
    """

    model_config = SettingsConfigDict(env_prefix="PROVENWORK_", frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    """Where it listens. Nothing but this machine reaches it by default."""
    port: int = Field(default=8000, ge=0, le=65_535)
    allowed_hosts: _Hosts = ("localhost", "127.0.0.1", "[::1]")
    """What the `Host` header may name (without a port): a page that lets its own name point here reaches nothing."""
    origins: _Origins = ()
    """The web pages whose scripts may use the service, for example https://jobs.example.org."""
    proxies: _Networks = ()
    """Reverse proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed."""
    metrics_from: _Networks = _LOOPBACK
    """Who may read /metrics."""

    body_limit: int = Field(default=65_536, ge=1_024, le=16_777_216)
    """Bytes of a request's body."""
    body_timeout: float = Field(default=10.0, gt=0)
    """For a request's body to arrive."""
    header_timeout: float = Field(default=10.0, gt=0)
    """For a request's line and headers to arrive."""
    write_timeout: float = Field(default=30.0, gt=0)
    """For the caller to take some of an answer: one that reads less than about 64 KiB in this time is cut off."""
    request_timeout: float = Field(default=30.0, gt=0)
    """For a request to be answered, once it has arrived."""
    most_requests: int = Field(default=256, ge=1)
    """Requests that are being answered at a time; more are told to come back."""
    most_connections: int = Field(default=12_000, ge=10)
    """Connections at a time, WebSockets included."""

    rate_per_address: float = Field(default=20.0, gt=0)
    """Requests a second from one address (for IPv6: one /64), in the long run."""
    burst_per_address: float = Field(default=100.0, ge=1)
    rate_per_principal: float = Field(default=20.0, gt=0)
    """Requests a second from one authenticated caller, from wherever it calls."""
    burst_per_principal: float = Field(default=100.0, ge=1)

    drain: float = Field(default=0.0, ge=0, le=300)
    """How long /readyz says no before the service stops taking requests, so that a load balancer notices."""
    shutdown_timeout: int = Field(default=20, ge=1, le=300)
    """For requests that are being answered to end when the service stops."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "console"] = "json"
