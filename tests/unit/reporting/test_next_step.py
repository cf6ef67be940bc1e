"""What the captain is told to do next."""

from __future__ import annotations

from typing import Any

import pytest

from cutover_gates.core.gates import GATES
from cutover_gates.core.plan import Item, Plan
from cutover_gates.core.verdict import Outcome, VerdictWord
from cutover_gates.reporting.gate_texts import texts_for_gate
from cutover_gates.reporting.next_step import (
    WAIVER_KEYS,
    describe_fired_triggers,
    describe_next_step,
)
from tests.unit.reporting.sample_verdicts import PLAN, sample_verdict

TRIGGER = Item(
    "trigger-health",
    "Any heading of the plan",
    "The target is healthy",
    ("phase2",),
    "check",
    "performance",
    kind="trigger",
)


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.ERROR, Outcome.NOT_PROVEN])
def test_a_waiver_is_never_offered_for_what_cannot_be_waived(gate: str, outcome: Outcome) -> None:
    """Neither for the item itself nor for one that rests on it."""
    said = describe_next_step(sample_verdict({"doors": outcome}, gate=gate))
    assert "doors" in said
    assert "waivers.toml" not in said


def test_a_waiver_is_not_offered_for_an_item_that_rests_on_others_out_of_sight() -> None:
    """What is below may not be waivable, and is not in this verdict."""
    plan = Plan(
        (
            *PLAN.items,
            Item("health", "T-1", "It is healthy", ("t24",), "check", "smoke", ("missing",)),
            Item("missing", "Post", "It is there", ("post",), "check", "smoke", waivable=False),
        )
    )
    said = describe_next_step(sample_verdict({"missing": Outcome.FAILED}, plan=plan, gate="t24"))
    assert "health (rests on missing)" in said
    assert "waivers.toml" not in said


def test_a_waivable_item_may_be_waived_by_name() -> None:
    """The text names the file and what to write into it, and the command that runs the gate again."""
    said = describe_next_step(sample_verdict({"patients": Outcome.FAILED}))
    assert all(word in said for word in ("patients", "waivers.toml", *WAIVER_KEYS.split(", ")))
    assert "`pytest -m phase3 --target main`" in said


def test_a_broken_run_is_fixed_before_its_unproven_items() -> None:
    """The next run tells what a broken run left unproven; what it saw fail is named."""
    said = describe_next_step(
        sample_verdict(
            {"doors": Outcome.FAILED, "patients": Outcome.NOT_PROVEN},
            run_errors=("the run was cut off",),
        )
    )
    assert "doors" in said
    assert "patients" not in said
    assert "waivers.toml" not in said


def test_an_unsigned_item_asks_for_a_signature_and_not_for_a_waiver() -> None:
    """A sign-off is what the plan asks for."""
    said = describe_next_step(sample_verdict(signed=False))
    assert "told in signoffs.toml" in said
    assert "waivers.toml" not in said


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.NOT_PROVEN, Outcome.ERROR])
def test_only_a_failed_trigger_has_fired(outcome: Outcome) -> None:
    """Then nothing but the rollback is proposed: no fix, no waiver and no other run."""
    verdict = sample_verdict({TRIGGER.id: outcome}, plan=Plan((TRIGGER,)), gate="phase2")
    fired = describe_fired_triggers(verdict)
    assert (TRIGGER.id in fired) == (outcome is Outcome.FAILED)
    assert (describe_next_step(verdict) == fired) == (outcome is Outcome.FAILED)
    assert "pytest" not in fired


@pytest.mark.parametrize(
    ("gate", "following"),
    [
        ("t24", "t12"),
        ("t12", "t1"),
        ("t1", "phase1"),
        ("phase1", "phase2"),
        ("phase2", "phase3"),
        ("phase3", "post-hour"),
        ("post-hour", "post-day"),
        ("post-day", "post-week"),
    ],
)
def test_after_go_the_plans_next_gate_follows(gate: str, following: str) -> None:
    """The captain need not look it up."""
    assert f"`pytest -m {following} --target main`" in describe_next_step(sample_verdict(gate=gate))


@pytest.mark.parametrize("subject", [{"kind": "embedded"}, {"production": False}])
def test_a_go_elsewhere_does_not_send_the_captain_on(subject: dict[str, Any]) -> None:
    """Only a GO of production is one to act on."""
    said = describe_next_step(sample_verdict(**subject))
    assert said != describe_next_step(sample_verdict())
    assert "--target NAME" in said or "not production" in said


def test_a_part_of_a_gate_is_not_called_by_its_name() -> None:
    """'phase3 and smoke' asks for less than phase3: it cannot complete the validation."""
    assert sample_verdict(gate="phase3 and smoke").word is VerdictWord.GO
    assert "Validation" not in texts_for_gate("phase3 and smoke").done_title
    assert 'pytest -m "phase3 and smoke"' in describe_next_step(
        sample_verdict({"patients": Outcome.FAILED}, gate="phase3 and smoke")
    )
