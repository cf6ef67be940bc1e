"""Figures over time, made of samples.

The checks that there are enough samples to prove anything stand here too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from cutover_gates.core.evidence.assessment import NotReadable
from cutover_gates.probes.load.resource_usage.resource_sample import (
    RESOURCE_FIGURES,
    ResourceSample,
)

MIN_MEASUREMENTS = 10
"""Different measurements without which nothing is proven.

Fifteen seconds apart, as many scrapes are, these are two and a half minutes.
"""
MIN_FAILURES = 2
"""Samples that may fail however short the run is: the first ones, or one that the end cuts off."""
MAX_GAP_SHARE = 1 / 3
"""Share of the time that may pass without a measurement."""
MAX_STILL_SECONDS = 30.0
"""Seconds for which the CPU counter may stand still, and never more than `MAX_GAP_SHARE` of the
time.

A counter that stands still under load is not the target's.
"""
NO_SOURCE = (
    "no source reports it; set performance.resources.metrics_path or"
    " performance.resources.prometheus"
)


class Measurement(NamedTuple):
    """A measured value, and when it was measured (seconds since the epoch)."""

    at: float
    value: float


MeasurementSeries = Sequence[Measurement]
SeriesPlot = list[list[float]]
"""`[[seconds since the start, value], …]`, rounded, for the evidence."""


def extract_points(samples: Sequence[ResourceSample], figure: str) -> list[Measurement]:
    """Return each measurement of a figure once, in the order of time.

    A source may report one measurement in many samples.
    """
    values: dict[float, float] = {}
    for sample in samples:
        value = sample.get_figure(figure)
        if value is not None:
            values[sample.measurement_time(figure)] = value
    return [Measurement(at, value) for at, value in sorted(values.items())]


def format_series(series: MeasurementSeries, start: float, digits: int = 3) -> SeriesPlot:
    """Return the series as a report draws it."""
    return [[round(point.at - start, 2), round(point.value, digits or None)] for point in series]


# ── is it enough? ──


def require_enough_samples(
    samples: Sequence[ResourceSample], *figures: str, failed_share: float
) -> None:
    """Raise `NotReadable` where one of the figures was reported or measured too rarely.

    At most `failed_share` of the samples may lack it: a source that does not answer when there is
    much to do reports only the quiet moments.
    """
    if not samples:
        raise NotReadable("no sample was taken")
    for figure in figures:
        values = [sample.get_figure(figure) for sample in samples]
        missing = values.count(None)
        if missing > count_allowed_failures(len(values), failed_share):
            reason = _most_common_reason(samples, figure)
            raise NotReadable(f"{describe_failures(missing, len(values), failed_share)}{reason}")
        moments = [point.at for point in extract_points(samples, figure)]
        _require_dense_samples(moments, samples[0].at, samples[-1].at)


def count_failed_samples(samples: Sequence[ResourceSample]) -> int:
    """Return how many samples hold no figure at all."""
    return sum(set(map(sample.get_figure, RESOURCE_FIGURES)) == {None} for sample in samples)


def count_allowed_failures(count: int, failed_share: float) -> int:
    """Return how many of `count` samples may fail."""
    return max(MIN_FAILURES, int(failed_share * count))


def describe_failures(missing: int, count: int, failed_share: float) -> str:
    """Return how many samples failed, as the beginning of a sentence; empty for all of them."""
    if missing == count:
        return ""
    allowed = count_allowed_failures(count, failed_share)
    return f"could not be read in {missing} of {count} samples, at most {allowed} allowed: "


def _most_common_reason(samples: Sequence[ResourceSample], figure: str) -> str:
    reasons = Counter(sample.missing.get(figure, "") for sample in samples)
    del reasons[""]
    return reasons.most_common(1)[0][0] if reasons else NO_SOURCE


def _require_dense_samples(moments: Sequence[float], start: float, end: float) -> None:
    seconds = end - start
    if len(moments) < MIN_MEASUREMENTS:
        advice = ""
        if len(moments) > 1:
            enough = MIN_MEASUREMENTS * seconds / len(moments)
            advice = f"; set performance.min_seconds to {enough:.0f}"
        raise NotReadable(
            f"measured {len(moments)} times in {seconds:.0f} s, {MIN_MEASUREMENTS} times required"
            f"{advice}"
        )
    gap = _longest_gap([start, *moments, end])
    if gap > MAX_GAP_SHARE * seconds:
        raise NotReadable(f"not measured for {gap:.0f} of {seconds:.0f} s")


def require_moving_counter(samples: Sequence[ResourceSample]) -> None:
    """Raise `NotReadable` where the CPU counter stood still for too long.

    What reports it must then be frozen. Does nothing where there is no counter.
    """
    counter = extract_points(samples, "cpu_seconds")
    if len(counter) < 2:
        return
    first, last = counter[0].at, counter[-1].at
    moves = [point.at for before, point in pairwise(counter) if point.value != before.value]
    still = _longest_gap([first, *moves, last])
    if still > min(MAX_STILL_SECONDS, MAX_GAP_SHARE * (last - first)):
        raise NotReadable(
            f"the CPU counter stood still for {still:.0f} of {last - first:.0f} s under load: its"
            " source is frozen"
        )


def _longest_gap(moments: Sequence[float]) -> float:
    return max(later - earlier for earlier, later in pairwise(moments))


# ── counters ──


class CounterChange(NamedTuple):
    """The changes of a counter.

    `falls` holds each pair of points of which the second is lower. `jumps` counts how often the
    counter was back where it had fallen from.
    """

    increase: float
    falls: list[tuple[Measurement, Measurement]]
    jumps: int


def analyze_counter(series: MeasurementSeries) -> CounterChange:
    """Return how a counter changed. A counter that falls started again at 0."""
    increase, jumps, highest, fallen = 0.0, 0, float("-inf"), False
    falls: list[tuple[Measurement, Measurement]] = []
    for before, point in pairwise(series):
        highest = max(highest, before.value)
        if point.value < before.value:
            falls.append((before, point))
            increase, fallen = increase + point.value, True
            continue
        increase += point.value - before.value
        if fallen and point.value >= highest:
            jumps, fallen = jumps + 1, False
    return CounterChange(increase, falls, jumps)


def require_single_counter(counter: CounterChange) -> None:
    """Raise `NotReadable` where a counter falls and rises again more than once.

    Those are several counters, reported in turn.
    """
    if counter.jumps > 1:
        raise NotReadable(
            f"a counter fell and was back again {counter.jumps} times: several processes answer in"
            " turn, each with its own counter; set performance.resources.prometheus or"
            " performance.resources.kubernetes"
        )
