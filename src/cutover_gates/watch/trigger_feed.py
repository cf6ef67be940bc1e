"""Makes evaluations for the rollback triggers out of the watcher's probes.

Only what is settled counts: a result waits for a moment, so that a gap of the watcher's own that
explains it is known by then.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from cutover_gates.core.triggers.evaluation import (
    Evaluation,
    HealthReading,
    ProbeAnswer,
    ShareReading,
    TriggerReading,
)
from cutover_gates.core.triggers.trigger_names import (
    INSTANCE,
    NEW,
    SERVICE,
    ConditionKey,
    SignalSource,
    TriggerName,
)
from cutover_gates.watch.probe_results import UNDECIDED, PathProbe
from cutover_gates.watch.record_reader import WRONG_ANSWERS
from cutover_gates.watch.time_spans import Span

SETTLED_SECONDS = 1.0


@dataclass(frozen=True)
class HealthProbe:
    """One probe of a ready path. `instance` is empty for the balancer."""

    instance: str
    planned: float
    span: Span
    is_ready: bool

    @property
    def key(self) -> ConditionKey:
        """The condition that it is about."""
        subject = f"{INSTANCE}{self.instance}" if self.instance else SERVICE
        return ConditionKey(TriggerName.HEALTH, subject, SignalSource.PROBES)


@dataclass
class TriggerFeed:
    """Gathers results of probes until they are evaluated. Safe under threads."""

    release: str
    _paths: list[PathProbe] = field(default_factory=list)
    _health: list[HealthProbe] = field(default_factory=list)
    _gaps: list[Span] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _until: float | None = None
    _has_new: bool = False

    def add_result(self, result: PathProbe) -> None:
        """Take in the result of a probe."""
        with self._lock:
            self._paths.append(result)

    def has_new_answered(self) -> bool:
        """Return whether the new release has answered a probe."""
        return self._has_new

    def add_health(self, probe: HealthProbe) -> None:
        """Take in a probe of a ready path."""
        with self._lock:
            self._health.append(probe)

    def add_own_gap(self, span: Span) -> None:
        """Take in a gap of the watcher's own."""
        with self._lock:
            self._gaps.append(span)

    def evaluate(self, now: float, usual: float) -> Evaluation:
        """Return the evaluation of this moment, over what was settled since the last one.

        `usual` are the seconds of the first one.
        """
        end = now - SETTLED_SECONDS
        seconds = usual if self._until is None else end - self._until
        self._until = end
        with self._lock:
            gaps = [gap for gap in self._gaps if gap.ends > end - 120]
            settled = [one for one in self._paths if one.ended <= end]
            healths = [one for one in self._health if one.span.ends <= end]
            self._paths = [one for one in self._paths if one.ended > end]
            self._health = [one for one in self._health if one.span.ends > end]
            self._gaps = gaps
        decided = [one for one in settled if _says_something(one, gaps)]
        readings = [*self._share_readings(decided, end, seconds), *_read_health(healths, gaps)]
        heard = bool(decided) or _is_heard(readings)
        return Evaluation(now, tuple(readings), {SignalSource.PROBES: heard})

    def _share_readings(
        self, results: Sequence[PathProbe], end: float, seconds: float
    ) -> list[TriggerReading]:
        """Return the errors of the whole service, and of what the new release answered.

        Before its first answer the new release is nobody: what is not there is not unknown.
        """
        of_new = [result for result in results if result.release == self.release]
        self._has_new = self._has_new or bool(of_new)
        readings: list[TriggerReading] = []
        for subject, counted in ((SERVICE, results), (NEW, of_new)):
            if subject == NEW and not self._has_new:
                continue
            key = ConditionKey(TriggerName.ERRORS, subject, SignalSource.PROBES)
            bad = sum(result.failed for result in counted) if counted else None
            readings.append(ShareReading(key, bad, len(counted) or None, seconds, end))
        return readings


def _is_heard(readings: Sequence[TriggerReading]) -> bool:
    """Return whether a probe of a ready path had a result."""
    healths = [one for one in readings if isinstance(one, HealthReading)]
    return any(one.result is not ProbeAnswer.NONE for one in healths)


def _says_something(result: PathProbe, own_gaps: Sequence[Span]) -> bool:
    """Return whether a result says something of the target, and not of the watcher."""
    if result.outcome in UNDECIDED:
        return False
    if not result.failed or result.outcome in WRONG_ANSWERS:
        return True
    return not _lies_in_gap(Span(result.started, result.ended), own_gaps)


def _lies_in_gap(span: Span, own_gaps: Sequence[Span]) -> bool:
    return any(span.overlaps(gap) for gap in own_gaps)


def _read_health(probes: Sequence[HealthProbe], own_gaps: Sequence[Span]) -> list[TriggerReading]:
    readings: list[TriggerReading] = []
    for probe in probes:
        result = ProbeAnswer.OK if probe.is_ready else ProbeAnswer.FAIL
        if result is ProbeAnswer.FAIL and _lies_in_gap(probe.span, own_gaps):
            result = ProbeAnswer.NONE
        readings.append(HealthReading(probe.key, result, probe.span.begins - probe.planned))
    return readings
