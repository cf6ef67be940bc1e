"""A real watcher reads the writes again after each marked step, and no probe waits for it."""

from __future__ import annotations

import signal
import time
from functools import partial

from cutover_gates.util.concurrency import wait_for
from cutover_gates.watch import rules
from tests.calibration import scale_seconds
from tests.watched_hospital import WatchedHospital


def test_the_running_watcher_reads_the_writes_after_a_step(watched: WatchedHospital) -> None:
    """Without a watcher the command says so; the step is then not proven until somebody reads."""
    with watched.watch() as watcher:
        begins = time.time()
        marking = watched.start("watch", "--mark", "canary")
        told, _ = marking.communicate(timeout=scale_seconds(20))
        assert marking.returncode == 0, told
        assert "step canary of 2.0.0 ended at" in told
        # The reading has a low priority: on a busy machine it waits for everybody else.
        assert wait_for(partial(_is_read, watched, "canary"), scale_seconds(90), 0.2)
        ends = time.time()
        watcher.send_signal(signal.SIGTERM)
        _, told = watcher.communicate(timeout=scale_seconds(20))
    assert "after canary: read back: " in told
    steps = watched.ask(begins, ends).assess_writes().figures["steps"]
    assert [(step["step"], step["lost"]) for step in steps] == [("canary", 0)]
    assert not watched.ask(begins, ends).assess_gaps().findings
    late = watched.start("watch", "--mark", "full")
    _, complaint = late.communicate(timeout=scale_seconds(20))
    assert late.returncode == 1
    assert "no watcher runs" in complaint
    gaps = watched.ask(begins, ends).assess_writes().not_proven
    assert [(gap.rule, gap.subject) for gap in gaps] == [(rules.READ_AFTER_EACH_STEP, "full")]
    reading = watched.start("watch", "--mark", "after", "--read-back")
    told, _ = reading.communicate(timeout=scale_seconds(20))
    assert reading.returncode == 0, told
    assert not watched.ask(begins, ends).assess_writes().not_proven


def _is_read(watched: WatchedHospital, name: str) -> bool:
    record = watched.read()
    ids = {mark.id for mark in record.marks if mark.name == name}
    return any(ids & {*line["marks"]} for line in record.read_backs)
