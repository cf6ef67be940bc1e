"""The whole rollout of the embedded hospital: three steps, one verdict, and what is left of a kill."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.gate.rollout.rollout_trial import (
    DECLARED_FACTOR,
    begin_gate,
    find_survivors,
    list_offspring,
)

STEPS = ["phase2-10", "phase2-50", "phase2-100"]


def test_a_clean_rollout_is_go(tmp_path: Path) -> None:
    with begin_gate("phase2", tmp_path, factor=DECLARED_FACTOR) as trial:
        pass
    verdict = trial.read_verdict()
    assert (trial.process.returncode, verdict["verdict"]) == (0, "GO"), trial.read_output()
    assert [step["gate"] for step in verdict["steps"]] == STEPS
    for step in verdict["steps"]:
        assert step["verdict"] == trial.read_verdict(step["gate"])["verdict"] == "GO"
        assert step["share"]
    page = next(tmp_path.glob("runs/2*-embedded-phase2-cut*/verdict.html")).read_text()
    assert all(f'href="../{step["folder"]}/verdict.html"' in page for step in verdict["steps"])


def test_a_trigger_in_the_second_step_ends_the_rollout(tmp_path: Path) -> None:
    """The third step does not begin, and the joined verdict orders the way back."""
    with begin_gate("phase2", tmp_path, factor=DECLARED_FACTOR) as trial:
        trial.wait_for_line("50 % is live")
        os.kill(trial.read_pid("instance"), signal.SIGSTOP)
        trial.wait_until_taken_back()
    verdict = trial.read_verdict()
    assert (trial.process.returncode, verdict["verdict"]) == (1, "NO-GO"), trial.read_output()
    assert [step["gate"] for step in verdict["steps"]] == STEPS[:2]
    assert trial.outcome("trigger-health") == "failed"
    assert trial.outcome("canary-deployment") == "passed"
    assert trial.outcome("full-deployment") == "not proven"
    assert "ROLL BACK NOW" in verdict["rollback_order"]
    assert "ROLL BACK NOW" in trial.read_output().strip().splitlines()[-1]


def test_a_rollout_that_is_killed_between_two_steps_is_no_go(tmp_path: Path) -> None:
    """Its NO-GO of the start stands, and nothing of it runs on."""
    with begin_gate("phase2", tmp_path, factor=DECLARED_FACTOR) as trial:
        trial.wait_for_line("GO for 50 %")
        offspring = list_offspring(trial.process)
        trial.process.kill()
        trial.process.wait()
        assert find_survivors(offspring, 30) == []
    verdict = trial.read_verdict()
    assert verdict["verdict"] == "NO-GO"
    assert verdict["holds"] == ["the run did not come to its end"]
    assert trial.read_verdict("phase2-10")["verdict"] == "GO"
