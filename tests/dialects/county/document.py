"""The county's own OpenAPI document, as springdoc writes it. It is served as YAML only."""

from __future__ import annotations

from typing import Any

from tests.dialects.county.server import GENDERS, RELEASE

_TEXT = {"type": "string"}
_ERROR = {"$ref": "#/components/schemas/Error"}
_ERRORS = (400, 401, 403, 404, 405, 409, 413, 415, 422, 429)


def _operation(
    name: str,
    *,
    status: int = 200,
    kind: str = "application/json",
    body: Any = None,
    public: bool = False,
) -> dict[str, Any]:
    content = {kind: {"schema": {"type": "object"}}}
    responses: dict[str, Any] = {
        str(status): {"description": "OK", **({"content": content} if status != 204 else {})}
    }
    for error in _ERRORS:
        shown = {"application/json": {"schema": _ERROR}}
        responses[str(error)] = {"description": "Error", "content": shown}
    described: dict[str, Any] = {"operationId": name, "responses": responses}
    described["security"] = [] if public else [{"bearer": []}]
    if body is not None:
        described["requestBody"] = {"content": body, "required": True}
    return described


def _path(*names: str, **operations: Any) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in names
    ]
    return {"parameters": parameters, **operations}


def _json(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


_HAL = "application/hal+json"
_FORM = {
    "application/x-www-form-urlencoded": {
        "schema": {
            "type": "object",
            "required": ["username", "password"],
            "properties": {"username": _TEXT, "password": _TEXT, "grant_type": _TEXT},
        }
    }
}
_FILE = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "required": ["file"],
            "properties": {"file": {"type": "string", "format": "binary"}},
        }
    }
}
_PATIENT = {
    "type": "object",
    "required": ["recordNumber", "familyName", "birthDate", "gender"],
    "properties": {
        "recordNumber": {"type": "string", "maxLength": 40},
        "familyName": {"type": "string", "minLength": 1, "maxLength": 255},
        "givenName": {"type": "string", "maxLength": 255},
        "birthDate": {"type": "string", "format": "date"},
        "gender": {"type": "string", "enum": list(GENDERS)},
        "phone": _TEXT,
        "address": _TEXT,
    },
}
_PLAN = {"type": "object", "required": ["reason"], "properties": {"reason": _TEXT}}
_ONE = "/api/patients/{patientId}"

DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.1",
    "info": {"title": "County", "version": RELEASE},
    "components": {
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        "schemas": {
            "Patient": _PATIENT,
            "Plan": _PLAN,
            "Error": {"type": "object", "properties": {"message": _TEXT, "path": _TEXT}},
        },
    },
    "paths": {
        "/actuator/health/liveness": _path(get=_operation("liveness", public=True)),
        "/actuator/info": _path(get=_operation("info", public=True)),
        "/api/auth/token": _path(post=_operation("token", body=_FORM, public=True)),
        "/api/auth/logout": _path(post=_operation("logout", status=204)),
        "/api/audit": _path(get=_operation("audit")),
        "/api/patients": _path(
            get=_operation("search", kind=_HAL),
            post=_operation("create", status=201, body=_json("Patient")),
        ),
        _ONE: _path(
            "patientId",
            get=_operation("patient"),
            put=_operation("replace", body=_json("Patient")),
            delete=_operation("delete", status=204),
        ),
        f"{_ONE}/visits": _path(
            "patientId",
            get=_operation("visits", kind=_HAL),
            post=_operation("plan", status=201, body=_json("Plan")),
        ),
        f"{_ONE}/visits/{{visitId}}": _path(
            "patientId",
            "visitId",
            get=_operation("visit"),
            delete=_operation("forget", status=204),
        ),
        f"{_ONE}/visits/{{visitId}}/state/{{state}}": _path(
            "patientId", "visitId", "state", put=_operation("move")
        ),
        f"{_ONE}/files": _path(
            "patientId",
            get=_operation("files", kind=_HAL),
            post=_operation("add", status=201, body=_FILE),
        ),
        f"{_ONE}/files/{{fileId}}": _path(
            "patientId",
            "fileId",
            get=_operation("file"),
            delete=_operation("discard", status=204),
        ),
        f"{_ONE}/files/{{fileId}}/content": _path(
            "patientId", "fileId", get=_operation("content", kind="*/*")
        ),
    },
}
