"""Charts of how the response times of each operation are distributed, beside its objectives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import log10
from typing import Any

from cutover_gates.core.printable import strip_control_characters
from cutover_gates.reporting.charts.model import (
    ChartPanel,
    ChartSeries,
    ChartSpec,
    format_short,
    parse_number,
)

BINS_PER_DECADE = 20
"""Of a distribution, as `cutover_gates.probes.load.load_summary` makes it.

It is not imported, since that would bring numpy to every start; a test holds both to one number.
"""
MAX_BINS = 240
MAX_OPERATIONS_PER_CHART = 12
"""Operations that share one figure."""
STATISTICS = ("p50", "p95", "p99")


def chart_operation_times(facts: Mapping[str, Any]) -> list[ChartSpec]:
    """Return charts of the distributions, with at most twelve operations each."""
    operations = [one for one in facts.get("operations", ()) if one.get("distribution")]
    starts = range(0, len(operations), MAX_OPERATIONS_PER_CHART)
    pieces = [operations[start : start + MAX_OPERATIONS_PER_CHART] for start in starts]
    return [_chart_piece(piece) for piece in pieces]


def _chart_piece(operations: Sequence[Mapping[str, Any]]) -> ChartSpec:
    return ChartSpec(
        "Distribution of response times by operation",
        _describe_nearest_objectives(operations),
        "response time, ms (logarithmic)",
        tuple(_parse_distribution(operation) for operation in operations),
        frozenset({"operations"}),
        multiples=True,
    )


def parse_objectives(operation: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Return the objectives of an operation: (statistic, ms). Raises `ValueError`."""
    objective = operation.get("objective") or {}
    stated = [statistic for statistic in STATISTICS if objective.get(statistic)]
    return [(statistic, 1000 * parse_number(objective[statistic])) for statistic in stated]


def _parse_distribution(operation: Mapping[str, Any]) -> ChartPanel:
    """Return the bars of a distribution.

    Bins without requests are not in the facts, and are empty.
    """
    counts = {
        round(log10(parse_number(edge)) * BINS_PER_DECADE): parse_number(count)
        for edge, count in operation["distribution"]
    }
    first, last, total = min(counts), max(counts), sum(counts.values())
    if last - first > MAX_BINS:
        raise ValueError("too wide to be drawn")
    bars = [
        (_edge_in_ms(number - 1), 100 * counts.get(number, 0.0) / total)
        for number in range(first, last + 1)
    ]
    return ChartPanel(
        strip_control_characters(str(operation["name"])),
        "% of requests",
        (ChartSeries("requests", (*bars, (_edge_in_ms(last), 0.0)), "bars"),),
        marks=tuple(parse_objectives(operation)),
    )


def _edge_in_ms(number: int) -> float:
    return float(1000 * 10 ** (number / BINS_PER_DECADE))


def _describe_nearest_objectives(operations: Sequence[Mapping[str, Any]]) -> str:
    """Return which percentiles are above their objectives, or which one is nearest to it."""
    measured = [pair for operation in operations for pair in _measured_shares(operation)]
    if not measured:
        return "No objective is set for these operations."
    above = [text for share, text in measured if share > 1]
    if above:
        return f"Measured above the objective: {'; '.join(above)}."
    nearest = max(measured)[1]
    return f"Every measured percentile is within its objective. The nearest is {nearest}."


def _measured_shares(operation: Mapping[str, Any]) -> Iterator[tuple[float, str]]:
    """Return each measured percentile as a share of its objective, with a text that says so."""
    name = strip_control_characters(str(operation["name"]))
    for statistic, objective in parse_objectives(operation):
        if operation.get(statistic):
            ms = 1000 * operation[statistic][0]
            limit = format_short(objective)
            text = f"{name}: {statistic} {format_short(ms)} ms, objective {limit} ms"
            yield parse_number(ms) / objective, text
