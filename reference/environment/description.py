"""Addresses of the programs as settings keys.

The keys are those of `[targets.NAME.infrastructure]` and `[targets.NAME.monitoring]`
(docs/settings.md).
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reference.duration_edges import EDGES
from reference.environment import monitoring, proxy


def describe_front(
    authority: Path, tls_port: int, plain_port: int, backends: Sequence[str], second: Path
) -> dict[str, Any]:
    """Describe the proxy before `backends` (`host:port`).

    `second` is the file with the current process id of the second instance.
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


def describe_prometheus(url: str, instances: Sequence[str], run: str) -> dict[str, Any]:
    """Describe the scrape targets and the alerts.

    The run listens for alerts at `run` (`host:port`).
    """
    return {
        "prometheus": url,
        "labels": f'job="{monitoring.JOB}"',
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
        "triggers": {
            "release_info": "build_info",
            "operations": {"search": 'method="GET",route="/api/v1/patients"'},
        },
        "alerts": {
            "rules": monitoring.ALERTS,
            "thresholds": {"error-rate": 0.01, "response-time": 2},
            "series": _describe_series(instances[0]),
            "receiver": "operations",
            "canary": monitoring.CANARY,
            "canary_receiver": "cutover",
            "canary_labels": {"severity": "test"},
            "receiver_listen": run,
            "canary_seconds": 20,
        },
    }


def _describe_series(instance: str) -> dict[str, Any]:
    """Describe the series of one instance on which the rules are tried."""
    labels = f'job="{monitoring.JOB}",instance="{instance}"'
    route = 'method="GET",route="/api/v1/patients"'
    return {
        "answered": f'http_requests_total{{{labels},{route},status="200"}}',
        "failed": f'http_requests_total{{{labels},{route},status="500"}}',
        "durations": f"http_request_duration_seconds{{{labels},{route}}}",
        "duration_edges": list(EDGES),
        "baseline_seconds": monitoring.BASELINE_SECONDS,
        "up": f"up{{{labels}}}",
        "pool_timeouts": f"db_pool_timeouts_total{{{labels}}}",
        "pool_size": f"db_pool_size{{{labels}}}",
        "pool_waiting": f"db_pool_waiting{{{labels}}}",
    }
