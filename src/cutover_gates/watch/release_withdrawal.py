"""Whether the release that was taken back still answers after the rollback.

A pod that was left, or that comes back when somebody scales up, answers a request now and then. One
look at the gate misses it. The watcher asks many times a second, and each answer names its release.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.watch import rules
from cutover_gates.watch.assessments import FRESH_SECONDS, WatchAssessments
from cutover_gates.watch.journal_reader import add_record_problems
from cutover_gates.watch.probe_results import PathProbe
from cutover_gates.watch.time_spans import Span, add_up, format_moment, subtract_spans

ROLLBACK = "rollback"
"""The name of the step whose mark says that the rollback has ended."""
WATCHED_SECONDS = 60.0
"""Seconds after the rollback that must be watched: an instance may come back late."""
NO_WATCH = "no watch is declared (watch.begins)"


@dataclass(frozen=True)
class WithdrawalAssessment:
    """The question to the record of a watch, after a rollback."""

    watch: WatchAssessments

    def assess(self) -> Assessment:
        """Return whether nothing of the release that was taken back answered after the mark."""
        builder = AssessmentBuilder()
        if self.watch.settings.begins is None:
            builder.checked.append(NO_WATCH)
        else:
            self._assess_record(builder)
        assessment = builder.build("the release that was taken back")
        self.watch.record_assessment(assessment)
        return assessment

    def _assess_record(self, builder: AssessmentBuilder) -> None:
        record = self.watch.record
        marks = [mark for mark in record.marks if mark.name == ROLLBACK]
        if not marks:
            reason = "nobody said when it ended: cutover-gates watch --mark rollback"
            builder.add_gap(rules.TAKEN_BACK_IS_SILENT, ROLLBACK, reason)
            return
        after = Span(marks[-1].at, self.watch.clock() - FRESH_SECONDS)
        add_record_problems(builder, record)
        self._require_watched(builder, after)
        # What was pinned to the release asked for it on purpose.
        results = [
            one
            for one in record.results
            if after.begins < one.started <= after.ends and not one.is_pinned
        ]
        self._judge_answers(builder, results)

    def _require_watched(self, builder: AssessmentBuilder, after: Span) -> None:
        seconds = max(0.0, after.seconds)
        watched = seconds - add_up(subtract_spans([after], self.watch.record.watched))
        if watched < WATCHED_SECONDS:
            reason = (
                f"{watched:.0f} s were watched since {format_moment(after.begins)}, and"
                f" {WATCHED_SECONDS:g} s must be"
            )
            builder.add_gap(rules.TAKEN_BACK_IS_SILENT, ROLLBACK, reason)

    def _judge_answers(self, builder: AssessmentBuilder, results: Sequence[PathProbe]) -> None:
        named = Counter(one.release for one in results if one.release)
        builder.figures["answers by release after the rollback"] = dict(named)
        builder.checked += [f"{count:,} answers of {name}" for name, count in named.items()]
        if not named:
            reason = "no answer names its release (limits.release_header)"
            builder.add_gap(rules.TAKEN_BACK_IS_SILENT, ROLLBACK, reason)
        answers = [one for one in results if one.release == self.watch.release]
        for instance, count in Counter(one.instance for one in answers).items():
            last = max(one.started for one in answers if one.instance == instance)
            builder.add_finding(
                rules.TAKEN_BACK_IS_SILENT,
                instance or ROLLBACK,
                expected=f"no answer of {self.watch.release}",
                actual=f"{count:,}, the last at {format_moment(last)}",
                count=count,
            )
