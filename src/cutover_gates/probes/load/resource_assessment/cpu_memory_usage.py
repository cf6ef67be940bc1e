"""Assessment of the target's CPU and memory under load."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import mean

import numpy as np

from cutover_gates.config.resources import ResourceSettings
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder, NotReadable
from cutover_gates.core.statistics.confidence_intervals import slope_interval
from cutover_gates.probes.load.resource_assessment import rules
from cutover_gates.probes.load.resource_assessment.collected_memory import (
    block_figures,
    extract_memory,
    require_collections,
)
from cutover_gates.probes.load.resource_assessment.sample_series import (
    Measurement,
    analyze_counter,
    count_failed_samples,
    extract_points,
    format_series,
    require_enough_samples,
    require_moving_counter,
    require_single_counter,
)
from cutover_gates.probes.load.resource_usage.resource_sample import ResourceSample

USAGE_TITLE = "CPU and memory are normal, and do not grow"
CPU, MEMORY, MEMORY_GROWTH = "CPU", "memory", "memory growth"
MINUTE = 60.0
MIB = 2**20


def assess_resource_usage(
    samples: Sequence[ResourceSample] | None,
    resources: ResourceSettings,
    confidence: float = 0.95,
    start: float | None = None,
) -> Assessment:
    """Judge the samples of the judged part of a run; None where there is no source.

    `start` is where the time of the series begins; by default at the first sample.

    CPU: the average over the whole. Memory: the highest value (one sample is enough: what was used
    was needed), and its growth, by an interval that holds with `confidence`; of a heap, both of its
    levels after collection. What stands still under load, or was measured too rarely, is not
    proven.
    """
    samples = samples or ()
    builder = AssessmentBuilder(
        figures={
            "looks": len(samples),
            "failed_looks": count_failed_samples(samples),
            "limits": {
                "cpu_cores": resources.cpu_cores,
                "memory_bytes": resources.memory_bytes,
                "growth_bytes_per_minute": resources.growth_bytes_per_minute,
            },
            **extract_series(samples, start),
        }
    )
    with builder.check_item(rules.CPU_USAGE, CPU):
        _check_cpu(samples, resources, builder)
    with builder.check_item(rules.MEMORY_USAGE, MEMORY):
        _check_memory_peak(samples, resources, builder)
    with builder.check_item(rules.MEMORY_GROWTH, MEMORY_GROWTH):
        _check_memory_growth(samples, resources, confidence, builder)
    return builder.build(USAGE_TITLE)


def extract_series(
    samples: Sequence[ResourceSample], start: float | None = None
) -> dict[str, list[list[float]]]:
    """Return `cpu_cores` and `memory_bytes` over time, for a report."""
    if not samples:
        return {}
    start = samples[0].at if start is None else start
    return {
        "cpu_cores": format_series(_cpu_cores(samples), start),
        "memory_bytes": format_series(extract_points(samples, "memory"), start, 0),
    }


def _cpu_cores(samples: Sequence[ResourceSample]) -> list[Measurement]:
    """Return the processors in use: as reported, or from one value of the counter to the next."""
    if reported := extract_points(samples, "cpu_cores"):
        return reported
    counter = extract_points(samples, "cpu_seconds")
    return [
        Measurement(point.at, (point.value - before.value) / (point.at - before.at))
        for before, point in pairwise(counter)
        if point.value >= before.value
    ]


def _check_cpu(
    samples: Sequence[ResourceSample], resources: ResourceSettings, builder: AssessmentBuilder
) -> None:
    if any(sample.cpu_cores is not None for sample in samples):
        cores = _mean_reported_cores(samples, resources.failed_share)
    else:
        cores = _cores_from_counter(samples, resources, builder)
    builder.figures["cpu_cores_on_the_average"] = round(cores, 3)
    if cores > resources.cpu_cores:
        builder.add_finding(
            rules.CPU_USAGE,
            CPU,
            expected=f"at most {resources.cpu_cores:g} processors on the average",
            actual=f"{cores:.2f} processors",
        )


def _mean_reported_cores(samples: Sequence[ResourceSample], failed_share: float) -> float:
    """Return the average of what a cluster reports.

    A measurement that reaches back before the first one holds the quiet time before the run.
    """
    require_enough_samples(samples, "cpu_cores", failed_share=failed_share)
    points = extract_points(samples, "cpu_cores")
    over = max(sample.over for sample in samples)
    inside = [point.value for point in points if point.at - over >= points[0].at]
    return mean(inside or [point.value for point in points])


def _cores_from_counter(
    samples: Sequence[ResourceSample], resources: ResourceSettings, builder: AssessmentBuilder
) -> float:
    counter = extract_points(samples, "cpu_seconds")
    change = analyze_counter(counter)
    require_single_counter(change)
    for before, point in change.falls:
        builder.add_finding(
            rules.NO_RESTART,
            resources.cpu,
            expected="a CPU counter that never falls",
            actual=f"{before.value:.1f} s, then {point.value:.1f} s after"
            f" {point.at - counter[0].at:.0f} s of the run",
        )
    require_enough_samples(samples, "cpu_seconds", failed_share=resources.failed_share)
    require_moving_counter(samples)
    return change.increase / (counter[-1].at - counter[0].at)


def _check_memory_peak(
    samples: Sequence[ResourceSample], resources: ResourceSettings, builder: AssessmentBuilder
) -> None:
    levels = extract_memory(samples, resources)
    highest = max((point.value for point in levels), default=0.0)
    # Before the samples are counted: one sample above the limit is enough for a finding.
    if highest > resources.memory_bytes:
        builder.add_finding(
            rules.MEMORY_USAGE,
            MEMORY,
            expected=f"at most {_format_mib(resources.memory_bytes)}",
            actual=_format_mib(highest),
        )
    require_enough_samples(samples, "memory", failed_share=resources.failed_share)
    require_moving_counter(samples)
    require_collections(levels, samples, resources)
    builder.figures["memory_bytes_at_most"] = round(highest)


def _check_memory_growth(
    samples: Sequence[ResourceSample],
    resources: ResourceSettings,
    confidence: float,
    builder: AssessmentBuilder,
) -> None:
    require_enough_samples(samples, "memory", failed_share=resources.failed_share)
    require_moving_counter(samples)
    levels = extract_memory(samples, resources)
    require_collections(levels, samples, resources)
    times, values = np.array(block_figures(levels, resources)).T
    slope, low, high = (MINUTE * bound for bound in slope_interval(times, values, confidence))
    limit = resources.growth_bytes_per_minute
    builder.figures["growth_bytes_per_minute"] = {
        "slope": round(slope),
        "low": _round_finite(low),
        "high": _round_finite(high),
        "confidence": confidence,
    }
    if low > limit:
        builder.add_finding(
            rules.MEMORY_GROWTH,
            MEMORY_GROWTH,
            expected=f"at most {_format_mib(limit)} a minute",
            actual=f"{_format_mib(slope)} a minute (at least {_format_mib(low)} with"
            f" {confidence:.0%} confidence)",
        )
    elif high > limit:
        raise NotReadable(
            f"between {_format_mib(low)} and {_format_mib(high)} a minute, and the limit is"
            f" {_format_mib(limit)}"
        )


def _format_mib(value: float) -> str:
    return f"{value / MIB:.1f} MiB"


def _round_finite(bound: float) -> int | None:
    return round(bound) if abs(bound) != float("inf") else None
