"""What declared commands tell of a step: real programs, and what they may print."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cutover_gates.config.previous import Rollout
from cutover_gates.core.rollout.rollout_step import RolloutStep
from cutover_gates.plugin.step_sources import DeclaredCounts, ask_weights
from cutover_gates.probes.rollout.rollout_record import ToldWeight
from cutover_gates.probes.rollout.side_effects import ToldCount

SOURCE = "rollout.weights.command"


def say(text: str) -> list[str]:
    """Return the words of a program that prints a text."""
    return [sys.executable, "-I", "-c", f"print({text!r})"]


def test_a_command_tells_the_weights(tmp_path: Path) -> None:
    told = ask_weights(say('{"new": 10, "old": 90}'), 20, tmp_path)
    assert told == ToldWeight(SOURCE, 10, 100)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10",
        '{"new": 10}',
        '{"new": "10", "old": 90}',
        '{"new": true, "old": 90}',
        '{"new": -1, "old": 90}',
        '{"new": NaN, "old": 90}',
        '{"new": 0, "old": 0}',
        "[10, 90]",
    ],
)
def test_what_is_no_weight_tells_none(text: str, tmp_path: Path) -> None:
    told = ask_weights(say(text), 20, tmp_path)
    assert told.total == 0
    assert told.problem


def test_a_command_that_does_not_end_tells_none(tmp_path: Path) -> None:
    sleeping = [sys.executable, "-I", "-c", "import time; time.sleep(60)"]
    told = ask_weights(sleeping, 0.5, tmp_path)
    assert "did not end within 0.5 s" in told.problem


def test_a_command_that_is_not_there_tells_none(tmp_path: Path) -> None:
    told = ask_weights(["./no-such-program"], 20, tmp_path)
    assert told.total == 0
    assert told.problem


@pytest.mark.parametrize(
    ("printed", "value"), [("12", 12), ("12.0", None), ("-1", None), ("", None), ("1" * 19, None)]
)
def test_a_command_prints_a_whole_number(tmp_path: Path, printed: str, value: int | None) -> None:
    table = {"constant_counts": [{"name": "dead", "command": say(printed)}]}
    counts = DeclaredCounts(Rollout.model_validate(table), lambda *_: 1, tmp_path)
    told = counts.read_constant()["dead"]
    assert told.value == value
    assert bool(told.problem) is (value is None)


def test_the_moments_reach_the_command(tmp_path: Path) -> None:
    code = "import sys; print(int(float(sys.argv[2]) - float(sys.argv[1])))"
    job = {
        "name": "bills",
        "command": [sys.executable, "-I", "-c", code, "{begins}", "{ends}"],
        "every_seconds": 60,
    }
    rollout = Rollout.model_validate({"jobs": [job]})
    counts = DeclaredCounts(rollout, lambda *_: 1, tmp_path)
    (told,) = counts.read_jobs(RolloutStep(10, 1_800_000_000.0, 1_800_000_600.0))
    assert told.count == ToldCount(600)
