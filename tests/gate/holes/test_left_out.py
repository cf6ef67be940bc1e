"""What is left out shows beside the word, with its number and its reason, in real processes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.gate.holes.catalogue import both, documents_fail
from tests.gate.holes.left_out_holes import (
    NOW,
    absent,
    declare,
    documents_find,
    lacks,
    waive,
)
from tests.gate.holes.sheltered_holes import check
from tests.gate.holes.toy_project import GateResult, Toy


def only_verdict(ran: GateResult) -> dict[str, Any]:
    (verdict,) = ran.verdicts.values()
    return verdict


def test_what_is_declared_absent_shows_near_the_word(toy: Toy) -> None:
    """With its number, and who declared it; that its checks pass is told as a note."""
    absent("documents")(toy)
    ran = toy.gate()
    assert (ran.verdict, ran.status) == ("GO", 0), ran.output
    assert "GO · 1 declared absent" in ran.output
    verdict = only_verdict(ran)
    (declared,) = verdict["declared"]
    assert (declared["name"], declared["by"]) == ("documents", "Ada Example")
    assert verdict["counts"]["declared absent"] == 1
    assert "documents is declared not applicable, and 1 of its 1 checks passed" in ran.output
    for name in ("status.md", "verdict.html"):
        (page,) = toy.folder.glob(f"reports/runs/2*/{name}")
        assert "GO · 1 declared absent" in page.read_text(encoding="utf-8")


def test_a_setting_that_takes_questions_away_shows_near_the_word(toy: Toy) -> None:
    """With its number, in all outputs; one of a suite that is not asked for does not."""
    text = '"a/Errors" = "none while all is well"\n"a/Alerts" = "none while all is well"'
    both(
        declare("monitoring.dashboards.empty", text),
        declare("contract.untried", '"GET /a" = "it is slow"'),
    )(toy)
    ran = toy.gate()
    assert (ran.verdict, ran.status) == ("GO", 0), ran.output
    assert "GO · 2 declared absent" in ran.output
    verdict = only_verdict(ran)
    assert verdict["counts"]["declared absent"] == 2
    assert {fact["kind"] for fact in verdict["declared"]} == {"setting"}
    for name in ("status.md", "verdict.html"):
        (page,) = toy.folder.glob(f"reports/runs/2*/{name}")
        assert "monitoring.dashboards.empty: a/Errors" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("is_lacking", "counted"), [(True, 1), pytest.param(False, 0, marks=pytest.mark.thorough)]
)
def test_a_check_that_asked_less_is_told(toy: Toy, *, is_lacking: bool, counted: int) -> None:
    """What a check did without counts beside the word, and what is there all the same is a note."""
    note = f"capabilities.note('file-names', works={not is_lacking})"
    both(lacks("file-names"), check(note))(toy)
    ran = toy.gate()
    assert (ran.verdict, ran.status) == ("GO", 0), ran.output
    verdict = only_verdict(ran)
    assert verdict["counts"].get("declared absent", 0) == counted
    working = [text for text in verdict["notes"] if "file-names is declared absent, and" in text]
    assert bool(working) is not is_lacking


def test_most_of_a_gate_cannot_vanish_unseen(toy: Toy) -> None:
    """Each item that is left out counts, beside what is waived."""
    both(absent("documents"), waive('item = "patients"'))(toy)
    toy.replace("smoke/test_patients.py", "    recorder", "    assert False\n    recorder")
    ran = toy.gate()
    assert "GO WITH WAIVERS · 1 waived · 1 declared absent" in ran.output
    (patients,) = [item for item in only_verdict(ran)["items"] if item["id"] == "patients"]
    assert len(patients["covered"]) == 3


@pytest.mark.parametrize(
    "scope",
    [
        'rule = "TOY-1"\nitem = "documents"',
        pytest.param('check = "test_a_document_is_filed"', marks=pytest.mark.thorough),
    ],
)
def test_a_narrow_waiver_covers_its_findings(toy: Toy, scope: str) -> None:
    """The check is waived, and the verdict names the rule or the check."""
    both(documents_find("TOY-1 a", "TOY-1 b"), waive(scope))(toy)
    ran = toy.gate()
    assert ran.verdict == "GO WITH WAIVERS", ran.output
    assert "is waived by Ada Example" in ran.output


@pytest.mark.parametrize(
    ("scope", "target", "says"),
    [
        ('item = "documents"', "toi", "no target is called 'toi' (did you mean 'toy'?)"),
        pytest.param(
            'check = "test_a_document_is_field"',
            "toy",
            "(did you mean 'test_a_document_is_filed'?)",
            marks=pytest.mark.thorough,
        ),
        pytest.param('rule = "DATA-0001"', "toy", "no rule is called", marks=pytest.mark.thorough),
    ],
)
def test_rejected_waivers_are_told_with_the_nearest(
    toy: Toy, scope: str, target: str, says: str
) -> None:
    """A misspelt target is no other target, and a misspelt name covers nothing."""
    both(documents_fail, waive(scope, target=target))(toy)
    assert says in " ".join(toy.gate().output.split())


@pytest.mark.thorough
def test_a_term_that_is_too_long_is_told(toy: Toy) -> None:
    """With the setting that allows less."""
    both(documents_fail, waive('item = "documents"', lasts=timedelta(days=90)))(toy)
    output = " ".join(toy.gate().output.split())
    assert "it lasts 90 days, and longest_waiver_days allows 30" in output


def test_a_misspelt_item_is_refused(toy: Toy) -> None:
    """It was a note before, which nobody read."""
    absent("docments")(toy)
    ran = toy.gate()
    assert ran.status == 4
    assert "Did you mean 'documents'?" in ran.output
    assert "Traceback" not in ran.output


def test_a_misspelt_capability_is_refused(toy: Toy) -> None:
    """Also in `unsupported`, where any name was taken in silence."""
    for change in (lacks("sing_in"), declare("unsupported", 'sing_in = "none"')):
        change(toy)
        ran = toy.gate()
        assert ran.status == 4
        assert "Did you mean 'sign_in'?" in ran.output


def test_an_old_declaration_is_told(toy: Toy) -> None:
    """Somebody looks whether it still holds. A plain text is told, too: it names nobody."""
    old = (NOW - timedelta(days=200)).date()
    fact = f'{{ reason = "none", by = "Ada Example", at = {old} }}'
    declare("not_applicable", f'documents = {fact}\npatients = "none"')(toy)
    output = " ".join(toy.gate().output.split())
    assert "more than 180 days ago" in output
    assert "declares patients without a person and a date" in output
