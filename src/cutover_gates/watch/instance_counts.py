"""What the instances of a release have counted, as readings of the triggers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cutover_gates.core.triggers.comparable_readings import find_edge
from cutover_gates.core.triggers.instance_reader import CountedPages, InstancePage
from cutover_gates.probes.observability.metric_pages import CountedKind, CounterMeaning


@dataclass(frozen=True)
class InstanceCounts:
    """What one instance has counted since the last evaluation, and its newest page."""

    name: str
    counted: CountedPages
    page: InstancePage


@dataclass(frozen=True)
class SubjectCounts:
    """The counts of several instances together. `release` None: those of every release.

    `unknown`: why they are not known.
    """

    instances: Sequence[InstanceCounts]
    meanings: Mapping[str, CounterMeaning]
    release: str | None = None
    unknown: str = ""

    @property
    def begins(self) -> float | None:
        """From when on something was counted; None: nothing was."""
        moments = [one.counted.begins for one in self.instances if one.counted.begins is not None]
        return min(moments, default=None)

    @property
    def ends(self) -> float | None:
        """The newest scrape that counts."""
        moments = [one.counted.ends for one in self.instances if one.counted.ends is not None]
        return max(moments, default=None)

    def has_kind(self, kind: CountedKind) -> bool:
        """Return whether an instance shows such a counter."""
        shown = (self.meanings.get(name) for one in self.instances for name in one.page.counters)
        return any(meaning is not None and meaning.kind is kind for meaning in shown)

    def list_requests(self) -> list[CounterMeaning]:
        """Return what the counters of requests mean that an instance shows."""
        names = {name for one in self.instances for name in one.page.counters}
        found = [self.meanings[name] for name in names if name in self.meanings]
        return [meaning for meaning in found if meaning.kind is CountedKind.REQUESTS]

    def count_requests(self) -> tuple[int, int]:
        """Return the failed requests, and all of them."""
        failed = total = 0.0
        for meaning, value in self._of_kind(CountedKind.REQUESTS):
            total += value
            failed += value if meaning.failed else 0.0
        return round(failed), round(total)

    def count_timeouts(self) -> int:
        """Return the requests that got no connection in time."""
        return round(sum(value for _, value in self._of_kind(CountedKind.TIMEOUTS)))

    def find_slow_edge(self, operation: str, limit: float) -> float | None:
        """Return the edge at which slow requests are counted; None where none is near the limit."""
        edges = self.list_edges(operation)
        return find_edge([edge for edge in edges if edge < float("inf")], limit)

    def list_edges(self, operation: str) -> list[float]:
        """Return the edges of an operation's buckets that every instance has."""
        each = [set(self._edges_of(one.page, operation)) for one in self.instances]
        shown = [edges for edges in each if edges]
        return sorted(set.intersection(*shown)) if shown else []

    def count_slow(self, operation: str, edge: float) -> tuple[int, int]:
        """Return the requests of an operation that took longer than an edge, and all of them."""
        within = total = 0.0
        for meaning, value in self._of_kind(CountedKind.DURATIONS):
            if meaning.operation != operation:
                continue
            within += value if meaning.edge == edge else 0.0
            total += value if meaning.edge == float("inf") else 0.0
        return max(0, round(total) - round(within)), round(total)

    def _of_kind(self, kind: CountedKind) -> Iterator[tuple[CounterMeaning, float]]:
        for one in self.instances:
            for (release, name), value in one.counted.increments.items():
                if self.release is not None and release != self.release:
                    continue
                meaning = self.meanings.get(name)
                if meaning is not None and meaning.kind is kind:
                    yield meaning, value

    def _edges_of(self, page: InstancePage, operation: str) -> Iterator[float]:
        for name in page.counters:
            meaning = self.meanings.get(name)
            if meaning and meaning.kind is CountedKind.DURATIONS and meaning.operation == operation:
                yield meaning.edge


@dataclass
class RecentLoad:
    """Requests a second of the whole service, over the last `seconds`."""

    seconds: float
    counted: list[tuple[float, float, int]] = field(default_factory=list)

    def add(self, begins: float, ends: float, total: int) -> None:
        """Take in what was counted in an interval."""
        self.counted.append((begins, ends, total))
        self.counted = [one for one in self.counted if one[1] > ends - self.seconds]

    @property
    def per_second(self) -> float | None:
        """The load; None until it was seen for as long."""
        covered = sum(ends - begins for begins, ends, _ in self.counted)
        if covered < 0.9 * self.seconds:
            return None
        return sum(total for _, _, total in self.counted) / covered
