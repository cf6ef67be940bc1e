"""The shape of a document: what is said of a good one, and of every way in which one may be wrong."""

from __future__ import annotations

from typing import Any

import pytest

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.findings import Rule
from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.api.document import rules
from cutover_gates.probes.api.document.assessments import DocumentAssessments
from cutover_gates.probes.api.document.openapi_document import ApiDocument
from tests.findings import list_breaches
from tests.unit.api.api_documents import OPEN, READ, WRITE, document

QUESTIONS = (
    "assess_validity",
    "assess_responses",
    "assess_security",
    "assess_operation_ids",
    "assess_examples",
)


def asked(question: str, changed: dict[str, Any]) -> Assessment:
    assessment = getattr(
        DocumentAssessments(ApiDocument(changed, "http://127.0.0.1:1")), question
    )()
    assert isinstance(assessment, Assessment)
    return assessment


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
    assessment = asked(question, good)
    assert_passed(assessment)
    assert set(assessment.checked) == {READ, WRITE, OPEN}


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
NAME = "#/components/schemas/Thing/properties/name"
BODY = "#/paths/~1things/post/requestBody/content/application~1json"
GET = "paths|/things/{thing_id}|get"


@pytest.mark.parametrize(
    ("question", "path", "value", "breach"),
    [
        ("assess_validity", "openapi", "2.0", (rules.VALID_OPENAPI, "openapi")),
        ("assess_validity", "info", ..., (rules.VALID_OPENAPI, "#")),
        (
            "assess_validity",
            "components|schemas|Thing",
            ...,
            (
                rules.REFERENCES_RESOLVE,
                "#/paths//things/{thing_id}/get/responses/200/content/application/json/schema",
            ),
        ),
        (
            "assess_validity",
            f"{SCHEMA}|$ref",
            "http://elsewhere.example/x",
            (rules.REFERENCES_RESOLVE, "#/components/schemas/Thing/properties/name"),
        ),
        ("assess_validity", f"{GET}|operationId", "make", (rules.VALID_OPENAPI, "#")),
        ("assess_responses", f"{GET}|responses|200", ..., (rules.SUCCESS_DOCUMENTED, READ)),
        (
            "assess_responses",
            f"{GET}|responses|401",
            ...,
            (rules.UNAUTHENTICATED_DOCUMENTED, READ),
        ),
        (
            "assess_responses",
            f"{GET}|responses|404",
            ...,
            (rules.REJECTION_DOCUMENTED, READ),
        ),
        ("assess_security", "security", ..., (rules.SECURITY_DECLARED, READ)),
        (
            "assess_security",
            f"{GET}|security",
            [{"cookie": []}],
            (rules.SCHEME_DEFINED, READ),
        ),
        ("assess_operation_ids", f"{GET}|operationId", ..., (rules.OPERATION_ID_PRESENT, READ)),
        ("assess_operation_ids", f"{GET}|operationId", "make", (rules.OPERATION_ID_UNIQUE, READ)),
        (
            "assess_examples",
            f"{SCHEMA}|examples",
            [1],
            (rules.EXAMPLES_VALID, f"{NAME}/examples/0"),
        ),
        ("assess_examples", f"{SCHEMA}|default", 1, (rules.EXAMPLES_VALID, f"{NAME}/default")),
        (
            "assess_examples",
            "paths|/things|post|requestBody|content|application/json|example",
            {"name": 1},
            (rules.EXAMPLES_VALID, f"{BODY}/example"),
        ),
        (
            "assess_examples",
            "paths|/things|post|requestBody|content|application/json|examples",
            {"one": {"value": {"id": "x"}}},
            (rules.EXAMPLES_VALID, f"{BODY}/examples/one"),
        ),
    ],
)
def test_every_defect_is_found(
    question: str, path: str, value: Any, breach: tuple[Rule, str]
) -> None:
    """And named with where it stands."""
    assert breach in list_breaches(asked(question, changed(path, value)))


def test_a_property_may_be_called_example() -> None:
    """It is a field of that name then, and no example."""
    schema = {
        "type": "object",
        "properties": {"example": {"type": "string"}, "default": {"type": "integer"}},
    }
    assert_passed(asked("assess_examples", changed("components|schemas|Thing", schema)))


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_document_that_cannot_be_read_is_a_finding(question: str) -> None:
    assessment = getattr(
        DocumentAssessments(ApiDocument({}, "http://x.example"), "HTML"), question
    )()
    assert list_breaches(assessment) == [(rules.DOCUMENT_READABLE, "http://x.example")]
    assert assessment.findings[0].actual == "HTML"


def test_a_document_without_operations_proves_nothing() -> None:
    assert asked("assess_responses", document(paths={})).checked == ()
