"""The memory of a target as it is judged: as reported, or as its garbage collector leaves it.

A heap rises until it is collected, so its peaks say how large it may become, and not what is in
use. What stays after each collection is in use, and only that can leak.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean, median

from cutover_gates.config.resources import ResourceSettings
from cutover_gates.core.evidence.assessment import NotReadable
from cutover_gates.probes.load.resource_assessment.sample_series import (
    Measurement,
    MeasurementSeries,
    extract_points,
)
from cutover_gates.probes.load.resource_usage.resource_sample import ResourceSample

BLOCKS = 12
"""Pieces of the time whose figures are compared for growth.

Memory has a memory: samples in close succession are not independent.
"""
LEVELS_OF_A_PIECE = 3
MIN_COLLECTIONS = 6
"""Collections that must be seen: the growth of fewer levels has no bounds, or nearly none.

Of the 720 orders of six values two are monotone, so chance alone makes one in 0.3 % of the runs.
"""


def extract_memory(
    samples: Sequence[ResourceSample], resources: ResourceSettings
) -> list[Measurement]:
    """Return the memory that is judged: each measurement, or the level after each collection."""
    points = extract_points(samples, "memory")
    return find_collected_levels(points) if resources.garbage_collected else points


def find_collected_levels(points: Sequence[Measurement]) -> list[Measurement]:
    """Return the points at which the memory has fallen and does not fall further.

    The first point is none: nobody saw whether it fell to it.
    """
    following = [*(point.value for point in points[2:]), float("inf")]
    triples = zip(points, points[1:], following, strict=False)
    return [point for before, point, after in triples if before.value > point.value <= after]


def require_collections(
    levels: Sequence[Measurement], samples: Sequence[ResourceSample], resources: ResourceSettings
) -> None:
    """Raise `NotReadable` where the memory was collected too rarely to be judged.

    Does nothing where the memory is no collected heap.
    """
    if not resources.garbage_collected or len(levels) >= MIN_COLLECTIONS:
        return
    seconds = samples[-1].at - samples[0].at
    advice = "name a metric of the memory after collection, or set performance.min_seconds higher"
    if levels:
        enough = MIN_COLLECTIONS * seconds / len(levels)
        advice = f"set performance.min_seconds to {enough:.0f}, or name a metric of the memory"
        advice = f"{advice} after collection"
    raise NotReadable(
        f"{resources.memory} was collected {len(levels)} times in {seconds:.0f} s,"
        f" {MIN_COLLECTIONS} times required; {advice}"
    )


def block_figures(series: MeasurementSeries, resources: ResourceSettings) -> list[Measurement]:
    """Return one figure for each piece of the time: the median, of a heap the lowest level.

    A level is seen up to a second late, and has risen meanwhile. The lowest of several has risen
    least, so the pieces of a heap are longer.
    """
    if not resources.garbage_collected:
        return [_median_of(piece) for piece in _cut(series, BLOCKS)]
    count = min(BLOCKS, max(MIN_COLLECTIONS, len(series) // LEVELS_OF_A_PIECE))
    return [min(piece, key=lambda point: point.value) for piece in _cut(series, count)]


def _cut(series: MeasurementSeries, count: int) -> list[list[Measurement]]:
    """Return the points of each of `count` equal pieces of the time that has any."""
    first, length = series[0].at, (series[-1].at - series[0].at) / count
    pieces: dict[int, list[Measurement]] = {}
    for point in series:
        number = min(int((point.at - first) / length), count - 1)
        pieces.setdefault(number, []).append(point)
    return list(pieces.values())


def _median_of(piece: list[Measurement]) -> Measurement:
    return Measurement(mean(point.at for point in piece), median(point.value for point in piece))
