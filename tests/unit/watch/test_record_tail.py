"""What a record got since the last look is what the whole record has."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.core.rollout.rollout_step import RolloutStep
from cutover_gates.watch.probe_results import PathProbe, ProbeOutcome
from cutover_gates.watch.record_lines import BEAT, OWN_GAP, PROBE
from cutover_gates.watch.record_reader import read_record
from cutover_gates.watch.record_tail import RecordTail
from cutover_gates.watch.record_writer import RecordWriter, SteadyClock
from cutover_gates.watch.step_lines import write_step

HEAD = {
    "target": "site",
    "release": "2.0.0",
    "tag": "w",
    "intervals": {"read": 0.1},
    "late_seconds": {"read": 1.0},
}


@pytest.fixture
def writer(tmp_path: Path) -> RecordWriter:
    """Provide the record of a watcher."""
    return RecordWriter(tmp_path, HEAD, SteadyClock())


def probe(
    writer: RecordWriter, path: str = "read", outcome: ProbeOutcome = ProbeOutcome.OK
) -> PathProbe:
    at = round(writer.clock(), 4)
    result = PathProbe(path, at, at, 0.02, outcome, release="2.0.0")
    writer.write(PROBE, **result.to_plain())
    return result


def test_each_look_finds_what_was_added(tmp_path: Path, writer: RecordWriter) -> None:
    tail = RecordTail(tmp_path, "2.0.0", 0.0)
    first = probe(writer)
    writer.write(BEAT)
    assert tail.read().results == [first]
    second = probe(writer, "read-pinned")
    assert tail.read().results == [first, second]
    assert tail.read().results == read_record(tmp_path, "2.0.0").results


def test_steps_are_found_and_those_of_another_release_are_not(
    tmp_path: Path, writer: RecordWriter
) -> None:
    tail = RecordTail(tmp_path, "2.0.0", 0.0)
    step = RolloutStep(10, writer.clock())
    write_step(tmp_path, "site", "2.0.0", step, 372)
    write_step(tmp_path, "site", "1.9.0", RolloutStep(50, step.begins))
    assert tail.read().steps == [step]
    write_step(tmp_path, "site", "2.0.0", step.end_at(step.begins + 5))
    assert tail.read().steps == [step.end_at(step.begins + 5)]
    assert tail.read().steps == read_record(tmp_path, "2.0.0").steps


def test_what_is_older_is_left_out(tmp_path: Path, writer: RecordWriter) -> None:
    probe(writer)
    tail = RecordTail(tmp_path, "2.0.0", writer.clock() + 60)
    assert tail.read().results == []


def test_a_failure_in_a_gap_of_the_watchers_own_says_nothing(
    tmp_path: Path, writer: RecordWriter
) -> None:
    for path in ("read", "read-pinned"):
        failed = probe(writer, path, ProbeOutcome.NO_ANSWER)
        writer.write(OWN_GAP, begins=failed.started - 1, ends=failed.ended + 1, why="it stood")
    found = RecordTail(tmp_path, "2.0.0", 0.0).read().results
    assert [one.outcome for one in found] == [ProbeOutcome.WATCHER_ERROR] * 2
    assert found == read_record(tmp_path, "2.0.0").results


def test_a_line_that_is_being_written_comes_with_the_next_look(
    tmp_path: Path, writer: RecordWriter
) -> None:
    tail = RecordTail(tmp_path, "2.0.0", 0.0)
    first = probe(writer)
    writer.close()
    (path,) = tmp_path.glob("*.jsonl")
    whole = path.read_bytes()
    cut = whole.index(b'"outcome"')
    path.write_bytes(whole[:cut])
    assert tail.read().results == []
    path.write_bytes(whole)
    assert tail.read().results == [first]
