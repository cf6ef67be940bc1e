"""The record of a watcher: what is read is what was written, and what was changed is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cutover_gates.watch import record_writer
from cutover_gates.watch.probe_results import PathProbe, ProbeOutcome
from cutover_gates.watch.record_lines import BEAT, OWN_GAP, PROBE
from cutover_gates.watch.record_reader import read_record
from cutover_gates.watch.record_writer import RecordWriter, SteadyClock
from cutover_gates.watch.time_spans import Span

HEAD = {"release": "2.0.0", "intervals": {"read": 0.1}, "tag": "w1"}


class SetClock(SteadyClock):
    """A clock that a test sets."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the time that was set."""
        return self.now


def write_record(folder: Path, moments: list[float], release: str = "2.0.0") -> Path:
    """Write a record with a beat and a good probe at each moment, and return its one segment."""
    clock = SetClock()
    clock.now = moments[0]
    writer = RecordWriter(folder, {**HEAD, "release": release}, clock)
    for clock.now in moments:
        writer.write(BEAT)
        result = PathProbe("read", clock.now, clock.now, 0.01, ProbeOutcome.OK, release=release)
        writer.write(PROBE, **result.to_plain())
    writer.close()
    return folder / f"{writer.process}.0001.jsonl"


def moments_between(begins: float, ends: float) -> list[float]:
    """Return moments half a second apart."""
    return [begins + number / 2 for number in range(int((ends - begins) * 2) + 1)]


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    write_record(tmp_path, moments_between(1000, 1010))
    record = read_record(tmp_path)
    assert record.watched == [Span(1000, 1010)]
    assert len(record.results) == 21
    assert not record.problems
    assert not record.cut_lines


def test_the_time_between_two_processes_was_not_watched(tmp_path: Path) -> None:
    write_record(tmp_path, moments_between(1000, 1010))
    write_record(tmp_path, moments_between(1013, 1020))
    assert read_record(tmp_path).watched == [Span(1000, 1010), Span(1013, 1020)]


def test_a_second_watcher_covers_what_the_first_one_missed(tmp_path: Path) -> None:
    write_record(tmp_path, [*moments_between(1000, 1004), *moments_between(1008, 1010)])
    write_record(tmp_path, moments_between(1002, 1009))
    assert read_record(tmp_path).watched == [Span(1000, 1010)]


def test_a_record_of_another_release_does_not_count(tmp_path: Path) -> None:
    write_record(tmp_path, moments_between(1000, 1010), release="1.9.0")
    record = read_record(tmp_path, "2.0.0")
    assert not record.heads
    assert not record.watched


def test_a_cut_last_line_is_what_a_kill_leaves(tmp_path: Path) -> None:
    path = write_record(tmp_path, moments_between(1000, 1010))
    path.write_bytes(path.read_bytes()[:-60])
    record = read_record(tmp_path)
    assert not record.problems
    assert len(record.cut_lines) == 1
    assert record.watched == [Span(1000, 1010)]


def edit_a_value(text: str) -> str:
    return text.replace('"outcome": "ok"', '"outcome": "late"', 1)


def remove_a_line(text: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(lines[:5] + lines[6:])


def swap_two_lines(text: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join([*lines[:5], lines[6], lines[5], *lines[7:]])


def repeat_a_line(text: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join([*lines[:6], lines[5], *lines[6:]])


def insert_text(text: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join([*lines[:6], "all was well\n", *lines[6:]])


@pytest.mark.parametrize(
    "change", [edit_a_value, remove_a_line, swap_two_lines, repeat_a_line, insert_text]
)
def test_a_changed_line_is_named_and_what_follows_does_not_count(
    tmp_path: Path, change: Callable[[str], str]
) -> None:
    path = write_record(tmp_path, moments_between(1000, 1010))
    path.write_text(change(path.read_text()))
    record = read_record(tmp_path)
    assert [problem.startswith(f"{path.name}, line ") for problem in record.problems] == [True]
    assert all(span.ends < 1004 for span in record.watched)


def test_a_segment_that_is_gone_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_writer, "SEGMENT_BYTES", 1000)
    first = write_record(tmp_path, moments_between(1000, 1010))
    whole = read_record(tmp_path)
    assert whole.watched == [Span(1000, 1010)]
    assert not whole.problems
    second = first.with_name(first.name.replace(".0001.", ".0002."))
    second.unlink()
    assert "segment 2 is missing" in read_record(tmp_path).problems[0]


def test_a_format_of_the_future_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_writer, "FORMAT", 2)
    write_record(tmp_path, moments_between(1000, 1010))
    record = read_record(tmp_path)
    assert "format 2" in record.problems[0]
    assert not record.watched


@pytest.mark.parametrize(
    ("outcome", "took", "counts"),
    [
        (ProbeOutcome.TIMED_OUT, 2.9, False),  # 0.1 s without the gap
        (ProbeOutcome.LATE, 3.5, False),
        (ProbeOutcome.LATE, 3.9, True),  # 1.1 s without the gap, and 1 s is the limit
        (ProbeOutcome.TIMED_OUT, 6.0, True),
        (ProbeOutcome.NO_ANSWER, 2.9, False),
        (ProbeOutcome.NO_SESSION, 2.9, False),
        (ProbeOutcome.WRONG_STATUS, 2.9, True),
        (ProbeOutcome.WRONG_CONTENT, 2.9, True),
    ],
)
def test_a_failure_that_the_watchers_own_gap_explains_says_nothing(
    tmp_path: Path, outcome: ProbeOutcome, took: float, counts: bool
) -> None:
    clock = SetClock()
    writer = RecordWriter(tmp_path, {**HEAD, "late_seconds": {"read": 1.0}}, clock)
    writer.write(BEAT)
    failed = PathProbe("read", 1000, 1000.1, took, outcome)
    writer.write(OWN_GAP, begins=1000.2, ends=1003.0, why="the watcher did not run")
    writer.write(PROBE, **failed.to_plain())
    clock.now = 1003.0
    writer.write(BEAT)
    writer.close()
    record = read_record(tmp_path)
    assert [result.failed for result in record.results] == [counts]
    assert record.own_gaps == [Span(1000.2, 1003.0)]


def test_the_status_file_is_whole(tmp_path: Path) -> None:
    writer = RecordWriter(tmp_path, HEAD, SetClock())
    writer.write_status({"state": "watching"})
    assert json.loads((tmp_path / "status.json").read_text())["state"] == "watching"
    writer.close()
