"""The matrix of a hospital whose roles stand in its settings, in words of the language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from cutover_gates.core.findings import Rule
from cutover_gates.hospital import StaffRole, StaffRoles
from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.api.access import rules
from tests.findings import list_breaches, list_gaps
from tests.unit.api.clinic_in_memory import (
    AUDIT,
    FIND,
    ME,
    PATIENT,
    REMOVE,
    VERSION,
    Clinic,
    access,
)

WORDS: Mapping[str, Sequence[str]] = {
    "patient": ["GET /patients/{patient_id}"],
    "search": ["GET /patients"],
    "retire_patient": ["DELETE /patients/{patient_id}"],
}
OPERATIONS = (VERSION, ME, FIND, PATIENT, REMOVE, AUDIT)
PUBLIC: Mapping[str, Sequence[str]] = {"anybody": ["GET /version"]}
NURSE = StaffRole(
    "nurse", "nurse", ("patient", "search"), ("retire_patient",), ("GET /me",), ("GET /audit",)
)
CHIEF = StaffRole(
    "chief", "chief", ("patient", "retire_patient"), (), ("GET /me", "GET /audit"), ()
)
STAFF = StaffRoles((NURSE, CHIEF), is_declared=True)
TRUTH: Mapping[str, Sequence[str]] = {
    "nurse": ["GET /me", "GET /patients", "GET /patients/*"],
    "chief": ["GET /me", "* /patients/*", "GET /audit"],
    "clinician": ["GET /patients*"],
    "administrator": [],
}


def _clinic(**rows: Sequence[str]) -> Clinic:
    return Clinic(operations=OPERATIONS, may={**TRUTH, **rows})


def test_words_of_the_language_decide_of_operations_of_the_document() -> None:
    assessment = access(_clinic(), PUBLIC, staff=STAFF, words=WORDS).assess_roles()
    assert_passed(assessment)
    matrix = assessment.figures["matrix"]
    assert matrix["DELETE /patients/{patient_id}"]["nurse"].startswith("refused as forbidden")
    assert matrix["GET /patients"]["chief"].startswith("not asked: the table lists it neither")
    assert "GET /patients, chief" not in assessment.checked


@pytest.mark.parametrize(
    ("rows", "rule", "subject"),
    [
        (
            {"nurse": [*TRUTH["nurse"], "DELETE *"]},
            rules.ROLE_REFUSED,
            "DELETE /patients/{patient_id} by nurse",
        ),
        ({"nurse": [*TRUTH["nurse"], "GET /audit"]}, rules.ROLE_REFUSED, "GET /audit by nurse"),
        ({"nurse": ["GET /me", "GET /patients"]}, rules.ROLE_ALLOWED, f"{PATIENT} by nurse"),
        ({"chief": ["GET /me", "* /patients/*"]}, rules.ROLE_ALLOWED, "GET /audit by chief"),
    ],
)
def test_a_role_that_does_otherwise_is_found(
    rows: dict[str, Sequence[str]], rule: Rule, subject: str
) -> None:
    assessment = access(_clinic(**rows), PUBLIC, staff=STAFF, words=WORDS).assess_roles()
    assert list_breaches(assessment) == [(rule, subject)]


def test_an_operation_that_no_role_lists_is_not_proven() -> None:
    staff = StaffRoles((replace(NURSE, documented_may_not=()),), is_declared=True)
    assessment = access(_clinic(), PUBLIC, staff=staff, words=WORDS).assess_roles()
    assert (rules.ROLE_TABLE_COMPLETE, "GET /audit") in list_gaps(assessment)


def test_one_operation_that_is_allowed_and_refused_is_named() -> None:
    nurse = replace(NURSE, documented_may=("GET /me", "DELETE /patients/*"))
    staff = StaffRoles((nurse, CHIEF), is_declared=True)
    assessment = access(_clinic(), PUBLIC, staff=staff, words=WORDS).assess_roles()
    assert (rules.ROLE_TABLE_CURRENT, str(REMOVE)) in list_gaps(assessment)


def test_an_operation_of_which_a_role_may_do_a_part_is_left_to_the_other_checks() -> None:
    """A move of a visit is one operation of many documents, and three of the language."""
    words = {**WORDS, "update": ["DELETE /patients/{patient_id}"]}
    nurse = replace(NURSE, may=(*NURSE.may, "update"))
    staff = StaffRoles((nurse, CHIEF), is_declared=True)
    assessment = access(_clinic(), PUBLIC, staff=staff, words=words).assess_roles()
    assert "may do a part of it" in assessment.figures["matrix"][str(REMOVE)]["nurse"]


def test_what_is_public_stands_in_the_row_of_everybody_here_too() -> None:
    assessment = access(_clinic(), {}, staff=STAFF, words=WORDS).assess_without_token()
    assert any(finding.rule == rules.PUBLIC_LISTED for finding in assessment.findings)


def test_the_rest_closes_what_nothing_names() -> None:
    closed = StaffRoles((replace(NURSE, rest=False), CHIEF), is_declared=True)
    assessment = access(_clinic(), PUBLIC, staff=closed, words=WORDS).assess_roles()
    assert_passed(assessment)
    opened = replace(NURSE, documented_may_not=(), rest=False)
    staff = StaffRoles((opened, CHIEF), is_declared=True)
    clinic = _clinic(nurse=[*TRUTH["nurse"], "GET /audit"])
    assessment = access(clinic, PUBLIC, staff=staff, words=WORDS).assess_roles()
    assert list_breaches(assessment) == [(rules.ROLE_REFUSED, "GET /audit by nurse")]
