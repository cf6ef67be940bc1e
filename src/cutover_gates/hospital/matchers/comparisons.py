"""Matchers that compare values. Each failure is a finding of the running check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, TypeVar

from cutover_gates.core.findings import THIS_CHECK, Finding, FindingsError
from cutover_gates.core.value_text import format_target_value, format_value
from cutover_gates.hospital.values import Visit

T = TypeVar("T")

TIMES = ("opened_at", "admitted_at", "discharged_at")
ROUNDING = timedelta(seconds=1)
"""By how much two answers may round one time of a visit differently."""


def assert_equal(expected: object, actual: object, subject: str = "") -> None:
    """Assert that two values are equal. `subject` names what they are."""
    if expected != actual:
        raise _difference(subject, format_value(expected), format_target_value(actual))


def assert_same(expected: Any, found: Any, *, but: tuple[str, ...] = ()) -> None:
    """Assert that every field of `expected` has the same value in `found`.

    Both are dataclasses or mappings; fields named in `but` are not compared. Each field that
    differs is a finding of its own.
    """
    if found is None:
        raise _difference("", format_value(expected), "nothing")
    actual = _as_mapping(found)
    findings = [
        _field_difference(name, value, actual)
        for name, value in _as_mapping(expected).items()
        if name not in but and (name not in actual or actual[name] != value)
    ]
    if findings:
        raise FindingsError(*findings)


def assert_row_matches(expected: Any, row: Mapping[str, Any] | None) -> None:
    """Assert that the row exists and agrees in each column that both have.

    A row without any of the expected columns proves nothing, so it fails too.
    """
    if row is None:
        raise _difference("row", f"a row with {format_value(expected)}", "no row")
    wanted = _as_mapping(expected)
    comparable = {name: value for name, value in wanted.items() if name in row}
    if not comparable:
        raise _difference("row", f"some of the columns {', '.join(wanted)}", _columns(row))
    assert_same(comparable, row)


def exactly_one(things: Iterable[T], what: str) -> T:
    """Return the one element of a list that must have exactly one. `what` names the element."""
    listed = list(things)
    if len(listed) != 1:
        raise _difference(what, "exactly one", f"{len(listed)}: {format_target_value(listed)}")
    return listed[0]


def assert_same_bytes(sent: bytes, received: bytes) -> None:
    """Assert that the bytes are equal. The finding names the first position that differs."""
    if sent == received:
        return
    shorter = min(len(sent), len(received))
    position = next((at for at in range(shorter) if sent[at] != received[at]), shorter)
    raise _difference(
        "content",
        f"the {len(sent)} bytes that were sent",
        f"{len(received)} bytes that differ from byte {position} on",
    )


def assert_times(visit: Visit, began: datetime, ended: datetime, clock_skew: timedelta) -> None:
    """Assert that each time that the visit tells lies between the two moments.

    `clock_skew` is by how much the target's clock may differ. A time that is not told is not
    judged.
    """
    earliest, latest = began - clock_skew, ended + clock_skew
    expected = f"between {earliest:%H:%M:%S} and {latest:%H:%M:%S} UTC"
    findings = [
        Finding(THIS_CHECK, name, expected, f"{moment:%Y-%m-%d %H:%M:%S %Z}")
        for name, moment in _list_times(visit)
        if not earliest <= moment <= latest
    ]
    if findings:
        raise FindingsError(*findings)


def assert_times_kept(before: Visit, after: Visit) -> None:
    """Assert that each time that was told before is told as before."""
    findings = [
        Finding(THIS_CHECK, name, f"as before: {moment}", f"{getattr(after, name) or 'no time'}")
        for name, moment in _list_times(before)
        if not _is_kept(moment, getattr(after, name))
    ]
    if findings:
        raise FindingsError(*findings)


def _difference(subject: str, expected: str, actual: str) -> FindingsError:
    return FindingsError(Finding(THIS_CHECK, subject, expected, actual))


def _field_difference(name: str, value: object, actual: Mapping[str, Any]) -> Finding:
    found = format_target_value(actual[name]) if name in actual else "no such field"
    return Finding(THIS_CHECK, name, format_value(value), found)


def _columns(row: Mapping[str, Any]) -> str:
    return f"a row with {', '.join(row) or 'no columns'}"


def _as_mapping(value: Any) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    return {field.name: getattr(value, field.name) for field in fields(value) if field.compare}


def _list_times(visit: Visit) -> Iterator[tuple[str, datetime]]:
    for name in TIMES:
        moment = getattr(visit, name)
        if moment is not None:
            yield name, moment


def _is_kept(before: datetime, after: datetime | None) -> bool:
    return after is not None and abs(after - before) <= ROUNDING
