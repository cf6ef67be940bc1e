"""Acts that must be refused, and acts at the same moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, fields
from threading import Barrier
from typing import Any, TypeVar

from cutover_gates.core.evidence.assessment import Assessment, NotProven
from cutover_gates.core.findings import THIS_CHECK, Finding, FindingsError, Rule
from cutover_gates.hospital import Answer, Reason, Rejected

T = TypeVar("T")


@dataclass
class ExpectedRejection:
    """What a target said when it refused. Empty until the `with` block of `expect_rejection` ends."""

    refusal: Rejected | None = None

    @property
    def answer(self) -> Answer:
        """The refusal as it came. Only after the `with` block."""
        if self.refusal is None:
            raise RuntimeError(
                "nothing was refused yet: look at the refusal after the with block, not in it"
            )
        return self.refusal.answer


@contextmanager
def expect_rejection(*reasons: Reason, doing: str = "") -> Iterator[ExpectedRejection]:
    """The block's act must be refused, for one of `reasons`.

    What the target said is in the value of the `with`, for a further look.

    `doing` says what is tried, where the act itself does not show it: the size of a file, the
    number of an attempt.
    """
    told = ExpectedRejection()
    expected = " or ".join(reason.value for reason in reasons) + (
        f", when trying {doing}" if doing else ""
    )
    try:
        yield told
    except Rejected as refusal:
        if refusal.reason not in reasons:
            raise AssertionError(
                f"expected: refused as {expected}\ncame:     refused as {refusal}"
            ) from None
        told.refusal = refusal
    else:
        raise AssertionError(f"expected: refused as {expected}\ncame:     the target did it")


def act_concurrently(*acts: Callable[[], T]) -> list[T | Rejected]:
    """Do all acts at the same moment, each in a thread of its own.

    Returns what each gave, or how it was refused, in their order. Any other error is raised.
    """
    start = Barrier(len(acts))

    def act_now(act: Callable[[], T]) -> T | Rejected:
        start.wait()
        try:
            return act()
        except Rejected as refusal:
            return refusal

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(act_now, acts))


SHOWN_CHARACTERS = 300


def assert_same(expected: Any, found: Any, *, but: tuple[str, ...] = ()) -> None:
    """Every field of `expected` (a dataclass or a mapping) has the same value in `found`, but for
    those named. All differences are told at once.
    """
    if found is None:
        raise AssertionError(f"expected: {expected!r}\ncame:     nothing")
    wanted, there = _as_mapping(expected), _as_mapping(found)
    wrong = [
        f"  {name}: expected {_format_value(value)}, came"
        f" {_format_value(there[name]) if name in there else 'no such field'}"
        for name, value in wanted.items()
        if name not in but and (name not in there or there[name] != value)
    ]
    if wrong:
        raise AssertionError("not the same:\n" + "\n".join(wrong))


def assert_row_matches(expected: Any, row: Mapping[str, Any] | None) -> None:
    """The row is there, and says the same as far as its table says it.

    A row that says nothing of what is expected proves nothing.
    """
    if row is None:
        raise AssertionError(f"expected: a row with {_format_value(expected)}\ncame:     no row")
    told = {name: value for name, value in _as_mapping(expected).items() if name in row}
    if not told:
        raise AssertionError(
            f"expected: a row with some of {', '.join(_as_mapping(expected))}\ncame:     a row with"
            f" {', '.join(row)}"
        )
    assert_same(told, row)


def exactly_one(things: Iterable[T], what: str) -> T:
    """The one thing in a list that must hold exactly one."""
    listed = list(things)
    if len(listed) != 1:
        raise AssertionError(f"expected: exactly one {what}\ncame:     {len(listed)}: {listed!r}")
    return listed[0]


def assert_same_bytes(sent: bytes, came: bytes) -> None:
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


def _format_value(value: Any) -> str:
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


NOTHING_CHECKED = Rule(
    "RUN-001",
    "At least one thing was checked",
    "A check of nothing proves nothing.",
    "Look why nothing was found to check: the settings, the rights of the account, an empty target.",
)


def assert_passed(assessment: Assessment) -> None:
    """Assert that something was checked, all of it to the end, and that nothing is wrong.

    Raises `FindingsError` for findings and `NotProven` for gaps. Findings go first: that something is
    broken matters more than that something else could not be seen.
    """
    if assessment.findings:
        raise FindingsError(*map(_as_finding, assessment.findings))
    if assessment.not_proven:
        raise NotProven(gaps=tuple(map(_as_finding, assessment.not_proven)))
    if not assessment.checked:
        gap = Finding(NOTHING_CHECKED, assessment.title, "", "there was nothing to check")
        raise NotProven(gaps=(gap,))


def _as_finding(finding: Finding | str) -> Finding:
    return finding if isinstance(finding, Finding) else Finding(THIS_CHECK, actual=finding)
