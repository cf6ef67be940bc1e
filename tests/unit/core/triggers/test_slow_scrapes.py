"""A source that is scraped less often than the triggers are evaluated."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cutover_gates.core.triggers.evaluation import Evaluation, PendingReading, ShareReading
from cutover_gates.core.triggers.recorded_evaluations import format_evaluation, replay
from cutover_gates.core.triggers.trigger_conclusions import conclude
from cutover_gates.core.triggers.trigger_limits import TriggerLimits
from cutover_gates.core.triggers.trigger_machine import TriggerMachine
from cutover_gates.core.triggers.trigger_names import (
    NEW,
    SERVICE,
    ConditionKey,
    SignalSource,
    TriggerName,
)

PROMETHEUS = SignalSource.PROMETHEUS
KEYS = [ConditionKey(TriggerName.ERRORS, subject, PROMETHEUS) for subject in (NEW, SERVICE)]


def evaluate_slowly(scrape: int, bad: int, seconds: int) -> Iterator[Evaluation]:
    """Yield evaluations every 5 s of a source that is scraped every `scrape` seconds."""
    for at in range(5, seconds + 1, 5):
        if at % scrape:
            pending = tuple(PendingReading(key) for key in KEYS)
            yield Evaluation(at, pending, {PROMETHEUS: True})
        else:
            counts = (bad * scrape, 100 * scrape, float(scrape), float(at), float(scrape))
            readings = tuple(ShareReading(key, *counts) for key in KEYS)
            yield Evaluation(at, readings, {PROMETHEUS: True})


@pytest.mark.parametrize("scrape", [5, 10, 15, 30, 60])
def test_a_trouble_fires_however_often_it_is_scraped(scrape: int) -> None:
    machine = TriggerMachine(TriggerLimits())
    evaluations = list(evaluate_slowly(scrape, 10, 420))
    fired = [each for one in evaluations for each in machine.evaluate(one)]
    assert {each.key.subject for each in fired} == {NEW, SERVICE}
    lines = [format_evaluation(each) + "\n" for each in evaluations]
    assert replay(lines, TriggerLimits())[0].conditions == machine.conditions


@pytest.mark.parametrize("scrape", [5, 10, 15, 30, 60])
def test_a_quiet_time_is_proven_however_often_it_is_scraped(scrape: int) -> None:
    machine = TriggerMachine(TriggerLimits())
    for each in evaluate_slowly(scrape, 0, 600):
        machine.evaluate(each)
    errors = next(each for each in conclude(machine) if each.trigger is TriggerName.ERRORS)
    assert errors.reasons == ()


def test_a_pending_reading_begins_no_condition() -> None:
    machine = TriggerMachine(TriggerLimits())
    machine.evaluate(Evaluation(5.0, (PendingReading(KEYS[0]),), {PROMETHEUS: True}))
    assert not machine.conditions
