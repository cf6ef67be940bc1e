"""Roles, facilities, and the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from tests.integration.reference.started_hospital import (
    Hospital,
    Json,
    Staff,
    patient_data,
    problem,
)

ROLES = ("registrar", "clinician", "auditor", "administrator")
RIGHTS = {
    "POST /patients": {"registrar", "administrator"},
    "GET /patients": {"registrar", "clinician", "administrator"},
    "GET /patients/{patient}": {"registrar", "clinician", "administrator"},
    "PUT /patients/{patient}": {"registrar", "administrator"},
    "DELETE /patients/{nobody}": {"administrator"},
    "POST /patients/{patient}/visits": {"registrar", "clinician", "administrator"},
    "GET /patients/{patient}/visits": {"registrar", "clinician", "administrator"},
    "GET /patients/{patient}/visits/{visit}": {"registrar", "clinician", "administrator"},
    "POST /patients/{patient}/visits/{nobody}/admit": {"clinician", "administrator"},
    "POST /patients/{patient}/visits/{nobody}/discharge": {"clinician", "administrator"},
    "POST /patients/{patient}/visits/{nobody}/cancel": {"clinician", "administrator"},
    "POST /patients/{patient}/documents": {"clinician", "administrator"},
    "GET /patients/{patient}/documents": {"clinician", "administrator"},
    "GET /patients/{patient}/documents/{document}": {"clinician", "administrator"},
    "GET /patients/{patient}/documents/{document}/content": {"clinician", "administrator"},
    "DELETE /patients/{patient}/documents/{nobody}": {"administrator"},
    "GET /audit": {"auditor", "administrator"},
}


@pytest.fixture(scope="module")
def ids(staff: Staff) -> dict[str, str]:
    """Create a patient in the north with a visit and a document, and an unused id."""
    patient = staff("registrar").post("/patients", json=patient_data()).json()["id"]
    visit = (
        staff("clinician")
        .post(f"/patients/{patient}/visits", json={"reason": "Probe"})
        .json()["id"]
    )
    document = (
        staff("clinician")
        .post(f"/patients/{patient}/documents", files={"file": ("a.txt", b"x", "text/plain")})
        .json()["id"]
    )
    return {"patient": patient, "visit": visit, "document": document, "nobody": str(uuid4())}


@pytest.mark.parametrize("operation", RIGHTS)
def test_a_role_may_do_what_the_table_says_and_nothing_else(
    hospital: Hospital, staff: Staff, ids: dict[str, str], operation: str
) -> None:
    """Other roles get 403, whatever the body is.

    Without a token it is 401, also for an invalid body.
    """
    method, path = operation.format(**ids).split()
    refused = {role for role in ROLES if staff(role).request(method, path).status_code == 403}
    assert refused == set(ROLES) - RIGHTS[operation]
    with hospital.client() as nobody:
        assert problem(
            nobody.request(method, path, content=b"{", headers={"Content-Type": "application/json"})
        ) == (401, "unauthenticated")


@pytest.mark.parametrize(
    "operation", [name for name in RIGHTS if "{patient}" in name and "clinician" in RIGHTS[name]]
)
def test_another_facilitys_patients_do_not_exist(
    staff: Staff, ids: dict[str, str], operation: str
) -> None:
    """To the clinician of the south, every path of a patient of the north is 404."""
    method, path = operation.format(**ids).split()
    files = (
        {"file": ("a.txt", b"x", "text/plain")}
        if operation.endswith("/documents") and method == "POST"
        else None
    )
    body = {"reason": "Probe"} if operation.endswith("/visits") and method == "POST" else None
    assert problem(staff("outsider").request(method, path, files=files, json=body)) == (
        404,
        "not-found",
    )


def test_a_search_shows_only_the_callers_facility(staff: Staff, patient: Json) -> None:
    """The south does not find the patient; the administrator finds both facilities."""
    assert staff("outsider").get("/patients", params={"mrn": patient["mrn"]}).json()["total"] == 0
    totals = {
        who: staff(who).get("/patients").json()["total"]
        for who in ("clinician", "outsider", "administrator")
    }
    assert totals["clinician"] + totals["outsider"] <= totals["administrator"]
    assert min(totals.values()) >= 5_000


def test_every_access_is_written_down_with_its_request(staff: Staff, patient: Json) -> None:
    """Allowed and refused access is recorded: by whom, what, whose, and which request."""
    path = f"/patients/{patient['id']}"
    asked = [
        staff("clinician").get(path),
        staff("outsider").get(path),
        staff("clinician").put(path, json=patient_data()),
        staff("registrar").put(path, json=patient_data()),
        staff("clinician").get(f"{path}/documents"),
    ]
    lines = staff("auditor").get("/audit", params={"patient_id": patient["id"]}).json()
    told = [
        (line["username"], line["action"], line["outcome"], line["request_id"])
        for line in reversed(lines["items"])
    ]
    assert told[0][:3] == ("registrar", "patient.create", "allowed")
    assert told[1:] == [
        ("clinician", "patient.read", "allowed", asked[0].headers["x-request-id"]),
        ("outsider", "patient.read", "refused", asked[1].headers["x-request-id"]),
        ("clinician", "patient.update", "refused", asked[2].headers["x-request-id"]),
        ("registrar", "patient.update", "refused", asked[3].headers["x-request-id"]),
        ("clinician", "document.list", "allowed", asked[4].headers["x-request-id"]),
    ]


@pytest.fixture
def broken_audit_log(hospital: Hospital) -> Iterator[str]:
    """Return a record number whose registration the audit log rejects."""
    request_id = uuid4().hex
    hospital.query(
        f"ALTER TABLE audit_entries ADD CONSTRAINT broken CHECK (request_id <> '{request_id}') NOT"
        " VALID"
    )
    yield request_id
    hospital.query("ALTER TABLE audit_entries DROP CONSTRAINT broken")


def test_what_cannot_be_audited_does_not_happen(
    hospital: Hospital, staff: Staff, broken_audit_log: str
) -> None:
    """The audit log's line and the write are one transaction.

    The answer does not reveal the internal error.
    """
    body = patient_data()
    answer = staff("registrar").post(
        "/patients", json=body, headers={"X-Request-Id": broken_audit_log}
    )
    assert problem(answer) == (500, "internal")
    assert "audit" not in answer.text
    assert "broken" not in answer.text
    assert hospital.query("SELECT 1 FROM patients WHERE mrn = %s", body["mrn"]) == []


def test_the_applications_role_changes_no_table_and_no_line_of_the_audit_log(
    hospital: Hospital,
) -> None:
    """It has no DDL rights, is no superuser, and may only add to the audit log."""
    [rights] = hospital.query("""
        SELECT rolsuper, rolcreatedb, rolcreaterole,
            has_schema_privilege('hospital_app', 'public', 'CREATE') AS ddl,
            has_table_privilege('hospital_app', 'audit_entries', 'UPDATE, DELETE, TRUNCATE')
                AS rewrites_history
        FROM pg_roles WHERE rolname = 'hospital_app'
        """)
    assert not any(rights.values())


def test_the_database_that_is_handed_out_is_read_only(hospital: Hospital) -> None:
    """The reader's role reads every table, and cannot write even in a read-write transaction."""
    with psycopg.connect(hospital.database) as connection:
        assert connection.execute("SELECT count(*) FROM patients").fetchone()
        connection.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE")
        connection.commit()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM patients")
