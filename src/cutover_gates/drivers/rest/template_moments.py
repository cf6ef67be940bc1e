"""The moments of a mapping's templates: `now`, offsets from it, and the forms that targets want.

`{{ now + hours(1) | iso }}` is what people write, and Jinja applies a filter before the plus. So a
filter of an offset gives a form that waits for its moment (`FormattedOffset`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Form = Callable[[date], Any]
EXAMPLE = "{{ now + hours(1) | iso }}"
MOMENT_FUNCTIONS: Mapping[str, Callable[[float], timedelta]] = {
    "seconds": lambda count: timedelta(seconds=count),
    "minutes": lambda count: timedelta(minutes=count),
    "hours": lambda count: timedelta(hours=count),
    "days": lambda count: timedelta(days=count),
    "weeks": lambda count: timedelta(weeks=count),
}
"""The offsets, by the names under which every template sees them."""
MOMENT_NAMES = frozenset({"now", *MOMENT_FUNCTIONS})


def current_moment() -> datetime:
    """Return the time in UTC, in whole seconds: what strict readers of dates take, too."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True)
class FormattedOffset:
    """An offset whose sum with a moment is written in `form`."""

    offset: timedelta
    form: Form

    def __radd__(self, moment: datetime) -> Any:
        """Return the later moment in its form."""
        return self.form(moment + self.offset)

    def __rsub__(self, moment: datetime) -> Any:
        """Return the earlier moment in its form."""
        return self.form(moment - self.offset)

    def __str__(self) -> str:
        """Raise TypeError: an offset alone is no moment."""
        raise TypeError(f"an offset is no moment: write {EXAMPLE}")


def _apply(form: Form, value: object) -> Any:
    """Return a moment in its form; for an offset, what waits for its moment."""
    if isinstance(value, timedelta):
        return FormattedOffset(value, form)
    if isinstance(value, date):
        return form(value)
    raise TypeError(f"a {type(value).__name__} is no moment: write {EXAMPLE}")


def _in_zone(moment: date, zone: str | None) -> date:
    """Return a moment in a time zone; a date without a time stays as it is."""
    if not isinstance(moment, datetime) or zone is None:
        return moment
    try:
        return moment.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"no time zone is called {zone!r}: write 'Europe/Berlin'") from None


def _require_time(moment: date) -> datetime:
    if not isinstance(moment, datetime):
        raise TypeError(f"a date has no time of day: write {EXAMPLE}")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def iso(value: object, zone: str | None = None) -> Any:
    """Filter: RFC 3339, `2026-11-30T10:30:00Z`, in another zone `2026-11-30T11:30:00+01:00`."""
    return _apply(
        lambda moment: (
            _in_zone(moment, zone).isoformat().removesuffix("+00:00")
            + ("Z" if isinstance(moment, datetime) and zone in (None, "UTC") else "")
        ),
        value,
    )


def iso_date(value: object, zone: str | None = None) -> Any:
    """Filter: the date alone, `2026-11-30`."""
    return _apply(lambda moment: _in_zone(moment, zone).isoformat()[:10], value)


def epoch(value: object) -> Any:
    """Filter: seconds since 1970, a whole number."""
    return _apply(lambda moment: int(_require_time(moment).timestamp()), value)


def epoch_ms(value: object) -> Any:
    """Filter: milliseconds since 1970, a whole number."""
    return _apply(lambda moment: int(_require_time(moment).timestamp() * 1000), value)


def http_date(value: object) -> Any:
    """Filter: RFC 1123, as HTTP writes it: `Mon, 30 Nov 2026 10:30:00 GMT`."""
    return _apply(
        lambda moment: format_datetime(_require_time(moment).astimezone(UTC), usegmt=True), value
    )


def strftime(value: object, form: str, zone: str | None = None) -> Any:
    """Filter: any other form, such as `%d.%m.%Y %H:%M`, perhaps in another time zone."""
    return _apply(lambda moment: _in_zone(moment, zone).strftime(form), value)


MOMENT_FILTERS: Mapping[str, Callable[..., Any]] = {
    "iso": iso,
    "date": iso_date,
    "epoch": epoch,
    "epoch_ms": epoch_ms,
    "http_date": http_date,
    "strftime": strftime,
}
"""The filters, by the names under which templates call them."""
