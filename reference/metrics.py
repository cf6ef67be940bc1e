"""Metrics for Prometheus.

Each application has its own registry, so that the figures of two in one process do not add up.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from reference.duration_edges import EDGES
from reference.pool import Pool

_METHODS = {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"}


class Metrics:
    """Metrics of an application's requests, connection pool and process.

    The requests are `http_requests_total{method,route,status}` and
    `http_request_duration_seconds{method,route}`. `build_info{release}` names the release, for all
    other series of the instance.
    """

    def __init__(self, pool: Pool, release: str) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "http_requests",
            "Requests answered",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "http_request_duration_seconds",
            "Time to answer",
            ["method", "route"],
            registry=self.registry,
            buckets=EDGES,
        )
        build = Gauge("build_info", "The release", ["release"], registry=self.registry)
        build.labels(release).set(1)
        self.registry.register(_PoolCollector(pool))
        ProcessCollector(registry=self.registry)

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request. `route` is a template, never a path with an id in it."""
        method = method if method in _METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)


class _PoolCollector(Collector):
    """Collector that reads the pool at the moment of a scrape."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def collect(self) -> Iterator[Metric]:
        stats = self._pool.get_stats()
        size, idle = stats.get("pool_size", 0), stats.get("pool_available", 0)
        yield GaugeMetricFamily("db_pool_size", "Connections", value=size)
        yield GaugeMetricFamily(
            "db_pool_max", "Connections at most", value=stats.get("pool_max", 0)
        )
        yield GaugeMetricFamily("db_pool_in_use", "Connections in use", value=size - idle)
        yield GaugeMetricFamily(
            "db_pool_waiting",
            "Requests that wait for a connection",
            value=stats.get("requests_waiting", 0),
        )
        yield CounterMetricFamily(
            "db_pool_timeouts",
            "Requests that waited in vain",
            value=stats.get("requests_errors", 0),
        )
