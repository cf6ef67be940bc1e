"""Where everything is, as keys of the judge's settings: `[targets.NAME.infrastructure]` and
`[targets.NAME.monitoring]` (docs/settings.md).
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reference.surroundings import proxy, watch


def of_the_front(
    authority: Path, tls_port: int, plain_port: int, backends: Sequence[str], second: Path
) -> dict[str, Any]:
    """The proxy before `backends` (`host:port`).

    `second` is the file with the process id of the second one, whoever it is by then.
    """
    return {
        "tls": {
            "endpoints": [f"localhost:{tls_port}"],
            "ca_file": str(authority),
            "redirects": [f"http://localhost:{plain_port}"],
        },
        "balancer": {
            "url": f"https://localhost:{tls_port}",
            "ca_file": str(authority),
            "backends": [f"http://{backend}" for backend in backends],
            "instance_header": proxy.INSTANCE_HEADER,
            "kill": ["sh", "-c", f"kill -KILL $(cat {shlex.quote(str(second))})"],
            "client_address": "127.0.0.2",
            "client_field": "client",
        },
    }


def of_prometheus(url: str, instances: Sequence[str], run: str) -> dict[str, Any]:
    """What it scrapes and which alerts it raises; the run listens for them at `run` (`host:port`)."""
    return {
        "prometheus": url,
        "labels": f'job="{watch.JOB}"',
        "targets": list(instances),
        "scrape_seconds": 5,
        "metrics": {
            "quiet": True,  # but for the run
            "requests": 'http_requests_total{method="GET", route="/api/v1/patients"}',
            "moving": ["http_request_duration_seconds_count", "process_cpu_seconds_total"],
            "present": [
                "db_pool_in_use",
                "db_pool_max",
                "db_pool_timeouts_total",
                "process_resident_memory_bytes",
            ],
        },
        "alerts": {
            "rules": watch.ALERTS,
            "for_seconds": {"health": 3, "error-rate": 300, "response-time": 600},
            "thresholds": {"error-rate": 0.01, "response-time": 2},
            "receiver": "operations",
            "canary": watch.CANARY,
            "canary_receiver": "cutover",
            "canary_labels": {"severity": "test"},
            "receiver_listen": run,
            "canary_seconds": 20,
        },
    }
