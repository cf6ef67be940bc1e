"""A canary of too few answers in a real gate: filled up, or live for its longest time."""

from __future__ import annotations

from pathlib import Path

from cutover_gates.watch.record_reader import WatchRecord, read_record
from tests.gate.rollout.rollout_trial import RolloutTrial, begin_gate

FEW_ANSWERS = "ROLLOUT-008"


def record_of(trial: RolloutTrial) -> WatchRecord:
    """Return the watcher's record."""
    (folder,) = trial.folder.glob("runs/2*/watch/night")
    return read_record(folder, "2.0.0")


def test_pinned_probes_prove_a_limit_that_the_canary_alone_does_not(tmp_path: Path) -> None:
    """1.5 % takes 248 answers; a tenth of the watcher's probes are some 50 in its time."""
    settings = {"PROOF__EXTRA_RATE": "15", "PROOF__ERROR_PERCENTS__CANARY": "1.5"}
    with begin_gate("phase2-10", tmp_path, rollout=settings) as trial:
        pass
    assert trial.outcome("canary-deployment") == "passed", trial.read_output()
    # A busy machine may leave a trigger open, and nothing may fire.
    assert "failed" not in {item["outcome"] for item in trial.read_verdict()["items"]}
    record = record_of(trial)
    (step,) = record.steps
    pinned = [one for one in record.results if one.is_pinned]
    assert len(pinned) > 50
    assert {one.release for one in pinned} == {"2.0.0"}
    assert all(step.begins <= one.started <= (step.ends or 0) + 2 for one in pinned)


def test_a_canary_without_enough_answers_holds_after_its_longest_time(tmp_path: Path) -> None:
    """2,000 s are 50 s by the factor, and 0.2 % takes some 1,860 answers."""
    settings = {"LONGEST_SECONDS": "2000", "PROOF__ERROR_PERCENTS__CANARY": "0.2"}
    with begin_gate("phase2-10", tmp_path, rollout=settings) as trial:
        pass
    assert trial.process.returncode == 1
    assert trial.outcome("canary-deployment") == "not proven", trial.read_output()
    assert trial.rules_of("canary-deployment") == {FEW_ANSWERS}
    (step,) = record_of(trial).steps
    assert 47.5 <= step.lived_seconds(0) <= 50
