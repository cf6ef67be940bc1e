"""Real watchers with sources of their own: a baseline, a login and a log, also after a kill."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.calibration import scale_seconds
from tests.watched_hospital import RELEASE, TARGET, WatchedHospital

pytestmark = pytest.mark.thorough

JUDGED = "2.1.0"
"""The release under judgement; the hospital is the one before it."""


@pytest.fixture
def sources(watched: WatchedHospital) -> WatchedHospital:
    """Provide the hospital with a project whose database and log are declared."""
    (watched.folder / "dsn").write_text(watched.announced["database"], encoding="utf-8")
    return watched


def write_settings(watched: WatchedHospital, begins: float) -> None:
    """Write settings with T-0 at a moment, and the hospital as the release before."""
    moment = datetime.fromtimestamp(begins, UTC).isoformat()
    watched.write_settings(
        f"""[targets.{TARGET}.watch]
begins = {moment}
paths.search = 0.05
[targets.{TARGET}.triggers]
evaluate_seconds = 0.5
[targets.{TARGET}.database]
dsn_file = "dsn"
[targets.{TARGET}.monitoring.logs]
kind = "file"
path = "{watched.announced["log"]}"
"""
    )
    file = watched.folder / "cutover.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(f'release = "{RELEASE}"', f'release = "{JUDGED}"'), "utf-8")


def list_lines(watched: WatchedHospital, do: str) -> Iterator[dict[str, Any]]:
    """Yield the lines of a kind of all watchers, in their order."""
    for path in sorted(watched.record_folder.glob("*.jsonl")):
        for text in path.read_text(encoding="utf-8").splitlines():
            line = json.loads(text)
            if line["do"] == do:
                yield line


def last_readings(watched: WatchedHospital) -> dict[str, dict[str, Any]]:
    """Return the readings of the last evaluation by their keys."""
    last = list(list_lines(watched, "evaluation"))[-1]
    return {one["key"]: one for one in json.loads(last["evaluation"])["readings"]}


def test_a_killed_watcher_leaves_its_baseline_to_the_next_one(sources: WatchedHospital) -> None:
    begins = time.time() + scale_seconds(4) + 6
    write_settings(sources, begins)
    with sources.watch() as first:
        sources.wait_for(lambda: any(list_lines(sources, "baseline")), first)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    with sources.watch() as second:
        time.sleep(4)
        second.send_signal(signal.SIGTERM)
        assert second.wait(scale_seconds(20)) == 0
    (before, after) = list_lines(sources, "baseline")
    assert before["bounds"] == after["bounds"]
    assert before["releases"] == {RELEASE: before["counts"]["search"]}
    assert not sources.read().problems
    found = last_readings(sources)
    assert found["response-time/service/probes/search"]["total"] is not None
    assert found["database/service/probes/"]["login"] == "ok"
    assert found["database/service/logs/"]["logged"] == 0


def test_a_baseline_that_is_recorded_for_itself_is_used_by_the_night(
    sources: WatchedHospital,
) -> None:
    """With the days between the two the night would not have been watched."""
    write_settings(sources, time.time() + 3600)
    short = sources.start("watch", "--baseline", "1")
    _, told = short.communicate(timeout=scale_seconds(30))
    assert short.returncode == 4
    assert "needs 72" in told
    assert "Traceback" not in told
    recording = sources.start("watch", "--baseline", str(scale_seconds(8)))
    _, told = recording.communicate(timeout=scale_seconds(60))
    assert recording.returncode == 0, told
    assert "baseline: search p95 at most" in told
    assert not sources.read().results, "it is no part of the record of the night"
    write_settings(sources, time.time() - 1)
    with sources.watch() as night:
        time.sleep(4)
        night.send_signal(signal.SIGTERM)
        assert night.wait(scale_seconds(20)) == 0
    assert len(list(list_lines(sources, "baseline"))) == 1
    assert last_readings(sources)["response-time/service/probes/search"]["total"] is not None
    assert not [line for line in list_lines(sources, "unknown") if "response" in line["about"]]
