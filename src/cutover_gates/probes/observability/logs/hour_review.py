"""The question about the log of the hour after the cutover, held against the day before it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cutover_gates.config.logs_and_dashboards import LogSettings
from cutover_gates.config.review import ReviewSettings
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.observability.logs import rules
from cutover_gates.probes.observability.logs.error_windows import (
    ErrorSource,
    describe_error,
    open_error_source,
)
from cutover_gates.probes.observability.logs.line_checks import (
    MAX_LEVEL_CHARACTERS,
    LineJudge,
    format_time,
)
from cutover_gates.probes.observability.logs.log_stores import LogStore
from cutover_gates.probes.observability.logs.model import LogLine, parse_line
from cutover_gates.probes.observability.observability_context import ObservabilityContext

HOUR, DAY = 3600.0, 86_400.0
LONGEST_AGE = 7 * DAY
DAY_PARTS = 6
"""Parts of the day before that must have lines before an error counts as new."""
FEW = 10
"""Lines of a known error that are never too many in an hour."""


@dataclass(frozen=True)
class LogReview:
    """The question. `previous_release` logs on while it is taken away, and is not blamed here.

    In `own_outage` (from, to) the gate itself took the database away.
    """

    settings: LogSettings
    review: ReviewSettings
    store: LogStore | None
    release: str
    previous_release: str | None
    redactor: Redactor
    context: ObservabilityContext
    own_outage: tuple[float, float] | None = None
    clock: Callable[[], float] = time.time

    def assess(self) -> Assessment:
        """The hour after the cutover has no error that the day before it did not have."""
        return self.context.assess("logs: the hour after", rules.STORE_ANSWERS, self._check)

    def _check(self, builder: AssessmentBuilder) -> None:
        missing = {"logs.kind": self.store, "review.deployed": self.review.deployed}
        keys = [key for key, value in missing.items() if value is None]
        self.context.add_undeclared(builder, rules.LOG_DECLARED, "monitoring", keys)
        if self.store is None or self.review.deployed is None:
            return
        begin = self.review.deployed.timestamp()
        age = self.clock() - begin
        if not HOUR <= age <= LONGEST_AGE:
            key = self.context.key("monitoring.review", "deployed")
            when = f"{age / HOUR:.1f} h ago" if age > 0 else "still to come"
            builder.add_gap(rules.REVIEW_TIME, key, f"{format_time(begin)} is {when}")
            return
        source = open_error_source(self.store, self.settings, begin - DAY)
        self._check_coverage(builder, source, begin)
        self._judge_errors(builder, source, begin)

    def _check_coverage(
        self, builder: AssessmentBuilder, source: ErrorSource, begin: float
    ) -> None:
        """Add a gap for each part of the hour without lines, and for lines without a level."""
        step, sample = self.review.quiet_minutes * 60, list[LogLine]()
        count = max(1, round(HOUR / step))
        for number in range(count):
            first, last = begin + number * HOUR / count, begin + (number + 1) * HOUR / count
            lines = source.read_sample(first, last)
            sample += lines
            if not lines:
                subject = f"{format_time(first)} to {format_time(last)}"
                builder.add_gap(rules.HOUR_COVERED, subject, "no line")
        if sample and not any(map(self._names_release, sample)):
            reason = f"no line of release {self.release} among {len(sample)}"
            builder.add_gap(rules.HOUR_COVERED, "the hour", reason)
        # A line of a traceback has no time of its own, and no level either.
        own_time = [self._read_own_time(line) is not None for line in sample]
        timed = [line for line, has_time in zip(sample, own_time, strict=True) if has_time]
        unrated = sum(not self._has_level(line) for line in timed or sample)
        if unrated:
            count = len(timed or sample)
            reason = f"{unrated} of {count} lines have no field {self.settings.level}"
            builder.add_gap(rules.HOUR_COVERED, "levels", reason)
        builder.figures |= {"since": format_time(begin), "lines that were looked at": len(sample)}

    def _read_own_time(self, line: LogLine) -> Any:
        """Return the time in the line itself: a store adds one to each."""
        return parse_line(line.text, self.settings).get_field(self.settings.time)

    def _names_release(self, line: LogLine) -> bool:
        """Return whether a line says that the new release wrote it, where lines say so."""
        field = self.settings.release
        return field is None or str(line.get_field(field)) == self.release

    def _has_level(self, line: LogLine) -> bool:
        level = str(line.get_field(self.settings.level) or "").lower()
        return level in {each.lower() for each in self.settings.levels}

    def _is_new(self, line: LogLine) -> bool:
        """Return whether the new release wrote a line; one that does not say counts for it."""
        if self.settings.release is None:
            return True
        release = line.get_field(self.settings.release)
        return release is None or str(release) != self.previous_release

    def _judge_errors(self, builder: AssessmentBuilder, source: ErrorSource, begin: float) -> None:
        new = self._group(source.read_errors(begin, begin + HOUR), builder)
        before = self._group(source.read_errors(begin - DAY, begin), None) if new else {}
        is_known = not new or self._knows_day(source, begin)
        builder.figures |= {
            "kinds of errors": len(new),
            "kinds of errors of the day before": len(before),
        }
        for kind, lines in new.items():
            known = len(before.get(kind, ()))
            if known == 0:
                self._add_new(builder, lines, is_known=is_known)
            elif len(lines) > max(FEW, known):
                builder.add_finding(
                    rules.NOT_MORE_ERRORS,
                    self._judge.describe_line(lines[0]),
                    expected=f"at most {max(FEW, known)} lines like it",
                    actual=f"{len(lines)} lines",
                    count=len(lines),
                )
        builder.checked.append(f"errors of the hour since {format_time(begin)}")

    def _add_new(
        self, builder: AssessmentBuilder, lines: Sequence[LogLine], *, is_known: bool
    ) -> None:
        subject = self._judge.describe_line(lines[0])
        level = str(lines[0].get_field(self.settings.level))[:MAX_LEVEL_CHARACTERS]
        said = f"level {level}, {len(lines)} lines like it"
        if is_known:
            builder.add_finding(
                rules.NO_NEW_ERROR,
                subject,
                expected="no error that the day before did not have",
                actual=said,
                count=len(lines),
            )
        else:
            builder.add_gap(rules.DAY_BEFORE_KNOWN, subject, f"{said}; the day before is not known")

    def _knows_day(self, source: ErrorSource, begin: float) -> bool:
        part = DAY / DAY_PARTS
        starts = (begin - DAY + number * part for number in range(DAY_PARTS))
        return all(source.read_sample(start, start + part) for start in starts)

    def _group(
        self, lines: Sequence[LogLine], builder: AssessmentBuilder | None
    ) -> Mapping[str, list[LogLine]]:
        """Return the errors by what happened. With a builder, only those that count against it."""
        groups = defaultdict[str, list[LogLine]](list)
        for line in self._list_errors(lines, builder):
            kind = describe_error(line, self.review.fields, self.settings.sqlstate)
            groups[kind].append(line)
        return groups

    def _list_errors(
        self, lines: Sequence[LogLine], builder: AssessmentBuilder | None
    ) -> Iterator[LogLine]:
        passed_over = {"of the release before": 0, "expected": 0, "of the gate's own outage": 0}
        for line in filter(self._judge.is_error, lines):
            reason = "" if builder is None else self._excuse(line)
            if reason:
                passed_over[reason] += 1
            else:
                yield line
        if builder is not None:
            builder.figures["errors that were passed over"] = passed_over

    def _excuse(self, line: LogLine) -> str:
        if not self._is_new(line):
            return "of the release before"
        if any(text in line.text for text in self.review.expected_errors):
            return "expected"
        return "of the gate's own outage" if self._judge.is_within(line, self.own_outage) else ""

    @property
    def _judge(self) -> LineJudge:
        return LineJudge(self.settings, self.redactor)
