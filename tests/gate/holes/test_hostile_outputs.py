"""What a hostile target says reaches no terminal, file or pipeline in a form that acts there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gate.holes.hostile_holes import answers
from tests.gate.holes.toy_project import GateResult, Toy
from tests.selection import further

REFUSAL = "a refusal with escape codes and a name"
NAME = "Anna"
STEERING = ("\x1b", "\x9b", "\u202e", "\u2028", "\n::error::x", "##[error]y")


def _run(toy: Toy, *words: str, production: bool) -> tuple[GateResult, Path]:
    """Run a gate on a target that refuses with hostile words, as in a GitHub workflow."""
    answers(REFUSAL)(toy)
    mark = f"production = {str(production).lower()}\n[targets.toy.users"
    toy.replace("cutover.toml", "[targets.toy.users", mark)
    summary = toy.folder / "summary.md"
    ran = toy.gate(
        "--junitxml=junit.xml",
        *words,
        GITHUB_ACTIONS="true",
        GITHUB_STEP_SUMMARY=str(summary),
    )
    return ran, summary


def _outputs(toy: Toy) -> Iterator[tuple[str, str]]:
    """Yield the name and text of each file that a run leaves."""
    for path in [*toy.folder.rglob("reports/**/*"), toy.folder / "junit.xml"]:
        if path.is_file():
            yield path.name, path.read_text(encoding="utf-8", errors="replace")


@pytest.mark.parametrize(
    "words", [further(()), ("-vv", "--tb=long", "-rA")], ids=["short", "verbose"]
)
def test_nothing_that_steers_a_terminal_or_a_runner_is_printed(
    toy: Toy, words: tuple[str, ...]
) -> None:
    """Also where pytest prints the error and its frames itself."""
    ran, summary = _run(toy, *words, production=False)
    assert (ran.verdict, ran.status) == ("NO-GO", 1), ran.output
    assert "Anna Example" in ran.output  # the words themselves are shown
    shown = ran.output + summary.read_text(encoding="utf-8")
    assert [one for one in STEERING if one in shown] == []
    status = next(text for name, text in _outputs(toy) if name == "status.md")
    assert [one for one in (*STEERING, "<b>", "@all") if one in status.replace("\\<", "")] == []


def test_on_production_no_word_of_a_refusal_is_kept(toy: Toy) -> None:
    """Its detail may name a patient: no output has it, and the kind of the refusal is told."""
    ran, summary = _run(toy, "-vv", "--tb=long", production=True)
    assert (ran.verdict, ran.status) == ("NO-GO", 1), ran.output
    assert "Refused" in ran.output
    files = {**dict(_outputs(toy)), "terminal": ran.output, "summary": summary.read_text()}
    assert [name for name, text in files.items() if NAME in text] == []


OTHER = "Berta"
CHECKS_THAT_SHOW_A_PATIENT = f'''
import pytest
from cutover_gates.hospital.matchers import assert_equal, exactly_one
pytestmark = pytest.mark.plan("sign-in")
FOUND = "{OTHER} Other, born 1950-01-01"

@pytest.fixture
def found():
    return FOUND

def test_an_assertion(recorder, found):
    local = found
    assert "Synthetic" == local

def test_another_error(recorder, found):
    {{}}[found]

def test_a_finding_after_an_error(recorder, found):
    try:
        int(found)
    except ValueError:
        assert_equal("Synthetic", found, "given_name")

def test_a_list(recorder, found):
    exactly_one([found, found], "patient")

class Refused(ValueError):
    def __str__(self):
        return FOUND

def test_an_exception_with_a_text_of_its_own(recorder, found):
    raise Refused

def test_a_group(recorder, found):
    raise ExceptionGroup(found, [KeyError(found)])

def test_a_note(recorder, found):
    error = AssertionError("x")
    error.add_note(found)
    raise error

def test_pytest_fail(recorder, found):
    pytest.fail(found)

def test_not_proven_for_a_value(recorder, found):
    assert not found, f"nobody but {{found}}"
'''


@pytest.mark.parametrize("words", [(), further(("-n", "1"))], ids=["one process", "a worker"])
def test_on_production_no_value_of_a_failed_check_is_kept(toy: Toy, words: tuple[str, ...]) -> None:
    """The patient that a wrong answer shows may be a real one."""
    toy.write("smoke/test_sign_in.py", CHECKS_THAT_SHOW_A_PATIENT)
    mark = "production = true\n[targets.toy.users"
    toy.replace("cutover.toml", "[targets.toy.users", mark)
    shown = ("-vv", "--tb=long", "--showlocals", "-rA", "--alluredir=allure-results")
    ran = toy.gate("--junitxml=junit.xml", *shown, *words)
    assert (ran.verdict, ran.outcome("sign-in")) == ("NO-GO", "error"), ran.output
    assert "found another text" in ran.output, ran.output
    allure = [path.read_text() for path in toy.folder.glob("allure-results/*.json")]
    files = {**dict(_outputs(toy)), "terminal": ran.output, "allure": "".join(allure)}
    assert [name for name, text in files.items() if OTHER in text] == []
