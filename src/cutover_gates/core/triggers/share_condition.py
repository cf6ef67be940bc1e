"""The condition of a share: failed requests (error rate) or slow ones (response time).

A window says at each evaluation whether the share is exceeded. How long it has been exceeded is
measured between the onset of the excess and its latest growth, not between two evaluations: a
window of a minute is true for almost a minute longer than a trouble lasts, and for a trouble just
above the limit it is false for almost a minute after it began. So 100 % of errors for 245 seconds
are no five minutes, and 1.05 % for 300 seconds are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from cutover_gates.core.triggers.evaluation import ShareReading
from cutover_gates.core.triggers.share_window import (
    CountedInterval,
    WindowedShare,
    count_uncovered,
    find_onset,
    judge_windows,
)
from cutover_gates.core.triggers.trigger_limits import UNKNOWN_SHARE, TriggerLimits
from cutover_gates.core.triggers.trigger_names import TriggerName, TriggerState, TriggerValue


@dataclass(frozen=True)
class ShareRule:
    """What a share is compared with, and for how long."""

    share: Fraction
    seconds: float
    windows: tuple[tuple[float, int], ...]
    longest_step: float

    @property
    def tolerance(self) -> float:
        """Half an evaluation: how exactly an interval must begin with the window."""
        return self.longest_step / 4

    @property
    def unknown_seconds(self) -> float:
        """Seconds that may be unknown within one PENDING."""
        return float(UNKNOWN_SHARE * Fraction(self.seconds))


def share_rule(trigger: TriggerName, limits: TriggerLimits) -> ShareRule:
    """Return the rule of the error rate or of the response time."""
    if trigger is TriggerName.ERRORS:
        windows: tuple[tuple[float, int], ...] = ((limits.rate_seconds, limits.error_requests),)
        return ShareRule(limits.error_share, limits.error_seconds, windows, limits.longest_step)
    # Where a minute holds too few requests of one operation, five of them are looked at together.
    windows = tuple(
        (seconds, limits.slow_requests) for seconds in (limits.rate_seconds, limits.pooled_seconds)
    )
    return ShareRule(limits.slow_share, limits.slow_seconds, windows, limits.longest_step)


@dataclass
class ShareCondition:
    """The state of one share. All times are seconds of the watch.

    `since`: the onset of the excess; `through`: until when it grew. `unknown`: seconds in between
    that nobody saw. `known_through`: until when the share is known. `slow_above`: the seconds of an
    answer above which the last reading counted it as slow.
    """

    state: TriggerState = TriggerState.CLEAR
    since: float | None = None
    through: float = 0.0
    unknown: float = 0.0
    known_through: float | None = None
    excess: int = 0
    peak: int = 0
    rate_since: float | None = None
    first_bad: float | None = None
    last_bad: float | None = None
    value: TriggerValue = TriggerValue.UNKNOWN
    bad: int = 0
    total: int = 0
    intervals: list[CountedInterval] = field(default_factory=list)
    slow_above: float | None = None

    def advance(
        self, now: float, step: float, reading: ShareReading | None, rule: ShareRule
    ) -> str | None:
        """Take in a reading at `now`; return why a PENDING was not proven, where it was not.

        `now` is the end of what the reading counted, `step` the time since the last evaluation.
        """
        last = self.intervals[-1].end if self.intervals else None
        interval = _interval_of(reading, now, step, last, rule)
        if interval is None:
            self.value = TriggerValue.UNKNOWN
            return None
        self.slow_above = reading.slow_above if reading else None
        self._keep(interval, rule)
        share = judge_windows(self.intervals, now, rule.windows, rule.share, rule.tolerance)
        self.value, self.bad, self.total = share.value, share.bad, share.total
        if share.value is TriggerValue.UNKNOWN or self.state is TriggerState.FIRED:
            return None
        reason = self._count_unknown(now, share, rule)
        if share.value is TriggerValue.FALSE:
            self._clear(now)
        elif self.state is TriggerState.CLEAR:
            self._begin(now, share, rule)
        else:
            self._grow(now, rule)
        self._fire_when_due(rule)
        return reason

    def forget(self) -> None:
        """Begin anew: another image runs, so what was seen of the former one is void."""
        fired = self.state is TriggerState.FIRED
        self.intervals.clear()
        self.value = TriggerValue.UNKNOWN
        if not fired:
            self._clear(None)

    def _keep(self, interval: CountedInterval, rule: ShareRule) -> None:
        oldest = interval.end - max(seconds for seconds, _ in rule.windows) - rule.longest_step
        kept = [each for each in self.intervals if each.end > oldest]
        self.intervals = [*kept, interval]
        if interval.bad:
            self.first_bad = interval.start if self.first_bad is None else self.first_bad
            self.last_bad = interval.end

    def _count_unknown(self, now: float, share: WindowedShare, rule: ShareRule) -> str | None:
        """Add the seconds that were not seen; begin anew, with the reason, where too many."""
        if self.state is not TriggerState.PENDING or self.known_through is None:
            return None
        seen = [each for each in self.intervals if each.start >= share.start - rule.tolerance]
        self.unknown += count_uncovered(seen, self.known_through, now)
        self.known_through = now
        if self.unknown <= rule.unknown_seconds:
            return None
        reason = (
            f"{self.unknown:.0f} s within one pending trouble were not seen,"
            f" at most {rule.unknown_seconds:.0f} s may be"
        )
        # What lies before the gap proves nothing about what comes after it.
        self.intervals = self.intervals[-1:]
        self._clear(now)
        return reason

    def _begin(self, now: float, share: WindowedShare, rule: ShareRule) -> None:
        inside = [each for each in self.intervals if each.start >= share.start - rule.tolerance]
        onset = find_onset(inside, rule.share)
        after = [each for each in inside if each.start >= onset]
        self.state, self.since, self.rate_since = TriggerState.PENDING, onset, now
        self.through, self.excess, self.peak = onset, 0, 0
        self.unknown = count_uncovered(after, onset, now)
        self.known_through = now
        self.first_bad = next((each.start for each in after if each.bad), onset)
        for each in after:
            self._add_excess(each, rule)

    def _grow(self, now: float, rule: ShareRule) -> None:
        self.known_through = now
        self._add_excess(self.intervals[-1], rule)

    def _add_excess(self, interval: CountedInterval, rule: ShareRule) -> None:
        self.excess += interval.excess(rule.share)
        if self.excess > self.peak:
            self.peak, self.through = self.excess, interval.end

    def _fire_when_due(self, rule: ShareRule) -> None:
        if self.state is not TriggerState.PENDING or self.since is None:
            return
        # Sums of moments are not exact: half a millisecond must not delay a rollback.
        if self.through - self.since - self.unknown >= rule.seconds - 5e-4:
            self.state = TriggerState.FIRED

    def _clear(self, now: float | None) -> None:
        self.state, self.since, self.rate_since = TriggerState.CLEAR, None, None
        self.unknown, self.excess, self.peak = 0.0, 0, 0
        self.first_bad, self.known_through = None, now


def _interval_of(
    reading: ShareReading | None, now: float, step: float, last: float | None, rule: ShareRule
) -> CountedInterval | None:
    """Return what was counted; None where it is unknown, or over too long a time to place it.

    `last`: the end of what was counted before. What ends there already is an old answer.
    """
    if reading is None or reading.bad is None or reading.total is None:
        return None
    seconds = step if reading.seconds is None else reading.seconds
    # One missing scrape changes nothing: the next one counts for both. After more of them nobody
    # knows when the requests were.
    longest = max(rule.longest_step + rule.tolerance, 2.5 * reading.spacing)
    if not 0 < seconds <= longest or (last is not None and now <= last):
        return None
    # No second is covered twice: it would hide one that is not covered at all.
    start = now - seconds if last is None else max(now - seconds, last)
    return CountedInterval(start, now, reading.bad, reading.total)
