"""Counters between two scrapes, and baselines that can be compared."""

from __future__ import annotations

import pytest

from cutover_gates.core.triggers.comparable_readings import (
    ResponseBaseline,
    find_edge,
    find_incomparable,
)
from cutover_gates.core.triggers.counter_increments import (
    CounterReader,
    ScrapedPage,
    is_clock_off,
)
from cutover_gates.core.triggers.trigger_names import SignalSource

PROBES, PROMETHEUS = SignalSource.PROBES, SignalSource.PROMETHEUS


def _read(*pages: ScrapedPage) -> CounterReader:
    reader = CounterReader()
    for page in pages:
        reader.read(page)
    return reader


def test_the_first_scrape_counts_nothing() -> None:
    assert CounterReader().read(ScrapedPage(0, {"a": 5}, 0)).by_series is None


def test_a_counter_that_fell_began_anew() -> None:
    found = _read(ScrapedPage(0, {"a": 100}, -9)).read(ScrapedPage(5, {"a": 7}, -9))
    assert (found.by_series, found.resets, found.restarted) == ({"a": 7}, ("a",), False)


def test_a_restarted_process_counts_from_its_start() -> None:
    """Also where its counter has passed the last value meanwhile, which hides the reset."""
    found = _read(ScrapedPage(0, {"a": 100}, -9)).read(ScrapedPage(5, {"a": 130, "b": 2}, 1))
    assert found.by_series == {"a": 130, "b": 2}
    assert found.restarted


def test_a_new_series_of_an_old_process_counts_from_its_second_value() -> None:
    reader = _read(ScrapedPage(0, {"a": 100}, -9))
    assert reader.read(ScrapedPage(5, {"a": 101, "b": 50}, -9)).by_series == {"a": 1, "b": 0}
    assert reader.read(ScrapedPage(10, {"a": 102, "b": 60}, -9)).by_series == {"a": 1, "b": 10}


def test_a_missing_scrape_is_counted_with_the_next() -> None:
    found = _read(ScrapedPage(0, {"a": 100}, -9)).read(ScrapedPage(10, {"a": 120}, -9))
    assert (found.by_series, found.seconds) == ({"a": 20}, 10)


def test_a_series_that_is_away_for_one_scrape_is_remembered() -> None:
    reader = _read(ScrapedPage(0, {"a": 1, "b": 5}, -9), ScrapedPage(5, {"a": 2}, -9))
    assert reader.read(ScrapedPage(10, {"a": 3, "b": 6}, -9)).by_series == {"a": 1, "b": 1}


def test_a_page_that_is_not_newer_counts_nothing() -> None:
    assert _read(ScrapedPage(5, {"a": 1})).read(ScrapedPage(5, {"a": 9})).by_series is None


@pytest.mark.parametrize(("source", "off"), [(100, False), (105, False), (106, True), (90, True)])
def test_a_clock_may_be_off_by_one_scrape(source: float, off: bool) -> None:
    assert is_clock_off(source, 100, 5) is off


@pytest.mark.parametrize(
    ("edges", "edge"),
    [
        ((0.1, 0.2, 0.5), 0.2),
        ((0.1, 0.21, 0.5), 0.21),
        ((0.19, 0.21), 0.21),
        ((0.18, 0.5), 0.18),
        ((0.1, 0.25), None),
        ((1.0,), None),
        ((), None),
    ],
)
def test_an_edge_is_near_the_limit(edges: tuple[float, ...], edge: float | None) -> None:
    assert find_edge(edges, 0.2) == edge


@pytest.mark.parametrize(
    ("source", "load", "comparable"),
    [
        (PROMETHEUS, 5, True),
        (PROMETHEUS, 10, True),
        (PROMETHEUS, 40, False),
        (PROMETHEUS, 0.1, True),
        (PROMETHEUS, None, True),
        (PROBES, 5, False),
    ],
)
def test_a_baseline_is_of_the_same_source_and_no_lower_load(
    source: SignalSource, load: float | None, comparable: bool
) -> None:
    baseline = ResponseBaseline("search", PROMETHEUS, 0.1, per_second=5)
    assert (find_incomparable(baseline, source, load) is None) is comparable


def test_without_a_baseline_nothing_is_compared() -> None:
    assert find_incomparable(None, PROBES, 5)
