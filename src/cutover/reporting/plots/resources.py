"""Pictures of what the target used, from the observations of `cutover.load.resources`: CPU and
memory, pool and database.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cutover.reporting.plots.picture import (
    Curve,
    Panel,
    Picture,
    Point,
    curve,
    limit,
    number,
    seconds_of,
    short,
    spread,
)

MIB = 2**20


def usage(facts: Mapping[str, Any]) -> list[Picture]:
    """CPU, memory, and how memory grew."""
    cores, memory = curve(facts, "cpu_cores"), curve(facts, "memory_bytes", MIB)
    panels: list[Panel] = []
    words: list[str] = []
    if cores:
        _add(
            panels,
            words,
            Panel(
                "CPU",
                "processors",
                (Curve("in use", cores),),
                _limit(limit(facts, "cpu_cores"), "limit of the average"),
            ),
        )
    if memory:
        most = limit(facts, "memory_bytes")
        _add(
            panels,
            words,
            Panel(
                "Memory", "MiB", (Curve("in use", memory),), _limit(most / MIB if most else None)
            ),
        )
        _add(panels, words, _growth(facts, memory))
    return _pictures(
        "CPU and memory over time",
        panels,
        words + _slope(facts),
        facts,
        {"cpu_cores", "memory_bytes"},
    )


def pool(facts: Mapping[str, Any]) -> list[Picture]:
    """Connections in use and waited for, and what the database saw of it."""
    panels: list[Panel] = []
    words: list[str] = []
    if in_use := curve(facts, "pool_in_use"):
        _add(
            panels,
            words,
            Panel(
                "Pool: connections in use",
                "connections",
                (Curve("in use", in_use),),
                _pool_limits(facts),
            ),
        )
    if waiting := curve(facts, "pool_waiting"):
        share = limit(facts, "pool_waiting_share")
        _add(
            panels,
            words,
            Panel("Pool: requests that wait", "requests", (Curve("waiting", waiting),)),
            f" Somebody waited in {sum(value > 0 for _, value in waiting)} of {len(waiting)} looks"
            + ("." if share is None else f", and in {short(100 * share)} % of them one may."),
        )
    if backends := curve(facts, "backends"):
        _add(
            panels,
            words,
            Panel("Database: connections taken", "connections", (Curve("taken", backends),)),
        )
    if waits := curve(facts, "lock_wait_seconds"):
        most = limit(facts, "lock_wait_seconds")
        _add(
            panels,
            words,
            Panel(
                "Database: longest wait for a lock",
                "seconds",
                (Curve("waited", waits),),
                _limit(most),
            ),
        )
    return _pictures(
        "Connections over time",
        panels,
        words,
        facts,
        {"pool_in_use", "pool_max", "pool_waiting", "backends", "lock_wait_seconds"},
    )


def _pictures(
    caption: str, panels: list[Panel], words: list[str], facts: Mapping[str, Any], shown: set[str]
) -> list[Picture]:
    across = seconds_of(max(len(facts.get(name) or ()) for name in shown))
    return (
        [Picture(caption, " ".join(words), across, tuple(panels), frozenset(shown))]
        if panels
        else []
    )


def _add(panels: list[Panel], words: list[str], panel: Panel, more: str = "") -> None:
    """The panel, and what it shows in words."""
    values = [value for _, value in panel.curves[0].points]
    panels.append(panel)
    words.append(
        f"{panel.title}: {spread(values)}"
        f" {panel.unit}{''.join(f', {label}' for label, _ in panel.limits)}.{more}"
    )


def _limit(value: float | None, label: str = "limit") -> tuple[tuple[str, float], ...]:
    return () if value is None else ((f"{label} {short(value)}", value),)


def _pool_limits(facts: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
    """Of a pool that changed its size the last one is drawn."""
    sizes, share = curve(facts, "pool_max"), limit(facts, "pool_share")
    if not sizes:
        return ()
    size = sizes[-1][1]
    return _limit(None if share is None else share * size) + _limit(size, "pool size")


def _growth(facts: Mapping[str, Any], memory: tuple[Point, ...]) -> Panel:
    begun, (first, last) = memory[0][1], (memory[0][0], memory[-1][0])
    curves = [Curve("growth", tuple((at, value - begun) for at, value in memory))]
    if (allowed := limit(facts, "growth_bytes_per_minute")) is not None:
        allowed /= MIB
        curves.append(
            Curve(
                f"limit, {short(allowed)} MiB a minute",
                ((first, 0.0), (last, allowed * (last - first) / 60)),
                "limit",
            )
        )
    return Panel("Memory since the first look", "MiB", tuple(curves))


def _slope(facts: Mapping[str, Any]) -> list[str]:
    told = facts.get("growth_bytes_per_minute")
    if not isinstance(told, Mapping):
        return []
    slope, low, high = (
        None if told.get(name) is None else short(round(number(told[name]) / MIB, 2))
        for name in ("slope", "low", "high")
    )
    allowed = limit(facts, "growth_bytes_per_minute")
    sure = f"{number(told['confidence']):.0%} sure: {low or 'any'} to {high or 'any'}"
    return [
        f"Memory grew by {slope} MiB a minute ({sure})"
        + ("." if allowed is None else f", and {short(allowed / MIB)} MiB is the limit.")
    ]
