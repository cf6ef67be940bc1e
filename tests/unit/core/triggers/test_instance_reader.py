"""Pages of one instance: restarts, gaps, stored pages, and clocks that are wrong."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover_gates.core.triggers.instance_reader import InstancePage, InstanceReader, find_spacing
from cutover_gates.core.triggers.release_series import find_doubled, find_unusable_release

SPACING = 5.0
OLD_START = 100.0


def page(
    at: float, value: float | None, started: float | None = OLD_START, beat: float | None = None
) -> InstancePage:
    counters = {} if value is None else {"errors": value}
    return InstancePage(at, counters, {}, "2.0.0", started, at if beat is None else beat)


def read(pages: Sequence[InstancePage], watched: float | None = None) -> list[float]:
    """Return what each page counted; -1 where it is unknown."""
    reader, found = InstanceReader(), []
    for each in pages:
        counted = reader.read([each], 0.0, watched, SPACING)
        value = counted.increments.get(("2.0.0", "errors"), 0.0)
        found.append(-1.0 if counted.unknown else value)
    return found


def test_the_first_page_of_an_old_process_counts_nothing() -> None:
    assert read([page(1000, 70), page(1005, 75)], watched=995) == [0, 5]


def test_the_first_page_of_a_process_that_began_after_the_last_look_counts_whole() -> None:
    assert read([page(1000, 70, started=998)], watched=995) == [70]


def test_a_series_that_is_born_in_the_trouble_counts_from_its_second_value() -> None:
    assert read([page(1000, None), page(1005, 3), page(1010, 9)]) == [0, 0, 6]


@pytest.mark.parametrize("started", [1003.0, 1033.0, 973.0])
def test_another_start_is_another_process_whatever_its_clock_says(started: float) -> None:
    """A value that has grown past the old one would else hide most of what it counted."""
    pages = [page(1000, 20), page(1005, 50, started), page(1010, 60, started)]
    assert read(pages) == [0, 50, 10]


def test_a_start_that_is_computed_at_each_scrape_is_no_restart() -> None:
    assert read([page(1000, 20, 100.0), page(1005, 25, 100.4), page(1010, 25, 99.8)]) == [0, 5, 0]


def test_a_short_restart_between_two_evaluations_is_seen() -> None:
    reader = InstanceReader()
    reader.read([page(1000, 100)], 0.0, None, SPACING)
    pages = [page(1002, 40, 1001.0), page(1004, 120, 1003.0)]
    counted = reader.read(pages, 0.0, 1000.0, SPACING)
    assert counted.increments == {("2.0.0", "errors"): 160}
    assert counted.restarted


def test_what_was_counted_over_a_gap_has_no_moment() -> None:
    assert read([page(1000, 0), page(1013, 9), page(1018, 10)]) == [0, -1, 1]


def test_a_restart_after_a_gap_counts_from_the_start() -> None:
    assert read([page(1000, 50), page(1060, 9, started=1057)]) == [0, 9]


def test_a_stored_page_is_unknown_and_so_is_what_comes_after_it() -> None:
    stored = [page(1000 + SPACING * n, 5, beat=1.0) for n in range(6)]
    found = read([page(995, 0), *stored, page(1030, 400), page(1035, 401)])
    assert found == [0, 5, 0, 0, -1, -1, -1, -1, 1]


def test_an_idle_process_is_no_stored_page() -> None:
    assert read([page(1000 + SPACING * n, 5) for n in range(8)]) == [0.0] * 8


def test_an_older_page_counts_nothing() -> None:
    assert read([page(1000, 5), page(1005, 9), page(1002, 7), page(1010, 9)]) == [0, 4, 0, 0]


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=30))
def test_no_order_of_restarts_counts_more_than_there_was(
    steps: list[tuple[int, bool]],
) -> None:
    value, started, total, pages = 0.0, OLD_START, 0, [page(1000, 0)]
    for number, (grown, restarts) in enumerate(steps, start=1):
        at = 1000 + SPACING * number
        if restarts:
            value, started = 0.0, at - 1
        value += grown
        total += grown
        pages.append(page(at, value, started))
    assert sum(read(pages)) == total


def test_the_spacing_is_that_of_the_slowest_instance_and_of_no_gap() -> None:
    moments = {"a": [0.0, 5.0, 10.0, 75.0, 80.0], "b": [0.0, 15.0, 30.0], "c": [3.0]}
    assert find_spacing(moments) == 15.0
    assert find_spacing({"c": [3.0]}) is None


@pytest.mark.parametrize(
    ("releases", "expected"),
    [
        ({"a": "2.0.0", "b": "1.9.0"}, None),
        ({"a": "2.0.0", "b": ""}, "the series has no label release (b)"),
        ({"a": "2.0.0", "b": None}, None),
        ({"a": "1.9.0"}, "the series is of release=1.9.0, not of 2.0.0"),
        ({}, "the query found no series of release=2.0.0"),
        ({"a": "1.8.0", "b": "1.9.0"}, "the query found 2 series, expected one of release=2.0.0"),
    ],
)
def test_a_release_is_known_by_its_label(
    releases: dict[str, str | None], expected: str | None
) -> None:
    assert find_unusable_release(releases, "release", "2.0.0") == expected


def test_an_instance_of_two_jobs_is_named() -> None:
    assert find_doubled({"a": {"x"}, "b": {"x"}}) is None
    assert find_doubled({"a": {"x", "y"}}) == "a is scraped by 2 jobs (x, y): name one of them"
