"""The sessions of a database server at one moment, as it reports them.

The database probe takes the samples, the load probe judges them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class DatabaseActivity:
    """One sample of the database's sessions, taken at `at` (seconds since the epoch).

    What could not be seen is None or empty, and `not_seen_reason` says why: a sentence without its
    full stop.

    `connections` maps the server, and the database and the roles that have a limit of their own, to
    the connections in use and their limit. `waiting` counts the sessions of the target's database
    that wait for a lock, the longest for `longest_wait` seconds. `idle` counts those that left a
    transaction open. `counters` are totals since `counted_since`: deadlocks; transactions committed
    and rolled_back; sessions killed, abandoned, fatal.

    PostgreSQL counts with a delay: one second for a session that works, up to ten for a session
    that has just become idle.
    """

    at: float
    connections: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    waiting: int | None = None
    longest_wait: float | None = None
    idle: int | None = None
    counters: Mapping[str, int] = field(default_factory=dict)
    counted_since: str | None = None
    not_seen_reason: str | None = None

    @classmethod
    def failed_sample(cls, at: float, reason: str) -> DatabaseActivity:
        """Return a sample in which nothing could be seen."""
        return cls(at, not_seen_reason=reason)


def activity_difference(first: DatabaseActivity, last: DatabaseActivity) -> dict[str, int] | None:
    """Return what was counted between two samples.

    None where the counters were reset in between, or one of the samples has no counters.
    """
    counts = {
        name: last.counters[name] - value
        for name, value in first.counters.items()
        if name in last.counters
    }
    if first.counted_since != last.counted_since or any(count < 0 for count in counts.values()):
        return None
    return counts or None
