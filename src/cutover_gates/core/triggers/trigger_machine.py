"""The triggers as one state machine: it takes evaluations, and what fired stays fired."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from cutover_gates.core.triggers.blind_sources import BlindSources
from cutover_gates.core.triggers.database_condition import DatabaseCondition
from cutover_gates.core.triggers.evaluation import (
    DatabaseReading,
    Evaluation,
    HealthReading,
    PendingReading,
    ShareReading,
    TriggerReading,
    group_readings,
)
from cutover_gates.core.triggers.health_condition import HealthCondition
from cutover_gates.core.triggers.share_condition import ShareCondition, share_rule
from cutover_gates.core.triggers.trigger_firing import (
    BLIND_KEY,
    ConditionCoverage,
    Firing,
    TriggerCondition,
    UnprovenSpan,
    describe_blindness,
    describe_firing,
)
from cutover_gates.core.triggers.trigger_limits import TriggerLimits
from cutover_gates.core.triggers.trigger_names import (
    NEW,
    OLD,
    SERVICE,
    ConditionKey,
    TriggerState,
    TriggerValue,
)


@dataclass
class TriggerMachine:
    """All conditions of a watch. Times are seconds since its first evaluation.

    `offset`: what turns the watcher's monotonic clock into them; None until the first evaluation of
    this process.
    """

    limits: TriggerLimits = field(default_factory=TriggerLimits)
    now: float = 0.0
    offset: float | None = None
    digest: str | None = None
    blind: BlindSources = field(default_factory=BlindSources)
    conditions: dict[ConditionKey, TriggerCondition] = field(default_factory=dict)
    coverage: dict[ConditionKey, ConditionCoverage] = field(default_factory=dict)
    firings: list[Firing] = field(default_factory=list)
    unproven: list[UnprovenSpan] = field(default_factory=list)
    evaluations: int = 0
    unwatched: float = 0.0

    def evaluate(self, evaluation: Evaluation) -> tuple[Firing, ...]:
        """Take in one evaluation; return what fired with it.

        Raises `ValueError` where its time is not after that of the last one.
        """
        step = self._advance_clock(evaluation.at)
        self._compare_digest(evaluation.digest)
        self.blind.advance(self.now, step, evaluation.sources, self.limits)
        readings = group_readings(evaluation.readings)
        for key in readings.keys() - self.conditions.keys():
            self._add_condition(key, readings[key][0])
        for key in sorted(self.conditions):
            for reading in readings.get(key, (None,)):
                self._advance(key, reading, step)
        fired = tuple(self._collect_firings())
        self.firings += fired
        self.evaluations += 1
        return fired

    def _advance_clock(self, at: float) -> float:
        """Set the time of the watch; return the seconds in which the watcher ran."""
        usual = self.limits.evaluate_seconds
        if self.offset is None:
            self.offset = self.now - at
            return usual
        step = at + self.offset - self.now
        if step <= 0:
            raise ValueError(f"an evaluation came {-step:g} s before the one that preceded it")
        self.now = at + self.offset
        if step <= self.limits.longest_step:
            return step
        self.count_unwatched(step - usual)
        return usual

    def count_unwatched(self, seconds: float) -> None:
        """Count time that was not watched; after too much of it the counts begin anew."""
        self.unwatched += seconds
        self.blind.interrupt()
        for key, condition in self.conditions.items():
            self._add_unseen(key, condition, seconds)

    def _compare_digest(self, digest: str | None) -> None:
        if digest is None:
            return
        if self.digest is not None and digest != self.digest:
            reason = "another image of the new release runs: what was seen of the former is void"
            for key, condition in self.conditions.items():
                if key.is_of_new_release:
                    condition.forget()
                    self.unproven.append(UnprovenSpan(self.now, reason, key))
        self.digest = digest

    def _add_condition(self, key: ConditionKey, reading: TriggerReading) -> None:
        if not isinstance(reading, PendingReading):
            self.conditions[key] = _new_condition(reading)
            self.coverage[key] = ConditionCoverage()

    def _advance(self, key: ConditionKey, reading: TriggerReading | None, step: float) -> None:
        if isinstance(reading, PendingReading):
            return
        condition, coverage = self.conditions[key], self.coverage[key]
        if isinstance(reading, HealthReading) and reading.terminating:
            self._retire(key, condition)
            return
        if reading is None and self._is_between_probes(condition):
            return
        reason = self._hand_over(key, condition, reading, step)
        if reason:
            self.unproven.append(UnprovenSpan(self.now, reason, key))
        if isinstance(condition, HealthCondition) and condition.is_starting:
            return
        coverage.asked += 1
        coverage.known += condition.value is not TriggerValue.UNKNOWN or _has_counts(reading)
        if condition.value is not TriggerValue.UNKNOWN:
            coverage.unseen = 0.0
        else:
            self._add_unseen(key, condition, step)

    def _hand_over(
        self,
        key: ConditionKey,
        condition: TriggerCondition,
        reading: TriggerReading | None,
        step: float,
    ) -> str | None:
        match condition, reading:
            case ShareCondition(), ShareReading() | None:
                end = self._end_of(reading)
                # What ends in the future was told by a clock that is wrong.
                usable = reading if end <= self.now else None
                rule = share_rule(key.trigger, self.limits)
                return condition.advance(end, step, usable, rule)
            case HealthCondition(), HealthReading() | None:
                condition.advance(self.now, reading, self.limits)
            case DatabaseCondition(), DatabaseReading() | None:
                condition.advance(self.now, reading, self.limits)
            case _:
                raise ValueError(f"{key.text} had a reading of another kind before")
        return None

    def _end_of(self, reading: ShareReading | None) -> float:
        """Return until when a reading counted, in seconds of the watch."""
        if reading is None or reading.at is None or self.offset is None:
            return self.now
        return reading.at + self.offset

    def _add_unseen(self, key: ConditionKey, condition: TriggerCondition, seconds: float) -> None:
        """Count time in which a condition was unknown; failures in a row do not outlast it."""
        coverage = self.coverage[key]
        coverage.unseen += seconds
        if isinstance(condition, ShareCondition) or coverage.unseen < self.limits.blind_seconds:
            return
        if condition.state is TriggerState.PENDING:
            reason = f"its failures were not followed for {coverage.unseen:.0f} s"
            self.unproven.append(UnprovenSpan(self.now, reason, key))
            condition.interrupt()

    def _retire(self, key: ConditionKey, condition: TriggerCondition) -> None:
        """Drop an instance that terminates: what it fails at as it ends is no failure."""
        if condition.state is not TriggerState.FIRED:
            del self.conditions[key], self.coverage[key]

    def _is_between_probes(self, condition: TriggerCondition) -> bool:
        """Return whether the next probe of health is not due yet."""
        if not isinstance(condition, HealthCondition) or condition.known_at is None:
            return False
        return self.now - condition.known_at <= 2 * self.limits.health_seconds

    def _collect_firings(self) -> Iterator[Firing]:
        told = {each.key for each in self.firings}
        for key, condition in sorted(self.conditions.items()):
            fired = condition.state is TriggerState.FIRED and key not in told
            if fired and self._orders(key):
                yield describe_firing(key, condition, self.now, self.limits, self._compare(key))
        if self.blind.state is TriggerState.FIRED and BLIND_KEY not in told:
            yield describe_blindness(self.blind, self.now, self.limits)

    def _orders(self, key: ConditionKey) -> bool:
        """Return whether a condition may order a rollback: the release before is only compared."""
        is_instance = key.subject not in (NEW, SERVICE, OLD)
        return key.subject != OLD and (self.limits.instances_fire or not is_instance)

    def _compare(self, key: ConditionKey) -> str:
        """Return the note on a release before that is as slow, where it is."""
        old = self.conditions.get(replace(key, subject=OLD))
        if old is None or old.value is not TriggerValue.TRUE:
            return ""
        return "the release before is as bad at this moment: a rollback may not help"


def _new_condition(reading: TriggerReading) -> TriggerCondition:
    if isinstance(reading, ShareReading):
        return ShareCondition()
    return HealthCondition() if isinstance(reading, HealthReading) else DatabaseCondition()


def _has_counts(reading: TriggerReading | None) -> bool:
    """Return whether a source delivered, though perhaps too little to decide on."""
    return isinstance(reading, ShareReading) and reading.is_known
