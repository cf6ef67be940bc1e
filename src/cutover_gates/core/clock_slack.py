"""How far the true time may be from this machine's clock, and what that does to a date.

The clocks of a target, of its database and of this machine should agree. Where they do not, it is
not known which is right: a date counts only where it counts by all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta


@dataclass(frozen=True)
class ClockReading:
    """The bounds of another clock's offset to this machine's, in seconds: above 0 it is ahead.

    They are bounds, because an answer takes its time, and a `Date` header has whole seconds.
    """

    clock: str
    earliest: float
    latest: float

    def exceeds(self, limit: float) -> bool:
        """Return True where the clocks surely differ by more than `limit` seconds."""
        return self.earliest > limit or self.latest < -limit

    def describe(self, limit: float) -> str:
        """Return how the clocks differ, what was allowed, and what to do."""
        is_ahead = self.earliest > 0
        least, most = sorted((abs(self.earliest), abs(self.latest)))
        direction = "ahead of" if is_ahead else "behind"
        return (
            f"{self.clock} is {least:.1f} to {most:.1f} s {direction} the clock of this machine;"
            f" limits.clock_skew_seconds allows {limit:g} s. Set the clocks (NTP). Until then"
            " waivers, sign-offs and certificates count only where they are valid by every clock"
        )


@dataclass(frozen=True)
class ClockSlack:
    """The offsets of the true time to this machine's clock, in seconds, and notes about them.

    `earliest` is at most 0 and `latest` at least 0. `notes` are sentences for the verdict.
    """

    earliest: float = 0.0
    latest: float = 0.0
    notes: tuple[str, ...] = ()

    def earliest_time(self, now: datetime) -> datetime:
        """Return the earliest moment that it may be when this machine's clock shows `now`."""
        return now + timedelta(seconds=self.earliest)

    def latest_time(self, now: datetime) -> datetime:
        """Return the latest moment that it may be when this machine's clock shows `now`."""
        return now + timedelta(seconds=self.latest)

    @property
    def doubt(self) -> str:
        """Words for a date that counts by one clock and not by another; empty where all agree."""
        return " by one of the clocks, which differ" if self.notes else ""


EXACT_CLOCK = ClockSlack()


def combine_readings(clock: str, readings: Sequence[ClockReading]) -> list[ClockReading]:
    """Return the bounds that all readings of one clock leave; none without a reading.

    Where they contradict each other, several clocks answered under one name (instances behind a
    balancer): then the slowest and the fastest of them are returned.
    """
    if not readings:
        return []
    earliest = max(readings, key=lambda reading: reading.earliest)
    latest = min(readings, key=lambda reading: reading.latest)
    if earliest.earliest <= latest.latest:
        return [ClockReading(clock, earliest.earliest, latest.latest)]
    name = f"{clock} (of one of its instances)"
    return [replace(reading, clock=name) for reading in (latest, earliest)]


def find_slack(readings: Sequence[ClockReading], limit: float) -> ClockSlack:
    """Return what clocks that differ by more than `limit` seconds leave open."""
    wrong = [reading for reading in readings if reading.exceeds(limit)]
    return ClockSlack(
        min([0.0, *(reading.earliest for reading in wrong)]),
        max([0.0, *(reading.latest for reading in wrong)]),
        tuple(reading.describe(limit) for reading in wrong),
    )
