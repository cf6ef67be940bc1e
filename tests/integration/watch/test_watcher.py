"""Real watchers of a real hospital: quiet, with gaps of the service, and with gaps of their own."""

from __future__ import annotations

import os
import signal
import time

import pytest

from cutover_gates.watch import rules
from cutover_gates.watch.probe_results import ProbeOutcome
from tests.calibration import scale_seconds
from tests.watched_hospital import (
    RELEASE,
    WatchedHospital,
    read_status,
    stop_for,
)

OFTEN = {"read", "search", "write", "download", "old-session", "new-connection"}


def test_a_quiet_watch_finds_nothing_and_ends_in_order(watched: WatchedHospital) -> None:
    """A second watcher of the folder is refused. Of a busy machine its own gaps are told."""
    with watched.watch() as watcher:
        second = watched.start("watch", "--seconds", "1")
        _, told = second.communicate(timeout=scale_seconds(20))
        time.sleep(2)
        watcher.send_signal(signal.SIGTERM)
        assert watcher.wait(scale_seconds(20)) == 0
    assert second.returncode == 4
    assert "another watcher writes to" in told
    assert "Traceback" not in told
    record = watched.read()
    assert {result.outcome for result in record.results if result.failed} <= set()
    assert {result.path for result in record.results} >= OFTEN
    assert {result.release for result in record.results if result.release} == {RELEASE}
    assert len({result.instance for result in record.results if result.instance}) == 2
    assert {result.role for result in record.results} >= {"registrar", "clinician"}
    assert read_status(watched)["state"] == "ended"
    ledger = next((watched.folder / "reports/ledgers").rglob("*.jsonl")).read_text()
    assert '"do": "closed", "left": 0' in ledger
    span = record.watched[0]
    asked = watched.ask(span.begins, record.watched[-1].ends)
    assert not asked.assess_coverage().findings
    assert not asked.assess_gaps().findings
    assert not asked.assess_gaps().not_proven
    assert not asked.assess_failures().findings


# The faults of the watcher try the same, one by one.
@pytest.mark.thorough
def test_gaps_of_service_and_watcher_are_told_apart(watched: WatchedHospital) -> None:
    """The proxy stands still for 2 s, later the watcher for 3 s: only the first is a finding."""
    with watched.watch() as watcher:
        begins = time.time()
        time.sleep(1)
        stopped = time.time()
        stop_for(watched.process_of("proxy"), 2)
        time.sleep(1.5)
        own = time.time()
        stop_for(watcher.pid, 3)
        time.sleep(1)
        ends = time.time()
        watcher.send_signal(signal.SIGINT)
        assert watcher.wait(scale_seconds(20)) == 0
    asked = watched.ask(begins, ends)
    gaps = asked.assess_gaps()
    long_ones = [one for one in gaps.findings if one.rule == rules.NO_LONG_GAP]
    assert {one.subject for one in long_ones} >= {"read"}
    found = [gap for gap in asked.continuity.gaps if gap.path == "read"]
    assert len(found) == 1
    assert abs(found[0].possible.begins - stopped) < 0.5
    assert 1.0 < found[0].seen.seconds <= found[0].possible.seconds < scale_seconds(4)
    assert set(found[0].outcomes) <= {ProbeOutcome.LATE, ProbeOutcome.TIMED_OUT}
    coverage = asked.assess_coverage()
    assert not coverage.findings
    assert rules.WATCHED in {gap.rule for gap in coverage.not_proven}
    assert any(gap.begins < own + 1 < own + 2 < gap.ends for gap in asked.record.own_gaps)


def read_back(watched: WatchedHospital) -> tuple[int, str]:
    """Return the status of a reading, and its lines after the first."""
    reading = watched.start("watch", "--read-back")
    told, _ = reading.communicate(timeout=scale_seconds(20))
    return reading.returncode, told.strip().partition("\n")[2]


@pytest.mark.thorough
def test_a_killed_watcher_loses_no_acknowledged_write_and_goes_on(
    watched: WatchedHospital,
) -> None:
    with watched.watch() as first:
        watched.wait_for(lambda: watched.probes_of(first.pid) > 40, first)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        killed = time.time()
    # Somebody who restores a backup behind the hospital's back takes a write away.
    victim = next(line["id"] for line in watched.read().journal if line["kind"] == "document")
    assert read_back(watched) == (0, "")
    watched.execute("DELETE FROM documents WHERE id = %s", victim)
    status, told = read_back(watched)
    assert status == 1
    assert f"document {victim}" in told
    assert "no record" in told
    kept = {(line["kind"], line["id"]) for line in watched.read().journal}
    assert {kind for kind, _ in kept} >= {"patient", "document"}
    with watched.watch() as second:
        time.sleep(1)
        second.send_signal(signal.SIGTERM)
        assert second.wait(scale_seconds(20)) == 0
    record = watched.read()
    assert not record.problems
    assert len({head["process"] for head in record.heads}) == 2
    assert {(line["kind"], line["id"]) for line in record.journal} > kept
    assert not any(span.begins < killed < span.ends for span in record.watched)
    assert not [result for result in record.results if result.failed]


@pytest.mark.thorough
def test_a_dead_instance_orders_a_rollback_and_a_new_watcher_says_so_again(
    watched: WatchedHospital,
) -> None:
    """The fourth failed health check in a row fires, and a killed watcher forgets nothing."""
    backends = f'backends = ["{watched.balancer["backends"][0]}", "http://127.0.0.1:9"]'
    text = (watched.folder / "cutover.toml").read_text()
    text = text.replace("instance_header =", f"{backends}\ninstance_header =")
    limits = "health_seconds = 0.3\nevaluate_seconds = 0.5\nstart_seconds = 2"
    (watched.folder / "cutover.toml").write_text(f"{text}\n[targets.site.triggers]\n{limits}\n")
    order = watched.record_folder / "ROLL-BACK-NOW.txt"
    with watched.watch() as first:
        watched.wait_for(order.is_file, first)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    told = order.read_text()
    assert told.splitlines()[0].startswith("ROLL BACK NOW: health of instance:127.0.0.1:9")
    assert told.splitlines()[0] == told.splitlines()[-1]
    with watched.watch() as second:
        time.sleep(1)
        second.send_signal(signal.SIGTERM)
        _, said = second.communicate(timeout=scale_seconds(20))
    assert "ROLL BACK NOW: health of instance:127.0.0.1:9" in said
    assert read_status(watched)["triggers"]["fired"]


@pytest.mark.thorough
def test_a_first_watcher_that_reaches_nobody_ends_and_a_resumed_one_goes_on_trying(
    watched: WatchedHospital,
) -> None:
    """Wrong settings are told at once. A watcher that is started again may meet an outage."""
    watched.write_settings(url="http://127.0.0.1:9")
    first = watched.start("watch")
    _, told = first.communicate(timeout=scale_seconds(20))
    assert first.returncode == 4
    assert told.startswith("NOTHING WATCHED: ")
    watched.write_settings()
    with watched.watch() as killed:
        os.kill(killed.pid, signal.SIGKILL)
    watched.write_settings(url="http://127.0.0.1:9")
    second = watched.start("watch")
    time.sleep(scale_seconds(4))
    assert second.poll() is None
    second.send_signal(signal.SIGTERM)
    _, told = second.communicate(timeout=scale_seconds(20))
    assert "not watching yet: " in told
    assert second.returncode == 4
