"""A heap that a collector empties: its level after each collection is judged, and not its peaks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cutover_gates.config.resources import ResourceSettings
from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.load.resource_assessment import rules
from cutover_gates.probes.load.resource_assessment.collected_memory import (
    MIN_COLLECTIONS,
    find_collected_levels,
)
from cutover_gates.probes.load.resource_assessment.cpu_memory_usage import assess_resource_usage
from cutover_gates.probes.load.resource_assessment.sample_series import Measurement
from cutover_gates.probes.load.resource_usage.resource_sample import ResourceSample
from tests.findings import list_breaches, list_gaps

MIB = 2**20
HEAP = ResourceSettings(memory="jvm_memory_used_bytes", garbage_collected=True)


def heap(level: Callable[[int], float], period: int = 7, count: int = 120) -> list[ResourceSample]:
    """Samples of a heap that rises by 60 MiB a second and falls to `level` every `period` s."""
    return [
        ResourceSample(
            1e6 + second,
            cpu_seconds=0.3 * second,
            memory=(level(second) + 60 * (second % period)) * MIB,
        )
        for second in range(count)
    ]


def test_a_sawtooth_is_no_growth() -> None:
    assert_passed(assess_resource_usage(heap(lambda _: 200), HEAP))


def test_what_stays_after_each_collection_and_grows_is_a_leak() -> None:
    """One MiB a second, and sixty a minute."""
    assessment = assess_resource_usage(heap(lambda second: 200 + second), HEAP)
    assert list_breaches(assessment) == [(rules.MEMORY_GROWTH, "memory growth")]


def test_a_sawtooth_that_is_judged_as_it_is_looks_like_growth() -> None:
    """That is why a heap is declared as one: between two collections it does grow."""
    plain = HEAP.model_copy(update={"garbage_collected": False})
    assessment = assess_resource_usage(heap(lambda _: 200, period=110), plain)
    assert (rules.MEMORY_GROWTH, "memory growth") in list_breaches(assessment)


def test_the_peak_of_a_heap_is_no_use_of_memory_and_its_level_is() -> None:
    limit = HEAP.model_copy(update={"memory_bytes": 400.0 * MIB})
    assert_passed(assess_resource_usage(heap(lambda _: 200), limit))
    assessment = assess_resource_usage(heap(lambda _: 450), limit)
    assert list_breaches(assessment) == [(rules.MEMORY_USAGE, "memory")]


@pytest.mark.parametrize(("period", "says"), [(1000, "0 times"), (25, "4 times")])
def test_a_heap_that_is_seldom_collected_is_not_proven(period: int, says: str) -> None:
    """It rises all the time, and nobody knows what stays."""
    assessment = assess_resource_usage(heap(lambda _: 200, period=period), HEAP)
    assert list_gaps(assessment) == [
        (rules.MEMORY_USAGE, "memory"),
        (rules.MEMORY_GROWTH, "memory growth"),
    ]
    assert all(says in gap.actual for gap in assessment.not_proven)
    assert not assessment.findings


def test_levels_are_where_the_memory_has_fallen_and_falls_no_further() -> None:
    values = [5, 9, 4, 3, 3, 8, 2]
    points = [Measurement(float(at), float(value)) for at, value in enumerate(values)]
    assert find_collected_levels(points) == [points[3], points[6]]
    assert find_collected_levels(points[:1]) == []
    assert MIN_COLLECTIONS > 4, "of four values chance alone makes a trend"
