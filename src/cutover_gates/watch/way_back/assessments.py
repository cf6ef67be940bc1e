"""The questions of the gate `rollback` to the watcher's record."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property

from cutover_gates.config.way_back import WayBack
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.watch.probe_results import UNDECIDED, PathProbe
from cutover_gates.watch.record_reader import WatchRecord
from cutover_gates.watch.time_spans import Span, format_moment
from cutover_gates.watch.way_back import rules
from cutover_gates.watch.way_back.rollback_record import RollbackRecord, find_begin

FRESH_SECONDS = 2.0
"""Seconds that the last line may be old while the watcher runs: a gate reads a growing file."""
NO_ANSWER, NO_RELEASE = "no answer", "no release"
"""What a question came to that no release answered by its name."""
SURE_AFTER = 20
"""Good probes after the last bad one, without which the service may still be bad."""


@dataclass(frozen=True)
class RollbackAssessments:
    """The questions. `is_expected`: the settings say that a watcher runs.

    `gap_seconds` is the longest time that may be unwatched, `error_share` the share of the probes
    that may fail. `orders` are the moments at which rollback triggers fired.
    """

    record: WatchRecord
    settings: WayBack
    failed: str
    gap_seconds: float
    error_share: float
    is_expected: bool
    record_assessment: Callable[[Assessment], None] = field(default=lambda _: None, repr=False)
    clock: Callable[[], float] = time.time
    orders: Sequence[float] = ()

    @cached_property
    def shown(self) -> RollbackRecord:
        """What the record shows."""
        # What only filled up a step was sent to the failed release on purpose.
        dealt = [one for one in self.record.results if not one.is_extra]
        return RollbackRecord(
            replace(self.record, results=dealt),
            self.failed,
            find_begin(self.settings, self.record, self.orders),
        )

    @property
    def began(self) -> datetime | None:
        """When the rollback began."""
        return None if self.shown.began is None else datetime.fromtimestamp(self.shown.began, UTC)

    @property
    def is_watched(self) -> bool:
        """Whether a watcher has watched this release of the cutover."""
        return bool(self.record.heads)

    def watched_quiet(self) -> bool:
        """Return whether the record itself shows the whole time in which nothing may answer."""
        window = self._quiet_window()
        some = any(one.release for one in self.shown.results_in(window))
        return some and self.shown.unwatched_seconds(window) <= self.gap_seconds

    def add_last_answer(self, builder: AssessmentBuilder) -> None:
        """Add when the failed release answered last, and a finding where that is too lately."""
        stopped = self.shown.stopped
        if stopped is None:
            return
        builder.figures["last answer of the failed release"] = format_moment(stopped)
        window = self._quiet_window()
        late = [one for one in self.shown.results_in(window) if one.release == self.failed]
        if late:
            paths = Counter(one.path for one in late)
            builder.add_finding(
                rules.QUIET_LONG_ENOUGH,
                f"release {self.failed}",
                expected=f"no answer for {self.settings.quiet_seconds:g} s",
                actual=f"an answer at {format_moment(stopped)} ({', '.join(sorted(paths))})",
                count=len(late),
            )

    def assess_readiness(self) -> Assessment:
        """Return whether the release before answered well as soon as the traffic was back."""
        builder, title = AssessmentBuilder(), rules.READY_BEFORE_TRAFFIC.title
        if self._add_unwatched(builder):
            return self._finish(builder, title)
        failures = self._too_many(self.shown.failures_of_previous())
        for path, count in sorted(Counter(one.path for one in failures).items()):
            own = [one for one in failures if one.path == path]
            first, last = own[0].started, own[-1].started
            why = own[0].why
            builder.add_finding(
                rules.READY_BEFORE_TRAFFIC,
                path,
                expected="no failure once the traffic had come back",
                actual=f"{count} failed from {format_moment(first)} to {format_moment(last)}"
                f" ({why or 'no reason'})",
                count=count,
            )
        self._add_unwatched_time(builder)
        builder.checked.append("the probes since the rollback began")
        return self._finish(builder, title)

    def assess_restore_time(self) -> Assessment:
        """Return how long the service was bad after the rollback began, and if that is too long."""
        builder, title = AssessmentBuilder(), rules.RESTORED_IN_TIME.title
        if self._add_unwatched(builder):
            return self._finish(builder, title)
        began, restored = self.shown.began, self.shown.restored()
        assert began is not None  # `_add_unwatched` has looked
        assert restored is not None
        seconds, limit = restored - began, self.settings.restore_seconds
        builder.figures |= {
            "rollback began": format_moment(began),
            "service was good again": format_moment(restored),
            "seconds to restore": round(seconds, 1),
            "restore_seconds": limit,
        }
        builder.checked.append(f"{seconds:.1f} s from the begin of the rollback")
        if limit is not None and seconds > limit:
            builder.add_finding(
                rules.RESTORED_IN_TIME,
                expected=f"at most {limit:g} s",
                actual=f"{seconds:.1f} s, until {format_moment(restored)}",
            )
        elif self.shown.good_after(restored) < SURE_AFTER:
            reason = f"fewer than {SURE_AFTER} probes went well after {format_moment(restored)}"
            builder.add_gap(rules.RESTORED_IN_TIME, "the watcher", reason)
        self._add_unwatched_time(builder)
        return self._finish(builder, title)

    def _too_many(self, failures: list[PathProbe]) -> list[PathProbe]:
        """Return the failures; none where they are as few as may fail at any time."""
        began = self.shown.began or 0.0
        since = sum(one.started >= began for one in self.shown.record.results)
        return failures if len(failures) > self.error_share * since else []

    def _add_unwatched(self, builder: AssessmentBuilder) -> bool:
        """Return whether there is nothing to judge; add a gap where the settings expect it."""
        if self.is_watched and self.shown.began is not None:
            return False
        if self.is_expected or self.is_watched:
            reason = (
                "when the rollback began is not known" if self.is_watched else "nobody watched it"
            )
            builder.add_gap(rules.ROLLBACK_WATCHED, "the rollback", reason)
        else:
            builder.checked.append("no watcher is declared (watch.begins, restore_seconds)")
        return True

    def _add_unwatched_time(self, builder: AssessmentBuilder) -> None:
        began = self.shown.began
        assert began is not None  # the callers have looked
        ends = max(began, min(self.clock() - FRESH_SECONDS, began + self._judged_seconds()))
        seconds = self.shown.unwatched_seconds(Span(began, ends))
        if seconds > self.gap_seconds:
            reason = f"{seconds:.1f} s of it were not watched (at most {self.gap_seconds:g} s)"
            builder.add_gap(rules.ROLLBACK_WATCHED, "the rollback", reason)

    def _judged_seconds(self) -> float:
        """The seconds that must be watched: until it was good again, and quiet for long enough."""
        began, restored = self.shown.began or 0.0, self.shown.restored() or 0.0
        return restored - began + self.settings.quiet_seconds

    def _quiet_window(self) -> Span:
        ends = self.clock() - FRESH_SECONDS
        return Span(ends - self.settings.quiet_seconds, ends + FRESH_SECONDS)

    def _finish(self, builder: AssessmentBuilder, title: str) -> Assessment:
        builder.figures["probes"] = sum(one.outcome not in UNDECIDED for one in self.record.results)
        assessment = builder.build(title)
        self.record_assessment(assessment)
        return assessment
