"""Counts the slow answers of one operation, without those that the watcher itself may have delayed.

A machine that is busy lets threads wait. That is seen at the begin of each probe, which was planned
for a moment, and it lengthens the time of the answer as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from cutover_gates.core.triggers.comparable_readings import ResponseBaseline
from cutover_gates.core.triggers.evaluation import ShareReading
from cutover_gates.core.triggers.trigger_names import ConditionKey
from cutover_gates.watch.probe_results import PathProbe

LATE_SHARE = 0.5
"""How much of the way from the baseline to the limit the watcher may be late at a probe's begin."""
PUNCTUAL_SHARE = 0.5
"""Share of the probes that must have begun in time; with fewer nothing is measured."""


@dataclass(frozen=True)
class SlowCounter:
    """Counts answers above `limit` seconds. `unknown` says why nothing can be counted.

    A probe that began more than `late` seconds after its moment does not count.
    """

    unknown: str = ""
    limit: float = inf
    late: float = inf

    def is_punctual(self, result: PathProbe) -> bool:
        """Return whether the watcher was in time for this probe."""
        return result.started - result.planned <= self.late

    def count(
        self, key: ConditionKey, times: Sequence[PathProbe], seconds: float, end: float
    ) -> ShareReading:
        """Return the counts of one subject. No answer in an interval is a count of nothing."""
        if self.unknown:
            return ShareReading(key, None, None, seconds, end)
        punctual = [one for one in times if self.is_punctual(one)]
        slow = sum(one.took > self.limit for one in punctual)
        return ShareReading(key, slow, len(punctual), seconds, end, slow_above=self.limit)


def make_counter(
    baseline: ResponseBaseline, factor: float, times: Sequence[PathProbe]
) -> SlowCounter:
    """Return the counter of an operation; an unknown one where the watcher was too busy."""
    limit = baseline.limit(factor)
    counter = SlowCounter(limit=limit, late=LATE_SHARE * (limit - baseline.seconds))
    punctual = sum(counter.is_punctual(one) for one in times)
    if punctual < PUNCTUAL_SHARE * len(times):
        return SlowCounter("the watcher's machine is too busy to measure response times")
    return counter
