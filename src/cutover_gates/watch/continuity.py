"""What a record shows of a cutover: the watched time, and the gaps of the service.

A gap lies between two good answers of a path with a failure between them. Its bounds are as fine as
the interval of the path: `seen` is what was surely a gap, `possible` the most that it can be.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cutover_gates.config.watch import Watch
from cutover_gates.core.findings import gap_error
from cutover_gates.watch import rules
from cutover_gates.watch.probe_results import UNDECIDED, PathProbe, ProbeOutcome
from cutover_gates.watch.record_reader import WatchRecord
from cutover_gates.watch.time_spans import Span, add_up, subtract_spans


@dataclass(frozen=True)
class ServiceGap:
    """One gap of one path. `outcomes` counts its failures; `why` is the first one's reason.

    `instances` and `releases` are those that the failures named. `is_open`: no good answer came
    after it.
    """

    path: str
    seen: Span
    possible: Span
    outcomes: Mapping[str, int]
    why: str
    releases: frozenset[str]
    instances: frozenset[str]
    is_open: bool

    @property
    def failures(self) -> int:
        """The number of failed probes in it."""
        return sum(self.outcomes.values())


def find_service_gaps(results: Iterable[PathProbe], watched: Span) -> list[ServiceGap]:
    """Return the gaps of every path, in order of time."""
    by_path: dict[str, list[PathProbe]] = defaultdict(list)
    for result in results:
        by_path[result.path].append(result)
    gaps = [
        gap
        for path, of_path in by_path.items()
        for gap in _find_gaps_of_path(path, of_path, watched)
    ]
    return sorted(gaps, key=lambda gap: gap.seen)


def _find_gaps_of_path(path: str, results: Sequence[PathProbe], watched: Span) -> list[ServiceGap]:
    # The moment at which the service is known to work is the one of the answer.
    good = sorted(result.ended for result in results if result.outcome is ProbeOutcome.OK)
    groups: dict[int, list[PathProbe]] = defaultdict(list)
    for result in results:
        if result.failed:
            groups[bisect_right(good, result.started)].append(result)
    return [_make_gap(path, group, good, watched) for group in groups.values()]


def _make_gap(
    path: str, failures: Sequence[PathProbe], good: Sequence[float], watched: Span
) -> ServiceGap:
    begins = min(result.started for result in failures)
    before = bisect_left(good, begins)
    after = bisect_right(good, max(result.started for result in failures))
    last_good = good[before - 1] if before else min(watched.begins, begins)
    is_open = after == len(good)
    ends = max(result.ended for result in failures)
    first_good = max(watched.ends, ends) if is_open else good[after]
    return ServiceGap(
        path,
        Span(begins, min(ends, first_good)),
        Span(last_good, first_good),
        Counter(result.outcome.value for result in failures),
        failures[0].why,
        frozenset(result.release for result in failures if result.release),
        frozenset(result.instance for result in failures if result.instance),
        is_open,
    )


@dataclass(frozen=True)
class Continuity:
    """A cutover as it was watched.

    `unwatched` are the spans of `window` in which no watcher ran in time. `results` are the probes
    that began in the window and say something of the target.
    """

    window: Span
    watched: Sequence[Span]
    unwatched: Sequence[Span]
    results: Sequence[PathProbe]
    gaps: Sequence[ServiceGap]

    @property
    def watched_seconds(self) -> float:
        """The seconds of the window in which a watcher ran in time."""
        return self.window.seconds - add_up(self.unwatched)

    @property
    def failures(self) -> int:
        """The number of failed probes."""
        return sum(result.failed for result in self.results)

    def seconds_in_gaps(self, *, possible: bool) -> float:
        """Return the seconds of all gaps together, as they were seen or as they may have been."""
        return add_up(gap.possible if possible else gap.seen for gap in self.gaps)

    def count_by_path(self) -> Mapping[str, int]:
        """Return the number of probes of each path."""
        return Counter(result.path for result in self.results)


def describe_continuity(record: WatchRecord, window: Span) -> Continuity:
    """Return what the record shows of the window.

    What only fills up a step is left out: it would thin out the failures of all others.
    """
    watched = [
        Span(max(span.begins, window.begins), min(span.ends, window.ends))
        for span in record.watched
        if span.overlaps(window)
    ]
    results = [
        result
        for result in record.results
        if window.begins <= result.started <= window.ends and _counts(result)
    ]
    unwatched = subtract_spans([window], watched)
    return Continuity(window, watched, unwatched, results, find_service_gaps(results, window))


def _counts(result: PathProbe) -> bool:
    return result.outcome not in UNDECIDED and not result.is_extra


def find_window(settings: Watch, now: float) -> Span:
    """Return the declared window, until `now` at the latest. Raises `NotProven` without one."""
    if settings.begins is None:
        reason = "it is not set, so the record may not cover the whole cutover"
        raise gap_error(rules.WATCHED, "watch.begins", reason)
    begins, ends = settings.begins.timestamp(), now
    if settings.ends is not None:
        ends = min(ends, settings.ends.timestamp())
    if ends <= begins:
        raise gap_error(rules.WATCHED, "watch.begins", "it has not come yet")
    return Span(begins, ends)
