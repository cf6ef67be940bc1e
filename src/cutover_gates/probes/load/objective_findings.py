"""Findings and gaps of single objectives, with their figures."""

from __future__ import annotations

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.findings import Rule
from cutover_gates.probes.load import rules
from cutover_gates.probes.load.model import LoadSummary, ObjectiveResult

MAX_SHOWN_FAILURES = 3
_RULES = {"errors": rules.ERROR_RATE, "ratio": rules.BASELINE_RATIO}
_STATISTIC_NAMES = {"errors": "error rate", "ratio": "median"}


def objective_rule(objective: ObjectiveResult) -> Rule:
    """Return the rule that an objective is about."""
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
    if objective.statistic == "errors":
        return f"{value * 100:.3g} %"
    if objective.statistic == "ratio":
        return f"{value:.2f} times the baseline's median"
    return f"{value:.3g} s"


def add_broken_objective(
    builder: AssessmentBuilder, objective: ObjectiveResult, summary: LoadSummary, *, as_gap: bool
) -> None:
    """Add an objective that certainly does not hold.

    `as_gap`: as a gap, where the load itself was not made as planned.
    """
    rule, subject = objective_rule(objective), objective_subject(objective)
    actual = _describe_broken(objective)
    if as_gap:
        builder.add_gap(rule, subject, f"{actual}, but the load was not made as planned")
        return
    if objective.statistic == "errors":
        actual = "\n".join([actual, *_first_failures(objective, summary)])
    builder.add_finding(rule, subject, expected=objective.limit, actual=actual)


def add_open_objective(
    builder: AssessmentBuilder, objective: ObjectiveResult, summary: LoadSummary
) -> None:
    """Add an objective that the run did not decide, with what is missing."""
    verb = "failed" if objective.statistic == "errors" else "were slower"
    missing = "the share is too near to the limit to be decided"
    if objective.missing:
        missing = f"about {objective.missing} more requests are needed"
    builder.add_gap(
        objective_rule(objective),
        objective_subject(objective),
        f"{objective.limit} is not certain: {objective.bad} of {objective.total} requests {verb};"
        f" {missing} (end of the run: {summary.end_reason})",
    )


def _describe_broken(objective: ObjectiveResult) -> str:
    verb = "failed" if objective.statistic == "errors" else "took longer"
    counts = (
        f"{objective.bad} of {objective.total} requests {verb}, at most"
        f" {objective.share * 100:g} % may"
    )
    measured = format_measured(objective)
    return f"{measured} ({counts})" if measured else counts


def _first_failures(objective: ObjectiveResult, summary: LoadSummary) -> list[str]:
    failures: list[str] = []
    for name, texts in summary.failures.items():
        if objective.operation in (name, "all requests"):
            failures += texts
    return failures[:MAX_SHOWN_FAILURES]
