"""JSON from outside: bounded in depth and number of values, and never ambiguous."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cutover_gates.core.bounded_json import MAX_DEPTH, MAX_VALUES, UnusableJson, parse_json

REFUSED: dict[str, tuple[bytes, str]] = {
    "lists without an end": (b"[" * 200_000, "nested 200000 levels"),
    "objects without an end": (b'{"a":' * 200_000, "nested 200000 levels"),
    "one level too deep": (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "nested 101"),
    "deep behind an escaped quotation mark": (b'["\\\\",' + b"[" * 500, "nested 501"),
    "too many empty lists": (b"[" + b"[]," * MAX_VALUES + b"[]]", "values"),
    "too many numbers": (b"[" + b"0," * MAX_VALUES + b"0]", "values"),
    "too many texts": (b"[" * 101 + b'"' * (4 * MAX_VALUES + 1), "values"),
    "a long number": (b"9" * 5000, "5000 digits"),
    "a number beyond a double": (b"1e999", "double"),
    "NaN": (b'{"p99": NaN}', "NaN"),
    "Infinity": (b"-Infinity", "Infinity"),
    "a name twice": (b'{"status":"admitted","status":"discharged"}', "'status'"),
    "a lone surrogate": (b'"\\ud800"', "surrogate"),
    "a surrogate in bytes": (b'"\xed\xa0\x80"', "UTF-8"),
    "Latin-1": ('"Müller"'.encode("latin-1"), "UTF-8"),
    "UTF-16": ("{}".encode("utf-16"), "UTF-8"),
    "nothing": (b"", "not JSON"),
    "a page": (b"<html>", "not JSON"),
    "cut": (b'{"a": [1, 2', "not JSON"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_exceeds_a_bound_or_is_ambiguous_is_refused(name: str) -> None:
    """One error type, and its reason is one short line."""
    content, reason = REFUSED[name]
    with pytest.raises(UnusableJson, match=reason) as raised:
        parse_json(content)
    assert len(str(raised.value)) < 150


@pytest.mark.parametrize(
    "content",
    [
        b"[" * MAX_DEPTH + b"]" * MAX_DEPTH,
        json.dumps({"text": "[" * 10_000 + '"\\' + "{" * 10_000}).encode(),
        b'\xef\xbb\xbf{"bom": true}',
        b'"\\ud83d\\ude00 and \\\\ud800 and \\u0000"',
    ],
)
def test_what_is_within_the_bounds_is_read_as_json_reads_it(content: bytes) -> None:
    """Brackets in a text open nothing, and pairs of surrogates are one character."""
    assert parse_json(content) == json.loads(content)


def test_the_last_of_two_equal_names_wins_where_a_writer_may_repeat_them() -> None:
    """Some log writers repeat a field, and that is no reason to call the line no JSON."""
    assert parse_json('{"a": 1, "a": 2}', unique_names=False) == {"a": 2}


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


# A busy machine makes values slowly, and that says nothing of the parser.
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(VALUES, st.booleans())
def test_every_ordinary_value_is_read_as_it_was_written(value: Any, escape: bool) -> None:
    """The bounds change nothing of what servers send."""
    assert parse_json(json.dumps(value, ensure_ascii=escape)) == value


@given(st.binary(max_size=300) | st.text(alphabet='[]{}",:\\u0d8a1e\n').map(str.encode))
def test_whatever_comes_is_a_value_or_that_error(content: bytes) -> None:
    """No other error leaves the reader."""
    with contextlib.suppress(UnusableJson):
        parse_json(content)
