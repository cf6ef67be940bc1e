"""How far the true time may be from this machine's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cutover_gates.core.clock_slack import ClockReading, combine_readings, find_slack

LIMIT = 5.0


@pytest.mark.parametrize(
    ("earliest", "latest", "exceeds"),
    [(-0.5, 0.9, False), (4.9, 5.9, False), (5.1, 6.0, True), (-6.0, -5.1, True), (-60, 60, False)],
)
def test_only_a_sure_difference_exceeds_the_limit(
    earliest: float, latest: float, exceeds: bool
) -> None:
    """A slow answer leaves wide bounds, and proves nothing of the clock."""
    assert ClockReading("it", earliest, latest).exceeds(LIMIT) is exceeds


def test_readings_narrow_each_other() -> None:
    """A `Date` has whole seconds: several answers know more than one."""
    combined = combine_readings("it", [ClockReading("", 0.2, 1.2), ClockReading("", -0.1, 0.9)])
    assert combined == [ClockReading("it", 0.2, 0.9)]
    assert combine_readings("it", []) == []


def test_instances_with_different_clocks_are_each_told() -> None:
    """The next answer may be of any of them: one that is wrong must not hide behind the others."""
    readings = [ClockReading("", 0.0, 0.5), ClockReading("", -90.0, -89.0)]
    combined = combine_readings("it", readings)
    assert [(one.earliest, one.latest) for one in combined] == [(-90.0, -89.0), (0.0, 0.5)]
    assert len(find_slack(combined, LIMIT).notes) == 1


def test_clocks_that_agree_leave_no_slack() -> None:
    """The bounds of a clock within the limit are noise."""
    slack = find_slack([ClockReading("it", -0.4, 0.6)], LIMIT)
    now = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    assert (slack.earliest_time(now), slack.latest_time(now), slack.notes) == (now, now, ())


def test_the_widest_of_several_clocks_counts_on_both_sides() -> None:
    """A date counts only where it counts by all of them."""
    readings = [ClockReading("one", 59.0, 60.0), ClockReading("two", -30.0, -29.0)]
    slack = find_slack(readings, LIMIT)
    now = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    assert slack.latest_time(now) == now + timedelta(seconds=60)
    assert slack.earliest_time(now) == now - timedelta(seconds=30)
    assert len(slack.notes) == 2
