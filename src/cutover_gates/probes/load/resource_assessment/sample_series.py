"""A figure over time, made of looks; and when there is too little of it to prove anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from cutover_gates.core.evidence.assessment import NotReadable
from cutover_gates.util.resource_sample import ResourceSample

MIN_MEASUREMENTS = 10
"""Different measurements without which nothing is proven.

Fifteen seconds apart, as many scrapes are, these are two and a half minutes.
"""
MIN_SAMPLE_SHARE = 0.8
"""Share of the looks that must have told a figure: who does not answer when there is much to do
tells of the quiet moments only.
"""
MAX_GAP_SHARE = 1 / 3
"""Share of the time that may pass without a measurement."""
MAX_STILL_SECONDS = 30.0
"""That the CPU counter may stand still, and never for more than `MAX_GAP_SHARE` of the time: one that
stands still under load is not the target's.
"""
NO_SOURCE = (
    "nobody tells it; set performance.resources.metrics_path or performance.resources.prometheus"
)


class Measurement(NamedTuple):
    """A measurement: when, in seconds since the epoch, and what."""

    at: float
    value: float


MeasurementSeries = Sequence[Measurement]
SeriesPlot = list[list[float]]
"""`[[seconds since the start, value], …]`, rounded, for the evidence."""


def extract_points(looks: Sequence[ResourceSample], figure: str) -> list[Measurement]:
    """Each measurement once, however often it was looked at, in the order of time."""
    told = [(look.measurement_time(figure), look.get_figure(figure)) for look in looks]
    return [
        Measurement(*one)
        for one in sorted({at: value for at, value in told if value is not None}.items())
    ]


def format_series(series: MeasurementSeries, start: float, digits: int = 3) -> SeriesPlot:
    """As a report draws it."""
    return [[round(point.at - start, 2), round(point.value, digits or None)] for point in series]


# ── is it enough? ──


def require_enough_samples(looks: Sequence[ResourceSample], *figures: str) -> None:
    """Raises `Unseen` where one of the figures was told in too few looks, was measured too few
    times, or not at all for too long.
    """
    if not looks:
        raise NotReadable("there was no look")
    for figure in figures:
        told = sum(look.get_figure(figure) is not None for look in looks)
        if told < MIN_SAMPLE_SHARE * len(looks):
            whys = Counter(why for look in looks if (why := look.missing.get(figure)))
            seldom = f"told in {told} of {len(looks)} looks only: " if told else ""
            raise NotReadable(seldom + (whys.most_common(1)[0][0] if whys else NO_SOURCE))
        _require_dense_samples(
            [point.at for point in extract_points(looks, figure)], looks[0].at, looks[-1].at
        )


def _require_dense_samples(moments: list[float], begins: float, ends: float) -> None:
    whole = ends - begins
    if len(moments) < MIN_MEASUREMENTS:
        at_this_pace = (
            f"; at this pace performance.min_seconds = {MIN_MEASUREMENTS * whole / len(moments):.0f} would do"
            if len(moments) > 1
            else ""
        )
        raise NotReadable(
            f"measured {len(moments)} times in {whole:.0f} s, and {MIN_MEASUREMENTS} times are"
            f" needed{at_this_pace}"
        )
    if (gap := _longest_gap([begins, *moments, ends])) > MAX_GAP_SHARE * whole:
        raise NotReadable(f"not measured for {gap:.0f} of {whole:.0f} s")


def require_moving_counter(looks: Sequence[ResourceSample]) -> None:
    """Raises `Unseen` where the CPU counter stood still for so long that what tells it must be
    frozen. Says nothing where there is no counter.
    """
    counter = extract_points(looks, "cpu_seconds")
    if len(counter) < 2:
        return
    first, last = counter[0].at, counter[-1].at
    still = _longest_gap(
        [
            first,
            *(point.at for before, point in pairwise(counter) if point.value != before.value),
            last,
        ]
    )
    if still > min(MAX_STILL_SECONDS, MAX_GAP_SHARE * (last - first)):
        raise NotReadable(
            f"the CPU counter stood still for {still:.0f} of {last - first:.0f} s under load: what"
            " tells it is frozen"
        )


def _longest_gap(moments: list[float]) -> float:
    return max(later - earlier for earlier, later in pairwise(moments))


# ── counters ──


class CounterChange(NamedTuple):
    """How a counter went on.

    `falls`: each pair of points of which the second is lower; `jumps`: how often it was back where
    it had fallen from.
    """

    increase: float
    falls: list[tuple[Measurement, Measurement]]
    jumps: int


def analyze_counter(series: MeasurementSeries) -> CounterChange:
    """A counter that falls began anew at 0."""
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
    """Raises `Unseen` where a counter goes down and up again, more than once: those are several
    counters, seen in turn.
    """
    if counter.jumps > 1:
        raise NotReadable(
            f"a counter fell and was back again {counter.jumps} times: several processes answer in"
            " turn, and each tells only of itself; set performance.resources.prometheus or"
            " performance.resources.kubernetes"
        )
