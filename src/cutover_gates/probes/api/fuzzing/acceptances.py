"""Accepted findings: `known_failures/<target>.toml`.

Strict both ways: what is not accepted fails, and so does what is accepted and gone, or expired.
What touches access control or acknowledged data is never accepted.

[[finding]]
operation = "GET /api/v1/patients"
check = "response_schema_conformance"     # or rule = "FUZZ-010"
reason = "the old clients still need the number as a text"
owner = "Ada Example"
release = "2.0.0"      # default: every release
at = 2027-01-10        # when it was decided; without it the term counts from today
expires = 2027-01-31
mode = "deep"          # only a deep run can see it; default: every run does
"""

from __future__ import annotations

import math
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
OPTIONAL_KEYS = ("rule", "release", "at", "mode")
TEXT_KEYS = ("operation", "check", "reason", "owner", "rule", "release")


@dataclass(frozen=True)
class AcceptanceTerms:
    """What an acceptance is held to: the release under judgement, and the longest term in days.

    `latest_day` is the latest date that it is anywhere on earth; without it today in UTC.
    """

    release: str = ""
    longest_days: float = math.inf
    latest_day: date | None = None


NO_TERMS = AcceptanceTerms()


@dataclass(frozen=True)
class AcceptedFinding:
    """A finding that a named person accepts until `expires`, that day included.

    It is named by schemathesis' check or by our rule. An empty `release` stands for every one.
    """

    operation: str
    check: str
    reason: str
    owner: str
    expires: date
    mode: str = "safe"
    rule: str = ""
    release: str = ""
    at: date | None = None

    @property
    def name(self) -> str:
        """What is accepted of the operation: the rule or the check."""
        return self.rule or self.check

    def covers(self, finding: FuzzFinding) -> bool:
        """Return whether this is the acceptance of a finding.

        A finding that touches access control or acknowledged data, too, has none.
        """
        checks = (finding.check, *finding.also)
        broken = [rules.CHECK_RULES.get(check, rules.OTHER_CHECK) for check in checks]
        if self.operation != finding.operation or not all(rule.waivable for rule in broken):
            return False
        return self.check in checks or self.rule in [rule.id for rule in broken]

    def objection(self, today: date, terms: AcceptanceTerms) -> str:
        """Return what would have to hold for it to count today; empty where it counts."""
        if self.expires < today:
            return f"valid on {today} (UTC)"
        if self.at is not None and self.at > (latest := terms.latest_day or today):
            return f"decided on {latest} at the latest, today in the easternmost time zone"
        if (self.expires - (self.at or today)).days > terms.longest_days:
            return f"a term of at most {terms.longest_days:g} days (longest_waiver_days)"
        return ""

    def __str__(self) -> str:
        release = f"release {self.release}" if self.release else "every release"
        return f"accepted by {self.owner} until {self.expires} for {release}: {self.reason}"


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
    terms: AcceptanceTerms = NO_TERMS,
) -> tuple[list[FuzzFinding], list[Finding]]:
    """Return the findings that are not accepted, and one for each acceptance that does not hold.

    An acceptance does not hold where it has expired or lasts too long, or where there is nothing to
    accept. Those for other releases are passed over.
    """
    accepted = [one for one in accepted if not terms.release or one.release in ("", terms.release)]
    objections = {one: one.objection(today, terms) for one in accepted}
    valid = [one for one in accepted if not objections[one]]
    open_findings = [finding for finding in findings if not _is_accepted(finding, valid)]
    stale = [
        _stale_finding(rules.ACCEPTANCE_VALID, one, objection)
        for one, objection in objections.items()
        if objection
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
    return Finding(rule, f"{acceptance.operation}: {acceptance.name}", expected, str(acceptance))


def _parse_acceptance(row: object, where: str) -> AcceptedFinding:
    if not isinstance(row, dict):
        raise SettingsError(f"{where} is {row!r}; write a table with {', '.join(REQUIRED_KEYS)}")
    _check_keys(row, where)
    _check_values(row, where)
    return AcceptedFinding(**{"check": "", **row})


def _check_keys(row: Mapping[str, Any], where: str) -> None:
    allowed = (*REQUIRED_KEYS, *OPTIONAL_KEYS)
    for key in row:
        if key not in allowed:
            raise SettingsError(
                f"{where}: unknown key {key!r}.{suggest_nearest(key, allowed)} Allowed:"
                f" {', '.join(allowed)}"
            )
    for key in REQUIRED_KEYS:
        if key not in row and not (key == "check" and "rule" in row):
            raise SettingsError(
                f"{where}: {key!r} is missing; an accepted finding says {', '.join(REQUIRED_KEYS)}"
            )


def _check_values(row: Mapping[str, Any], where: str) -> None:
    for key in TEXT_KEYS:
        text = row.get(key, "-")
        if not isinstance(text, str) or not text.strip():
            raise SettingsError(f"{where}: {key!r} must be a text that is not empty")
    _check_name(row, "check", rules.CHECK_RULES, where)
    _check_name(row, "rule", {rule.id: rule for rule in rules.CHECK_RULES.values()}, where)
    if row.get("mode", "safe") not in ("safe", "deep"):
        raise SettingsError(f'{where}: mode must be "safe" or "deep"')
    for key in ("expires", "at"):
        if key in row and (not isinstance(row[key], date) or isinstance(row[key], datetime)):
            raise SettingsError(f"{where}: {key} must be a date without quotes, such as 2027-01-31")


def _check_name(row: Mapping[str, Any], key: str, known: Mapping[str, Rule], where: str) -> None:
    """Require that a check or rule exists, and that it may be accepted."""
    if key not in row:
        return
    name = row[key]
    if name not in known:
        raise SettingsError(f"{where}: there is no {key} {name!r}.{suggest_nearest(name, known)}")
    if not known[name].waivable:
        title = known[name].title
        raise SettingsError(
            f"{where}: {name} is never accepted: {title[0].lower()}{title[1:]} (access control and"
            " acknowledged data). Fix the cause."
        )
