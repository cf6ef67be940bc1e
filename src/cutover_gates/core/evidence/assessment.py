"""A probe's answer: what it checked, what is wrong, and what it could not prove."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.findings import Finding, NotProven, Rule

__all__ = ["Assessment", "AssessmentBuilder", "NotProven", "assessment_recorder"]


@dataclass(frozen=True)
class Assessment:
    """The answer to one question put to many things, such as every table of a database.

    `checked` names each thing that was checked to the end. `findings` are breaches of rules,
    `not_proven` what could not be proven (`Finding.actual` is the reason). `figures` go into the
    evidence (JSON-able; names and keys, never the content of a row).
    """

    title: str
    checked: tuple[str, ...]
    findings: tuple[Any, ...] = ()
    not_proven: tuple[Any, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class AssessmentBuilder:
    """An assessment that is being made: its lists grow while things are checked."""

    checked: list[str] = field(default_factory=list)
    findings: list[Any] = field(default_factory=list)
    not_proven: list[Any] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    def add_finding(
        self,
        rule: Rule,
        subject: str = "",
        *,
        expected: str = "",
        actual: str = "",
        reproduce: str = "",
        count: int = 1,
    ) -> None:
        """Add a breach of `rule`."""
        self.findings.append(Finding(rule, subject, expected, actual, reproduce, count))

    def add_gap(self, rule: Rule, subject: str, reason: str, *, reproduce: str = "") -> None:
        """Add what could not be proven of `rule`, with the reason."""
        self.not_proven.append(Finding(rule, subject, "", reason, reproduce))

    def build(self, title: str) -> Assessment:
        """Return the assessment. What was added twice is in it once."""
        return Assessment(
            title,
            tuple(self.checked),
            tuple(dict.fromkeys(self.findings)),
            tuple(dict.fromkeys(self.not_proven)),
            self.figures,
        )


def assessment_recorder(recorder: Recorder) -> Callable[[Assessment], None]:
    """Return a function that leaves an assessment in the evidence of the running check."""

    def record(assessment: Assessment) -> None:
        recorder.observe(
            assessment.title,
            examined=len(assessment.checked),
            names=list(assessment.checked),
            findings=[str(finding) for finding in assessment.findings],
            not_proven=[str(gap) for gap in assessment.not_proven],
            **assessment.figures,
        )

    return record
