"""What can go wrong in a step, each in a real gate of the embedded hospital, and who says so."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from cutover_gates.watch.record_reader import read_record
from cutover_gates.watch.step_lines import write_step
from tests.gate.rollout.rollout_trial import DECLARED_FACTOR, RolloutTrial, begin_gate

OLD = "instance-before"


def record_of(trial: RolloutTrial) -> Path:
    """The folder of the watcher's record."""
    (folder,) = trial.folder.glob("runs/2*/watch/night")
    return folder


def test_a_clean_canary_is_go(tmp_path: Path) -> None:
    with begin_gate("phase2-10", tmp_path, factor=DECLARED_FACTOR) as trial:
        pass
    verdict = trial.read_verdict()
    assert (trial.process.returncode, verdict["verdict"]) == (0, "GO"), trial.read_output()
    (step,) = read_record(record_of(trial), "2.0.0").steps
    assert 29.5 <= step.lived_seconds(0) < 75


def test_a_canary_without_traffic_is_not_proven(tmp_path: Path) -> None:
    """Somebody set the weight back: nobody met the new release, so nobody was harmed by it."""
    with begin_gate("phase2-10", tmp_path) as trial:
        trial.wait_for_line("10 % is live")
        old = min(trial.proxy.get_weights().items(), key=lambda pair: -pair[1])[0]
        trial.proxy.set_weights({old: 1})
    assert trial.process.returncode == 1
    assert trial.outcome("canary-deployment") == "not proven", trial.read_output()


def test_a_step_of_another_share_is_failed(tmp_path: Path) -> None:
    """Half of the wards met the canary."""
    with begin_gate("phase2-10", tmp_path) as trial:
        trial.wait_for_line("10 % is live")
        old, *new = sorted(trial.proxy.get_weights(), key=lambda one: -_weight(trial, one))
        trial.proxy.set_weights({old: 2, **dict.fromkeys(new, 1)})
    assert trial.process.returncode == 1
    assert trial.outcome("canary-deployment") == "failed", trial.read_output()


def _weight(trial: RolloutTrial, backend: str) -> int:
    return trial.proxy.get_weights()[backend]


def test_a_step_whose_end_somebody_else_wrote_is_no_go(tmp_path: Path) -> None:
    """A mark set by hand must not shorten what the plan asks for."""
    with begin_gate("phase2-10", tmp_path) as trial:
        trial.wait_for_line("10 % is live")
        time.sleep(1)
        (live,) = read_record(record_of(trial), "2.0.0").steps
        write_step(record_of(trial), "embedded", "2.0.0", live.end_at(live.begins + 1))
    assert trial.process.returncode == 1
    holds = trial.read_verdict()["holds"]
    assert any("10 %" in hold for hold in holds), holds


def test_an_advance_that_fails_begins_no_step(tmp_path: Path) -> None:
    """The share that was asked for is not the one that is there."""
    with begin_gate("phase2-10", tmp_path) as trial:
        trial.wait_for_hospital()
        time.sleep(3)
        socket = trial.directory / "caddy.sock"
        socket.rename(socket.with_suffix(".away"))
    assert trial.process.returncode == 1
    (hold,) = trial.read_verdict()["holds"]
    assert "the step of 10 % did not begin: rollout.advance ended with status 1" in hold
    assert not list(trial.folder.glob("runs/2*/rollout-step.json"))


def test_a_watcher_that_dies_ends_the_step(tmp_path: Path) -> None:
    """Nobody would see the trigger that fires now."""
    with begin_gate("phase2-10", tmp_path) as trial:
        trial.wait_for_line("10 % is live")
        trial.kill_watcher()
    assert trial.process.returncode == 1
    holds = trial.read_verdict()["holds"]
    assert any("the watcher does not run any more" in hold for hold in holds), holds


@pytest.mark.parametrize(("gate", "live"), [("phase2-10", "10 %"), ("phase2-50", "50 %")])
def test_a_trigger_that_fires_takes_the_rollout_back(tmp_path: Path, gate: str, live: str) -> None:
    """A dead instance: the step ends at once, all traffic goes back, and the verdict orders it."""
    with begin_gate(gate, tmp_path) as trial:
        trial.wait_for_line(f"{live} is live")
        old = trial.read_pid(OLD)
        os.kill(trial.read_pid("instance"), signal.SIGSTOP)
        trial.wait_until_taken_back()
        weights = trial.proxy.get_weights()
        assert len(weights) == 1
        assert trial.is_backend_of(old, next(iter(weights)))
    assert trial.process.returncode == 1
    assert trial.outcome("trigger-health") == "failed", trial.read_output()
    verdict = trial.read_verdict()
    assert "ROLL BACK NOW" in verdict["rollback_order"]
    assert any("the rollout was taken back by rollout.abort" in one for one in verdict["holds"])
