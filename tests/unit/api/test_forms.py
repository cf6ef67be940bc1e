"""Whether a form breaks its schema once it is sent."""

from __future__ import annotations

from typing import Any

import pytest

from cutover_gates.probes.api.document.openapi_document import ApiDocument
from cutover_gates.probes.api.document.schema_validation import is_form_allowed
from tests.unit.api.api_documents import document

FORM = {
    "type": "object",
    "required": ["file"],
    "additionalProperties": False,
    "properties": {
        "file": {"type": "string", "minLength": 1},
        "tag": {"$ref": "#/components/schemas/Tag"},
        "count": {"type": "integer"},
    },
}


@pytest.mark.parametrize(
    ("body", "allowed"),
    [
        ({"file": "x"}, True),
        ({"file": b"\xff"}, True),
        ({"file": 12.5, "tag": False}, True),  # they arrive as texts
        ({"file": "x", "count": "7"}, True),  # and this one as a number
        ({"file": "x", "count": "seven"}, False),
        ({"file": ""}, False),
        ({"file": "x", "tag": "too long"}, False),
        ({"tag": "x"}, False),
        ({"file": "x", "other": "x"}, False),
    ],
)
def test_a_form_is_judged_as_it_is_read(body: dict[str, Any], allowed: bool) -> None:
    """Fields are texts, or what they mean; what is missing, too much or not allowed stays so."""
    whole = document()
    whole["paths"]["/things"]["post"]["requestBody"] = {
        "content": {"multipart/form-data": {"schema": {"$ref": "#/components/schemas/Form"}}}
    }
    whole["components"]["schemas"] |= {"Form": FORM, "Tag": {"type": "string", "maxLength": 5}}
    assert (
        is_form_allowed(ApiDocument(whole, ""), "POST /things", "multipart/form-data", body)
        is allowed
    )
