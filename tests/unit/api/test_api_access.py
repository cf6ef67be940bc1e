"""Every operation, asked by everybody: whoever is let in and must not be is a finding, and what was
not seen is not proven.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.core.evidence.assessment import Assessment, NotProven
from cutover_gates.core.findings import Rule
from cutover_gates.hospital import Operation, Reason, Role, Session, Unsupported
from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.api.access import rules
from cutover_gates.probes.api.access.assessments import AccessAssessments
from cutover_gates.probes.api.access.role_table import RoleTable
from tests.findings import list_breaches, list_gaps, raises_gap
from tests.unit.api.clinic_in_memory import (
    AUDIT,
    FIND,
    LEAVE,
    LETTER,
    ME,
    PATIENT,
    REMOVE,
    SETTINGS,
    TABLE,
    VERSION,
    WARD,
    Clinic,
    access,
)

QUESTIONS = (
    "assess_without_token",
    "assess_expired_token",
    "assess_roles",
    "assess_other_facility",
)


def asked(access: AccessAssessments) -> Mapping[str, Assessment]:
    return {question: getattr(access, question)() for question in QUESTIONS}


def with_row(role: str, *operations: str) -> Mapping[str, Sequence[str]]:
    return {**TABLE, role: [*TABLE[role], *operations]}


def test_a_clinic_that_is_right_has_no_finding() -> None:
    for assessment in asked(access(Clinic())).values():
        assert_passed(assessment)


def test_everybody_is_asked_once_for_everything() -> None:
    """Seven operations, six of them protected: by nobody, an expired token and four roles each; the
    outsider asks for charts, and for lists with and without a name.
    """
    clinic = Clinic()
    sizes = {
        question: len(assessment.checked) for question, assessment in asked(access(clinic)).items()
    }
    assert sizes == {
        "assess_without_token": 7,
        "assess_expired_token": 6,
        "assess_roles": 24,
        "assess_other_facility": 8,
    }
    assert len(clinic.asked) == sum(sizes.values())


def test_a_declared_success_is_a_refusal_only_without_the_patient() -> None:
    """An empty list for a stranger; an answer with the patient's name is none, whatever it is."""
    every_name = " ".join(f"Okafor-{number}" for number in range(1, 20))
    for body, finds in (("[]", []), (every_name, [rules.TOKEN_REQUIRED])):
        clinic = Clinic(answers=[(FIND, "nobody", body)])
        questions = access(clinic)
        context = replace(questions.context, is_refusal=lambda operation, _: operation is FIND)
        found = replace(questions, context=context).assess_without_token().findings
        assert [finding.rule for finding in found] == finds
    strict = access(Clinic(answers=[(FIND, "nobody", "[]")])).assess_without_token()
    assert [finding.rule for finding in strict.findings] == [rules.TOKEN_REQUIRED]


FAULTS: Sequence[tuple[str, Clinic, str, tuple[Rule, str]]] = [
    (
        "an operation without authentication",
        Clinic(answers=[(PATIENT, "nobody", "about")]),
        "assess_without_token",
        (rules.TOKEN_REQUIRED, "GET /patients/{patient_id} without a token"),
    ),
    (
        "an operation that is not there for strangers",
        Clinic(answers=[(AUDIT, "nobody", Reason.NOT_FOUND)]),
        "assess_without_token",
        (rules.TOKEN_REQUIRED, "GET /audit without a token"),
    ),
    (
        "a failure inside",
        Clinic(answers=[(FIND, "nobody", 500)]),
        "assess_without_token",
        (rules.TOKEN_REQUIRED, "GET /patients without a token"),
    ),
    (
        "an expired token that is taken",
        Clinic(takes_expired=True),
        "assess_expired_token",
        (rules.EXPIRED_TOKEN_REFUSED, "GET /me with an expired token"),
    ),
    (
        "a role too many",
        Clinic(may=with_row("clinician", "GET /audit")),
        "assess_roles",
        (rules.ROLE_REFUSED, "GET /audit by clinician"),
    ),
    (
        "a role too many that removes",
        Clinic(may=with_row("registrar", "DELETE *")),
        "assess_roles",
        (rules.ROLE_REFUSED, "DELETE /patients/{patient_id} by registrar"),
    ),
    (
        "a role too few",
        Clinic(may={**TABLE, "auditor": ["GET /me", "POST /leave"]}),
        "assess_roles",
        (rules.ROLE_ALLOWED, "GET /audit by auditor"),
    ),
    (
        "a failure for somebody who may",
        Clinic(answers=[(FIND, "clinician", 500)]),
        "assess_roles",
        (rules.ROLE_ALLOWED, "GET /patients by clinician"),
    ),
    (
        "what is there is not found by those who may",
        Clinic(answers=[(PATIENT, "clinician", Reason.NOT_FOUND)]),
        "assess_roles",
        (rules.ROLE_ALLOWED, "GET /patients/{patient_id} by clinician"),
    ),
    (
        "another facility's patient by id",
        Clinic(answers=[(PATIENT, "outsider", "somebody")]),
        "assess_other_facility",
        (
            rules.OTHER_FACILITY_HIDDEN,
            "GET /patients/{patient_id} by a clinician of another facility",
        ),
    ),
    (
        "another facility's patient by name",
        Clinic(talkative=True),
        "assess_other_facility",
        (rules.OTHER_FACILITY_HIDDEN, "GET /patients by a clinician of another facility"),
    ),
    (
        "another patient's letter below one's own",
        Clinic(operations=(VERSION, AUDIT, PATIENT, LETTER), mixing=True),
        "assess_other_facility",
        (
            rules.OTHER_PATIENT_HIDDEN,
            "GET /patients/{patient_id}/letters/{document_id} below another patient",
        ),
    ),
    (
        "another facility's patient removed",
        Clinic(answers=[(REMOVE, "outsider", 204)]),
        "assess_other_facility",
        (
            rules.OTHER_FACILITY_HIDDEN,
            "DELETE /patients/{patient_id} by a clinician of another facility",
        ),
    ),
]


@pytest.mark.parametrize(
    ("clinic", "question", "breach"),
    [fault[1:] for fault in FAULTS],
    ids=[fault[0] for fault in FAULTS],
)
def test_a_door_that_is_open_or_shut_to_the_wrong_one_is_found(
    clinic: Clinic, question: str, breach: tuple[Rule, str]
) -> None:
    """And no other question has a finding."""
    found = {name: list_breaches(assessment) for name, assessment in asked(access(clinic)).items()}
    assert breach in found.pop(question)
    assert not any(found.values()), found


def test_a_refusal_that_tells_of_the_patient_is_found() -> None:
    """Whoever is refused learns nothing.

    A refusal that names the patient is a finding, to a stranger and to another facility.
    """
    found = {
        name: assessment.findings for name, assessment in asked(access(Clinic(chatty=True))).items()
    }
    for question in ("assess_without_token", "assess_other_facility"):
        assert any("data of the patient" in finding.actual for finding in found[question]), found


def test_an_operation_that_lost_its_lock_in_the_document_too_is_found() -> None:
    """The document follows the code: what is open calls itself open.

    So the table says what may be.
    """
    unlocked = Operation("GET", "/audit", False, frozenset({200}))
    clinic = Clinic(operations=(VERSION, ME, FIND, PATIENT, unlocked))
    found = list_breaches(access(clinic).assess_without_token())
    assert (rules.PUBLIC_LISTED, "GET /audit") in found
    assert not any("/version" in subject for _, subject in found)


def test_one_who_removes_takes_nothing_from_the_next() -> None:
    """Two roles may remove: each has a patient to remove."""
    table = with_row("registrar", "DELETE /patients/*")
    clinic = Clinic(may=table)
    assert access(clinic, table).assess_roles().findings == ()
    assert (
        clinic.asked.count((REMOVE, "registrar"))
        == clinic.asked.count((REMOVE, "administrator"))
        == 1
    )


def test_one_who_signs_out_ends_no_session_of_others() -> None:
    """After everybody has left, everybody is still let in elsewhere."""
    clinic = Clinic(operations=(VERSION, LEAVE, ME, FIND, PATIENT, REMOVE, AUDIT))
    assert access(clinic).assess_roles().findings == ()
    assert {who for operation, who in clinic.asked if operation is LEAVE} >= set(TABLE) - {
        "anybody"
    }


# ── what was not seen ──


@pytest.mark.parametrize(
    ("table", "gap"),
    [
        ({}, (rules.ROLE_TABLE_COMPLETE, "staging")),
        (
            {name: row for name, row in TABLE.items() if name != "auditor"},
            (rules.ROLE_TABLE_COMPLETE, "role auditor"),
        ),
        (
            with_row("auditor", "GET /audits"),
            (rules.ROLE_TABLE_CURRENT, "GET /audits"),
        ),
        (
            {
                **TABLE,
                "auditor": ["GET /me", "POST /leave"],
                "administrator": ["GET /me", "POST /leave", "* /patients*"],
            },
            (rules.ROLE_TABLE_COMPLETE, "GET /audit"),
        ),
    ],
)
def test_a_table_that_does_not_fit_the_document_is_not_proven(
    table: Mapping[str, Sequence[str]], gap: tuple[Rule, str]
) -> None:
    assessment = access(Clinic(may=table), table).assess_roles()
    assert assessment.findings == ()
    assert gap in list_gaps(assessment)


def test_a_role_without_an_account_is_not_proven() -> None:
    clinic = Clinic()

    def sessions(role: str) -> Session:
        if role == Role.AUDITOR:
            raise SettingsError("give [targets.staging.users.auditor]")
        return clinic.sign_in(role)

    assessment = access(clinic, sessions=sessions).assess_roles()
    assert list_gaps(assessment) == [(rules.SESSION_AVAILABLE, "auditor")]
    assert assessment.not_proven[0].actual == "give [targets.staging.users.auditor]"
    assert not [name for name in assessment.checked if "auditor" in name]


def test_no_expired_token_says_what_to_set() -> None:
    with pytest.raises(Unsupported, match="they never expire"):
        access(
            Clinic(), expired=Unsupported("expired-token", "they never expire")
        ).assess_expired_token()


@pytest.mark.parametrize("reason", [Reason.INVALID, Reason.THROTTLED])
def test_a_refusal_for_another_reason_proves_nothing(reason: Reason) -> None:
    assessment = access(Clinic(answers=[(AUDIT, "clinician", reason)])).assess_roles()
    assert assessment.findings == ()
    assert (rules.ROLE_REFUSED, "GET /audit by clinician") in list_gaps(assessment)


def test_a_list_that_refuses_a_stranger_for_another_reason_shows_nothing_and_proves_nothing() -> (
    None
):
    """Nobody looked at who asks. One way of asking that gets through is enough."""
    invalid = access(Clinic(answers=[(FIND, "outsider", Reason.INVALID)])).assess_other_facility()
    gap = (rules.OTHER_FACILITY_HIDDEN, "GET /patients by a clinician of another facility")
    assert gap in list_gaps(invalid)
    assert not invalid.findings
    assert not access(Clinic(picky=True)).assess_other_facility().not_proven


def test_what_nobody_can_name_proves_nothing_when_it_is_not_found() -> None:
    """Of a ward that is not there, "not found" says nothing about who may look at one."""
    table = with_row("administrator", "GET /wards/*")
    clinic = Clinic(
        operations=(VERSION, PATIENT, WARD),
        may=table,
        answers=[(WARD, "auditor", Reason.NOT_FOUND)],
    )
    unnamed = access(clinic, table).assess_roles().not_proven
    (gap,) = [gap for gap in unnamed if gap.subject == "GET /wards/{ward_id} by auditor"]
    assert gap.rule == rules.ROLE_REFUSED
    assert "ward_id: set it in contract.parameters" in gap.actual
    named = access(clinic, table, names={"ward_id": "12"}).assess_roles()
    assert not any("wards" in subject for _, subject in list_gaps(named))


def test_what_is_not_the_runs_own_is_not_changed() -> None:
    """An administrator may change the settings of the whole clinic: a test does not."""
    table = with_row("administrator", "PUT /settings")
    clinic = Clinic(operations=(VERSION, PATIENT, SETTINGS), may=table)
    gaps = list_gaps(access(clinic, table).assess_roles())
    assert (rules.ALLOWED_TRIED, "PUT /settings by administrator") in gaps
    assert (SETTINGS, "administrator") not in clinic.asked
    assert (SETTINGS, "auditor") in clinic.asked
    declared = access(
        clinic, table, untried={"PUT /settings": "they are everybody's"}
    ).assess_roles()
    assert not any("settings" in subject for _, subject in list_gaps(declared))
    assert declared.figures["untried"] == {"PUT /settings": "they are everybody's"}
    idle = access(clinic, table, untried={"PUT /setings": "they are everybody's"}).assess_roles()
    assert (rules.ROLE_TABLE_CURRENT, "PUT /setings") in list_gaps(idle)


def test_a_document_that_protects_nothing_proves_nothing() -> None:
    for question in QUESTIONS:
        with pytest.raises(NotProven):
            assert_passed(
                getattr(
                    access(Clinic(operations=(VERSION,)), {"anybody": ["GET /version"]}), question
                )()
            )


def test_a_target_that_is_gone_is_not_proven() -> None:
    with raises_gap(rules.REQUEST_ANSWERED):
        access(Clinic(silent=True)).assess_without_token()


def test_on_production_what_was_not_asked_is_told() -> None:
    assessment = access(Clinic(), asked=[VERSION, ME, FIND, PATIENT, AUDIT]).assess_roles()
    assert_passed(assessment)
    assert assessment.figures["not_asked"] == ["POST /leave", "DELETE /patients/{patient_id}"]


def test_the_matrix_goes_into_the_evidence_without_ids_names_or_tokens() -> None:
    kept: list[Assessment] = []
    clinic = Clinic()
    asked(access(clinic, kept=kept))
    text = json.dumps([dict(assessment.figures) for assessment in kept])
    shut, let_in = "refused as forbidden: forbidden (HTTP 403)", "let in: HTTP 200"
    assert kept[2].figures["matrix"]["GET /audit"] == {
        "registrar": shut,
        "clinician": shut,
        "auditor": let_in,
        "administrator": let_in,
    }
    assert not [
        word
        for word in [
            *clinic.charts.values(),
            *clinic.living,
            *(f'"{one}"' for one in clinic.charts),
        ]
        if word in text
    ]


# ── the table ──


@pytest.mark.parametrize(
    ("pattern", "operation", "may"),
    [
        ("GET /audit", AUDIT, True),
        ("GET /aud", AUDIT, False),
        ("* /audit", AUDIT, True),
        ("*", REMOVE, True),
        ("GET /patients*", REMOVE, False),
        ("GET /patients/{patient_id}", PATIENT, True),
        ("GET /patients/*", FIND, False),
        ("GET /a.dit", AUDIT, False),
    ],
)
def test_a_row_means_what_it_says(pattern: str, operation: Operation, may: bool) -> None:
    assert RoleTable("staging", {"auditor": [pattern]}).allows(Role.AUDITOR, operation) is may
