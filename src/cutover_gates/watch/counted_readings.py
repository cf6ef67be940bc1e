"""Makes readings of what the instances of one subject have counted, or says why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cutover_gates.config.metric_settings import TriggerSeries
from cutover_gates.config.triggers import TriggerSettings
from cutover_gates.core.triggers.comparable_readings import ResponseBaseline, find_incomparable
from cutover_gates.core.triggers.evaluation import DatabaseReading, ShareReading, TriggerReading
from cutover_gates.core.triggers.trigger_names import SERVICE, ConditionKey, TriggerName
from cutover_gates.probes.observability.metric_pages import CountedKind
from cutover_gates.probes.observability.raw_samples import metric_name
from cutover_gates.watch.instance_counts import RecentLoad, SubjectCounts

Pool = tuple[float | None, float | None]


@dataclass
class SourceAnswer:
    """The readings of one evaluation while they are made, and why some are unknown."""

    readings: list[TriggerReading] = field(default_factory=list)
    unknown: dict[ConditionKey, str] = field(default_factory=dict)

    def add_unknown(self, key: ConditionKey, why: str) -> None:
        """Add a reading without counts, with its reason."""
        self.unknown[key] = why
        if key.trigger is TriggerName.DATABASE:
            self.readings.append(DatabaseReading(key))
        else:
            self.readings.append(ShareReading(key, None, None))


@dataclass(frozen=True)
class CountedSpan:
    """When something was counted: over so many seconds, until `at` on the clock of the record.

    `spacing`: seconds between two scrapes.
    """

    seconds: float
    at: float
    spacing: float


@dataclass
class ReadingMaker:
    """Makes the readings. `baselines`: of the response times by operation.

    `no_baselines`: why there is none.
    """

    series: TriggerSeries
    triggers: TriggerSettings
    baselines: Mapping[str, ResponseBaseline] = field(default_factory=dict)
    no_baselines: str = ""

    def __post_init__(self) -> None:
        self._load = RecentLoad(self.triggers.rate_seconds)
        self._asked: dict[ConditionKey, float] = {}

    def read(
        self, key: ConditionKey, counts: SubjectCounts, span: CountedSpan, answer: SourceAnswer
    ) -> None:
        """Add the reading of one condition. Errors come first: they tell the load."""
        if key.trigger is TriggerName.DATABASE:
            self._read_pool(key, counts, answer)
        elif key.trigger is TriggerName.ERRORS:
            self._read_errors(key, counts, span, answer)
        else:
            self._read_slow(key, counts, span, answer)

    def _read_errors(
        self, key: ConditionKey, counts: SubjectCounts, span: CountedSpan, answer: SourceAnswer
    ) -> None:
        why = self._find_untold(counts)
        if why:
            answer.add_unknown(key, why)
            return
        bad, total = counts.count_requests()
        if key.subject == SERVICE:
            self._load.add(span.at - span.seconds, span.at, total)
        answer.readings.append(ShareReading(key, bad, total, span.seconds, span.at, span.spacing))
        asked = self._asked.setdefault(key, span.at)
        if total:
            self._asked[key] = span.at
        elif span.at - asked >= self.triggers.rate_seconds:
            answer.unknown[key] = f"0 requests on {key.subject}"

    def _find_untold(self, counts: SubjectCounts) -> str:
        """Return why the counters of requests do not tell which of them failed."""
        name, found = self.series.requests, counts.list_requests()
        if not found:
            return f"the query found no series of {name}"
        if any(meaning.failed is None for meaning in found):
            return f"a series of {name} has no label {self.series.failed_label}"
        # Health checks that are not left out would hide the errors of users.
        for label in sorted(self.series.leaving_labels):
            if not any(label in meaning.labels for meaning in found):
                return f"no series of {name} has the label {label} of monitoring.triggers.left_out"
        return ""

    def _read_slow(
        self, key: ConditionKey, counts: SubjectCounts, span: CountedSpan, answer: SourceAnswer
    ) -> None:
        edge, why = self._find_edge(key, counts)
        if edge is None:
            answer.add_unknown(key, why)
            return
        bad, total = counts.count_slow(key.operation, edge)
        answer.readings.append(
            ShareReading(key, min(bad, total), total, span.seconds, span.at, span.spacing, edge)
        )

    def _find_edge(self, key: ConditionKey, counts: SubjectCounts) -> tuple[float | None, str]:
        """Return the edge above which a request is slow, or why there is none."""
        baseline = self.baselines.get(key.operation)
        why = find_incomparable(baseline, key.source, self._load.per_second)
        if baseline is None or why:
            return None, self.no_baselines or why or ""
        limit = baseline.limit(self.triggers.response_factor)
        edges = counts.list_edges(key.operation)
        shown = ", ".join(f"{each:g}" for each in edges) or "none are found"
        why = f"no bucket ends within 10 % of {limit:g} s ({shown})"
        return counts.find_slow_edge(key.operation, limit), why

    def _read_pool(self, key: ConditionKey, counts: SubjectCounts, answer: SourceAnswer) -> None:
        """Add what the pools show. The worst one counts: one empty pool is a failure."""
        size, waiting = metric_name(self.series.pool_size), metric_name(self.series.pool_waiting)
        gauges = [one.page.gauges for one in counts.instances]
        pools = [(page.get(size), page.get(waiting)) for page in gauges]
        worst: Pool = min(pools, key=_sort_by_harm, default=(None, None))
        counted = counts.has_kind(CountedKind.TIMEOUTS)
        reading = DatabaseReading(
            key,
            counts.count_timeouts() if counted else None,
            _round(worst[0]),
            _round(worst[1]),
        )
        answer.readings.append(reading)
        if not reading.is_known:
            answer.unknown[key] = f"the query found none of {', '.join(self.series.pool)}"


def _round(value: float | None) -> int | None:
    return None if value is None else round(value)


def _sort_by_harm(pool: Pool) -> tuple[bool, float]:
    """Return what sorts the pools: an empty one with waiters first, then by size."""
    size, waiting = pool
    return not (size == 0 and bool(waiting)), float("inf") if size is None else size
