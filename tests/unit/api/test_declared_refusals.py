"""Answers that are declared to refuse who is not signed in, as the run's process sees them."""

from __future__ import annotations

import json
from dataclasses import astuple

import pytest

from cutover_gates.hospital import RefusalRule
from cutover_gates.probes.api.fuzzing.declared_refusals import DeclaredRefusals

RULES = (
    RefusalRule((400,), "errors.session"),
    RefusalRule((200,), "status == 'denied'"),
    RefusalRule((), "", "Please sign in"),
)
SESSION = json.dumps({"errors": {"session": ["missing"]}}).encode()


@pytest.mark.parametrize(
    ("status", "content", "is_refusal"),
    [
        (401, b"", True),
        (400, SESSION, True),
        (400, b'{"errors": {"name": ["missing"]}}', False),
        (400, b"not JSON", False),
        (400, b"", False),
        (403, SESSION, False),
        (200, b'{"status": "denied"}', True),
        (200, b'{"status": "ok"}', False),
        (200, b"<h1>Please sign in</h1>", True),
    ],
)
def test_a_refusal_is_what_the_mapping_calls_one(
    status: int, content: bytes, *, is_refusal: bool
) -> None:
    """Also when the rules have come as one line of JSON."""
    plain = json.loads(json.dumps([astuple(rule) for rule in RULES]))
    assert DeclaredRefusals.from_plain(plain).includes(status, content) is is_refusal


def test_a_declared_refusal_is_counted_by_its_status_and_as_what_it_is() -> None:
    refusals = DeclaredRefusals(RULES)
    assert refusals.describe_status(400, SESSION) == "400 (refused)"
    assert [refusals.describe_status(status, b"") for status in (200, 400, 401)] == [
        "200",
        "400",
        "401",
    ]
