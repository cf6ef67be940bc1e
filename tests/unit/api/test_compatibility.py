"""Two documents side by side: what breaks a client is told with its place, and what does not is no
finding.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.core.evidence.assessment import Assessment, NotProven
from cutover_gates.core.findings import Finding
from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.api.compatibility import rules
from cutover_gates.probes.api.compatibility.assessments import (
    CompatibilityAssessments,
    fold_changes,
)
from cutover_gates.probes.api.compatibility.document_comparison import compare_documents
from cutover_gates.probes.api.compatibility.schema_comparison import SchemaComparison
from cutover_gates.probes.api.document.references import LocalReferences
from reference import releases
from reference.app import create_app
from reference.settings import Settings
from tests.findings import raises_gap
from tests.hospital_document import load_document
from tests.unit.api.document_changes import (
    BREAKING,
    HARMLESS,
    Change,
    Json,
    fields,
    recorded_document,
)

OASDIFF = shutil.which("oasdiff")
OASDIFF_IS_WRONG = {"null written otherwise", "a schema written in parts"}
"""Where two ways to write one schema are a finding for it."""


def told(before: Json, after: Json, *kinds: str) -> list[Finding]:
    return fold_changes(
        change
        for change in compare_documents(before, after)
        if change.difference.kind in (kinds or ("breaking", "unclear"))
    )


@pytest.mark.parametrize("change", BREAKING, ids=lambda change: change.name)
def test_what_breaks_a_client_is_one_finding_that_names_its_place(change: Change) -> None:
    found = told(recorded_document(), change.made())
    assert [finding.rule for finding in found] == [change.rule], found
    values = f"{found[0].subject} | {found[0].expected} | {found[0].actual}"
    assert all(word in values for word in change.told), found


@pytest.mark.parametrize("change", HARMLESS, ids=lambda change: change.name)
def test_what_breaks_no_client_is_no_finding(change: Change) -> None:
    assert told(recorded_document(), change.made()) == []


@pytest.mark.parametrize("change", [*BREAKING, *HARMLESS], ids=lambda change: change.name)
def test_every_change_changes_something(change: Change) -> None:
    """A change that does nothing would make a harmless one of every comparison."""
    assert json.dumps(change.made()) != json.dumps(recorded_document())


@pytest.mark.parametrize(
    "name",
    [
        "a new operation",
        "a new optional parameter",
        "a new optional field",
        "a new field in an answer",
        "a new refusal",
    ],
)
def test_what_was_added_is_told(name: str) -> None:
    change = next(one for one in HARMLESS if one.name == name)
    assert told(recorded_document(), change.made(), "added")


def test_a_document_is_compatible_with_itself() -> None:
    assert compare_documents(recorded_document(), recorded_document()) == []


def test_one_cause_is_one_finding_however_many_operations_have_it() -> None:
    """A field that all refusals share is gone: one finding, with where it is met first and how many
    operations have it.
    """
    change = next(one for one in BREAKING if one.name == "a field of all refusals is gone")
    (found,) = told(recorded_document(), change.made())
    assert found.rule is rules.FIELD_KEPT
    assert found.count > 4
    assert "(also " in found.subject
    assert f"and {found.count - 4} more" in found.subject


def test_the_embedded_hospital_keeps_what_its_recorded_document_promises() -> None:
    present = create_app(Settings("dbname=nobody", "0" * 64)).openapi()
    assert told(recorded_document(), present) == []


# ── schemas ──


def differences(
    old: Any, new: Any, *, sending: bool, components: Json | None = None
) -> list[tuple[str, str]]:
    references = LocalReferences({"components": {"schemas": components or {}}})
    return [
        (one.kind, one.place)
        for one in SchemaComparison(references, references, sending=sending).find_differences(
            old, new
        )
        if one.kind != "added"
    ]


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ({"type": "string", "maxLength": 5}, {"type": "string"}),
        ({"type": "integer"}, {"type": "number"}),
        ({"type": "integer", "minimum": 1}, {"type": "integer", "exclusiveMinimum": 0}),
        (
            {"type": "integer", "minimum": 0, "exclusiveMinimum": True},
            {"type": "integer", "minimum": 0},
        ),
        ({"const": "a"}, {"enum": ["a", "b"]}),
        ({"enum": ["ab"]}, {"type": "string", "pattern": "^a"}),
        ({"type": "string"}, {"type": "string", "nullable": True}),
        ({"type": "string"}, {"oneOf": [{"type": "integer"}, {"type": "string"}]}),
        (
            {"allOf": [{"type": "string", "maxLength": 9}, {"maxLength": 5}]},
            {"type": "string", "maxLength": 6},
        ),
        (
            {"type": "array", "items": {"type": "string"}, "minItems": 1},
            {"type": "array", "items": {"type": ["string", "null"]}},
        ),
        (
            {"type": "object", "additionalProperties": {"type": "integer"}},
            {"type": "object", "additionalProperties": {"type": "number"}},
        ),
        (
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
            {"type": "object", "properties": {"a": {"type": "string"}}},
        ),
        ({"type": "integer", "multipleOf": 10}, {"type": "integer", "multipleOf": 5}),
        ({"type": "integer", "format": "int32"}, {"type": "integer", "format": "int64"}),
        ({"type": "string"}, {}),
    ],
)
def test_wider_is_fine_for_what_is_sent_and_narrower_for_what_is_read(
    narrow: Json, wide: Json
) -> None:
    assert differences(narrow, wide, sending=True) == []
    assert differences(wide, narrow, sending=False) == []
    assert differences(wide, narrow, sending=True)
    assert differences(narrow, wide, sending=False)


def test_a_schema_that_holds_itself_is_compared_to_its_end() -> None:
    ward = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "wards": {"type": "array", "items": {"$ref": "#/components/schemas/Ward"}},
        },
    }
    other = json.loads(
        json.dumps(ward)
        .replace("Ward", "Unit")
        .replace('"name": {"type": "string"}', '"name": {"type": "integer"}')
    )
    found = differences(
        {"$ref": "#/components/schemas/Ward"},
        {"$ref": "#/components/schemas/Unit"},
        sending=True,
        components={"Ward": ward, "Unit": other},
    )
    assert ("breaking", ".name") in found


def test_what_only_ever_comes_back_is_not_required_of_a_client() -> None:
    old = {"type": "object", "properties": {"name": {"type": "string"}}}
    new = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "id": {"type": "string", "readOnly": True}},
        "required": ["id"],
    }
    assert differences(old, new, sending=True) == []


def test_a_schema_that_no_value_fits_breaks_both_ways() -> None:
    impossible = {"const": "live", "type": "integer"}
    for sending in (True, False):
        assert differences({"type": "string"}, impossible, sending=sending) == [("breaking", "")]


@pytest.mark.parametrize("keyword", ["not", "patternProperties", "if", "propertyNames"])
def test_what_cannot_be_computed_is_said(keyword: str) -> None:
    """A changed keyword that narrows in ways which are not followed is no finding, and no proof
    either.
    """
    new = {"type": "object", keyword: {"type": "string"}}
    assert differences({"type": "object"}, new, sending=True) == [("unclear", "")]


def test_a_reference_that_leads_nowhere_is_not_proven() -> None:
    after = recorded_document()
    fields(after, "Patient")["mrn"] = {"$ref": "#/components/schemas/Nowhere"}
    with raises_gap(rules.COMPARABLE) as raised:
        compare_documents(recorded_document(), after)
    assert "Nowhere" in raised.value.gaps[0].actual


# ── what the checks are told ──

RECORDED = Path(__file__).resolve().parents[3] / "reference/contract/1.9.json"
"""The document of the embedded hospital's release before."""


def compatibility(
    document: Json, before: Path | None = RECORDED, release: str = "2.0.0"
) -> CompatibilityAssessments:
    return CompatibilityAssessments("staging", release, document, before)


def test_a_target_without_a_recorded_document_is_not_proven() -> None:
    with raises_gap(rules.PREVIOUS_DOCUMENT) as raised:
        compatibility(recorded_document(), None).assess_requests()
    assert "previous_document in [targets.staging.contract]" in raised.value.gaps[0].actual


def test_a_release_is_not_compared_with_itself() -> None:
    """Recorded after the cutover, the document would be compatible with itself."""
    with raises_gap(rules.PREVIOUS_DOCUMENT) as raised:
        compatibility(recorded_document(), release="1.9.0").assess_responses()
    assert "1.9.0" in raised.value.gaps[0].actual


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"swagger": "2.0"}', '{"openapi": "3.1.0", "paths": {}}']
)
def test_a_file_that_holds_no_document_is_a_mistake_in_the_settings(
    tmp_path: Path, content: str
) -> None:
    path = tmp_path / "before.json"
    path.write_text(content)
    with pytest.raises(SettingsError, match="no OpenAPI 3 document"):
        compatibility(recorded_document(), path).assess_operations()


def test_a_document_without_operations_proves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "before.json"
    path.write_text(json.dumps({**recorded_document(), "paths": {}}))
    with pytest.raises(NotProven):
        assert_passed(compatibility(recorded_document(), path).assess_operations())


@pytest.mark.parametrize(
    ("name", "question"),
    [
        ("an operation is gone", "assess_operations"),
        ("a new field is required", "assess_requests"),
        ("a field of an answer is gone", "assess_responses"),
    ],
)
def test_each_question_has_its_own_findings(name: str, question: str, tmp_path: Path) -> None:
    change = next(one for one in BREAKING if one.name == name)
    before = tmp_path / "before.json"
    before.write_text(json.dumps(recorded_document()))
    asked = {
        part: getattr(compatibility(change.made(), before), part)()
        for part in ("assess_operations", "assess_requests", "assess_responses")
    }
    assert [part for part, assessment in asked.items() if assessment.findings] == [question]


@pytest.mark.parametrize("question", ["assess_operations", "assess_requests", "assess_responses"])
def test_the_new_release_keeps_what_the_release_before_promised(question: str) -> None:
    """Both documents are those of the two applications, and the new one only adds."""
    before = releases.create_app(
        Settings("postgresql://nowhere", "no key", release="1.9.0")
    ).openapi()
    assert json.loads(json.dumps(before)) == json.loads(RECORDED.read_text(encoding="utf-8"))
    assessment = getattr(compatibility(load_document()), question)()
    assert_passed(assessment)
    assert assessment.figures["added"]


def test_what_was_added_stands_in_the_evidence_and_passes() -> None:
    kept: list[Assessment] = []
    change = next(one for one in HARMLESS if one.name == "a new operation")
    assessment = CompatibilityAssessments(
        "staging", "2.0.0", change.made(), RECORDED, kept.append
    ).assess_operations()
    assert_passed(assessment)
    assert kept == [assessment]
    assert "GET /api/v1/wards: a new operation" in assessment.figures["added"]


# ── a referee ──


@pytest.mark.thorough
@pytest.mark.skipif(
    OASDIFF is None,
    reason=(
        "oasdiff is a program in Go, and a second opinion: the changes above are judged without it"
    ),
)
def test_what_oasdiff_calls_breaking_is_found(tmp_path: Path) -> None:
    before, after, missed = tmp_path / "before.json", tmp_path / "after.json", []
    before.write_text(json.dumps(recorded_document()))
    for change in (*BREAKING, *HARMLESS):
        after.write_text(json.dumps(change.made()))
        done = subprocess.run(
            [str(OASDIFF), "breaking", "--fail-on", "ERR", str(before), str(after)],
            capture_output=True,
            check=False,
            timeout=30,
        )
        if (
            done.returncode == 1
            and not told(recorded_document(), change.made())
            and change.name not in OASDIFF_IS_WRONG
        ):
            missed.append(change.name)
    assert missed == []
