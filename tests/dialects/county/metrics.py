"""The county's metrics page, as Micrometer writes it for Prometheus."""

from __future__ import annotations

import time

from tests.dialects.county.server import County

METRICS_TYPE = "text/plain; version=0.0.4"
HEAP_LIMIT, POOL = 1_073_741_824, 10
COLLECTED = 118_000_000
"""Bytes of the heap that are in use after a collection."""


def write_metrics(county: County) -> str:
    """Return the page. There is no resident memory in it, and CPU time counts nanoseconds."""
    pool = 'pool="HikariPool-1"'
    samples = {
        "process_cpu_time_ns_total": ("counter", "", time.process_time_ns()),
        "jvm_memory_used_bytes": ("gauge", 'area="heap",id="G1 Old Gen"', county.heap()),
        "jvm_memory_max_bytes": ("gauge", 'area="heap",id="G1 Old Gen"', HEAP_LIMIT),
        "jvm_gc_live_data_size_bytes": ("gauge", "", COLLECTED),
        "hikaricp_connections_active": ("gauge", pool, 1),
        "hikaricp_connections_pending": ("gauge", pool, 0),
        "hikaricp_connections_max": ("gauge", pool, POOL),
        "hikaricp_connections_timeout_total": ("counter", pool, 0),
        "http_server_requests_seconds_count": ("counter", 'status="200"', county.served),
    }
    lines = []
    for name, (kind, labels, value) in samples.items():
        lines += [f"# TYPE {name} {kind}", f"{name}{{{labels}}} {float(value)!r}"]
    return "\n".join([*lines, ""])
