"""What a verdict says to people."""

from __future__ import annotations

from typing import Any

import pytest

from cutover_gates.core.plan import Item, Plan
from cutover_gates.core.verdict import Outcome, VerdictWord
from cutover_gates.reporting.gate_texts import texts_for_gate
from cutover_gates.reporting.verdict_summary import describe_next_step, headline, list_reasons
from cutover_gates.util.text import first_sentence, format_list, strip_control_characters
from tests.unit.reporting.sample_verdicts import GATES, PLAN, decision, sample_verdict


@pytest.mark.parametrize("production", [True, False])
def test_a_verdict_over_the_demonstration_never_says_production(production: bool) -> None:
    """Kind embedded is a demonstration, whatever else the settings claim."""
    line = headline(sample_verdict(kind="embedded", target="embedded", production=production))
    assert "EMBEDDED DEMONSTRATION, not your hospital" in line
    assert "production" not in line.lower()


def test_the_headline_says_word_place_release_and_gate() -> None:
    """One line is enough to know what holds where."""
    assert headline(sample_verdict()) == "GO  PRODUCTION (main) · release 2.0.0 · phase3"
    assert (
        headline(sample_verdict(production=False))
        == "GO  main (not production) · release 2.0.0 · phase3"
    )


def test_the_worst_is_said_first() -> None:
    """Faults of the run, then errors, failures, what is not proven, refused decisions, waivers."""
    lines = list_reasons(
        sample_verdict(
            {"doors": Outcome.ERROR, "patients": Outcome.FAILED, "redis": Outcome.NOT_PROVEN},
            holds=("the run was cut off",),
            waived=(decision("doors"), decision("redis")),
        )
    )
    assert [line.split(":")[0] for line in lines] == [
        "the run itself",
        "doors ended in an error",
        "patients failed",
        "refused waiver of Ada Example for doors",
        "redis is waived by Ada Example until 2026-11-24 02",
    ]


def test_an_item_that_only_rests_on_another_is_not_blamed_beside_it() -> None:
    """One cause is said once."""
    assert list_reasons(sample_verdict({"patients": Outcome.FAILED})) == [
        "patients failed: it broke"
    ]


def test_a_fault_of_the_run_is_not_told_again_by_each_item() -> None:
    """One file that cannot be collected may break ten items."""
    broken = {"doors": Outcome.ERROR, "patients": Outcome.FAILED}
    lines = list_reasons(
        sample_verdict(
            broken, why="smoke/x.py has no end (and 2 more)", holds=("smoke/x.py has no end",)
        )
    )
    assert lines == ["the run itself: smoke/x.py has no end", "also failed: doors, patients"]


def test_the_reasons_stay_few() -> None:
    """Thirty failures and twenty holds are still read at a glance; what is left out is counted."""
    plan = Plan(
        tuple(
            Item(f"item-{number}", "S", "T", ("phase3",), "check", "smoke") for number in range(30)
        )
    )
    lines = list_reasons(
        sample_verdict(
            {item.id: Outcome.FAILED for item in plan.items},
            plan=plan,
            signed=False,
            holds=tuple(f"hold {number}" for number in range(20)),
        )
    )
    assert len(lines) == 10
    assert lines[3] == "faults of the run: 17 more"
    assert lines[-1].endswith("and 17 more")


def test_many_unproven_items_take_one_line() -> None:
    """A run that proved nothing stays readable."""
    assert list_reasons(
        sample_verdict(dict.fromkeys(("doors", "patients", "redis"), Outcome.NOT_PROVEN))
    ) == ["not proven: doors, patients, redis"]


def test_a_gate_without_items_says_so() -> None:
    """NO-GO always has a reason."""
    assert list_reasons(sample_verdict(gate="contract")) == [
        "no item of this gate was proven, and a gate of nothing is not a GO"
    ]


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.ERROR, Outcome.NOT_PROVEN])
def test_a_waiver_is_never_offered_for_what_cannot_be_waived(gate: str, outcome: Outcome) -> None:
    """Neither for the item itself nor for one that rests on it."""
    said = describe_next_step(sample_verdict({"doors": outcome}, gate=gate))
    assert "no waiver is possible" in said
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
    """The sentence tells the file and what to write into it."""
    said = describe_next_step(sample_verdict({"patients": Outcome.FAILED}))
    assert said.startswith(
        "Do not proceed. Mend or prove patients, or have a named person waive what you can go"
        " without in waivers.toml (item,"
    )
    assert "run `pytest -m phase3 --target main` again" in said
    assert said.endswith("start the rollback (plan: Manual Rollback Steps).")


def test_a_held_run_is_mended_before_its_unproven_items() -> None:
    """What a broken run left unproven the next run will tell; what it saw fail is named."""
    said = describe_next_step(
        sample_verdict(
            {"doors": Outcome.FAILED, "patients": Outcome.NOT_PROVEN},
            holds=("the run was cut off",),
        )
    )
    assert said.startswith(
        "Do not proceed. Clear what is wrong with the run itself: no waiver covers it. Mend or"
        " prove doors: no waiver"
    )
    assert "patients" not in said


def test_an_unsigned_item_asks_for_a_signature_and_not_for_a_waiver() -> None:
    """A sign-off is what the plan asks for."""
    assert "sign off told in signoffs.toml" in describe_next_step(sample_verdict(signed=False))


def test_a_tripped_trigger_means_rollback_now() -> None:
    """The plan rolls back by itself here: nothing else is proposed."""
    plan = Plan(
        (
            Item(
                "trigger-health",
                "Rollback Procedures / Automatic Rollback Triggers",
                "Not tripped",
                ("phase2",),
                "check",
                "performance",
            ),
        )
    )
    assert "start the rollback now" in describe_next_step(
        sample_verdict({"trigger-health": Outcome.FAILED}, plan=plan, gate="phase2")
    )
    assert "start the rollback now" not in describe_next_step(
        sample_verdict({"trigger-health": Outcome.NOT_PROVEN}, plan=plan, gate="phase2")
    )


@pytest.mark.parametrize(
    ("gate", "following"),
    [
        ("t24", "t12"),
        ("t12", "t1"),
        ("t1", "phase1"),
        ("phase1", "phase2"),
        ("phase2", "phase3"),
        ("phase3", "post"),
    ],
)
def test_after_go_the_plans_next_gate_follows(gate: str, following: str) -> None:
    """The captain need not look it up."""
    assert f"`pytest -m {following} --target main`" in describe_next_step(sample_verdict(gate=gate))


@pytest.mark.parametrize("subject", [{"kind": "embedded"}, {"production": False}])
def test_a_go_elsewhere_does_not_send_the_captain_on(subject: dict[str, Any]) -> None:
    """Only a GO of production is one to act on."""
    assert describe_next_step(sample_verdict(**subject)).startswith("This was ")


def test_a_part_of_a_gate_is_not_called_by_its_name() -> None:
    """'phase3 and smoke' asks for less than phase3: it cannot complete the validation."""
    assert sample_verdict(gate="phase3 and smoke").word is VerdictWord.GO
    assert "Validation" not in texts_for_gate("phase3 and smoke").done_title
    assert 'pytest -m "phase3 and smoke"' in describe_next_step(
        sample_verdict({"patients": Outcome.FAILED}, gate="phase3 and smoke")
    )


def test_a_text_of_the_target_cannot_drive_the_terminal_or_the_runner() -> None:
    """Escape sequences, text direction and workflow commands lose their meaning."""
    assert "\x1b" not in strip_control_characters("a\x1b[2Jb\u202e")
    assert strip_control_characters("fine\n  ::stop-commands::x") == "fine\n  : :stop-commands::x"
    assert strip_control_characters("::error::x") == ": :error::x"
    assert strip_control_characters("smoke/test_a.py::test_b") == "smoke/test_a.py::test_b"


def test_a_sentence_ends_where_a_new_one_begins() -> None:
    """A version number or a host does not end it; a line does."""
    assert (
        first_sentence("\n Got 2.0.0 from a.example. Then more.\nLast")
        == "Got 2.0.0 from a.example."
    )
    assert len(first_sentence("x" * 500)) == 200
    assert first_sentence("") == ""
    assert format_list(["a", "b", "c"], most=2) == "a, b and 1 more"
