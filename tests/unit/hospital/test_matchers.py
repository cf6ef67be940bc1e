"""Matchers fail when they must, and their findings hold what was expected and what came."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from threading import Barrier
from typing import Any

import pytest

from cutover_gates.core.findings import THIS_CHECK, Finding, FindingsError
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
from cutover_gates.hospital.matchers.comparisons import (
    assert_equal,
    assert_row_matches,
    assert_same,
    assert_same_bytes,
    exactly_one,
)
from cutover_gates.hospital.matchers.expectations import act_concurrently, expect_rejection
from tests.findings import finding_values, raised_findings

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


# ── rejections ──


def test_an_expected_rejection_is_kept() -> None:
    with expect_rejection(Reason.STALE, Reason.DUPLICATE) as result:
        refuse(Reason.DUPLICATE)
    assert result.message == "in the target's words"
    assert result.answer.status == 409


def test_an_action_that_is_done_fails() -> None:
    with pytest.raises(FindingsError) as error, expect_rejection(Reason.STALE, Reason.DUPLICATE):
        pass
    assert [finding_values(finding) for finding in error.value.findings] == [
        ("", "a rejection as stale or duplicate", "the target did it")
    ]


def test_another_rejection_fails() -> None:
    with pytest.raises(FindingsError) as error, expect_rejection(Reason.STALE):
        refuse(Reason.NOT_FOUND)
    (finding,) = error.value.findings
    assert finding.expected == "a rejection as stale"
    assert finding.actual == "a rejection as not-found (HTTP 409): in the target's words"


def test_the_tried_action_is_the_subject() -> None:
    with (
        pytest.raises(FindingsError) as error,
        expect_rejection(Reason.TOO_LARGE, doing="11 bytes"),
    ):
        pass
    assert error.value.findings[0].subject == "11 bytes"


def test_a_protocol_violation_is_no_rejection() -> None:
    with pytest.raises(ProtocolViolation, match="a 500"), expect_rejection(Reason.STALE):
        raise ProtocolViolation("a 500")


def test_the_answer_cannot_be_read_inside_the_block() -> None:
    with (
        pytest.raises(RuntimeError, match="after the with block"),
        expect_rejection(Reason.STALE) as result,
    ):
        result.answer  # noqa: B018  # reading is the action


# ── comparisons ──


def test_equal_values_are_equal() -> None:
    assert_equal(1, 1)
    assert raised_findings(lambda: assert_equal("2.0.0", "1.9.0", "release")) == (
        Finding(THIS_CHECK, "release", "'2.0.0'", "'1.9.0'"),
    )


def test_the_same_is_the_same() -> None:
    assert_same(DRAFT, DRAFT)
    assert_same(DRAFT, Patient(**vars(DRAFT), id="1", version="7"))


def test_each_field_that_differs_is_a_finding() -> None:
    swapped = replace(DRAFT, family_name="Ada", given_name="Okafor")
    findings = raised_findings(lambda: assert_same(DRAFT, swapped))
    assert [finding_values(finding) for finding in findings] == [
        ("family_name", "'Okafor'", "'Ada'"),
        ("given_name", "'Ada'", "'Okafor'"),
    ]


def test_dates_are_shown_plainly() -> None:
    other = replace(DRAFT, birth_date=date(2024, 12, 31))
    (finding,) = raised_findings(lambda: assert_same(DRAFT, other))
    assert finding_values(finding) == ("birth_date", "1987-03-04", "2024-12-31")


def test_texts_that_look_alike_are_shown_by_their_code_points() -> None:
    (finding,) = raised_findings(lambda: assert_same({"name": "Zoë"}, {"name": "Zoe\u0308"}))
    assert r"Zo\xeb" in finding.expected
    assert r"Zoe\u0308" in finding.actual


def test_a_missing_field_is_a_difference() -> None:
    findings = raised_findings(lambda: assert_same({"name": None}, {}))
    assert [finding_values(finding) for finding in findings] == [
        ("name", "nothing", "no such field")
    ]


def test_nothing_is_not_the_same_as_something() -> None:
    (finding,) = raised_findings(lambda: assert_same(DRAFT, None))
    assert finding.actual == "nothing"


def test_a_named_field_may_differ() -> None:
    assert_same(DRAFT, replace(DRAFT, mrn="m-2"), but=("mrn",))


def test_a_row_matches_in_the_columns_that_it_has() -> None:
    assert_row_matches(DRAFT, {"mrn": "m-1", "family_name": "Okafor"})


@pytest.mark.parametrize(
    ("row", "subject", "actual"),
    [
        (None, "row", "no row"),
        ({"mrn": "m-2"}, "mrn", "'m-2'"),
        ({}, "row", "a row with no columns"),
        ({"other": 1}, "row", "a row with other"),
    ],
)
def test_a_row_that_proves_nothing_or_the_contrary_fails(
    row: dict[str, Any] | None, subject: str, actual: str
) -> None:
    (finding,) = raised_findings(lambda: assert_row_matches(DRAFT, row))
    assert (finding.subject, finding.actual) == (subject, actual)


def test_the_only_element_is_returned() -> None:
    assert exactly_one(iter([7]), "number") == 7


@pytest.mark.parametrize(("several", "actual"), [([], "0: []"), ([1, 2], "2: [1, 2]")])
def test_none_or_several_are_not_one(several: list[int], actual: str) -> None:
    findings = raised_findings(lambda: exactly_one(several, "number"))
    assert [finding_values(finding) for finding in findings] == [("number", "exactly one", actual)]


@pytest.mark.parametrize(
    ("received", "position"), [(b"abX", 2), (b"ab", 2), (b"abcd", 3), (b"", 0)]
)
def test_other_bytes_are_found_with_their_position(received: bytes, position: int) -> None:
    (finding,) = raised_findings(lambda: assert_same_bytes(b"abc", received))
    assert finding.actual == f"{len(received)} bytes that differ from byte {position} on"
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
    assert (find_auth_problem("GET /x", answer(status)) is None) is is_locked


OPERATION = Operation(
    "GET",
    "/things",
    True,
    frozenset({200, 404}),
    {200: frozenset({"application/json"}), 404: frozenset()},
)


@pytest.mark.parametrize(
    ("came", "values"),
    [
        (answer(200, {}), None),
        (answer(404), None),
        (answer(500, {}), ("GET /things", "HTTP 200, 404", "HTTP 500")),
        (
            answer(200, {}, **{"content-type": "text/html; charset=utf-8"}),
            ("GET /things (HTTP 200)", "application/json", "text/html"),
        ),
        (answer(404, {}), ("GET /things (HTTP 404)", "no content", "application/json")),
    ],
)
def test_what_is_not_documented_is_found(came: Answer, values: tuple[str, str, str] | None) -> None:
    finding = find_document_mismatch(OPERATION, came)
    assert (finding_values(finding) if finding else None) == values


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
    in_json = find_leaked_internals("GET /x", answer(500, {"detail": text}))
    finding = in_json or find_leaked_internals("GET /x", Answer(500, {}, text.encode()))
    assert finding is not None
    assert finding.subject == "GET /x"


def test_an_answer_that_no_client_can_read_is_not_as_documented() -> None:
    """Its status and media type are, and its JSON is in another charset or too deep."""
    operation = Operation(
        "GET", "/x", False, frozenset({200}), media_types={200: frozenset({"application/json"})}
    )
    unreadable = Answer(
        200, {"content-type": "application/json"}, b"\xff", json_problem="not valid UTF-8"
    )
    assert find_document_mismatch(operation, replace(unreadable, json_problem="")) is None
    # A server may name a media type of no content.
    assert find_document_mismatch(operation, replace(unreadable, content=b"")) is None
    finding = find_document_mismatch(operation, unreadable)
    assert finding is not None
    assert "UTF-8" in finding.actual


def test_on_production_a_leak_is_told_without_its_text() -> None:
    """A statement of SQL may name a patient, and so may a field by which refusals differ."""
    text = "SELECT id FROM patients WHERE name = 'Anna Example'"
    kept, withheld = (Answer(500, {}, text.encode(), withholds_text=on) for on in (False, True))
    finding = find_leaked_internals("GET /x", withheld)
    assert finding is not None
    assert "a database's words" in finding.actual
    assert "SELECT" not in finding.actual
    assert "SELECT" in str(find_leaked_internals("GET /x", kept))
    found = find_distinguishing_fields(withheld, replace(withheld, content=b"Anna"))
    assert found
    assert "Anna" not in str(found)


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
    assert find_leaked_internals("", answer(422, {"detail": text})) is None


def test_a_shielded_answer_lacks_nothing() -> None:
    assert find_missing_security_headers("", Answer(200, SHIELDED, b"{}"), personal=True) == []


@pytest.mark.parametrize("name", [name for name in SHIELDED if name != "Content-Type"])
def test_each_missing_header_is_told(name: str) -> None:
    headers = {key: value for key, value in SHIELDED.items() if key != name}
    findings = find_missing_security_headers("GET /x", Answer(200, headers, b"{}"), personal=True)
    assert [(finding.subject, finding.actual) for finding in findings] == [
        (f"GET /x: {name.lower()}", "no such header")
    ]


def test_what_is_not_about_a_patient_may_be_kept() -> None:
    headers = {key: value for key, value in SHIELDED.items() if key != "Cache-Control"}
    assert find_missing_security_headers("", Answer(200, headers, b"{}"), personal=False) == []


@pytest.mark.parametrize(("server", "told"), [("nginx", 0), ("nginx/1.25.3", 1)])
def test_a_server_may_tell_its_name_but_not_its_version(server: str, told: int) -> None:
    came = Answer(200, {**SHIELDED, "Server": server}, b"{}")
    assert len(find_missing_security_headers("", came, personal=True)) == told


def test_a_header_that_is_not_judged_is_not_judged_anywhere() -> None:
    """The reason stands in the settings once: `headers.not_judged`."""
    bare = {name: value for name, value in SHIELDED.items() if name != "Referrer-Policy"}
    came = Answer(200, {**bare, "Server": "nginx/1.25.3", "X-Powered-By": "PHP/8.3"}, b"{}")
    kept = ["server", "referrer-policy"]
    (finding,) = find_missing_security_headers("", came, personal=True, not_judged=kept)
    assert finding.subject == "x-powered-by"


def test_refusals_in_the_same_words_cannot_be_told_apart() -> None:
    one, again = (
        answer(401, {"detail": "no", "request_id": "1"}),
        answer(401, {"detail": "no", "request_id": "2"}),
    )
    assert find_distinguishing_fields(one, again, volatile=find_changed_fields(one, again)) == []


@pytest.mark.parametrize(
    ("other", "field"),
    [
        (answer(403, {"detail": "no", "request_id": "3"}), "status"),
        (answer(401, {"detail": "no such user", "request_id": "3"}), "body.detail"),
        (answer(401, {"detail": "no", "request_id": "3", "hint": "password"}), "body.hint"),
        (answer(401, {"detail": "no", "request_id": "3"}, **{"x-known-user": "1"}), "headers"),
        (
            answer(401, {"detail": "no", "request_id": "3"}, **{"content-type": "text/html"}),
            "media type",
        ),
    ],
)
def test_refusals_in_other_words_are_told_apart(other: Answer, field: str) -> None:
    one, again = (
        answer(401, {"detail": "no", "request_id": "1"}),
        answer(401, {"detail": "no", "request_id": "2"}),
    )
    findings = find_distinguishing_fields(one, other, volatile=find_changed_fields(one, again))
    assert [finding.subject for finding in findings] == [field]
