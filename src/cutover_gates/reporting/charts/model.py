"""A picture before it is drawn: plain values.

And how they are read from evidence, which may hold anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

MAX_POINTS = 300
"""Of a curve.

A longer one keeps the worst of each piece of the time, so that a figure stays below some 40 KB.
"""
MAX_VALUE = 1e15

Point = tuple[float, float]
SeriesStyle = Literal["main", "other", "limit", "bars"]


@dataclass(frozen=True)
class ChartSeries:
    """Values over the horizontal axis.

    As `bars`, each lasts until the next point, and the last point only ends it.
    """

    label: str
    points: tuple[Point, ...]
    style: SeriesStyle = "main"


@dataclass(frozen=True)
class ChartPanel:
    """One pair of axes.

    `limits` are lines across it, (label, value); `marks` are objectives, lines from top to bottom:
    (p50, p95 or p99, value).
    """

    title: str
    unit: str
    curves: tuple[ChartSeries, ...]
    limits: tuple[tuple[str, float], ...] = ()
    marks: tuple[tuple[str, float], ...] = ()
    logarithmic: bool = False


@dataclass(frozen=True)
class ChartSpec:
    """Panels over the same horizontal axis, one below the other, or as `multiples` side by side,
    all with the same scales.

    `finding` says in words what a reader should see in it. `facts` names the facts that it shows to
    the full.
    """

    caption: str
    finding: str
    across: str
    panels: tuple[ChartPanel, ...]
    facts: frozenset[str]
    multiples: bool = False


def parse_number(value: Any) -> float:
    """A number that can be drawn. Raises `ValueError`."""
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not isfinite(value)
        or abs(value) > MAX_VALUE
    ):
        raise ValueError(f"no number to draw: {value!r}")
    return float(value)


def parse_series(facts: Mapping[str, Any], name: str, unit: float = 1.0) -> tuple[Point, ...]:
    """The series `name`, `[[seconds, value], …]`, in units of `unit`; empty with fewer than two
    moments. Raises `ValueError`, `TypeError`.
    """
    read = sorted(
        (parse_number(at), parse_number(value) / unit) for at, value in facts.get(name) or ()
    )
    return downsample(read) if read and read[-1][0] > read[0][0] else ()


def downsample(points: Iterable[Point]) -> tuple[Point, ...]:
    """At most `MAX_POINTS`: of each piece the point with the highest value."""
    points = tuple(points)
    step = _point_interval(len(points))
    return (
        points
        if step == 1
        else tuple(
            max(points[start : start + step], key=lambda point: point[1])
            for start in range(0, len(points), step)
        )
    )


def elapsed_seconds(points: int) -> str:
    """The horizontal axis of curves that had so many points."""
    step = _point_interval(points)
    return "seconds since the start of the run" + (
        f" (each point is the highest of {step})" if step > 1 else ""
    )


def _point_interval(points: int) -> int:
    return max(1, -(-points // MAX_POINTS))


def parse_limit(facts: Mapping[str, Any], name: str) -> float | None:
    """A limit that the observation names; None where it names none. Raises `ValueError`."""
    value = (facts.get("limits") or {}).get(name)
    return None if value is None else parse_number(value)


def format_range(values: Iterable[float]) -> str:
    """'3 to 17', or '3' where they are all the same. Raises `ValueError` for no values."""
    values = list(values)
    low, high = format_short(min(values)), format_short(max(values))
    return low if low == high else f"{low} to {high}"


def format_short(value: float) -> str:
    """A figure with about three digits: '0.012', '3.4', '17', '1,240'."""
    if value == 0 or abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"
