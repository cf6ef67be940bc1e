"""What the parameters of a target's document mean: by name, in one path, and in many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.rest.mapping import default_table, load_mapping
from cutover_gates.drivers.rest.rest_driver import RestDriver
from cutover_gates.hospital import MappingError
from cutover_gates.probes.api.document.document_source import load_document

PATIENT, VISIT, FILE = "/patient/{external_id}/", "/encounter/{external_id}/", "/files/{id}/"
BELOW = "/patient/{patient_external_id}/files/{external_id}/"
SHARED = {"name": "external_id", "in": "path", "required": True, "schema": {"type": "string"}}
REFERENCE = {"$ref": "#/components/parameters/ExternalId"}


def document(**security: Any) -> dict[str, Any]:
    """A document of many parameters of one name, some of them shared by a reference."""
    answer = {"responses": {"200": {"description": ""}}, **security}
    return {
        "openapi": "3.0.3",
        "info": {"title": "Care", "version": "1"},
        "components": {"parameters": {"ExternalId": SHARED}},
        "paths": {
            PATIENT: {"parameters": [REFERENCE], "get": {**answer}, "put": {**answer}},
            VISIT: {"get": {"parameters": [REFERENCE], **answer}},
            BELOW: {
                "get": {
                    "parameters": [
                        REFERENCE,
                        {**SHARED, "name": "patient_external_id"},
                        {"name": "person", "in": "query", "schema": {"type": "string"}},
                    ],
                    **answer,
                }
            },
        },
    }


def driver(
    parameters: Mapping[str, Any], served: Any = None, before: Mapping[str, Any] | None = None
) -> RestDriver:
    """A driver of a target that serves the document, and answers each request with its address."""
    table = {**default_table(), "parameters": dict(parameters)}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/openapi.json":
            return httpx.Response(200, json=served or document())
        return httpx.Response(200, json={"asked": str(request.url)})

    return RestDriver(
        "http://hospital.example",
        load_mapping(table, "cutover.toml"),
        httpx.Client(transport=httpx.MockTransport(answer)),
        run_tag="t",
        recorder=Recorder(),
        recorded_document=lambda: before,
    )


BY_PATH = {
    f"GET {PATIENT}": "patient.id",
    f"PUT {PATIENT}": "patient_id",
    VISIT: "visit.id",
    BELOW: {"patient_external_id": "patient.id", "external_id": "document.id"},
}
IDS = {"patient_id": "p-1", "visit_id": "v-1", "document_id": "d-1"}


def asked(parameters: Mapping[str, Any], served: Any = None) -> dict[str, str]:
    """The path that `attempt` asks for, by operation."""
    hospital = driver(parameters, served)
    return {
        f"{one.method} {one.path}": httpx.URL(
            hospital.attempt(one, None, IDS).json["asked"]
        ).raw_path.decode()
        for one in hospital.operations()
    }


def test_parameters_of_one_name_mean_what_their_path_says() -> None:
    """Our names stand in the operations that checks see, and each gets its own id."""
    assert asked(BY_PATH) == {
        "GET /patient/{patient_id}/": "/patient/p-1/",
        "PUT /patient/{patient_id}/": "/patient/p-1/",
        "GET /encounter/{visit_id}/": "/encounter/v-1/",
        "GET /patient/{patient_id}/files/{document_id}/": "/patient/p-1/files/d-1/",
    }


def test_the_most_exact_rule_wins() -> None:
    """A name everywhere, a beginning, a path, and a path with a method."""
    found = asked(
        {
            "external_id": "document.id",
            "patient_external_id": "patient.id",
            "/patient/{external_id}*": "patient.id",
            "/encounter*": {"external_id": "patient.id"},
            f"GET {VISIT}": "visit.id",
        }
    )
    assert found["GET /encounter/{visit_id}/"] == "/encounter/v-1/"
    assert found["PUT /patient/{patient_id}/"] == "/patient/p-1/"
    assert found["GET /patient/{patient_id}/files/{document_id}/"] == "/patient/p-1/files/d-1/"


def test_a_query_parameter_may_be_named_too() -> None:
    rule = {BELOW: {"patient_external_id": "patient.id", "person": "patient.id"}}
    found = asked({"external_id": "document.id", **rule})
    assert found["GET /patient/{patient_id}/files/{document_id}/"].endswith("?person=p-1")


def test_fuzzing_starts_from_the_same_ids() -> None:
    """A shared parameter has other examples in each operation, and none where it means nothing."""
    hospital = driver({f"GET {PATIENT}": "patient.id", VISIT: "visit.id"})
    loaded = load_document(hospital, "", None)
    seeded = loaded.add_examples(IDS)

    def examples(path: str, method: str) -> list[Any]:
        return [
            one["examples"]["there"]["value"]
            for one in seeded["paths"][path][method].get("parameters", [])
            if "examples" in one
        ]

    assert examples(PATIENT, "get") == ["p-1"]
    assert examples(PATIENT, "put") == []
    assert examples(VISIT, "get") == ["v-1"]
    assert seeded["components"]["parameters"]["ExternalId"] == SHARED
    assert [len(seeded["paths"][VISIT]["get"]["parameters"])] == [1]


UNKNOWN: dict[str, tuple[dict[str, Any], str]] = {
    "path": (
        {"GET /patint/{external_id}/": "patient.id"},
        'parameters."GET /patint/{external_id}/": the target\'s document has no such path; did you'
        " mean 'GET /patient/{external_id}/'?",
    ),
    "method": (
        {f"DELETE {PATIENT}": "patient.id"},
        f'parameters."DELETE {PATIENT}": the target\'s document has no DELETE there; it has GET,'
        " PUT",
    ),
    "beginning": (
        {"/person/{external_id}*": "patient.id"},
        'parameters."/person/{external_id}*": the target\'s document has no such path',
    ),
    "name": (
        {PATIENT: {"externalid": "patient.id"}},
        f'parameters."{PATIENT}".externalid: no operation there has this parameter; did you mean'
        " 'external_id'?",
    ),
}


@pytest.mark.parametrize(("parameters", "sentence"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_the_document_does_not_have_is_refused_with_the_nearest(
    parameters: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(MappingError) as raised:
        driver(parameters).operations()
    assert str(raised.value).startswith(f"cutover.toml: {sentence}")
    assert "\n" not in str(raised.value)


def without(path: str, method: str = "") -> dict[str, Any]:
    """The document of a release that lost a path, or a method of it."""
    served = document()
    if method:
        del served["paths"][path][method]
    else:
        del served["paths"][path]
    return served


USED = "/api/v1/patients/{number}/visits"
LOST: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any] | None, str]] = {
    "path": ({VISIT: "visit.id"}, without(VISIT), document(), VISIT),
    "method": (
        {f"PUT {PATIENT}": "patient.id"},
        without(PATIENT, "put"),
        document(),
        f"PUT {PATIENT}",
    ),
    "beginning": ({"/enc*": {"external_id": "visit.id"}}, without(VISIT), document(), "/enc*"),
    "requested by the mapping": (
        {f"GET {USED}": "patient.id"},
        document(),
        None,
        f"GET {USED}",
    ),
    "requested, and a beginning": (
        {"/api/v1/patients/{number}*": "patient.id"},
        document(),
        document(),
        "/api/v1/patients/{number}*",
    ),
}


@pytest.mark.parametrize(("parameters", "served", "before", "lost"), LOST.values(), ids=LOST)
def test_what_the_release_lost_is_no_mistake_of_the_settings(
    parameters: dict[str, Any],
    served: dict[str, Any],
    before: dict[str, Any] | None,
    lost: str,
) -> None:
    """The release before listed it, or the mapping requests it: the check of the document tells."""
    hospital = driver(parameters, served, before)
    assert hospital.operations()
    assert list(load_document(hospital, "", None).lost) == [lost]


def test_a_lost_parameter_is_told_with_its_operation() -> None:
    served = document()
    served["paths"][BELOW]["get"]["parameters"].pop()
    hospital = driver({BELOW: {"person": "patient.id"}}, served, document())
    assert list(load_document(hospital, "", None).lost) == [f"{BELOW} (person)"]


NOT_LOST: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = {
    "in neither document": ({"GET /patint/{external_id}/": "patient.id"}, document()),
    "under another name": ({f"GET {USED}": "patient.id"}, document()),
    "by another method than requested": ({f"DELETE {USED}": "patient.id"}, None),
}


@pytest.mark.parametrize(("parameters", "before"), NOT_LOST.values(), ids=NOT_LOST)
def test_what_nobody_ever_listed_stays_a_mistake(
    parameters: dict[str, Any], before: dict[str, Any] | None
) -> None:
    served = document()
    served["paths"]["/api/v1/patients/{patient_id}/visits"] = served["paths"][VISIT]
    with pytest.raises(MappingError):
        driver(parameters, served, before).operations()


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "meaning": (
        {"person": "patint.id"},
        "parameters.person = 'patint.id': not known; did you mean",
    ),
    "meaning in a path": ({FILE: "file.id"}, f"parameters.\"{FILE}\" = 'file.id': not known"),
    "two parameters": ({"/a/{b}/c/{d}": "visit.id"}, "has 2 parameters, so say what each is"),
    "no parameter": ({"GET /a/": "visit.id"}, "the path has no {parameter}"),
    "method": ({"GTE /a/{b}": "visit.id"}, "write a method and a path"),
    "number": ({"person": 5}, "parameters.person = 5: not known; allowed are document.id"),
}


@pytest.mark.parametrize(("parameters", "sentence"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_found_when_the_mapping_is_read(
    parameters: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(MappingError) as raised:
        driver(parameters)
    assert sentence in str(raised.value)


def test_a_document_that_names_no_security_opens_nothing() -> None:
    """Only what the mapping itself requests without a token is open then."""
    silent = document()
    silent["paths"]["/version"] = {"get": {"responses": {"200": {"description": ""}}}}
    protected = {str(one): one.protected for one in driver(BY_PATH, silent).operations()}
    assert protected.pop("GET /version") is False
    assert set(protected.values()) == {True}


def test_a_document_that_names_security_somewhere_means_it_everywhere() -> None:
    spoken = document(security=[{"bearer": []}])
    spoken["paths"][VISIT]["get"].pop("security")
    protected = {str(one): one.protected for one in driver(BY_PATH, spoken).operations()}
    assert protected.pop("GET /encounter/{visit_id}/") is False
    assert set(protected.values()) == {True}


def test_a_served_document_may_be_yaml() -> None:
    """Generators of Python serve it so by default."""

    def answer(_request: httpx.Request) -> httpx.Response:
        content = b"openapi: 3.0.3\ninfo: {title: A, version: '1'}\npaths:\n  /a: {get: {responses: {200: {}}}}\n"
        kind = {"Content-Type": "application/vnd.oai.openapi; charset=utf-8"}
        return httpx.Response(200, content=content, headers=kind)

    client = httpx.Client(transport=httpx.MockTransport(answer))
    hospital = RestDriver(
        "http://hospital.example", load_mapping(), client, run_tag="t", recorder=Recorder()
    )
    (operation,) = hospital.operations()
    assert (str(operation), operation.statuses) == ("GET /a", frozenset({200}))
    served = hospital.features.served_document
    assert served is not None
    assert served()["paths"] == {"/a": {"get": {"responses": {"200": {}}}}}
