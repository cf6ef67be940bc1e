"""The served document: which release it is of, and whether it lists what the mapping uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.drivers.rest.api_description import list_used_operations
from cutover_gates.drivers.rest.mapping import load_mapping
from cutover_gates.hospital import Unsupported
from cutover_gates.probes.api.document import rules
from cutover_gates.probes.api.document.openapi_document import ApiDocument
from cutover_gates.probes.api.document.served_document import (
    ServedDocumentAssessments,
    matches_path,
)

RELEASE, BEFORE = "2.0.0", "1.9.0"
OPERATION: Mapping[str, Any] = {"responses": {"200": {"description": "ok"}}}


def document(version: str = RELEASE) -> dict[str, Any]:
    paths = {"/patients/{person}": {"get": OPERATION}, "/patients": {"post": OPERATION}}
    return {"openapi": "3.1.0", "info": {"title": "x", "version": version}, "paths": paths}


def questions(served: Mapping[str, Any], **changes: Any) -> ServedDocumentAssessments:
    values: dict[str, Any] = {
        "releases": {RELEASE},
        "release": RELEASE,
        "previous": None,
        "used": {},
        "undocumented": {},
        "why_no_version": None,
        "record": lambda _: None,
        **changes,
    }
    return ServedDocumentAssessments(ApiDocument(served, "http://x/api"), **values)


def found(assessment: Assessment) -> list[str]:
    return [finding.rule.id for finding in assessment.findings]


def test_the_version_is_that_of_the_release_that_answers() -> None:
    assert found(questions(document()).assess_release()) == []
    wrong = questions(document(BEFORE)).assess_release()
    assert found(wrong) == [rules.RELEASE_NAMED.id]
    after_rollback = questions(document(BEFORE), releases={BEFORE}, previous=document(BEFORE))
    assert found(after_rollback.assess_release()) == []


def test_the_document_of_the_release_before_is_known_letter_by_letter() -> None:
    same = questions(document(), previous=document())
    assert found(same.assess_release()) == [rules.NOT_PREVIOUS.id]
    assert found(questions(document(), previous=document(BEFORE)).assess_release()) == []


def test_without_a_version_only_another_document_proves_something() -> None:
    reason = "its version is that of the API"
    same = questions(document("v1"), previous=document("v1"), why_no_version=reason)
    with pytest.raises(Unsupported, match=reason):
        same.assess_release()
    with pytest.raises(Unsupported, match=reason):
        questions(document("v1"), why_no_version=reason).assess_release()
    changed = {**document("v1"), "paths": {}}
    other = questions(changed, previous=document("v1"), why_no_version=reason)
    assert found(other.assess_release()) == []


def test_every_request_of_the_mapping_is_listed() -> None:
    used = {
        "patient": [("GET", "/api/patients/{}")],
        "register": [("POST", "/api/patients")],
        "live": [("GET", "/health")],
    }
    assessment = questions(document(), used=used).assess_used_operations()
    assert found(assessment) == []
    assert len(assessment.checked) == 2
    used["update"] = [("PUT", "/api/patients/{}")]
    missing = questions(document(), used=used).assess_used_operations()
    assert found(missing) == [rules.USED_OPERATIONS_LISTED.id]
    excused = questions(document(), used=used, undocumented={"PUT /api/patients/{}": "a reason"})
    assert found(excused.assess_used_operations()) == []


@pytest.mark.parametrize(
    ("used", "listed", "expected"),
    [
        ("/a/{}", "/a/{id}", True),
        ("/a/{}/b", "/a/{id}/c", False),
        ("/a/{}", "/a", False),
        ("/a/{}", "/a/admit", True),
        ("/a/me", "/a/{id}", True),
    ],
)
def test_a_value_stands_for_a_parameter(used: str, listed: str, *, expected: bool) -> None:
    assert matches_path(used, listed) is expected


def test_the_requests_of_a_mapping_are_below_the_target() -> None:
    used = list_used_operations(load_mapping())
    assert used["patient"] == [("GET", "/api/v1/patients/{}")]
    assert used["live"] == [("GET", "/health/live")]
