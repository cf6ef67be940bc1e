"""Charts of what the target used: CPU and memory, connection pool and database.

They are read from the observations of `cutover_gates.probes.load.resource_assessment`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cutover_gates.reporting.charts.model import (
    ChartPanel,
    ChartSeries,
    ChartSpec,
    Point,
    elapsed_seconds,
    format_range,
    format_short,
    parse_limit,
    parse_number,
    parse_series,
)

MIB = 2**20
USAGE_FACTS = frozenset({"cpu_cores", "memory_bytes"})
POOL_FACTS = frozenset({"pool_in_use", "pool_max", "pool_waiting", "backends", "lock_wait_seconds"})

Limits = tuple[tuple[str, float], ...]


@dataclass
class _ChartBuilder:
    """A chart that is being made: its panels, and a sentence for each."""

    facts: Mapping[str, Any]
    panels: list[ChartPanel] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)

    def add_panel(
        self,
        title: str,
        unit: str,
        curves: tuple[ChartSeries, ...],
        limits: Limits = (),
        more: str = "",
    ) -> None:
        """Add a panel, and say its range and its limits in words."""
        self.panels.append(ChartPanel(title, unit, curves, limits))
        values = [value for _, value in curves[0].points]
        labels = "".join(f", {label}" for label, _ in limits)
        self.sentences.append(f"{title}: {format_range(values)} {unit}{labels}.{more}")

    def build(self, caption: str, names: frozenset[str]) -> list[ChartSpec]:
        """Return the chart; none where no panel could be made of the facts called `names`."""
        if not self.panels:
            return []
        points = max(len(self.facts.get(name) or ()) for name in names)
        finding = " ".join(self.sentences)
        return [ChartSpec(caption, finding, elapsed_seconds(points), tuple(self.panels), names)]


def chart_usage(facts: Mapping[str, Any]) -> list[ChartSpec]:
    """Return the chart of CPU, memory, and the growth of memory."""
    builder = _ChartBuilder(facts)
    cores = parse_series(facts, "cpu_cores")
    if cores:
        limits = _limit_line(parse_limit(facts, "cpu_cores"), "limit of the average")
        builder.add_panel("CPU", "processors", (ChartSeries("in use", cores),), limits)
    memory = parse_series(facts, "memory_bytes", MIB)
    if memory:
        limit = parse_limit(facts, "memory_bytes")
        limits = _limit_line(limit / MIB if limit else None)
        builder.add_panel("Memory", "MiB", (ChartSeries("in use", memory),), limits)
        builder.add_panel("Memory since the first sample", "MiB", _growth_curves(facts, memory))
    builder.sentences += _describe_slope(facts)
    return builder.build("CPU and memory over time", USAGE_FACTS)


def chart_pool(facts: Mapping[str, Any]) -> list[ChartSpec]:
    """Return the chart of connections in use and waited for, in the pool and in the database."""
    builder = _ChartBuilder(facts)
    if in_use := parse_series(facts, "pool_in_use"):
        curves = (ChartSeries("in use", in_use),)
        limits = _parse_pool_limits(facts)
        builder.add_panel("Pool: connections in use", "connections", curves, limits)
    if waiting := parse_series(facts, "pool_waiting"):
        curves = (ChartSeries("waiting", waiting),)
        more = _describe_waiting(facts, waiting)
        builder.add_panel("Pool: requests that wait", "requests", curves, more=more)
    if backends := parse_series(facts, "backends"):
        curves = (ChartSeries("taken", backends),)
        builder.add_panel("Database: connections taken", "connections", curves)
    if waits := parse_series(facts, "lock_wait_seconds"):
        curves = (ChartSeries("waited", waits),)
        limits = _limit_line(parse_limit(facts, "lock_wait_seconds"))
        builder.add_panel("Database: longest wait for a lock", "seconds", curves, limits)
    return builder.build("Connections over time", POOL_FACTS)


def _limit_line(value: float | None, label: str = "limit") -> Limits:
    if value is None:
        return ()
    return ((f"{label} {format_short(value)}", value),)


def _parse_pool_limits(facts: Mapping[str, Any]) -> Limits:
    """Return the limit of the pool and its size. Where the size changed, the last one counts."""
    sizes, share = parse_series(facts, "pool_max"), parse_limit(facts, "pool_share")
    if not sizes:
        return ()
    size = sizes[-1][1]
    return _limit_line(None if share is None else share * size) + _limit_line(size, "pool size")


def _describe_waiting(facts: Mapping[str, Any], waiting: tuple[Point, ...]) -> str:
    count = sum(value > 0 for _, value in waiting)
    text = f" Requests waited in {count} of {len(waiting)} samples"
    share = parse_limit(facts, "pool_waiting_share")
    if share is None:
        return f"{text}."
    return f"{text}; the limit is {format_short(100 * share)} % of them."


def _growth_curves(facts: Mapping[str, Any], memory: tuple[Point, ...]) -> tuple[ChartSeries, ...]:
    """Return the growth of memory since the first sample, and the growth that is allowed."""
    (first, begun), (last, _) = memory[0], memory[-1]
    growth = ChartSeries("growth", tuple((at, value - begun) for at, value in memory))
    limit = parse_limit(facts, "growth_bytes_per_minute")
    if limit is None:
        return (growth,)
    allowed = limit / MIB
    label = f"limit, {format_short(allowed)} MiB a minute"
    line = ((first, 0.0), (last, allowed * (last - first) / 60))
    return growth, ChartSeries(label, line, "limit")


def _describe_slope(facts: Mapping[str, Any]) -> list[str]:
    growth = facts.get("growth_bytes_per_minute")
    if not isinstance(growth, Mapping):
        return []
    slope, low, high = (_format_mib(growth.get(name)) for name in ("slope", "low", "high"))
    confidence = f"{parse_number(growth['confidence']):.0%}"
    text = (
        f"Memory grew by {slope} MiB a minute (with {confidence} confidence between"
        f" {low or 'any'} and {high or 'any'})"
    )
    limit = parse_limit(facts, "growth_bytes_per_minute")
    if limit is None:
        return [f"{text}."]
    return [f"{text}; the limit is {format_short(limit / MIB)} MiB."]


def _format_mib(value: Any) -> str | None:
    if value is None:
        return None
    return format_short(round(parse_number(value) / MIB, 2))
