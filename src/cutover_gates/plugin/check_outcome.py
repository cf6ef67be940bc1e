"""`CheckOutcome`: what one phase of one check left, from the process that ran it to the judge.

It travels in `report.user_properties`, so xdist carries it too, and is taken off the report before
JUnit, Allure or the terminal see it: it holds the secrets that the process has learnt.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from cutover_gates.core.findings import Finding

PROPERTY = "cutover-outcome"


@dataclass(frozen=True)
class CheckOutcome:
    """One phase (setup, call or teardown) of one check, as the process that ran it saw it.

    `attempt` counts how often the check was set up, and `raised` tells that its function raised:
    both uncover what turns a failure into a pass. `unsupported` is the operation that the target
    does not offer, `not_proven` tells that the check could not see what it needed, `is_finding`
    that it found the target wrong (and did not break itself). `findings` are breaches of rules, or
    with `not_proven` what could not be proven. `entered` and `returned` count how often the check's
    function began and came to its end, `asked` tells that evidence was taken meanwhile, and `line`
    is the function's first line: they come with the call. `outlived` is the bound in seconds that
    the check has outlived at the end of the phase, 0 where it has not; `timed_out` tells that it
    was stopped for it. `evidence` comes with the teardown. `new_secrets` (value, name) are those
    learnt since the process's last report.
    """

    items: frozenset[str] = frozenset()
    attempt: int = 1
    raised: bool = False
    entered: int = 0
    returned: int = 0
    asked: bool = False
    line: int = 0
    outlived: float = 0.0
    timed_out: bool = False
    unsupported: str | None = None
    not_proven: bool = False
    is_finding: bool = False
    why: str = ""
    findings: tuple[Finding, ...] = ()
    evidence: tuple[Mapping[str, Any], ...] = ()
    new_secrets: tuple[tuple[str, str], ...] = ()
    target_gone: bool = False

    def to_plain(self) -> dict[str, Any]:
        """Return the outcome as JSON-able values; `from_plain` reads them."""
        plain = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return plain | {
            "items": sorted(self.items),
            "findings": [finding.to_plain() for finding in self.findings],
            "evidence": list(self.evidence),
            "new_secrets": [list(secret) for secret in self.new_secrets],
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> CheckOutcome:
        """Return the outcome that `to_plain` wrote."""
        values = {
            **plain,
            "items": frozenset(plain["items"]),
            "findings": tuple(Finding.from_plain(finding) for finding in plain["findings"]),
            "evidence": tuple(plain["evidence"]),
            "new_secrets": tuple((value, name) for value, name in plain["new_secrets"]),
        }
        return cls(**values)


def attach_outcome(report: pytest.TestReport, outcome: CheckOutcome) -> None:
    """Put the outcome on a report."""
    report.user_properties.append((PROPERTY, outcome.to_plain()))


def peek_evidence(report: pytest.TestReport) -> Sequence[Mapping[str, Any]]:
    """Return the evidence of a report that still carries its outcome; empty where it has none."""
    for name, value in report.user_properties:
        if name == PROPERTY and isinstance(value, Mapping):
            return list(value["evidence"])
    return []


def take_outcome(report: pytest.TestReport) -> CheckOutcome | None:
    """Take the outcome off a report; None where pytest or xdist made the report (a crash)."""
    plain: object = None
    remaining = []
    for name, value in report.user_properties:
        if name == PROPERTY:
            plain = value
        else:
            remaining.append((name, value))
    report.user_properties[:] = remaining
    return CheckOutcome.from_plain(plain) if isinstance(plain, Mapping) else None
