"""The requests of a night from raw samples: restarts, series that are born, stored pages, gaps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cutover_gates.config.monitoring import Monitoring
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.triggers.instance_reader import InstancePage
from cutover_gates.probes.observability.metric_pages import (
    CountedKind,
    CounterMeaning,
    MetricPages,
    ScrapedInstance,
)
from cutover_gates.probes.observability.metrics.night_counts import NightCounts, count_night
from cutover_gates.probes.observability.metrics.night_traffic import NightTraffic
from cutover_gates.probes.observability.observability_context import ObservabilityContext

MEANINGS = {
    "good": CounterMeaning(CountedKind.REQUESTS),
    "bad": CounterMeaning(CountedKind.REQUESTS, failed=True),
    "other": CounterMeaning(CountedKind.TIMEOUTS),
}
BEGINS, ENDS, EVERY = 1_000.0, 1_600.0, 15.0


def page(at: float, started: float | None = 0.0, **counters: float) -> InstancePage:
    return InstancePage(at, counters, {}, "2.0.0", started, heartbeat=at)


def count(*pages: InstancePage) -> NightCounts:
    """Count what one instance shows."""
    instance = ScrapedInstance("a", {"hospital"}, [(one.at, True) for one in pages], list(pages))
    return count_night(MetricPages({"a": instance}, MEANINGS), BEGINS, ENDS)


def course(values: Mapping[float, Mapping[str, Any]]) -> list[InstancePage]:
    """Return a page every 15 s from before the window to its end, with what is given at moments."""
    known: dict[str, Any] = {}
    pages = []
    for number in range(42):
        at = BEGINS - EVERY + number * EVERY
        known = {**known, **values.get(at, {})}
        pages.append(page(at, **known))
    return pages


def test_what_was_counted_before_the_window_is_not_of_it() -> None:
    found = count(*course({985.0: {"good": 500}, 1_015.0: {"good": 700}}))
    assert found.by_release == {"2.0.0": (0, 200)}
    assert not found.unseen


def test_a_series_that_is_born_with_its_first_errors_counts() -> None:
    found = count(*course({985.0: {"good": 500}, 1_300.0: {"good": 600, "bad": 50}}))
    assert (found.failed, found.total) == (50, 150)


def test_a_series_of_a_first_page_may_be_old_and_does_not_count() -> None:
    found = count(*course({985.0: {"good": 500, "bad": 50}}))
    assert (found.failed, found.total) == (0, 0)


def test_of_a_process_without_a_start_the_first_value_may_be_old() -> None:
    pages = course({985.0: {"good": 5, "started": None}, 1_300.0: {"bad": 50}})
    assert count(*pages).total == 0


def test_a_restart_counts_from_zero() -> None:
    pages = course({985.0: {"good": 500}, 1_300.0: {"good": 40, "bad": 3, "started": 1_290.0}})
    assert count(*pages).by_release == {"2.0.0": (3, 43)}


def test_a_process_that_began_in_the_window_counts_whole() -> None:
    pages = [one for one in course({985.0: {"good": 7, "started": 1_290.0}}) if one.at >= 1_300]
    assert count(*pages).total == 7


def test_what_is_no_request_does_not_count() -> None:
    found = count(*course({985.0: {"other": 1, "good": 1}, 1_300.0: {"other": 9, "good": 2}}))
    assert found.total == 1


def test_a_gap_keeps_its_counts_and_is_told() -> None:
    pages = [
        one
        for one in course({985.0: {"good": 1}, 1_300.0: {"good": 101}})
        if not 1_200 < one.at < 1_320
    ]
    found = count(*pages)
    assert found.total == 100
    assert "not scraped for 135 s" in found.unseen["a"]


def test_a_stored_page_shows_nothing() -> None:
    pages = course({985.0: {"good": 1}})
    kept = [
        InstancePage(one.at, {"good": 1.0}, {}, "2.0.0", 0.0, heartbeat=min(one.at, 1_300.0))
        for one in pages
    ]
    assert "a" in count(*kept).unseen


def test_a_night_that_begins_or_ends_unseen_is_told() -> None:
    pages = course({985.0: {"good": 1}})
    assert "begin and end" in count(*pages[8:]).unseen
    assert "begin and end" in count(*pages[:-8]).unseen
    assert not count(*pages).unseen


def test_without_an_instance_nothing_was_counted() -> None:
    assert "up" in count_night(MetricPages({}, {}), BEGINS, ENDS).unseen


def test_what_is_not_declared_is_absent_and_told() -> None:
    told = list[Assessment]()
    context = ObservabilityContext("site", told.append)
    found = NightTraffic(Monitoring(), None, 0.001, lambda: (0.0, 1.0), context).assess()
    assert told == [found]
    assert not found.findings
    assert not found.not_proven
    assert found.checked[0].startswith("absent: targets.site.monitoring.prometheus is not set")
