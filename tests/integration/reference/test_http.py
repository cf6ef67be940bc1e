"""Headers of every answer, the OpenAPI document, health, metrics and the log."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import httpx
import jsonschema
import pytest

from tests.integration.reference.started_hospital import (
    Hospital,
    Json,
    Staff,
    patient_data,
    problem,
    wait_for_lines,
)

SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}


@pytest.fixture(scope="module")
def document(hospital: Hospital) -> Json:
    """Return the OpenAPI document."""
    return dict(httpx.get(f"{hospital.url}/openapi.json").json())


def operations(document: Json) -> dict[str, Json]:
    """Return every operation by its id, with its method and path."""
    return {
        operation["operationId"]: {**operation, "method": method, "path": path}
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


@pytest.mark.parametrize(
    "path",
    [
        "/health/live",
        "/version",
        "/metrics",
        "/openapi.json",
        "/nowhere",
        "/api/v1/auth/me",
        "/api/v1/nowhere",
    ],
)
def test_every_answer_has_an_id_and_the_security_headers(hospital: Hospital, path: str) -> None:
    """Rejections have them, too; answers of the API are not stored, and no version is revealed."""
    answer = httpx.get(hospital.url + path)
    assert re.fullmatch(r"[A-Za-z0-9-]{1,64}", answer.headers["x-request-id"])
    assert answer.headers.items() >= SECURITY_HEADERS.items()
    assert (answer.headers.get("cache-control") == "no-store") == path.startswith("/api")
    assert "server" not in answer.headers


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("abc-123", True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("a b", False),
        ("é", False),
        ("", False),
    ],
)
def test_a_request_id_is_kept_if_it_is_one(hospital: Hospital, sent: str, kept: bool) -> None:
    """An id has at most 64 letters, digits and hyphens; any other value is replaced."""
    answer = httpx.get(f"{hospital.url}/nowhere", headers={b"X-Request-Id": sent.encode()})
    assert (answer.headers["x-request-id"] == sent) == kept
    assert problem(answer) == (404, "not-found")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/health/live", "GET"),
        ("/api/v1/patients", "GET, POST"),
        ("/api/v1/patients/31d977a8-7480-4bfb-b9c0-0376437e1278", "DELETE, GET, PUT"),
    ],
)
def test_an_unknown_method_is_refused_as_a_problem(
    hospital: Hospital, path: str, allowed: str
) -> None:
    """The answer lists all methods of the path."""
    answer = httpx.request("PATCH", f"{hospital.url}{path}")
    assert problem(answer) == (405, "method-not-allowed")
    assert answer.headers["allow"] == allowed


def test_the_document_says_what_is_always_demanded(document: Json) -> None:
    """It names the public operations, the version of a change, and the accepted file types."""
    opened = {
        path
        for path, item in document["paths"].items()
        for operation in item.values()
        if operation["security"] == []
    }
    assert opened == {
        "/health/live",
        "/health/ready",
        "/version",
        "/metrics",
        "/api/v1/auth/sign-in",
        "/api/v1/auth/refresh",
    }
    update = document["paths"]["/api/v1/patients/{patient_id}"]["put"]
    assert [one["required"] for one in update["parameters"] if one["name"] == "If-Match"] == [True]
    form = document["paths"]["/api/v1/patients/{patient_id}/documents"]["post"]["requestBody"][
        "content"
    ]["multipart/form-data"]
    assert (
        form["encoding"]["file"]["contentType"]
        == "application/pdf, image/png, image/jpeg, text/plain"
    )


def test_health_and_version_tell_the_truth(hospital: Hospital) -> None:
    """They report liveness, readiness, the release and the migration."""
    assert httpx.get(f"{hospital.url}/health/live").json() == {"status": "live"}
    assert httpx.get(f"{hospital.url}/health/ready").json() == {"status": "ready"}
    assert httpx.get(f"{hospital.url}/version").json() == {
        "release": "2.0.0",
        "migration": "10",
        "name": "hospital-backend",
    }


@pytest.mark.parametrize("path", ["/health/live", "/version", "/api/v1/patients", "/nowhere"])
def test_every_answer_names_release_and_instance(hospital: Hospital, path: str) -> None:
    """Whole pages, problems, and what no route knows: whoever asks learns who answered."""
    headers = httpx.get(f"{hospital.url}{path}").headers
    assert headers["X-Release"] == "2.0.0"
    assert headers["X-Instance"] == hospital.url.removeprefix("http://")


def test_metrics_count_by_route_and_never_by_path(
    hospital: Hospital, staff: Staff, patient: Json
) -> None:
    """An id in a label would be a patient's data, and one more time series for each patient."""
    staff("clinician").get(f"/patients/{patient['id']}")
    answer = httpx.get(f"{hospital.url}/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert (
        'http_requests_total{method="GET",route="/api/v1/patients/{patient_id}",status="200"}'
        in answer.text
    )
    assert patient["id"] not in answer.text
    for name in (
        "http_request_duration_seconds_bucket",
        "db_pool_size",
        "db_pool_in_use",
        "db_pool_waiting",
        "db_pool_timeouts_total",
    ):
        assert f"\n{name}" in answer.text
    assert "process_resident_memory_bytes" in answer.text


def test_the_log_has_one_line_a_request_and_no_secret(hospital: Hospital, staff: Staff) -> None:
    """A line has method, route, status, time, request id and username.

    It has no name, password, token, body or path.
    """
    family, password, request_id = (
        f"Probe{uuid4().hex}",
        hospital.users["clinician"]["password"],
        uuid4().hex,
    )
    tokens = hospital.sign_in("clinician")
    created = staff("registrar").post(
        "/patients", json=patient_data(family_name=family), headers={"X-Request-Id": request_id}
    )
    staff("registrar").get("/patients", params={"name": family})
    [line] = wait_for_lines(hospital.log, request_id)
    log = hospital.log.read_text()
    assert line.keys() == {
        "time",
        "level",
        "message",
        "method",
        "route",
        "status",
        "milliseconds",
        "request_id",
        "username",
        "client",
        "instance",
    }
    assert (line["method"], line["route"], line["status"], line["username"]) == (
        "POST",
        "/api/v1/patients",
        201,
        "registrar",
    )
    for secret in (
        family,
        password,
        tokens["access_token"],
        tokens["refresh_token"],
        created.json()["mrn"],
        created.json()["id"],
    ):
        assert secret not in log


def test_the_document_is_of_version_3_1_and_names_every_operation(document: Json) -> None:
    """Each operation has an id; each but the public ones describes its authentication."""
    assert document["openapi"].startswith("3.1")
    assert len(operations(document)) == 25
    open_ones = {
        name for name, operation in operations(document).items() if not operation.get("security")
    }
    assert open_ones == {"live", "ready", "version", "metrics", "signIn", "refresh"}


def test_every_link_leads_to_an_operation_that_takes_its_parameters(document: Json) -> None:
    """Each link names an existing operation and its parameters."""
    everything = operations(document)
    links = [
        link
        for operation in everything.values()
        for answer in operation["responses"].values()
        for link in answer.get("links", {}).values()
    ]
    assert len(links) >= 12
    for link in links:
        parameters = {
            parameter["name"] for parameter in everything[link["operationId"]]["parameters"]
        }
        assert link["parameters"].keys() <= parameters


def test_every_example_of_a_body_is_valid(document: Json) -> None:
    """Each example is valid by its own schema."""
    schemas = {
        name: schema
        for name, schema in document["components"]["schemas"].items()
        if "examples" in schema
    }
    assert schemas.keys() == {"Credentials", "PatientBody", "RefreshRequest", "VisitBody"}
    for schema in schemas.values():
        for example in schema["examples"]:
            jsonschema.validate(example, schema)


def test_every_problem_is_documented_as_a_problem(document: Json) -> None:
    """Each status from 400 on has the media type and the schema of problem details."""
    for operation in operations(document).values():
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                assert answer["content"] == {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                }
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_answers_are_as_documented(document: Json, staff: Staff, patient: Json) -> None:
    """Status, body and headers of one answer of each kind are as documented."""
    path, name = f"/patients/{patient['id']}", patient["id"]
    visit = staff("clinician").post(f"{path}/visits", json={"reason": "Probe"})
    upload = staff("clinician").post(
        f"{path}/documents", files={"file": ("a.txt", b"x", "text/plain")}
    )
    answers: dict[str, list[httpx.Response]] = {
        "createPatient": [
            staff("registrar").post("/patients", json=patient_data()),
            staff("registrar").post("/patients", json={}),
        ],
        "searchPatients": [staff("registrar").get("/patients"), staff("auditor").get("/patients")],
        "getPatient": [
            staff("registrar").get(path),
            staff("registrar").get(f"/patients/{uuid4()}"),
            staff("registrar").get("/patients/x"),
        ],
        "openVisit": [visit],
        "admitVisit": [
            staff("clinician").post(f"{path}/visits/{visit.json()['id']}/admit") for _ in range(2)
        ],
        "listVisits": [staff("clinician").get(f"{path}/visits")],
        "uploadDocument": [
            upload,
            staff("clinician").post(f"{path}/documents", files={"file": ("a", b"x", "text/html")}),
        ],
        "listDocuments": [staff("clinician").get(f"{path}/documents")],
        "readAudit": [
            staff("auditor").get("/audit", params={"patient_id": name}),
            staff("auditor").get("/audit", params={"page": 0}),
        ],
        "whoAmI": [staff("auditor").get("/auth/me")],
    }
    for operation, got in answers.items():
        for answer in got:
            _assert_documented(document, operations(document)[operation], answer)


def _assert_documented(document: Json, operation: Json, answer: httpx.Response) -> None:
    promised: dict[str, Any] = operation["responses"][str(answer.status_code)]
    media_type = answer.headers["content-type"].partition(";")[0]
    schema = {**promised["content"][media_type]["schema"], "components": document["components"]}
    jsonschema.validate(answer.json(), schema)
    assert {header.lower() for header in promised.get("headers", {})} <= set(answer.headers)
