"""Courses of readings for the tests of the triggers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cutover_gates.core.triggers.evaluation import (
    Evaluation,
    HealthReading,
    ProbeAnswer,
    ShareReading,
)
from cutover_gates.core.triggers.trigger_firing import Firing
from cutover_gates.core.triggers.trigger_limits import TriggerLimits
from cutover_gates.core.triggers.trigger_machine import TriggerMachine
from cutover_gates.core.triggers.trigger_names import (
    SERVICE,
    ConditionKey,
    SignalSource,
    TriggerName,
)

PROBES = SignalSource.PROBES
ERRORS = ConditionKey(TriggerName.ERRORS, SERVICE, PROBES)
HEALTH = ConditionKey(TriggerName.HEALTH, SERVICE, PROBES)
STEP = 5.0
SHORT = TriggerLimits(error_seconds=100.0, slow_seconds=100.0)
"""Limits of a shorter trouble, so that the properties are tried on more courses."""


def share_course(
    bad: Iterable[int | None], total: int = 1_000, key: ConditionKey = ERRORS
) -> list[Evaluation]:
    """Return an evaluation for each count; None: unknown."""
    return [
        Evaluation(
            STEP * number,
            (ShareReading(key, each, None if each is None else total),),
            {PROBES: each is not None},
        )
        for number, each in enumerate(bad, start=1)
    ]


def health_course(signs: str, key: ConditionKey = HEALTH) -> list[Evaluation]:
    """Return an evaluation for each sign: `O` an answer, `F` a failure, `?` unknown."""
    results = {"O": ProbeAnswer.OK, "F": ProbeAnswer.FAIL, "?": ProbeAnswer.NONE}
    return [
        Evaluation(STEP * number, (HealthReading(key, results[sign]),), {PROBES: sign != "?"})
        for number, sign in enumerate(signs, start=1)
    ]


def run_course(
    course: Sequence[Evaluation], limits: TriggerLimits | None = None
) -> tuple[TriggerMachine, list[Firing]]:
    """Return the machine after a course, and what fired."""
    machine = TriggerMachine(limits or TriggerLimits())
    return machine, [fired for each in course for fired in machine.evaluate(each)]


def first_firing(course: Sequence[Evaluation], limits: TriggerLimits | None = None) -> float:
    """Return when a course first fires; infinity: it does not."""
    _, fired = run_course(course, limits)
    return fired[0].at if fired else float("inf")
