"""Response times of the watcher's probes, as a source of the response-time trigger.

Slow is what took longer than `response_factor` times the upper bound of the baseline. An error is
no time, and what the watcher itself delayed is none of the target's.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cutover_gates.config.base import SettingsError
from cutover_gates.config.triggers import TriggerSettings
from cutover_gates.core.triggers.comparable_readings import find_incomparable
from cutover_gates.core.triggers.evaluation import ShareReading
from cutover_gates.core.triggers.trigger_limits import LOAD_FACTOR
from cutover_gates.core.triggers.trigger_names import (
    NEW,
    OLD,
    SERVICE,
    ConditionKey,
    SignalSource,
    TriggerName,
)
from cutover_gates.watch.probe_baseline import (
    TIMED,
    BaselineRecorder,
    ProbeBaseline,
    tells_of_target,
)
from cutover_gates.watch.probe_results import PathProbe
from cutover_gates.watch.reading_sources import SourceReadings
from cutover_gates.watch.slow_counter import SlowCounter, make_counter
from cutover_gates.watch.time_spans import Span, add_up, subtract_spans
from cutover_gates.watch.trigger_feed import SETTLED_SECONDS

KEPT_GAPS_SECONDS = 120.0
NO_BASELINE = (
    "no baseline was recorded before the cutover: set watch.begins and start the watcher well"
    " before it, or run `cutover-gates watch --baseline SECONDS` before the cutover"
)


@dataclass
class ResponseReadings:
    """Counts slow answers of each declared operation: of the new release, the one before, and all.

    `begins` is T-0; until then the answers make the baseline, unless one was recorded. `keep` gets
    the baseline that was made. `asked` are the paths that the watcher asks. Safe under threads.
    """

    settings: TriggerSettings
    release: str
    asked: frozenset[str]
    begins: float | None
    keep: Callable[[ProbeBaseline], None]
    baseline: ProbeBaseline | None = None
    source: SignalSource = SignalSource.PROBES
    _results: list[PathProbe] = field(default_factory=list)
    _gaps: list[Span] = field(default_factory=list)
    _until: float | None = None
    _rates: deque[tuple[float, int]] = field(default_factory=deque)
    _seen: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.recorder = BaselineRecorder(self.release, self.settings.response_operations)

    def add_result(self, result: PathProbe) -> None:
        """Take in the result of a probe."""
        with self._lock:
            self._results.append(result)

    def add_own_gap(self, span: Span) -> None:
        """Take in a gap of the watcher's own."""
        with self._lock:
            self._gaps.append(span)

    def read(self, now: float) -> SourceReadings:
        """Return the counts of what was settled since the last call.

        Answers are heard by the feed of the probes; this source adds no sight of its own.
        """
        end = now - SETTLED_SECONDS
        results = self.take_settled(end)
        with self._lock:
            self._gaps = [gap for gap in self._gaps if gap.ends > end - KEPT_GAPS_SECONDS]
        if self.begins is not None and end < self.begins:
            return SourceReadings(heard=False)
        usual = self.settings.evaluate_seconds
        seconds = usual if self._until is None else end - self._until
        began = end - seconds
        self._until = end
        if self.begins is not None:
            results = [one for one in results if one.started >= self.begins]
        per_second = self._measure_rate(end, len(results))
        times = [one for one in results if one.outcome in TIMED]
        self._seen |= {subject for one in times for subject in self._subjects_of(one)}
        readings: list[ShareReading] = []
        unknown: dict[ConditionKey, str] = {}
        for operation in self.settings.response_operations:
            own = [one for one in times if one.path == operation]
            counter = self._make_counter(operation, own, per_second, Span(began, end))
            for subject in sorted({SERVICE, *self._seen}):
                key = ConditionKey(TriggerName.RESPONSE, subject, self.source, operation)
                of_subject = [one for one in own if subject in self._subjects_of(one)]
                readings.append(counter.count(key, of_subject, seconds, end))
                if counter.unknown:
                    unknown[key] = counter.unknown
        return SourceReadings(tuple(readings), False, unknown)

    def take_settled(self, end: float) -> list[PathProbe]:
        """Return what ended before `end` and says something, and add it to the baseline."""
        with self._lock:
            settled = [one for one in self._results if one.ended <= end]
            self._results = [one for one in self._results if one.ended > end]
            gaps = tuple(self._gaps)
        told = [one for one in settled if tells_of_target(one, gaps)]
        if self.baseline is None:
            for one in told:
                self.recorder.add(one)
            if self.begins is not None and end >= self.begins:
                self._keep_baseline(self.begins)
        return told

    def record_baseline(self, now: float) -> ProbeBaseline:
        """Make the baseline of all that was settled by now, and keep it. Raises `SettingsError`."""
        self.take_settled(now)
        if self.recorder.is_of_new_release:
            raise SettingsError(
                f"all answers came from release {self.release}, which is under judgement: record"
                " the baseline while the release before runs"
            )
        statistic = self.settings.response_statistic
        found = self.recorder.make_baseline(now) or ProbeBaseline(now, now, 0, {}, {})
        for operation in self.settings.response_operations:
            if found.find(operation, statistic) is None:
                reason = found.explain_missing(operation, statistic)
                raise SettingsError(f"{reason}: watch for longer, or ask it more often")
        self.keep(found)
        return found

    def _keep_baseline(self, until: float) -> None:
        self.baseline = self.recorder.make_baseline(until) or ProbeBaseline(until, until, 0, {}, {})
        self.keep(self.baseline)

    def _measure_rate(self, end: float, count: int) -> float:
        """Return the probes a second of the last `rate_seconds`: the load that it knows of."""
        self._rates.append((end, count))
        while self._rates[0][0] < end - self.settings.rate_seconds:
            self._rates.popleft()
        counted = list(self._rates)[1:]
        if not counted:
            return 0.0
        return sum(each for _, each in counted) / (end - self._rates[0][0])

    def _subjects_of(self, result: PathProbe) -> tuple[str, ...]:
        if not result.release:
            return (SERVICE,)
        return (SERVICE, NEW if result.release == self.release else OLD)

    def _make_counter(
        self, operation: str, times: Sequence[PathProbe], per_second: float, span: Span
    ) -> SlowCounter:
        """Return what counts the slow answers of an operation, or why they cannot be counted."""
        if operation not in self.asked:
            return SlowCounter(f"the watcher does not ask {operation}: the target has it not")
        if self.baseline is None:
            return SlowCounter(NO_BASELINE)
        statistic = self.settings.response_statistic
        found = self.baseline.find(operation, statistic)
        if found is None:
            return SlowCounter(self.baseline.explain_missing(operation, statistic))
        if add_up(subtract_spans([span], self._gaps)) < span.seconds / 2:
            return SlowCounter("the watcher itself did not run for most of the time")
        if find_incomparable(found, self.source, per_second):
            # Without the load of this moment: it would be another reason at each evaluation.
            usual = f"{self.baseline.per_second:.1f} probes a second"
            return SlowCounter(
                f"the load is more than {LOAD_FACTOR} times that of the baseline ({usual})"
            )
        return make_counter(found, self.settings.response_factor, times)
