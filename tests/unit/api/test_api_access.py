"""Every operation, asked by everybody: whoever is let in and must not be is a finding, and what was
not seen is not proven.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.core.evidence.assessment import Assessment, NotProven
from cutover_gates.hospital import Operation, Reason, Role, Session, Unsupported
from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.api.access.assessments import AccessAssessments
from cutover_gates.probes.api.access.model import RoleTable
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
    for examination in asked(access(Clinic())).values():
        assert_passed(examination)


def test_everybody_is_asked_once_for_everything() -> None:
    """Seven operations, six of them protected: by nobody, an expired token and four roles each; the
    outsider asks for charts, and for lists with and without a name.
    """
    clinic = Clinic()
    sizes = {
        question: len(examination.checked)
        for question, examination in asked(access(clinic)).items()
    }
    assert sizes == {
        "assess_without_token": 7,
        "assess_expired_token": 6,
        "assess_roles": 24,
        "assess_other_facility": 8,
    }
    assert len(clinic.asked) == sum(sizes.values())


FAULTS: Sequence[tuple[str, Clinic, str, str]] = [
    (
        "an operation without authentication",
        Clinic(answers=[(PATIENT, "nobody", "about")]),
        "assess_without_token",
        "GET /patients/{patient_id}",
    ),
    (
        "an operation that is not there for strangers",
        Clinic(answers=[(AUDIT, "nobody", Reason.NOT_FOUND)]),
        "assess_without_token",
        "GET /audit",
    ),
    (
        "a failure inside",
        Clinic(answers=[(FIND, "nobody", 500)]),
        "assess_without_token",
        "HTTP 500",
    ),
    (
        "an expired token that is taken",
        Clinic(takes_expired=True),
        "assess_expired_token",
        "asked with an expired token",
    ),
    (
        "a role too many",
        Clinic(may=with_row("clinician", "GET /audit")),
        "assess_roles",
        "GET /audit, asked by one who is clinician",
    ),
    (
        "a role too many that removes",
        Clinic(may=with_row("registrar", "DELETE *")),
        "assess_roles",
        "DELETE /patients/{patient_id}, asked by one who",
    ),
    (
        "a role too few",
        Clinic(may={**TABLE, "auditor": ["GET /me", "POST /leave"]}),
        "assess_roles",
        "GET /audit, asked by one who is auditor",
    ),
    (
        "a failure for somebody who may",
        Clinic(answers=[(FIND, "clinician", 500)]),
        "assess_roles",
        "HTTP 500",
    ),
    (
        "what is there is not found by those who may",
        Clinic(answers=[(PATIENT, "clinician", Reason.NOT_FOUND)]),
        "assess_roles",
        "not-found",
    ),
    (
        "another facility's patient by id",
        Clinic(answers=[(PATIENT, "outsider", "somebody")]),
        "assess_other_facility",
        "of another facility",
    ),
    (
        "another facility's patient by name",
        Clinic(talkative=True),
        "assess_other_facility",
        "something of the patient",
    ),
    (
        "another patient's letter below one's own",
        Clinic(operations=(VERSION, AUDIT, PATIENT, LETTER), mixing=True),
        "assess_other_facility",
        "below another patient than the one to whom it belongs",
    ),
    (
        "another facility's patient removed",
        Clinic(answers=[(REMOVE, "outsider", 204)]),
        "assess_other_facility",
        "DELETE /patients/{patient_id}",
    ),
]


@pytest.mark.parametrize(
    ("clinic", "question", "said"),
    [fault[1:] for fault in FAULTS],
    ids=[fault[0] for fault in FAULTS],
)
def test_a_door_that_is_open_or_shut_to_the_wrong_one_is_found(
    clinic: Clinic, question: str, said: str
) -> None:
    """And no other question has a finding."""
    found = {name: examination.findings for name, examination in asked(access(clinic)).items()}
    assert any(said in sentence for sentence in found[question]), found
    assert not any(findings for name, findings in found.items() if name != question), found


def test_a_refusal_that_tells_of_the_patient_is_found() -> None:
    """Whoever is refused learns nothing.

    A refusal that names the patient is a finding, to a stranger and to another facility.
    """
    found = {
        name: examination.findings
        for name, examination in asked(access(Clinic(chatty=True))).items()
    }
    for question in ("assess_without_token", "assess_other_facility"):
        assert [
            sentence for sentence in found[question] if "something of the patient" in sentence
        ], found


def test_an_operation_that_lost_its_lock_in_the_document_too_is_found() -> None:
    """The document follows the code: what is open calls itself open.

    So the table says what may be.
    """
    unlocked = Operation("GET", "/audit", False, frozenset({200}))
    found = (
        access(Clinic(operations=(VERSION, ME, FIND, PATIENT, unlocked)))
        .assess_without_token()
        .findings
    )
    assert [sentence for sentence in found if "GET /audit is open to everybody" in sentence]
    assert not [sentence for sentence in found if "/version" in sentence]


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
    ("table", "said"),
    [
        ({}, "nobody says which role may do what"),
        (
            {name: row for name, row in TABLE.items() if name != "auditor"},
            "says nothing of the role auditor",
        ),
        (
            with_row("auditor", "GET /audits"),
            "lets auditor do GET /audits, and the document has no such operation",
        ),
        (
            {
                **TABLE,
                "auditor": ["GET /me", "POST /leave"],
                "administrator": ["GET /me", "POST /leave", "* /patients*"],
            },
            "lets nobody do GET /audit",
        ),
    ],
)
def test_a_table_that_does_not_fit_the_document_is_not_proven(
    table: Mapping[str, Sequence[str]], said: str
) -> None:
    examination = access(Clinic(may=table), table).assess_roles()
    assert examination.findings == ()
    assert any(said in sentence for sentence in examination.not_proven)


def test_a_role_without_an_account_is_not_proven() -> None:
    clinic = Clinic()

    def sessions(role: Role) -> Session:
        if role is Role.AUDITOR:
            raise SettingsError("give [targets.staging.users.auditor]")
        return clinic.sign_in(role)

    examination = access(clinic, sessions=sessions).assess_roles()
    assert examination.not_proven == ("give [targets.staging.users.auditor]",)
    assert not [name for name in examination.checked if "auditor" in name]


def test_no_expired_token_says_what_to_set() -> None:
    with pytest.raises(Unsupported, match="they never expire"):
        access(
            Clinic(), expired=Unsupported("expired-token", "they never expire")
        ).assess_expired_token()


@pytest.mark.parametrize(
    ("reason", "said"),
    [(Reason.INVALID, "before anybody looked"), (Reason.THROTTLED, "before anybody looked")],
)
def test_a_refusal_for_another_reason_proves_nothing(reason: Reason, said: str) -> None:
    examination = access(Clinic(answers=[(AUDIT, "clinician", reason)])).assess_roles()
    assert examination.findings == ()
    assert [sentence for sentence in examination.not_proven if said in sentence]


def test_a_list_that_refuses_a_stranger_for_another_reason_shows_nothing_and_proves_nothing() -> (
    None
):
    """Nobody looked at who asks. One way of asking that gets through is enough."""
    invalid = access(Clinic(answers=[(FIND, "outsider", Reason.INVALID)])).assess_other_facility()
    assert any(
        "GET /patients, asked by a clinician of another facility" in hole
        for hole in invalid.not_proven
    ), invalid
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
    assert [
        sentence
        for sentence in access(clinic, table).assess_roles().not_proven
        if "ward_id" in sentence and "contract.parameters" in sentence
    ]
    assert not [
        sentence
        for sentence in access(clinic, table, names={"ward_id": "12"}).assess_roles().not_proven
        if "ward_id" in sentence
    ]


def test_what_is_not_the_runs_own_is_not_changed() -> None:
    """An administrator may change the settings of the whole clinic: a test does not."""
    table = with_row("administrator", "PUT /settings")
    clinic = Clinic(operations=(VERSION, PATIENT, SETTINGS), may=table)
    assert [
        sentence
        for sentence in access(clinic, table).assess_roles().not_proven
        if "PUT /settings is not tried" in sentence
    ]
    assert (SETTINGS, "administrator") not in clinic.asked
    assert (SETTINGS, "auditor") in clinic.asked
    declared = access(
        clinic, table, untried={"PUT /settings": "they are everybody's"}
    ).assess_roles()
    assert not [sentence for sentence in declared.not_proven if "settings" in sentence]
    assert declared.figures["untried"] == {"PUT /settings": "they are everybody's"}
    idle = access(clinic, table, untried={"PUT /setings": "they are everybody's"}).assess_roles()
    assert [sentence for sentence in idle.not_proven if "untried] names PUT /setings" in sentence]


def test_a_document_that_protects_nothing_proves_nothing() -> None:
    for question in QUESTIONS:
        with pytest.raises(NotProven):
            assert_passed(
                getattr(
                    access(Clinic(operations=(VERSION,)), {"anybody": ["GET /version"]}), question
                )()
            )


def test_a_target_that_is_gone_is_not_proven() -> None:
    with pytest.raises(NotProven, match="gone before everybody had asked"):
        access(Clinic(silent=True)).assess_without_token()


def test_on_production_what_was_not_asked_is_told() -> None:
    examination = access(Clinic(), asked=[VERSION, ME, FIND, PATIENT, AUDIT]).assess_roles()
    assert_passed(examination)
    assert examination.figures["not_asked"] == ["POST /leave", "DELETE /patients/{patient_id}"]


def test_the_matrix_goes_into_the_evidence_without_ids_names_or_tokens() -> None:
    kept: list[Assessment] = []
    clinic = Clinic()
    asked(access(clinic, kept=kept))
    text = json.dumps([dict(examination.figures) for examination in kept])
    shut, let_in = "refused as forbidden or not found: forbidden (HTTP 403)", "let in: HTTP 200"
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
