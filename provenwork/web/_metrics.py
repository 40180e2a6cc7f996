"""What a service counts, for Prometheus. Labels have few values: routes as they are written, never paths or callers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

__all__ = ["Metrics"]

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """One service's counters; other parts may register their own in `registry`."""

    def __init__(self, service: str, version: str) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        Gauge("provenwork_info", "What runs", ["service", "version"], registry=registry).labels(
            service, version
        ).set(1)
        self._requests = Counter(
            "http_requests",
            "Requests answered",
            ["method", "route", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "http_request_seconds",
            "From a request's headers to the end of its answer",
            ["method", "route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.in_flight = Gauge("http_requests_in_flight", "Being answered", registry=registry)
        self.refused = Counter(
            "http_requests_refused",
            "Refused before they were looked at",
            ["reason"],
            registry=registry,
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts a request."""
        method = method if method in _METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def watch(
        self,
        name: str,
        description: str,
        kind: type[GaugeMetricFamily | CounterMetricFamily],
        read: Callable[[], Mapping[str, float]],
    ) -> None:
        """Adds figures that somebody else keeps, read when they are asked for, by path; "" for the only one."""

        class Reader(Collector):
            def collect(self) -> Iterable[Metric]:
                family = kind(name, description, labels=["path"])
                for path, value in read().items():
                    family.add_metric([path], value)
                yield family

        self.registry.register(Reader())

    def text(self) -> bytes:
        """All of it in Prometheus's text format."""
        return generate_latest(self.registry)
