"""What one instance has counted between two evaluations, by the pages that were scraped of it.

Pages are read one after the other, so that a short restart between two evaluations is seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from cutover_gates.core.triggers.counter_increments import (
    CounterIncrements,
    CounterReader,
    ScrapedPage,
)

STORED_SCRAPES, STORED_SECONDS = 3, 10.0
"""Scrapes, and seconds at least, that show the same page until it counts as a stored one: the CPU
time of an idle process moves in hundredths of a second."""
SAME_START_SECONDS = 1.0
"""A process tells its start exactly; some libraries compute it anew at each scrape."""


@dataclass(frozen=True)
class InstancePage:
    """One scrape of an instance. `at` is on the clock of the source, in seconds.

    `release`: as its label says, empty where it has none, None where the page has nothing yet that
    would carry it. `started`: the start of the process, on
    the instance's own clock. `heartbeat`: a counter that moves while the process runs; None where
    the page has none.
    """

    at: float
    counters: Mapping[str, float]
    gauges: Mapping[str, float] = field(default_factory=dict)
    release: str | None = None
    started: float | None = None
    heartbeat: float | None = None


@dataclass(frozen=True)
class CountedPages:
    """What the new pages of an instance have counted, by release and series.

    `begins` and `ends` are None without a new page that has one before it. `unknown`: why a part of
    it is not known. `restarted`: whether the process began anew.
    """

    increments: Mapping[tuple[str, str], float] = field(default_factory=dict)
    begins: float | None = None
    ends: float | None = None
    unknown: str = ""
    restarted: bool = False


@dataclass
class InstanceReader:
    """The pages of one instance so far. `page` is the newest one."""

    page: InstancePage | None = None
    counter: CounterReader = field(default_factory=CounterReader)
    distinct_at: float = 0.0

    def read(
        self, pages: Sequence[InstancePage], since: float, watched: float | None, spacing: float
    ) -> CountedPages:
        """Return what the pages after the newest known one have counted from `since` on.

        `watched`: until when the source was watched before; a process that began after it counts
        from zero. `spacing`: seconds between two pages; what was counted over more than two of them
        has no known moment.
        """
        counted: dict[tuple[str, str], float] = {}
        moments: list[float] = []
        unknown, restarted = "", False
        for page in pages:
            if self.page is not None and page.at <= self.page.at:
                continue
            found, seconds = self._read_page(page, watched, spacing)
            restarted |= found.restarted
            if found.by_series is None:
                continue
            unknown = self._find_unknown(page, seconds, spacing)
            if page.at <= since or unknown:
                continue
            moments += [page.at - seconds, page.at]
            for name, value in found.by_series.items():
                key = (page.release or "", name)
                counted[key] = counted.get(key, 0.0) + value
        begins, ends = min(moments, default=None), max(moments, default=None)
        return CountedPages(counted, begins, ends, unknown, restarted)

    def _read_page(
        self, page: InstancePage, watched: float | None, spacing: float
    ) -> tuple[CounterIncrements, float]:
        """Return what a page has counted, and over how many seconds."""
        began = self._find_start(page, watched)
        counted_from = self.counter.at
        if self.page is not None and self._is_stored(self.page.at, spacing):
            # The page was an old one: what comes now was counted since that one was made.
            counted_from = self.distinct_at
        if not self._is_same(page):
            self.distinct_at = page.at
        self.page = page
        found = self.counter.read(ScrapedPage(page.at, page.counters, began))
        seconds = page.at - (page.at if counted_from is None else counted_from)
        lived = page.at - page.started if found.restarted and page.started else seconds
        return found, min(seconds, lived) if lived > 0 else seconds

    def _find_start(self, page: InstancePage, watched: float | None) -> float | None:
        """Return the start of a process that began after the page before; None: it did not."""
        if self.page is not None:
            return self.counter.at if self._is_another_process(page) else None
        if watched is not None and page.started is not None and page.started >= watched:
            # Born after the last look: whatever it has counted, it has counted since.
            self.counter.at = watched
        return page.started

    def _is_another_process(self, page: InstancePage) -> bool:
        """Return whether the process began anew. Also by a wrong clock its start differs."""
        old = self.page.started if self.page else None
        if old is None or page.started is None:
            return False
        return abs(page.started - old) > SAME_START_SECONDS

    def _is_same(self, page: InstancePage) -> bool:
        """Return whether a page is the one before again, as far as can be told."""
        if self.page is None or page.heartbeat is None:
            return False
        return page.heartbeat == self.page.heartbeat and page.counters == self.page.counters

    def _is_stored(self, at: float, spacing: float) -> bool:
        return at - self.distinct_at >= max(STORED_SCRAPES * spacing, STORED_SECONDS)

    def _find_unknown(self, page: InstancePage, seconds: float, spacing: float) -> str:
        """Return why the counts of a page say nothing; empty where they do."""
        # No seconds in the reasons: one that changes at each evaluation would fill the record.
        if self._is_stored(page.at, spacing):
            return "the same page is served again and again: it is a stored one"
        if seconds > 2.5 * spacing:
            return "nothing was scraped for too long: what was counted has no known moment"
        return ""


def find_spacing(moments: Mapping[str, Sequence[float]]) -> float | None:
    """Return the seconds between two scrapes, of the instance that is scraped least often.

    The middle one of each instance: a missing scrape must not lengthen it. None: not known yet.
    """
    return max(_list_middles(moments), default=None)


def _list_middles(moments: Mapping[str, Sequence[float]]) -> Iterator[float]:
    for several in moments.values():
        steps = sorted(b - a for a, b in pairwise(several) if b > a)
        if steps:
            yield steps[len(steps) // 2]
