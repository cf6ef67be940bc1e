"""Rules of the REST driver: how it speaks the default dialect, and how far a mapping can lead it
from there.
"""

from __future__ import annotations

import base64
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.factory import connect
from cutover_gates.drivers.rest.rest_driver import RestDriver
from cutover_gates.hospital import (
    Credentials,
    Document,
    MappingError,
    PatientDraft,
    PatientQuery,
    ProtocolViolation,
    Reason,
    Rejected,
    Session,
    Sex,
    Transition,
    Unsupported,
    Upload,
    Visit,
    VisitStatus,
)
from tests.standins.http_server import (
    HttpServerStandin,
    ReceivedRequest,
    Reply,
    json_reply,
    problem,
    running_http_standin,
    running_socket_server,
)

Make = Callable[..., RestDriver]
DRAFT = PatientDraft("MRN-1", "Łukášová", "Zoë", date(1980, 2, 29), Sex.FEMALE)
PATIENT = {
    "id": "p1",
    "mrn": "MRN-1",
    "family_name": "Łukášová",
    "given_name": "Zoë",
    "birth_date": "1980-02-29",
    "sex": "female",
}
VISIT = {"id": "v1", "patient_id": "p1", "status": "open", "reason": "pain"}
FILE = Upload("scan.pdf", "application/pdf", b"%PDF-\x00\xff")


def test_a_patient_is_registered_and_read_back_as_sent(
    target: HttpServerStandin, driver: Make, session: Session
) -> None:
    """With the token, the idempotency key and the run's tag in the request; with the version from
    the ETag in the value.
    """
    target.answers["POST /api/v1/patients"] = json_reply(
        {**PATIENT, "phone": None}, 201, ETag='"1"'
    )
    patient = driver().register(session, DRAFT, idempotency_key="key-1")
    assert patient.draft == DRAFT
    assert (patient.id, patient.version) == ("p1", '"1"')
    (asked,) = target.asked
    assert asked.headers["authorization"] == f"Bearer {session.access}"
    assert asked.headers["idempotency-key"] == "key-1"
    assert asked.json == {
        **{key: value for key, value in PATIENT.items() if key != "id"},
        "phone": None,
        "address": None,
        "tag": "run-1",
    }


def test_a_header_that_comes_out_as_null_is_left_out(
    target: HttpServerStandin, driver: Make, session: Session
) -> None:
    """No idempotency key, no header."""
    target.answers["POST /api/v1/patients"] = json_reply(PATIENT, 201)
    driver().register(session, DRAFT)
    assert "idempotency-key" not in target.asked[0].headers


def test_an_id_stays_one_segment_of_the_path(
    target: HttpServerStandin, driver: Make, session: Session
) -> None:
    """Whatever a check makes up."""
    with pytest.raises(Rejected):
        driver().patient(session, "../admin?x=1#y")
    assert target.asked[0].path == "/api/v1/patients/..%2Fadmin%3Fx%3D1%23y"


def test_a_declared_refusal_is_told_by_its_reason(
    target: HttpServerStandin, driver: Make, session: Session
) -> None:
    """Two reasons with one status are told apart by the body."""
    for slug, status in (
        ("duplicate", 409),
        ("illegal-transition", 409),
        ("stale", 412),
        ("invalid", 422),
        ("unauthenticated", 401),
    ):
        target.answers["POST /api/v1/patients"] = problem(slug, status)
        with pytest.raises(Rejected) as told:
            driver().register(session, DRAFT)
        assert told.value.reason == slug
        assert told.value.message == f"it is {slug}"
        assert told.value.answer.status == status


def test_an_undeclared_status_is_a_misbehaviour_that_can_be_repeated(
    target: HttpServerStandin, driver: Make, session: Session
) -> None:
    """What was expected, what came, which line expects it, and the curl; no token."""
    target.answers["POST /api/v1/patients"] = problem("oops", 500)
    with pytest.raises(ProtocolViolation) as told:
        driver().register(session, DRAFT)
    violation = told.value
    assert violation.finding.subject == "register: POST /api/v1/patients"
    assert violation.finding.expected.startswith("HTTP 201")
    assert violation.finding.actual.startswith("HTTP 500 (application/json")
    assert violation.mapping_line.startswith("operations.register.expect = [201]")
    assert violation.finding.reproduce.startswith("curl -sS -X POST")
    assert "$TOKEN" in violation.finding.reproduce
    assert session.access not in str(violation)


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (json_reply({**PATIENT, "id": None}), "answers.patient.id = 'id'"),
        (
            json_reply({key: value for key, value in PATIENT.items() if key != "mrn"}),
            "answers.patient.mrn = 'mrn'",
        ),
        (
            json_reply({**PATIENT, "birth_date": "soon"}),
            "answers.patient.birth_date = 'birth_date'",
        ),
        (json_reply({**PATIENT, "sex": "F"}), "[words.sex]"),
        (json_reply({**PATIENT, "family_name": {"a": 1}}), "answers.patient.family_name"),
        (json_reply([]), "answers.patient.mrn"),
        ((200, {"Content-Type": "application/json"}, b'{"id": '), "operations.patient"),
        ((200, {"Content-Type": "text/html"}, b"<html>"), "answers.patient.mrn"),
    ],
)
def test_an_answer_that_breaks_the_promise_names_the_mappings_line_as_well(
    target: HttpServerStandin, driver: Make, session: Session, answer: Reply, line: str
) -> None:
    """A target's defect and a mapping's mistake look alike here, so the reader is shown both."""
    target.answers["GET /api/v1/patients/p1"] = answer
    with pytest.raises(ProtocolViolation) as told:
        driver().patient(session, "p1")
    violation = told.value
    assert line in f"{violation.mapping_line} {violation.finding.expected}"
    assert violation.mapping_line


def hang_up(connection: socket.socket) -> None:
    connection.recv(100)


def test_no_answer_is_a_misbehaviour(recorder: Recorder, session: Session) -> None:
    """Of the target, with the error in words."""
    with running_socket_server(hang_up) as url, pytest.raises(ProtocolViolation, match="no answer"):
        connect(url, recorder=recorder, run_tag="run-1").patient(session, "p1")


def test_a_sign_in_in_two_steps_goes_on_with_the_second_token(
    target: HttpServerStandin, driver: Make
) -> None:
    """Sign in, choose a facility, and speak with what came of it; the facility stays a variable of
    the session.
    """
    table = {
        "token": {"header": "X-Session", "value": "Token {{ token }}"},
        "answers": {"session": {"access": "token", "refresh": "nothing", "lifetime": "{{ 600 }}"}},
        "operations": {
            "sign_in": {
                "steps": [
                    {
                        "method": "POST",
                        "path": "/login",
                        "form": {
                            "user": "{{ credentials.username }}",
                            "pw": "{{ credentials.password }}",
                        },
                        "capture": {"first_token": "token", "facility": "facilities[0].id"},
                    },
                    {
                        "method": "POST",
                        "path": "/facility/{{ facility }}",
                        "headers": {"X-Session": "Token {{ first_token }}"},
                    },
                ]
            },
            "patient": {
                "path": "/patients/{{ patient.id }}",
                "query": {"facility": "{{ facility }}"},
            },
        },
    }
    target.answers = {
        "POST /api/v1/login": json_reply({"token": "first", "facilities": [{"id": 7}]}),
        "POST /api/v1/facility/7": json_reply({"token": "second"}),
        "GET /api/v1/patients/p1": json_reply(PATIENT),
    }
    hospital = driver(table)
    session = hospital.sign_in(Credentials("anna", "secret word"))
    assert (session.access, session.expires_in, session.variables["facility"]) == (
        "second",
        600.0,
        7,
    )
    hospital.patient(session, "p1")
    assert target.asked[0].body == b"user=anna&pw=secret+word"
    assert target.asked[1].headers["x-session"] == "Token first"
    assert target.asked[2].headers["x-session"] == "Token second"
    assert target.asked[2].query == {"facility": "7"}


def test_an_error_inside_a_200_is_a_refusal(
    target: HttpServerStandin, driver: Make, session: Session
) -> None:
    """Conditions over the body are tried before the status is believed."""
    table = {
        "refusals": {
            "duplicate": {"where": "error.code == 'EXISTS'"},
            "invalid": [{"status": [400]}, {"where": "error.code == 'BAD'"}],
        },
        "error": {"message": "error.text"},
    }
    target.answers["POST /api/v1/patients"] = json_reply(
        {"error": {"code": "EXISTS", "text": "there already"}}, 201
    )
    with pytest.raises(Rejected, match=r"duplicate .HTTP 201.: there already"):
        driver(table).register(session, DRAFT)
    target.answers["POST /api/v1/patients"] = json_reply(
        {"error": {"code": "BAD", "text": "no"}}, 201
    )
    with pytest.raises(Rejected, match="invalid"):
        driver(table).register(session, DRAFT)


def test_one_status_means_another_thing_in_another_operation(
    target: HttpServerStandin, driver: Make, session: Session
) -> None:
    """400 at sign-in is a wrong password, elsewhere an invalid request; an HTML page is told by its
    text.
    """
    table = {
        "refusals": {
            "invalid": {"status": [400]},
            "unauthenticated": [
                {"status": [400], "operations": ["sign_in"]},
                {"status": [403], "text": "log in again"},
            ],
        }
    }
    hospital = driver(table)
    target.answers["POST /api/v1/auth/sign-in"] = target.answers["POST /api/v1/patients"] = (
        json_reply({}, 400)
    )
    with pytest.raises(Rejected) as told:
        hospital.sign_in(Credentials("a", "b"))
    assert told.value.reason is Reason.UNAUTHENTICATED
    with pytest.raises(Rejected) as told:
        hospital.register(session, DRAFT)
    assert told.value.reason is Reason.INVALID
    target.answers["POST /api/v1/patients"] = (
        403,
        {"Content-Type": "text/html"},
        b"<p>Please log in again</p>",
    )
    with pytest.raises(Rejected) as told:
        hospital.register(session, DRAFT)
    assert told.value.reason is Reason.UNAUTHENTICATED


def many(number: int) -> list[dict[str, Any]]:
    return [{**PATIENT, "id": f"p{index}", "version": 1} for index in range(number)]


def page_of(asked: ReceivedRequest) -> Reply:
    number, size = int(asked.query["page"]), 3  # smaller than asked for: a target may cap it
    return json_reply({"items": many(7)[(number - 1) * size : number * size], "total": 7})


def offset_of(asked: ReceivedRequest) -> Reply:
    return json_reply(
        {
            "rows": many(7)[
                int(asked.query["skip"]) : int(asked.query["skip"]) + int(asked.query["take"])
            ]
        }
    )


def cursor_of(asked: ReceivedRequest) -> Reply:
    start = int(asked.query.get("after", "0"))
    return json_reply(
        {"rows": many(7)[start : start + 3], "next": str(start + 3) if start + 3 < 7 else None}
    )


def link_of(asked: ReceivedRequest) -> Reply:
    start = int(asked.query.get("from", "0"))
    rows = many(7)[start : start + 3]
    return (
        json_reply(rows, Link=f'</api/v1/patients?from={start + 3}>; rel="next"')
        if start + 3 < 7
        else json_reply(rows)
    )


PAGES: dict[str, tuple[Callable[[ReceivedRequest], Reply], dict[str, Any] | None]] = {
    "page": (page_of, None),
    "offset": (
        offset_of,
        {
            "items": "rows",
            "query": {"skip": "{{ page.offset }}", "take": "{{ page.size }}"},
            "paging": {"style": "offset", "size": 3},
        },
    ),
    "cursor": (
        cursor_of,
        {
            "items": "rows",
            "query": {"after": "{{ page.cursor }}"},
            "paging": {"style": "cursor", "next": "next"},
        },
    ),
    "link": (link_of, {"items": "@", "paging": {"style": "link", "next": "header:Link"}}),
}


@pytest.mark.parametrize(("answer", "search"), PAGES.values(), ids=PAGES.keys())
def test_all_pages_are_walked(
    target: HttpServerStandin,
    driver: Make,
    session: Session,
    answer: Callable[[ReceivedRequest], Reply],
    search: dict[str, Any] | None,
) -> None:
    """In each style, with the token on each page."""
    target.answers["GET /api/v1/patients"] = answer
    table = None if search is None else {"operations": {"search": {"path": "/patients", **search}}}
    found = driver(table).search(session, PatientQuery(name="x"))
    assert [patient.id for patient in found] == [f"p{index}" for index in range(7)]
    assert all(
        asked.headers["authorization"] == f"Bearer {session.access}" for asked in target.asked
    )


def test_a_page_that_only_repeats_is_a_misbehaviour(
    target: HttpServerStandin, driver: Make, session: Session
) -> None:
    """A target that ignores the page number would be asked for ever."""
    target.answers["GET /api/v1/patients"] = json_reply({"items": many(3), "total": 7})
    with pytest.raises(ProtocolViolation, match="on a page before"):
        driver().search(session, PatientQuery())


def test_fewer_entries_than_the_count_says_is_a_misbehaviour(
    target: HttpServerStandin, driver: Make, session: Session
) -> None:
    """Somebody is missing from the list."""
    target.answers["GET /api/v1/patients"] = lambda asked: json_reply(
        {"items": many(3) if asked.query["page"] == "1" else [], "total": 7}
    )
    with pytest.raises(ProtocolViolation, match="expected 7 entries"):
        driver().search(session, PatientQuery())


def test_the_token_does_not_follow_a_link_to_another_host(
    target: HttpServerStandin, driver: Make, session: Session
) -> None:
    """The next page may be anywhere; the token is the target's."""
    with running_http_standin() as elsewhere:
        elsewhere.answers["GET /more"] = json_reply(many(7)[3:])
        target.answers["GET /api/v1/patients"] = json_reply(
            many(3), Link=f'<{elsewhere.url}/more>; rel="next"'
        )
        table = {
            "operations": {
                "search": {
                    "path": "/patients",
                    "items": "@",
                    "paging": {"style": "link", "next": "header:Link"},
                }
            }
        }
        assert len(driver(table).search(session, PatientQuery())) == 7
        assert "authorization" not in elsewhere.asked[0].headers


def test_a_whole_template_keeps_its_type(
    target: HttpServerStandin, driver: Make, session: Session
) -> None:
    """Numbers, lists and null as such; inside other text they become text; nulls may be left out."""
    table = {
        "operations": {
            "register": {
                "method": "POST",
                "path": "/patients",
                "leave_out_nulls": True,
                "let": {"number": "{{ unique_number() }}"},
                "json": {
                    "year": "{{ draft.birth_date.year }}",
                    "label": "year {{ draft.birth_date.year }}",
                    "born": "{{ draft.birth_date.strftime('%d/%m/%Y') }}",
                    "names": ["{{ draft.given_name }}", "{{ draft.family_name | upper }}"],
                    "phone": "{{ draft.phone }}",
                    "sex": "{{ draft.sex }}",
                    "one": "{{ number }}",
                    "two": "{{ number }}",
                    "fixed": 3,
                },
            }
        },
        "words": {"sex": {"female": ["F", "W"], "male": "M"}},
    }
    target.answers["POST /api/v1/patients"] = json_reply({**PATIENT, "sex": "W"}, 201)
    assert driver(table).register(session, DRAFT).sex is Sex.FEMALE
    sent = target.asked[0].json
    assert isinstance(sent["one"], int)
    assert sent.pop("one") == sent.pop("two")
    assert sent == {
        "year": 1980,
        "label": "year 1980",
        "born": "29/02/1980",
        "names": ["Zoë", "ŁUKÁŠOVÁ"],
        "sex": "F",
        "fixed": 3,
    }


def test_values_that_come_back_changed_are_declared(
    target: HttpServerStandin, driver: Make, session: Session
) -> None:
    """Read by a template, and said in advance what they become."""
    table = {
        "answers": {
            "patient": {
                "id": "no",
                "family_name": "{{ body.name.split(', ')[0] }}",
                "given_name": "{{ body.name.split(', ')[1] }}",
                "birth_date": "{{ body.dob | to_date('%d/%m/%Y') }}",
            }
        },
        "becomes": {"family_name": "{{ draft.family_name | upper }}", "phone": None},
    }
    target.answers["POST /api/v1/patients"] = json_reply(
        {"no": 17, "mrn": "MRN-1", "name": "ŁUKÁŠOVÁ, Zoë", "dob": "29/02/1980", "sex": "female"},
        201,
    )
    hospital = driver(table)
    sent = replace(DRAFT, phone="1")
    patient = hospital.register(session, sent)
    assert patient.id == "17"
    assert patient.draft == hospital.features.stored_form(sent)


def test_a_document_may_take_many_steps(
    target: HttpServerStandin, driver: Make, session: Session
) -> None:
    """Metadata, the bytes to another host without the token, mark as completed; then a link to get
    it.
    """
    with running_http_standin() as store:
        store.answers = {
            "PUT /blob/9": (200, {}, b""),
            "GET /blob/9": (200, {"Content-Type": "application/pdf"}, FILE.content),
        }
        table = {
            "operations": {
                "upload": {
                    "steps": [
                        {
                            "method": "POST",
                            "path": "/files",
                            "json": {"name": "{{ upload.file_name }}", "size": "{{ upload.size }}"},
                            "capture": {"file": "id", "place": "upload_url"},
                        },
                        {
                            "method": "PUT",
                            "url": "{{ place }}",
                            "bytes": "{{ upload.content }}",
                            "headers": {"Content-Type": "{{ upload.media_type }}"},
                        },
                        {"method": "POST", "path": "/files/{{ file }}/complete"},
                    ],
                    "answer": {"id": "{{ file }}", "patient_id": "{{ patient.id }}"},
                },
                "content": {
                    "steps": [
                        {"path": "/files/{{ document.id }}/link", "capture": {"link": "url"}},
                        {"url": "{{ link }}"},
                    ]
                },
            }
        }
        target.answers = {
            "POST /api/v1/files": json_reply({"id": 9, "upload_url": f"{store.url}/blob/9"}),
            "POST /api/v1/files/9/complete": json_reply(
                {"file_name": "scan.pdf", "media_type": "application/pdf"}
            ),
            "GET /api/v1/files/9/link": json_reply({"url": f"{store.url}/blob/9"}),
        }
        hospital = driver(table)
        document = hospital.upload(session, "p1", FILE)
        assert document == Document("9", "p1", "scan.pdf", "application/pdf")
        assert hospital.content(session, document) == FILE.content
        assert store.asked[0].body == FILE.content
        assert all("authorization" not in asked.headers for asked in store.asked)
        assert all("authorization" in asked.headers for asked in target.asked)


def test_the_token_is_never_sent_to_another_host(driver: Make, session: Session) -> None:
    """Not even when the mapping asks for it."""
    with running_http_standin() as elsewhere:
        table = {"operations": {"content": {"url": f"{elsewhere.url}/x", "token": True}}}
        with pytest.raises(MappingError, match="which is not the target"):
            driver(table).content(session, Document("d", "p", "f", "m"))
        assert elsewhere.asked == []


def test_bytes_may_travel_as_base64_in_json(
    target: HttpServerStandin, driver: Make, session: Session
) -> None:
    """There and back."""
    table = {
        "operations": {
            "upload": {"method": "POST", "path": "/files", "json": {"data": "{{ upload.base64 }}"}},
            "content": {"path": "/files/{{ document.id }}", "base64": "file.data"},
        }
    }
    encoded = base64.b64encode(FILE.content).decode()
    metadata = {
        "id": "d1",
        "patient_id": "p1",
        "file_name": "scan.pdf",
        "media_type": "application/pdf",
    }
    target.answers = {
        "POST /api/v1/files": json_reply(metadata),
        "GET /api/v1/files/d1": json_reply({"file": {"data": encoded}}),
    }
    hospital = driver(table)
    assert hospital.content(session, hospital.upload(session, "p1", FILE)) == FILE.content
    assert target.asked[0].json == {"data": encoded}


def test_a_multipart_upload_carries_name_type_bytes_and_tag(
    target: HttpServerStandin, driver: Make, session: Session
) -> None:
    """The file name as it is, path parts too: what the target makes of it is a check's business."""
    metadata = {
        "id": "d1",
        "patient_id": "p1",
        "file_name": "x",
        "media_type": "application/pdf",
        "size": 7,
        "sha256": "ab",
    }
    target.answers["POST /api/v1/patients/p1/documents"] = json_reply(metadata, 201)
    driver().upload(session, "p1", replace(FILE, file_name="../../x.pdf"))
    body = target.asked[0].body
    assert b'name="file"; filename="../../x.pdf"' in body
    assert b"Content-Type: application/pdf" in body
    assert FILE.content in body
    assert b'name="tag"\r\n\r\nrun-1' in body


def test_prerequisites_are_looked_up_once_and_only_when_needed(
    target: HttpServerStandin, driver: Make, session: Session
) -> None:
    """An auditor, who may not look them up, is not made to."""
    table = {
        "setup": [
            {"path": "/wards", "capture": {"ward": "[0].id"}},
            {"path": "/wards/{{ ward }}/codes", "capture": {"code": "code"}},
        ],
        "operations": {
            "open_visit": {
                "method": "POST",
                "path": "/visits",
                "json": {"ward": "{{ ward }}", "code": "{{ code }}"},
            }
        },
    }
    target.answers = {
        "GET /api/v1/wards": json_reply([{"id": 4}]),
        "GET /api/v1/wards/4/codes": json_reply({"code": "GEN"}),
        "POST /api/v1/visits": json_reply(VISIT),
        "GET /health/live": json_reply({"status": "live"}),
    }
    hospital = driver(table)
    assert hospital.live().healthy
    for _ in range(2):
        hospital.open_visit(session, "p1", "pain")
    assert target.paths() == [
        "GET /health/live",
        "GET /api/v1/wards",
        "GET /api/v1/wards/4/codes",
        "POST /api/v1/visits",
        "POST /api/v1/visits",
    ]
    assert target.asked[-1].json == {"ward": 4, "code": "GEN"}


def test_a_capture_that_finds_nothing_names_its_line(
    target: HttpServerStandin, driver: Make, session: Session
) -> None:
    """Target or mapping: the reader sees both."""
    steps = [{"path": "/a", "capture": {"thing": "data.id"}}, {"path": "/b/{{ thing }}"}]
    target.answers["GET /api/v1/a"] = json_reply({"data": {}})
    with pytest.raises(
        ProtocolViolation, match=r"operations.visit.steps\[0\].capture.thing = 'data.id'"
    ):
        driver({"operations": {"visit": {"steps": steps}}}).visit(session, "p1", "v1")


def test_a_path_that_never_worked_is_the_mappings_until_it_worked_once(
    target: HttpServerStandin, driver: Make
) -> None:
    """Then it is the target that changed. In the default dialect it is always the target."""
    hospital = driver({"operations": {"sign_in": {"method": "POST", "path": "/login"}}})
    with pytest.raises(
        MappingError,
        match=r"cutover.toml: operations.sign_in: POST .* answered HTTP 404; is the path right",
    ):
        hospital.sign_in(Credentials("a", "b"))
    target.answers["POST /api/v1/login"] = json_reply({"access_token": "x"})
    hospital.sign_in(Credentials("a", "b"))
    del target.answers["POST /api/v1/login"]
    with pytest.raises(ProtocolViolation):
        hospital.sign_in(Credentials("a", "b"))
    with pytest.raises(ProtocolViolation):
        driver().sign_in(Credentials("a", "b"))


def test_a_redirect_to_a_login_page_is_the_mappings(
    target: HttpServerStandin, driver: Make, session: Session
) -> None:
    """It says where it led, without the query."""
    target.answers["GET /api/v1/p"] = (302, {"Location": "/login?next=secret"}, b"")
    with pytest.raises(MappingError, match=r"redirected to /login; is the path right"):
        driver({"operations": {"patient": {"path": "/p"}}}).patient(session, "p1")


def test_what_is_not_offered_says_why(driver: Make, session: Session) -> None:
    """In the mapping's words, for the verdict."""
    with pytest.raises(Unsupported, match="cancel is not offered by this target: never here"):
        driver({"unsupported": {"cancel": "never here"}}).move(
            session, Visit("v", "p", VisitStatus.OPEN), Transition.CANCEL
        )


def test_health_tells_the_truth_about_a_503(target: HttpServerStandin, driver: Make) -> None:
    """Not healthy, with the target's words; another status is a misbehaviour."""
    target.answers["GET /health/ready"] = problem("database is away", 503)
    health = driver().ready()
    assert (health.healthy, health.detail) == (False, "it is database is away")
    target.answers["GET /health/ready"] = json_reply({}, 500)
    with pytest.raises(ProtocolViolation):
        driver().ready()


def test_cookies_are_never_kept(target: HttpServerStandin, driver: Make) -> None:
    """A session that the client remembered would sign in the request that must have none."""
    target.answers["GET /health/live"] = json_reply(
        {"status": "live"}, Set_Cookie="JSESSIONID=abc; Path=/"
    )
    hospital = driver()
    hospital.live()
    hospital.live()
    assert all("cookie" not in asked.headers for asked in target.asked)


def test_a_cut_upload_breaks_half_way(session: Session, recorder: Recorder) -> None:
    """The whole length is declared, half the body is sent, and the connection is gone when the call
    returns.
    """
    came = bytearray()

    def listen(connection: socket.socket) -> None:
        while chunk := connection.recv(65536):
            came.extend(chunk)

    with running_socket_server(listen) as url:
        connect(url, recorder=recorder, run_tag="run-1").cut_upload(
            session, "p1", Upload("a.txt", "text/plain", b"x" * 100_000)
        )
    head, _, body = bytes(came).partition(b"\r\n\r\n")
    declared = int(
        next(
            line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
        ).split(b":")[1]
    )
    assert declared > 100_000
    assert len(body) == declared // 2
    assert b"authorization: Bearer" in head.replace(b"Authorization", b"authorization")


OPENAPI = {
    "openapi": "3.1.0",
    "security": [{"bearer": []}],
    "paths": {
        "/api/v1/patients": {
            "post": {
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Patient"}}
                    }
                },
                "responses": {
                    "201": {"content": {"application/json": {}}},
                    "4XX": {"$ref": "#/components/responses/Problem"},
                },
            },
        },
        "/api/v1/patients/{patient_id}": {
            "parameters": [{"name": "patient_id", "in": "path", "required": True}],
            "get": {
                "parameters": [
                    {"name": "view", "in": "query", "required": True, "example": "full"}
                ],
                "responses": {"200": {}},
            },
        },
        "/health/live": {"get": {"security": [], "responses": {"200": {}}}},
    },
    "components": {
        "schemas": {
            "Patient": {
                "type": "object",
                "required": ["mrn", "born"],
                "properties": {
                    "mrn": {"type": "string"},
                    "born": {"type": "string", "format": "date"},
                    "tag": {"type": "string"},
                },
            }
        },
        "responses": {"Problem": {"content": {"application/problem+json": {}}}},
    },
}


@pytest.fixture
def described(target: HttpServerStandin) -> HttpServerStandin:
    target.answers["GET /openapi.json"] = json_reply(OPENAPI)
    return target


@pytest.mark.usefixtures("described")
def test_the_targets_own_document_tells_its_operations(driver: Make) -> None:
    """Which are protected, and which statuses and media types are documented."""
    create, read, live = driver().operations()
    assert (str(create), create.protected, live.protected, str(read)) == (
        "POST /api/v1/patients",
        True,
        False,
        "GET /api/v1/patients/{patient_id}",
    )
    assert {201, 404, 422} <= create.statuses
    assert 500 not in create.statuses
    assert create.media_types[404] == {"application/problem+json"}


def test_the_served_document_is_asked_for_each_time(
    described: HttpServerStandin, driver: Make
) -> None:
    """Each instance serves a document of its own, so one that was read before proves nothing."""
    load = driver().features.served_document
    assert load is not None
    before = len(described.asked)
    assert load() == load()
    assert len(described.asked) == before + 2


def test_an_operation_is_attempted_with_its_documented_example(
    described: HttpServerStandin, driver: Make, session: Session
) -> None:
    """Path values by name, required query parameters, unique fields made new, and the answer as it
    is.
    """
    hospital = driver()
    create, read, _ = hospital.operations()
    described.answers["POST /api/v1/patients"] = problem("duplicate", 409)
    answer = hospital.attempt(create, session, {"tag": "run-1"})
    assert answer.status == 409
    sent = described.asked[-1].json
    assert set(sent) == {"mrn", "born", "tag"}
    assert sent["tag"] == "run-1"
    hospital.attempt(create, None)
    assert described.asked[-1].json["mrn"] != sent["mrn"]
    assert "authorization" not in described.asked[-1].headers
    hospital.attempt(read, session, {"patient_id": "p 1"})
    assert (described.asked[-1].path, described.asked[-1].query) == (
        "/api/v1/patients/p%201",
        {"view": "full"},
    )
