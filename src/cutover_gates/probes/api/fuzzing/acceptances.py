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
from cutover_gates.core.tables import read_table, suggest_nearest
from cutover_gates.probes.api.fuzzing.fuzz_findings import RULES

REQUIRED_KEYS = ("operation", "check", "reason", "owner", "expires")
TEXT_KEYS = ("operation", "check", "reason", "owner")


@dataclass(frozen=True)
class AcceptedFinding:
    """A finding that somebody answers for until `expires`, that day included."""

    operation: str
    check: str
    reason: str
    owner: str
    expires: date
    mode: str = "safe"

    def covers(self, finding: Mapping[str, Any]) -> bool:
        return self.operation == finding["operation"] and self.check in (
            finding["check"],
            *finding["also"],
        )

    def __str__(self) -> str:
        return (
            f"{self.operation}: {self.check}, accepted by {self.owner} until {self.expires}:"
            f" {self.reason}"
        )


def load_acceptances(path: Path) -> tuple[AcceptedFinding, ...]:
    """Read the rows.

    A missing file holds none. Raises `SettingsError`, one sentence for each mistake.
    """
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
    findings: Sequence[Mapping[str, Any]],
    today: date,
    mode: str,
) -> tuple[list[Mapping[str, Any]], list[str]]:
    """The findings that nobody answers for, and a sentence for each acceptance that does not hold:
    it is expired, or there is nothing to accept.
    """
    valid = [one for one in accepted if one.expires >= today]
    open_ = [finding for finding in findings if not any(one.covers(finding) for one in valid)]
    expired = [f"accepted, and expired: {one}" for one in accepted if one not in valid]
    expected = [one for one in valid if one.mode == "safe" or mode == "deep"]
    gone = [
        f"accepted, and not there any more; take it out: {one}"
        for one in expected
        if not any(map(one.covers, findings))
    ]
    return open_, expired + gone


def _parse_acceptance(row: object, where: str) -> AcceptedFinding:
    if not isinstance(row, dict):
        raise SettingsError(f"{where} is {row!r}; write a table with {', '.join(REQUIRED_KEYS)}")
    for key in row:
        if key not in (*REQUIRED_KEYS, "mode"):
            raise SettingsError(
                f"{where}: unknown key {key!r}.{suggest_nearest(key, REQUIRED_KEYS)} Allowed: {', '.join(REQUIRED_KEYS)},"
                " mode"
            )
    for key in REQUIRED_KEYS:
        if key not in row:
            raise SettingsError(
                f"{where}: {key!r} is missing; an accepted finding says {', '.join(REQUIRED_KEYS)}"
            )
    for key in TEXT_KEYS:
        if not isinstance(row[key], str) or not row[key].strip():
            raise SettingsError(f"{where}: {key!r} must be a text that is not empty")
    if row["check"] not in RULES:
        raise SettingsError(
            f"{where}: there is no check {row['check']!r}.{suggest_nearest(row['check'], RULES)}"
        )
    if row.get("mode", "safe") not in ("safe", "deep"):
        raise SettingsError(f'{where}: mode must be "safe" or "deep"')
    if not isinstance(row["expires"], date) or isinstance(row["expires"], datetime):
        raise SettingsError(f"{where}: expires must be a date without quotes, such as 2027-01-31")
    return AcceptedFinding(**row)
