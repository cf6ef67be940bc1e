"""Marks of steps: each is read once, a whole reading after it counts, and nothing else does."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.findings import Finding
from cutover_gates.drivers import rules as write_rules
from cutover_gates.watch import rules, step_marks
from cutover_gates.watch.journal_reader import compare_writes
from cutover_gates.watch.record_lines import READ_BACK
from cutover_gates.watch.record_reader import read_record
from cutover_gates.watch.record_writer import RecordWriter, SteadyClock
from cutover_gates.watch.step_marks import (
    READ_MARKS,
    MarkFollower,
    find_unread,
    is_watched,
    write_mark,
)
from cutover_gates.watch.time_spans import Span
from cutover_gates.watch.watch_scope import hold_watch_folder

GAP = Finding(write_rules.WRITES_COMPARED, "site", "", "it does not answer")


def read_writes(folder: Path, *marks: str, whole: bool = True) -> None:
    """Write down a reading of the writes after these marks."""
    answer = Assessment("", (), not_proven=() if whole else (GAP,))
    head = {"release": "2.0.0", "tag": "", "intervals": {}}
    if whole:
        head[READ_MARKS] = list(marks)
    writer = RecordWriter(folder, head, SteadyClock())
    plain, none = answer.to_plain(), 0
    writer.write(
        READ_BACK, assessment=plain, until=0.0, unknown=none, unknown_found=none, marks=marks
    )
    writer.close()


def unread_rules(folder: Path) -> list[tuple[str, str]]:
    window = Span(SteadyClock()() - 60, SteadyClock()() + 60)
    gaps = compare_writes(read_record(folder, "2.0.0"), window).not_proven
    return [(gap.rule.id, gap.subject) for gap in gaps if gap.rule == rules.READ_AFTER_EACH_STEP]


def test_a_step_after_which_nobody_read_is_not_proven(tmp_path: Path) -> None:
    write_mark(tmp_path, "site", "2.0.0", "canary")
    assert unread_rules(tmp_path) == [(rules.READ_AFTER_EACH_STEP.id, "canary")]


def test_a_whole_reading_proves_the_steps_that_it_names_only(tmp_path: Path) -> None:
    canary, _half = (write_mark(tmp_path, "site", "2.0.0", name) for name in ("canary", "half"))
    read_writes(tmp_path, canary.id)
    assert unread_rules(tmp_path) == [(rules.READ_AFTER_EACH_STEP.id, "half")]


def test_a_reading_with_gaps_proves_no_step(tmp_path: Path) -> None:
    mark = write_mark(tmp_path, "site", "2.0.0", "canary")
    read_writes(tmp_path, mark.id, whole=False)
    assert unread_rules(tmp_path) == [(rules.READ_AFTER_EACH_STEP.id, "canary")]


def test_two_steps_of_one_name_are_two(tmp_path: Path) -> None:
    first, _ = (write_mark(tmp_path, "site", "2.0.0", "canary") for _ in range(2))
    read_writes(tmp_path, first.id)
    record = read_record(tmp_path, "2.0.0")
    assert len(record.marks) == 2
    assert len(find_unread(record.marks, record.read_backs)) == 1


def test_a_mark_of_another_release_is_none_of_this_one(tmp_path: Path) -> None:
    write_mark(tmp_path, "site", "1.9.0", "rollback")
    assert unread_rules(tmp_path) == []


@pytest.mark.parametrize("name", ["", "Canary", "a b", "../x", "x" * 41])
def test_a_name_that_is_none_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="--mark"):
        write_mark(tmp_path, "site", "2.0.0", name)
    assert not list(tmp_path.iterdir())


def test_a_folder_is_watched_while_somebody_holds_it(tmp_path: Path) -> None:
    assert not is_watched(tmp_path)
    with hold_watch_folder(tmp_path):
        assert is_watched(tmp_path)
    assert not is_watched(tmp_path)


def test_the_follower_reads_after_marks_from_before_and_tries_again_until_all_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first reading has gaps. The mark before the start has been read already."""
    monkeypatch.setattr(step_marks, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(step_marks, "AGAIN_SECONDS", 0.05)
    read_writes(tmp_path, write_mark(tmp_path, "site", "2.0.0", "canary").id)
    half = write_mark(tmp_path, "site", "2.0.0", "half")
    told: list[str] = []
    done = threading.Event()

    def read_back() -> str:
        read_writes(tmp_path, half.id, whole=bool(told))
        done.set() if told else None
        return "read"

    follower = MarkFollower(tmp_path, read_back, told.append)
    follower.start()
    assert done.wait(10)
    follower.close()
    assert told == ["after half: read"] * 2
    assert unread_rules(tmp_path) == []
