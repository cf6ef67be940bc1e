"""Pictures of response times and errors, from the observations "response times" and "errors" of
`cutover_gates.probes.load.assessments`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log10
from typing import Any, NamedTuple

from cutover_gates.reporting.charts.model import (
    ChartPanel,
    ChartSeries,
    ChartSpec,
    Point,
    downsample,
    elapsed_seconds,
    format_range,
    format_short,
    parse_number,
)
from cutover_gates.util.text import strip_control_characters

BINS_PER_DECADE = 20
"""Of a distribution, as `cutover_gates.probes.load.load_summary` makes it (not imported: it would bring numpy to every
start).
"""
MAX_BINS = 240
SMALLEST_MS = 0.1
MAX_OPERATIONS_PER_CHART = 12
"""Operations that share one figure."""
STATISTICS = ("p50", "p95", "p99")


class SecondStatistics(NamedTuple):
    """What was due in one second; its times in ms."""

    at: float
    requests: float
    p50: float | None
    p95: float | None
    errors: float


def chart_latency(facts: Mapping[str, Any]) -> list[ChartSpec]:
    """p50 and p95, requests and errors of each second."""
    if "operations" not in facts or len(seconds := _parse_seconds(facts)) < 2:
        return []
    p50, p95 = _series_of(seconds, "p50"), _series_of(seconds, "p95")
    objective = _strictest_objective(facts["operations"])
    times = ChartPanel(
        "Response time",
        "ms",
        (ChartSeries("p95", downsample(p95)), ChartSeries("p50", downsample(p50), "other")),
        ((f"strictest p95 objective, {format_short(objective)} ms", objective),)
        if objective
        else (),
        logarithmic=True,
    )
    finding = (
        f"In each second p50 was {format_range(value for _, value in p50)} ms, and p95"
        f" {format_range(value for _, value in p95)} ms. "
    )
    if objective:
        over = sum(value > objective for _, value in p95)
        finding += (
            f"p95 was above the strictest objective, {format_short(objective)} ms, in {over} of {len(p95)}"
            " seconds. "
        )
    panels = (
        times,
        ChartPanel(
            "Requests per second",
            "requests",
            (ChartSeries("requests", _bar_series(seconds, "requests"), "bars"),),
        ),
        _error_panel(seconds),
    )
    return [
        ChartSpec(
            "Response times over time, all operations together",
            finding + _describe_errors(seconds),
            elapsed_seconds(len(seconds)),
            panels,
            frozenset({"series"}),
        )
    ]


def chart_errors(facts: Mapping[str, Any]) -> list[ChartSpec]:
    """Errors of each second, and their share so far against its limit; for an observation that has
    no response times.
    """
    if "operations" in facts or len(seconds := _parse_seconds(facts)) < 2:
        return []
    share, requests, errors = [], 0.0, 0.0
    for second in seconds:
        requests, errors = requests + second.requests, errors + second.errors
        share.append((second.at, 100 * errors / max(requests, 1)))
    most = next(
        (
            100 * parse_number(claim["share"])
            for claim in facts.get("claims", ())
            if claim["statistic"] == "errors"
        ),
        None,
    )
    so_far = ChartPanel(
        "Failed so far",
        "% of requests",
        (ChartSeries("failed", downsample(share)),),
        ((f"limit, {format_short(most)} %", most),) if most else (),
    )
    finding = _describe_errors(seconds) + (f" The limit is {format_short(most)} %." if most else "")
    return [
        ChartSpec(
            "Errors over time",
            finding,
            elapsed_seconds(len(seconds)),
            (_error_panel(seconds), so_far),
            frozenset({"series"}),
        )
    ]


def chart_operation_times(facts: Mapping[str, Any]) -> list[ChartSpec]:
    """How the times of each operation are distributed, beside its objective."""
    operations = [one for one in facts.get("operations", ()) if one.get("distribution")]
    pieces = [
        operations[start : start + MAX_OPERATIONS_PER_CHART]
        for start in range(0, len(operations), MAX_OPERATIONS_PER_CHART)
    ]
    return [
        ChartSpec(
            "Distribution of response times by operation",
            _describe_nearest_objectives(piece),
            "response time, ms (logarithmic)",
            tuple(map(_parse_distribution, piece)),
            frozenset({"operations"}),
            multiples=True,
        )
        for piece in pieces
    ]


def _parse_seconds(facts: Mapping[str, Any]) -> list[SecondStatistics]:
    return [
        SecondStatistics(
            parse_number(at),
            parse_number(requests),
            _to_positive_ms(p50),
            _to_positive_ms(p95),
            parse_number(errors),
        )
        for at, requests, p50, p95, errors in facts.get("series") or ()
    ]


def _to_positive_ms(seconds: Any) -> float | None:
    """For a logarithmic axis, which knows no 0."""
    return None if seconds is None else max(1000 * parse_number(seconds), SMALLEST_MS)


def _series_of(seconds: Sequence[SecondStatistics], name: str) -> list[Point]:
    return [
        (second.at, value) for second in seconds if (value := getattr(second, name)) is not None
    ]


def _bar_series(seconds: Sequence[SecondStatistics], name: str) -> tuple[Point, ...]:
    return (*downsample(_series_of(seconds, name)), (seconds[-1].at + 1, 0.0))


def _error_panel(seconds: Sequence[SecondStatistics]) -> ChartPanel:
    return ChartPanel(
        "Errors per second",
        "errors",
        (ChartSeries("errors", _bar_series(seconds, "errors"), "bars"),),
    )


def _describe_errors(seconds: Sequence[SecondStatistics]) -> str:
    errors, requests = (
        sum(second.errors for second in seconds),
        sum(second.requests for second in seconds),
    )
    when = [second.at for second in seconds if second.errors]
    return f"{errors:,.0f} of {requests:,.0f} requests failed" + (
        f", between second {when[0]:.0f} and {when[-1]:.0f}." if when else "."
    )


def _parse_objectives(operation: Mapping[str, Any]) -> list[tuple[str, float]]:
    """(statistic, ms) of each."""
    told = operation.get("objective") or {}
    return [
        (statistic, 1000 * parse_number(told[statistic]))
        for statistic in STATISTICS
        if told.get(statistic)
    ]


def _strictest_objective(operations: Sequence[Mapping[str, Any]]) -> float | None:
    return min(
        (
            ms
            for one in operations
            for statistic, ms in _parse_objectives(one)
            if statistic == "p95"
        ),
        default=None,
    )


def _parse_distribution(operation: Mapping[str, Any]) -> ChartPanel:
    """Bins without requests are not told, and are drawn as what they are: empty."""
    told = {
        round(log10(parse_number(edge)) * BINS_PER_DECADE): parse_number(count)
        for edge, count in operation["distribution"]
    }
    first, last, whole = min(told), max(told), sum(told.values())
    if last - first > MAX_BINS:
        raise ValueError("too wide to be drawn")
    bars = [
        (1000 * 10 ** ((bin_ - 1) / BINS_PER_DECADE), 100 * told.get(bin_, 0.0) / whole)
        for bin_ in range(first, last + 1)
    ]
    ends = (1000 * 10 ** (last / BINS_PER_DECADE), 0.0)
    return ChartPanel(
        strip_control_characters(str(operation["name"])),
        "% of requests",
        (ChartSeries("requests", (*bars, ends), "bars"),),
        marks=tuple(_parse_objectives(operation)),
    )


def _describe_nearest_objectives(operations: Sequence[Mapping[str, Any]]) -> str:
    """Which percentiles are above their objectives, or how near the nearest one comes."""
    measured = [
        (
            1000 * parse_number(one[statistic][0]) / ms,
            (
                f"{strip_control_characters(str(one['name']))}: {statistic} {format_short(1000 * one[statistic][0])} ms, "
                f"objective {format_short(ms)} ms"
            ),
        )
        for one in operations
        for statistic, ms in _parse_objectives(one)
        if one.get(statistic)
    ]
    above = [words for share, words in measured if share > 1]
    if not measured:
        return "No objective is set for these operations."
    if above:
        return f"Measured above the objective: {'; '.join(above)}."
    return (
        "Every measured percentile is within its objective. The nearest to it is"
        f" {max(measured)[1]}."
    )
