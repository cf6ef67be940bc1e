"""Why a trigger is not proven reaches its assessment; what was unknown for a moment holds nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.core.triggers.trigger_names import TriggerName
from cutover_gates.watch.record_lines import UNKNOWN
from cutover_gates.watch.record_writer import RecordWriter
from cutover_gates.watch.time_spans import Span
from cutover_gates.watch.trigger_replay import list_unknown_reasons
from tests.trigger_records import BEGINS, SECONDS, WatchedTriggers, fail_from
from tests.unit.watch.test_record import SetClock

ABOUT = "error-rate/new/probes/"


def line(at: float, reason: str, about: str = ABOUT) -> dict[str, object]:
    return {"at": at, "about": about, "reason": reason}


@pytest.mark.parametrize(
    ("lines", "reasons"),
    [
        ([], []),
        ([line(12, "a")], ["a"]),
        # It began before the window, and still holds, or ended before it.
        ([line(1, "a")], ["a"]),
        ([line(1, "a"), line(5, "")], []),
        ([line(1, "a"), line(15, "")], ["a"]),
        ([line(25, "a")], []),
        ([line(11, "a"), line(12, "b"), line(13, ""), line(14, "a")], ["a", "b"]),
        # Of another trigger, and of a source.
        ([line(12, "a", "database/new/logs/"), line(13, "b", "prometheus")], ["b"]),
    ],
)
def test_each_reason_of_the_window_is_told_once(
    lines: list[dict[str, object]], reasons: list[str]
) -> None:
    found = list_unknown_reasons(lines, Span(10, 20), TriggerName.ERRORS)
    assert [reason for _, reason in found] == reasons


@pytest.mark.parametrize("pending", [True, False])
def test_the_reason_is_a_gap_where_the_trigger_is_not_proven(tmp_path: Path, pending: bool) -> None:
    trouble = fail_from(SECONDS - 60) if pending else fail_from(SECONDS, 0)
    watched = WatchedTriggers(tmp_path, trouble).write()
    clock = SetClock()
    clock.now = BEGINS + 10
    writer = RecordWriter(tmp_path, {"release": "2.0.0", "intervals": {}}, clock)
    writer.write(UNKNOWN, about=ABOUT, reason="the query found no series")
    writer.close()
    found = watched.ask().assess_error_rate()
    told = [gap.actual for gap in found.not_proven]
    assert ("the query found no series" in told) is pending
    assert bool(told) is pending
