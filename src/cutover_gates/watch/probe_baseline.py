"""The response times of before the cutover, as the watcher's own probes see them.

They are compared with what the same probes see during it: a load generator and a server's histogram
measure something else (`docs/decisions/0084-baseline-of-the-probes.md`).
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import isfinite
from typing import Any, get_args

import numpy as np

from cutover_gates.config.triggers import Statistic
from cutover_gates.core.statistics.confidence_intervals import quantile_interval
from cutover_gates.core.triggers.comparable_readings import ResponseBaseline
from cutover_gates.core.triggers.trigger_names import SignalSource
from cutover_gates.watch.probe_results import UNDECIDED, PathProbe, ProbeOutcome
from cutover_gates.watch.record_reader import WatchRecord
from cutover_gates.watch.time_spans import Span

STATISTICS: tuple[str, ...] = get_args(Statistic)
TIMED = frozenset({ProbeOutcome.OK, ProbeOutcome.LATE})
"""Outcomes whose time is one of an answer. An error is no time."""
BASELINE_SECONDS = 1800.0
"""Seconds before `watch.begins` of which the baseline is made: older ones had another load."""
FOLDER = "baseline"
"""The folder, within that of the record, of a baseline that was recorded for itself."""


@dataclass(frozen=True)
class ProbeBaseline:
    """The baseline of the probes. Times are seconds.

    `bounds` have, for each operation and statistic, the upper bound; None: too few probes bound it.
    `counts` are the probes of each operation, `releases` what they answered. `per_second` is the
    rate of all probes of the watcher.
    """

    begins: float
    ends: float
    per_second: float
    counts: Mapping[str, int]
    bounds: Mapping[str, Mapping[str, float | None]]
    releases: Mapping[str, int] = field(default_factory=dict)

    def find(self, operation: str, statistic: str) -> ResponseBaseline | None:
        """Return the baseline of an operation; None where too few probes bound it."""
        seconds = self.bounds.get(operation, {}).get(statistic)
        if seconds is None:
            return None
        return ResponseBaseline(operation, SignalSource.PROBES, seconds, statistic, self.per_second)

    def explain_missing(self, operation: str, statistic: str) -> str:
        """Return why there is no baseline of an operation."""
        needed = count_needed_probes(statistic)
        return (
            f"the baseline has {self.counts.get(operation, 0)} probes of {operation} that the"
            f" release before answered, an upper bound of {statistic} needs {needed}"
        )

    def describe(self, statistic: str) -> str:
        """Return the baseline in one line."""
        told = [
            f"{name} {statistic} at most {bounds[statistic]:.3f} s ({self.counts[name]} probes)"
            for name, bounds in self.bounds.items()
            if bounds.get(statistic) is not None
        ]
        found = ", ".join(told) or "too few answers of the release before"
        return f"baseline: {found}, {self.per_second:.1f} probes of all paths a second"

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-able values; `from_plain` reads them."""
        return {
            "begins": round(self.begins, 3),
            "ends": round(self.ends, 3),
            "per_second": round(self.per_second, 3),
            "counts": dict(self.counts),
            "bounds": {name: dict(bounds) for name, bounds in self.bounds.items()},
            "releases": dict(self.releases),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> ProbeBaseline:
        """Return the baseline of a line of the record. Raises `KeyError`."""
        names = ("begins", "ends", "per_second", "counts", "bounds", "releases")
        return cls(**{name: plain[name] for name in names})


@lru_cache
def count_needed_probes(statistic: str) -> int:
    """Return how many probes it takes until the largest of them bounds the statistic."""
    share = int(statistic[1:]) / 100
    count = 1
    while not isfinite(quantile_interval(np.arange(count, dtype=float), share)[1]):
        count += 1
    return count


@dataclass
class BaselineRecorder:
    """Gathers the answers of the release before. `release` is the new one, which is left out."""

    release: str
    operations: tuple[str, ...]
    _times: deque[PathProbe] = field(default_factory=deque)
    _moments: deque[float] = field(default_factory=deque)
    _new: int = 0

    def add(self, result: PathProbe) -> None:
        """Take in a result that says something of the target."""
        self._moments.append(result.started)
        oldest = result.started - BASELINE_SECONDS
        while self._moments and self._moments[0] < oldest:
            self._moments.popleft()
        while self._times and self._times[0].started < oldest:
            self._times.popleft()
        if result.path in self.operations and result.outcome in TIMED:
            is_new = result.release == self.release
            self._new += is_new
            if not is_new:
                self._times.append(result)

    def add_record(self, record: WatchRecord, until: float) -> None:
        """Take in what watchers before this one saw before `until`."""
        for result in record.results:
            if result.started < until and tells_of_target(result, record.own_gaps):
                self.add(result)

    def make_baseline(self, until: float) -> ProbeBaseline | None:
        """Return the baseline of what ended before `until`; None where nothing did."""
        moments = [at for at in self._moments if at < until]
        if not moments:
            return None
        times = [one for one in self._times if one.ended < until]
        begins, ends = min(moments), max(moments)
        per_operation = {name: _list_times(times, name) for name in self.operations}
        return ProbeBaseline(
            begins,
            ends,
            len(moments) / max(ends - begins, 1.0),
            {name: len(seconds) for name, seconds in per_operation.items()},
            {name: _find_bounds(seconds) for name, seconds in per_operation.items()},
            Counter(one.release or "unknown" for one in times),
        )

    @property
    def is_of_new_release(self) -> bool:
        """Whether only the new release has answered, which is no baseline of itself."""
        return self._new > 0 and not self._times


def tells_of_target(result: PathProbe, gaps: Iterable[Span]) -> bool:
    """Return whether a result and its time are the target's: the watcher ran all the while."""
    span = Span(result.started, result.ended)
    return result.outcome not in UNDECIDED and not any(span.overlaps(gap) for gap in gaps)


def _list_times(results: Iterable[PathProbe], operation: str) -> list[float]:
    return [one.took for one in results if one.path == operation]


def _find_bounds(seconds: list[float]) -> dict[str, float | None]:
    """Return the upper bound of each statistic; None where there are too few values for it."""
    if not seconds:
        return dict.fromkeys(STATISTICS)
    ordered = np.sort(np.asarray(seconds, dtype=float))
    upper = {name: quantile_interval(ordered, int(name[1:]) / 100)[1] for name in STATISTICS}
    return {name: bound if isfinite(bound) else None for name, bound in upper.items()}
