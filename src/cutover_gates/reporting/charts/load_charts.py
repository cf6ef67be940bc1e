"""Charts of response times and errors over time.

They are read from the observations "response times" and "errors" of
`cutover_gates.probes.load.assessments`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from cutover_gates.reporting.charts.operation_charts import parse_objectives

SMALLEST_MS = 0.1
"""A logarithmic axis has no 0."""


class SecondStatistics(NamedTuple):
    """The requests that were due in one second, and their times in ms."""

    at: float
    requests: float
    p50: float | None
    p95: float | None
    errors: float


def chart_latency(facts: Mapping[str, Any]) -> list[ChartSpec]:
    """Return the chart of p50 and p95, requests and errors of each second."""
    seconds = _parse_seconds(facts)
    if "operations" not in facts or len(seconds) < 2:
        return []
    objective = _strictest_objective(facts["operations"])
    requests = ChartSeries("requests", _bar_series(seconds, "requests"), "bars")
    panels = (
        _time_panel(seconds, objective),
        ChartPanel("Requests per second", "requests", (requests,)),
        _error_panel(seconds),
    )
    return [
        ChartSpec(
            "Response times over time, all operations together",
            f"{_describe_times(seconds, objective)} {_describe_errors(seconds)}",
            elapsed_seconds(len(seconds)),
            panels,
            frozenset({"series"}),
        )
    ]


def chart_errors(facts: Mapping[str, Any]) -> list[ChartSpec]:
    """Return the chart of errors in each second, and of their share so far against its limit.

    It is for an observation that has no response times.
    """
    seconds = _parse_seconds(facts)
    if "operations" in facts or len(seconds) < 2:
        return []
    limit = _error_limit(facts)
    finding = _describe_errors(seconds)
    limits: tuple[tuple[str, float], ...] = ()
    if limit:
        finding = f"{finding} The limit is {format_short(limit)} %."
        limits = ((f"limit, {format_short(limit)} %", limit),)
    share = ChartSeries("failed", downsample(_share_so_far(seconds)))
    panels = (_error_panel(seconds), ChartPanel("Failed so far", "% of requests", (share,), limits))
    across = elapsed_seconds(len(seconds))
    return [ChartSpec("Errors over time", finding, across, panels, frozenset({"series"}))]


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
    if seconds is None:
        return None
    return max(1000 * parse_number(seconds), SMALLEST_MS)


def _series_of(seconds: Sequence[SecondStatistics], name: str) -> list[Point]:
    """Return one statistic over time, without the seconds that had no request."""
    values = [(second.at, getattr(second, name)) for second in seconds]
    return [(at, value) for at, value in values if value is not None]


def _bar_series(seconds: Sequence[SecondStatistics], name: str) -> tuple[Point, ...]:
    return (*downsample(_series_of(seconds, name)), (seconds[-1].at + 1, 0.0))


def _time_panel(seconds: Sequence[SecondStatistics], objective: float | None) -> ChartPanel:
    curves = (
        ChartSeries("p95", downsample(_series_of(seconds, "p95"))),
        ChartSeries("p50", downsample(_series_of(seconds, "p50")), "other"),
    )
    limits: tuple[tuple[str, float], ...] = ()
    if objective:
        limits = ((f"strictest p95 objective, {format_short(objective)} ms", objective),)
    return ChartPanel("Response time", "ms", curves, limits, logarithmic=True)


def _error_panel(seconds: Sequence[SecondStatistics]) -> ChartPanel:
    errors = ChartSeries("errors", _bar_series(seconds, "errors"), "bars")
    return ChartPanel("Errors per second", "errors", (errors,))


def _describe_times(seconds: Sequence[SecondStatistics], objective: float | None) -> str:
    p95 = [value for _, value in _series_of(seconds, "p95")]
    p50 = [value for _, value in _series_of(seconds, "p50")]
    text = f"In each second p50 was {format_range(p50)} ms, and p95 {format_range(p95)} ms."
    if not objective:
        return text
    over = sum(value > objective for value in p95)
    return (
        f"{text} p95 was above the strictest objective, {format_short(objective)} ms, in {over} of"
        f" {len(p95)} seconds."
    )


def _describe_errors(seconds: Sequence[SecondStatistics]) -> str:
    errors = sum(second.errors for second in seconds)
    requests = sum(second.requests for second in seconds)
    text = f"{errors:,.0f} of {requests:,.0f} requests failed"
    times = [second.at for second in seconds if second.errors]
    if not times:
        return f"{text}."
    return f"{text}, between second {times[0]:.0f} and {times[-1]:.0f}."


def _share_so_far(seconds: Sequence[SecondStatistics]) -> list[Point]:
    """Return the share of failed requests since the start, in percent, after each second."""
    points, requests, errors = [], 0.0, 0.0
    for second in seconds:
        requests += second.requests
        errors += second.errors
        points.append((second.at, 100 * errors / max(requests, 1)))
    return points


def _error_limit(facts: Mapping[str, Any]) -> float | None:
    """Return the first limit of the share of errors, in percent; None where there is none."""
    claims = [claim for claim in facts.get("claims", ()) if claim["statistic"] == "errors"]
    return 100 * parse_number(claims[0]["share"]) if claims else None


def _strictest_objective(operations: Sequence[Mapping[str, Any]]) -> float | None:
    """Return the lowest p95 objective of all operations, in ms; None where there is none."""
    objectives = [dict(parse_objectives(one)).get("p95") for one in operations]
    return min((ms for ms in objectives if ms is not None), default=None)
