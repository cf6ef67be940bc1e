"""What a verdict goes without: what people decided, and what the target is declared not to have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cutover_gates.core.printable import strip_control_characters
from cutover_gates.core.verdict import (
    OPEN_OUTCOMES,
    CheckResult,
    ItemResult,
    Outcome,
    Verdict,
)
from cutover_gates.core.waivers import Decision
from cutover_gates.util.text import (
    first_sentence,
    format_list,
    format_utc,
)

MAX_COVERED = 12
"""Checks below one waiver that are named."""
EXEMPT = "a decision of the demonstration, exempt from the longest term"


@dataclass(frozen=True)
class ReasonLine:
    """One reason for a verdict: a line, and the lines that belong below it."""

    text: str
    details: tuple[str, ...] = ()


def list_waivers(verdict: Verdict) -> list[ReasonLine]:
    """Return a line for each waiver that counts: who, until when, why; below it what it covers."""
    waived = verdict.with_outcome(Outcome.WAIVED)
    whole = [_describe_item_waiver(result) for result in waived if result.decision is not None]
    return [*whole, *_describe_narrow_waivers(waived)]


def list_accepted(verdict: Verdict) -> list[ReasonLine]:
    """Return a line for the accepted findings that checks passed over, with each below it."""
    accepted = tuple(map(strip_control_characters, verdict.accepted_findings))
    if not accepted:
        return []
    return [ReasonLine(f"accepted findings: {len(accepted)}", accepted[:MAX_COVERED])]


def list_declared(verdict: Verdict) -> list[ReasonLine]:
    """Return a line on what is declared absent, and one on checks that are not for this target."""
    lines = []
    if verdict.declared:
        names = [_describe_name(one.declaration.name, one.checks) for one in verdict.declared]
        told = format_list(names, most=24)
        lines.append(ReasonLine(f"declared absent (verdict.html says why): {told}"))
    named = {one.declaration.name for one in verdict.declared}
    others = [result.item.id for result in verdict.items if _leaves_out(result, named)]
    if others:
        lines.append(ReasonLine(f"not for this target: single checks of {format_list(others)}"))
    return lines


def covered_checks(checks: Iterable[CheckResult]) -> tuple[str, ...]:
    """Return a line for each open check under a waiver: what failed is shown all the same."""
    return tuple(
        f"{check.outcome.value}: {_describe_check(check)}"
        for check in checks
        if check.outcome in OPEN_OUTCOMES
    )


def _describe_check(check: CheckResult) -> str:
    return f"{strip_control_characters(check.check)}: {first_sentence(check.why)}"


def _describe_item_waiver(result: ItemResult) -> ReasonLine:
    assert result.decision is not None
    line = f"{result.item.id} is waived by {_describe_person(result.decision)}"
    covered = covered_checks(result.checks)
    if not covered:
        return ReasonLine(f"{line} ({first_sentence(result.why)})")
    return ReasonLine(line, _shorten(covered))


def _describe_narrow_waivers(waived: Iterable[ItemResult]) -> list[ReasonLine]:
    """Return a line for each waiver of a rule or a check, with the checks that it covers."""
    covered: dict[Decision, list[str]] = {}
    for check in (check for result in waived for check in result.checks):
        for waiver in check.waivers:
            covered.setdefault(waiver, []).append(_describe_check(check))
    return [
        ReasonLine(
            f"{strip_control_characters(waiver.scope)} is waived by {_describe_person(waiver)}",
            _shorten(tuple(dict.fromkeys(lines))),
        )
        for waiver, lines in covered.items()
    ]


def _describe_person(decision: Decision) -> str:
    exempt = f" [{EXEMPT}]" if decision.is_exempt else ""
    signed = "signed" if decision.is_signed else "unsigned"
    return (
        f"{strip_control_characters(decision.by)} ({signed}) until"
        f" {format_utc(decision.expires)}{exempt}:"
        f" {first_sentence(decision.reason)}"
    )


def _describe_name(name: str, checks: tuple[str, ...]) -> str:
    return f"{name} ({len(checks)} {'check' if len(checks) == 1 else 'checks'})" if checks else name


def _leaves_out(result: ItemResult, declared: set[str]) -> bool:
    """Return whether checks of an item do not apply though nothing is declared absent."""
    if result.outcome is Outcome.NOT_APPLICABLE:
        return False
    exempt = [check for check in result.checks if check.outcome is Outcome.NOT_APPLICABLE]
    return any(check.absent not in declared for check in exempt)


def _shorten(lines: tuple[str, ...]) -> tuple[str, ...]:
    more = len(lines) - MAX_COVERED
    return lines if more <= 0 else (*lines[:MAX_COVERED], f"… {more} more in verdict.html")
