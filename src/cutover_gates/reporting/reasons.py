"""The reasons for a verdict: causes, rejected decisions, waivers and what does not apply."""

from __future__ import annotations

from collections.abc import Sequence

from cutover_gates.core.printable import strip_control_characters
from cutover_gates.core.verdict import Outcome, Verdict
from cutover_gates.reporting.causes import OpenCause, collect_causes, split_lines
from cutover_gates.reporting.left_out import (
    ReasonLine,
    list_accepted,
    list_declared,
    list_waivers,
)
from cutover_gates.reporting.verdict_summary import count_outcomes
from cutover_gates.util.text import (
    first_sentence,
    format_list,
)

MAX_CAUSES = 6
"""Causes that are told in full; a reader who has mended six runs the gate again."""
MAX_DETAILS = 12
"""Lines of one cause."""
MAX_OTHERS = 3
MAX_IDS = 24
OPEN_VERBS = {
    Outcome.FAILED: ("failed", "failed"),
    Outcome.ERROR: ("ended in an error", "ended in an error"),
    Outcome.NOT_PROVEN: ("is not proven", "are not proven"),
}


def list_reasons(verdict: Verdict) -> list[ReasonLine]:
    """Return why the word is what it is, the most important reason first.

    Faults of the run stand first, then what failed, what broke and what is not proven, then
    rejected decisions, waivers, and what is declared absent.
    """
    if verdict.is_go:
        reasons = [ReasonLine(f"{count_outcomes(verdict)}.")]
    else:
        reasons = list_open_reasons(verdict)
    return [
        *reasons,
        *_rejected_decision_reasons(verdict),
        *_shorten(list_waivers(verdict), "waivers"),
        *list_accepted(verdict),
        *list_declared(verdict),
    ]


def list_open_reasons(verdict: Verdict) -> list[ReasonLine]:
    """Return the reasons for a NO-GO: faults of the run, and causes of open items."""
    errors = [
        ReasonLine(f"the run itself: {first_sentence(error)}") for error in verdict.run_errors
    ]
    reasons = [*_shorten(errors, "faults of the run"), *_cause_reasons(verdict)]
    if reasons:
        return reasons
    return [ReasonLine("No item of this gate was proven. A gate that proves nothing is not a GO.")]


def _cause_reasons(verdict: Verdict) -> list[ReasonLine]:
    """Return the first few causes in full, and the items of the others in one line."""
    causes = collect_causes(verdict)
    # A file that cannot be collected is a fault of the run, told already, and may break ten items.
    repeats = [cause for cause in causes if _repeats_run_error(cause, verdict.run_errors)]
    told = [cause for cause in causes if cause not in repeats][:MAX_CAUSES]
    named = {item for cause in told for item in cause.items}
    untold = [cause for cause in causes if cause not in told]
    rest = list(dict.fromkeys(item for cause in untold for item in cause.items))
    unnamed = [item for item in rest if item not in named]
    reasons = [ReasonLine(_describe_cause(cause), _select_details(cause)) for cause in told]
    if unnamed:
        reasons.append(ReasonLine(f"also open: {format_list(unnamed, most=MAX_IDS)}"))
    return reasons


def _repeats_run_error(cause: OpenCause, run_errors: Sequence[str]) -> bool:
    told = tuple(line for error in run_errors for line in split_lines(error)[:1])
    return bool(cause.details) and cause.details[0].startswith(told)


def _describe_cause(cause: OpenCause) -> str:
    singular, plural = OPEN_VERBS[cause.outcome]
    verb = singular if len(cause.items) == 1 else plural
    line = f"{format_list(cause.items, most=MAX_OTHERS)} {verb}"
    parts = [cause.title] if cause.title else []
    if len(cause.checks) > 1:
        parts.append(f"{len(cause.checks)} checks, one cause")
    return f"{line}: {', '.join(parts)}" if parts else line


def _select_details(cause: OpenCause) -> tuple[str, ...]:
    if not cause.details:
        return ("The check did not say why.",)
    more = len(cause.details) - MAX_DETAILS
    if more <= 0:
        return cause.details
    return (*cause.details[:MAX_DETAILS], f"… {more} more lines in verdict.html")


def _rejected_decision_reasons(verdict: Verdict) -> list[ReasonLine]:
    reasons = [
        ReasonLine(
            f"the {refusal.kind} of {strip_control_characters(refusal.decision.by)} for"
            f" {strip_control_characters(refusal.decision.scope)} does not count:"
            f" {first_sentence(refusal.why)}"
        )
        for refusal in verdict.rejected_decisions
    ]
    return _shorten(reasons, "rejected decisions")


def _shorten(reasons: list[ReasonLine], what: str) -> list[ReasonLine]:
    if len(reasons) <= MAX_OTHERS:
        return reasons
    return [*reasons[:MAX_OTHERS], ReasonLine(f"{what}: {len(reasons) - MAX_OTHERS} more")]
