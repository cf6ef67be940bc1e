"""What a tired reader sees."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from cutover_gates.core.plan import Item, Plan
from cutover_gates.core.verdict import Outcome, Verdict
from cutover_gates.reporting.next_step import describe_fired_triggers
from cutover_gates.reporting.sample_verdict import build_sample_verdict
from cutover_gates.reporting.terminal import print_verdict
from cutover_gates.reporting.verdict_summary import count_outcomes, headline
from tests.unit.reporting.sample_verdicts import LOAD, decision, sample_verdict

FOLDER = Path("reports/runs/20261123T020000Z-main-phase3")


def shown(
    verdict: Verdict,
    *,
    width: int = 80,
    colour: bool = False,
    encoding: str = "utf-8",
    notes: Sequence[str] = (),
    folder: Path = FOLDER,
) -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    print_verdict(
        verdict,
        Console(
            file=file,
            width=width,
            force_terminal=colour,
            color_system="truecolor" if colour else None,
        ),
        folder,
        notes,
    )
    file.flush()
    return raw.getvalue().decode(encoding)


def test_in_a_pipe_the_first_line_is_the_headline() -> None:
    """Whoever reads one line of a log reads the word, the place and the release."""
    assert shown(sample_verdict()).splitlines()[0] == headline(sample_verdict())


def test_eighty_columns_are_enough(every_word: list[Verdict]) -> None:
    """No line is wider, but for a command that must stay whole to be copied."""
    for verdict in [*every_word, build_sample_verdict()]:
        wide = [
            line
            for line in shown(verdict).splitlines()
            if cell_len(line) > 80 and not line.startswith(("    curl ", "    pytest "))
        ]
        assert wide == []


def test_the_words_are_the_same_without_colour() -> None:
    """Colour adds nothing that is not said, and a pipe gets no control codes."""
    text = shown(sample_verdict({"patients": Outcome.FAILED}))
    assert "\x1b" not in text
    assert "FAILED          patients" in text
    assert "\x1b[" in shown(sample_verdict(), colour=True)


def test_every_item_has_its_line(every_word: list[Verdict]) -> None:
    """The checklist is whole, whatever the outcome."""
    for verdict in every_word:
        checklist = shown(verdict).split("Checklist\n")[1]
        assert all(result.item.id in checklist for result in verdict.items)


def test_a_check_without_a_request_is_run_again_alone() -> None:
    """The node id is quoted for a shell."""
    text = shown(sample_verdict({"patients": Outcome.FAILED}))
    assert "    pytest smoke/test_patients.py::test_it --target main\n" in text


def test_a_failed_check_shows_what_it_found_and_the_last_command() -> None:
    """The last request is the one to repeat; its command is not broken into lines."""
    curl = (
        'curl -sS -X GET -H "Authorization: Bearer $TOKEN"'
        " https://main.hospital.example/api/v1/patients/" + "7" * 60
    )
    evidence = [{"kind": "exchange", "curl": "curl first"}, {"kind": "exchange", "curl": curl}]
    why = "expected: 1 patient\n     got: 2 patients"
    text = shown(sample_verdict({"patients": Outcome.FAILED}, why=why, evidence=evidence))
    assert "  expected: 1 patient\n         got: 2 patients\n" in text
    assert f"    {curl}\n" in text
    assert "curl first" not in text


@pytest.mark.parametrize("colour", [False, True])
def test_the_last_lines_are_the_word_the_counts_and_the_page(
    every_word: list[Verdict], colour: bool
) -> None:
    """A terminal of 24 rows shows GO or NO-GO at the end, whatever stands before."""
    for verdict in every_word:
        text = shown(verdict, colour=colour, notes=["The run left nothing on the target."])
        lines = re.sub(r"\x1b\[[\d;]*m", "", text).splitlines()[-5:]
        closing = "\n".join(lines)
        assert headline(verdict) in " ".join(closing.split("\n"))
        assert count_outcomes(verdict) in " ".join(lines)
        assert lines[-1].strip() == f"{FOLDER}/verdict.html"


def test_a_fired_trigger_stands_after_the_verdict() -> None:
    """It is the one thing to act on."""
    trigger = Item(
        "trigger-health",
        "Any heading of the plan",
        "The target is healthy",
        ("phase2",),
        "check",
        "performance",
        kind="trigger",
    )
    plan = Plan((trigger,))
    verdict = sample_verdict({trigger.id: Outcome.FAILED}, plan=plan, gate="phase2", signed=False)
    last = shown(verdict, width=200).splitlines()[-1]
    assert last == describe_fired_triggers(verdict)


def test_a_path_is_never_wrapped() -> None:
    """Not that of the page, and not one in a text: both are there to be copied."""
    path = "/srv/reports/" + "deep/" * 30 + "load.json"
    verdict = sample_verdict({"patients": Outcome.FAILED}, why=f"See {path} for all of it.")
    assert path in shown(verdict)
    long = Path("/srv/" + "x" * 90)
    assert f"{long}/verdict.html\n" in shown(sample_verdict(), folder=long)


def test_a_go_shows_the_measured_values_beside_their_limits() -> None:
    """With the requests and the duration of the load."""
    text = shown(sample_verdict(evidence=[LOAD]))
    assert "18,000 requests in 60 s" in text
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "search 5,999 requests p95 122 ms within 0.5 s" in lines
    assert "patient 12,000 requests p95 341 ms within 0.3 s (MISSED)" in lines


def test_a_hostile_text_is_shown_as_text() -> None:
    """Neither markup of the console nor escape sequences nor a runner's commands do anything."""
    text = shown(
        sample_verdict(
            {"patients": Outcome.FAILED}, why="[bold red]x[/nothing] \x1b[2J\n::error::gotcha"
        )
    )
    assert "[bold red]x[/nothing]" in text
    assert "\x1b" not in text
    assert not [line for line in text.splitlines() if line.lstrip().startswith("::")]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_lacks_a_character_gets_the_verdict_all_the_same(encoding: str) -> None:
    """A verdict is never lost over a dot."""
    assert shown(
        sample_verdict({"patients": Outcome.FAILED}, why="≤ 3 → 4"), encoding=encoding
    ).startswith("NO-GO  PRODUCTION (main)")


def test_it_says_where_the_evidence_is() -> None:
    """The path is whole."""
    assert f"{FOLDER}/verdict.html" in shown(sample_verdict())


def test_a_waived_failure_is_still_shown() -> None:
    """The check of a waived item ran: what it saw is not hidden."""
    text = shown(
        sample_verdict(
            {"patients": Outcome.FAILED}, waived=(decision("patients"), decision("all-of-it"))
        )
    )
    assert text.startswith("GO WITH WAIVERS")
    assert "failed: smoke/test_patients.py::test_it" in text
