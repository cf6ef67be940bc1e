"""Which operations of the document an operation of the language is."""

from __future__ import annotations

from typing import Any, cast

import httpx
import pytest

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.drivers.rest.mapping import default_table, load_mapping
from cutover_gates.drivers.rest.rest_driver import RestDriver

PATHS: dict[str, Any] = {
    "/patients": {"get": {}, "post": {}},
    "/patients/{id}": {"get": {}, "put": {}, "delete": {}},
    "/patients/{id}/visits": {"get": {}, "post": {}},
    "/patients/{id}/visits/{visit}": {"get": {}},
    "/patients/{id}/visits/{visit}/admit": {"post": {}},
    "/audit": {"get": {}},
}


def _documented(servers: str, base_path: str, **operations: Any) -> dict[str, Any]:
    table = {**default_table(), "base_path": base_path}
    table["operations"] = {**table["operations"], **operations}
    driver = RestDriver(
        "https://h.example",
        load_mapping(table),
        cast(Any, httpx.Client()),
        run_tag="tag",
        recorder=Recorder(Redactor(), cap=1),
    )
    api_document = driver.features.api_document
    assert api_document is not None
    api_document({"openapi": "3.1.0", "servers": [{"url": servers}], "paths": PATHS})
    return dict(driver.features.documented_operations())


@pytest.mark.parametrize(("servers", "base_path"), [("/api/v1", "/api/v1"), ("/", "")])
def test_the_mapping_says_which_operation_a_word_is(servers: str, base_path: str) -> None:
    """The paths of the document begin below its server, those of the mapping below its base."""
    found = _documented(servers, base_path)
    assert found == {
        "register": ("POST /patients",),
        "search": ("GET /patients",),
        "patient": ("GET /patients/{id}",),
        "update": ("PUT /patients/{id}",),
        "retire_patient": ("DELETE /patients/{id}",),
        "open_visit": ("POST /patients/{id}/visits",),
        "visits_of": ("GET /patients/{id}/visits",),
        "visit": ("GET /patients/{id}/visits/{visit}",),
        "admit": ("POST /patients/{id}/visits/{visit}/admit",),
    }


def test_what_a_step_only_looks_up_is_not_what_is_done() -> None:
    steps = [
        {"path": "/audit", "capture": {"seen": "id"}},
        {"method": "PUT", "path": "/patients/{{ patient.id }}", "json": {"seen": "{{ seen }}"}},
    ]
    found = _documented("/", "", update={"steps": steps})
    assert found["update"] == ("PUT /patients/{id}",)
