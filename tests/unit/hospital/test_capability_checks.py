"""Rules that a target may be declared not to keep: tried all the same, and what else must hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from cutover_gates.core.findings import Finding, FindingsError
from cutover_gates.core.tried_capabilities import TITLE
from cutover_gates.hospital import Answer, Operation, Reason, Rejected, Unsupported
from cutover_gates.hospital.matchers import TargetCapabilities

NAME, LISTS = "versions", "refusal-to-strangers"
STALE = Rejected(Reason.STALE, "no", Answer(412, {}, b""))
FORBIDDEN = Rejected(Reason.FORBIDDEN, "no", Answer(403, {}, b""))
Seen = list[tuple[str, Any]]


@contextmanager
def declared(*names: str, **values: Any) -> Iterator[tuple[TargetCapabilities, Seen]]:
    """Capabilities that are declared absent, and what is seen of them."""
    seen: Seen = []

    def observe(title: str, **facts: Any) -> None:
        assert title == TITLE
        seen.append((facts["capability"], facts["works"]))

    yield TargetCapabilities(dict.fromkeys(names, "it is so"), observe, values), seen


def do(what: BaseException | None) -> None:
    if what is not None:
        raise what


def only_finding(error: FindingsError) -> Finding:
    (finding,) = error.findings
    return finding


def test_a_rule_that_is_kept_is_rejected_and_noted_where_it_is_declared_absent() -> None:
    for names, noted in (((), []), ((NAME,), [(NAME, True)])):
        with declared(*names) as (capabilities, seen):
            with capabilities.refusal(NAME, Reason.STALE) as rejection:
                do(STALE)
            assert (rejection.reason, seen) == (Reason.STALE, noted)


def test_a_rule_that_is_broken_is_a_finding_unless_it_is_declared_absent() -> None:
    with declared() as (capabilities, _), pytest.raises(FindingsError) as found:  # noqa: SIM117  # the order of the blocks
        with capabilities.refusal(NAME, Reason.STALE):
            do(None)
    assert only_finding(found.value).actual == "the target did it"
    with declared(NAME) as (capabilities, seen):
        with capabilities.refusal(NAME, Reason.STALE) as refusal:
            do(None)
        assert refusal.is_missing
        with pytest.raises(Unsupported) as missing:
            refusal.end_check()
        assert (missing.value.operation, seen) == (NAME, [(NAME, False)])


def test_another_error_than_a_rejection_is_not_taken_for_one() -> None:
    with declared(NAME) as (capabilities, seen):
        with pytest.raises(AssertionError, match="lost"), capabilities.refusal(NAME, Reason.STALE):
            do(AssertionError("lost"))
        assert seen == []


@pytest.mark.parametrize("names", [(), (NAME,)])
def test_a_rejection_for_another_reason_is_a_finding(names: tuple[str, ...]) -> None:
    with declared(*names) as (capabilities, seen):
        with pytest.raises(FindingsError) as found, capabilities.refusal(NAME, Reason.STALE):
            do(FORBIDDEN)
        assert only_finding(found.value).actual.startswith("a rejection as forbidden")
        assert seen == []


def test_no_exception_stands_behind_what_is_not_applicable() -> None:
    """An assertion behind it would be taken for a finding that was hidden."""
    with declared(NAME) as (capabilities, _):
        with pytest.raises(Unsupported) as missing:
            capabilities.allow_lack(NAME, is_lacking=True)
        assert (missing.value.__cause__, missing.value.__context__) == (None, None)


def test_a_value_of_its_own_is_noted_and_excuses_nothing() -> None:
    with declared(**{NAME: 100}) as (capabilities, seen):
        capabilities.allow_lack(NAME, is_lacking=True)
        assert seen == [(NAME, False)]


def test_a_list_has_all_some_or_nothing() -> None:
    usual = ("a", "b")
    with declared() as (capabilities, _):
        assert capabilities.choose(NAME, usual) == usual
    with declared(NAME) as (capabilities, _):
        assert capabilities.choose(NAME, usual) == ()
    with declared(**{NAME: ("a",)}) as (capabilities, _):
        assert capabilities.choose(NAME, usual) == ("a",)


# ── an empty list as a refusal ──


def look(capabilities: TargetCapabilities, answer: object, *, is_list: bool) -> None:
    def act() -> object:
        if isinstance(answer, Rejected):
            raise answer
        return answer

    capabilities.require_closed(act, Reason.FORBIDDEN, is_list=is_list)


def test_a_refusal_closes_whatever_is_declared() -> None:
    for names, noted in (((), []), ((LISTS,), [(LISTS, True)])):
        with declared(*names) as (capabilities, seen):
            look(capabilities, FORBIDDEN, is_list=True)
            assert seen == noted


def test_an_empty_list_closes_only_where_it_is_declared() -> None:
    with declared(LISTS) as (capabilities, seen):
        look(capabilities, [], is_list=True)
        assert seen == [(LISTS, False)]
    with declared() as (capabilities, _), pytest.raises(FindingsError):
        look(capabilities, [], is_list=True)


@pytest.mark.parametrize(
    ("answer", "is_list"),
    [
        (["the record"], True),
        (["another record"], True),
        ([], False),
        (b"", True),
        ("", True),
        (None, True),
        (object(), True),
        (STALE, True),
    ],
)
def test_nothing_else_closes(answer: object, is_list: bool) -> None:
    """A list with an entry, an empty single record, and a refusal for another reason."""
    with declared(LISTS) as (capabilities, _), pytest.raises(FindingsError):
        look(capabilities, answer, is_list=is_list)


LISTING = Operation("GET", "/patients", True, frozenset({200}))
RECORD = Operation("GET", "/patients/{id}", True, frozenset({200}))


@pytest.mark.parametrize(
    ("operation", "body", "is_open"),
    [
        (LISTING, [], False),
        (LISTING, {"count": 0, "next": None, "results": []}, False),
        (LISTING, {"items": [], "page": 1, "page_size": 50, "total": 0}, False),
        (LISTING, {"resourceType": "Bundle", "type": "searchset", "total": 0}, False),
        (LISTING, {"resourceType": "Bundle", "total": 1}, True),
        (LISTING, {"resourceType": "Bundle", "entry": [{}]}, True),
        (LISTING, {"count": 1, "results": []}, True),
        (LISTING, {"results": [], "name": "Okafor"}, True),
        (LISTING, {"results": [], "last": {"name": "Okafor"}}, True),
        (LISTING, {"results": [{"id": 1}]}, True),
        (LISTING, {}, True),
        (LISTING, None, True),
        (RECORD, [], True),
        (Operation("POST", "/patients", True, frozenset()), [], True),
    ],
)
def test_only_a_list_that_says_nothing_is_no_open_door(
    operation: Operation, body: Any, is_open: bool
) -> None:
    answer = Answer(200, {}, b"x", json=body)
    with declared(LISTS) as (capabilities, seen):
        assert (capabilities.find_open_door(operation, answer) is not None) is is_open
        assert seen == ([] if is_open else [(LISTS, False)])
    with declared() as (capabilities, _):
        assert capabilities.find_open_door(operation, answer) is not None
        assert capabilities.find_open_door(operation, Answer(401, {}, b"")) is None
