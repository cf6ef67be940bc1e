"""The functional suite judges a FHIR server by settings only, without a change.

Without a fault there is no finding; each fault is caught by its item.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.dialects.fhir import faults, judged
from tests.dialects.judging import find_problems, not_passed
from tests.faults.item_files import files_of_item
from tests.faults.judge import FUNCTIONAL
from tests.faults.registry import faults_of
from tests.selection import further

ALWAYS = ("TheLastToSaveWins",)
"""Tried in every CI run, by the files of its item; all in the thorough one, by whole gates."""


@pytest.mark.parametrize(
    "auth",
    [
        pytest.param(auth, marks=[pytest.mark.thorough] if number else [])
        for number, auth in enumerate(judged.SIGN_INS)
    ],
)
def test_the_functional_suite_passes(auth: str, tmp_path: Path, compiled: Path) -> None:
    """With each way of signing in the verdict is GO, and the checks for FHIR only have run."""
    verdict = judged.verdict(None, tmp_path, compiled, auth=auth)
    assert not not_passed(verdict), verdict.output
    assert (verdict.word, verdict.status) == ("GO", 0), verdict.output
    own = {
        check: outcome
        for check, outcome in verdict.checks.items()
        if check.startswith("smoke/fhir/")
    }
    assert len(own) == 7
    assert set(own.values()) == {"passed"}, own


def test_the_harms_are_those_of_the_reference() -> None:
    """A fault with a name of the reference is caught by the same item as there."""
    by_name = faults_of("functional")
    shared = faults.ALL.keys() & by_name.keys()
    assert len(shared) >= 10
    assert {name: faults.ALL[name].item for name in shared} == {
        name: by_name[name].item for name in shared
    }


def test_the_server_shares_nothing() -> None:
    """A server that shared code with the driver or the reference would share their mistakes."""
    files = [
        Path(__file__).parent / f"{name}.py"
        for name in (
            "doors",
            "faults",
            "outcome",
            "rules",
            "server",
            "statement",
            "store",
            "transactions",
        )
    ]
    lines = [line for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    known = [
        line for line in lines if re.match(r"\s*(?:from|import) (?:cutover|reference|tests)", line)
    ]
    assert known
    assert all(
        line.strip().startswith(("from tests.dialects.fhir.", "from tests.dialects.fhir "))
        for line in known
    )


@pytest.mark.thorough
def test_a_server_may_offer_less(tmp_path: Path, compiled: Path) -> None:
    """Interactions that its statement does not list are not applicable, with that reason.

    The items pass all the same. Created records are marked, not deleted.
    """
    verdict = judged.verdict("Less", tmp_path, compiled)
    outcomes = {item: verdict.outcome(item) for item in FUNCTIONAL}
    # Whoever may correct a patient may mark him inactive, where removing is nothing else:
    # docs/fhir.md.
    assert outcomes == {
        **dict.fromkeys(FUNCTIONAL, "passed"),
        "access-control": "failed",
    }, verdict.output
    assert verdict.failed_checks("access-control") == [
        "smoke/test_access.py::test_a_role_cannot_do_what_it_must_not[registrar-retire_patient]"
    ]
    lacking = ("smoke/fhir/test_versions", "smoke/fhir/test_transactions")
    own = {check: outcome for check, outcome in verdict.checks.items() if check.startswith(lacking)}
    assert set(own.values()) == {"not applicable"}
    assert "entered-in-error, inactive" in verdict.output


@pytest.mark.thorough
def test_a_release_that_lost_its_visits_is_no_go(tmp_path: Path, compiled: Path) -> None:
    """A server's own statement excuses no whole item."""
    verdict = judged.verdict("WithoutVisits", tmp_path, compiled)
    assert verdict.outcome("visit-creation") == "not proven"
    assert "not every check of an item" in verdict.items["visit-creation"]["why"]
    assert verdict.outcome("patient-creation") == "passed"


@pytest.mark.parametrize(
    ("name", "files"),
    [
        *((name, files_of_item(faults.ALL[name].item)) for name in ALWAYS),
        *(further(name, ()) for name in faults.ALL),
    ],
)
def test_the_gate_catches(
    name: str, files: tuple[str, ...], tmp_path: Path, compiled: Path
) -> None:
    """With this one fault the gate is NO-GO, and names the same item as on the reference."""
    verdict = judged.verdict(name, tmp_path, compiled, *files)
    wrong = find_problems(faults.ALL[name], verdict, files)
    assert not wrong, "\n".join([*wrong, verdict.output])
