"""Where the document comes from, and what stands in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.hospital import Driver, DriverBase, DriverFeatures
from cutover_gates.probes.api.document import rules
from cutover_gates.probes.api.document.document_source import load_document
from cutover_gates.probes.api.document.openapi_document import ApiDocument
from tests.findings import raises_gap
from tests.unit.api.api_documents import OPEN, READ, WRITE, document

ROOT = "http://127.0.0.1:1"


class Silent(DriverBase):
    """A driver that knows of no document."""


class Telling(DriverBase):
    """A driver that does."""

    @property
    def features(self) -> DriverFeatures:
        return DriverFeatures(api_document=_api_document)


def _api_document(given: Mapping[str, Any] | None) -> tuple[Mapping[str, Any], str]:
    if given is not None and "openapi" not in given:
        raise ValueError("no OpenAPI 3 document: KeyError: 'openapi'")
    return given or document(), f"{ROOT}/base"


def described(driver: object, file: Path | None = None) -> ApiDocument:
    return load_document(cast(Driver, driver), ROOT, file)


def test_every_operation_is_known_with_its_lock() -> None:
    """The document's own security holds where an operation has none; an empty one opens it."""
    operations = described(Telling()).operations
    assert {str(entry): entry.protected for entry in operations} == {
        READ: True,
        WRITE: True,
        OPEN: False,
    }
    assert [parameter["name"] for parameter in operations[0].parameters] == ["thing_id"]


def test_the_document_may_stand_in_a_file(tmp_path: Path) -> None:
    """For a target, or a driver, that gives none."""
    (tmp_path / "d.json").write_text(json.dumps(document(info={"title": "filed", "version": "1"})))
    for driver, root in ((Telling(), f"{ROOT}/base"), (Silent(), ROOT)):
        found = described(driver, tmp_path / "d.json")
        assert (found.document["info"]["title"], found.root) == ("filed", root)


def test_the_file_may_be_yaml(tmp_path: Path) -> None:
    """As generators of documents write it."""
    text = "openapi: 3.0.3\ninfo: {title: filed, version: 1.0.0}\npaths: {/a: {get: {responses: {200: {}}}}}"
    (tmp_path / "d.yaml").write_text(text)
    found = described(Silent(), tmp_path / "d.yaml")
    assert [(str(one), one.documented_statuses) for one in found.operations] == [
        ("GET /a", frozenset({"200"}))
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "cannot be read"),
        ("a: [", "neither JSON nor YAML"),
        ("<html>", "no OpenAPI 3 document"),
        ("{}", "no OpenAPI 3 document"),
    ],
)
def test_a_file_without_a_document_is_told(tmp_path: Path, text: str | None, says: str) -> None:
    if text is not None:
        (tmp_path / "d.json").write_text(text)
    with pytest.raises(SettingsError, match=says):
        described(Telling(), tmp_path / "d.json")


def test_without_a_document_nothing_is_proven() -> None:
    with raises_gap(rules.DOCUMENT_PROVIDED):
        described(Silent())


def test_what_is_there_becomes_an_example() -> None:
    """And an id of nothing beside it, so that both answers are seen.

    The document itself stays as it is.
    """
    ids = {"thing_id": "0f0e0d0c-0000-4000-8000-123456789abc"}
    whole = ApiDocument(document(), ROOT)
    item = whole.add_examples(ids)["paths"]["/things/{thing_id}"]
    (parameter,) = item["get"]["parameters"]
    assert "parameters" not in item
    examples = parameter["examples"]
    assert examples["there"]["value"] == ids["thing_id"]
    assert examples["nowhere"]["value"] not in ids.values()
    assert whole.document == document()


def test_a_reference_that_never_ends_leads_nowhere() -> None:
    whole = ApiDocument({"a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}, "c~/d": 1}, ROOT)
    assert whole.resolve({"$ref": "#/a"}) is None
    assert whole.lookup("#/c~0~1d") == 1
