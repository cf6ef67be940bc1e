"""Rows of the truth table as series of a hospital's own: what its alert rules are tried on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cutover_gates.config.monitoring import Trigger
from cutover_gates.config.recorded_series import RecordedSeries
from cutover_gates.core.triggers.comparable_readings import find_edge
from cutover_gates.core.triggers.truth_row import EVALUATE, Expected
from cutover_gates.core.triggers.truth_shares import (
    CLEAN_SECONDS,
    ERROR_CASES,
    SLOW_CASES,
    ShareCase,
    ShareStretch,
)
from cutover_gates.core.triggers.truth_steps import DATABASE_CASES, HEALTH_CASES, StepCase
from cutover_gates.probes.observability.alerts.sampled_series import SampledSeries, Samples

QUIET_SECONDS = 90
"""Seconds that are looked at after a trouble: no rule of a minute fires later."""
NEEDED_KEYS: Mapping[Trigger, tuple[str, ...]] = {
    "health": ("up",),
    "error-rate": ("answered", "failed"),
    "response-time": ("durations", "baseline_seconds"),
    "database": ("pool_timeouts",),
}
"""The keys of the settings that each trigger's series need."""


@dataclass(frozen=True)
class RecordedTrouble:
    """A series of the truth table. `seconds`: its length; `trouble_at`: where trouble begins."""

    name: str
    samples: Mapping[str, Samples]
    seconds: float
    trouble_at: float
    fires: bool


@dataclass(frozen=True)
class TroubleRecorder:
    """Makes the series of a hospital. `scrape`: its scrape interval; `factor`: slow above it."""

    names: RecordedSeries
    scrape: float
    factor: float

    def list_troubles(self, trigger: Trigger) -> Iterator[RecordedTrouble]:
        """Yield the series of one trigger."""
        match trigger:
            case "error-rate":
                yield from (self._share(each, slow=False) for each in ERROR_CASES if each.by_alerts)
            case "response-time":
                yield from (self._share(each, slow=True) for each in SLOW_CASES if each.by_alerts)
            case "health":
                yield from (self._health(each) for each in HEALTH_CASES if each.by_alerts)
            case "database":
                yield from (self._database(each) for each in DATABASE_CASES if each.by_alerts)

    def find_missing(self, trigger: Trigger) -> list[str]:
        """Return the keys that are needed and not set."""
        return [key for key in NEEDED_KEYS[trigger] if getattr(self.names, key) is None]

    @property
    def slow_seconds(self) -> float:
        """The limit above which a request is slow."""
        return self.factor * (self.names.baseline_seconds or 0)

    def _share(self, case: ShareCase, *, slow: bool) -> RecordedTrouble:
        series = SampledSeries(self.scrape)
        clean = CLEAN_SECONDS if case.clean else 0
        last = case.clean
        for stretch in (ShareStretch(clean, case.clean), *_cut_quiet(case)):
            # While nothing is scraped, the process goes on as it did.
            last = last if stretch.bad is None else stretch.bad
            times = stretch.seconds / EVALUATE
            counts = (self._time_counts if slow else self._error_counts)(last, stretch.total)
            scaled = {name: times * count for name, count in counts.items()}
            if stretch.seconds:
                series.count(scaled, stretch.seconds, seen=stretch.bad is not None)
        return self._build(case.name, series, clean, case.expected)

    def _error_counts(self, bad: int, total: int) -> dict[str, float]:
        return {str(self.names.answered): total - bad, str(self.names.failed): bad}

    def _time_counts(self, bad: int, total: int) -> dict[str, float]:
        edge = find_edge(self.names.duration_edges, self.slow_seconds) or self.slow_seconds
        counts: dict[str, float] = {}
        for each in self.names.duration_edges:
            # Quick requests end at the limit at the latest, slow ones in the last bucket.
            quick = each >= edge
            counts[self._bucket(f"{each:g}")] = total - bad if quick else 0
        counts[self._bucket("+Inf")] = total
        counts[_rename(str(self.names.durations), "_count")] = total
        counts[_rename(str(self.names.durations), "_sum")] = total * self.slow_seconds
        return counts

    def _bucket(self, edge: str) -> str:
        return _rename(str(self.names.durations), "_bucket", f'le="{edge}"')

    def _health(self, case: StepCase) -> RecordedTrouble:
        series = SampledSeries(self.scrape)
        for sign in "O" * 4 + case.signs:
            seen, name = sign != "?", str(self.names.up)
            series.hold({name: float(sign == "O")}, self.scrape, seen=seen)
        return self._build(case.name, series, 4 * self.scrape, case.expected)

    def _database(self, case: StepCase) -> RecordedTrouble:
        series, step = SampledSeries(self.scrape), max(EVALUATE, self.scrape)
        timeouts = 0
        for sign in "." * 24 + case.signs:
            timeouts += sign == "t"
            series.hold(self._database_values(sign, timeouts), step)
        return self._build(case.name, series, 24 * step, case.expected)

    def _database_values(self, sign: str, timeouts: int) -> dict[str, float]:
        values = {str(self.names.pool_timeouts): float(timeouts)}
        if self.names.pool_size is not None:
            values[self.names.pool_size] = 0.0 if sign in "es" else 5.0
        if self.names.pool_waiting is not None:
            values[self.names.pool_waiting] = 3.0 if sign == "e" else 0.0
        return values

    def _build(
        self, name: str, series: SampledSeries, trouble_at: float, expected: Expected
    ) -> RecordedTrouble:
        samples = dict(series.samples)
        length = max(map(len, samples.values()))
        samples |= {each: [value] * length for each, value in self.names.constant.items()}
        return RecordedTrouble(
            name, samples, (length - 1) * self.scrape, trouble_at, expected is Expected.FIRES
        )


def _cut_quiet(case: ShareCase) -> Iterator[ShareStretch]:
    """Yield the stretches: a trouble that fires to its end, others with a short quiet time."""
    *others, last = case.stretches
    is_quiet = last.bad is not None and last.bad <= case.clean and len(case.stretches) > 1
    yield from others
    if not is_quiet:
        yield last
    elif case.expected is not Expected.FIRES:
        yield ShareStretch(min(last.seconds, QUIET_SECONDS), last.bad, last.total)


def _rename(series: str, suffix: str, label: str = "") -> str:
    """Return a series with a suffix at its name and a further label."""
    name, brace, labels = series.partition("{")
    inner = ",".join(filter(None, (labels.rstrip("} ,") if brace else "", label)))
    return f"{name.strip()}{suffix}{{{inner}}}" if inner else f"{name.strip()}{suffix}"
