"""The sample in `reports/sample/`: an invented verdict with every outcome in it.

`python -m cutover_gates.reporting.sample_verdict [folder]` makes it again. No run stands behind it:
plan, target, people and figures are invented, and the clock is fixed, so that it never differs.
"""

from __future__ import annotations

import io
import shlex
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

from cutover_gates.core.findings import Finding, Rule, explain_findings
from cutover_gates.core.judge import judge
from cutover_gates.core.plan import Item, Plan
from cutover_gates.core.verdict import CheckResult, Outcome, Verdict, VerdictSubject
from cutover_gates.core.waivers import Decision
from cutover_gates.reporting.terminal import print_verdict
from cutover_gates.reporting.verdict_files import write_all
from cutover_gates.util.files import write_atomically

SAMPLE_TIME = datetime(2026, 11, 23, 2, 14, 5, tzinfo=UTC)
FOLDER = Path("reports/sample")
FUNCTIONAL = "Phase 3: Validation / Functional Testing"
PERFORMANCE = "Phase 3: Validation / Performance Validation"
MONITORING = "Phase 3: Validation / Monitoring Validation"
SAMPLE_SUBJECT = VerdictSubject(
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


def _make_item(item_id: str, section: str, title: str, **other: Any) -> Item:
    return Item(
        item_id, section, title, ("phase3",), **({"proof": "check", "suite": "smoke"} | other)
    )


SAMPLE_PLAN = Plan(
    (
        _make_item(
            "functional-testing",
            "Phase 3: Validation",
            "The functions work",
            rests_on=("authentication-flow", "patient-creation", "document-upload"),
        ),
        _make_item(
            "authentication-flow",
            FUNCTIONAL,
            "People can sign in and out, and nobody else can",
            waivable=False,
        ),
        _make_item(
            "patient-creation",
            FUNCTIONAL,
            "Patients are registered, found and corrected without loss",
        ),
        _make_item("document-upload", FUNCTIONAL, "Documents come back byte for byte"),
        _make_item(
            "response-times",
            PERFORMANCE,
            "Response times are within their objectives",
            suite="performance",
        ),
        _make_item(
            "connection-pool",
            PERFORMANCE,
            "The database connection pool has room",
            suite="performance",
        ),
        _make_item("metrics-reporting", MONITORING, "All declared metrics arrive and move"),
        _make_item(
            "redis-cluster",
            MONITORING,
            "Redis is up and configured as declared (if the target has one)",
        ),
        _make_item(
            "support-briefed",
            "Added to the plan",
            "The support team knows what changes",
            proof="sign-off",
            suite=None,
        ),
        _make_item(
            "access-control",
            "Added to the plan",
            "Roles, facilities and ids: nobody reads or does what is not theirs",
            waivable=False,
        ),
    )
)


def _make_exchange(
    method: str, path: str, status: int, seconds: float, **answer: Any
) -> dict[str, Any]:
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


def _make_check(
    name: str,
    title: str,
    item: str,
    seconds: float,
    *evidence: dict[str, Any],
    outcome: Outcome = Outcome.PASSED,
    findings: tuple[Finding, ...] = (),
    why: str = "",
) -> CheckResult:
    why = why or explain_findings(findings)
    return CheckResult(
        name, frozenset({item}), outcome, why, seconds, evidence, findings, title=title
    )


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


SAME_KEY_CHECK = "smoke/test_patients.py::test_the_same_key_registers_once"
SAME_KEY_TITLE = "The same idempotency key registers one patient"
RESPONSE_TIMES = Rule(
    "SLO-001",
    "Every operation keeps its response times",
    "Wards wait for every page that is slower than they are used to.",
    "Find the slow operation in verdict.html, or change performance.objectives.",
)
SAMPLE_CHECKS = (
    _make_check(
        "smoke/test_sign_in.py::test_the_right_password_signs_in",
        "The right password signs a person in",
        "authentication-flow",
        0.21,
        _make_exchange("POST", "/api/v1/auth/login", 200, 0.084, size=412),
    ),
    _make_check(
        "smoke/test_patients.py::test_a_registered_patient_reads_back_as_sent",
        "A registered patient reads back as sent",
        "patient-creation",
        0.12,
        _make_exchange("POST", "/api/v1/patients", 201, 0.021, size=318),
        _make_exchange("GET", "/api/v1/patients/7c2f", 200, 0.009, size=318),
    ),
    _make_check(
        SAME_KEY_CHECK,
        SAME_KEY_TITLE,
        "patient-creation",
        0.34,
        _make_exchange("POST", "/api/v1/patients", 201, 0.022, size=318),
        _make_exchange("POST", "/api/v1/patients", 201, 0.023, size=318),
        _make_exchange("GET", "/api/v1/patients?mrn=CX-0007", 200, 0.011, size=702),
        outcome=Outcome.FAILED,
        findings=(
            Finding(
                Rule(SAME_KEY_CHECK, SAME_KEY_TITLE),
                "patients with the record number CX-0007",
                "1 patient",
                "2 patients (7c2f, 7c30)",
            ),
        ),
    ),
    _make_check(
        "smoke/test_documents.py::test_a_document_comes_back_byte_for_byte",
        "A document comes back byte for byte",
        "document-upload",
        0.45,
        {
            "kind": "observation",
            "title": "one document, sent and fetched",
            "facts": {"bytes": 1048576, "equal": True},
        },
    ),
    _make_check(
        "performance/test_objectives.py::test_reads_are_within_their_objective",
        "Reads are within their response times",
        "response-times",
        60.2,
        {"kind": "observation", "title": "response times", "facts": make_load_evidence()},
        outcome=Outcome.FAILED,
        findings=(
            Finding(RESPONSE_TIMES, "patient p95", "within 300 ms", "341 ms of 12,000 requests"),
        ),
    ),
    _make_check(
        "smoke/monitoring/test_metrics.py::test_the_metrics_move",
        "Every declared metric moves with the traffic",
        "metrics-reporting",
        2.0,
        outcome=Outcome.ERROR,
        why="ConnectError: nothing listens at metrics.hospital.example:9090",
    ),
    _make_check(
        "smoke/test_access.py::test_a_role_cannot_do_what_it_must_not",
        "A role cannot do what it must not",
        "access-control",
        0.88,
        _make_exchange("GET", "/api/v1/audit", 403, 0.006, title="Forbidden"),
    ),
)


def _make_decision(
    item: str, by: str, reason: str, release: str = SAMPLE_SUBJECT.release
) -> Decision:
    return Decision(
        item,
        SAMPLE_SUBJECT.target,
        release,
        by,
        SAMPLE_TIME - timedelta(hours=8),
        reason,
        SAMPLE_TIME + timedelta(days=7),
    )


def build_sample_verdict() -> Verdict:
    """Return a NO-GO of phase 3 on an invented staging system."""
    return judge(
        SAMPLE_PLAN,
        "phase3",
        SAMPLE_CHECKS,
        subject=SAMPLE_SUBJECT,
        started=SAMPLE_TIME - timedelta(seconds=95),
        now=SAMPLE_TIME,
        waivers=[
            _make_decision(
                "response-times", "Ada Example", "staging has half of production's CPUs"
            ),
            _make_decision(
                "patient-creation", "Ben Example", "it worked last time", release="1.9.0"
            ),
        ],
        signoffs=[
            _make_decision("support-briefed", "Cleo Example", "briefed in the afternoon's call")
        ],
        not_applicable={"redis-cluster": "the release keeps nothing in Redis"},
    )


def write_sample(folder: Path) -> list[Path]:
    """Write the files of the run, and what the terminal shows."""
    verdict = build_sample_verdict()
    paths = write_all(verdict, folder)
    terminal = io.StringIO()
    print_verdict(verdict, Console(file=terminal, width=80), folder=Path("reports/sample"))
    return [*paths, write_atomically(folder / "terminal.txt", terminal.getvalue())]


def main(arguments: list[str]) -> None:
    """Write the sample into the folder that is named, or into `reports/sample/`."""
    for path in write_sample(Path(arguments[0]) if arguments else FOLDER):
        print(path)


if __name__ == "__main__":
    main(sys.argv[1:])
