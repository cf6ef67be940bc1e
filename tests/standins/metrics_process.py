"""A small real process with a metrics page, told by HTTP what to count.

    python -m tests.standins.metrics_process PORT RELEASE

`/count?good=90&bad=10&slow=3` counts requests of one operation, `/mode?page=stored|failing|own`
changes how the page is served. Errors have no series before the first one, as in many libraries.
"""

from __future__ import annotations

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

EDGES = (0.05, 0.1, 0.2, 0.5)


class MetricsPage:
    """The metrics of one process. `labelled`: the release stands on every series."""

    def __init__(self, release: str, edges: tuple[float, ...]) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        names = ["route", "status"]
        self.requests = Counter("http_requests", "Requests", names, registry=self.registry)
        self.seconds = Histogram(
            "http_request_duration_seconds",
            "Seconds",
            ["route"],
            registry=self.registry,
            buckets=edges,
        )
        self.timeouts = Counter("db_pool_timeouts", "Time-outs", registry=self.registry)
        self.size = Gauge("db_pool_size", "Connections", registry=self.registry)
        self.waiting = Gauge("db_pool_waiting", "Waiters", registry=self.registry)
        info = Gauge("build_info", "Build", ["release"], registry=self.registry)
        info.labels(release).set(1)
        self.size.set(5)
        self.mode, self.stored = "own", b""

    def count(self, good: int = 0, bad: int = 0, slow: int = 0, health: int = 0) -> None:
        """Count requests: `slow` of the good ones took 0.3 s, all others 0.01 s."""
        for status, number in (("200", good), ("500", bad)):
            if number:
                self.requests.labels("/patients", status).inc(number)
        if health:
            self.requests.labels("/health/ready", "200").inc(health)
        for number in range(good):
            self.seconds.labels("/patients").observe(0.3 if number < slow else 0.01)

    def render(self) -> bytes:
        """Return the page, or the stored one."""
        if self.mode != "stored":
            self.stored = generate_latest(self.registry)
        return self.stored


def serve(port: int, release: str, edges: tuple[float, ...]) -> None:
    """Serve until the process is killed."""
    page = MetricsPage(release, edges)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            status, body = 200, b""
            if parts.path == "/metrics":
                status = 503 if page.mode == "failing" else 200
                body = page.render()
            elif parts.path == "/count":
                page.count(**{name: int(value) for name, value in query.items()})
            elif parts.path == "/pool":
                page.timeouts.inc(int(query.get("timeouts", 0)))
                page.size.set(int(query.get("size", 5)))
                page.waiting.set(int(query.get("waiting", 0)))
            else:
                page.mode = query["page"]
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    shown = sys.argv[3] if len(sys.argv) > 3 else ",".join(map(str, EDGES))
    serve(int(sys.argv[1]), sys.argv[2], tuple(map(float, shown.split(","))))
