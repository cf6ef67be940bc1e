"""The state of the triggers as JSON: a killed watcher goes on from what it wrote last.

What fired stays fired. The time that was not watched is not proven.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from cutover_gates.core.triggers.blind_sources import BlindSources
from cutover_gates.core.triggers.database_condition import DatabaseCondition
from cutover_gates.core.triggers.health_condition import HealthCondition
from cutover_gates.core.triggers.share_condition import ShareCondition
from cutover_gates.core.triggers.share_window import CountedInterval
from cutover_gates.core.triggers.trigger_firing import (
    ConditionCoverage,
    Firing,
    TriggerCondition,
    UnprovenSpan,
)
from cutover_gates.core.triggers.trigger_limits import TriggerLimits
from cutover_gates.core.triggers.trigger_machine import TriggerMachine
from cutover_gates.core.triggers.trigger_names import (
    ConditionKey,
    TriggerName,
    TriggerState,
    TriggerValue,
    parse_key,
)

STATE_VERSION = 1


class UnusableState(ValueError):
    """A state that cannot be read. The message is one sentence."""


def dump_state(machine: TriggerMachine) -> dict[str, Any]:
    """Return the state as values of JSON."""
    return {
        "version": STATE_VERSION,
        "now": machine.now,
        "digest": machine.digest,
        "evaluations": machine.evaluations,
        "unwatched": machine.unwatched,
        "blind": asdict(machine.blind),
        "conditions": {key.text: asdict(each) for key, each in machine.conditions.items()},
        "coverage": {key.text: asdict(each) for key, each in machine.coverage.items()},
        "firings": [{**asdict(each), "key": each.key.text} for each in machine.firings],
        "unproven": [_dump_span(each) for each in machine.unproven],
    }


def resume_machine(
    state: Mapping[str, Any], limits: TriggerLimits, unwatched_seconds: float
) -> TriggerMachine:
    """Return the machine that goes on from a state after a time that was not watched.

    The monotonic clock of the new process may be another one: its first evaluation is set
    `unwatched_seconds` after the last one of the state. Raises `UnusableState`.
    """
    if state.get("version") != STATE_VERSION:
        raise UnusableState(f"the state of the triggers has version {state.get('version')!r}")
    try:
        machine = _load_machine(state, limits)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnusableState(f"the state of the triggers cannot be read: {error}") from None
    machine.now += max(0.0, unwatched_seconds)
    machine.count_unwatched(max(0.0, unwatched_seconds))
    reason = f"the watcher was not running for {unwatched_seconds:.0f} s"
    machine.unproven.append(UnprovenSpan(machine.now, reason))
    return machine


def _load_machine(state: Mapping[str, Any], limits: TriggerLimits) -> TriggerMachine:
    conditions = {parse_key(text): value for text, value in state["conditions"].items()}
    coverage = state["coverage"]
    return TriggerMachine(
        limits,
        now=float(state["now"]),
        digest=state["digest"],
        blind=BlindSources(**_with_state(state["blind"])),
        conditions={key: _load_condition(key, value) for key, value in conditions.items()},
        coverage={key: ConditionCoverage(**coverage[key.text]) for key in conditions},
        firings=[Firing(**{**each, "key": parse_key(each["key"])}) for each in state["firings"]],
        unproven=[_load_span(each) for each in state["unproven"]],
        evaluations=int(state["evaluations"]),
        unwatched=float(state["unwatched"]),
    )


def _load_condition(key: ConditionKey, table: Mapping[str, Any]) -> TriggerCondition:
    values = _with_state(table)
    values["value"] = TriggerValue(values["value"])
    if key.trigger is TriggerName.HEALTH:
        return HealthCondition(**values)
    if key.trigger is TriggerName.DATABASE:
        values["lines"] = [(at, count) for at, count in values["lines"]]
        return DatabaseCondition(**values)
    values["intervals"] = [CountedInterval(**each) for each in values["intervals"]]
    return ShareCondition(**values)


def _with_state(table: Mapping[str, Any]) -> dict[str, Any]:
    return {**table, "state": TriggerState(table["state"])}


def _dump_span(span: UnprovenSpan) -> dict[str, Any]:
    return {"at": span.at, "reason": span.reason, "key": span.key.text if span.key else None}


def _load_span(table: Mapping[str, Any]) -> UnprovenSpan:
    key = parse_key(table["key"]) if table["key"] else None
    return UnprovenSpan(float(table["at"]), str(table["reason"]), key)
