"""A probe's answer: what it checked, what is wrong, and what it could not prove."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cutover_gates.core.evidence.record import Recorder, is_assessment
from cutover_gates.core.findings import Finding, NotProven, Rule

__all__ = [
    "ACCEPTED",
    "Assessment",
    "AssessmentBuilder",
    "NotProven",
    "NotReadable",
    "assessment_recorder",
    "describe_open_findings",
    "list_accepted",
]

ACCEPTED = "accepted_findings"
"""The figure that lists the accepted findings that an assessment passed over."""


@dataclass(frozen=True)
class Assessment:
    """The answer to one question put to many things, such as every table of a database.

    `checked` names each thing that was checked to the end. `findings` are breaches of rules,
    `not_proven` what could not be proven (`Finding.actual` is the reason). `figures` go into the
    evidence (JSON-able; names and keys, never the content of a row).
    """

    title: str
    checked: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    not_proven: tuple[Finding, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)

    def to_plain(self) -> dict[str, Any]:
        """Return the assessment as JSON-able values; `from_plain` reads them."""
        return {
            "title": self.title,
            "checked": list(self.checked),
            "findings": [finding.to_plain() for finding in self.findings],
            "not_proven": [gap.to_plain() for gap in self.not_proven],
            "figures": dict(self.figures),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Assessment:
        """Return the assessment that `to_plain` wrote."""
        return cls(
            plain["title"],
            tuple(plain["checked"]),
            tuple(map(Finding.from_plain, plain["findings"])),
            tuple(map(Finding.from_plain, plain["not_proven"])),
            plain["figures"],
        )


class NotReadable(Exception):
    """One thing could not be read. The text is the reason, as a clause without a full stop.

    `broken_rule` is set where the reason is itself a breach, such as corrupt storage: the thing
    then becomes a finding of that rule, not a gap.
    """

    broken_rule: Rule | None = None


@dataclass(kw_only=True)
class AssessmentBuilder:
    """An assessment that is being made: its lists grow while things are checked."""

    checked: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    not_proven: list[Finding] = field(default_factory=list)
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

    @contextmanager
    def check_item(self, rule: Rule, subject: str) -> Iterator[None]:
        """Count `subject` as checked where the block ends without `NotReadable`.

        Otherwise the reason is added (`add_unreadable`).
        """
        try:
            yield
        except NotReadable as error:
            self.add_unreadable(rule, subject, error)
        else:
            self.checked.append(subject)

    def add_unreadable(self, rule: Rule, subject: str, error: NotReadable) -> None:
        """Add what could not be read: a gap of `rule`, or a finding of the rule that it breaks."""
        if error.broken_rule:
            self.add_finding(error.broken_rule, subject, actual=str(error))
        else:
            self.add_gap(rule, subject, str(error))

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


def list_accepted(evidence: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the accepted findings that assessments in the evidence passed over."""
    facts = [entry.get("facts") for entry in evidence]
    lists = [fact.get(ACCEPTED) for fact in facts if isinstance(fact, Mapping)]
    return tuple(str(one) for each in lists if isinstance(each, list) for one in each)


def describe_open_findings(evidence: Iterable[Mapping[str, Any]]) -> str:
    """Return a sentence where an assessment in the evidence found something, or left a gap.

    A check may ask again: a later assessment of the same title stands for an earlier one where it
    examined all that the earlier one did. The sentence is empty where all is well.
    """
    unanswered = list[Mapping[str, Any]]()
    for entry in filter(is_assessment, evidence):
        unanswered = [one for one in unanswered if not _stands_for(entry, one)]
        if _list_wrong(entry):
            unanswered.append(entry)
    if not unanswered:
        return ""
    title, wrong = unanswered[0]["title"], _list_wrong(unanswered[0])
    return (
        f"it passed although its assessment {title!r} did not: {wrong[0]}. End the check with"
        " assert_passed(assessment)"
    )


def _list_wrong(entry: Mapping[str, Any]) -> list[str]:
    facts = entry["facts"]
    return [*facts.get("findings", ()), *facts.get("not_proven", ())]


def _stands_for(later: Mapping[str, Any], earlier: Mapping[str, Any]) -> bool:
    is_same = later["title"] == earlier["title"]
    return is_same and {*earlier["facts"]["names"]} <= {*later["facts"]["names"]}
