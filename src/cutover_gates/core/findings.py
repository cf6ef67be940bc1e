"""Rules and findings, and the one place where a finding becomes a sentence."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cutover_gates.core.printable import strip_control_characters

MOST_LINES = 20
"""Findings of one rule that are printed; the rest is counted."""
MOST_SUBJECTS = 5
"""Subjects that a folded finding names."""


@dataclass(frozen=True)
class Rule:
    """A thing that must hold, like a linter's rule.

    `id` is stable (`DATA-012`). `title` says what holds where all is well, `why` why it matters,
    `fix` what a person does where it does not hold: one sentence each. What guards access or data
    that was acknowledged is not `waivable`: neither a waiver nor an acceptance covers its breach.
    """

    id: str
    title: str
    why: str = ""
    fix: str = ""
    waivable: bool = True


THIS_CHECK = Rule("", "")
"""Stands for the running check itself, which is its own rule; the plugin puts the check's in."""


@dataclass(frozen=True)
class Finding:
    """One breach of a rule, or (in `Assessment.not_proven`) one thing that could not be proven.

    `subject` is what it is about (a table, a URL, an account). `expected` and `actual` are values
    as a person reads them; of what could not be proven, `actual` is the reason. `reproduce` is a
    command or query that shows it again. `count` is how often it occurred.
    """

    rule: Rule
    subject: str = ""
    expected: str = ""
    actual: str = ""
    reproduce: str = ""
    count: int = 1

    def __str__(self) -> str:
        return describe_finding(self)

    def to_plain(self) -> dict[str, Any]:
        """Return the finding as JSON-able values; `from_plain` reads them."""
        plain = dataclasses.asdict(self)
        # A member of an enumeration of texts is a text, too, and no worker of xdist can send it.
        texts = {name: str(value) for name, value in plain.items() if isinstance(value, str)}
        return plain | texts

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Finding:
        """Return the finding that `to_plain` wrote."""
        return cls(**{**plain, "rule": Rule(**plain["rule"])})


class FindingsError(AssertionError):
    """A check found breaches of rules. `findings` has them all; the text explains them."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__(strip_control_characters(explain_findings(findings)))
        self.findings = findings


class NotProven(Exception):
    """A check could not see what it needed: nothing is known to be wrong, and nothing is proven.

    `gaps` says for each thing what could not be proven (`Finding.actual` is the reason); it is
    empty where only a sentence is known.
    """

    def __init__(self, reason: str = "", gaps: Sequence[Finding] = ()) -> None:
        super().__init__(strip_control_characters(reason or explain_findings(gaps)))
        self.gaps = tuple(gaps)

    @property
    def reason(self) -> str:
        """The reason in one line, for use inside another finding."""
        if self.gaps:
            return "; ".join(describe_finding(gap) for gap in self.gaps)
        return str(self)


def gap_error(rule: Rule, subject: str, reason: str, *, reproduce: str = "") -> NotProven:
    """Return the error to raise where `rule` could not be proven of `subject`."""
    return NotProven(gaps=(Finding(rule, subject, "", reason, reproduce),))


def describe_finding(finding: Finding) -> str:
    """Return one line: the subject, what was expected and what was found."""
    if finding.expected and finding.actual:
        detail = f"expected {finding.expected}, found {finding.actual}"
    elif finding.expected:
        detail = f"expected {finding.expected}"
    else:
        detail = finding.actual or finding.rule.title
    line = f"{finding.subject}: {detail}" if finding.subject else detail
    return f"{line} ({finding.count} times)" if finding.count > 1 else line


def explain_findings(findings: Sequence[Finding]) -> str:
    """Return a text of several lines: each rule once, with its findings and what to do.

    The running check's own findings have no heading, since the report names the check anyway.
    """
    rules = list(dict.fromkeys(finding.rule for finding in findings))
    return "\n".join(line for rule in rules for line in _explain_rule(rule, findings))


def _explain_rule(rule: Rule, all_findings: Sequence[Finding]) -> Iterable[str]:
    findings = [finding for finding in all_findings if finding.rule == rule]
    heading = f"{rule.title} [{rule.id}]" if rule.id and rule.title else rule.title
    indent = "  " if heading else ""
    if heading:
        yield heading
    for finding in findings[:MOST_LINES]:
        yield f"{indent}{describe_finding(finding)}"
    if len(findings) > MOST_LINES:
        yield f"{indent}… and {len(findings) - MOST_LINES} more"
    if rule.fix:
        yield f"{indent}What to do: {rule.fix}"
    if reproduce := next((finding.reproduce for finding in findings if finding.reproduce), ""):
        yield f"{indent}See it again: {reproduce}"


def fold_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Return each cause once, in order: equal rule, expectation and outcome fold into one finding.

    Its `count` is the sum; its subject names the first few subjects.
    """
    groups: dict[tuple[Rule, str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.rule, finding.expected, finding.actual), []).append(finding)
    return [_fold_group(group) for group in groups.values()]


def _fold_group(group: Sequence[Finding]) -> Finding:
    if len(group) == 1:
        return group[0]
    subjects = list(dict.fromkeys(finding.subject for finding in group if finding.subject))
    named = ", ".join(subjects[:MOST_SUBJECTS])
    if len(subjects) > MOST_SUBJECTS:
        named = f"{named} and {len(subjects) - MOST_SUBJECTS} more"
    return replace(group[0], subject=named, count=sum(finding.count for finding in group))
