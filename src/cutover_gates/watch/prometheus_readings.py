"""Prometheus as a source of the triggers: errors, response times and the pool of each release.

Raw samples are counted, not `increase()`: see docs/decisions/0082-raw-samples.md.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from cutover_gates.config.metric_settings import TriggerSeries
from cutover_gates.config.triggers import TriggerSettings
from cutover_gates.core.triggers.evaluation import (
    DatabaseReading,
    PendingReading,
    ShareReading,
    TriggerReading,
)
from cutover_gates.core.triggers.release_series import find_unusable_release
from cutover_gates.core.triggers.trigger_names import (
    NEW,
    OLD,
    SERVICE,
    ConditionKey,
    SignalSource,
    TriggerName,
)
from cutover_gates.util.http import SourceUnavailable
from cutover_gates.watch.counted_readings import CountedSpan, ReadingMaker, SourceAnswer
from cutover_gates.watch.instance_counts import InstanceCounts, SubjectCounts
from cutover_gates.watch.prometheus_scrapes import STALE_SCRAPES, ScrapeFollower, Scrapes
from cutover_gates.watch.reading_sources import SourceReadings

PROMETHEUS = SignalSource.PROMETHEUS


@dataclass(frozen=True)
class ReleaseNames:
    """The new release, and the one before it where it is declared."""

    new: str
    old: str | None = None


@dataclass
class PrometheusReadings:
    """Reads Prometheus. `serves_new`: whether the new release has been seen to answer.

    `maker` makes the readings of the counts.
    """

    follower: ScrapeFollower
    maker: ReadingMaker
    series: TriggerSeries
    triggers: TriggerSettings
    releases: ReleaseNames
    serves_new: Callable[[], bool]
    source: SignalSource = PROMETHEUS
    _ends: dict[str, float] = field(default_factory=dict)
    _new_seen: bool = False
    _busy: threading.Lock = field(default_factory=threading.Lock)

    def read(self, now: float) -> SourceReadings:
        """Return the readings since the last call. Raises `SourceUnavailable`.

        A late call is left behind by its caller: what it counts must not be counted twice.
        """
        if not self._busy.acquire(blocking=False):
            raise SourceUnavailable("has not answered the question before", PROMETHEUS)
        try:
            return self._read(now)
        finally:
            self._busy.release()

    def _read(self, now: float) -> SourceReadings:
        scrapes = self.follower.follow(now)
        answer = SourceAnswer()
        for subject, counts in self._list_subjects(scrapes).items():
            self._read_subject(subject, counts, scrapes, now, answer)
        heard = any(_is_known(each) for each in answer.readings)
        return SourceReadings(tuple(answer.readings), heard, answer.unknown)

    def _list_subjects(self, scrapes: Scrapes) -> dict[str, SubjectCounts]:
        """Return the counts of the service and of each release; the release before, where known."""
        self._new_seen |= self.serves_new() or self.releases.new in scrapes.releases.values()
        subjects = {SERVICE: self._select(scrapes, None)}
        if self._new_seen:
            subjects[NEW] = self._select(scrapes, self.releases.new)
        if self.releases.old in scrapes.releases.values():
            subjects[OLD] = self._select(scrapes, self.releases.old)
        return subjects

    def _select(self, scrapes: Scrapes, release: str | None) -> SubjectCounts:
        """Return the counts of one release; None: of all."""
        found, why = scrapes.counts, scrapes.unknown
        missing = scrapes.missing
        if release is not None:
            label = self.series.release_label
            why = why or find_unusable_release(scrapes.releases, label, release) or ""
            found = tuple(one for one in found if _shows(one, release))
            missing = {
                name: reason
                for name, reason in missing.items()
                if scrapes.releases.get(name) in (release, None)
            }
        why = why or "; ".join(missing.values())
        return SubjectCounts(found, self.follower.meanings, release, why)

    def _read_subject(
        self,
        subject: str,
        counts: SubjectCounts,
        scrapes: Scrapes,
        now: float,
        answer: SourceAnswer,
    ) -> None:
        """Add the readings of one subject, or why there is none."""
        keys = self._list_keys(subject)
        # Before the first reading, the first look: the second scrape may still come.
        last = self._ends.setdefault(subject, scrapes.moment if counts.ends is None else 0.0)
        begins, ends = counts.begins, counts.ends
        why = counts.unknown or self._find_sparse(scrapes.spacing)
        if not why and begins is not None and ends is not None and ends > last:
            self._ends[subject] = ends
            # From the clock of Prometheus to that of the record; never after the evaluation.
            at = min(now, now - (scrapes.moment - ends))
            span = CountedSpan(ends - max(begins, last), at, scrapes.spacing)
            for key in keys:
                self.maker.read(key, counts, span, answer)
            return
        spacing = max(scrapes.spacing, self.triggers.evaluate_seconds)
        if not why and scrapes.moment - last <= STALE_SCRAPES * spacing:
            answer.readings += [PendingReading(key) for key in keys]
            return
        for key in keys:
            answer.add_unknown(key, why or "no newer sample has come for too long")

    def _find_sparse(self, spacing: float) -> str:
        window = self.triggers.rate_seconds
        if spacing <= window:
            return ""
        return f"Prometheus scrapes every {spacing:g} s, triggers.rate_seconds is {window:g}"

    def _list_keys(self, subject: str) -> list[ConditionKey]:
        """Return the conditions that this source is declared for."""
        keys: list[ConditionKey] = []
        if self.series.requests:
            keys.append(ConditionKey(TriggerName.ERRORS, subject, PROMETHEUS))
        if self.triggers.response_source == "prometheus":
            keys += [
                ConditionKey(TriggerName.RESPONSE, subject, PROMETHEUS, operation)
                for operation in self.triggers.response_operations
            ]
        if self.series.pool:
            keys.append(ConditionKey(TriggerName.DATABASE, subject, PROMETHEUS))
        return keys


def _shows(one: InstanceCounts, release: str) -> bool:
    """Return whether an instance is of a release, or has counted something for it."""
    counted = {found for found, _ in one.counted.increments}
    return one.page.release == release or release in counted


def _is_known(reading: TriggerReading) -> bool:
    if isinstance(reading, ShareReading | DatabaseReading):
        return reading.is_known
    return isinstance(reading, PendingReading)
