"""Accepted findings: `known_failures/<target>.toml`.

Strict both ways: what is not accepted fails, and so does what is accepted and gone, or expired.

[[finding]]
operation = "GET /api/v1/patients"
check = "response_schema_conformance"
reason = "the old clients still need the number as a text"
owner = "Ada Example"
expires = 2027-01-31
mode = "deep"          # only a deep run can see it; default: every run does
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from cutover_gates.config.base import SettingsError
from cutover_gates.core.findings import Finding, Rule
from cutover_gates.core.tables import read_table, suggest_nearest
from cutover_gates.probes.api.fuzzing import rules
from cutover_gates.probes.api.fuzzing.model import FuzzFinding

REQUIRED_KEYS = ("operation", "check", "reason", "owner", "expires")
TEXT_KEYS = ("operation", "check", "reason", "owner")


@dataclass(frozen=True)
class AcceptedFinding:
    """A finding that a named person accepts until `expires`, that day included."""

    operation: str
    check: str
    reason: str
    owner: str
    expires: date
    mode: str = "safe"

    def covers(self, finding: FuzzFinding) -> bool:
        """Return whether this is the acceptance of a finding."""
        checks = (finding.check, *finding.also)
        return self.operation == finding.operation and self.check in checks

    def __str__(self) -> str:
        return f"accepted by {self.owner} until {self.expires}: {self.reason}"


def load_acceptances(path: Path) -> tuple[AcceptedFinding, ...]:
    """Read the acceptances in a file; a missing file holds none. Raises `SettingsError`."""
    if not path.exists():
        return ()
    data = read_table(path, SettingsError)
    rows = data.get("finding", [])
    if set(data) - {"finding"} or not isinstance(rows, list):
        raise SettingsError(
            f"{path.name}: write [[finding]] with two brackets, one for each accepted finding, and"
            " nothing else"
        )
    return tuple(
        _parse_acceptance(row, f"{path.name}, finding {number}")
        for number, row in enumerate(rows, start=1)
    )


def apply_acceptances(
    accepted: Sequence[AcceptedFinding],
    findings: Sequence[FuzzFinding],
    today: date,
    mode: str,
) -> tuple[list[FuzzFinding], list[Finding]]:
    """Return the findings that nobody accepted, and one for each acceptance that does not hold.

    An acceptance does not hold where it has expired, or where there is nothing to accept.
    """
    valid = [one for one in accepted if one.expires >= today]
    open_findings = [finding for finding in findings if not _is_accepted(finding, valid)]
    stale = [
        _stale_finding(rules.ACCEPTANCE_VALID, one, f"valid on {today}")
        for one in accepted
        if one not in valid
    ]
    # What only a deep run can see is not missed by a safe one.
    expected = [one for one in valid if one.mode == "safe" or mode == "deep"]
    stale += [
        _stale_finding(rules.ACCEPTANCE_NEEDED, one, "the finding occurs")
        for one in expected
        if not any(map(one.covers, findings))
    ]
    return open_findings, stale


def _is_accepted(finding: FuzzFinding, valid: Sequence[AcceptedFinding]) -> bool:
    return any(one.covers(finding) for one in valid)


def _stale_finding(rule: Rule, acceptance: AcceptedFinding, expected: str) -> Finding:
    return Finding(rule, f"{acceptance.operation}: {acceptance.check}", expected, str(acceptance))


def _parse_acceptance(row: object, where: str) -> AcceptedFinding:
    if not isinstance(row, dict):
        raise SettingsError(f"{where} is {row!r}; write a table with {', '.join(REQUIRED_KEYS)}")
    _check_keys(row, where)
    _check_values(row, where)
    return AcceptedFinding(**row)


def _check_keys(row: Mapping[str, Any], where: str) -> None:
    for key in row:
        if key not in (*REQUIRED_KEYS, "mode"):
            raise SettingsError(
                f"{where}: unknown key {key!r}.{suggest_nearest(key, REQUIRED_KEYS)} Allowed:"
                f" {', '.join(REQUIRED_KEYS)}, mode"
            )
    for key in REQUIRED_KEYS:
        if key not in row:
            raise SettingsError(
                f"{where}: {key!r} is missing; an accepted finding says {', '.join(REQUIRED_KEYS)}"
            )


def _check_values(row: Mapping[str, Any], where: str) -> None:
    for key in TEXT_KEYS:
        if not isinstance(row[key], str) or not row[key].strip():
            raise SettingsError(f"{where}: {key!r} must be a text that is not empty")
    if row["check"] not in rules.CHECK_RULES:
        raise SettingsError(
            f"{where}: there is no check"
            f" {row['check']!r}.{suggest_nearest(row['check'], rules.CHECK_RULES)}"
        )
    if row.get("mode", "safe") not in ("safe", "deep"):
        raise SettingsError(f'{where}: mode must be "safe" or "deep"')
    if not isinstance(row["expires"], date) or isinstance(row["expires"], datetime):
        raise SettingsError(f"{where}: expires must be a date without quotes, such as 2027-01-31")
