"""Rules of the one place that masks secrets."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest

from cutover_gates.core.evidence.redact import Redactor

SECRET = 'pä55/w+rd "q" <x>'


@pytest.fixture
def redactor() -> Redactor:
    made = Redactor()
    made.learn("the password", SECRET)
    return made


FORMS = {
    "plain": SECRET,
    "url-quoted": quote(SECRET, safe=""),
    "url-quoted, lower case": quote(SECRET, safe="").lower(),
    "form": quote_plus(SECRET),
    "json": json.dumps({"a": SECRET}),
    "json, unicode kept": json.dumps({"a": SECRET}, ensure_ascii=False),
    "json in json": json.dumps(json.dumps({"a": SECRET})),
    "xml": html.escape(SECRET),
    "python repr": repr({"a": SECRET}),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64, url-safe": base64.urlsafe_b64encode(SECRET.encode()).decode(),
    "basic authentication": base64.b64encode(b"registrar:" + SECRET.encode()).decode(),
    "base64 of a report, shifted by one": (
        base64.b64encode(b"x" + SECRET.encode() + b" and more").decode()
    ),
    "base64 of a report, shifted by two": (
        base64.b64encode(b"xy" + SECRET.encode() + b" and more").decode()
    ),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_a_learnt_secret_is_masked_and_found_in_every_form(redactor: Redactor, form: str) -> None:
    """Masked by its name in `text`, and named by `find` in a file's bytes."""
    assert "‹the password›" in redactor.redact_text(f"before {form} after")
    assert redactor.find_secrets(f"before {form} after".encode()) == ["the password"]
    assert redactor.find_secrets(redactor.redact_text(form).encode()) == []


def test_a_short_value_is_no_secret() -> None:
    """Under six characters it would only garble the evidence."""
    redactor = Redactor()
    redactor.learn("pin", "12345")
    assert redactor.redact_text("room 12345") == "room 12345"


SHAPES = {
    "bearer": ("Authorization: Bearer abc.def-123\nnext", "abc.def"),
    "header in json": ('{"authorization": "Bearer abcdef12345"}', "abcdef12345"),
    "header in a list of pairs": ("[(b'Authorization', b'Basic dXNlcjpwYXNz')]", "dXNlcjpwYXNz"),
    "jwt": ("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl end", "eyJzdWIi"),
    "jwt without a signature": ("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.", "eyJzdWIi"),
    "dsn of words": ("host=db user=app password=hunter2 dbname=x", "hunter2"),
    "dsn in quotes": ("password='hunter two' dbname=x", "hunter"),
    "dsn as a url": ("postgresql://app:hunter2@db:5432/x", "hunter2"),
    "password in json": ('{"username": "a", "password": "hunter2"}', "hunter2"),
    "token in json": ('{"refresh_token": "0a1b2c"}', "0a1b2c"),
    "signed url": ("https://store/x?X-Amz-Signature=0a1b2c3d&y=1", "0a1b2c3d"),
}


@pytest.mark.parametrize(("text", "hidden"), SHAPES.values(), ids=SHAPES.keys())
def test_what_was_never_learnt_is_masked_by_its_shape(text: str, hidden: str) -> None:
    """And masking twice changes nothing more."""
    once = Redactor().redact_text(text)
    assert hidden not in once
    assert Redactor().redact_text(once) == once


def test_what_stands_beside_a_shape_is_kept() -> None:
    """A masked DSN still says which host and database."""
    assert (
        Redactor().redact_text("postgresql://app:hunter2@db:5432/x")
        == "postgresql://app:‹password›@db:5432/x"
    )
    assert Redactor().redact_text("password=hunter2 dbname=x").endswith("dbname=x")


@pytest.mark.parametrize(
    "text",
    [
        '-H "authorization: Bearer $TOKEN"',
        "GET /patients?mrn=1 on http://host:80/a",
        "user@example.org: hello",
    ],
)
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    """Above all `$TOKEN`, or no curl could be pasted."""
    assert Redactor().redact_text(text) == text


def test_values_are_masked_at_any_depth(redactor: Redactor) -> None:
    """Keys too; numbers stay numbers."""
    assert redactor.redact_value({"a": [{SECRET: SECRET}], "n": 1}) == {
        "a": [{"‹the password›": "‹the password›"}],
        "n": 1,
    }
