"""Findings and gaps of single objectives, with their figures."""

from __future__ import annotations

from itertools import zip_longest

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.findings import Rule
from cutover_gates.probes.load import rules
from cutover_gates.probes.load.model import (
    ALL_REQUESTS,
    NEW_CONNECTIONS,
    RATIO,
    LoadSummary,
    ObjectiveResult,
)
from cutover_gates.probes.load.request_outcomes import format_failures

MAX_SHOWN_FAILURES = 3
_RULES = {
    "errors": rules.ERROR_RATE,
    "asked again": rules.ASKED_AGAIN,
    "ratio": rules.BASELINE_RATIO,
    "p95 ratio": rules.BASELINE_TAIL,
    "p99 ratio": rules.BASELINE_TAIL,
}
_STATISTIC_NAMES = {
    "errors": "error rate",
    "ratio": "median",
    "p95 ratio": "p95",
    "p99 ratio": "p99",
}
_VERBS = {"errors": "failed", "asked again": "were sent again"}
_SLOW_VERB = "took longer or got no answer"


def objective_rule(objective: ObjectiveResult) -> Rule:
    """Return the rule that an objective is about."""
    if objective.statistic not in _RULES and objective.operation == NEW_CONNECTIONS:
        return rules.NEW_CONNECTIONS
    return _RULES.get(objective.statistic, rules.RESPONSE_TIME)


def objective_subject(objective: ObjectiveResult) -> str:
    """Return the subject of an objective's findings, such as `search p95`."""
    name = _STATISTIC_NAMES.get(objective.statistic, objective.statistic)
    return f"{objective.operation} {name}"


def format_measured(objective: ObjectiveResult) -> str:
    """Return the measured value in its unit; empty where nothing was measured."""
    value = objective.measured
    if value is None:
        return ""
    if objective.statistic in _VERBS:
        return f"{value * 100:.3g} %"
    if objective.statistic.endswith(RATIO):
        return f"{value:.2f} times the baseline's {_STATISTIC_NAMES[objective.statistic]}"
    return f"{value:.3g} s"


def add_broken_objective(
    builder: AssessmentBuilder, objective: ObjectiveResult, summary: LoadSummary, *, as_gap: bool
) -> None:
    """Add an objective that certainly does not hold.

    `as_gap`: as a gap, where the load itself was not made as planned.
    """
    rule, subject = objective_rule(objective), objective_subject(objective)
    actual, failures = _describe_broken(objective), _describe_failures(objective, summary)
    if as_gap:
        reason = f"{actual}, but the load was not made as planned"
        builder.add_gap(rule, subject, "\n".join([reason, *failures]))
        return
    actual = "\n".join([actual, *failures])
    builder.add_finding(rule, subject, expected=objective.limit, actual=actual)


def add_open_objective(
    builder: AssessmentBuilder, objective: ObjectiveResult, summary: LoadSummary
) -> None:
    """Add an objective that the run did not decide, with what is missing, and what failed."""
    verb = _VERBS.get(objective.statistic, _SLOW_VERB)
    missing = "the share is too near to the limit to be decided"
    if objective.missing:
        missing = f"about {objective.missing} more requests are needed"
    reason = (
        f"{objective.limit} is not certain: {objective.bad} of {objective.total} requests {verb};"
        f" {missing} (end of the run: {summary.end_reason})"
    )
    failures = _describe_failures(objective, summary)
    builder.add_gap(
        objective_rule(objective), objective_subject(objective), "\n".join([reason, *failures])
    )


def _describe_broken(objective: ObjectiveResult) -> str:
    verb = _VERBS.get(objective.statistic, _SLOW_VERB)
    counts = (
        f"{objective.bad} of {objective.total} requests {verb}, at most"
        f" {objective.share * 100:g} % may"
    )
    measured = format_measured(objective)
    return f"{measured} ({counts})" if measured else counts


def _describe_failures(objective: ObjectiveResult, summary: LoadSummary) -> list[str]:
    """Return how often requests failed in which way, and the first of them in words.

    Of times, only the counts: they say whether requests were slow, or never answered.
    """
    counts = [one for one in summary.failure_counts if _concerns(objective, one.operation)]
    lines = [f"Failures: {format_failures(counts)}"] if counts else []
    if objective.statistic != "errors":
        return lines
    # One of each operation, before any has a second one.
    texts = [words for name, words in summary.failures.items() if _concerns(objective, name)]
    in_turn = [text for turn in zip_longest(*texts) for text in turn if text]
    return [*lines, *in_turn[:MAX_SHOWN_FAILURES]]


def _concerns(objective: ObjectiveResult, operation: str) -> bool:
    return objective.operation in (operation, ALL_REQUESTS, NEW_CONNECTIONS)
