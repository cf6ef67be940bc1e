"""What a test asserts of findings: rules, subjects and values, and never a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pytest

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.findings import Finding, FindingsError, NotProven, Rule


def list_breaches(assessment: Assessment) -> list[tuple[Rule, str]]:
    """Return the rule and the subject of each finding."""
    return [(finding.rule, finding.subject) for finding in assessment.findings]


def list_values(assessment: Assessment) -> list[tuple[str, str, str]]:
    """Return the subject, the expected and the actual value of each finding."""
    return as_values(assessment.findings)


def as_values(findings: Iterable[Finding]) -> list[tuple[str, str, str]]:
    """Return the subject, the expected and the actual value of each finding."""
    return [(each.subject, each.expected, each.actual) for each in findings]


def list_gaps(assessment: Assessment) -> list[tuple[Rule, str]]:
    """Return the rule and the subject of each thing that could not be proven."""
    return [(gap.rule, gap.subject) for gap in assessment.not_proven]


@contextmanager
def raises_gap(*rules: Rule) -> Iterator[pytest.ExceptionInfo[NotProven]]:
    """Expect a `NotProven` whose gaps are of these rules, in this order."""
    with pytest.raises(NotProven) as raised:
        yield raised
    assert [gap.rule for gap in raised.value.gaps] == list(rules), raised.value


def values_of(error: BaseException, rule: Rule) -> list[str]:
    """Return the values of the findings or gaps of this rule: "subject | expected | actual |"."""
    found = error.gaps if isinstance(error, NotProven) else ()
    if isinstance(error, FindingsError):
        found = error.findings
    return [f"{f.subject} | {f.expected} | {f.actual} |" for f in found if f.rule == rule]


def raised_findings(act: Callable[[], object]) -> tuple[Finding, ...]:
    """Return the findings of the `FindingsError` that `act` raises; fail where it raises none."""
    with pytest.raises(FindingsError) as error:
        act()
    return error.value.findings


def finding_values(finding: Finding) -> tuple[str, str, str]:
    """Return subject, expected and actual of a finding."""
    return finding.subject, finding.expected, finding.actual
