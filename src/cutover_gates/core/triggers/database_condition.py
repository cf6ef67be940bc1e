"""The condition of the database: four ways in which connections fail; one of them suffices.

Attempts are judged, not durations: each way has a number of evaluations in a row, or of log lines
within a minute. A single one is shown and fires nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cutover_gates.core.triggers.evaluation import DatabaseReading, ProbeAnswer
from cutover_gates.core.triggers.trigger_limits import TriggerLimits
from cutover_gates.core.triggers.trigger_names import TriggerState, TriggerValue

TIMEOUTS = "requests waited in vain for a pooled connection"
EMPTY_POOL = "the pool has no connection and requests wait"
LOGINS = "the watcher's read-only login was refused"
LOGGED = "the log of the new release names failed connections"


@dataclass
class DatabaseCondition:
    """How often each way has been seen in a row; `lines` are (moment, count) of log lines."""

    state: TriggerState = TriggerState.CLEAR
    since: float | None = None
    value: TriggerValue = TriggerValue.UNKNOWN
    counts: dict[str, int] = field(default_factory=dict)
    lines: list[tuple[float, int]] = field(default_factory=list)
    known_at: float | None = None

    def advance(self, now: float, reading: DatabaseReading | None, limits: TriggerLimits) -> None:
        """Take in what was seen since the last evaluation."""
        if reading is None or not reading.is_known:
            self.value = TriggerValue.UNKNOWN
            return
        self.known_at = now
        for way, seen in _see_each_way(reading).items():
            if seen is not None:
                self.counts[way] = self.counts.get(way, 0) + 1 if seen else 0
        self._count_lines(now, reading, limits)
        self._decide(now, limits)

    @property
    def worst(self) -> tuple[str, int]:
        """The way that was seen most often, and how often."""
        return max(self.counts.items(), key=lambda item: item[1], default=(TIMEOUTS, 0))

    def interrupt(self) -> None:
        """Begin to count anew: it was not seen for too long."""
        self.forget()

    def forget(self) -> None:
        """Begin anew: another image runs."""
        self.counts.clear()
        self.lines.clear()
        self.value, self.known_at = TriggerValue.UNKNOWN, None
        if self.state is not TriggerState.FIRED:
            self.state, self.since = TriggerState.CLEAR, None

    def _count_lines(self, now: float, reading: DatabaseReading, limits: TriggerLimits) -> None:
        if reading.logged:
            self.lines.append((now, reading.logged))
        self.lines = [each for each in self.lines if each[0] > now - limits.log_seconds]
        self.counts[LOGGED] = sum(count for _, count in self.lines)

    def _decide(self, now: float, limits: TriggerLimits) -> None:
        seen = any(self.counts.values())
        self.value = TriggerValue.TRUE if seen else TriggerValue.FALSE
        if self.state is TriggerState.FIRED:
            return
        if not seen:
            self.state, self.since = TriggerState.CLEAR, None
        elif self.state is TriggerState.CLEAR:
            self.state, self.since = TriggerState.PENDING, now
        needed = needed_counts(limits)
        if any(count >= needed[way] for way, count in self.counts.items()):
            self.state = TriggerState.FIRED


def needed_counts(limits: TriggerLimits) -> dict[str, int]:
    """Return how often each way must be seen."""
    return {
        TIMEOUTS: limits.pool_evaluations,
        EMPTY_POOL: limits.pool_evaluations,
        LOGINS: limits.login_failures,
        LOGGED: limits.log_failures,
    }


def _see_each_way(reading: DatabaseReading) -> dict[str, bool | None]:
    """Return whether each way was seen now; None: unknown."""
    timeouts = None if reading.pool_timeouts is None else reading.pool_timeouts > 0
    login = None
    if reading.login is not ProbeAnswer.NONE:
        login = reading.login is ProbeAnswer.FAIL
    return {TIMEOUTS: timeouts, EMPTY_POOL: _is_empty(reading), LOGINS: login}


def _is_empty(reading: DatabaseReading) -> bool | None:
    if reading.pool_size is None:
        return None
    if reading.pool_size > 0:
        return False
    return None if reading.pool_waiting is None else reading.pool_waiting > 0
