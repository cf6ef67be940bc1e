"""Which step a run judges, and which calls no moment could answer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.config.rollout_steps import RolloutSteps
from cutover_gates.core.gates import split_gates
from cutover_gates.core.plan import Item, Plan
from cutover_gates.plugin.step_selection import (
    find_step,
    is_whole_rollout,
    refuse_mixed_steps,
)

STEPS = Plan((Item("a", "S", "T", ("phase2-10", "phase2"), "check", "smoke"),))
PLAIN = Plan((Item("a", "S", "T", ("phase2",), "check", "smoke"),))


def settings(**rollout: Any) -> Any:
    return SimpleNamespace(chosen_target=SimpleNamespace(rollout=RolloutSteps(**rollout)))


@pytest.mark.parametrize(
    ("expression", "percent"),
    [
        ("phase2-10", 10),
        ("phase2-100", 100),
        ("phase2-50 and smoke", 50),
        ("phase2", None),
        ("phase3", None),
    ],
)
def test_a_step_is_known_by_its_gate(expression: str, percent: int | None) -> None:
    assert find_step(STEPS, split_gates(expression)) == percent


def test_the_whole_is_judged_step_by_step_only_where_the_plan_has_steps() -> None:
    """A plan of before names `phase2` alone: it is one gate, as it was."""
    assert is_whole_rollout(STEPS, ("phase2",))
    assert not is_whole_rollout(PLAIN, ("phase2",))
    refuse_mixed_steps(PLAIN, split_gates("phase2 or phase3"), settings())


@pytest.mark.parametrize(
    "expression",
    [
        "phase2-10 or phase2-50",
        "phase2-10 or phase3",
        "phase2 or phase3",
        "phase2 and smoke",
        "phase2 and not contract",
        "phase2 or phase2-100",
    ],
)
def test_two_moments_are_refused(expression: str) -> None:
    with pytest.raises(SettingsError, match="is judged by itself"):
        refuse_mixed_steps(STEPS, split_gates(expression), settings())


@pytest.mark.parametrize("expression", ["phase2", "phase2-10", "phase2-10 and smoke", "phase3"])
def test_one_moment_is_not(expression: str) -> None:
    refuse_mixed_steps(STEPS, split_gates(expression), settings())


def test_a_blue_green_rollout_has_no_half() -> None:
    refuse_mixed_steps(STEPS, ("phase2-10",), settings(kind="blue-green"))
    with pytest.raises(SettingsError, match="has no step of 50 %"):
        refuse_mixed_steps(STEPS, ("phase2-50",), settings(kind="blue-green"))
