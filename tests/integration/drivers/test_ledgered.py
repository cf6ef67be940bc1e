"""Rules of what a run leaves on a target, and of what it may touch on production."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.ledger_lines import LedgerBinding
from cutover_gates.drivers.ledger_driver import LedgerDriver
from cutover_gates.drivers.production_guard import GuardError
from cutover_gates.drivers.rest.rest_driver import RestDriver
from cutover_gates.hospital import (
    Answer,
    Driver,
    DriverBase,
    Operation,
    PatientDraft,
    ProtocolViolation,
    Reason,
    Rejected,
    Session,
    Transition,
    Upload,
    Visit,
    VisitStatus,
)
from tests.standins.http_server import (
    HttpServerStandin,
    ReceivedRequest,
    Reply,
    json_reply,
    problem,
)

Make = Callable[..., RestDriver]
DRAFT = PatientDraft("run-1-a", "Test", "Anna", date(1980, 2, 29))
PATIENT = {
    "id": "p1",
    "mrn": "run-1-a",
    "family_name": "Test",
    "given_name": "Anna",
    "birth_date": "1980-02-29",
    "sex": "unknown",
    "version": 1,
}
VISIT = {"id": "v1", "patient_id": "p1", "status": "open", "reason": "pain"}
DOCUMENT = {"id": "d1", "patient_id": "p1", "file_name": "a.txt", "media_type": "text/plain"}
FILE = Upload("a.txt", "text/plain", b"x")
EMPTY = json_reply({"items": [], "total": 0})
GONE: Reply = (204, {}, b"")
NOT_FOUND = problem("not-found", 404)
REAL = {
    **PATIENT,
    "mrn": "100234",
    "family_name": "Real",
    "given_name": "Rita",
}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(tmp_path / "run-1.jsonl", "run-1", "staging")
    yield made
    made._file.close()


@pytest.fixture
def hospital(driver: Make, ledger: Ledger) -> LedgerDriver:
    return LedgerDriver(driver(), ledger, production=False)


@pytest.fixture
def production(driver: Make, ledger: Ledger) -> LedgerDriver:
    return LedgerDriver(driver(production=True), ledger, production=True)


@pytest.fixture
def open_target(target: HttpServerStandin) -> HttpServerStandin:
    """A target that does everything that it is asked."""
    target.answers = {
        "POST /api/v1/patients": json_reply(PATIENT, 201),
        "GET /api/v1/patients/p1": json_reply(PATIENT),
        "PUT /api/v1/patients/p1": json_reply(PATIENT),
        "GET /api/v1/patients": EMPTY,
        "POST /api/v1/patients/p1/visits": json_reply(VISIT, 201),
        "POST /api/v1/patients/p1/visits/v1/admit": json_reply({**VISIT, "status": "admitted"}),
        "GET /api/v1/patients/p1/visits/v1": json_reply(VISIT),
        "POST /api/v1/patients/p1/documents": json_reply(DOCUMENT, 201),
        "GET /api/v1/patients/p1/documents/d1": json_reply(DOCUMENT),
        "DELETE /api/v1/patients/p1/documents/d1": remove(target, "/patients/p1/documents/d1"),
        "DELETE /api/v1/patients/p1": remove(target, "/patients/p1"),
    }
    return target


def remove(target: HttpServerStandin, path: str) -> Callable[[ReceivedRequest], Reply]:
    """Return the answer to a deletion, after which the path and all below it lead nowhere."""

    def answer(_: ReceivedRequest) -> Reply:
        for name in list(target.answers):
            if name.startswith(f"GET /api/v1{path}"):
                target.answers[name] = NOT_FOUND
        return GONE

    return answer


@pytest.mark.parametrize(
    ("status", "reason"),
    [(401, Reason.UNAUTHENTICATED), (403, Reason.FORBIDDEN), (404, Reason.NOT_FOUND), (200, None)],
)
def test_an_answer_is_a_refusal_by_the_mapping(
    driver: Make, ledger: Ledger, status: int, reason: Reason | None
) -> None:
    """The mapping says what a status means; without a mapping HTTP's own meaning holds."""
    answer = Answer(status, {}, b"")
    mapped = LedgerDriver(driver(), ledger, production=False)
    assert mapped.features.reason_of(answer) is reason
    assert DriverBase().features.reason_of(answer) is reason
    own = driver({"refusals": {"unauthenticated": {"status": [418]}}})
    wrapped = LedgerDriver(own, ledger, production=False)
    assert wrapped.features.reason_of(Answer(418, {}, b"")) is Reason.UNAUTHENTICATED


def test_the_wrapper_is_a_hospital_too(hospital: LedgerDriver) -> None:
    """Checks cannot tell it from the driver."""
    assert isinstance(hospital, Driver)


def test_an_intent_is_written_before_the_request_leaves(
    open_target: HttpServerStandin, hospital: LedgerDriver, ledger: Ledger, session: Session
) -> None:
    """Seen from the target's side, at the moment the request comes in."""
    written: list[str] = []

    def look(_: ReceivedRequest) -> Reply:
        written.append(ledger.path.read_text())
        return json_reply(PATIENT, 201)

    open_target.answers["POST /api/v1/patients"] = look
    hospital.register(session, DRAFT)
    assert '"do": "intend"' in written[0]
    assert '"run-1-a"' in written[0]


def test_everything_is_retired_documents_before_visits_before_patients(
    open_target: HttpServerStandin, hospital: LedgerDriver, ledger: Ledger, session: Session
) -> None:
    """A visit that cannot be deleted goes with its patient, and is reported so."""
    hospital.register(session, DRAFT)
    hospital.open_visit(session, "p1", "pain")
    hospital.upload(session, "p1", FILE)
    swept = hospital.sweep(session)
    assert [path for path in open_target.paths() if path.startswith("DELETE")] == [
        "DELETE /api/v1/patients/p1/documents/d1",
        "DELETE /api/v1/patients/p1",
    ]
    assert [(one.kind, one.how) for one in swept] == [
        ("document", "deleted"),
        ("patient", "deleted"),
        ("visit", "with its patient: deleted"),
    ]
    assert ledger.remaining_records() == []


def test_what_cannot_be_retired_is_reported_with_the_reason_and_kept(
    open_target: HttpServerStandin, hospital: LedgerDriver, ledger: Ledger, session: Session
) -> None:
    """The next run tries again."""
    hospital.register(session, DRAFT)
    hospital.open_visit(session, "p1", "pain")
    open_target.answers["DELETE /api/v1/patients/p1"] = problem("forbidden", 403)
    patient, visit = hospital.sweep(session)
    assert patient.how is None
    assert "forbidden" in (patient.why or "")
    assert "still there" in (visit.why or "")
    assert len(ledger.remaining_records()) == 2


def test_an_intent_without_an_answer_is_looked_up_by_its_number_and_name(
    open_target: HttpServerStandin, hospital: LedgerDriver, ledger: Ledger, session: Session
) -> None:
    """And a real person with that number, but another name, is left alone."""
    open_target.answers["POST /api/v1/patients"] = json_reply({}, 500)
    with pytest.raises(ProtocolViolation):
        hospital.register(session, DRAFT)
    real = {**PATIENT, "id": "real", "family_name": "Real"}
    open_target.answers["GET /api/v1/patients"] = json_reply({"items": [real, PATIENT], "total": 2})
    (one,) = hospital.sweep(session)
    assert (one.id, one.how) == ("p1", "deleted")
    assert ledger.remaining_records() == []


def test_an_intent_that_never_came_to_be_is_settled(
    open_target: HttpServerStandin, hospital: LedgerDriver, ledger: Ledger, session: Session
) -> None:
    """Nothing there, nothing left."""
    open_target.answers["POST /api/v1/patients"] = json_reply({}, 500)
    with pytest.raises(ProtocolViolation):
        hospital.register(session, DRAFT)
    assert hospital.sweep(session) == []
    assert ledger.remaining_records() == []


def test_a_refused_creation_leaves_nothing_to_retire(
    open_target: HttpServerStandin, hospital: LedgerDriver, ledger: Ledger, session: Session
) -> None:
    """The target said no."""
    open_target.answers["POST /api/v1/patients"] = problem("duplicate", 409)
    with pytest.raises(Rejected):
        hospital.register(session, DRAFT)
    assert ledger.remaining_records() == []


DELETES = [
    "DELETE /api/v1/patients/p1/documents/d1",
    "DELETE /api/v1/patients/p1",
]


def create_all(hospital: LedgerDriver, session: Session) -> None:
    hospital.register(session, DRAFT)
    hospital.open_visit(session, "p1", "pain")
    hospital.upload(session, "p1", FILE)


def deletions(target: HttpServerStandin) -> list[str]:
    return [path for path in target.paths() if path.startswith("DELETE")]


def test_an_id_that_names_a_real_patient_now_is_not_removed(
    open_target: HttpServerStandin, hospital: LedgerDriver, ledger: Ledger, session: Session
) -> None:
    """After a restore the ids are given again: nothing of the patient is touched, and it is told."""
    create_all(hospital, session)
    open_target.answers["GET /api/v1/patients/p1"] = json_reply(REAL)
    swept = hospital.sweep(session)
    assert deletions(open_target) == []
    assert [result.how for result in swept] == [None, None, None]
    assert all("not touched" in (result.why or "") for result in swept if result.kind != "visit")
    assert not any("Real" in (result.why or "") for result in swept)
    assert len(ledger.remaining_records()) == 3


@pytest.mark.parametrize(
    "other",
    [
        {"mrn": "run-1-b"},
        {"mrn": "RUN-1-A"},
        {"family_name": "Real"},
        {"given_name": ""},
    ],
    ids=lambda other: "-".join(other),
)
def test_a_patient_with_another_number_or_name_is_not_removed(
    open_target: HttpServerStandin, hospital: LedgerDriver, session: Session, other: dict[str, str]
) -> None:
    hospital.register(session, DRAFT)
    open_target.answers["GET /api/v1/patients/p1"] = json_reply({**PATIENT, **other})
    (result,) = hospital.sweep(session)
    assert (result.how, deletions(open_target)) == (None, [])


def test_a_number_without_the_runs_tag_is_not_removed(
    open_target: HttpServerStandin, hospital: LedgerDriver, session: Session
) -> None:
    """A ledger that was edited, or an own check that made up a number, names a real patient."""
    hospital.register(session, replace(DRAFT, mrn="100234", family_name="Real", given_name="Rita"))
    open_target.answers["GET /api/v1/patients/p1"] = json_reply(REAL)
    (result,) = hospital.sweep(session)
    assert (result.how, deletions(open_target)) == (None, [])


@pytest.mark.parametrize(
    "other",
    [{"file_name": "referral.txt"}, {"patient_id": "p2"}],
    ids=["another name", "another patient"],
)
def test_a_document_that_is_not_the_runs_is_not_removed(
    open_target: HttpServerStandin, hospital: LedgerDriver, session: Session, other: dict[str, str]
) -> None:
    """Also where its patient is still the run's."""
    hospital.register(session, DRAFT)
    hospital.upload(session, "p1", FILE)
    path = "GET /api/v1/patients/p1/documents/d1"
    open_target.answers[path] = json_reply({**DOCUMENT, **other})
    document, _ = hospital.sweep(session)
    assert document.how is None
    assert DELETES[0] not in open_target.paths()


def test_a_patient_whom_the_run_corrected_is_still_its_own(
    open_target: HttpServerStandin, hospital: LedgerDriver, session: Session
) -> None:
    """The new names are in the ledger before they are sent."""
    patient = hospital.register(session, DRAFT)
    renamed = {**PATIENT, "family_name": "New"}
    open_target.answers["PUT /api/v1/patients/p1"] = json_reply(renamed)
    hospital.update(session, replace(patient, family_name="New"))
    open_target.answers["GET /api/v1/patients/p1"] = json_reply(renamed)
    (result,) = hospital.sweep(session)
    assert result.how == "deleted"


def test_what_is_still_there_after_its_deletion_is_not_called_deleted(
    open_target: HttpServerStandin, hospital: LedgerDriver, ledger: Ledger, session: Session
) -> None:
    """The target says 204 and deletes nothing: a real ward would see a synthetic patient."""
    hospital.register(session, DRAFT)
    open_target.answers["DELETE /api/v1/patients/p1"] = GONE
    (result,) = hospital.sweep(session)
    assert result.how is None
    assert "still there" in (result.why or "")
    assert len(ledger.remaining_records()) == 1


def test_what_cannot_be_read_is_not_removed(
    open_target: HttpServerStandin, hospital: LedgerDriver, session: Session
) -> None:
    """Without a look nobody knows whose it is."""
    hospital.register(session, DRAFT)
    open_target.answers["GET /api/v1/patients/p1"] = json_reply({}, 500)
    (result,) = hospital.sweep(session)
    assert (result.how, deletions(open_target)) == (None, [])


def test_a_ledger_keeps_what_it_was_bound_to(tmp_path: Path) -> None:
    """Whoever opens it later is told, whatever system they are at."""
    binding = LedgerBinding("http://one", "database 7/hospital")
    made = Ledger(tmp_path / "bound.jsonl", "run-1", "staging", binding)
    made.intend("patient", "run-1-a")
    made._file.close()
    (again,) = Ledger.open_abandoned(tmp_path, "staging")
    assert again.binding == binding
    before = again.path.read_bytes()
    again.release()
    assert again.path.read_bytes() == before


def test_on_production_a_patient_that_this_run_did_not_make_is_not_written_to(
    open_target: HttpServerStandin, production: LedgerDriver, session: Session
) -> None:
    """Not updated, no visit opened or moved, no document filed, not retired.

    Only a look whether they exist is sent.
    """
    somebody = production.patient(session, "p1")
    acts: list[Callable[[], object]] = [
        lambda: production.update(session, somebody),
        lambda: production.open_visit(session, "p1", "pain"),
        lambda: production.move(session, Visit("v1", "p1", VisitStatus.OPEN), Transition.ADMIT),
        lambda: production.upload(session, "p1", FILE),
        lambda: production.cut_upload(session, "p1", FILE),
        lambda: production.retire(session, "patient", "p1", None),
    ]
    for act in acts:
        with pytest.raises(GuardError, match="production"):
            act()
    assert {asked.method for asked in open_target.asked} == {"GET"}


def test_on_production_the_runs_own_patient_may_be_written_to(
    open_target: HttpServerStandin, production: LedgerDriver, session: Session
) -> None:
    """That is what the gate is there for."""
    patient = production.register(session, DRAFT)
    production.update(session, replace(patient, phone="1"))
    production.move(session, production.open_visit(session, patient.id, "pain"), Transition.ADMIT)
    production.upload(session, patient.id, FILE)
    assert "PUT /api/v1/patients/p1" in open_target.paths()


@pytest.mark.usefixtures("open_target")
def test_on_production_an_id_that_leads_to_nobody_may_be_tried(
    production: LedgerDriver, session: Session
) -> None:
    """A check makes it up to see the refusal; nobody can be harmed."""
    with pytest.raises(Rejected) as told:
        production.open_visit(session, "made-up", "pain")
    assert told.value.reason is Reason.NOT_FOUND


def test_on_production_documented_operations_are_only_tried_when_they_read(
    target: HttpServerStandin, production: LedgerDriver, session: Session
) -> None:
    """Their examples are not the run's own synthetic people."""
    paths: dict[str, Any] = {
        "/x": {"get": {"responses": {"200": {}}}, "post": {"responses": {"200": {}}}}
    }
    target.answers = {
        "GET /openapi.json": json_reply({"openapi": "3.1.0", "paths": paths}),
        "GET /x": json_reply({}),
    }
    read, write = production.operations()
    assert production.attempt(read, session).status == 200
    with pytest.raises(GuardError):
        production.attempt(write, session)
    assert "POST /x" not in target.paths()
    assert production.ledger.remaining_records() == []


def test_whom_a_tried_operation_registered_is_found_again(
    open_target: HttpServerStandin, hospital: LedgerDriver, session: Session
) -> None:
    """By the number of this run that it was given."""
    content = {"application/json": {"example": {"mrn": "X", "family_name": "Example"}}}
    paths = {
        "/api/v1/patients": {
            "post": {"requestBody": {"content": content}, "responses": {"201": {}}}
        }
    }
    open_target.answers["GET /openapi.json"] = json_reply({"openapi": "3.1.0", "paths": paths})
    (operation,) = hospital.operations()
    assert isinstance(operation, Operation)
    assert hospital.attempt(operation, session).status == 201
    number = open_target.asked[-1].json["mrn"]
    assert number.startswith("run-1-")
    found = {**PATIENT, "mrn": number, "family_name": "Example"}
    open_target.answers["GET /api/v1/patients"] = json_reply({"items": [found], "total": 1})
    open_target.answers["GET /api/v1/patients/p1"] = json_reply(found)
    assert [one.how for one in hospital.sweep(session)] == ["deleted"]
