"""What is told before the first check, through a real pytest process."""

from __future__ import annotations

from tests.gate.holes.catalogue import documents_fail
from tests.gate.holes.preflight_holes import HOUR, SOON, at, give_database, waive_documents
from tests.gate.holes.toy_project import Toy

FIRST_CHECK = "smoke"


def test_a_wrong_password_is_told_once_and_is_no_go(toy: Toy) -> None:
    """Checks that need no account still run, and pass."""
    at("refuses-sign-in")(toy)
    ran = toy.gate()
    (verdict,) = ran.verdicts.values()
    assert (ran.verdict, ran.status) == ("NO-GO", 1), ran.output
    (hold,) = verdict["holds"]
    assert "account of the clinician (c) cannot sign in" in hold
    assert ran.outcome("documents") == "passed"


def test_a_check_with_a_refused_account_is_not_proven_and_signs_in_no_more(toy: Toy) -> None:
    """Each further try would count against the target's limit of sign-ins."""
    at("refuses-sign-in")(toy)
    body = """
import pytest
from cutover_gates.hospital import Role

@pytest.mark.plan("sign-in")
@pytest.mark.parametrize("number", [1, 2])
def test_people_sign_in(recorder, sessions, number):
    sessions(Role.CLINICIAN)
"""
    toy.write("smoke/test_sign_in.py", body)
    ran = toy.gate("-n", "2")
    assert ran.outcome("sign-in") == "not proven", ran.output
    (item,) = [one for one in ran.verdicts["phase3"]["items"] if one["id"] == "sign-in"]
    found = [finding for check in item["checks"] for finding in check["findings"]]
    assert {(one["rule"], one["subject"]) for one in found} == {
        ("RUN-002", "account of the clinician (c)")
    }
    assert ran.outcome("documents") == "passed"


def test_a_dead_database_is_told_before_the_checks(toy: Toy) -> None:
    """It is declared, so something rests on it."""
    give_database(toy)
    ran = toy.gate()
    (verdict,) = ran.verdicts.values()
    assert (ran.verdict, ran.status) == ("NO-GO", 1), ran.output
    (hold,) = verdict["holds"]
    assert "correct dsn in [targets.toy.database]" in hold


def test_a_clock_that_differs_is_told_and_changes_nothing_else(toy: Toy) -> None:
    """It is a note: nobody knows which clock is right."""
    at(f"clock/{HOUR}")(toy)
    ran = toy.gate()
    (verdict,) = ran.verdicts.values()
    assert (ran.verdict, ran.status) == ("GO", 0), ran.output
    (note,) = [note for note in verdict["notes"] if "clock of the target" in note]
    assert "ahead of the clock of this machine" in note


def test_a_waiver_counts_where_the_clocks_agree(toy: Toy) -> None:
    """The clean run of the holes with another clock; two seconds are within the limit."""
    documents_fail(toy)
    waive_documents(since=-SOON, until=SOON)(toy)
    at("clock/2")(toy)
    ran = toy.gate()
    assert (ran.verdict, ran.status) == ("GO WITH WAIVERS", 0), ran.output
