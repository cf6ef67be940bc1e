"""A chart before it is drawn, as plain values, and how these are read from evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

MAX_POINTS = 300
"""Points of a curve. A longer curve keeps the worst of each piece of the time: a figure stays below
some 40 KB."""
MAX_VALUE = 1e15
"""A larger value is malformed, and would make the axis useless."""

Point = tuple[float, float]
SeriesStyle = Literal["main", "other", "limit", "bars"]


@dataclass(frozen=True)
class ChartSeries:
    """Values over the horizontal axis.

    In the style `bars` each value lasts until the next point; the last point only ends the series.
    """

    label: str
    points: tuple[Point, ...]
    style: SeriesStyle = "main"


@dataclass(frozen=True)
class ChartPanel:
    """One pair of axes.

    `limits` are horizontal lines: (label, value). `marks` are objectives, as vertical lines: (p50,
    p95 or p99, value).
    """

    title: str
    unit: str
    curves: tuple[ChartSeries, ...]
    limits: tuple[tuple[str, float], ...] = ()
    marks: tuple[tuple[str, float], ...] = ()
    logarithmic: bool = False


@dataclass(frozen=True)
class ChartSpec:
    """Panels over the same horizontal axis.

    They stand one below the other, or as `multiples` side by side with the same scales. `finding`
    says in words what a reader should see. `facts` names the facts that the chart shows in full.
    """

    caption: str
    finding: str
    across: str
    panels: tuple[ChartPanel, ...]
    facts: frozenset[str]
    multiples: bool = False


def parse_number(value: Any) -> float:
    """Return a number that can be drawn. Raises `ValueError` for any other value."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not isfinite(value) or abs(value) > MAX_VALUE:
        raise ValueError(f"no number to draw: {value!r}")
    return float(value)


def parse_series(facts: Mapping[str, Any], name: str, unit: float = 1.0) -> tuple[Point, ...]:
    """Return the series `name`, `[[seconds, value], …]`, in units of `unit`.

    It is empty with fewer than two different times. Raises `ValueError`, `TypeError`.
    """
    rows = facts.get(name) or ()
    points = sorted((parse_number(at), parse_number(value) / unit) for at, value in rows)
    if not points or points[-1][0] <= points[0][0]:
        return ()
    return downsample(points)


def downsample(points: Iterable[Point]) -> tuple[Point, ...]:
    """Return at most `MAX_POINTS` points: of each piece the one with the highest value."""
    points = tuple(points)
    step = _point_interval(len(points))
    if step == 1:
        return points
    pieces = [points[start : start + step] for start in range(0, len(points), step)]
    return tuple(max(piece, key=lambda point: point[1]) for piece in pieces)


def elapsed_seconds(points: int) -> str:
    """Return the label of the horizontal axis of curves that had so many points."""
    step = _point_interval(points)
    note = f" (each point is the highest of {step})" if step > 1 else ""
    return f"seconds since the start of the run{note}"


def _point_interval(points: int) -> int:
    return max(1, -(-points // MAX_POINTS))


def parse_limit(facts: Mapping[str, Any], name: str) -> float | None:
    """Return a limit of the observation; None where it has none. Raises `ValueError`."""
    value = (facts.get("limits") or {}).get(name)
    return None if value is None else parse_number(value)


def format_range(values: Iterable[float]) -> str:
    """Return '3 to 17', or '3' where all values are equal. Raises `ValueError` for no values."""
    values = list(values)
    low, high = format_short(min(values)), format_short(max(values))
    return low if low == high else f"{low} to {high}"


def format_short(value: float) -> str:
    """Return a number with about three digits: '0.012', '3.4', '17', '1,240'."""
    if value == 0 or abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"
