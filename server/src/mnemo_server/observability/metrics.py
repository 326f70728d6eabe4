"""Logs and metrics for operators. Neither contains secrets."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal

import structlog
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import RequestPayloadError
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

#: In seconds, from a local read to a slow search over a wide-area database.
_LATENCY_BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


def configure_logging(level: str, log_format: Literal["console", "json"] | None) -> None:
    """Send structured logs to standard error, one line per event."""
    is_terminal = sys.stderr.isatty()
    as_json = log_format == "json" or (log_format is None and not is_terminal)
    renderer: Any = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=is_terminal)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries log through the standard library; only their warnings are useful.
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("aiohttp.server").addFilter(_without_request)


def _without_request(record: logging.LogRecord) -> bool:
    """Keep the contents of malformed requests out of the log: aiohttp quotes the line, including its key."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError | RequestPayloadError):
        record.msg, record.args = f"{record.getMessage()}: {type(error).__name__}", ()
        record.exc_info = record.exc_text = None
    return True


class _ReadCounter(Collector):
    """A counter whose value is kept elsewhere."""

    def __init__(self, name: str, description: str, read: Callable[[], float]) -> None:
        self._name = name
        self._description = description
        self._read = read

    def collect(self) -> Iterable[Metric]:
        """Return its present value."""
        return (CounterMetricFamily(self._name, self._description, value=self._read()),)


class _ReadCounters(Collector):
    """Counters with one name and a label, whose values are kept elsewhere."""

    def __init__(
        self, name: str, description: str, label: str, read: Callable[[], Mapping[str, float]]
    ) -> None:
        self._name = name
        self._description = description
        self._label = label
        self._read = read

    def collect(self) -> Iterable[Metric]:
        """Return their present values."""
        family = CounterMetricFamily(self._name, self._description, labels=[self._label])
        for value, count in self._read().items():
            family.add_metric([value], count)
        return (family,)


class Metrics:
    """The metrics of the server, for Prometheus."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no annotations
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "mnemo_http_requests_total",
            "Requests processed.",
            ["route", "status"],
            registry=self.registry,
        )
        self._latency = Histogram(
            "mnemo_http_request_seconds",
            "Response time in seconds.",
            ["route"],
            buckets=_LATENCY_BUCKETS,
            registry=self.registry,
        )

    def observe_request(self, route: str, status: int, seconds: float) -> None:
        """Count one request and its response."""
        self._requests.labels(route, status).inc()
        self._latency.labels(route).observe(seconds)

    def gauge(self, name: str, description: str, read: Callable[[], float]) -> None:
        """Register a gauge, read at every scrape."""
        Gauge(name, description, registry=self.registry).set_function(read)

    def counter(self, name: str, description: str, read: Callable[[], float]) -> None:
        """Register a counter, read at every scrape; its name ends in `_total`."""
        self.registry.register(_ReadCounter(name, description, read))

    def counters(
        self, name: str, description: str, label: str, read: Callable[[], Mapping[str, float]]
    ) -> None:
        """Register counters by the values of a label, read at every scrape; their name ends in `_total`."""
        self.registry.register(_ReadCounters(name, description, label, read))

    def render(self) -> bytes:
        """Return all metrics in the Prometheus text format."""
        return generate_latest(self.registry)
