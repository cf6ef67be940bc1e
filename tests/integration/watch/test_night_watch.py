"""The night of the embedded hospital under a real watcher: reloads, a drained release, a crossing."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.config.watch import Watch
from cutover_gates.targets import embedded_night
from cutover_gates.targets.embedded_night import NightWatch
from cutover_gates.watch.assessments import WatchAssessments
from reference.environment.weights import CaddyAdmin
from tests.calibration import scale_seconds
from tests.integration.reference.started_hospital import ROOT, launch, read_announcement
from tests.watched_hospital import RELEASE, WatchedHospital

RELOADS = 6


@pytest.fixture
def night() -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """Start a night, and what it announces first."""
    process = launch("--tied", "--stage", "night")
    yield process, read_announcement(process)["night"]
    process.kill()
    process.communicate()


@pytest.mark.thorough
def test_a_night_with_reloads_crosses_the_releases_and_loses_nothing(
    night: tuple[subprocess.Popen[bytes], dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The proxy is reloaded between two requests of a kept connection, six times (hazard 37).

    1.9.0 drains while slow uploads and downloads are under way, and what it wrote 2.0.0 reads.
    """
    monkeypatch.setattr(embedded_night, "PROBES", 150)
    process, announced = night
    table = Watch(longest_gap_seconds=scale_seconds(3), gap_share=0.5, error_share=0.01)
    watching = NightWatch(announced, tmp_path, ROOT, table, RELEASE)
    try:
        watching.begin()
        read_announcement(process)
        admin = CaddyAdmin(Path(announced["begin"]).with_name("caddy.sock"))
        backends = list(admin.get_weights())
        for number in range(RELOADS):
            admin.set_weights(dict.fromkeys(backends, number % 2 + 1))
            time.sleep(0.7)
        told = watching.end()
    finally:
        watching.stop()
    window = {name: datetime.fromisoformat(told[name]) for name in ("begins", "ends")}
    declared = table.model_copy(update=window)
    asked = WatchAssessments(Path(told["folder"]), RELEASE, declared)
    crossed = asked.assess_crossings()
    assert not crossed.findings
    assert not crossed.not_proven
    assert crossed.figures["releases"] == ["1.9.0", "2.0.0"]
    assert {"read: 1.9.0 → 2.0.0", "session: 1.9.0 → 2.0.0"} <= crossed.figures["crossed"].keys()
    failed = [result for result in asked.continuity.results if result.failed]
    assert not failed


@pytest.mark.thorough
def test_an_instance_that_drains_loses_no_slow_request(watched: WatchedHospital) -> None:
    """SIGTERM while slow uploads and downloads are under way on it (hazard 36)."""
    slow = "slow_seconds = 4\npaths.upload_slow = 0.5\npaths.download_slow = 0.5"
    watched.write_settings(f"[targets.site.watch]\n{slow}")
    with watched.watch() as watcher:
        time.sleep(5)
        os.kill(watched.process_of("instance"), signal.SIGTERM)
        time.sleep(6)
        watcher.send_signal(signal.SIGTERM)
        assert watcher.wait(scale_seconds(30)) == 0
    results = watched.read().results
    assert sum(result.path.endswith("-slow") for result in results) > 10
    assert [result for result in results if result.failed] == []
