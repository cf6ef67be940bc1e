"""A sketched mapping loads once its open places are filled, and is never loaded before.

The documents are those of the reference and of the ward, and two in the shapes of Django REST and of
Spring.
"""

from __future__ import annotations

import copy
import json
import re
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.drivers.mapping_sketch.mapping_sketcher import MappingSketcher
from cutover_gates.drivers.rest.mapping import load_mapping
from cutover_gates.drivers.rest.mapping_model import TargetMapping
from cutover_gates.drivers.rest.vocabulary import OPERATIONS
from cutover_gates.hospital import MappingError
from cutover_gates.util.api_document_text import parse_api_document
from tests.dialects.ward.document import DOCUMENT
from tests.hospital_document import load_document

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[3]


@cache
def django() -> dict[str, Any]:
    return dict(parse_api_document((HERE / "django_rest.yaml").read_bytes()))


def reference() -> dict[str, Any]:
    return load_document()


def spring() -> dict[str, Any]:
    return dict(json.loads((HERE / "spring.json").read_text(encoding="utf-8")))


DOCUMENTS: dict[str, Callable[[], dict[str, Any]]] = {
    "reference": reference,
    "ward": lambda: DOCUMENT,
    "django": django,
    "spring": spring,
}


def sketch(document: Any) -> str:
    return MappingSketcher(document, "{{ base_url }}/openapi.json").to_toml("mine", "mine.toml")


def edit(text: str) -> str:
    """The least that a person does: say why for what is missing, and fill what is open."""
    declared = re.sub(r'^# (\w+ = "why")$', r"\1", text, flags=re.MULTILINE)
    return re.sub(r'"TODO"', '"somewhere"', declared).replace("/TODO", "/somewhere")


def loaded(text: str) -> TargetMapping:
    return load_mapping(tomllib.loads(text), "mine.toml")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_sketch_that_is_filled_in_loads(document: str) -> None:
    text = sketch(DOCUMENTS[document]())
    mapping = loaded(edit(text))
    assert len(mapping.operations) + len(mapping.unsupported) == len(OPERATIONS)
    assert len(mapping.operations) >= 18


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_sketch_that_nobody_looked_at_is_not_loaded(document: str) -> None:
    """A gate would judge by guesses, and excuse what the document does not have."""
    with pytest.raises(MappingError, match=r"left this open|map it, or say unsupported"):
        loaded(sketch(DOCUMENTS[document]()))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("answers.patient.id", "TODO"),
        ("operations.search.query.file_type", "TODO: which one"),
        ("operations.patient.path", "/facility/TODO/patient"),
    ],
)
def test_an_open_place_is_refused_with_its_key(key: str, value: str) -> None:
    table: dict[str, Any] = {}
    *above, last = key.split(".")
    place = table
    for name in above:
        place = place.setdefault(name, {})
    place[last] = value
    with pytest.raises(MappingError) as raised:
        load_mapping({"extends": "default", **table}, "mine.toml")
    assert str(raised.value).startswith(f"mine.toml: {key} = {value!r}: the sketch left this open")


def test_the_reference_is_sketched_whole() -> None:
    """Only what a document cannot say is left: in which order an audit log is, is not in it."""
    text = sketch(reference())
    assert '"TODO"' not in text
    mapping = loaded(edit(text))
    assert set(mapping.unsupported) == {"newest_audit", "retire_visit"}
    audit = mapping.operations["audit"]
    assert audit.steps[0].query["patient_id"] == "{{ patient.id }}"
    assert audit.answer["username"] == "username"
    assert audit.answer["allowed"] == "outcome == 'allowed'"
    search, update = mapping.operations["search"], mapping.operations["update"].steps[0]
    assert (search.items, search.total) == ("items", "total")
    assert search.paging is not None
    assert (search.paging.style, search.paging.size) == ("page", 200)
    assert search.steps[0].query["birth_date"] == "{{ query.birth_date }}"
    assert update.headers == {"If-Match": "{{ patient.version }}"}
    assert mapping.operations["upload"].steps[0].multipart == {
        "file": "{{ upload }}",
        "tag": "{{ run.tag }}",
    }
    assert mapping.unique_fields == ("mrn",)


def test_the_shape_of_django_is_read() -> None:
    """Pages by offset, one name for all ids, start and end, a ward to look up, a first upload."""
    mapping = loaded(edit(sketch(django())))
    visits = mapping.operations["visits_of"]
    assert visits.paging is not None
    assert (visits.items, visits.total, visits.paging.style) == ("results", "count", "offset")
    assert visits.steps[0].query["patient"] == "{{ patient.id }}"
    assert mapping.parameters["/api/v1/encounter/{external_id}*"] == {"external_id": "visit.id"}
    opened = mapping.operations["open_visit"].steps[0].json_body
    assert opened["period"] == {"start": "{{ now | iso }}", "end": "{{ now + hours(1) | iso }}"}
    assert opened["facility"] == "{{ facility }}"
    assert mapping.setup[0].capture == {"facility": "results[0].id"}
    assert mapping.words["status"]["admitted"] == ("in_progress",)
    assert mapping.words["move"]["discharge"] == ("discharged",)
    assert mapping.operations["sign_in"].steps[0].path == "/api/v1/auth/login/"
    assert mapping.operations["refresh"].steps[0].json_body == {"refresh": "{{ session.refresh }}"}
    upload = mapping.operations["upload"]
    assert [step.method for step in upload.steps] == ["POST", "PUT", "GET"]
    assert upload.steps[0].json_body["associating_id"] == "{{ patient.id }}"
    assert mapping.operations["content"].steps[1].url == "{{ place }}"
    assert mapping.operations["live"].answer == {"healthy": "status == 'OK'"}


def test_the_shape_of_spring_is_read() -> None:
    """Patients below a hospital, answers in an envelope, pages from 0, Base64, a merge patch."""
    mapping = loaded(edit(sketch(spring())))
    assert mapping.base_path == "/api/v2"
    register = mapping.operations["register"].steps[0]
    assert register.path == "/hospitals/{{ hospital }}/patients"
    assert 202 in register.expect
    assert mapping.setup[0].capture == {"hospital": "[0].id"}
    assert mapping.fields("patient")["mrn"] == "data.recordNumber"
    search, update = mapping.operations["search"], mapping.operations["update"]
    assert mapping.fields("search")["mrn"] == mapping.fields("update")["mrn"] == "recordNumber"
    assert search.paging is not None
    assert (search.items, search.total, search.paging.first) == ("content", "totalElements", 0)
    assert update.steps[0].headers == {"Content-Type": "application/merge-patch+json"}
    opened = mapping.operations["open_visit"].steps[0].json_body
    assert opened["plannedEnd"] == "{{ now + days(1) | date }}"
    assert mapping.operations["upload"].steps[0].json_body["data"] == "{{ upload.base64 }}"
    assert mapping.operations["documents_of"].items == "_embedded.attachments"
    assert mapping.operations["visits_of"].total == "header:x-total-count"
    assert mapping.operations["live"].answer == {"healthy": "status == 'UP'"}
    assert mapping.operations["release"].answer == {"release": "build.version"}


def test_examples_stand_for_schemas_that_are_missing() -> None:
    """The ward's document has an example of each body, and no schema."""
    mapping = loaded(edit(sketch(DOCUMENT)))
    body = mapping.operations["register"].steps[0].json_body
    assert (body["card"], body["bornIn"]) == ("{{ draft.mrn }}", "{{ draft.birth_date.year }}")
    assert mapping.becomes == {"birth_date": "{{ draft.birth_date.replace(month=1, day=1) }}"}
    assert mapping.token.header == "X-Ward-Pass"
    assert mapping.parameters == {
        "person": "patient.id",
        "stay": "visit.id",
        "paper": "document.id",
    }


SCHEMES: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "bearer": ({"type": "http", "scheme": "Bearer"}, ("Authorization", "Bearer {{ token }}")),
    "header": ({"type": "apiKey", "in": "header", "name": "X-Key"}, ("X-Key", "{{ token }}")),
    "cookie": ({"type": "apiKey", "in": "cookie", "name": "sid"}, ("Cookie", "sid={{ token }}")),
    "oauth": (
        {"type": "oauth2", "flows": {"password": {"tokenUrl": "/oauth/token", "scopes": {}}}},
        ("Authorization", "Bearer {{ token }}"),
    ),
}


@pytest.mark.parametrize(("scheme", "expected"), SCHEMES.values(), ids=SCHEMES)
def test_the_scheme_says_how_a_token_is_shown(
    scheme: dict[str, Any], expected: tuple[str, str]
) -> None:
    document = copy.deepcopy(django())
    document["components"]["securitySchemes"] = {"own": scheme}
    if scheme["type"] == "oauth2":
        del document["paths"]["/api/v1/auth/login/"]
    mapping = loaded(edit(sketch(document)))
    assert (mapping.token.header, mapping.token.value) == expected
    if scheme["type"] == "oauth2":
        step = mapping.operations["sign_in"].steps[0]
        assert (step.path, (step.form or {})["grant_type"]) == ("/oauth/token", "password")


EVIL = "{{ secret.api_key }}"


def _with_evil_texts() -> dict[str, Any]:
    """A document whose texts would be templates, comments of more lines, and other TOML."""
    document = copy.deepcopy(django())
    document["info"]["title"] = 'Care\n[targets.mine]\nurl = "http://evil.example" \x1b[31m'
    schemas = document["components"]["schemas"]
    create = schemas["PatientCreate"]
    create["required"] += ["note", "kind", EVIL, 'a"b]\n[x]']
    create["properties"] |= {
        "note": {"type": "string", "default": EVIL},
        "kind": {"type": "string", "enum": [EVIL, "{% for x in secret %}"]},
        EVIL: {"type": "string"},
        'a"b]\n[x]': {"type": "string", "example": 'c"\n[d]'},
    }
    schemas["GenderEnum"]["enum"] = ["male", "female", EVIL]
    document["paths"]["/patients/{{ secret.api_key }}"] = {"get": {"responses": {}}}
    document["paths"]["/ping/"]["get"]["responses"]["200"]["content"]["application/json"] = {
        "schema": {"type": "object", "properties": {"status": {"const": "' || `true"}}}
    }
    document["components"]["securitySchemes"] = {
        "own": {"type": "apiKey", "in": "cookie", "name": EVIL}
    }
    return document


def test_a_document_cannot_write_into_the_mapping() -> None:
    """No text of it becomes a template that sees secrets, a table, or a line of its own."""
    text = sketch(_with_evil_texts())
    table = tomllib.loads(text)
    assert "targets" not in table
    assert "x" not in table
    assert "d" not in table
    rendered = json.dumps({**table, "words": {}})
    assert "secret" not in rendered
    assert "\x1b" not in text
    loaded(edit(text))


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"swagger": "2.0", "paths": {}}, "Swagger 2.0, and only OpenAPI 3 is read"),
        ({"openapi": "3.0.0"}, "no OpenAPI 3 document"),
        ("text", "no OpenAPI 3 document"),
        (None, "no OpenAPI 3 document"),
    ],
)
def test_what_is_no_document_says_so(document: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        MappingSketcher(document)


ODD: dict[str, Any] = {
    "nothing": {},
    "no tables": {"/patients": "x", "/visits": {"get": 5, "post": {"requestBody": []}}},
    "a reference to nowhere": {"/patients": {"post": {"requestBody": {"$ref": "#/nowhere"}}}},
    "a reference to another machine": {"/patients": {"get": {"$ref": "http://evil.example/x"}}},
    "a schema in itself": {
        "/patients": {
            "post": {
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}
                }
            }
        }
    },
}


@pytest.mark.parametrize("paths", ODD.values(), ids=ODD)
def test_an_odd_document_is_sketched_as_far_as_it_goes(paths: Any) -> None:
    schema = {
        "type": "object",
        "required": ["a", "b"],
        "properties": {"a": {"$ref": "#/components/schemas/A"}, "b": {"type": ["string", "null"]}},
    }
    document = {"openapi": "3.1.0", "paths": paths, "components": {"schemas": {"A": schema}}}
    tomllib.loads(sketch(document))
