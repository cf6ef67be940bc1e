"""Days that people write down by their own clock, somewhere on earth.

A date has no time zone. Whoever writes today's date in Auckland writes what is tomorrow in UTC.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

EASTERNMOST = timedelta(hours=14)
"""The offset of the easternmost time zone (Kiritimati): no place is further ahead of UTC."""


def latest_local_day(now: datetime) -> date:
    """Return the latest date that it is anywhere on earth at an aware moment."""
    return (now.astimezone(UTC) + EASTERNMOST).date()
