"""One row of the truth table: a series, and what the triggers must come to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from cutover_gates.core.triggers.evaluation import Evaluation
from cutover_gates.core.triggers.trigger_conclusions import TriggerOutcome, conclude
from cutover_gates.core.triggers.trigger_limits import TriggerLimits
from cutover_gates.core.triggers.trigger_machine import TriggerMachine
from cutover_gates.core.triggers.trigger_names import TriggerName

EVALUATE = 5.0
"""Seconds from one evaluation of the table to the next."""


class Expected(StrEnum):
    """What a row must come to."""

    FIRES = "fires"
    SILENT = "must not fire"
    NOT_PROVEN = "not proven"


@dataclass(frozen=True)
class TruthRow:
    """A series with its expectation.

    `fires_at`: seconds from the start of the trouble to the evaluation that fires. `trouble_at`:
    when the trouble starts. `stretches` and `steps` are the series in the form that a test of alert
    rules is made of. `hazard`: the number of the hazard that it is a case of.
    """

    name: str
    trigger: TriggerName
    evaluations: tuple[Evaluation, ...]
    expected: Expected
    fires_at: float | None = None
    trouble_at: float = 0.0
    limits: TriggerLimits = field(default_factory=TriggerLimits)
    hazard: int | None = None


@dataclass(frozen=True)
class RowResult:
    """What a row came to; `fired_at` counts from the start of the trouble."""

    came_to: Expected
    fired_at: float | None
    reasons: tuple[str, ...] = ()


def judge_row(row: TruthRow) -> RowResult:
    """Run the machine over a row and return what its trigger came to."""
    return judge_series(row.trigger, row.evaluations, row.limits, row.trouble_at)


def judge_series(
    trigger: TriggerName,
    evaluations: Iterable[Evaluation],
    limits: TriggerLimits,
    trouble_at: float = 0.0,
) -> RowResult:
    """Run the machine over evaluations and return what one trigger came to."""
    machine = TriggerMachine(limits)
    first: float | None = None
    for each in evaluations:
        fired = [one for one in machine.evaluate(each) if one.key.trigger is trigger]
        first = each.at - trouble_at if fired and first is None else first
    if first is not None:
        return RowResult(Expected.FIRES, first)
    if trigger is TriggerName.BLIND:
        held = machine.blind.list_blind(limits)
        reasons = tuple(f"{source} is blind" for source in held)
    else:
        reasons = _own_reasons(machine, trigger)
    return RowResult(Expected.NOT_PROVEN if reasons else Expected.SILENT, None, reasons)


def _own_reasons(machine: TriggerMachine, trigger: TriggerName) -> tuple[str, ...]:
    """Return why a trigger is not proven, but for subjects that a row leaves out."""
    own = next(each for each in conclude(machine) if each.trigger is trigger)
    if own.outcome is TriggerOutcome.FAILED:
        return own.reasons
    return tuple(each for each in own.reasons if "was never evaluated for" not in each)
