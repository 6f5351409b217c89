"""What this process counts, for Prometheus.

Several web processes share one port, and a scrape reaches one of them. With
PROMETHEUS_MULTIPROC_DIR set (an empty directory at each start of the server) the counts
of all are added up; without it, a scrape shows the one process that answers it.
"""

import os

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"

# A gauge beside each counter that only says when it began would double the text.
disable_created_metrics()

# With the directory set, values live in its files and the registry only names them.
_counted = CollectorRegistry()
_requests = Counter(
    "weighbridge_requests",
    "Requests answered.",
    ("route", "method", "status"),
    registry=_counted,
)
_seconds = Histogram(
    "weighbridge_request_seconds",
    "Time from a request's arrival to its answer.",
    ("route", "method"),
    registry=_counted,
    buckets=BUCKETS,
)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def observe_request(route: str, method: str, status: int, seconds: float) -> None:
    """`route` is the pattern, not the address: few values, however many objects."""
    known = method if method in METHODS else "other"
    _requests.labels(route, known, str(status)).inc()
    _seconds.labels(route, known).observe(seconds)


def exposition(state: dict[str, tuple[str, float]]) -> bytes:
    """Prometheus text: the counts, and gauges of the state (name: (help, value))."""
    return generate_latest(_registry()) + generate_latest(_gauges(state))


def _registry() -> CollectorRegistry:
    if DIRECTORY not in os.environ:
        return _counted
    everyone = CollectorRegistry()
    MultiProcessCollector(everyone)
    return everyone


def _gauges(state: dict[str, tuple[str, float]]) -> CollectorRegistry:
    registry = CollectorRegistry()
    for name, (help_text, value) in state.items():
        _Reading(name, help_text, value, registry)
    return registry


class _Reading:
    """A gauge read from the database at the scrape: the same from every process."""

    def __init__(
        self, name: str, help_text: str, value: float, registry: CollectorRegistry
    ) -> None:
        self.family = GaugeMetricFamily(name, help_text, value=value)
        registry.register(self)

    def collect(self) -> list[GaugeMetricFamily]:
        return [self.family]
