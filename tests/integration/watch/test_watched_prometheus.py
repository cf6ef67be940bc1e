"""A real watcher of the embedded hospital, with the Prometheus that it brings along."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.calibration import scale_seconds
from tests.integration.reference.started_hospital import launch, read_announcement
from tests.watched_hospital import TARGET, WatchedHospital

LIMITS = """
evaluate_seconds = 1
rate_seconds = 5
error_seconds = 10
response_seconds = 10
response_source = "prometheus"
"""


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[WatchedHospital]:
    """Start the hospital with two instances, a proxy, a Prometheus and an Alertmanager."""
    process = launch("--tied", "--surroundings", "all")
    yield WatchedHospital(read_announcement(process), tmp_path)
    process.communicate(timeout=scale_seconds(20))


def write_settings(hospital: WatchedHospital) -> None:
    """Have the watcher read what the hospital says of its Prometheus."""
    told = hospital.announced["surroundings"]["monitoring"]
    lines = [f"[targets.{TARGET}.monitoring]", f'prometheus = "{told["prometheus"]}"']
    lines += [f"labels = '{told['labels']}'", f"[targets.{TARGET}.monitoring.triggers]"]
    lines += [f'release_info = "{told["triggers"]["release_info"]}"']
    lines += [f"operations.search = '{told['triggers']['operations']['search']}'"]
    lines += [f"[targets.{TARGET}.triggers]", LIMITS]
    hospital.write_settings("\n".join(lines))


def read_lines(hospital: WatchedHospital, kind: str) -> list[dict[str, Any]]:
    paths = sorted(hospital.record_folder.glob("*.jsonl"))
    lines = [json.loads(line) for path in paths for line in path.read_text().splitlines()]
    return [line for line in lines if line["do"] == kind]


def list_known(evaluations: list[dict[str, Any]], key: str, name: str) -> list[dict[str, Any]]:
    """Return the readings of a condition that have this count."""
    readings = [one for each in evaluations for one in each["readings"] if one["key"] == key]
    return [one for one in readings if one.get(name) is not None]


@pytest.mark.thorough
def test_the_watcher_reads_the_prometheus_of_the_embedded_hospital(
    hospital: WatchedHospital,
) -> None:
    write_settings(hospital)
    with hospital.watch() as watcher:
        time.sleep(scale_seconds(15))
        watcher.send_signal(signal.SIGTERM)
        watcher.communicate(timeout=scale_seconds(30))
    evaluations = [json.loads(line["evaluation"]) for line in read_lines(hospital, "evaluation")]
    for subject in ("new", "service"):
        errors = list_known(evaluations, f"error-rate/{subject}/prometheus/", "total")
        assert sum(one["total"] for one in errors) > 0
        assert sum(one["bad"] for one in errors) == 0
        pools = list_known(evaluations, f"database/{subject}/prometheus/", "pool_timeouts")
        assert sum(one["pool_timeouts"] for one in pools) == 0
        assert max(one["pool_size"] for one in pools) >= 1
    heard = [each["sources"]["prometheus"] for each in evaluations[5:]]
    assert heard.count(True) >= 0.9 * len(heard)
    reasons = {line["about"]: line["reason"] for line in read_lines(hospital, "unknown")}
    why = "no baseline was recorded before the cutover (gate t1)"
    assert reasons["response-time/new/prometheus/search"] == why
    assert not read_lines(hospital, "fired")
