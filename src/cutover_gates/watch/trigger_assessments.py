"""The questions of the gates to the rollback triggers of a watch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from cutover_gates.config.triggers import TriggerSettings
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.findings import NotProven
from cutover_gates.core.triggers.trigger_conclusions import conclude
from cutover_gates.core.triggers.trigger_firing import Firing
from cutover_gates.core.triggers.trigger_machine import TriggerMachine
from cutover_gates.core.triggers.trigger_names import TriggerName
from cutover_gates.core.triggers.trigger_state import UnusableState
from cutover_gates.util.files import hash_file
from cutover_gates.watch import rules
from cutover_gates.watch.assessments import WatchAssessments
from cutover_gates.watch.journal_reader import add_record_problems
from cutover_gates.watch.kept_triggers import STATE_FILE, KeptTriggers, read_kept_triggers
from cutover_gates.watch.record_reader import WatchRecord
from cutover_gates.watch.time_spans import Span, format_moment, format_span
from cutover_gates.watch.trigger_replay import (
    ReplayedFiring,
    TriggerReplay,
    list_unknown_reasons,
    list_unwatched,
    replay_window,
)


@dataclass(frozen=True)
class TriggerAssessments:
    """The questions. `find_rollback` returns the rollback gate that followed a moment, or ''."""

    watch: WatchAssessments
    settings: TriggerSettings
    find_rollback: Callable[[datetime], str] = lambda _: ""

    @cached_property
    def kept(self) -> tuple[KeptTriggers | None, str]:
        """The state that the watcher kept, and why it cannot be used; empty where it can."""
        return self._read_kept()

    @cached_property
    def record(self) -> WatchRecord:
        """The record. Raises `NotProven` where there is none."""
        # The state first: of a watcher that goes on the record is the newer one.
        _ = self.kept
        return self.watch.record

    @cached_property
    def replay(self) -> TriggerReplay:
        """The replay of the whole record, compared with the kept state."""
        kept, problem = self.kept
        replay = TriggerReplay(self.settings.limits, kept)
        replay.run(self.record.trigger_lines)
        later, _ = self._read_kept()
        found = problem or replay.find_disagreement(later)
        # By other limits other decisions follow: that has a rule of its own.
        if found and not self._find_other_limits():
            replay.problems.append(found)
        return replay

    @cached_property
    def window(self) -> Span:
        """The declared window. Raises `NotProven` without one."""
        return self.watch.window

    @cached_property
    def machine(self) -> tuple[TriggerMachine, list[float]]:
        """The triggers as they were in the window alone, and the moments of their evaluations."""
        return replay_window(self.record.trigger_lines, self.window, self.settings.limits)

    def assess_health(self) -> Assessment:
        """Return whether health checks did not fail too often in a row."""
        return self.assess(TriggerName.HEALTH)

    def assess_error_rate(self) -> Assessment:
        """Return whether the error rate did not stay above its limit."""
        return self.assess(TriggerName.ERRORS)

    def assess_response_time(self) -> Assessment:
        """Return whether response times did not stay above twice the baseline."""
        return self.assess(TriggerName.RESPONSE)

    def assess_database(self) -> Assessment:
        """Return whether connections to the database did not fail."""
        return self.assess(TriggerName.DATABASE)

    def assess(self, trigger: TriggerName) -> Assessment:
        """Return whether a trigger was seen all the time, and did not fire."""
        builder = AssessmentBuilder()
        add_record_problems(builder, self.record)
        self._add_firings(builder, trigger)
        try:
            self._add_window(builder, trigger)
        except NotProven as error:
            if not builder.findings:
                raise
            # What fired has fired, also where not all of the cutover was watched.
            builder.not_proven += error.gaps
        assessment = builder.build(f"the rollback trigger {trigger}")
        self.watch.record_assessment(assessment)
        return assessment

    def _add_window(self, builder: AssessmentBuilder, trigger: TriggerName) -> None:
        """Add what the window shows of a trigger. Raises `NotProven` without one."""
        self._add_problems(builder)
        reasons = self._list_reasons(trigger)
        for reason in reasons:
            builder.add_gap(rules.DECIDED, trigger, reason)
        # What was unknown for a moment holds nothing; where it held, it says why.
        unknown = list_unknown_reasons(self.record.unknown, self.window, trigger)
        for about, reason in unknown if reasons else ():
            builder.add_gap(rules.DECIDED, about, reason)
        machine, _ = self.machine
        keys = [key for key in sorted(machine.conditions) if key.trigger == trigger]
        builder.checked += [key.text.rstrip("/") for key in keys]
        builder.figures = self._figures(trigger)

    def _add_problems(self, builder: AssessmentBuilder) -> None:
        """Add why the record as a whole does not prove what it says."""
        for problem in self.replay.problems:
            builder.add_gap(rules.SAME_DECISIONS, str(self.watch.folder), problem)
        for name in self._find_other_limits():
            builder.add_gap(rules.SAME_LIMITS, name, "the watcher decided by another value")
        named = {str(head.get("target")) for head in self.record.heads}
        for other in sorted(named - {self.watch.folder.name}):
            builder.add_gap(rules.OWN_RECORD, other, f"expected {self.watch.folder.name}")
        machine, moments = self.machine
        for reason in list_unwatched(machine, moments, self.window):
            builder.add_gap(rules.EVALUATED, format_span(self.window), reason)

    def _read_kept(self) -> tuple[KeptTriggers | None, str]:
        try:
            kept = read_kept_triggers(self.watch.folder)
        except UnusableState as error:
            return None, str(error)
        if kept and kept.release != self.watch.release:
            return None, f"the kept state is that of release {kept.release}"
        return kept, ""

    def _add_firings(self, builder: AssessmentBuilder, trigger: TriggerName) -> None:
        """Add what fired at any time, unless a rollback gate in GO came after it."""
        for found in self._list_firings(trigger):
            if self.find_rollback(datetime.fromtimestamp(found.moment, UTC)):
                continue
            firing = found.firing
            builder.add_finding(
                rules.NOT_FIRED,
                firing.key.text.rstrip("/"),
                expected=f"not: {firing.limit}",
                actual=f"{firing.value}, fired {format_moment(found.moment)}",
            )

    def _list_firings(self, trigger: TriggerName) -> Iterator[ReplayedFiring]:
        """Yield what the record and the kept state say; what one of them lost the other has."""
        replayed = [one for one in self.replay.firings if _is_about(one.firing, trigger)]
        yield from replayed
        known = {one.firing.key for one in replayed}
        kept, _ = self.kept
        if kept:
            lost = [one for one in kept.list_firings() if one.key not in known]
            known |= {one.key for one in lost}
            zero = kept.started.timestamp()
            yield from (
                ReplayedFiring(one, zero + one.at) for one in lost if _is_about(one, trigger)
            )
        with suppress(NotProven):  # without a window `assess` says so
            in_window = [one for one in self.machine[0].firings if _is_about(one, trigger)]
            for firing in (one for one in in_window if one.key not in known):
                yield ReplayedFiring(firing, self.machine[1][0] + firing.at)

    def _list_reasons(self, trigger: TriggerName) -> tuple[str, ...]:
        concluded = conclude(self.machine[0])
        return next((one.reasons for one in concluded if one.trigger is trigger), ())

    def _find_other_limits(self) -> list[str]:
        """Return each limit by which a watcher decided and which is another one now."""
        now = self.settings.model_dump(mode="json")
        lines = [line for process in self.record.trigger_lines for line in process]
        used = [line["limits"] for line in lines if "limits" in line]
        kept, _ = self.kept
        used += [kept.limits] if kept else []
        names = {name for limits in used for name in now if limits.get(name) != now[name]}
        return [f"triggers.{name}" for name in sorted(names)]

    def _figures(self, trigger: TriggerName) -> dict[str, object]:
        """Return what was read, and how each condition of the trigger stands."""
        machine, moments = self.machine
        keys = [key for key in sorted(machine.conditions) if key.trigger == trigger]
        return {
            "window": format_span(self.window),
            "evaluations": len(moments),
            "conditions": {
                key.text: {
                    "state": machine.conditions[key].state,
                    "known": machine.coverage[key].known,
                    "asked": machine.coverage[key].asked,
                }
                for key in keys
            },
            "folder": str(self.watch.folder),
            "segments": dict(self.record.segments),
            STATE_FILE: hash_file(self.watch.folder / STATE_FILE),
        }


def _is_about(firing: Firing, trigger: TriggerName) -> bool:
    """Return whether a firing is one of this trigger, or of a watch that saw nothing at all."""
    return firing.key.trigger in (trigger, TriggerName.BLIND)
