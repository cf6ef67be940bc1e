"""Matchers fail when they must, and say what was expected and what came."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from threading import Barrier
from typing import Any

import pytest

from cutover_gates.hospital import (
    Answer,
    Operation,
    Patient,
    PatientDraft,
    ProtocolViolation,
    Reason,
    Rejected,
)
from cutover_gates.hospital.matchers.answer_checks import (
    find_auth_problem,
    find_changed_fields,
    find_distinguishing_fields,
    find_document_mismatch,
    find_leaked_internals,
    find_missing_security_headers,
)
from cutover_gates.hospital.matchers.expectations import (
    act_concurrently,
    assert_row_matches,
    assert_same,
    assert_same_bytes,
    exactly_one,
    expect_rejection,
)

DRAFT = PatientDraft("m-1", "Okafor", "Ada", date(1987, 3, 4))
SHIELDED = {
    "Content-Type": "application/json",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


def answer(status: int = 200, body: Any = None, **headers: str) -> Answer:
    content = b"" if body is None else json.dumps(body).encode()
    return Answer(status, {"content-type": "application/json", **headers}, content, body)


def refusal(reason: Reason) -> Rejected:
    return Rejected(reason, "in the target's words", answer(409))


def refuse(reason: Reason) -> None:
    raise refusal(reason)


# ── refused ──


def test_an_expected_refusal_is_told() -> None:
    with expect_rejection(Reason.STALE, Reason.DUPLICATE) as told:
        refuse(Reason.DUPLICATE)
    assert told.refusal is not None
    assert told.refusal.message == "in the target's words"
    assert told.answer.status == 409


def test_an_act_that_is_done_fails() -> None:
    said = "expected: refused as stale or duplicate\ncame:     the target did it"
    with (
        pytest.raises(AssertionError, match=said),
        expect_rejection(Reason.STALE, Reason.DUPLICATE),
    ):
        pass


def test_another_refusal_fails() -> None:
    with (
        pytest.raises(
            AssertionError,
            match=r"expected: refused as stale\ncame:     refused as not-found \(HTTP 409\)",
        ),
        expect_rejection(Reason.STALE),
    ):
        refuse(Reason.NOT_FOUND)


def test_what_was_tried_is_told() -> None:
    with (
        pytest.raises(AssertionError, match="refused as too-large, when trying 11 bytes"),
        expect_rejection(Reason.TOO_LARGE, doing="11 bytes"),
    ):
        pass


def test_a_misbehaviour_is_no_refusal() -> None:
    with pytest.raises(ProtocolViolation, match="a 500"), expect_rejection(Reason.STALE):
        raise ProtocolViolation("a 500")


def test_the_answer_cannot_be_looked_at_too_early() -> None:
    with (
        pytest.raises(RuntimeError, match="after the with block"),
        expect_rejection(Reason.STALE) as told,
    ):
        told.answer  # looking is the act  # noqa: B018  # looking is the act


# ── same, stands, only, byte_for_byte ──


def test_the_same_is_the_same() -> None:
    assert_same(DRAFT, DRAFT)
    assert_same(DRAFT, Patient(**vars(DRAFT), id="1", version="7"))


def test_all_differences_are_told_at_once() -> None:
    with pytest.raises(AssertionError) as error:
        assert_same(DRAFT, replace(DRAFT, family_name="Ada", given_name="Okafor"))
    assert "family_name: expected 'Okafor', came 'Ada'" in str(error.value)
    assert "given_name: expected 'Ada', came 'Okafor'" in str(error.value)


def test_texts_that_look_alike_are_shown_by_their_code_points() -> None:
    with pytest.raises(AssertionError, match=r"Zo\\xeb.+Zoe\\u0308"):
        assert_same({"name": "Zoë"}, {"name": "Zoe\u0308"})


def test_a_field_that_is_not_there_is_a_difference() -> None:
    with pytest.raises(AssertionError, match="came no such field"):
        assert_same({"name": None}, {})


def test_nothing_is_not_the_same_as_something() -> None:
    with pytest.raises(AssertionError, match="nothing"):
        assert_same(DRAFT, None)


def test_a_named_field_may_differ() -> None:
    assert_same(DRAFT, replace(DRAFT, mrn="m-2"), but=("mrn",))


def test_a_row_stands_as_far_as_it_tells() -> None:
    assert_row_matches(DRAFT, {"mrn": "m-1", "family_name": "Okafor"})


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (None, "no row"),
        ({"mrn": "m-2"}, "mrn: expected 'm-1', came 'm-2'"),
        ({}, "a row with some of"),
        ({"other": 1}, "came:     a row with other"),
    ],
)
def test_a_row_that_proves_nothing_or_the_contrary_fails(
    row: dict[str, Any] | None, said: str
) -> None:
    with pytest.raises(AssertionError, match=said):
        assert_row_matches(DRAFT, row)


def test_the_only_one_is_given() -> None:
    assert exactly_one(iter([7]), "number") == 7


@pytest.mark.parametrize("several", [[], [1, 2]])
def test_none_or_several_are_not_one(several: list[int]) -> None:
    with pytest.raises(
        AssertionError, match=f"expected: exactly one number\ncame:     {len(several)}"
    ):
        exactly_one(several, "number")


@pytest.mark.parametrize(("came", "position"), [(b"abX", 2), (b"ab", 2), (b"abcd", 3), (b"", 0)])
def test_other_bytes_are_told_with_their_place(came: bytes, position: int) -> None:
    with pytest.raises(
        AssertionError, match=f"{len(came)} bytes, other ones from byte {position} on"
    ):
        assert_same_bytes(b"abc", came)
    assert_same_bytes(b"abc", b"abc")


# ── at once ──


def test_acts_at_once_really_overlap() -> None:
    """Each waits for the others: one after the other they would never end."""
    together = Barrier(3, timeout=5)
    acts: list[Callable[[], int]] = [together.wait] * 3
    assert sorted(answer for answer in act_concurrently(*acts) if isinstance(answer, int)) == [
        0,
        1,
        2,
    ]


def test_refusals_come_back_in_their_place() -> None:
    answers = act_concurrently(lambda: "done", lambda: refuse(Reason.STALE))
    assert answers[0] == "done"
    assert isinstance(answers[1], Rejected)


def test_any_other_error_is_raised() -> None:
    def misbehave() -> None:
        raise ProtocolViolation("a 500")

    with pytest.raises(ProtocolViolation):
        act_concurrently(misbehave, lambda: None)


# ── answers ──


@pytest.mark.parametrize(
    ("status", "is_locked"),
    [(401, True), (403, True), (200, False), (404, False), (422, False), (500, False)],
)
def test_only_a_closed_door_is_locked(status: int, is_locked: bool) -> None:
    """404 and 422 mean that someone without a token was let in far enough to be told so."""
    assert (find_auth_problem(answer(status)) is None) is is_locked


OPERATION = Operation(
    "GET",
    "/things",
    True,
    frozenset({200, 404}),
    {200: frozenset({"application/json"}), 404: frozenset()},
)


@pytest.mark.parametrize(
    ("came", "said"),
    [
        (answer(200, {}), None),
        (answer(404), None),
        (answer(500, {}), "came 500, documented are 200, 404"),
        (
            answer(200, {}, **{"content-type": "text/html; charset=utf-8"}),
            "came 200 as text/html, documented is application/json",
        ),
        (answer(404, {}), "came 404 as application/json, documented is no content"),
    ],
)
def test_what_is_not_documented_is_told(came: Answer, said: str | None) -> None:
    assert find_document_mismatch(OPERATION, came) == said


@pytest.mark.parametrize(
    "text",
    [
        'Traceback (most recent call last):\n  File "app/main.py", line 3, in get',
        "java.lang.NullPointerException\n\tat org.hospital.Ward.admit(Ward.java:42)",
        "open /srv/app/settings.yml: no such file",
        "C:\\inetpub\\wwwroot\\app.dll",
        'duplicate key value violates unique constraint "patients_mrn_key"',
        "SELECT id FROM patients WHERE mrn = $1",
        "psycopg.errors.UniqueViolation",
        "ValueError: month must be in 1..12",
        "postgresql://hospital:secret@db/hospital",
        "/usr/lib/python3.11/site-packages/fastapi/routing.py",
    ],
)
def test_what_tells_of_the_inside_is_told(text: str) -> None:
    assert find_leaked_internals(answer(500, {"detail": text})) or find_leaked_internals(
        Answer(500, {}, text.encode())
    )


@pytest.mark.parametrize(
    "text",
    [
        "There is no such patient.",
        "Select a ward from the list.",
        "See errors.",
        "must be a date like 1971-12-31",
        "The home address is too long.",
        "A visit that is discharged cannot be admitted.",
        "/problems/not-found",
        "Error: see errors",
    ],
)
def test_words_for_users_tell_nothing(text: str) -> None:
    assert find_leaked_internals(answer(422, {"detail": text})) is None


def test_a_shielded_answer_lacks_nothing() -> None:
    assert find_missing_security_headers(Answer(200, SHIELDED, b"{}"), personal=True) == []


@pytest.mark.parametrize("name", [name for name in SHIELDED if name != "Content-Type"])
def test_each_missing_header_is_told(name: str) -> None:
    headers = {key: value for key, value in SHIELDED.items() if key != name}
    assert (
        name.lower() in find_missing_security_headers(Answer(200, headers, b"{}"), personal=True)[0]
    )


def test_what_is_not_about_a_patient_may_be_kept() -> None:
    headers = {key: value for key, value in SHIELDED.items() if key != "Cache-Control"}
    assert find_missing_security_headers(Answer(200, headers, b"{}"), personal=False) == []


@pytest.mark.parametrize(("server", "told"), [("nginx", 0), ("nginx/1.25.3", 1)])
def test_a_server_may_tell_its_name_but_not_its_version(server: str, told: int) -> None:
    assert (
        len(
            find_missing_security_headers(
                Answer(200, {**SHIELDED, "Server": server}, b"{}"), personal=True
            )
        )
        == told
    )


def test_refusals_in_the_same_words_cannot_be_told_apart() -> None:
    one, again = (
        answer(401, {"detail": "no", "request_id": "1"}),
        answer(401, {"detail": "no", "request_id": "2"}),
    )
    assert find_distinguishing_fields(one, again, volatile=find_changed_fields(one, again)) == []


@pytest.mark.parametrize(
    "other",
    [
        answer(403, {"detail": "no", "request_id": "3"}),
        answer(401, {"detail": "no such user", "request_id": "3"}),
        answer(401, {"detail": "no", "request_id": "3", "hint": "password"}),
        answer(401, {"detail": "no", "request_id": "3"}, **{"x-known-user": "1"}),
        answer(401, {"detail": "no", "request_id": "3"}, **{"content-type": "text/html"}),
    ],
)
def test_refusals_in_other_words_are_told_apart(other: Answer) -> None:
    one, again = (
        answer(401, {"detail": "no", "request_id": "1"}),
        answer(401, {"detail": "no", "request_id": "2"}),
    )
    assert find_distinguishing_fields(one, other, volatile=find_changed_fields(one, again))
