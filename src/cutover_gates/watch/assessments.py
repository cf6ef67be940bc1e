"""The questions of the gates to the watcher's record. Each answers with an assessment."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from cutover_gates.config.watch import Watch
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.findings import gap_error
from cutover_gates.core.rules import NOTHING_CHECKED
from cutover_gates.watch import rules
from cutover_gates.watch.continuity import (
    Continuity,
    ServiceGap,
    describe_continuity,
    find_window,
)
from cutover_gates.watch.journal_reader import WRITES_TITLE, add_record_problems, compare_writes
from cutover_gates.watch.probe_paths import STREAM
from cutover_gates.watch.record_reader import WatchRecord, read_record
from cutover_gates.watch.release_crossings import assess_crossings
from cutover_gates.watch.stream_assessment import assess_streams
from cutover_gates.watch.time_spans import Span, add_up, format_moment, format_span

FRESH_SECONDS = 2.0
"""Seconds that the last line may be old while the watcher runs: a gate reads a growing file."""
ASKED_SHARE = 0.8
"""The share of the planned probes of a path that must have been sent."""
MOST_GAPS = 20
DENSE = {"read": "reads", "write": "writes"}
"""Paths of which at least one must be asked often enough to see the longest gap."""


@dataclass(frozen=True)
class WatchAssessments:
    """The questions. `record_assessment` leaves each answer in the evidence of the check."""

    folder: Path
    release: str
    settings: Watch
    record_assessment: Callable[[Assessment], None] = lambda _: None
    clock: Callable[[], float] = time.time

    @cached_property
    def record(self) -> WatchRecord:
        """The record of this release of the cutover. Raises `NotProven` where there is none."""
        record = read_record(self.folder, self.release)
        if not record.heads and not record.problems:
            reason = f"no watcher has watched release {self.release} (cutover-gates watch)"
            raise gap_error(rules.WATCHED, str(self.folder), reason)
        return record

    @cached_property
    def window(self) -> Span:
        """The declared window. Raises `NotProven` without one."""
        return find_window(self.settings, self.clock() - FRESH_SECONDS)

    @cached_property
    def continuity(self) -> Continuity:
        """What the record shows of the declared window. Raises `NotProven` without one."""
        window = self.window
        # A stream has limits of its own (`assess_streams`).
        results = [result for result in self.record.results if result.path != STREAM]
        return describe_continuity(replace(self.record, results=results), window)

    def assess_coverage(self) -> Assessment:
        """Return whether a whole record covers the whole window, on every path."""
        builder = AssessmentBuilder()
        add_record_problems(builder, self.record)
        self.add_own_gaps(builder)
        self._add_paths(builder)
        builder.figures = self._figures()
        return self._finish(builder, "the record of the watcher")

    def assess_gaps(self) -> Assessment:
        """Return whether the service had no long gap, and few altogether."""
        builder = AssessmentBuilder()
        for gap in self.continuity.gaps:
            self._add_gap(builder, gap)
        self._add_share(builder)
        builder.checked += self._paths_with_results()
        builder.figures = {**self._figures(), "gaps": self._describe_gaps()}
        return self._finish(builder, "gaps of the service")

    def assess_failures(self) -> Assessment:
        """Return whether few enough probes failed during the whole window."""
        builder, failures = AssessmentBuilder(), self.continuity.failures
        total, share = len(self.continuity.results), self.settings.error_share
        if failures > share * total:
            expected = f"at most {share:.2%} of {total:,} probes"
            builder.add_finding(
                rules.FEW_FAILURES, expected=expected, actual=f"{failures:,} failed"
            )
        elif total * share < 1:
            builder.add_gap(rules.FEW_FAILURES, "", f"{total:,} probes cannot show {share:.2%}")
        builder.checked += self._paths_with_results()
        builder.figures = self._figures()
        return self._finish(builder, "failures of the watcher's probes")

    def assess_crossings(self) -> Assessment:
        """Return whether each release understood what the other one had written."""
        repeats = any(head.get("repeats", False) for head in self.record.heads)
        builder = assess_crossings(self.continuity.results, repeats=repeats)
        builder.checked += self._paths_with_results()
        return self._finish(builder, "what one release wrote, asked of the other")

    def assess_streams(self) -> Assessment:
        """Return whether the streams that were held open came back in time."""
        window, table = self.continuity.window, self.settings.stream
        return self._finish(assess_streams(self.record, window, table), "streams held open")

    def assess_writes(self) -> Assessment:
        """Return whether every write that was acknowledged in the window was found again."""
        return self._finish(compare_writes(self.record, self.continuity.window), WRITES_TITLE)

    def add_own_gaps(self, builder: AssessmentBuilder) -> None:
        """Add a gap where too long, or too much altogether, was not watched."""
        unwatched, limit = self.continuity.unwatched, self.settings.longest_gap_seconds
        for span in unwatched:
            if span.seconds > limit:
                reason = f"no watcher ran for {span.seconds:.2f} s (at most {limit:g} s)"
                builder.add_gap(rules.WATCHED, format_span(span), reason)
        together = add_up(unwatched)
        if together > self.settings.gap_share * self.continuity.window.seconds:
            share = together / self.continuity.window.seconds
            reason = f"{share:.1%} of it was not watched (at most {self.settings.gap_share:.1%})"
            builder.add_gap(rules.WATCHED, format_span(self.continuity.window), reason)

    def _add_paths(self, builder: AssessmentBuilder) -> None:
        counts = self.continuity.count_by_path()
        for path, interval in self.list_intervals().items():
            planned = self.continuity.watched_seconds / interval
            # Of a path that was due once or twice, chance decides whether it was asked.
            if planned >= 5 and counts.get(path, 0) < ASKED_SHARE * planned:
                reason = f"{counts.get(path, 0):,} probes of about {planned:,.0f} say something"
                builder.add_gap(rules.PATHS_ASKED, path, reason)
            elif counts.get(path, 0):
                builder.checked.append(path)
        for path, name in DENSE.items():
            longest = self.list_intervals().get(path, 0)
            if longest > self.settings.longest_gap_seconds / 2:
                reason = f"every {longest:g} s cannot show a gap of {name} above the limit"
                builder.add_gap(rules.PATHS_ASKED, path, reason)

    def _add_gap(self, builder: AssessmentBuilder, gap: ServiceGap) -> None:
        limit = self.settings.longest_gap_seconds
        if gap.seen.seconds > limit:
            builder.add_finding(
                rules.NO_LONG_GAP,
                gap.path,
                expected=f"at most {limit:g} s",
                actual=_describe_gap(gap),
                count=gap.failures,
            )
        elif gap.possible.seconds > limit:
            builder.add_gap(rules.NO_LONG_GAP, gap.path, _describe_gap(gap))

    def _add_share(self, builder: AssessmentBuilder) -> None:
        watched, share = self.continuity.watched_seconds, self.settings.gap_share
        seen = self.continuity.seconds_in_gaps(possible=False)
        possible = self.continuity.seconds_in_gaps(possible=True)
        if seen > share * watched:
            builder.add_finding(
                rules.GAPS_TOGETHER,
                expected=f"at most {share:.1%} of {watched:,.0f} s",
                actual=f"{seen:.2f} s in {len(self.continuity.gaps)} gaps",
            )
        elif possible > share * watched:
            reason = f"the gaps may have been {possible:.2f} s of {watched:,.0f} s ({share:.1%})"
            builder.add_gap(rules.GAPS_TOGETHER, "", reason)

    def list_intervals(self) -> Mapping[str, float]:
        """Return the longest interval of each path, of all processes."""
        found: dict[str, float] = {}
        for head in self.record.heads:
            for path, interval in head["intervals"].items():
                if path == STREAM:
                    continue
                found[path] = max(interval, found.get(path, 0))
        return found

    def _paths_with_results(self) -> list[str]:
        return sorted(self.continuity.count_by_path())

    def _figures(self) -> dict[str, object]:
        window = self.continuity.window
        asked_again = sum(result.asked_again for result in self.continuity.results)
        return {
            "window": format_span(window),
            "window_seconds": round(window.seconds, 1),
            "watched_seconds": round(self.continuity.watched_seconds, 1),
            "probes": len(self.continuity.results),
            "failed_probes": self.continuity.failures,
            "closed_before_sent": asked_again,
            "processes": len({head["process"] for head in self.record.heads}),
        }

    def _describe_gaps(self) -> list[str]:
        return [f"{gap.path}: {_describe_gap(gap)}" for gap in self.continuity.gaps[:MOST_GAPS]]

    def _finish(self, builder: AssessmentBuilder, title: str) -> Assessment:
        if not builder.checked:
            builder.add_gap(NOTHING_CHECKED, title, "the record says nothing of the window")
        assessment = builder.build(title)
        self.record_assessment(assessment)
        return assessment


def _describe_gap(gap: ServiceGap) -> str:
    """Return one gap for a tired reader: when, how long, what failed, why."""
    outcomes = ", ".join(f"{count} × {name}" for name, count in sorted(gap.outcomes.items()))
    until = "and it has not ended" if gap.is_open else f"to {format_moment(gap.possible.ends)}"
    return (
        f"{gap.seen.seconds:.2f} s, at most {gap.possible.seconds:.2f} s, from"
        f" {format_moment(gap.possible.begins)} {until}: {outcomes} ({gap.why or 'no reason'})"
    )
