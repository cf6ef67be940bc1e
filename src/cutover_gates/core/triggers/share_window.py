"""Counts of requests by interval, and what a window over them says of a share.

A window decides on whole numbers: `bad / total > share` is `denominator · bad > numerator · total`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from cutover_gates.core.statistics.sequential_test import Conclusion, ShareLimit
from cutover_gates.core.triggers.trigger_names import TriggerValue


@dataclass(frozen=True)
class CountedInterval:
    """Requests of the seconds from `start` to `end`."""

    start: float
    end: float
    bad: int
    total: int

    def excess(self, share: Fraction) -> int:
        """Return how far the bad requests exceed the share; above 0 they do."""
        return share.denominator * self.bad - share.numerator * self.total


@dataclass(frozen=True)
class WindowedShare:
    """What a window says: its value, its counts, and from when on it counted."""

    value: TriggerValue
    bad: int
    total: int
    start: float


def judge_windows(
    intervals: Sequence[CountedInterval],
    now: float,
    windows: Sequence[tuple[float, int]],
    share: Fraction,
    tolerance: float,
) -> WindowedShare:
    """Return what the first window with enough requests says, else what the last one says.

    `windows` are seconds with the least number of requests. With fewer requests than that, a share
    is still TRUE where they prove it (`ShareLimit`), and else UNKNOWN. An interval that began
    `tolerance` seconds before the window counts: evaluations do not come on the dot.
    """
    for seconds, enough in windows:
        start = now - seconds
        inside = [each for each in intervals if each.start >= start - tolerance]
        bad, total = sum(each.bad for each in inside), sum(each.total for each in inside)
        if total >= enough:
            above = share.denominator * bad > share.numerator * total
            value = TriggerValue.TRUE if above else TriggerValue.FALSE
            return WindowedShare(value, bad, total, start)
    value = TriggerValue.TRUE if _is_proven(share, bad, total) else TriggerValue.UNKNOWN
    return WindowedShare(value, bad, total, start)


@lru_cache(maxsize=4096)
def _is_proven(share: Fraction, bad: int, total: int) -> bool:
    """Return whether so few requests prove that the share is exceeded."""
    return total > 0 and ShareLimit(float(share)).decide(bad, total) is Conclusion.BROKEN


def find_onset(intervals: Sequence[CountedInterval], share: Fraction) -> float:
    """Return when the share began to be exceeded.

    It is the last moment at which the sum of the excess was lowest: before it the requests were
    within the share, and from it on they are not. Background errors before a trouble do not move
    it, and a trouble just above the limit does not hide its first minute in a window.
    """
    lowest, excess, onset = 0, 0, intervals[0].start
    for each in intervals:
        excess += each.excess(share)
        if excess <= lowest:
            lowest, onset = excess, each.end
    return onset


def count_uncovered(intervals: Sequence[CountedInterval], start: float, end: float) -> float:
    """Return the seconds between two moments that no interval covers.

    Sums of moments are not exact, so a millisecond is none.
    """
    uncovered = (end - start) - sum(_overlaps(intervals, start, end))
    return uncovered if uncovered > 1e-3 else 0.0


def _overlaps(intervals: Sequence[CountedInterval], start: float, end: float) -> Iterator[float]:
    for each in intervals:
        yield max(0.0, min(each.end, end) - max(each.start, start))
