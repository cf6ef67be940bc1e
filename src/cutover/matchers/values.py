"""What was sent held against what came back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, TypeVar

T = TypeVar("T")

SHOWN_CHARACTERS = 300


def same(expected: Any, found: Any, *, but: tuple[str, ...] = ()) -> None:
    """Every field of `expected` (a dataclass or a mapping) has the same value in `found`, but for
    those named. All differences are told at once.
    """
    if found is None:
        raise AssertionError(f"expected: {expected!r}\ncame:     nothing")
    wanted, there = _as_mapping(expected), _as_mapping(found)
    wrong = [
        f"  {name}: expected {_shown(value)}, came"
        f" {_shown(there[name]) if name in there else 'no such field'}"
        for name, value in wanted.items()
        if name not in but and (name not in there or there[name] != value)
    ]
    if wrong:
        raise AssertionError("not the same:\n" + "\n".join(wrong))


def stands(expected: Any, row: Mapping[str, Any] | None) -> None:
    """The row is there, and says the same as far as its table says it.

    A row that says nothing of what is expected proves nothing.
    """
    if row is None:
        raise AssertionError(f"expected: a row with {_shown(expected)}\ncame:     no row")
    told = {name: value for name, value in _as_mapping(expected).items() if name in row}
    if not told:
        raise AssertionError(
            f"expected: a row with some of {', '.join(_as_mapping(expected))}\ncame:     a row with"
            f" {', '.join(row)}"
        )
    same(told, row)


def only(things: Iterable[T], what: str) -> T:
    """The one thing in a list that must hold exactly one."""
    listed = list(things)
    if len(listed) != 1:
        raise AssertionError(f"expected: exactly one {what}\ncame:     {len(listed)}: {listed!r}")
    return listed[0]


def byte_for_byte(sent: bytes, came: bytes) -> None:
    """The same bytes; else where they part."""
    if sent == came:
        return
    position = next(
        (index for index, (one, other) in enumerate(zip(sent, came, strict=False)) if one != other),
        min(len(sent), len(came)),
    )
    raise AssertionError(
        f"expected: {len(sent)} bytes, the same as sent\ncame:     {len(came)} bytes, other ones"
        f" from byte {position} on"
    )


def _as_mapping(thing: Any) -> Mapping[str, Any]:
    return (
        thing
        if isinstance(thing, Mapping)
        else {field.name: getattr(thing, field.name) for field in fields(thing)}
    )


def _shown(value: Any) -> str:
    """The value; with its code points where it is not plain, since two texts that look alike may
    differ.
    """
    text = repr(value)
    shown = text if text.isascii() else f"{text} {value!a}"
    return (
        shown
        if len(shown) <= SHOWN_CHARACTERS
        else f"{shown[:SHOWN_CHARACTERS]}… ({len(shown)} characters)"
    )
