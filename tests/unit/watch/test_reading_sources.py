"""Sources of the triggers: merged into an evaluation, and heard or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cutover_gates.core.triggers.evaluation import DatabaseReading, Evaluation
from cutover_gates.core.triggers.trigger_names import (
    SERVICE,
    ConditionKey,
    SignalSource,
    TriggerName,
)
from cutover_gates.util.http import SourceUnavailable
from cutover_gates.watch.reading_sources import SourceReader, SourceReadings

KEY = ConditionKey(TriggerName.DATABASE, SERVICE, SignalSource.PROMETHEUS)
PROBES = Evaluation(10.0, (), {SignalSource.PROBES: True})


@dataclass
class ScriptedSource:
    """A source that answers by a function."""

    source: SignalSource
    answer: Callable[[], SourceReadings]

    def read(self, now: float) -> SourceReadings:
        assert now == PROBES.at
        return self.answer()


def fail() -> SourceReadings:
    raise SourceUnavailable("refused the connection", "http://prometheus.example.org")


def reader(*sources: ScriptedSource) -> tuple[SourceReader, list[tuple[str, str]]]:
    told: list[tuple[str, str]] = []
    return SourceReader(sources, 0.2, lambda about, reason: told.append((about, reason))), told


def test_readings_are_added_and_their_source_is_heard() -> None:
    reading = DatabaseReading(KEY, pool_timeouts=1)
    answered = SourceReadings((reading,), digest="sha256:1")
    merged, _ = reader(ScriptedSource(SignalSource.PROMETHEUS, lambda: answered))
    evaluation = merged.add_readings(PROBES)
    assert evaluation.readings == (reading,)
    assert evaluation.digest == "sha256:1"
    assert evaluation.sources == {SignalSource.PROBES: True, SignalSource.PROMETHEUS: True}


def test_a_source_that_raises_or_is_late_is_not_heard() -> None:
    def break_off() -> SourceReadings:
        raise KeyError("values")

    for broken in (fail, break_off):
        merged, told = reader(ScriptedSource(SignalSource.LOGS, broken))
        assert merged.add_readings(PROBES).sources[SignalSource.LOGS] is False
        assert [about for about, _ in told] == ["logs"]


def test_one_of_two_readers_of_a_source_is_enough_to_hear_it() -> None:
    both = (ScriptedSource(SignalSource.PROBES, fail), ScriptedSource(SignalSource.LOGS, fail))
    merged, _ = reader(*both, ScriptedSource(SignalSource.LOGS, SourceReadings))
    heard = merged.add_readings(PROBES).sources
    assert heard == {SignalSource.PROBES: True, SignalSource.LOGS: True}


def test_a_reason_is_told_when_it_changes_and_not_at_each_evaluation() -> None:
    answers = iter(
        [
            SourceReadings(unknown={KEY: "no pool metric"}),
            SourceReadings(unknown={KEY: "no pool metric"}),
            SourceReadings(unknown={KEY: "two series"}),
            SourceReadings(),
        ]
    )
    merged, told = reader(ScriptedSource(SignalSource.PROMETHEUS, lambda: next(answers)))
    for _ in range(4):
        merged.add_readings(PROBES)
    assert told == [(KEY.text, "no pool metric"), (KEY.text, "two series"), (KEY.text, "")]
