"""What the triggers come to when a step or the watch ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from cutover_gates.core.triggers.health_condition import HealthCondition
from cutover_gates.core.triggers.trigger_firing import Firing
from cutover_gates.core.triggers.trigger_limits import COVERED_SHARE
from cutover_gates.core.triggers.trigger_machine import TriggerMachine
from cutover_gates.core.triggers.trigger_names import (
    NEW,
    OLD,
    SERVICE,
    ConditionKey,
    TriggerName,
    TriggerState,
    TriggerValue,
)

JUDGED = (TriggerName.HEALTH, TriggerName.ERRORS, TriggerName.RESPONSE, TriggerName.DATABASE)
"""The triggers of the plan, each of which is an item."""
SUBJECTS = {
    TriggerName.HEALTH: (SERVICE,),
    TriggerName.ERRORS: (NEW, SERVICE),
    TriggerName.RESPONSE: (NEW, SERVICE),
    TriggerName.DATABASE: (NEW, SERVICE),
}
"""The subjects that each trigger must have been evaluated for."""


class TriggerOutcome(StrEnum):
    """The outcome of one trigger."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_PROVEN = "not proven"


@dataclass(frozen=True)
class TriggerConclusion:
    """The outcome of one trigger, with its firings and the reasons why it is not proven."""

    trigger: TriggerName
    outcome: TriggerOutcome
    firings: tuple[Firing, ...] = ()
    reasons: tuple[str, ...] = ()


def conclude(machine: TriggerMachine) -> tuple[TriggerConclusion, ...]:
    """Return what each trigger of the plan comes to, were the watch to end now.

    A watch that saw nothing fails every trigger: none of them could have been seen.
    """
    return tuple(_conclude_one(machine, trigger) for trigger in JUDGED)


def may_advance(machine: TriggerMachine) -> bool:
    """Return whether the next step of the rollout may begin: every trigger has passed."""
    return all(each.outcome is TriggerOutcome.PASSED for each in conclude(machine))


def has_seen_new(machine: TriggerMachine) -> bool:
    """Return whether the new release has ever answered."""
    return any(
        key.subject == NEW and coverage.known > 0 for key, coverage in machine.coverage.items()
    )


def _conclude_one(machine: TriggerMachine, trigger: TriggerName) -> TriggerConclusion:
    relevant = (trigger, TriggerName.BLIND)
    firings = tuple(each for each in machine.firings if each.key.trigger in relevant)
    reasons = tuple(dict.fromkeys(_list_reasons(machine, trigger)))
    if firings:
        return TriggerConclusion(trigger, TriggerOutcome.FAILED, firings, reasons)
    outcome = TriggerOutcome.NOT_PROVEN if reasons else TriggerOutcome.PASSED
    return TriggerConclusion(trigger, outcome, (), reasons)


def _list_reasons(machine: TriggerMachine, trigger: TriggerName) -> Iterator[str]:
    keys = [key for key in sorted(machine.conditions) if key.trigger is trigger]
    for subject in SUBJECTS[trigger]:
        if not any(key.subject == subject for key in keys):
            yield f"{trigger} was never evaluated for {subject}"
    yield from _find_blindness(machine)
    for span in machine.unproven:
        if span.key is None or span.key.trigger is trigger:
            about = f"{span.key.text}: " if span.key else ""
            yield f"{about}{span.reason} (at {span.at:.0f} s)"
    for key in keys:
        if key.subject != OLD:
            yield from _find_open(machine, key)


def _find_blindness(machine: TriggerMachine) -> Iterator[str]:
    """Yield what was not watched at all."""
    for source in machine.blind.list_blind(machine.limits):
        yield f"{source} has been blind for {machine.blind.seconds[source]:.0f} s"
    if machine.unwatched > (1 - COVERED_SHARE) * machine.now:
        yield f"it was not watched for {machine.unwatched:.0f} of {machine.now:.0f} s"


def _find_open(machine: TriggerMachine, key: ConditionKey) -> Iterator[str]:
    """Yield why one condition is open at this moment."""
    condition, coverage = machine.conditions[key], machine.coverage[key]
    if condition.state is TriggerState.PENDING and condition.since is not None:
        yield f"{key.text} is pending since {condition.since:.0f} s"
    ordered = any(firing.key == key for firing in machine.firings)
    if condition.state is TriggerState.FIRED and not ordered:
        yield f"{key.text} is shown and orders no rollback (health_scope)"
    if condition.value is TriggerValue.UNKNOWN and coverage.asked:
        yield f"{key.text} is unknown"
    if coverage.known < COVERED_SHARE * coverage.asked:
        yield f"{key.text} was known at {coverage.known} of {coverage.asked} evaluations"
    if isinstance(condition, HealthCondition) and condition.is_flapping:
        failed = condition.answers.count(False)
        yield f"{key.text} failed {failed} of its last {len(condition.answers)} checks"
