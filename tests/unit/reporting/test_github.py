"""What a GitHub workflow shows."""

from __future__ import annotations

import io
from pathlib import Path

from cutover_gates.core.plan import Item, Plan
from cutover_gates.core.verdict import Outcome
from cutover_gates.reporting.github import (
    encode_step_summary,
    find_step_summary,
    report_to_github,
    step_summary,
    workflow_commands,
)
from tests.unit.reporting.sample_verdicts import decision, sample_verdict


def test_a_command_is_escaped_as_the_runner_reads_it() -> None:
    """A percent sign, a line end, a colon or a comma cannot end a command or begin another."""
    hold = workflow_commands(
        sample_verdict(run_errors=("100 % lost\n::error::x, y",), release="2:0,0")
    )[0]
    assert (
        hold
        == "::error title=NO-GO  PRODUCTION (main) · release 2%3A0%2C0 · phase3::100 %25 lost%0A:"
        " :error::x, y"
    )


def test_errors_come_before_what_is_not_proven_and_waivers_are_warnings() -> None:
    """The first lines are the worst."""
    found = workflow_commands(
        sample_verdict(
            {"doors": Outcome.NOT_PROVEN, "patients": Outcome.FAILED, "redis": Outcome.FAILED},
            waived=(decision("redis"),),
        )
    )
    assert [line.split("::")[1] for line in found] == [
        "error title=all-of-it%3A failed",
        "error title=patients%3A failed",
        "error title=doors%3A not proven",
        "warning title=redis%3A waived",
    ]


def test_there_are_never_more_than_ten() -> None:
    """GitHub drops the rest in silence; here the tenth counts it."""
    plan = Plan(
        tuple(
            Item(f"item-{number}", "S", "T", ("phase3",), "check", "smoke") for number in range(30)
        )
    )
    found = workflow_commands(
        sample_verdict({item.id: Outcome.FAILED for item in plan.items}, plan=plan)
    )
    assert len(found) == 10
    assert "21 more" in found[-1]


def test_a_go_annotates_nothing() -> None:
    """Annotations are for what someone must look at."""
    assert workflow_commands(sample_verdict()) == []


def test_outside_of_github_nothing_happens(tmp_path: Path) -> None:
    """A variable that is left over somewhere else does no harm."""
    out = io.StringIO()
    environment = {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    report_to_github(sample_verdict(signed=False), environment, out)
    assert out.getvalue() == ""
    assert find_step_summary(environment) is None


def test_in_a_workflow_there_are_annotations_and_a_summary_of_each_gate(tmp_path: Path) -> None:
    """The file of the summary is the one that the workflow names."""
    path, out = tmp_path / "summary.md", io.StringIO()
    environment = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(path)}
    report_to_github(sample_verdict(signed=False), environment, out)
    assert find_step_summary(environment) == path
    assert out.getvalue().startswith(
        "::error title=told%3A not proven::The team was told. it has no sign-off that counts"
    )
    text = encode_step_summary([sample_verdict(signed=False), sample_verdict()]).decode()
    assert text.startswith("# T+60 min: Validation NOT complete\n")
    assert "# T+60 min: Validation complete\n" in text


def test_the_summary_lists_every_item() -> None:
    """A table row for each, whose cells a text cannot break."""
    text = step_summary(sample_verdict({"patients": Outcome.FAILED}, why="a | b"))
    assert "| **failed** | patients | Patients are kept | a \\| b |\n" in text
    assert "| attested | told | The team was told | Ada Example: we can live with it |\n" in text
