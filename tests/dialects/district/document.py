"""The district's own OpenAPI document, as drf-spectacular writes it: every id is `external_id`."""

from __future__ import annotations

from typing import Any

from tests.dialects.district.server import GENDERS

_ERRORS = {"type": "object", "additionalProperties": True}
_TEXT = {"type": "string"}


def _content(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _operation(
    name: str,
    answer: Any,
    *,
    status: str = "200",
    body: str = "",
    query: tuple[str, ...] = (),
    security: Any = ({"jwtAuth": []},),
) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": name,
        "parameters": [
            {"in": "query", "name": key, "schema": _TEXT, "required": key == "associating_id"}
            for key in query
        ],
        "security": [*security],
        "responses": {
            status: (
                {"description": "No response body"}
                if answer is None
                else {"description": "", "content": _content(answer)}
            ),
            "4XX": {"description": "", "content": _content(_ERRORS)},
        },
    }
    if body:
        described["requestBody"] = {"content": _content(_ref(body)), "required": True}
    return described


def _one(**operations: Any) -> dict[str, Any]:
    """Return a path with an id in it."""
    parameter = {
        "in": "path",
        "name": "external_id",
        "schema": {"type": "string", "format": "uuid"},
        "required": True,
    }
    return {"parameters": [parameter], **operations}


def _list(name: str, item: str, *query: str) -> dict[str, Any]:
    page = {
        "type": "object",
        "required": ["count", "results"],
        "properties": {
            "count": {"type": "integer", "example": 123},
            "next": {"type": "string", "nullable": True, "format": "uri"},
            "previous": {"type": "string", "nullable": True, "format": "uri"},
            "results": {"type": "array", "items": _ref(item)},
        },
    }
    # Whoever has no token gets an empty list, so the framework writes that none is needed.
    anybody: tuple[Any, ...] = ({"jwtAuth": []}, {})
    return _operation(name, page, query=("limit", "offset", *query), security=anybody)


def _object(required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required.split(), "properties": properties}


_ID = {"type": "string", "format": "uuid", "readOnly": True}
_PATIENT = _object(
    "hospital_number last_name first_name date_of_birth gender",
    id=_ID,
    hospital_number={"type": "string", "maxLength": 50},
    last_name={"type": "string", "maxLength": 200},
    first_name={"type": "string", "maxLength": 200},
    date_of_birth={"type": "string", "format": "date"},
    gender={"type": "string", "enum": list(GENDERS)},
    phone_number={"type": "string", "nullable": True},
    address={"type": "string", "nullable": True},
)
_ENCOUNTER = _object(
    "patient reason start end",
    id=_ID,
    patient={"type": "string", "format": "uuid"},
    reason=_TEXT,
    start={"type": "string", "format": "date-time", "example": "2026-01-02T08:00:00Z"},
    end={"type": "string", "format": "date-time", "example": "2026-01-02T18:00:00Z"},
    status={**_TEXT, "readOnly": True},
)
_MOVE = _object(
    "status", status={"type": "string", "enum": ["in_progress", "completed", "cancelled"]}
)
_FILE = _object(
    "original_name mime_type associating_id",
    id=_ID,
    original_name={"type": "string", "example": "scan.pdf"},
    mime_type={"type": "string", "enum": ["application/pdf", "text/plain"]},
    associating_id={"type": "string", "format": "uuid"},
)
_PUBLIC: tuple[Any, ...] = ({},)

DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    # The framework writes this where nobody says the version.
    "info": {"title": "District", "version": "0.0.0"},
    "components": {
        "securitySchemes": {"jwtAuth": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        "schemas": {
            "Patient": _PATIENT,
            "Encounter": _ENCOUNTER,
            "Move": _MOVE,
            "File": _FILE,
            "Login": _object("username password", username=_TEXT, password=_TEXT),
            "Refresh": _object("refresh", refresh=_TEXT),
        },
    },
    "paths": {
        "/ping/": {"get": _operation("ping", {}, security=_PUBLIC)},
        "/version/": {"get": _operation("version", {}, security=_PUBLIC)},
        "/api/v1/auth/login/": {
            "post": _operation("login", {}, body="Login", security=_PUBLIC),
        },
        "/api/v1/auth/token/refresh/": {
            "post": _operation("refresh", {}, body="Refresh", security=_PUBLIC),
        },
        "/api/v1/patient/": {
            "get": _list("patient_list", "Patient", "hospital_number", "name", "date_of_birth"),
            "post": _operation("patient_create", _ref("Patient"), status="201", body="Patient"),
        },
        "/api/v1/patient/{external_id}/": _one(
            get=_operation("patient_retrieve", _ref("Patient")),
            put=_operation("patient_update", _ref("Patient"), body="Patient"),
            delete=_operation("patient_destroy", None, status="204"),
        ),
        "/api/v1/encounter/": {
            "get": _list("encounter_list", "Encounter", "patient"),
            "post": _operation(
                "encounter_create", _ref("Encounter"), status="201", body="Encounter"
            ),
        },
        "/api/v1/encounter/{external_id}/": _one(
            get=_operation("encounter_retrieve", _ref("Encounter")),
            patch=_operation("encounter_move", _ref("Encounter"), body="Move"),
        ),
        "/api/v1/files/": {
            "get": _list("files_list", "File", "associating_id"),
            "post": _operation("files_create", _ref("File"), status="201", body="File"),
        },
        "/api/v1/files/{external_id}/": _one(
            get=_operation("files_retrieve", _ref("File")),
        ),
        "/api/v1/files/{external_id}/mark_upload_completed/": _one(
            post=_operation("files_complete", _ref("File")),
        ),
        "/api/v1/files/{external_id}/archive/": _one(
            post=_operation("files_archive", _ref("File")),
        ),
    },
}
