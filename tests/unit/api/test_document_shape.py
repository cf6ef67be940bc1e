"""The shape of a document: what is said of a good one, and of every way in which one may be wrong."""

from __future__ import annotations

from typing import Any

import pytest

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.api.document.assessments import DocumentAssessments
from cutover_gates.probes.api.document.openapi_document import ApiDocument
from tests.unit.api.api_documents import OPEN, READ, WRITE, document

QUESTIONS = (
    "assess_validity",
    "assess_responses",
    "assess_security",
    "assess_operation_ids",
    "assess_examples",
)


def asked(question: str, changed: dict[str, Any]) -> Assessment:
    examination = getattr(
        DocumentAssessments(ApiDocument(changed, "http://127.0.0.1:1")), question
    )()
    assert isinstance(examination, Assessment)
    return examination


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("version", ["3.1.0", "3.0.3"])
def test_a_good_document_is_sound(question: str, version: str) -> None:
    """Of both versions; and every operation is named as looked at."""
    good = document(openapi=version)
    if version == "3.0.3":  # which knows no `examples` inside of a schema
        good["components"]["schemas"]["Thing"]["properties"]["name"] = {
            "type": "string",
            "example": "a name",
        }
    examination = asked(question, good)
    assert_passed(examination)
    assert set(examination.checked) == {READ, WRITE, OPEN}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The document with one thing in another way; `...` takes it out. Keys are parted by `|`."""
    whole = document()
    *above, last = path.split("|")
    node = whole
    for part in above:
        node = node[part]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return whole


SCHEMA = "components|schemas|Thing|properties|name"
GET = "paths|/things/{thing_id}|get"


@pytest.mark.parametrize(
    ("question", "path", "value", "says"),
    [
        ("assess_validity", "openapi", "2.0", "only documents of OpenAPI 3.0 and 3.1"),
        ("assess_validity", "info", ..., '"info" is a required property'),
        (
            "assess_validity",
            "components|schemas|Thing",
            ...,
            "'#/components/schemas/Thing' leads nowhere",
        ),
        (
            "assess_validity",
            f"{SCHEMA}|$ref",
            "http://elsewhere.example/x",
            "leads nowhere inside the document",
        ),
        ("assess_validity", f"{GET}|operationId", "make", "make"),
        ("assess_responses", f"{GET}|responses|200", ..., "no answer of success"),
        (
            "assess_responses",
            f"{GET}|responses|401",
            ...,
            "does not document how it refuses whoever has none",
        ),
        (
            "assess_responses",
            f"{GET}|responses|404",
            ...,
            "documents no refusal of what it cannot use",
        ),
        ("assess_security", "security", ..., "does not say who may ask"),
        (
            "assess_security",
            f"{GET}|security",
            [{"cookie": []}],
            "'cookie', which securitySchemes do not explain",
        ),
        ("assess_operation_ids", f"{GET}|operationId", ..., "no operationId"),
        ("assess_operation_ids", f"{GET}|operationId", "make", "'make' stands 2 times"),
        ("assess_examples", f"{SCHEMA}|examples", [1], "1 is not of type 'string'"),
        ("assess_examples", f"{SCHEMA}|default", 1, "1 is not of type 'string'"),
        (
            "assess_examples",
            "paths|/things|post|requestBody|content|application/json|example",
            {"name": 1},
            "1 is not of type 'string'",
        ),
        (
            "assess_examples",
            "paths|/things|post|requestBody|content|application/json|examples",
            {"one": {"value": {"id": "x"}}},
            "'x' is not a 'uuid'",
        ),
    ],
)
def test_every_defect_is_found(question: str, path: str, value: Any, says: str) -> None:
    """And named with where it stands."""
    findings = asked(question, changed(path, value)).findings
    assert any(says in finding for finding in findings), findings


def test_a_property_may_be_called_example() -> None:
    """It is a field of that name then, and no example."""
    schema = {
        "type": "object",
        "properties": {"example": {"type": "string"}, "default": {"type": "integer"}},
    }
    assert_passed(asked("assess_examples", changed("components|schemas|Thing", schema)))


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_document_that_cannot_be_read_is_a_finding(question: str) -> None:
    examination = getattr(
        DocumentAssessments(ApiDocument({}, ""), "expected: an OpenAPI 3 document, came: HTML"),
        question,
    )()
    with pytest.raises(AssertionError, match="came: HTML"):
        assert_passed(examination)


def test_a_document_without_operations_proves_nothing() -> None:
    assert asked("assess_responses", document(paths={})).checked == ()
