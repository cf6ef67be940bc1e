"""Evaluations as lines of JSON: a recorded series gives the same decisions as the live one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from cutover_gates.core.triggers.evaluation import (
    DatabaseReading,
    Evaluation,
    HealthReading,
    PendingReading,
    ProbeAnswer,
    ShareReading,
    TriggerReading,
)
from cutover_gates.core.triggers.trigger_firing import Firing
from cutover_gates.core.triggers.trigger_limits import TriggerLimits
from cutover_gates.core.triggers.trigger_machine import TriggerMachine
from cutover_gates.core.triggers.trigger_names import SignalSource, TriggerName, parse_key


class UnusableRecording(ValueError):
    """A line that is no evaluation. The message names the line."""


def format_evaluation(evaluation: Evaluation) -> str:
    """Return an evaluation as one line of JSON, without its end of line."""
    table = {
        "at": evaluation.at,
        "digest": evaluation.digest,
        "sources": {str(source): seen for source, seen in evaluation.sources.items()},
        "readings": [_dump_reading(each) for each in evaluation.readings],
    }
    return json.dumps(table, separators=(",", ":"))


def parse_evaluation(line: str) -> Evaluation:
    """Return the evaluation of one line. Raises `ValueError`."""
    table = json.loads(line)
    try:
        sources = {SignalSource(name): bool(seen) for name, seen in table["sources"].items()}
        readings = tuple(_load_reading(each) for each in table["readings"])
        return Evaluation(float(table["at"]), readings, sources, table["digest"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not an evaluation ({error})") from None


def read_evaluations(lines: Iterable[str]) -> Iterator[Evaluation]:
    """Yield the evaluations of a recording.

    A last line without an end was cut by a kill and is left out. Raises `UnusableRecording`.
    """
    for number, line in enumerate(lines, start=1):
        if not line.endswith("\n"):
            return
        try:
            yield parse_evaluation(line)
        except ValueError as error:
            raise UnusableRecording(f"line {number} of the recording: {error}") from None


def replay(lines: Iterable[str], limits: TriggerLimits) -> tuple[TriggerMachine, list[Firing]]:
    """Return the machine after a recording, and what fired, in the order in which it did."""
    machine = TriggerMachine(limits)
    fired = [each for one in read_evaluations(lines) for each in machine.evaluate(one)]
    return machine, fired


def _dump_reading(reading: TriggerReading) -> dict[str, Any]:
    values = {each.name: getattr(reading, each.name) for each in fields(reading)}
    return {**values, "key": reading.key.text}


def _load_reading(table: Mapping[str, Any]) -> TriggerReading:
    values = {**table, "key": parse_key(table["key"])}
    if values.keys() == {"key"}:
        return PendingReading(**values)
    if values["key"].trigger is TriggerName.HEALTH:
        return HealthReading(**{**values, "result": ProbeAnswer(values["result"])})
    if values["key"].trigger is TriggerName.DATABASE:
        return DatabaseReading(**{**values, "login": ProbeAnswer(values["login"])})
    return ShareReading(**values)
