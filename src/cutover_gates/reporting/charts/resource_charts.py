"""Pictures of what the target used, from the observations of `cutover_gates.probes.load.resource_assessment`: CPU and
memory, pool and database.
"""

from __future__ import annotations

from collections.abc import Mapping
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


def chart_usage(facts: Mapping[str, Any]) -> list[ChartSpec]:
    """CPU, memory, and how memory grew."""
    cores, memory = parse_series(facts, "cpu_cores"), parse_series(facts, "memory_bytes", MIB)
    panels: list[ChartPanel] = []
    words: list[str] = []
    if cores:
        _add_panel(
            panels,
            words,
            ChartPanel(
                "CPU",
                "processors",
                (ChartSeries("in use", cores),),
                _limit_line(parse_limit(facts, "cpu_cores"), "limit of the average"),
            ),
        )
    if memory:
        most = parse_limit(facts, "memory_bytes")
        _add_panel(
            panels,
            words,
            ChartPanel(
                "Memory",
                "MiB",
                (ChartSeries("in use", memory),),
                _limit_line(most / MIB if most else None),
            ),
        )
        _add_panel(panels, words, _growth_panel(facts, memory))
    return _build_charts(
        "CPU and memory over time",
        panels,
        words + _describe_slope(facts),
        facts,
        {"cpu_cores", "memory_bytes"},
    )


def chart_pool(facts: Mapping[str, Any]) -> list[ChartSpec]:
    """Connections in use and waited for, and what the database saw of it."""
    panels: list[ChartPanel] = []
    words: list[str] = []
    if in_use := parse_series(facts, "pool_in_use"):
        _add_panel(
            panels,
            words,
            ChartPanel(
                "Pool: connections in use",
                "connections",
                (ChartSeries("in use", in_use),),
                _parse_pool_limits(facts),
            ),
        )
    if waiting := parse_series(facts, "pool_waiting"):
        share = parse_limit(facts, "pool_waiting_share")
        _add_panel(
            panels,
            words,
            ChartPanel("Pool: requests that wait", "requests", (ChartSeries("waiting", waiting),)),
            f" Somebody waited in {sum(value > 0 for _, value in waiting)} of {len(waiting)} looks"
            + (
                "." if share is None else f", and in {format_short(100 * share)} % of them one may."
            ),
        )
    if backends := parse_series(facts, "backends"):
        _add_panel(
            panels,
            words,
            ChartPanel(
                "Database: connections taken", "connections", (ChartSeries("taken", backends),)
            ),
        )
    if waits := parse_series(facts, "lock_wait_seconds"):
        most = parse_limit(facts, "lock_wait_seconds")
        _add_panel(
            panels,
            words,
            ChartPanel(
                "Database: longest wait for a lock",
                "seconds",
                (ChartSeries("waited", waits),),
                _limit_line(most),
            ),
        )
    return _build_charts(
        "Connections over time",
        panels,
        words,
        facts,
        {"pool_in_use", "pool_max", "pool_waiting", "backends", "lock_wait_seconds"},
    )


def _build_charts(
    caption: str,
    panels: list[ChartPanel],
    words: list[str],
    facts: Mapping[str, Any],
    shown: set[str],
) -> list[ChartSpec]:
    across = elapsed_seconds(max(len(facts.get(name) or ()) for name in shown))
    return (
        [ChartSpec(caption, " ".join(words), across, tuple(panels), frozenset(shown))]
        if panels
        else []
    )


def _add_panel(
    panels: list[ChartPanel], words: list[str], panel: ChartPanel, more: str = ""
) -> None:
    """The panel, and what it shows in words."""
    values = [value for _, value in panel.curves[0].points]
    panels.append(panel)
    words.append(
        f"{panel.title}: {format_range(values)}"
        f" {panel.unit}{''.join(f', {label}' for label, _ in panel.limits)}.{more}"
    )


def _limit_line(value: float | None, label: str = "limit") -> tuple[tuple[str, float], ...]:
    return () if value is None else ((f"{label} {format_short(value)}", value),)


def _parse_pool_limits(facts: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
    """Of a pool that changed its size the last one is drawn."""
    sizes, share = parse_series(facts, "pool_max"), parse_limit(facts, "pool_share")
    if not sizes:
        return ()
    size = sizes[-1][1]
    return _limit_line(None if share is None else share * size) + _limit_line(size, "pool size")


def _growth_panel(facts: Mapping[str, Any], memory: tuple[Point, ...]) -> ChartPanel:
    begun, (first, last) = memory[0][1], (memory[0][0], memory[-1][0])
    curves = [ChartSeries("growth", tuple((at, value - begun) for at, value in memory))]
    if (allowed := parse_limit(facts, "growth_bytes_per_minute")) is not None:
        allowed /= MIB
        curves.append(
            ChartSeries(
                f"limit, {format_short(allowed)} MiB a minute",
                ((first, 0.0), (last, allowed * (last - first) / 60)),
                "limit",
            )
        )
    return ChartPanel("Memory since the first look", "MiB", tuple(curves))


def _describe_slope(facts: Mapping[str, Any]) -> list[str]:
    told = facts.get("growth_bytes_per_minute")
    if not isinstance(told, Mapping):
        return []
    slope, low, high = (
        None if told.get(name) is None else format_short(round(parse_number(told[name]) / MIB, 2))
        for name in ("slope", "low", "high")
    )
    allowed = parse_limit(facts, "growth_bytes_per_minute")
    sure = f"{parse_number(told['confidence']):.0%} sure: {low or 'any'} to {high or 'any'}"
    return [
        f"Memory grew by {slope} MiB a minute ({sure})"
        + ("." if allowed is None else f", and {format_short(allowed / MIB)} MiB is the limit.")
    ]
