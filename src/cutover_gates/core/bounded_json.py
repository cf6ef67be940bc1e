"""JSON from outside, read within bounds: what another process sends is not trusted.

Besides depth and number of values it refuses what two readers understand differently (I-JSON,
RFC 7493): a name twice in one object, a lone surrogate, NaN. A check that passed on such an answer
would prove nothing about what another client reads.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from itertools import accumulate
from typing import Any

MAX_DEPTH = 100
"""Levels of nesting. An OpenAPI document has about 30, a FHIR resource fewer."""
MAX_VALUES = 500_000
"""Values of one document: 16 MiB of `[],` would become 400 MB of empty lists."""
MAX_DIGITS = 300
"""Digits of a whole number: a longer one fits into no double."""

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS = bytes(set(range(256)) - _STEPS.keys())


class UnusableJson(ValueError):
    """A text that is not JSON, or not within the bounds. The message is the reason, as a clause."""


def parse_json(content: bytes | str, *, unique_names: bool = True) -> Any:
    """Return the value of a JSON text in UTF-8, with or without a byte order mark.

    `unique_names` false lets the last of two equal names win: some log writers repeat a field.

    Raises:
        UnusableJson: it is not JSON, exceeds a bound, or is ambiguous.
    """
    try:
        data = content.encode() if isinstance(content, str) else content
        data = data.removeprefix(codecs.BOM_UTF8)
        check_json_bounds(data)
        value = (_STRICT if unique_names else _LENIENT).decode(data.decode())
        if _SURROGATE.search(data):
            json.dumps(value, ensure_ascii=False).encode()  # fails where one stands alone
    except UnusableJson:
        raise
    except UnicodeError:
        raise UnusableJson("its text is not valid UTF-8, or has a lone surrogate") from None
    except (ValueError, RecursionError) as error:
        raise UnusableJson(f"not JSON ({error})") from None
    return value


def check_json_bounds(data: bytes) -> None:
    """Raise `UnusableJson` for too deep or too many values, before anything is built of them.

    For a text that another library reads; `parse_json` does it by itself.
    """
    opened = data.count(b"[") + data.count(b"{")
    # Most answers are small, and the exact count costs as much as to read them.
    if opened <= MAX_DEPTH and opened + data.count(b",") <= MAX_VALUES:
        return
    bare = _remove_strings(data)
    brackets = bare.translate(None, _NO_BRACKETS)
    if bare.count(b",") + brackets.count(b"[") + brackets.count(b"{") > MAX_VALUES:
        raise _too_many_values()
    depth = max(accumulate(map(_STEPS.__getitem__, brackets)), default=0)
    if depth > MAX_DEPTH:
        raise UnusableJson(f"nested {depth} levels deep, at most {MAX_DEPTH} are read")


def _remove_strings(data: bytes) -> bytes:
    # The pairs are removed from left to right, so that `\\"` still ends a string.
    unescaped = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    # A value has a name and a text at most, each between two quotation marks.
    if unescaped.count(b'"') > 4 * MAX_VALUES:
        raise _too_many_values()
    return b"".join(unescaped.split(b'"')[::2])


def _too_many_values() -> UnusableJson:
    return UnusableJson(f"more than {MAX_VALUES} values, at most {MAX_VALUES} are read")


def _build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise UnusableJson(f"the name {twice[:60]!r} stands twice in one object")
    return table


def _parse_int(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise UnusableJson(f"a number of {len(text)} digits, at most {MAX_DIGITS} are read")
    return int(text)


def _parse_float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise UnusableJson("a number that is larger than any double")
    return number


def _refuse_constant(name: str) -> float:
    raise UnusableJson(f"not JSON ({name} is no JSON value)")


_NUMBERS: dict[str, Any] = {
    "parse_int": _parse_int,
    "parse_float": _parse_float,
    "parse_constant": _refuse_constant,
}
_STRICT = json.JSONDecoder(object_pairs_hook=_build_object, **_NUMBERS)
_LENIENT = json.JSONDecoder(**_NUMBERS)
