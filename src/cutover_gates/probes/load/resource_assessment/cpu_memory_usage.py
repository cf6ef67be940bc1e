"""CPU and memory of the target under load: the item `resource-usage`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import mean, median

from cutover_gates.config.performance import ResourceSettings
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder, NotReadable
from cutover_gates.probes.load.resource_assessment.sample_series import (
    Measurement,
    MeasurementSeries,
    analyze_counter,
    extract_points,
    format_series,
    require_enough_samples,
    require_moving_counter,
    require_single_counter,
)
from cutover_gates.util.resource_sample import ResourceSample

USAGE_TITLE = "CPU and memory are normal, and do not grow"
BLOCKS = 12
"""Pieces of the time whose medians are held against each other for growth.

Memory remembers: looks in close succession are not independent.
"""
MINUTE = 60.0
MIB = 2**20


def assess_resource_usage(
    looks: Sequence[ResourceSample] | None,
    resources: ResourceSettings,
    confidence: float = 0.95,
    start: float | None = None,
) -> Assessment:
    """Judges the looks of the judged part of a run (None: nobody looked).

    `start`: where the time of the series begins; default: the first look.

    CPU: the average over the whole. Memory: the highest value (one look is enough: what was taken
    was needed), and its growth, by an interval that holds with `confidence`. What stands still
    under load, or was measured too rarely, is not proven.
    """
    looks = looks or ()
    seen = AssessmentBuilder(
        figures={
            "looks": len(looks),
            "limits": {
                "cpu_cores": resources.cpu_cores,
                "memory_bytes": resources.memory_bytes,
                "growth_bytes_per_minute": resources.growth_bytes_per_minute,
            },
        }
    )
    seen.figures |= extract_series(looks, start)
    with seen.check_item("CPU"):
        _check_cpu(looks, resources, seen)
    with seen.check_item("Memory"):
        _check_memory_peak(looks, resources, seen)
    with seen.check_item("Growth of memory"):
        _check_memory_growth(looks, resources, confidence, seen)
    return seen.build(USAGE_TITLE)


def extract_series(
    looks: Sequence[ResourceSample], start: float | None = None
) -> dict[str, list[list[float]]]:
    """`cpu_cores` and `memory_bytes` over time, for a report."""
    if not looks:
        return {}
    start = looks[0].at if start is None else start
    return {
        "cpu_cores": format_series(_cpu_cores(looks), start),
        "memory_bytes": format_series(extract_points(looks, "memory"), start, 0),
    }


def _cpu_cores(looks: Sequence[ResourceSample]) -> list[Measurement]:
    """Processors in use: as they were told, or from one value of the counter to the next."""
    if told := extract_points(looks, "cpu_cores"):
        return told
    counter = extract_points(looks, "cpu_seconds")
    return [
        Measurement(point.at, (point.value - before.value) / (point.at - before.at))
        for before, point in pairwise(counter)
        if point.value >= before.value
    ]


def _check_cpu(
    looks: Sequence[ResourceSample], resources: ResourceSettings, seen: AssessmentBuilder
) -> None:
    told = any(look.cpu_cores is not None for look in looks)
    cores = _mean_reported_cores(looks) if told else _cores_from_counter(looks, resources, seen)
    seen.figures["cpu_cores_on_the_average"] = round(cores, 3)
    if cores > resources.cpu_cores:
        seen.findings.append(
            f"The target used {cores:.2f} processors on the average, and {resources.cpu_cores:g} is"
            " the limit (cpu_cores)."
        )


def _mean_reported_cores(looks: Sequence[ResourceSample]) -> float:
    """The average of what a cluster told.

    A measurement that reaches back before the first one holds the quiet from before the run.
    """
    require_enough_samples(looks, "cpu_cores")
    found, over = extract_points(looks, "cpu_cores"), max(look.over for look in looks)
    inside = [point.value for point in found if point.at - over >= found[0].at] or [
        point.value for point in found
    ]
    return mean(inside)


def _cores_from_counter(
    looks: Sequence[ResourceSample], resources: ResourceSettings, seen: AssessmentBuilder
) -> float:
    counter = extract_points(looks, "cpu_seconds")
    course = analyze_counter(counter)
    require_single_counter(course)
    for before, point in course.falls:
        seen.findings.append(
            f"The CPU counter ({resources.cpu}) fell from {before.value:.1f} to {point.value:.1f} s"
            f" after {point.at - counter[0].at:.0f} s: the target, or a part of it, was restarted"
            " during the run."
        )
    require_enough_samples(looks, "cpu_seconds")
    require_moving_counter(looks)
    return course.increase / (counter[-1].at - counter[0].at)


def _check_memory_peak(
    looks: Sequence[ResourceSample], resources: ResourceSettings, seen: AssessmentBuilder
) -> None:
    highest = max((point.value for point in extract_points(looks, "memory")), default=0.0)
    if highest > resources.memory_bytes:
        seen.findings.append(
            f"The target's memory rose to {_format_mib(highest)}, and {_format_mib(resources.memory_bytes)} is"
            " the limit (memory_bytes)."
        )
    require_enough_samples(looks, "memory")
    require_moving_counter(looks)
    seen.figures["memory_bytes_at_most"] = round(highest)


def _check_memory_growth(
    looks: Sequence[ResourceSample],
    resources: ResourceSettings,
    confidence: float,
    seen: AssessmentBuilder,
) -> None:
    require_enough_samples(looks, "memory")
    require_moving_counter(looks)
    import numpy as np  # here, for both take their time to import

    from cutover_gates.core.statistics.confidence_intervals import slope_interval

    times, values = np.array(_block_medians(extract_points(looks, "memory"))).T
    slope, low, high = (MINUTE * bound for bound in slope_interval(times, values, confidence))
    limit = resources.growth_bytes_per_minute
    seen.figures["growth_bytes_per_minute"] = {
        "slope": round(slope),
        "low": _round_finite(low),
        "high": _round_finite(high),
        "confidence": confidence,
    }
    if low > limit:
        seen.findings.append(
            f"The target's memory grew by {_format_mib(slope)} a minute under steady load"
            f" ({confidence:.0%} sure: {_format_mib(low)} at least), and {_format_mib(limit)} is the limit"
            " (growth_bytes_per_minute)."
        )
    elif high > limit:
        raise NotReadable(
            f"anything from {_format_mib(low)} to {_format_mib(high)} a minute, and {_format_mib(limit)} is the limit"
            " (growth_bytes_per_minute); a longer run (performance.min_seconds) tells more"
        )


def _format_mib(value: float) -> str:
    return f"{value / MIB:.1f} MiB"


def _round_finite(bound: float) -> int | None:
    return round(bound) if abs(bound) != float("inf") else None


def _block_medians(series: MeasurementSeries) -> list[Measurement]:
    """The median of each piece of the time."""
    first, length = series[0].at, (series[-1].at - series[0].at) / BLOCKS
    pieces: dict[int, list[Measurement]] = {}
    for point in series:
        pieces.setdefault(min(int((point.at - first) / length), BLOCKS - 1), []).append(point)
    return [
        Measurement(mean(point.at for point in piece), median(point.value for point in piece))
        for piece in pieces.values()
    ]
