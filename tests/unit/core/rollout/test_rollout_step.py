"""A step of a rollout: its gate, its time, and its form in a file."""

from __future__ import annotations

import pytest

from cutover_gates.core.rollout.rollout_step import RolloutStep


def test_a_step_is_read_as_it_was_written() -> None:
    step = RolloutStep(50, 1000.0)
    assert RolloutStep.from_plain(step.to_plain()) == step
    assert RolloutStep.from_plain(step.end_at(1900.0).to_plain()) == RolloutStep(50, 1000.0, 1900.0)
    assert step.gate == "phase2-50"


def test_a_live_step_has_lived_until_now_and_an_ended_one_until_its_end() -> None:
    step = RolloutStep(10, 1000.0)
    assert step.lived_seconds(1300.0) == 300.0
    assert step.end_at(1600.0).lived_seconds(9000.0) == 600.0


@pytest.mark.parametrize(
    "plain",
    [
        {},
        {"percent": 20, "begins": 1.0, "ends": None},
        {"percent": 10, "begins": "soon", "ends": None},
        {"percent": 10, "begins": 5.0, "ends": 4.0},
    ],
)
def test_what_is_no_step_is_refused(plain: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="no step"):
        RolloutStep.from_plain(plain)
