"""Documents of two instances are equal where clients that are built by them are."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from cutover_gates.plugin.fixtures.instances import describe_document

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "hospital", "version": "2.0.0", "description": "built at noon"},
    "servers": [{"url": "http://pod-1:8080"}],
    "paths": {
        "/patients": {
            "get": {"tags": ["a", "b"], "parameters": [{"name": "mrn"}, {"name": "name"}]}
        }
    },
    "components": {"schemas": {"Patient": {"required": ["mrn"], "example": {"at": "12:00"}}}},
}
STATEMENT: dict[str, Any] = {
    "date": "2026-11-30T09:00:00Z",
    "software": {"name": "HAPI", "version": "4.2.0"},
    "rest": [{"resource": [{"type": "Patient"}, {"type": "Encounter"}]}],
}


def change(document: dict[str, Any], *path: Any, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    place: Any = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed


@pytest.mark.parametrize(
    "same",
    [
        change(DOCUMENT, "servers", 0, "url", value="http://pod-2:8080"),
        change(DOCUMENT, "info", "description", value="built at one"),
        change(DOCUMENT, "components", "schemas", "Patient", "example", value={"at": "13:00"}),
        change(
            DOCUMENT,
            *("paths", "/patients", "get", "parameters"),
            value=[{"name": "name"}, {"name": "mrn"}],
        ),
    ],
)
def test_addresses_texts_examples_and_orders_may_differ(same: dict[str, Any]) -> None:
    assert describe_document(same) == describe_document(DOCUMENT)


@pytest.mark.parametrize(
    "other",
    [
        change(DOCUMENT, "info", "version", value="1.9.0"),
        change(DOCUMENT, "paths", "/visits", value={}),
        change(DOCUMENT, "components", "schemas", "Patient", "required", value=[]),
        change(DOCUMENT, "paths", "/patients", "get", "parameters", value=[{"name": "mrn"}]),
    ],
)
def test_what_a_client_is_built_by_must_be_equal(other: dict[str, Any]) -> None:
    assert describe_document(other) != describe_document(DOCUMENT)


def test_a_statement_may_differ_in_its_date_and_not_in_its_interactions() -> None:
    later = change(STATEMENT, "date", value="2026-11-30T10:00:00Z")
    less = change(STATEMENT, "rest", 0, "resource", value=[{"type": "Patient"}])
    assert describe_document(later) == describe_document(STATEMENT)
    assert describe_document(less) != describe_document(STATEMENT)
