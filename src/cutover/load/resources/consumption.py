"""CPU and memory of the target under load: the item `resource-usage`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import mean, median

from cutover.database.integrity.reading import Seen, Unseen
from cutover.evidence import Examination
from cutover.load.resources.series import (
    Point,
    Points,
    counted,
    enough,
    in_turn,
    moving,
    plot,
    points,
)
from cutover.settings import Resources
from cutover.telemetry import Look

TITLE = "CPU and memory are normal, and do not grow"
BLOCKS = 12
"""Pieces of the time whose medians are held against each other for growth.

Memory remembers: looks in close succession are not independent.
"""
MINUTE = 60.0
MIB = 2**20


def usage(
    looks: Sequence[Look] | None,
    resources: Resources,
    confidence: float = 0.95,
    start: float | None = None,
) -> Examination:
    """Judges the looks of the judged part of a run (None: nobody looked).

    `start`: where the time of the series begins; default: the first look.

    CPU: the average over the whole. Memory: the highest value (one look is enough: what was taken
    was needed), and its growth, by an interval that holds with `confidence`. What stands still
    under load, or was measured too rarely, is not proven.
    """
    looks = looks or ()
    seen = Seen(
        facts={
            "looks": len(looks),
            "limits": {
                "cpu_cores": resources.cpu_cores,
                "memory_bytes": resources.memory_bytes,
                "growth_bytes_per_minute": resources.growth_bytes_per_minute,
            },
        }
    )
    seen.facts |= series_of(looks, start)
    with seen.looking_at("CPU"):
        _cpu(looks, resources, seen)
    with seen.looking_at("Memory"):
        _peak(looks, resources, seen)
    with seen.looking_at("Growth of memory"):
        _growth(looks, resources, confidence, seen)
    return seen.examination(TITLE)


def series_of(looks: Sequence[Look], start: float | None = None) -> dict[str, list[list[float]]]:
    """`cpu_cores` and `memory_bytes` over time, for a report."""
    if not looks:
        return {}
    start = looks[0].at if start is None else start
    return {
        "cpu_cores": plot(_cores(looks), start),
        "memory_bytes": plot(points(looks, "memory"), start, 0),
    }


def _cores(looks: Sequence[Look]) -> list[Point]:
    """Processors in use: as they were told, or from one value of the counter to the next."""
    if told := points(looks, "cpu_cores"):
        return told
    counter = points(looks, "cpu_seconds")
    return [
        Point(point.at, (point.value - before.value) / (point.at - before.at))
        for before, point in pairwise(counter)
        if point.value >= before.value
    ]


def _cpu(looks: Sequence[Look], resources: Resources, seen: Seen) -> None:
    told = any(look.cpu_cores is not None for look in looks)
    cores = _told(looks) if told else _from_counter(looks, resources, seen)
    seen.facts["cpu_cores_on_the_average"] = round(cores, 3)
    if cores > resources.cpu_cores:
        seen.findings.append(
            f"The target used {cores:.2f} processors on the average, and {resources.cpu_cores:g} is"
            " the limit (cpu_cores)."
        )


def _told(looks: Sequence[Look]) -> float:
    """The average of what a cluster told.

    A measurement that reaches back before the first one holds the quiet from before the run.
    """
    enough(looks, "cpu_cores")
    found, over = points(looks, "cpu_cores"), max(look.over for look in looks)
    inside = [point.value for point in found if point.at - over >= found[0].at] or [
        point.value for point in found
    ]
    return mean(inside)


def _from_counter(looks: Sequence[Look], resources: Resources, seen: Seen) -> float:
    counter = points(looks, "cpu_seconds")
    course = counted(counter)
    in_turn(course)
    for before, point in course.falls:
        seen.findings.append(
            f"The CPU counter ({resources.cpu}) fell from {before.value:.1f} to {point.value:.1f} s"
            f" after {point.at - counter[0].at:.0f} s: the target, or a part of it, was restarted"
            " during the run."
        )
    enough(looks, "cpu_seconds")
    moving(looks)
    return course.increase / (counter[-1].at - counter[0].at)


def _peak(looks: Sequence[Look], resources: Resources, seen: Seen) -> None:
    highest = max((point.value for point in points(looks, "memory")), default=0.0)
    if highest > resources.memory_bytes:
        seen.findings.append(
            f"The target's memory rose to {_mib(highest)}, and {_mib(resources.memory_bytes)} is"
            " the limit (memory_bytes)."
        )
    enough(looks, "memory")
    moving(looks)
    seen.facts["memory_bytes_at_most"] = round(highest)


def _growth(looks: Sequence[Look], resources: Resources, confidence: float, seen: Seen) -> None:
    enough(looks, "memory")
    moving(looks)
    import numpy as np  # here, for both take their time to import

    from cutover.load.statistics.intervals import slope_interval

    times, values = np.array(_blocks(points(looks, "memory"))).T
    slope, low, high = (MINUTE * bound for bound in slope_interval(times, values, confidence))
    limit = resources.growth_bytes_per_minute
    seen.facts["growth_bytes_per_minute"] = {
        "slope": round(slope),
        "low": _finite(low),
        "high": _finite(high),
        "confidence": confidence,
    }
    if low > limit:
        seen.findings.append(
            f"The target's memory grew by {_mib(slope)} a minute under steady load"
            f" ({confidence:.0%} sure: {_mib(low)} at least), and {_mib(limit)} is the limit"
            " (growth_bytes_per_minute)."
        )
    elif high > limit:
        raise Unseen(
            f"anything from {_mib(low)} to {_mib(high)} a minute, and {_mib(limit)} is the limit"
            " (growth_bytes_per_minute); a longer run (performance.min_seconds) tells more"
        )


def _mib(value: float) -> str:
    return f"{value / MIB:.1f} MiB"


def _finite(bound: float) -> int | None:
    return round(bound) if abs(bound) != float("inf") else None


def _blocks(series: Points) -> list[Point]:
    """The median of each piece of the time."""
    first, length = series[0].at, (series[-1].at - series[0].at) / BLOCKS
    pieces: dict[int, list[Point]] = {}
    for point in series:
        pieces.setdefault(min(int((point.at - first) / length), BLOCKS - 1), []).append(point)
    return [
        Point(mean(point.at for point in piece), median(point.value for point in piece))
        for piece in pieces.values()
    ]
