"""An API document in JSON or YAML becomes the same values, within the same bounds."""

from __future__ import annotations

import json

import pytest

from cutover_gates.util.api_document_text import UnusableDocument, is_yaml, parse_api_document

YAML = b"""\
openapi: 3.0.3
info: {title: Care, version: 24.5.0}
x-common: &common {a: 1, b: 2}
paths:
  /patient/{id}/:
    get:
      parameters: []
      responses:
        200: {description: ok, x-on: on, x-day: 2026-11-30, x-merged: {<<: *common, b: 3}}
        4XX: {description: "no", nullable: true, x: null, y: 1.5}
"""


def test_yaml_becomes_what_json_can_say() -> None:
    """Statuses are texts, dates too, and only true and false are no texts (YAML 1.2)."""
    document = parse_api_document(YAML)
    responses = document["paths"]["/patient/{id}/"]["get"]["responses"]
    assert list(responses) == ["200", "4XX"]
    assert responses["200"] == {
        "description": "ok",
        "x-on": "on",
        "x-day": "2026-11-30",
        "x-merged": {"a": 1, "b": 3},
    }
    assert responses["4XX"] == {"description": "no", "nullable": True, "x": None, "y": 1.5}
    assert json.loads(json.dumps(document)) == document


def test_json_is_read_as_json() -> None:
    assert parse_api_document(b'\xef\xbb\xbf{"openapi": "3.1.0"}') == {"openapi": "3.1.0"}


HOSTILE = {
    "a name twice": b"a: 1\na: 2\n",
    "a key that is a list": b"? [1, 2]\n: x\n",
    "deep lists": b"- " * 100_000,
    "deep flow": b"a: " + b"[" * 50_000,
    "a bomb of aliases": b"a: &a [x,x,x,x,x,x,x,x,x,x]\n"
    + b"".join(
        b"%c: &%c [%s]\n" % (name, name, b",".join([b"*%c" % (name - 1)] * 10))
        for name in range(ord("b"), ord("h"))
    ),
    "itself in itself": b"a: &a [*a]\n",
    "an object of Python": b"a: !!python/object/apply:os.system [ls]\n",
    "infinity": b"a: .inf\n",
    "two documents": b"a: 1\n---\nb: 2\n",
    "no text": b"\xff\xfe\x00",
    "broken JSON": b'{"openapi": ',
    "NaN": b'{"a": NaN}',
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_what_is_beyond_the_bounds_is_refused_in_a_clause(content: bytes) -> None:
    with pytest.raises(UnusableDocument) as raised:
        parse_api_document(content)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("media_type", "content", "expected"),
    [
        ("application/yaml", b"openapi: 3.0.3", True),
        ("application/vnd.oai.openapi", b"openapi: 3.0.3", True),
        ("text/plain", b"openapi: 3.0.3", True),
        ("application/vnd.oai.openapi+json", b"{", False),
        ("application/json", b"openapi: 3.0.3", False),
        ("text/html", b"<html>", False),
        ("text/plain", b"nothing here", False),
    ],
)
def test_yaml_is_known_by_its_type_or_its_beginning(
    media_type: str, content: bytes, expected: bool
) -> None:
    assert is_yaml(media_type, content) is expected
