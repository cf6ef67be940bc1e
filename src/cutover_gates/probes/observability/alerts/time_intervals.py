"""Alertmanager's time intervals: does one of them contain a moment.

Every range includes its end, but for the end of a time of day.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

_WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_MONTHS = (
    "",
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)


def contains_moment(intervals: Sequence[Mapping[str, Any]], at: datetime) -> bool:
    """Return whether the moment is in one of the intervals, which are as YAML has them.

    Raises:
        ValueError: an interval cannot be read.
    """
    return any(_is_in_interval(interval, at) for interval in intervals)


def _is_in_interval(interval: Mapping[str, Any], at: datetime) -> bool:
    """Return whether the moment is in every range that the interval gives."""
    local = at.astimezone(_find_zone(interval))
    checks = _range_checks(local)
    try:
        # A field that is not given, or is empty, fits every moment.
        given = [(name, interval[name]) for name in checks if interval.get(name)]
        return all(any(map(checks[name], ranges)) for name, ranges in given)
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a time interval: {type(error).__name__}") from None


def _range_checks(local: datetime) -> Mapping[str, Callable[[Any], bool]]:
    """Return for each field of an interval a function that tells if a range contains `local`."""
    last_day = calendar.monthrange(local.year, local.month)[1]
    minute = local.hour * 60 + local.minute
    return {
        # Alertmanager counts Sunday as the first day.
        "weekdays": lambda text: _is_in_range(text, local.isoweekday() % 7, _WEEKDAYS),
        "months": lambda text: _is_in_range(text, local.month, _MONTHS),
        "years": lambda text: _is_in_range(text, local.year, ()),
        "days_of_month": lambda text: _is_in_day_range(text, local.day, last_day),
        "times": lambda times: (
            _parse_minutes(times["start_time"]) <= minute < _parse_minutes(times["end_time"])
        ),
    }


def _find_zone(interval: Mapping[str, Any]) -> tzinfo:
    name = interval.get("location")
    try:
        return ZoneInfo(str(name)) if name else UTC
    except (KeyError, OSError):
        raise ValueError(f"unknown time zone {name}") from None


def _is_in_range(text: Any, value: int, names: Sequence[str]) -> bool:
    first, _, end = str(text).lower().partition(":")
    return _parse_number(first, names) <= value <= _parse_number(end or first, names)


def _is_in_day_range(text: Any, day: int, last: int) -> bool:
    """Return whether a range contains a day. A negative day counts from the end of the month."""
    first, _, end = str(text).partition(":")
    return _resolve_day(int(first), last) <= day <= _resolve_day(int(end or first), last)


def _resolve_day(number: int, last: int) -> int:
    return last + 1 + number if number < 0 else number


def _parse_number(text: str, names: Sequence[str]) -> int:
    return names.index(text) if text in names else int(text)


def _parse_minutes(text: Any) -> int:
    """Return the minutes since midnight."""
    # YAML reads a bare 17:00 as a number to the base of sixty: 1020, which is the minutes.
    if isinstance(text, int):
        return text
    hours, _, minutes = str(text).partition(":")
    return int(hours) * 60 + int(minutes or 0)
