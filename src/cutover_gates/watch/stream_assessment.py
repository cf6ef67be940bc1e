"""What the record shows of the streams that were held open: interruptions, and reconnections."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from cutover_gates.config.watch_stream import WatchStream
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.watch import rules
from cutover_gates.watch.continuity import ServiceGap, find_service_gaps
from cutover_gates.watch.probe_paths import STREAM
from cutover_gates.watch.probe_results import UNDECIDED
from cutover_gates.watch.record_reader import WatchRecord
from cutover_gates.watch.time_spans import Span, format_moment

ASKED_SHARE = 0.8
PEAK_SECONDS = 1.0
NOT_APPLICABLE = "no stream is declared (watch.stream.path): not applicable"


def assess_streams(record: WatchRecord, window: Span, settings: WatchStream) -> AssessmentBuilder:
    """Return whether the streams came back in time, and how many connections came at once."""
    builder = AssessmentBuilder()
    # What was watched is judged, also where somebody takes it out of the settings afterwards.
    if settings.path is None and not any(STREAM in head["intervals"] for head in record.heads):
        builder.checked.append(NOT_APPLICABLE)
        return builder
    lines = [line for line in record.streams if window.begins <= line["at"] <= window.ends]
    results = [
        result
        for result in record.results
        if result.path == STREAM and window.begins <= result.started <= window.ends
    ]
    decided = [result for result in results if result.outcome not in UNDECIDED]
    for gap in find_service_gaps(decided, window):
        inside = [one for one in decided if one.failed and gap.seen.begins <= one.started]
        last = [one for one in inside if one.started <= gap.seen.ends][-1]
        _add_interruption(builder, gap, last.why, settings)
    _require_probes(builder, record, window, len(decided))
    again = [line["at"] for line in lines if line["is_open"] and not line.get("is_first")]
    _add_peak(builder, again, settings)
    builder.checked += [STREAM] if decided else []
    away = [line["away"] for line in lines if line["is_open"] and not line.get("is_first")]
    builder.figures |= {
        "streams": settings.connections,
        "opened_again": len(again),
        "longest_interruption_seconds": max(away, default=0.0),
        "why_they_ended": dict(_count_reasons(lines)),
    }
    return builder


def _count_reasons(lines: Sequence[Mapping[str, Any]]) -> Counter[str]:
    return Counter(str(line["why"]) for line in lines if not line["is_open"])


def _add_interruption(
    builder: AssessmentBuilder, gap: ServiceGap, why: str, settings: WatchStream
) -> None:
    """Add a finding: a probe of the streams fails only where one was away for too long."""
    builder.add_finding(
        rules.STREAM_CAME_BACK,
        STREAM,
        expected=f"open again within {settings.interruption_seconds:g} s",
        actual=f"from {format_moment(gap.possible.begins)}: {why}",
        count=gap.failures,
    )


def _require_probes(
    builder: AssessmentBuilder, record: WatchRecord, window: Span, decided: int
) -> None:
    intervals = [head["intervals"][STREAM] for head in record.heads if STREAM in head["intervals"]]
    planned = window.seconds / max(intervals, default=window.seconds)
    # The pauses are drawn, so at either end of a short window one look more or less is chance.
    if not decided or decided + 2 < ASKED_SHARE * planned:
        reason = f"the watcher looked {decided:,} times of about {planned:,.0f}"
        builder.add_gap(rules.STREAM_CAME_BACK, STREAM, reason)


def _add_peak(builder: AssessmentBuilder, moments: Sequence[float], settings: WatchStream) -> None:
    """Tell how many streams were opened anew within a second; judge it where that is declared."""
    moments = sorted(moments)
    peak, at = 0, 0.0
    for number, moment in enumerate(moments):
        count = bisect_right(moments, moment + PEAK_SECONDS) - number
        if count > peak:
            peak, at = count, moment
    builder.figures["most_new_connections_within_a_second"] = peak
    if peak:
        builder.figures["peak_at"] = format_moment(at)
    limit = settings.most_new_connections
    if limit is not None and peak > limit:
        builder.add_finding(
            rules.NO_RECONNECT_STORM,
            STREAM,
            expected=f"at most {limit} new connections within a second",
            actual=f"{peak} at {format_moment(at)}",
            count=peak,
        )
