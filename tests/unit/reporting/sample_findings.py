"""Checks with findings, to lay out and to fold."""

from __future__ import annotations

from cutover_gates.core.findings import Finding, Rule
from cutover_gates.core.verdict import CheckResult, Outcome

ORPHANS = Rule(
    "DATA-001",
    "Every foreign key refers to an existing row",
    "An orphan row is a record that nobody finds.",
    "Restore the missing rows, then run the gate again.",
)
OWN_RULE = Rule("smoke/test_doors.py::test_sign_in", "A person signs in")


def broken_check(
    name: str, item: str, *findings: Finding, outcome: Outcome = Outcome.FAILED, why: str = ""
) -> CheckResult:
    """Return an open check of one item."""
    title = f"The title of {name}"
    check = f"smoke/test_{item}.py::test_{name}"
    return CheckResult(check, frozenset({item}), outcome, why, findings=findings, title=title)


def orphan(subject: str = "visits.patient_id → patients", found: str = "12 rows") -> Finding:
    """Return a finding of a probe's rule."""
    return Finding(ORPHANS, subject, "0 orphan rows", found, "select 1")


def own_finding(check: str = "sign_in", found: str = "503") -> Finding:
    """Return a finding of a check that is its own rule."""
    rule = Rule(f"smoke/test_doors.py::test_{check}", f"The title of {check}")
    return Finding(rule, "POST /login", "200", found)
