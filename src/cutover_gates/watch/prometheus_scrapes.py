"""The scrapes of a target since the last evaluation, instance by instance.

An instance that nobody scrapes any more is gone. One whose scrape fails is unknown, unless its port
refuses connections: then no process is there that could answer a request.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from cutover_gates.core.triggers.counter_increments import is_clock_off
from cutover_gates.core.triggers.instance_reader import InstanceReader, find_spacing
from cutover_gates.core.triggers.release_series import find_doubled
from cutover_gates.probes.observability.metric_pages import (
    CounterMeaning,
    MetricPages,
    PageQuery,
    ScrapedInstance,
)
from cutover_gates.probes.observability.prometheus_api import PrometheusApi
from cutover_gates.util.http import SourceUnavailable
from cutover_gates.watch.instance_counts import InstanceCounts

LONGEST_RANGE = 300.0
STALE_SCRAPES = 2.5
KEPT_MOMENTS = 9
"""Scrapes of an instance by which the time between two is known."""
REFUSED = "connection refused"
NO_LABELS = "monitoring.labels is empty: all that Prometheus scrapes would be added up"


@dataclass(frozen=True)
class Scrapes:
    """What one evaluation found. `unknown`: why all of it is unknown.

    `missing`: why the counts of an instance are not known, by its name. `moment`: the time of the
    source. `releases`: what each instance that is there says of its release.
    """

    moment: float
    spacing: float
    counts: tuple[InstanceCounts, ...] = ()
    missing: dict[str, str] = field(default_factory=dict)
    releases: dict[str, str | None] = field(default_factory=dict)
    unknown: str = ""


@dataclass
class ScrapeFollower:
    """Follows the scrapes of all instances. `evaluate_seconds`: between two evaluations.

    `first_seconds`: what is asked for at first, at least two scrapes as they are declared.
    """

    api: PrometheusApi
    query: PageQuery
    evaluate_seconds: float
    first_seconds: float
    readers: dict[str, InstanceReader] = field(default_factory=dict)
    meanings: dict[str, CounterMeaning] = field(default_factory=dict)
    moments: dict[str, list[float]] = field(default_factory=dict)
    watched: float | None = None
    spacing: float | None = None
    ahead: float | None = None

    def follow(self, now: float) -> Scrapes:
        """Return what was scraped since the last call. Raises `SourceUnavailable`."""
        if not self.query.labels.strip("{}, "):
            return Scrapes(now, self.evaluate_seconds, unknown=NO_LABELS)
        least, most = self._compare_clocks(now)
        # Kept, so that a scrape has one moment in all evaluations; the least, so that no sample
        # comes from after the evaluation.
        tolerance = self.evaluate_seconds / 2
        if self.ahead is None or not least - tolerance <= self.ahead <= most + tolerance:
            self.ahead = least
        moment = now + self.ahead
        pages = self.query.fetch(self.api, self._range(moment), moment)
        spacing = self._learn_spacing(pages)
        nearest = min(max(0.0, least), most)
        if is_clock_off(nearest, 0.0, spacing):
            off = f"the clock of Prometheus is {nearest:+.0f} s off, at most one scrape may be"
            return Scrapes(moment, spacing, unknown=f"{off} ({spacing:g} s)")
        return self._read(pages, moment, spacing)

    def _learn_spacing(self, pages: MetricPages) -> float:
        """Return the seconds between two scrapes: what is declared until two have been seen.

        A range may hold a single scrape, so those of earlier evaluations are kept.
        """
        for name, moments in pages.moments.items():
            kept = sorted({*self.moments.get(name, ()), *moments})
            self.moments[name] = kept[-KEPT_MOMENTS:]
        present = {name: self.moments[name] for name in pages.moments}
        self.spacing = find_spacing(present) or self.spacing
        return self.spacing or self.first_seconds / 2

    def _compare_clocks(self, now: float) -> tuple[float, float]:
        """Return how far the clock of Prometheus is ahead of `now`, at least and at most."""
        asked = time.monotonic()
        source_time = self.api.fetch_time()
        return source_time - now - (time.monotonic() - asked), source_time - now

    def _range(self, moment: float) -> float:
        if self.watched is None or self.spacing is None:
            return self.first_seconds
        overlap = 3 * max(self.spacing, self.evaluate_seconds)
        return min(LONGEST_RANGE, moment - self.watched + overlap)

    def _read(self, pages: MetricPages, moment: float, spacing: float) -> Scrapes:
        self.meanings.update(pages.meanings)
        doubled = find_doubled({name: one.jobs for name, one in pages.instances.items()})
        if doubled:
            return Scrapes(moment, spacing, unknown=f"{doubled} in monitoring.labels")
        found = Scrapes(moment, spacing)
        counts = [
            one
            for _, instance in sorted(pages.instances.items())
            if (one := self._read_instance(instance, found))
        ]
        self.watched = moment
        self._forget_gone(pages, moment)
        seen = counts or found.missing
        unknown = "" if seen else "Prometheus has scraped no instance of the target of late"
        return Scrapes(moment, spacing, tuple(counts), found.missing, found.releases, unknown)

    def _read_instance(self, instance: ScrapedInstance, found: Scrapes) -> InstanceCounts | None:
        """Return what an instance has counted; None where it is gone or cannot be read."""
        newest_up = instance.ups[-1] if instance.ups else None
        stale = STALE_SCRAPES * found.spacing + self.evaluate_seconds
        if newest_up is None or newest_up[0] < found.moment - stale:
            return None
        reader = self.readers.setdefault(instance.name, InstanceReader())
        longest = max(found.spacing, self.evaluate_seconds)
        counted = reader.read(instance.pages, found.moment - 2 * longest, self.watched, longest)
        if not newest_up[1]:
            reason = self._find_scrape_error(instance.name)
            if REFUSED in reason:
                return None
            found.missing[instance.name] = f"{instance.name} could not be scraped: {reason}"
        elif counted.unknown:
            found.missing[instance.name] = f"{instance.name}: {counted.unknown}"
        if reader.page is None:
            return None
        found.releases[instance.name] = reader.page.release
        return InstanceCounts(instance.name, counted, reader.page)

    def _find_scrape_error(self, name: str) -> str:
        try:
            targets = self.api.fetch_targets()
        except SourceUnavailable:
            return "the reason is not known"
        errors = [one.last_error for one in targets if one.labels.get("instance") == name]
        return next(filter(None, errors), "the reason is not known")

    def _forget_gone(self, pages: MetricPages, moment: float) -> None:
        """Forget instances that nobody has scraped for a long time: another may get the name."""
        for name, reader in list(self.readers.items()):
            is_old = reader.page is None or reader.page.at < moment - LONGEST_RANGE
            if name not in pages.instances and is_old:
                del self.readers[name]
