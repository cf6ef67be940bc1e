"""The pages that Prometheus scraped of each instance, as far as the rollback triggers read them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from math import inf

from cutover_gates.config.metric_settings import TriggerSeries
from cutover_gates.core.triggers.instance_reader import InstancePage
from cutover_gates.probes.observability.prometheus_api import PrometheusApi
from cutover_gates.probes.observability.promql import add_labels
from cutover_gates.probes.observability.raw_samples import (
    RawSeries,
    fetch_samples,
    join_names,
    metric_name,
)
from cutover_gates.util.concurrency import run_concurrently

UP = "up"
_EDGE = "le"


class CountedKind(StrEnum):
    """What a counter counts."""

    REQUESTS = "requests"
    DURATIONS = "durations"
    TIMEOUTS = "pool time-outs"


@dataclass(frozen=True)
class CounterMeaning:
    """What one series counts. `edge`: the upper edge of a bucket of `operation`, in seconds.

    `failed` None: the series does not tell how its requests ended. `labels` are its label names.
    """

    kind: CountedKind
    failed: bool | None = False
    operation: str = ""
    edge: float = inf
    labels: frozenset[str] = frozenset()


@dataclass
class ScrapedInstance:
    """One instance in Prometheus: its pages in their order, and how its newest scrapes ended.

    `jobs` are those that scrape it. `ups`: (moment, whether the scrape was successful).
    """

    name: str
    jobs: set[str] = field(default_factory=set)
    ups: list[tuple[float, bool]] = field(default_factory=list)
    pages: list[InstancePage] = field(default_factory=list)

    @property
    def moments(self) -> list[float]:
        """The moments of its scrapes."""
        return [at for at, _ in self.ups]


@dataclass(frozen=True)
class MetricPages:
    """What was scraped of all instances, by name. `meanings`: of each counter, by its key."""

    instances: Mapping[str, ScrapedInstance]
    meanings: Mapping[str, CounterMeaning]

    @property
    def moments(self) -> dict[str, list[float]]:
        """The moments of the scrapes of each instance."""
        return {name: each.moments for name, each in self.instances.items()}


@dataclass
class _RawPage:
    """A page while its series come in."""

    counters: dict[str, float] = field(default_factory=dict)
    gauges: dict[str, float] = field(default_factory=dict)
    releases: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class PageQuery:
    """The queries for the pages. `operations` are those whose response times are wanted."""

    series: TriggerSeries
    labels: str
    operations: Sequence[str] = ()

    def fetch(self, api: PrometheusApi, seconds: float, at: float) -> MetricPages:
        """Return what was scraped in the seconds before `at`. Raises `SourceUnavailable`."""
        selectors = [*self._list_counted(), *((one, "") for one in self._list_others())]
        answers = run_concurrently(
            partial(fetch_samples, api, selector, seconds, at) for selector, _ in selectors
        )
        found: list[tuple[RawSeries, str]] = []
        for answer, (_, operation) in zip(answers, selectors, strict=True):
            found += [(series, operation) for series in answer]
        return _PageSorter(self.series).sort(found)

    def _list_counted(self) -> Iterator[tuple[str, str]]:
        """Yield the selectors of requests, and of the buckets of each operation."""
        users = ",".join(filter(None, (self.series.left_out.strip("{}, "), self.labels)))
        if self.series.requests:
            yield add_labels(self.series.requests, users), ""
        for operation in self.operations:
            matchers = self.series.operations.get(operation, "").strip("{}, ")
            if matchers:
                labels = ",".join((matchers, self.labels.strip("{}, ")))
                yield add_labels(f"{self.series.durations}_bucket", labels.strip(",")), operation

    def _list_others(self) -> list[str]:
        table = self.series
        names = (UP, table.started, table.heartbeat, table.release_info, *table.pool)
        return join_names([name for name in names if name], self.labels)


@dataclass
class _PageSorter:
    """Sorts series by instance and moment: samples of one scrape have one moment."""

    table: TriggerSeries
    instances: dict[str, ScrapedInstance] = field(default_factory=dict)
    meanings: dict[str, CounterMeaning] = field(default_factory=dict)
    raw: dict[str, dict[float, _RawPage]] = field(default_factory=dict)

    def sort(self, found: Iterable[tuple[RawSeries, str]]) -> MetricPages:
        for series, operation in found:
            self._add(series, operation)
        for name, pages in self.raw.items():
            built = [self._build(at, pages[at]) for at in sorted(pages)]
            self.instances[name].pages = _hold_back_partial(built)
            self.instances[name].ups.sort()
        return MetricPages(self.instances, self.meanings)

    def _add(self, series: RawSeries, operation: str) -> None:
        name = series.labels.get("instance", "")
        instance = self.instances.setdefault(name, ScrapedInstance(name))
        instance.jobs.add(series.labels.get("job", ""))
        if series.name == UP:
            instance.ups += [(at, value == 1) for at, value in series.samples]
            return
        meaning = self._find_meaning(series, operation)
        key = _format_key(series.labels)
        if meaning:
            self.meanings[key] = meaning
        release = series.labels.get(self.table.release_label, "")
        pages = self.raw.setdefault(name, {})
        for at, value in series.samples:
            page = pages.setdefault(at, _RawPage())
            if meaning:
                page.counters[key] = value
            else:
                page.gauges[series.name] = value
            if self._tells_release(series, meaning):
                page.releases.add(release)

    def _find_meaning(self, series: RawSeries, operation: str) -> CounterMeaning | None:
        if operation:
            edge = float(series.labels.get(_EDGE, "inf"))
            return CounterMeaning(CountedKind.DURATIONS, operation=operation, edge=edge)
        if series.name == metric_name(self.table.pool_timeouts):
            return CounterMeaning(CountedKind.TIMEOUTS)
        if series.name != metric_name(self.table.requests):
            return None
        value = series.labels.get(self.table.failed_label, "")
        failed = bool(re.fullmatch(self.table.failed_values, value))
        told = failed if failed or value else None
        return CounterMeaning(CountedKind.REQUESTS, told, labels=frozenset(series.labels))

    def _tells_release(self, series: RawSeries, meaning: CounterMeaning | None) -> bool:
        if self.table.release_info:
            return series.name == metric_name(self.table.release_info)
        return meaning is not None and meaning.kind is not CountedKind.TIMEOUTS

    def _build(self, at: float, raw: _RawPage) -> InstancePage:
        # Two releases on one page: nobody knows whose the counts are.
        release = next(iter(raw.releases), None) if len(raw.releases) < 2 else ""
        started, heartbeat = metric_name(self.table.started), metric_name(self.table.heartbeat)
        return InstancePage(
            at,
            raw.counters,
            raw.gauges,
            release,
            raw.gauges.get(started) if started else None,
            raw.gauges.get(heartbeat) if heartbeat else None,
        )


def _hold_back_partial(pages: list[InstancePage]) -> list[InstancePage]:
    """Leave out a newest page that misses what the one before it had.

    A scrape that is stored between two of our queries is seen by the second one only. The next
    evaluation sees it whole.
    """
    if len(pages) < 2:
        return pages
    before, newest = pages[-2], pages[-1]
    misses = before.gauges.keys() - newest.gauges.keys() or bool(before.release) > bool(
        newest.release
    )
    lost = bool(before.counters) and not newest.counters
    return pages[:-1] if misses or lost else pages


def _format_key(labels: Mapping[str, str]) -> str:
    """Return the key of a series within its instance."""
    own = sorted((name, value) for name, value in labels.items() if name not in ("job", "instance"))
    return ",".join(f"{name}={value}" for name, value in own)
