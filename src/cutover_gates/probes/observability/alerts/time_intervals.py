"""Alertmanager's time intervals: whether a route is mute at a moment.

Every range is inclusive, but for the end of a time of day.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
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
    """Whether the moment is in one of them. Raises `ValueError` for what is no interval."""
    return any(_is_in_interval(interval, at) for interval in intervals)


def _is_in_interval(interval: Mapping[str, Any], at: datetime) -> bool:
    """Every field that is given must fit."""
    try:
        local = at.astimezone(
            ZoneInfo(str(interval["location"])) if interval.get("location") else UTC
        )
    except (KeyError, OSError):
        raise ValueError(f"there is no zone {interval.get('location')!r}") from None
    last = calendar.monthrange(local.year, local.month)[1]
    fits: Mapping[str, Callable[[Any], bool]] = {
        "weekdays": lambda text: _is_in_range(text, local.isoweekday() % 7, _WEEKDAYS),
        "months": lambda text: _is_in_range(text, local.month, _MONTHS),
        "years": lambda text: _is_in_range(text, local.year, ()),
        "days_of_month": lambda text: _is_in_day_range(text, local.day, last),
        "times": lambda times: (
            _parse_minutes(times["start_time"])
            <= local.hour * 60 + local.minute
            < _parse_minutes(times["end_time"])
        ),
    }
    try:
        return all(
            any(fit(one) for one in interval[name])
            for name, fit in fits.items()
            if interval.get(name)
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"that is no time interval: {type(error).__name__}") from None


def _is_in_range(text: Any, value: int, names: Sequence[str]) -> bool:
    first, _, end = str(text).lower().partition(":")
    return _parse_number(first, names) <= value <= _parse_number(end or first, names)


def _is_in_day_range(text: Any, day: int, last: int) -> bool:
    """A negative day counts from the month's end."""
    first, _, end = str(text).partition(":")
    start, stop = (
        last + 1 + number if number < 0 else number for number in (int(first), int(end or first))
    )
    return start <= day <= stop


def _parse_number(text: str, names: Sequence[str]) -> int:
    return names.index(text) if text in names else int(text)


def _parse_minutes(text: Any) -> int:
    """Of a day. YAML reads a bare 17:00 as a number to the base of sixty."""
    if isinstance(text, int):
        return text
    hours, _, minutes = str(text).partition(":")
    return int(hours) * 60 + int(minutes or 0)
