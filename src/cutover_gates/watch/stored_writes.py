"""What the record says of acknowledged writes: which were read again, and what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.watch import rules
from cutover_gates.watch.record_lines import WRITE
from cutover_gates.watch.record_reader import WatchRecord
from cutover_gates.watch.time_spans import Span, format_moment

WRITES_TITLE = "acknowledged writes of the watcher"


def compare_writes(record: WatchRecord, window: Span) -> AssessmentBuilder:
    """Return what became of the writes that were acknowledged in the window.

    What any reading found lost stays lost: that somebody put it back does not undo it. What could
    not be read is told of the last reading.
    """
    builder = AssessmentBuilder()
    answers = [Assessment.from_plain(line["assessment"]) for line in record.read_backs]
    for answer in answers:
        builder.findings += answer.findings
    writes = [line for line in record.journal if _is_acknowledged(line, window)]
    _add_unread(builder, record, writes)
    if answers:
        builder.not_proven += answers[-1].not_proven
    add_record_problems(builder, record)
    keys = {(line["kind"], line["id"]) for line in writes}
    records = Counter(kind for kind, _ in keys)
    builder.checked += [f"{count} × {kind}" for kind, count in sorted(records.items())]
    unknown = record.read_backs[-1] if record.read_backs else {}
    builder.figures = {
        "writes": len(writes),
        "records": dict(records),
        "read_backs": len(answers),
        "creations_without_an_answer": unknown.get("unknown", 0),
        "of_those_stored": unknown.get("unknown_found", 0),
        "whose": "the watcher's own; those of people are proven by the rows of the tables",
    }
    return builder


def _add_unread(
    builder: AssessmentBuilder, record: WatchRecord, writes: list[Mapping[str, Any]]
) -> None:
    covered = max((line["until"] for line in record.read_backs), default=0.0)
    unread = [line["at"] for line in writes if line["at"] > covered]
    if unread:
        reason = f"{len(unread):,} of {len(writes):,} writes since {format_moment(unread[0])}"
        builder.add_gap(rules.WRITES_READ_BACK, "not read again", reason)


def add_record_problems(builder: AssessmentBuilder, record: WatchRecord) -> None:
    """Add a gap for each line or segment that is not as it was written."""
    for problem in record.problems:
        builder.add_gap(rules.RECORD_WHOLE, problem.partition(",")[0], problem)


def _is_acknowledged(line: Mapping[str, Any], window: Span) -> bool:
    in_window = window.begins <= line["at"] <= window.ends
    return line["do"] == WRITE and line["ended"] is not None and in_window
