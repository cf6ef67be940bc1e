"""Checks that the load was made as planned; where it was not, it proves nothing of the target."""

from __future__ import annotations

from cutover_gates.config.performance import Performance
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.findings import Finding
from cutover_gates.probes.load import rules
from cutover_gates.probes.load.model import LoadSummary

MIN_ON_TIME_SHARE = 0.95
MIN_JOURNEY_SHARE = 0.95
MAX_CPU_SHARE = 0.9


def find_load_gaps(summary: LoadSummary, performance: Performance) -> list[Finding]:
    """Return why the load itself proves nothing; empty where it was made as planned."""
    builder = AssessmentBuilder()
    for problem in summary.problems:
        builder.add_gap(rules.LOG_COMPLETE, "load processes", problem)
    if not summary.requests:
        builder.add_gap(rules.REQUESTS_JUDGED, "all requests", summary.end_reason)
        return builder.not_proven
    generator = summary.generator
    if generator.in_time < MIN_ON_TIME_SHARE:
        builder.add_gap(
            rules.SENT_ON_TIME,
            "load generator",
            f"{generator.in_time * 100:.1f} % of the requests were sent on schedule,"
            f" {MIN_ON_TIME_SHARE * 100:g} % required",
        )
    _check_journeys(summary, performance, builder)
    if generator.busiest > MAX_CPU_SHARE:
        builder.add_gap(
            rules.GENERATOR_CPU,
            "load generator",
            f"a load process used {generator.busiest * 100:.0f} % of a processor, at most"
            f" {MAX_CPU_SHARE * 100:g} % allowed",
        )
    return builder.not_proven


def _check_journeys(
    summary: LoadSummary, performance: Performance, builder: AssessmentBuilder
) -> None:
    """Compare the journeys that were started with the plan.

    The count includes the ramp, in which half of the rate is reached on the average. Journeys come
    at random, so three standard deviations of a Poisson count are allowed below the limit.
    """
    expected, seconds = summary.generator.expected_journeys, summary.judged_seconds
    whole = max(seconds + performance.ramp_seconds / 2, 0.001)
    started = sum(summary.journeys.values()) * seconds / whole
    if started < MIN_JOURNEY_SHARE * expected - 3 * expected**0.5:
        builder.add_gap(
            rules.JOURNEYS_STARTED,
            "load generator",
            f"{started:.0f} journeys were started, {expected:.0f} planned",
        )
