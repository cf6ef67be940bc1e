"""Increments of counters between two scrapes: resets, restarts, and series born with the trouble.

`increase()` of Prometheus says 0 for a series that appears with its first error, and misses what a
process counted before it was first scraped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ScrapedPage:
    """One scrape of one process. `at` and `process_started` are on one clock, in seconds.

    `counters`: the value of each series. `process_started` None: the page does not tell.
    """

    at: float
    counters: Mapping[str, float]
    process_started: float | None = None


@dataclass(frozen=True)
class CounterIncrements:
    """What was counted between two scrapes.

    `by_series` is None where there is no scrape before. `resets`: series that fell, and so began
    anew. `restarted`: the process began after the last scrape.
    """

    by_series: Mapping[str, float] | None
    seconds: float = 0.0
    resets: tuple[str, ...] = ()
    restarted: bool = False


@dataclass
class CounterReader:
    """The last scrape of one process. One reader belongs to one instance."""

    at: float | None = None
    values: dict[str, float] = field(default_factory=dict)

    def read(self, page: ScrapedPage) -> CounterIncrements:
        """Return what was counted since the last scrape.

        A value below the last one is a reset and counts whole. The first value of a series counts
        only where its process began after the last scrape: else it may be old. A page that is not
        newer than the last one is a cached one, and counts nothing: None.
        """
        if self.at is None:
            self.at, self.values = page.at, dict(page.counters)
            return CounterIncrements(None)
        if page.at <= self.at:
            return CounterIncrements(None)
        last, seconds = self.at, page.at - self.at
        restarted = page.process_started is not None and page.process_started >= last
        increments = {
            name: self._increment(name, value, restarted) for name, value in page.counters.items()
        }
        resets = tuple(sorted(name for name in increments if self._is_reset(name, page)))
        self.at, self.values = page.at, {**self.values, **page.counters}
        return CounterIncrements(increments, seconds, resets, restarted)

    def _increment(self, name: str, value: float, restarted: bool) -> float:
        if name not in self.values:
            return value if restarted else 0.0
        if restarted or value < self.values[name]:
            return value
        return value - self.values[name]

    def _is_reset(self, name: str, page: ScrapedPage) -> bool:
        return name in self.values and page.counters[name] < self.values[name]


def is_clock_off(source_time: float, own_time: float, scrape_seconds: float) -> bool:
    """Return whether a source's clock differs so much that its newest values are unknown."""
    return abs(source_time - own_time) > scrape_seconds
