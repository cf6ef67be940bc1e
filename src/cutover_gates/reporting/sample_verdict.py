"""The sample in `reports/sample/`: an invented verdict with every outcome in it.

`python -m cutover_gates.reporting.sample_verdict [folder]` makes it again. No run stands behind it:
plan, target, people and figures are invented, and the clock is fixed, so that it never differs.
"""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

from cutover_gates.core.declarations import ITEM, Declaration
from cutover_gates.core.findings import Finding, Rule, explain_findings
from cutover_gates.core.judge import judge
from cutover_gates.core.verdict import CheckResult, Outcome, Verdict
from cutover_gates.core.waivers import Decision
from cutover_gates.probes.load.rules import RESPONSE_TIME
from cutover_gates.reporting.sample_evidence import make_exchange, make_load_evidence
from cutover_gates.reporting.sample_plan import SAMPLE_PLAN, SAMPLE_SUBJECT
from cutover_gates.reporting.terminal import print_verdict
from cutover_gates.reporting.verdict_files import write_all
from cutover_gates.util.files import write_atomically
from cutover_gates.util.terminal_output import print_text

SAMPLE_TIME = datetime(2026, 11, 23, 2, 14, 5, tzinfo=UTC)
FOLDER = Path("reports/sample")


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


SAME_KEY_CHECK = "smoke/test_patients.py::test_the_same_key_registers_once"
SAME_KEY_TITLE = "The same idempotency key registers one patient"
SAMPLE_CHECKS = (
    _make_check(
        "smoke/test_sign_in.py::test_the_right_password_signs_in",
        "The right password signs a person in",
        "sign-in",
        0.21,
        make_exchange("POST", "/api/v1/auth/login", 200, 0.084, size=412),
    ),
    _make_check(
        "smoke/test_patients.py::test_a_registered_patient_reads_back_as_sent",
        "A registered patient reads back as sent",
        "patient-records",
        0.12,
        make_exchange("POST", "/api/v1/patients", 201, 0.021, size=318),
        make_exchange("GET", "/api/v1/patients/7c2f", 200, 0.009, size=318),
    ),
    _make_check(
        SAME_KEY_CHECK,
        SAME_KEY_TITLE,
        "patient-records",
        0.34,
        make_exchange("POST", "/api/v1/patients", 201, 0.022, size=318),
        make_exchange("POST", "/api/v1/patients", 201, 0.023, size=318),
        make_exchange("GET", "/api/v1/patients?mrn=CX-0007", 200, 0.011, size=702),
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
        "documents",
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
        "speed",
        60.2,
        {"kind": "observation", "title": "response times", "facts": make_load_evidence()},
        outcome=Outcome.FAILED,
        findings=(
            Finding(RESPONSE_TIME, "patient p95", "within 300 ms", "341 ms of 12,000 requests"),
        ),
    ),
    _make_check(
        "smoke/monitoring/test_metrics.py::test_the_metrics_move",
        "Every declared metric moves with the traffic",
        "metrics",
        2.0,
        outcome=Outcome.ERROR,
        why="ConnectError: nothing listens at metrics.hospital.example:9090",
    ),
    _make_check(
        "smoke/test_access.py::test_a_role_cannot_do_what_it_must_not",
        "A role cannot do what it must not",
        "access",
        0.88,
        make_exchange("GET", "/api/v1/audit", 403, 0.006, title="Forbidden"),
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
            _make_decision("speed", "Ada Example", "staging has half of production's CPUs"),
            _make_decision(
                "patient-records", "Ben Example", "it worked last time", release="1.9.0"
            ),
        ],
        signoffs=[
            _make_decision("support-told", "Cleo Example", "briefed in the afternoon's call")
        ],
        declarations=[
            Declaration(
                ITEM,
                "cache",
                "the release keeps nothing in Redis",
                "Ada Example",
                SAMPLE_TIME.date() - timedelta(days=3),
            )
        ],
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
        print_text(str(path), sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
