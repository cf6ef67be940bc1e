"""Records of watches with evaluations of the triggers, as a watcher writes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cutover_gates.config.triggers import TriggerSettings
from cutover_gates.config.watch import Watch
from cutover_gates.core.triggers.evaluation import (
    DatabaseReading,
    Evaluation,
    HealthReading,
    ProbeAnswer,
    ShareReading,
    TriggerReading,
)
from cutover_gates.core.triggers.recorded_evaluations import format_evaluation
from cutover_gates.core.triggers.rollback_message import RollbackNames, format_rollback_order
from cutover_gates.core.triggers.trigger_machine import TriggerMachine
from cutover_gates.core.triggers.trigger_names import (
    NEW,
    SERVICE,
    ConditionKey,
    SignalSource,
    TriggerName,
)
from cutover_gates.core.triggers.trigger_state import dump_state, resume_machine
from cutover_gates.watch.assessments import WatchAssessments
from cutover_gates.watch.kept_triggers import KeptTriggers, read_kept_triggers
from cutover_gates.watch.record_lines import BEAT, EVALUATION, FIRED, TRIGGERS, encode_line
from cutover_gates.watch.record_writer import RecordWriter
from cutover_gates.watch.trigger_assessments import TriggerAssessments
from tests.unit.watch.test_record import SetClock

BEGINS = 1_800_000_000.0
SECONDS = 1_200.0
ENDS = BEGINS + SECONDS
EVERY = 5.0
RELEASE = "2.0.0"
PROBES = SignalSource.PROBES
Trouble = Callable[[float], Sequence[TriggerReading]]


def quiet_readings(_: float = 0.0) -> list[TriggerReading]:
    """Return readings of every trigger of a service that is well."""
    shares = [
        ShareReading(ConditionKey(trigger, subject, PROBES, operation), 0, 200)
        for trigger, operation in ((TriggerName.ERRORS, ""), (TriggerName.RESPONSE, "search"))
        for subject in (NEW, SERVICE)
    ]
    databases = [
        DatabaseReading(ConditionKey(TriggerName.DATABASE, subject, PROBES), login=ProbeAnswer.OK)
        for subject in (NEW, SERVICE)
    ]
    health = HealthReading(ConditionKey(TriggerName.HEALTH, SERVICE, PROBES), ProbeAnswer.OK)
    return [*shares, *databases, health]


def fail_from(begins: float, ends: float = SECONDS, bad: int = 10) -> Trouble:
    """Return readings in which 5 % of the requests fail in a span of the watch."""

    def read(at: float) -> list[TriggerReading]:
        harmed = [_fail(one, bad) if begins <= at < ends else one for one in quiet_readings()]
        return list(harmed)

    return read


def _fail(reading: TriggerReading, bad: int) -> TriggerReading:
    if isinstance(reading, ShareReading) and reading.key.trigger is TriggerName.ERRORS:
        return replace(reading, bad=bad)
    return reading


@dataclass
class WatchedTriggers:
    """A watch of twenty minutes in a folder, written by one process after the other."""

    folder: Path
    read: Trouble = quiet_readings
    settings: TriggerSettings = field(default_factory=TriggerSettings)
    target: str = ""
    release: str = RELEASE
    zero: float = BEGINS

    def write(self, begins: float = -10.0, ends: float = SECONDS + 10) -> WatchedTriggers:
        """Write what one process saw between two seconds of the watch."""
        clock = SetClock()
        clock.now = self.zero + begins
        head = {
            "release": self.release,
            "target": self.target or self.folder.name,
            "intervals": {"read": 5},
            "tag": "w",
        }
        writer = RecordWriter(self.folder, head, clock)
        machine, started = self._resume(writer)
        limits = self.settings.model_dump(mode="json")
        while clock.now <= self.zero + ends:
            readings = tuple(self.read(clock.now - self.zero))
            one = Evaluation(clock.now, readings, {PROBES: True})
            fired = machine.evaluate(one)
            writer.write(BEAT)
            writer.write(EVALUATION, evaluation=format_evaluation(one))
            if fired:
                order = format_rollback_order(machine.firings, started, RollbackNames(self.target))
                writer.write(FIRED, firings=[each.key.text for each in fired], order=order)
            clock.now += EVERY
        # Once, and not after each evaluation as a watcher does: a write to the disk takes long.
        state = dump_state(machine)
        KeptTriggers(self.release, clock.now - EVERY, started, state, limits).write(self.folder)
        writer.close()
        return self

    def _resume(self, writer: RecordWriter) -> tuple[TriggerMachine, datetime]:
        kept = read_kept_triggers(self.folder)
        unwatched = writer.clock() - kept.at if kept else 0.0
        writer.write(
            TRIGGERS,
            resumes=kept.evaluations if kept else None,
            unwatched=unwatched,
            limits=self.settings.model_dump(mode="json"),
            why="",
        )
        if kept is None:
            return TriggerMachine(self.settings.limits), datetime.fromtimestamp(writer.clock(), UTC)
        return resume_machine(kept.state, self.settings.limits, unwatched), kept.started

    def ask(self, **given: Any) -> TriggerAssessments:
        """Return the questions to the record; with `window=None` no window is declared."""
        changed = given.pop("window", {})
        moments = {"begins": self.zero, "ends": self.zero + SECONDS, **(changed or {})}
        moments = {} if changed is None else moments
        window = {name: datetime.fromtimestamp(at, UTC) for name, at in moments.items()}
        table = Watch.model_validate(window)
        watch = WatchAssessments(self.folder, self.release, table, clock=lambda: ENDS + 5)
        return TriggerAssessments(watch, given.pop("settings", self.settings), **given)

    def rewrite(self, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
        """Change the lines of every segment, and compute their sums anew: the record looks whole."""
        for path in sorted(self.folder.glob("*.jsonl")):
            lines = [json.loads(text) for text in path.read_text().splitlines()]
            total, parts = "", list[bytes]()
            for line in change([_drop_sum(line) for line in lines]):
                encoded, total = encode_line(line, total)
                parts.append(encoded)
            path.write_bytes(b"".join(parts))


def _drop_sum(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name != "sum"}


def list_rules(assessment: Any) -> Iterator[str]:
    """Yield the rules of the findings, and of what is not proven with a question mark."""
    yield from sorted({finding.rule.id for finding in assessment.findings})
    yield from sorted({f"{gap.rule.id}?" for gap in assessment.not_proven})
