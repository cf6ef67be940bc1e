"""The steps of a rollout with workers of xdist: one of them waits for the end, all judge it."""

from __future__ import annotations

from pathlib import Path

import psutil

from cutover_gates.watch.record_reader import read_record
from tests.calibration import scale_seconds
from tests.endurance.embedded_gate import XDIST
from tests.gate.kills.leftovers import wait
from tests.gate.rollout.rollout_trial import (
    DECLARED_FACTOR,
    RolloutTrial,
    begin_gate,
    list_offspring,
)
from tests.gate.rollout.test_step_gates import record_of
from tests.gate.rollout.test_whole_rollout import STEPS

TWO = ("-n", "2")
LATE = "ran after checks that cost more"


def list_workers(trial: RolloutTrial) -> list[psutil.Process]:
    """Return the workers of a gate, the oldest first."""
    found = [one for one in list_offspring(trial.process) if XDIST in " ".join(one.cmdline())]
    return sorted(found, key=psutil.Process.create_time)


def test_a_clean_canary_is_go_with_workers(tmp_path: Path) -> None:
    """The step has one beginning and one end, and no check of before it came late."""
    with begin_gate("phase2-10", tmp_path, *TWO, factor=DECLARED_FACTOR) as trial:
        trial.wait_for_line("10 % is live")
        wait("two workers", lambda: len(list_workers(trial)) == 2, scale_seconds(60))
    verdict = trial.read_verdict()
    assert (trial.process.returncode, verdict["verdict"]) == (0, "GO"), trial.read_output()
    (step,) = read_record(record_of(trial), "2.0.0").steps
    assert 29.5 <= step.lived_seconds(0) < 75
    assert not [note for note in verdict["notes"] if LATE in note]


def test_a_clean_rollout_is_go_with_workers(tmp_path: Path) -> None:
    with begin_gate("phase2", tmp_path, *TWO, factor=DECLARED_FACTOR) as trial:
        pass
    verdict = trial.read_verdict()
    assert (trial.process.returncode, verdict["verdict"]) == (0, "GO"), trial.read_output()
    assert [step["gate"] for step in verdict["steps"]] == STEPS
    for step in STEPS:
        assert not [note for note in trial.read_verdict(step)["notes"] if LATE in note]


def test_a_canary_without_traffic_is_not_proven_with_workers(tmp_path: Path) -> None:
    with begin_gate("phase2-10", tmp_path, *TWO) as trial:
        trial.wait_for_line("10 % is live")
        old = min(trial.proxy.get_weights().items(), key=lambda pair: -pair[1])[0]
        trial.proxy.set_weights({old: 1})
    assert trial.process.returncode == 1
    assert trial.outcome("canary-deployment") == "not proven", trial.read_output()


def test_workers_that_are_killed_while_they_wait_are_no_go(tmp_path: Path) -> None:
    """The lock of the one that waited ends with it, so the gate does not hang."""
    with begin_gate("phase2-10", tmp_path, *TWO, factor="10") as trial:
        trial.wait_for_line("live for")
        assert trial.process.poll() is None, trial.read_output()
        for worker in list_workers(trial):
            worker.kill()
    assert (trial.process.returncode, trial.read_verdict()["verdict"]) == (1, "NO-GO")
