"""YAML and XML from outside, read within bounds: a short text may stand for a billion values."""

from __future__ import annotations

from typing import Any

from cutover_gates.core.bounded_json import MAX_DEPTH, MAX_VALUES

_ENTITY = b"<!ENTITY"


class UnusableMarkup(ValueError):
    """A text that is not within the bounds. The message is the reason, as a clause."""


def declares_entities(xml: bytes) -> bool:
    """Return whether a document declares entities: one may stand for a billion others."""
    # Without the zero bytes of UTF-16.
    return _ENTITY in xml.replace(b"\0", b"")


def parse_yaml(text: str) -> Any:
    """Return the value of a YAML text.

    PyYAML comes with an extra, so the caller sees an ImportError where it is not installed.

    Raises:
        UnusableMarkup: it is not YAML, too deep, contains itself, or its aliases stand for more
            values than are read.
    """
    import yaml  # an optional extra

    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:  # a date that is none
        raise UnusableMarkup(f"not YAML that can be read ({type(error).__name__})") from None
    check_value_bounds(value)
    return value


def check_value_bounds(value: Any) -> None:
    """Raise `UnusableMarkup` for a value that is too deep, or that aliases make too large."""
    _count_values(value, 0, 0)


def _count_values(value: Any, depth: int, count: int) -> int:
    """Return `count` plus the values in this one, each alias as often as it stands there."""
    if depth > MAX_DEPTH:
        raise UnusableMarkup(f"nested more than {MAX_DEPTH} levels deep")
    count += 1
    if count > MAX_VALUES:
        raise UnusableMarkup(f"more than {MAX_VALUES} values")
    inner = value.values() if isinstance(value, dict) else value
    for one in inner if isinstance(value, dict | list) else ():
        count = _count_values(one, depth + 1, count)
    return count
