"""Which step of a rollout a run judges, and which calls ask for steps that cannot be one run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cutover_gates.config.base import SettingsError
from cutover_gates.config.settings import Settings
from cutover_gates.core.gates import GATE_PARTS, named_gates
from cutover_gates.core.plan import Plan
from cutover_gates.core.rollout.rollout_step import STEP_GATES

WHOLE = "phase2"
"""The gate that judges the steps one after the other."""
_PERCENT_BY_GATE: Mapping[str, int] = {gate: percent for percent, gate in STEP_GATES.items()}


def has_steps(plan: Plan) -> bool:
    """Return whether any item of the plan is asked at a step: plans of before name the whole."""
    return any(set(item.gates) & set(GATE_PARTS[WHOLE]) for item in plan.items)


def find_step(plan: Plan, gates: Iterable[str]) -> int | None:
    """Return the percentage of the step that these gates judge; None where they judge none."""
    named = [name for gate in gates for name in named_gates(gate)]
    found = [_PERCENT_BY_GATE[name] for name in named if name in _PERCENT_BY_GATE]
    return found[0] if found and has_steps(plan) else None


def is_whole_rollout(plan: Plan, gates: Iterable[str]) -> bool:
    """Return whether the gates are the whole rollout, which is judged step by step."""
    return tuple(gates) == (WHOLE,) and has_steps(plan)


def refuse_mixed_steps(plan: Plan, gates: Iterable[str], settings: Settings) -> None:
    """Raise `SettingsError` for gates that no one moment could answer, or a step that is none."""
    named = {name for gate in gates for name in named_gates(gate)}
    steps = named & {WHOLE, *_PERCENT_BY_GATE}
    if not steps or not has_steps(plan):
        return
    if len(named) > 1 or (WHOLE in named and not is_whole_rollout(plan, gates)):
        raise SettingsError(
            f"{' and '.join(sorted(named))}: a step of a rollout is live for a time of its own, so"
            " it is judged by itself: run `pytest -m phase2`, or one step, and nothing beside it"
        )
    rollout = settings.chosen_target.rollout
    percent = find_step(plan, gates)
    if percent is not None and percent not in rollout.steps:
        raise SettingsError(
            f"rollout.kind is {rollout.kind!r}, which has no step of {percent} %: run"
            f" {' and '.join(STEP_GATES[one] for one in rollout.steps)}"
        )
