"""Long watches of a real hospital: quiet ones without an alarm, and kills at twenty moments."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.calibration import scale_seconds
from tests.watched_hospital import WatchedHospital, start_watched_hospital

QUIET_SECONDS = 300.0


@pytest.fixture(scope="module")
def announced() -> Iterator[dict[str, Any]]:
    """Start the hospital with two instances and a proxy."""
    with start_watched_hospital() as announced:
        yield announced


@pytest.fixture
def watched(announced: dict[str, Any], tmp_path: Path) -> WatchedHospital:
    """Provide the hospital with a project that watches it by the defaults."""
    hospital = WatchedHospital(announced, tmp_path)
    hospital.write_settings()
    return hospital


@pytest.mark.parametrize("number", range(20))
def test_a_quiet_watch_raises_no_alarm(watched: WatchedHospital, number: int) -> None:
    """Of a busy machine not proven is allowed: nothing fails, and nothing is ordered."""
    del number
    with watched.watch() as watcher:
        begins = time.time()
        time.sleep(QUIET_SECONDS)
        ends = time.time()
        watcher.send_signal(signal.SIGTERM)
        assert watcher.wait(scale_seconds(60)) == 0
    asked = watched.ask(begins, ends)
    for assessment in (asked.assess_coverage(), asked.assess_gaps(), asked.assess_failures()):
        assert not assessment.findings
    assert not (watched.record_folder / "ROLL-BACK-NOW.txt").exists()


@pytest.mark.parametrize("number", range(20))
def test_a_watcher_that_is_killed_loses_no_acknowledged_write(
    watched: WatchedHospital, number: int
) -> None:
    """At a moment of its own each: between sending, acknowledging and writing down."""
    with watched.watch() as watcher:
        time.sleep(0.5 + number * 0.137)
        os.kill(watcher.pid, signal.SIGKILL)
        watcher.wait()
    reading = watched.start("watch", "--read-back")
    told, _ = reading.communicate(timeout=scale_seconds(60))
    assert reading.returncode == 0, told
    assert "0 lost or changed, 0 not read" in told
    assert not watched.read().problems
