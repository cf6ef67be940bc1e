"""The invented evidence of the sample verdict: requests, and a minute of load."""

from __future__ import annotations

import shlex
from typing import Any

from cutover_gates.reporting.sample_plan import SAMPLE_SUBJECT


def make_exchange(
    method: str, path: str, status: int, seconds: float, **answer: Any
) -> dict[str, Any]:
    """Return a request and the facts of its answer, as the recorder writes them."""
    url = SAMPLE_SUBJECT.address + path
    return {
        "kind": "exchange",
        "method": method,
        "url": url,
        "status": status,
        "seconds": seconds,
        "request_id": f"req-{status}-{len(path)}",
        "answer": {"media_type": "application/json", **answer},
        "error": None,
        "curl": f'curl -sS -X {method} -H "Authorization: Bearer $TOKEN" {shlex.quote(url)}',
    }


def make_load_evidence() -> dict[str, Any]:
    """Return the evidence of a minute of load with two operations, one of which is too slow."""
    operations = [
        {
            "name": "patient",
            "requests": 12000,
            "errors": 0,
            "objective": {"p95": 0.3},
            "p50": [0.088, 0.087, 0.0889],
            "p95": [0.341, 0.3365, 0.3455],
            "p99": [0.488, 0.4794, 0.497],
            "distribution": [
                [0.07079, 3100],
                [0.1, 4200],
                [0.14125, 2100],
                [0.28184, 1500],
                [0.35481, 600],
                [0.50119, 500],
            ],
        },
        {
            "name": "search",
            "requests": 6000,
            "errors": 1,
            "objective": {"p95": 0.5},
            "p50": [0.051, 0.0502, 0.0518],
            "p95": [0.122, 0.119, 0.1253],
            "p99": [0.18, 0.172, 0.191],
            "distribution": [[0.05012, 2900], [0.07079, 1800], [0.1, 900], [0.19953, 399]],
        },
    ]
    claims = [
        {
            "item": "response-times",
            "operation": name,
            "statistic": "p95",
            "limit": limit,
            "needed": True,
            "state": state,
            "bad": bad,
            "of": of,
            "share": 0.05,
            "at_most": at_most,
            "missing": 0,
        }
        for name, limit, state, bad, of, at_most in (
            ("patient", "within 0.3 s", "broken", 890, 12000, 0.0785),
            ("search", "within 0.5 s", "holds", 0, 5999, 0.0006),
        )
    ]
    series = [
        [second, 300, 0.07 + second % 4 / 200, 0.26 + second % 11 / 80, int(second == 31)]
        for second in range(60)
    ]
    return {
        "operations": operations,
        "claims": claims,
        "series": series,
        "ended": "everything is certain",
    }
