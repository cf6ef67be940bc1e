"""Every operation of the drivers, and the answers that one odd value or header makes of a good one."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

import httpx

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.factory import connect
from cutover_gates.hospital import (
    Credentials,
    Document,
    Driver,
    Operation,
    Patient,
    PatientDraft,
    PatientQuery,
    Session,
    Transition,
    Upload,
    Visit,
    VisitStatus,
)
from tests.standins.fhir_answers import FHIR, a_patient, an_encounter, statement

SESSION = Session("ada", "token-1234567890-1234567890", "refresh-1234567890-1234567890", 60)
DRAFT = PatientDraft("m-1", "Okafor", "Ada", date(1987, 3, 4))
PATIENT = Patient("m-1", "Okafor", "Ada", date(1987, 3, 4), id="p1", version="3")
UPLOAD = Upload("a.txt", "text/plain", b"text")
DOCUMENT = Document("d1", "p1", "a.txt", "text/plain", 4, "00")

OPERATIONS: dict[str, Callable[[Driver], object]] = {
    "sign_in": lambda driver: driver.sign_in(Credentials("ada", "secret")),
    "refresh": lambda driver: driver.refresh(SESSION),
    "sign_out": lambda driver: driver.sign_out(SESSION),
    "register": lambda driver: driver.register(SESSION, DRAFT, idempotency_key="k"),
    "patient": lambda driver: driver.patient(SESSION, "p1"),
    "search": lambda driver: driver.search(SESSION, PatientQuery(mrn="m-1", name="Okafor")),
    "update": lambda driver: driver.update(SESSION, PATIENT),
    "open_visit": lambda driver: driver.open_visit(SESSION, "p1", "why"),
    "visit": lambda driver: driver.visit(SESSION, "p1", "e1"),
    "visits_of": lambda driver: driver.visits_of(SESSION, "p1"),
    "move": lambda driver: driver.move(
        SESSION, Visit("e1", "p1", VisitStatus.OPEN), Transition.ADMIT
    ),
    "upload": lambda driver: driver.upload(SESSION, "p1", UPLOAD),
    "document": lambda driver: driver.document(SESSION, "p1", "d1"),
    "content": lambda driver: driver.content(SESSION, DOCUMENT),
    "documents_of": lambda driver: driver.documents_of(SESSION, "p1"),
    "live": lambda driver: driver.live(),
    "ready": lambda driver: driver.ready(),
    "release": lambda driver: driver.release(),
    "retire": lambda driver: driver.retire(SESSION, "patient", "p1", "p1"),
    "operations": lambda driver: driver.operations(),
    "attempt": lambda driver: driver.attempt(
        Operation("GET", "/patients/{id}", True, frozenset({200})), SESSION, {"id": "p1"}
    ),
    "not offered": lambda driver: driver.features.unsupported_operations(),
    "served document": lambda driver: (driver.features.served_document or dict)(),
}
VALUES: tuple[Any, ...] = (
    None, True, -1, 10**30, 1.5, "", "\0", "\x1b[2J", "../..", "http://[", "http://a:b/", "ü\u202e",
    "9" * 2000, "2026-13-45", "a b\r\nX: y", [], {}, [None], [[]], [{}], {"a": {"b": []}}, ["x", 7],
)  # fmt: skip
HEADERS: tuple[Mapping[str, str], ...] = (
    {"location": "http://["},
    {"location": "http://a:b/c"},
    {"location": "\u00fc"},
    {"etag": "\u00fc\u0080"},
    {"etag": ""},
    {"link": '<http://[>; rel="next"'},
    {"link": '<http://a:b/>; rel="next", <'},
    {"set-cookie": "a=\u00fc; expires=never; Max-Age=x"},
    {"content-type": "application/json; charset=zip_codec"},
    {"content-type": ""},
    {"date": "yesterday"},
    {"retry-after": "soon"},
)
REST_ANSWER: dict[str, Any] = {
    "id": "p1", "mrn": "m-1", "family_name": "Okafor", "given_name": "Ada",
    "birth_date": "1987-03-04", "sex": "female", "version": 3, "status": "open", "reason": "why",
    "patient_id": "p1", "file_name": "a.txt", "media_type": "text/plain", "size": 4,
    "sha256": "00", "access_token": "t" * 30, "refresh_token": "r" * 30, "expires_in": 60,
    "token_type": "Bearer", "release": "1.0", "title": "x", "detail": "y", "type": "/problems/z",
    "items": [], "total": 0, "next": None, "next_cursor": None, "openapi": "3.1.0",
    "paths": {"/a/{id}": {"get": {"responses": {"200": {"description": "x"}}, "parameters": []}}},
    "servers": [{"url": "/"}], "checks": {}, "content": "eA==",
}  # fmt: skip


def _bundle(kind: str) -> dict[str, Any]:
    resource = {"Patient": a_patient(), "Encounter": an_encounter()}.get(kind, {})
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": 1,
        "link": [{"relation": "next", "url": "http://h.example/x?page=2"}],
        "entry": [{"resource": resource, "search": {"mode": "match"}}],
    }


OUTCOME = {
    "resourceType": "OperationOutcome",
    "issue": [
        {"severity": "error", "code": "invalid", "details": {"text": "x"}, "expression": ["a"]}
    ],
}
BODIES: dict[str, tuple[dict[str, Any], ...]] = {
    "rest": (REST_ANSWER,),
    "fhir": (
        a_patient(),
        an_encounter(),
        _bundle("Patient"),
        _bundle("Encounter"),
        OUTCOME,
        statement(),
        {"access_token": "t" * 30, "expires_in": 60, "token_endpoint": "http://h.example/t"},
    ),
}
STATUSES = (200, 201, 204, 302, 400, 401, 404, 409, 412, 500)


def hostile_answers(driver: str) -> Iterator[tuple[int, Mapping[str, str], bytes]]:
    """Yield status, headers and body: a good answer with one odd value, or with an odd header."""
    media_type = {"content-type": FHIR if driver == "fhir" else "application/json"}
    for good in BODIES[driver]:
        for number, body in enumerate(_mutations(good)):
            content = json.dumps(body).encode()
            yield 200, media_type, content
            yield STATUSES[number % len(STATUSES)], media_type, content
        for headers in HEADERS:
            for status in STATUSES:
                yield status, {**media_type, **headers}, json.dumps(good).encode()
    for value in VALUES:
        for status in STATUSES:
            yield status, media_type, json.dumps(value).encode()


def _mutations(body: Any) -> Iterator[Any]:
    """Yield the body with each place in it replaced by each odd value, and with it left out."""
    for path in _paths(body):
        for value in VALUES:
            changed = copy.deepcopy(body)
            _parent(changed, path)[path[-1]] = value
            yield changed
        changed = copy.deepcopy(body)
        del _parent(changed, path)[path[-1]]
        yield changed


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if not isinstance(value, dict | list):
        return
    steps = value.items() if isinstance(value, dict) else enumerate(value)
    for step, inner in list(steps):
        yield (*path, step)
        yield from _paths(inner, (*path, step))


def _parent(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path[:-1]:
        value = value[step]
    return value


def connect_to(
    driver: str, answer: Callable[[httpx.Request], httpx.Response], **mapping: Any
) -> Driver:
    """Return a driver whose requests `answer` answers, without a socket."""
    client = httpx.Client(transport=httpx.MockTransport(answer))
    return connect(
        "http://h.example",
        recorder=Recorder(),
        run_tag="run-1",
        driver=driver,
        client=client,
        mapping=mapping or None,
    )
