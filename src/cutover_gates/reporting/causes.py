"""The causes of open items: what failed, broke or is not proven, each cause once.

One broken sign-in can end a hundred checks, and one orphan row can fail three items. A reader needs
the cause and how far it reaches, not the hundred repetitions.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field

from cutover_gates.core.findings import Finding, explain_findings, fold_findings
from cutover_gates.core.printable import strip_control_characters
from cutover_gates.core.verdict import OPEN_OUTCOMES, CheckResult, ItemResult, Outcome, Verdict

DISPLAY_ORDER = (Outcome.FAILED, Outcome.ERROR, Outcome.NOT_PROVEN)
"""A failure says something about the target; an error hides what it would have said."""
NUMBER = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]*\d[0-9a-f]*\b")
"""A UUID, a number or the id of a record: they differ between checks that break for one cause."""


@dataclass(frozen=True)
class OpenCause:
    """One cause, with all items and checks that it left open.

    `title` says what should hold (empty where several checks with different titles are meant).
    `details` are lines: what was expected and found, what to do.
    """

    outcome: Outcome
    title: str
    details: tuple[str, ...]
    items: tuple[str, ...]
    checks: tuple[str, ...] = ()


@dataclass
class _CauseBuilder:
    """A cause that is still being gathered."""

    outcome: Outcome
    details: tuple[str, ...]
    titles: dict[str, None] = field(default_factory=dict)
    items: dict[str, None] = field(default_factory=dict)
    checks: dict[str, None] = field(default_factory=dict)

    def close(self) -> OpenCause:
        """Return the cause with all that was gathered."""
        title = next(iter(self.titles)) if len(self.titles) == 1 else ""
        return OpenCause(self.outcome, title, self.details, tuple(self.items), tuple(self.checks))


def collect_causes(verdict: Verdict) -> list[OpenCause]:
    """Return the causes of all open items: failed, then error, then not proven.

    Of one outcome, those that reach farthest come first: they are causes rather than symptoms.
    """
    causes: dict[Hashable, _CauseBuilder] = {}
    for result in find_root_causes(verdict):
        for key, cause in _causes_of_item(result):
            known = causes.setdefault(key, cause)
            known.titles |= cause.titles
            known.items |= cause.items
            known.checks |= cause.checks
    closed = [cause.close() for cause in causes.values()]
    return sorted(closed, key=lambda c: (DISPLAY_ORDER.index(c.outcome), -len(c.checks)))


def find_root_causes(
    verdict: Verdict, outcomes: Iterable[Outcome] = OPEN_OUTCOMES
) -> list[ItemResult]:
    """Return the items with these outcomes that are open for a reason of their own.

    An item that is open only because of an item that it rests on is left out: that one is named.
    """
    open_ids = {result.item.id for result in verdict.with_outcome(*OPEN_OUTCOMES)}
    return [
        result
        for result in verdict.with_outcome(*outcomes)
        if _open_checks(result) or not open_ids & set(result.item.rests_on)
    ]


def _open_checks(result: ItemResult) -> list[CheckResult]:
    return [check for check in result.checks if check.outcome in OPEN_OUTCOMES]


def _causes_of_item(result: ItemResult) -> Iterator[tuple[Hashable, _CauseBuilder]]:
    items = {result.item.id: None}
    checks = _open_checks(result)
    if not checks:  # no check ran for it, or nobody signed it off
        details = split_lines(result.why)
        titles = {result.item.title: None}
        yield (result.outcome, details), _CauseBuilder(result.outcome, details, titles, items)
    for check in checks:
        titles = {title_of(check): None}
        cause = _CauseBuilder(check.outcome, _details_of(check), titles, items, {check.check: None})
        yield (check.outcome, _identity_of(check)), cause


def _identity_of(check: CheckResult) -> Hashable:
    """Return what two checks with the same cause have in common."""
    if check.findings:
        return frozenset(_identity_of_finding(finding) for finding in check.findings)
    text = _text_of(check)
    if check.outcome is not Outcome.ERROR:
        return text
    # The first line of an error says what could not be set up, such as the session of a role; the
    # others say why. The numbers in it are ids, ports and seconds.
    first, _, reason = text.partition("\n")
    return NUMBER.sub("#", reason.strip() or first)


def _identity_of_finding(finding: Finding) -> Hashable:
    # A functional check is its own rule, so its id would keep equal causes apart.
    rule = "" if "::" in finding.rule.id else finding.rule.id
    return rule, finding.subject, finding.expected, finding.actual


def _details_of(check: CheckResult) -> tuple[str, ...]:
    if not check.findings:
        return split_lines(_text_of(check))
    own = [finding for finding in check.findings if "::" in finding.rule.id]
    others = [finding for finding in check.findings if "::" not in finding.rule.id]
    # The headline names the check, so findings of its own rule need no heading.
    lines = [line for finding in fold_findings(own) for line in split_lines(str(finding))]
    return (*lines, *split_lines(explain_findings(fold_findings(others))))


def _text_of(check: CheckResult) -> str:
    """Return why a check is open, without its own id, which would keep equal causes apart."""
    return check.why.replace(check.check, "the check")


def title_of(check: CheckResult) -> str:
    """Return what should hold, from the check's title or else from its name."""
    if check.title:
        return strip_control_characters(check.title).rstrip(".")
    name = check.check.rpartition("::")[2].removeprefix("test_")
    return strip_control_characters(name.replace("_", " "))


def split_lines(text: str) -> tuple[str, ...]:
    """Return the lines that say something, safe to print."""
    lines = strip_control_characters(text).splitlines()
    return tuple(line.rstrip() for line in lines if line.strip())
