"""Long watches of a real hospital: quiet ones without an alarm, and kills at twenty moments.

    tox run -e endurance -- tests/endurance/test_watches.py

Twenty quiet watches of five minutes, four at a time, and twenty kills take about half an hour.
`TESTS_WATCH_SECONDS` makes a watch shorter, for a trial of this file.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.util.concurrency import wait_for
from cutover_gates.watch.time_spans import add_up
from tests.calibration import scale_seconds
from tests.watched_hospital import WatchedHospital, start_watched_hospital

WATCHES, AT_ONCE = 20, int(os.environ.get("TESTS_WATCHES_AT_ONCE", "4"))
"""On two cores four watchers leave each other time (docs/decisions/0075-threads-of-the-watcher.md)."""
QUIET_SECONDS = float(os.environ.get("TESTS_WATCH_SECONDS", "300"))
POLL_SECONDS = 0.001


@pytest.fixture(scope="module")
def announced() -> Iterator[dict[str, Any]]:
    """Start the hospital with two instances and a proxy."""
    with start_watched_hospital() as announced:
        yield announced


def make_project(announced: dict[str, Any], folder: Path) -> WatchedHospital:
    """Return the hospital with a project in `folder` that watches it by the defaults."""
    folder.mkdir(exist_ok=True)
    hospital = WatchedHospital(announced, folder)
    hospital.write_settings()
    return hospital


@pytest.fixture
def watched(announced: dict[str, Any], tmp_path: Path) -> WatchedHospital:
    """Provide the hospital with one project."""
    return make_project(announced, tmp_path)


@pytest.mark.parametrize("number", range(WATCHES // AT_ONCE))
def test_quiet_watches_raise_no_alarm(
    announced: dict[str, Any], tmp_path: Path, number: int
) -> None:
    """Of a busy machine not proven is allowed: nothing fails, and nothing is ordered."""
    del number
    projects = [make_project(announced, tmp_path / str(one)) for one in range(AT_ONCE)]
    with ExitStack() as stack:
        watchers = [stack.enter_context(project.watch()) for project in projects]
        begins = time.time()
        time.sleep(QUIET_SECONDS)
        ends = time.time()
        for watcher in watchers:
            watcher.send_signal(signal.SIGTERM)
        assert [watcher.wait(scale_seconds(60)) for watcher in watchers] == [0] * AT_ONCE
    for project in projects:
        _require_quiet(project, begins, ends)


def _require_quiet(watched: WatchedHospital, begins: float, ends: float) -> None:
    asked = watched.ask(begins, ends)
    answers = [asked.assess_coverage(), asked.assess_gaps(), asked.assess_failures()]
    answers += [asked.assess_writes(), asked.assess_crossings()]
    own = add_up(asked.continuity.unwatched)
    unproven = sorted({gap.rule.id for answer in answers for gap in answer.not_proven})
    print(f"{len(asked.continuity.results)} probes, own gaps {own:.2f} s, not proven {unproven}")
    assert [str(finding) for answer in answers for finding in answer.findings] == []
    assert not (watched.record_folder / "ROLL-BACK-NOW.txt").exists()


@dataclass(frozen=True)
class Moment:
    """A moment of a watcher's life. `wait` gets the hospital and the process, and returns then."""

    name: str
    wait: Callable[[WatchedHospital, subprocess.Popen[str]], None]


def _sleep(seconds: float, _watched: WatchedHospital, _watcher: subprocess.Popen[str]) -> None:
    time.sleep(seconds)


def _wait_for_writes(count: int, watched: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
    """Wait until so many lines of the journal are in the file: perhaps not yet on the disk."""

    def is_written() -> bool:
        paths = watched.record_folder.glob(f"*-{watcher.pid}-*.jsonl")
        return sum(path.read_text().count('"do": "write"') for path in paths) >= count

    assert wait_for(is_written, scale_seconds(20), POLL_SECONDS)


def _wait_for_status(count: int, watched: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
    """Wait until the status file is being written for this time."""
    unfinished = watched.record_folder / f".status.json.{watcher.pid}.tmp"
    for _ in range(count):
        assert wait_for(unfinished.exists, scale_seconds(20), 0)
        if _ + 1 < count:
            time.sleep(0.5)


def _begin_to_end(seconds: float, watched: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
    """Ask the watcher to end; it reads its writes again, and removes what it made."""
    watched.wait_for(lambda: watched.probes_of(watcher.pid) > 30, watcher)
    watcher.send_signal(signal.SIGTERM)
    time.sleep(seconds)


MOMENTS = [
    *(Moment(f"start-up after {at} s", partial(_sleep, at)) for at in (0.2, 0.5, 0.8)),
    *(Moment(f"sign-in after {at} s", partial(_sleep, at)) for at in (1.0, 1.2, 1.5)),
    *(Moment(f"fsync of write {n}", partial(_wait_for_writes, n)) for n in (1, 2, 5, 9, 14)),
    *(Moment(f"status {n}", partial(_wait_for_status, n)) for n in (1, 2, 3)),
    *(Moment(f"end after {at} s", partial(_begin_to_end, at)) for at in (0, 0.1, 0.2, 0.4, 0.7, 1)),
]
assert len(MOMENTS) == 20


@pytest.mark.parametrize("moment", MOMENTS, ids=[moment.name for moment in MOMENTS])
def test_a_watcher_that_is_killed_loses_no_acknowledged_write_and_is_resumed(
    watched: WatchedHospital, moment: Moment
) -> None:
    """The next watcher goes on in the same record, and the time in between is told."""
    first = watched.start("watch")
    try:
        moment.wait(watched, first)
    finally:
        first.kill()
        first.communicate()
    killed = time.time()
    kept = {(line["kind"], line["id"]) for line in watched.read().journal}
    reading = watched.start("watch", "--read-back")
    told, complaint = reading.communicate(timeout=scale_seconds(60))
    assert reading.returncode == 0, told + complaint
    assert "0 lost or changed, 0 not read" in told
    with watched.watch() as second:
        second.send_signal(signal.SIGTERM)
        _, told = second.communicate(timeout=scale_seconds(60))
        assert second.returncode == 0
    assert "0 lost or changed, 0 not read" in told
    record = watched.read()
    assert not record.problems
    assert {(line["kind"], line["id"]) for line in record.journal} >= kept
    assert not any(span.begins < killed < span.ends for span in record.watched)
    assert not (watched.record_folder / "ROLL-BACK-NOW.txt").exists()
