"""Counts the requests of a night, and the slow ones, from the pages that Prometheus scraped.

From raw samples: `increase()` says nothing of a series that appears with its first error.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

from cutover_gates.core.triggers.instance_reader import (
    SAME_START_SECONDS,
    STORED_SCRAPES,
    STORED_SECONDS,
    InstancePage,
    find_spacing,
)
from cutover_gates.probes.observability.metric_pages import (
    CountedKind,
    CounterMeaning,
    MetricPages,
    ScrapedInstance,
)

MISSED_SCRAPES = 2.5
"""Times the seconds between two scrapes after which one is missing."""
UNSEEN_SHARE = 0.05
"""The share of the night in which an instance may not have been seen."""


@dataclass
class NightCounts:
    """The requests of a night by release, as (failed, all). `unseen`: why a part was not seen.

    `within`: the requests of an operation that took at most so many seconds, an edge of a bucket.
    `edges`: of each operation, those that every page with its buckets has.
    """

    by_release: dict[str, tuple[int, int]] = field(default_factory=dict)
    within: Counter[tuple[str, float]] = field(default_factory=Counter)
    edges: dict[str, set[float]] = field(default_factory=dict)
    unseen: dict[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> int:
        """The requests that failed."""
        return sum(failed for failed, _ in self.by_release.values())

    @property
    def total(self) -> int:
        """All requests."""
        return sum(total for _, total in self.by_release.values())

    def list_edges(self, operation: str) -> list[float]:
        """Return the edges at which the requests of an operation can be counted, in seconds."""
        return sorted(self.edges.get(operation, set()) - {inf})

    def count_slow(self, operation: str, edge: float) -> tuple[int, int]:
        """Return the requests of an operation that took longer than an edge, and all of them."""
        total = self.within[operation, inf]
        return max(0, total - self.within[operation, edge]), total

    def keep_common_edges(self, shown: Mapping[str, set[float]]) -> None:
        """Leave out the edges that a page does not have: releases may differ in their buckets."""
        for operation, edges in shown.items():
            self.edges[operation] = self.edges.get(operation, edges) & edges

    def add(self, release: str, failed: float, total: float) -> None:
        """Take in what an instance counted."""
        before = self.by_release.get(release, (0, 0))
        self.by_release[release] = (before[0] + round(failed), before[1] + round(total))


def count_night(pages: MetricPages, begins: float, ends: float) -> NightCounts:
    """Return what all instances counted between two moments."""
    counts, spacing = NightCounts(), find_spacing(pages.moments)
    if spacing is None:
        counts.unseen["up"] = "Prometheus has scraped no instance of the target in this time"
        return counts
    for instance in pages.instances.values():
        _count_instance(counts, instance, pages, (begins, ends, spacing))
    moments = [page.at for one in pages.instances.values() for page in one.pages]
    newest, oldest = max(moments, default=begins), min(moments, default=ends)
    if newest < ends - MISSED_SCRAPES * spacing or oldest > begins + MISSED_SCRAPES * spacing:
        reason = f"scraped for {max(0.0, newest - oldest):.0f} s of the {ends - begins:.0f} s"
        counts.unseen["begin and end"] = reason
    return counts


def _count_instance(
    counts: NightCounts,
    instance: ScrapedInstance,
    pages: MetricPages,
    times: tuple[float, float, float],
) -> None:
    """Add what one instance counted; `times`: begin, end and seconds between two scrapes."""
    begins, ends, spacing = times
    reader, unseen = _PageReader(begins), 0.0
    for page in instance.pages:
        not_seen = reader.find_unseen(page, spacing)
        increments = reader.read(page)
        if page.at <= begins or page.at > ends:
            continue
        # When it was counted does not matter here, but how long nobody looked does.
        unseen += not_seen
        counts.keep_common_edges(_find_edges(page, pages.meanings))
        for name, value in increments.items():
            meaning = pages.meanings.get(name)
            if meaning is not None and meaning.kind is CountedKind.REQUESTS:
                failed = value if meaning.failed else 0.0
                counts.add(page.release or "", failed, value)
            elif meaning is not None and meaning.kind is CountedKind.DURATIONS:
                counts.within[meaning.operation, meaning.edge] += round(value)
    if unseen > UNSEEN_SHARE * (ends - begins):
        counts.unseen[instance.name] = f"what it answered was not scraped for {unseen:.0f} s"


def _find_edges(
    page: InstancePage, meanings: Mapping[str, CounterMeaning]
) -> dict[str, set[float]]:
    """Return the edges of the buckets that a page shows, by operation."""
    shown: dict[str, set[float]] = defaultdict(set)
    for name in page.counters:
        meaning = meanings.get(name)
        if meaning is not None and meaning.kind is CountedKind.DURATIONS:
            shown[meaning.operation].add(meaning.edge)
    return shown


@dataclass
class _PageReader:
    """Counts page by page what one instance answered. `begins`: the window's.

    A series that appears while its process runs was counted since the page before. The triggers
    leave that out, since they must know when it was.
    """

    begins: float
    known: dict[str, float] = field(default_factory=dict)
    page: InstancePage | None = None
    moved_at: float = 0.0

    def read(self, page: InstancePage) -> dict[str, float]:
        """Return what was counted since the page before."""
        is_first, is_new = self.page is None, self._is_of_new_process(page)
        if is_new:
            self.known = {}
        counts_from_zero = is_new or (not is_first and page.started is not None)
        increments = {
            name: self._increment(name, value, counts_from_zero)
            for name, value in page.counters.items()
        }
        self.known.update(page.counters)
        self.page = page
        return increments

    def find_unseen(self, page: InstancePage, spacing: float) -> float:
        """Return the seconds before a page in which nobody saw the instance.

        A page that has not moved for long is a stored one: it shows nothing.
        """
        before = self.page
        if before is None or not _is_same(page, before):
            self.moved_at = page.at
        is_stored = page.at - self.moved_at >= max(STORED_SECONDS, STORED_SCRAPES * spacing)
        step = page.at - before.at if before else 0.0
        return step if is_stored or step > MISSED_SCRAPES * spacing else 0.0

    def _increment(self, name: str, value: float, counts_from_zero: bool) -> float:
        before = self.known.get(name)
        if before is None:
            return value if counts_from_zero else 0.0
        return value - before if value >= before else value

    def _is_of_new_process(self, page: InstancePage) -> bool:
        """Return whether the process of a page began in the window, and after the page before."""
        if self.page is None:
            return page.started is not None and page.started >= self.begins
        old = self.page.started
        if old is None or page.started is None:
            return False
        return abs(page.started - old) > SAME_START_SECONDS


def _is_same(page: InstancePage, before: InstancePage) -> bool:
    """Return whether a page is the one before again, as far as can be told."""
    if page.heartbeat is None:
        return False
    return page.heartbeat == before.heartbeat and page.counters == before.counters
