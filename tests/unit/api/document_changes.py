"""Changes of an API's document, small and named: each is made to the recorded one, and is either
one that breaks a client or one that does not.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cutover_gates.core.findings import Rule
from cutover_gates.probes.api.compatibility import rules
from tests.hospital_document import load_document

Json = dict[str, Any]

PATIENTS, PATIENT = "/api/v1/patients", "/api/v1/patients/{patient_id}"
DOCUMENTS = f"{PATIENT}/documents"
DOCUMENT = f"{DOCUMENTS}/{{document_id}}"
VISITS = f"{PATIENT}/visits"


def recorded_document() -> Json:
    """A fresh copy of the document that the changes are made to."""
    return load_document()


@dataclass(frozen=True)
class Change:
    """`act` makes it, in place. A finding of it is of `rule`, and its values hold `told`."""

    name: str
    act: Callable[[Json], object]
    told: tuple[str, ...] = ()
    rule: Rule = rules.ADDITION

    def made(self) -> Json:
        """The recorded document with the change in it."""
        document = copy.deepcopy(recorded_document())
        self.act(document)
        return document


def fields(document: Json, schema: str) -> Json:
    """The properties of one of the document's named schemas."""
    return model(document, schema)["properties"]  # type: ignore[no-any-return]  # a document is free-form


def model(document: Json, schema: str) -> Json:
    """One of the document's named schemas."""
    return document["components"]["schemas"][schema]  # type: ignore[no-any-return]  # as above


def operation(document: Json, method: str, path: str) -> Json:
    return document["paths"][path][method.lower()]  # type: ignore[no-any-return]  # as above


def parameter(document: Json, method: str, path: str, name: str) -> Json:
    return next(
        one for one in operation(document, method, path)["parameters"] if one["name"] == name
    )


def answer(document: Json, method: str, path: str, status: str) -> Json:
    return operation(document, method, path)["responses"][status]  # type: ignore[no-any-return]  # as above


def rename_in_schema(table: Json, old: str, new: str) -> None:
    table[new] = table.pop(old)


def _without(document: Json, schema: str, name: str) -> None:
    fields(document, schema).pop(name)
    required = model(document, schema).get("required", [])
    if name in required:
        required.remove(name)


def _nothing_comes(document: Json) -> None:
    answers = operation(document, "PUT", PATIENT)["responses"]
    del answers["200"]["content"]
    rename_in_schema(answers, "200", "204")


def _new_operation(document: Json) -> None:
    document["paths"]["/api/v1/wards"] = {
        "get": {"operationId": "listWards", "responses": {"200": {"description": "The wards"}}}
    }


def _inlined(document: Json) -> None:
    operation(document, "PUT", PATIENT)["requestBody"]["content"]["application/json"]["schema"] = (
        copy.deepcopy(model(document, "PatientBody"))
    )


def _schema_renamed(document: Json) -> None:
    text = json.dumps(document).replace(
        "#/components/schemas/PatientBody", "#/components/schemas/PatientIn"
    )
    document.update(json.loads(text))
    rename_in_schema(document["components"]["schemas"], "PatientBody", "PatientIn")


def _path_parameter_renamed(document: Json) -> None:
    text = (
        json.dumps(document["paths"])
        .replace("{patient_id}", "{id}")
        .replace('"name": "patient_id", "in": "path"', '"name": "id", "in": "path"')
    )
    document["paths"] = json.loads(text)


def _reordered(document: Json) -> None:
    document["paths"] = dict(reversed(document["paths"].items()))
    model(document, "Patient")["required"].reverse()
    fields(document, "PatientBody")["phone"]["anyOf"].reverse()


def _otherwise_null(document: Json) -> None:
    phone = fields(document, "PatientBody")["phone"]
    fields(document, "PatientBody")["phone"] = {**phone["anyOf"][0], "type": ["string", "null"]}


def _whole_in_parts(document: Json) -> None:
    whole = model(document, "VisitBody")
    document["components"]["schemas"]["VisitBody"] = {
        "allOf": [
            {
                "type": "object",
                "properties": {"reason": whole["properties"]["reason"]},
                "required": ["reason"],
            },
            {"type": "object", "properties": {"tag": whole["properties"]["tag"]}},
        ]
    }


BREAKING = (
    # ── operations ──
    Change(
        "an operation is gone",
        lambda d: d["paths"][DOCUMENT].pop("delete"),
        (f"DELETE {DOCUMENT}", "gone"),
        rules.OPERATION_KEPT,
    ),
    Change(
        "a path is gone",
        lambda d: d["paths"].pop("/api/v1/audit"),
        ("GET /api/v1/audit", "gone"),
        rules.OPERATION_KEPT,
    ),
    Change(
        "a path has another name",
        lambda d: rename_in_schema(d["paths"], "/version", "/release"),
        ("GET /version", "gone"),
        rules.OPERATION_KEPT,
    ),
    Change(
        "a token is needed where none was",
        lambda d: operation(d, "GET", "/version").update(security=[{"bearer": []}]),
        ("GET /version", "bearer"),
        rules.CREDENTIALS_KEPT,
    ),
    Change(
        "another kind of token is needed",
        lambda d: d["components"]["securitySchemes"].update(
            bearer={"type": "apiKey", "in": "header", "name": "X-Key"}
        ),
        ("apiKey",),
        rules.CREDENTIALS_KEPT,
    ),
    # ── what is sent ──
    Change(
        "a new parameter is required",
        lambda d: operation(d, "GET", PATIENTS)["parameters"].append(
            {"name": "facility", "in": "query", "required": True, "schema": {"type": "string"}}
        ),
        (f"GET {PATIENTS}", "facility", "required"),
        rules.NOTHING_NEWLY_REQUIRED,
    ),
    Change(
        "a parameter becomes required",
        lambda d: parameter(d, "GET", PATIENTS, "name").update(required=True),
        ("name", "required"),
        rules.NOTHING_NEWLY_REQUIRED,
    ),
    Change(
        "a header becomes required",
        lambda d: parameter(d, "POST", PATIENTS, "Idempotency-Key").update(required=True),
        ("Idempotency-Key", "required"),
        rules.NOTHING_NEWLY_REQUIRED,
    ),
    Change(
        "a parameter is gone",
        lambda d: operation(d, "GET", PATIENTS)["parameters"].remove(
            parameter(d, "GET", PATIENTS, "mrn")
        ),
        ("mrn", "gone"),
        rules.PARAMETER_KEPT,
    ),
    Change(
        "a parameter takes less",
        lambda d: parameter(d, "GET", PATIENTS, "page_size")["schema"].update(maximum=10),
        ("page_size", "maximum"),
        rules.BOUNDS_KEPT,
    ),
    Change(
        "a parameter has another type",
        lambda d: parameter(d, "GET", PATIENTS, "mrn").update(schema={"type": "integer"}),
        ("mrn", "integer"),
        rules.TYPE_KEPT,
    ),
    Change(
        "a new field is required",
        lambda d: (
            fields(d, "PatientBody").update(insurance={"type": "string"}),
            model(d, "PatientBody")["required"].append("insurance"),
        ),
        (f"POST {PATIENTS}", "insurance", "required"),
        rules.NOTHING_NEWLY_REQUIRED,
    ),
    Change(
        "a field becomes required",
        lambda d: model(d, "PatientBody")["required"].append("given_name"),
        ("given_name", "required"),
        rules.NOTHING_NEWLY_REQUIRED,
    ),
    Change(
        "a field of a form becomes required",
        lambda d: model(d, "Body_uploadDocument")["required"].append("tag"),
        (f"POST {DOCUMENTS}", "tag"),
        rules.NOTHING_NEWLY_REQUIRED,
    ),
    Change(
        "a field is taken no more",
        lambda d: fields(d, "PatientBody").pop("address"),
        (f"PUT {PATIENT}", "address", "gone"),
        rules.FIELD_KEPT,
    ),
    Change(
        "a field takes fewer words",
        lambda d: fields(d, "PatientBody")["sex"]["enum"].remove("unknown"),
        ("sex", "unknown"),
        rules.VALUES_KEPT,
    ),
    Change(
        "a field takes fewer characters",
        lambda d: fields(d, "PatientBody")["family_name"].update(maxLength=50),
        ("family_name", "maxLength", "50"),
        rules.BOUNDS_KEPT,
    ),
    Change(
        "a field needs more characters",
        lambda d: fields(d, "PatientBody")["given_name"].update(minLength=1),
        ("given_name", "minLength"),
        rules.BOUNDS_KEPT,
    ),
    Change(
        "a field must have another form",
        lambda d: fields(d, "PatientBody")["mrn"].update(pattern="^[0-9]+$"),
        ("mrn", "pattern"),
        rules.COMPARABLE,
    ),
    Change(
        "a field must have a format",
        lambda d: fields(d, "Credentials")["username"].update(format="email"),
        ("username", "format"),
        rules.BOUNDS_KEPT,
    ),
    Change(
        "a field has another type",
        lambda d: fields(d, "PatientBody").update(mrn={"type": "integer"}),
        ("mrn", "string"),
        rules.TYPE_KEPT,
    ),
    Change(
        "a field may be null no more",
        lambda d: fields(d, "PatientBody")["phone"]["anyOf"].pop(),
        ("phone", "null"),
        rules.TYPE_KEPT,
    ),
    Change(
        "unknown fields are refused",
        lambda d: model(d, "Body_uploadDocument").update(additionalProperties=False),
        (f"POST {DOCUMENTS}", "other fields"),
        rules.OTHER_FIELDS_ACCEPTED,
    ),
    Change(
        "a body has another type",
        lambda d: rename_in_schema(
            operation(d, "POST", PATIENTS)["requestBody"]["content"],
            "application/json",
            "application/xml",
        ),
        (f"POST {PATIENTS}", "application/json"),
        rules.MEDIA_TYPE_KEPT,
    ),
    Change(
        "a body is required where none was",
        lambda d: operation(d, "POST", "/api/v1/auth/sign-out").update(
            requestBody={
                "required": True,
                "content": {"application/json": {"schema": {"type": "object"}}},
            }
        ),
        ("sign-out", "body", "required"),
        rules.NOTHING_NEWLY_REQUIRED,
    ),
    # ── what comes back ──
    Change(
        "a field of an answer is gone",
        lambda d: _without(d, "Patient", "mrn"),
        (f"GET {PATIENT}", "200", "mrn", "gone"),
        rules.FIELD_KEPT,
    ),
    Change(
        "a field of an entry of a list is gone",
        lambda d: _without(d, "Entry", "action"),
        ("GET /api/v1/audit", "items[].action", "gone"),
        rules.FIELD_KEPT,
    ),
    Change(
        "a field of an answer may be missing",
        lambda d: model(d, "Document")["required"].remove("sha256"),
        ("sha256", "missing"),
        rules.FIELD_ALWAYS_SENT,
    ),
    Change(
        "a field of an answer may be null",
        lambda d: fields(d, "Patient").update(
            family_name={"anyOf": [{"type": "string"}, {"type": "null"}]}
        ),
        ("family_name", "null"),
        rules.TYPE_KEPT,
    ),
    Change(
        "a field of an answer has another type",
        lambda d: fields(d, "Document")["size"].update(type="string"),
        ("size", "string"),
        rules.TYPE_KEPT,
    ),
    Change(
        "a whole number becomes any number",
        lambda d: fields(d, "Document")["size"].update(type="number"),
        ("size", "number"),
        rules.TYPE_KEPT,
    ),
    Change(
        "a field of an answer has another format",
        lambda d: fields(d, "Visit")["opened_at"].update(format="date"),
        ("opened_at", "format"),
        rules.BOUNDS_KEPT,
    ),
    Change(
        "a field of an answer has more words",
        lambda d: fields(d, "Visit")["status"]["enum"].append("transferred"),
        ("status", "transferred"),
        rules.VALUES_KEPT,
    ),
    Change(
        "success has another status",
        lambda d: rename_in_schema(operation(d, "POST", PATIENTS)["responses"], "201", "202"),
        (f"POST {PATIENTS}", "201"),
        rules.STATUS_KEPT,
    ),
    Change(
        "nothing comes where something did",
        _nothing_comes,
        (f"PUT {PATIENT}", "200"),
        rules.STATUS_KEPT,
    ),
    Change(
        "an answer has another type",
        lambda d: rename_in_schema(
            answer(d, "GET", PATIENT, "200")["content"], "application/json", "application/xml"
        ),
        (f"GET {PATIENT}", "application/json"),
        rules.MEDIA_TYPE_KEPT,
    ),
    Change(
        "a type of an answer is gone",
        lambda d: answer(d, "GET", f"{DOCUMENT}/content", "200")["content"].pop("image/png"),
        ("image/png",),
        rules.MEDIA_TYPE_KEPT,
    ),
    Change(
        "a header of an answer is gone",
        lambda d: answer(d, "GET", PATIENT, "200")["headers"].pop("ETag"),
        ("ETag", "gone"),
        rules.HEADER_KEPT,
    ),
    Change(
        "a refusal has another type",
        lambda d: rename_in_schema(
            answer(d, "GET", PATIENT, "404")["content"], "application/problem+json", "text/html"
        ),
        (f"GET {PATIENT}", "404", "application/problem+json"),
        rules.MEDIA_TYPE_KEPT,
    ),
    Change(
        "a field of all refusals is gone",
        lambda d: _without(d, "Problem", "type"),
        ("type", "gone"),
        rules.FIELD_KEPT,
    ),
)

HARMLESS = (
    Change("a new operation", _new_operation),
    Change(
        "a new optional parameter",
        lambda d: operation(d, "GET", PATIENTS)["parameters"].append(
            {"name": "ward", "in": "query", "schema": {"type": "string"}}
        ),
    ),
    Change(
        "a new optional field",
        lambda d: fields(d, "PatientBody").update(insurance={"type": "string"}),
    ),
    Change(
        "a new field in an answer",
        lambda d: (
            fields(d, "Patient").update(insurance={"type": "string"}),
            model(d, "Patient")["required"].append("insurance"),
        ),
    ),
    Change(
        "a field takes more words",
        lambda d: fields(d, "PatientBody")["sex"]["enum"].append("not-asked"),
    ),
    Change(
        "a field takes more characters",
        lambda d: fields(d, "PatientBody")["family_name"].update(maxLength=400),
    ),
    Change(
        "a field is required no more",
        lambda d: model(d, "PatientBody")["required"].remove("birth_date"),
    ),
    Change(
        "a field may be null now",
        lambda d: fields(d, "PatientBody").update(
            birth_date={"anyOf": [fields(d, "PatientBody")["birth_date"], {"type": "null"}]}
        ),
    ),
    Change(
        "a whole number may be any number",
        lambda d: parameter(d, "GET", PATIENTS, "page")["schema"].update(type="number"),
    ),
    Change(
        "a number in an address may be any text",
        lambda d: parameter(d, "GET", PATIENTS, "page").update(schema={"type": "string"}),
    ),
    Change(
        "an answer has fewer words",
        lambda d: fields(d, "Visit")["status"]["enum"].remove("cancelled"),
    ),
    Change(
        "an answer's field is never null",
        lambda d: fields(d, "Visit").update(tag={"type": "string"}),
    ),
    Change(
        "a new type of a body",
        lambda d: operation(d, "POST", PATIENTS)["requestBody"]["content"].update(
            {"application/xml": {"schema": {"type": "object"}}}
        ),
    ),
    Change(
        "a new refusal",
        lambda d: operation(d, "GET", PATIENT)["responses"].update(
            {"410": {"description": "Gone"}}
        ),
    ),
    Change(
        "other words for people",
        lambda d: (
            operation(d, "GET", PATIENT).update(
                summary="Otherwise", description="Otherwise", deprecated=True
            ),
            fields(d, "Patient")["mrn"].update(
                title="Number", description="Otherwise", examples=["X-1"]
            ),
        ),
    ),
    Change("a path parameter by another name", _path_parameter_renamed),
    Change("a schema by another name", _schema_renamed),
    Change("a schema written where it is used", _inlined),
    Change("another order", _reordered),
    Change("null written otherwise", _otherwise_null),
    Change("a schema written in parts", _whole_in_parts),
    Change(
        "no token is needed any more",
        lambda d: operation(d, "GET", "/api/v1/auth/me").pop("security"),
    ),
)
