"""Makes `reports/sample/`: a made-up verdict with every outcome in it, to see what comes out.

`python -m cutover.reporting.sample [folder]`.

Nothing ran for it: its plan, target, people and figures are invented, its clock is fixed, so that
it comes out the same every time.
"""

from __future__ import annotations

import shlex
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cutover.plan import Item, Plan
from cutover.reporting.write import write_all
from cutover.verdict import CheckResult, Outcome, Subject, Verdict, judge
from cutover.waivers import Decision

NOW = datetime(2026, 11, 23, 2, 14, 5, tzinfo=UTC)
FOLDER = Path("reports/sample")
FUNCTIONAL = "Phase 3: Validation / Functional Testing"
PERFORMANCE = "Phase 3: Validation / Performance Validation"
MONITORING = "Phase 3: Validation / Monitoring Validation"
SUBJECT = Subject(
    target="staging",
    kind="remote",
    address="https://staging.hospital.example",
    release="2.0.0",
    reported_release="2.0.0",
    migration="8",
    suite_version="0.1.0",
    suite_commit="0123456789abcdef0123456789abcdef01234567",
    settings="5" * 64,
    host="runner.hospital.example",
)


def _item(item_id: str, section: str, title: str, **other: Any) -> Item:
    return Item(
        item_id, section, title, ("phase3",), **({"proof": "check", "suite": "smoke"} | other)
    )


PLAN = Plan(
    (
        _item(
            "functional-testing",
            "Phase 3: Validation",
            "The functions work",
            rests_on=("authentication-flow", "patient-creation", "document-upload"),
        ),
        _item(
            "authentication-flow",
            FUNCTIONAL,
            "People can sign in and out, and nobody else can",
            waivable=False,
        ),
        _item(
            "patient-creation",
            FUNCTIONAL,
            "Patients are registered, found and corrected without loss",
        ),
        _item("document-upload", FUNCTIONAL, "Documents come back byte for byte"),
        _item(
            "response-times",
            PERFORMANCE,
            "Response times are within their objectives",
            suite="performance",
        ),
        _item(
            "connection-pool",
            PERFORMANCE,
            "The database connection pool has room",
            suite="performance",
        ),
        _item("metrics-reporting", MONITORING, "All declared metrics arrive and move"),
        _item(
            "redis-cluster",
            MONITORING,
            "Redis is up and configured as declared (if the target has one)",
        ),
        _item(
            "support-briefed",
            "Added to the plan",
            "The support team knows what changes",
            proof="sign-off",
            suite=None,
        ),
        _item(
            "access-control",
            "Added to the plan",
            "Roles, facilities and ids: nobody reads or does what is not his",
            waivable=False,
        ),
    )
)


def _exchange(method: str, path: str, status: int, seconds: float, **answer: Any) -> dict[str, Any]:
    url = SUBJECT.address + path
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


def _check(
    name: str,
    item: str,
    outcome: Outcome = Outcome.PASSED,
    why: str = "",
    seconds: float = 0.1,
    *evidence: dict[str, Any],
) -> CheckResult:
    return CheckResult(name, frozenset({item}), outcome, why, seconds, evidence)


def _load() -> dict[str, Any]:
    """A minute of two operations, one of which is too slow."""
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


CHECKS = (
    _check(
        "smoke/test_sign_in.py::test_the_right_password_signs_in",
        "authentication-flow",
        Outcome.PASSED,
        "",
        0.21,
        _exchange("POST", "/api/v1/auth/login", 200, 0.084, size=412),
    ),
    _check(
        "smoke/test_patients.py::test_a_registered_patient_reads_back_as_sent",
        "patient-creation",
        Outcome.PASSED,
        "",
        0.12,
        _exchange("POST", "/api/v1/patients", 201, 0.021, size=318),
        _exchange("GET", "/api/v1/patients/7c2f", 200, 0.009, size=318),
    ),
    _check(
        "smoke/test_patients.py::test_the_same_key_registers_once",
        "patient-creation",
        Outcome.FAILED,
        "The same idempotency key registered two patients.\nexpected: 1 patient with the record"
        " number CX-0007\n     got: 2 patients (7c2f, 7c30)",
        0.34,
        _exchange("POST", "/api/v1/patients", 201, 0.022, size=318),
        _exchange("POST", "/api/v1/patients", 201, 0.023, size=318),
        _exchange("GET", "/api/v1/patients?mrn=CX-0007", 200, 0.011, size=702),
    ),
    _check(
        "smoke/test_documents.py::test_a_document_comes_back_byte_for_byte",
        "document-upload",
        Outcome.PASSED,
        "",
        0.45,
        {
            "kind": "observation",
            "title": "one document, sent and fetched",
            "facts": {"bytes": 1048576, "equal": True},
        },
    ),
    _check(
        "performance/test_objectives.py::test_reads_are_within_their_objective",
        "response-times",
        Outcome.FAILED,
        "p95 of reading a patient is above its objective. expected: <= 300 ms, got: 341 ms over"
        " 12,000 requests",
        60.2,
        {"kind": "observation", "title": "response times", "facts": _load()},
    ),
    _check(
        "smoke/monitoring/test_metrics.py::test_the_metrics_move",
        "metrics-reporting",
        Outcome.ERROR,
        "ConnectError: nothing listens at metrics.hospital.example:9090",
        2.0,
    ),
    _check(
        "smoke/test_access.py::test_a_role_cannot_do_what_it_must_not",
        "access-control",
        Outcome.PASSED,
        "",
        0.88,
        _exchange("GET", "/api/v1/audit", 403, 0.006, title="Forbidden"),
    ),
)


def _decision(item: str, by: str, reason: str, release: str = SUBJECT.release) -> Decision:
    return Decision(
        item, SUBJECT.target, release, by, NOW - timedelta(hours=8), reason, NOW + timedelta(days=7)
    )


def sample() -> Verdict:
    """A NO-GO of phase 3 on a made-up staging system."""
    return judge(
        PLAN,
        "phase3",
        CHECKS,
        subject=SUBJECT,
        started=NOW - timedelta(seconds=95),
        now=NOW,
        waivers=[
            _decision("response-times", "Ada Example", "staging has half of production's CPUs"),
            _decision("patient-creation", "Ben Example", "it worked last time", release="1.9.0"),
        ],
        signoffs=[_decision("support-briefed", "Cleo Example", "briefed in the afternoon's call")],
        not_applicable={"redis-cluster": "the release keeps nothing in Redis"},
    )


def main(arguments: list[str]) -> None:
    for path in write_all(sample(), Path(arguments[0]) if arguments else FOLDER):
        print(path)


if __name__ == "__main__":
    main(sys.argv[1:])
