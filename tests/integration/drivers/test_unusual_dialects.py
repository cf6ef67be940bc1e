"""Rules of what a mapping can say of a backend far from the default dialect: prerequisites, files
in steps, lists, its document, its pages.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.factory import connect
from cutover_gates.drivers.rest.mapping import load_mapping
from cutover_gates.drivers.rest.rest_driver import RestDriver
from cutover_gates.hospital import (
    Credentials,
    MappingError,
    PatientDraft,
    PatientQuery,
    Reason,
    Rejected,
    Session,
    Upload,
)
from cutover_gates.hospital.matchers.answer_checks import find_auth_problem
from tests.findings import finding_values
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
PATIENT = {
    "id": "p1",
    "mrn": "MRN-1",
    "family_name": "F",
    "given_name": "G",
    "birth_date": "1980-02-29",
    "sex": "female",
    "version": 1,
}
VISIT = {"id": "v1", "patient_id": "p1", "status": "open", "reason": "pain"}
OPEN = {
    "method": "POST",
    "path": "/patients/{{ patient.id }}/visits",
    "json": {"where": "{{ ward }}"},
}
LOOKED_UP = {
    "setup": [{"path": "/wards", "capture": {"ward": "[0].id"}}],
    "operations": {"open_visit": OPEN},
}
STRANGER = Session("nobody", "made-up")


def only_for(user: str) -> Callable[[ReceivedRequest], Reply]:
    """A list of wards that one user's token opens."""
    return lambda asked: (
        json_reply([{"id": "w7"}])
        if asked.headers.get("authorization") == f"Bearer {user}-token"
        else problem("forbidden", 403)
    )


def sign_in(target: HttpServerStandin, driver: RestDriver, user: str) -> Session:
    target.answers["POST /api/v1/auth/sign-in"] = json_reply(
        {"access_token": f"{user}-token", "refresh_token": "r", "expires_in": 60}
    )
    return driver.sign_in(Credentials(user, "password"))


# ── prerequisites ──


def test_only_an_operation_that_uses_them_looks_prerequisites_up(
    target: HttpServerStandin, driver: Make, session: Session
) -> None:
    target.answers |= {
        "GET /api/v1/patients/p1": json_reply(PATIENT),
        "GET /api/v1/wards": json_reply([{"id": "w7"}]),
        "POST /api/v1/patients/p1/visits": json_reply(VISIT, 201),
    }
    mapped = driver(LOOKED_UP)
    mapped.patient(session, "p1")
    assert target.paths() == ["GET /api/v1/patients/p1"]
    mapped.open_visit(session, "p1", "pain")
    assert target.asked[-1].json == {"where": "w7"}


def test_a_stranger_is_refused_by_the_operation_and_not_by_what_must_be_looked_up_first(
    target: HttpServerStandin, driver: Make
) -> None:
    """Somebody who is inside looks it up for him: else nobody could see that the operation itself
    is locked.
    """
    target.answers |= {
        "GET /api/v1/wards": only_for("clinician"),
        "POST /api/v1/patients/p1/visits": problem("unauthenticated", 401),
    }
    mapped = driver(LOOKED_UP)
    sign_in(target, mapped, "clinician")
    with pytest.raises(Rejected) as told:
        mapped.open_visit(STRANGER, "p1", "pain")
    assert told.value.reason is Reason.UNAUTHENTICATED
    assert target.asked[-1].json == {"where": "w7"}


def test_where_nobody_may_look_it_up_the_mapping_is_blamed(
    target: HttpServerStandin, driver: Make
) -> None:
    target.answers["GET /api/v1/wards"] = problem("forbidden", 403)
    with pytest.raises(MappingError, match=r"setup\[0\]: nobody was refused here: forbidden"):
        driver(LOOKED_UP).open_visit(STRANGER, "p1", "pain")


def test_prerequisites_are_looked_up_once_for_all_whose_sign_in_captured_the_same(
    target: HttpServerStandin, driver: Make
) -> None:
    """Two of one site share them; whoever signs in at another has his own."""
    token = {"access_token": "t", "refresh_token": "r", "expires_in": 60}
    table = {
        "setup": [{"path": "/sites/{{ site }}/wards", "capture": {"ward": "id"}}],
        "operations": {
            "open_visit": OPEN,
            "sign_in": {"method": "POST", "path": "/auth/sign-in", "capture": {"site": "site"}},
        },
    }
    mapped = driver(table)
    for site in ("a", "a", "b"):
        target.answers |= {
            "POST /api/v1/auth/sign-in": json_reply({**token, "site": site}),
            f"GET /api/v1/sites/{site}/wards": json_reply({"id": f"w-{site}"}),
            "POST /api/v1/patients/p1/visits": json_reply(VISIT, 201),
        }
        mapped.open_visit(mapped.sign_in(Credentials(f"anna-{site}", "password")), "p1", "pain")
        assert target.asked[-1].json == {"where": f"w-{site}"}
    assert [path for path in target.paths() if path.endswith("wards")] == [
        "GET /api/v1/sites/a/wards",
        "GET /api/v1/sites/b/wards",
    ]


@pytest.mark.parametrize("name", ["key", "draft", "upload", "page", "visit", "session", "run"])
def test_nothing_is_captured_under_a_name_that_means_something(name: str) -> None:
    with pytest.raises(MappingError, match="that name is taken"):
        load_mapping(
            {
                "extends": "default",
                "operations": {"open_visit": {**OPEN, "json": {}, "capture": {name: "id"}}},
            }
        )


def test_what_a_draft_becomes_is_told_before_anybody_has_signed_in(driver: Make) -> None:
    """Also where to register somebody takes what only a sign-in or the set-up knows."""
    register = {
        "method": "POST",
        "path": "/people",
        "let": {"place": "{{ ward }}"},
        "json": {"at": "{{ place }}"},
    }
    mapped = driver(
        {
            **LOOKED_UP,
            "operations": {"register": register},
            "becomes": {"family_name": "{{ draft.family_name | upper }}"},
        }
    )
    draft = PatientDraft("MRN-1", "Okafor", "Ada", date(1980, 2, 29))
    assert mapped.features.stored_form(draft).family_name == "OKAFOR"


# ── a file in steps ──


def test_the_step_that_is_cut_is_the_one_that_carries_the_file(
    target: HttpServerStandin, driver: Make, session: Session
) -> None:
    """The step after it, which says that all of it is there, is never sent."""
    heard: list[bytes] = []
    with running_socket_server(
        lambda connection: heard.append(connection.makefile("rb").read())
    ) as store:
        target.answers["POST /api/v1/files"] = json_reply(
            {"id": "f1", "place": f"{store}/f1?signature=s"}, 201
        )
        steps = [
            {
                "method": "POST",
                "path": "/files",
                "json": {"name": "{{ upload.file_name }}"},
                "capture": {"file": "id", "place": "place"},
            },
            {"method": "PUT", "url": "{{ place }}", "bytes": "{{ upload.content }}"},
            {"method": "POST", "path": "/files/{{ file }}/complete"},
        ]
        driver({"operations": {"upload": {"steps": steps}}}).cut_upload(
            session, "p1", Upload("a.txt", "text/plain", b"x" * 1000)
        )
    head, _, body = heard[0].partition(b"\r\n\r\n")
    assert head.startswith(b"PUT /f1?signature=s HTTP/1.1")
    assert b"authorization" not in head.lower()
    assert body == b"x" * 500
    assert target.paths() == ["POST /api/v1/files"]


# ── lists ──

SEARCH: dict[str, Any] = {"path": "/people", "items": "@", "answer": {"version": "version"}}


def test_a_count_may_stand_in_a_header(
    target: HttpServerStandin, driver: Make, session: Session
) -> None:
    target.answers["GET /api/v1/people"] = json_reply([PATIENT], X_Total_Count="1")
    mapped = driver({"operations": {"search": {**SEARCH, "total": "header:X-Total-Count"}}})
    assert [patient.id for patient in mapped.search(session, PatientQuery())] == ["p1"]
    target.answers["GET /api/v1/people"] = json_reply([PATIENT], X_Total_Count="2")
    with pytest.raises(AssertionError, match="2 entries, as its count says"):
        mapped.search(session, PatientQuery())


def test_the_next_page_is_asked_for_with_the_headers_of_the_first(
    target: HttpServerStandin, driver: Make, session: Session
) -> None:
    """A target that wants to know the site in every request wants it here, too."""
    target.answers |= {
        "GET /api/v1/people": json_reply([PATIENT], Link='</api/v1/more>; rel="next"'),
        "GET /api/v1/more": json_reply([{**PATIENT, "id": "p2"}]),
    }
    search = {
        **SEARCH,
        "headers": {"X-Site": "north"},
        "paging": {"style": "link", "next": "header:Link"},
    }
    assert len(driver({"operations": {"search": search}}).search(session, PatientQuery())) == 2
    assert [
        (asked.headers["x-site"], asked.headers["authorization"]) for asked in target.asked
    ] == [("north", f"Bearer {session.access}")] * 2


ROWS = [
    {**PATIENT, "id": f"p{number}", "active": number % 3 == 0 or number > 8} for number in range(12)
]
"""The second page of four, by pages of two, has no active row."""


def people_from(asked: ReceivedRequest) -> Reply:
    """Two rows from the offset, or of the page, that is asked for."""
    start = int(asked.query.get("skip", 0)) or 2 * (int(asked.query.get("page", 1)) - 1)
    rows = ROWS[start : start + 2]
    return json_reply({"data": {"rows": rows}, "all": len(ROWS)})


FILTERS = {
    "a filter": "data.rows[?active]",
    "a filter and a sort": "sort_by(data.rows[?active], &id)",
    "a filter behind a pipe": "data | rows[?active] | [:5]",
    "a projection": "data.rows[?active].{id: id, mrn: mrn, family_name: family_name, "
    "given_name: given_name, birth_date: birth_date, sex: sex, version: version}",
}


@pytest.mark.parametrize("style", ["offset", "page"])
@pytest.mark.parametrize("items", FILTERS.values(), ids=FILTERS)
def test_what_a_filter_leaves_out_counts_as_read(
    target: HttpServerStandin, driver: Make, session: Session, items: str, style: str
) -> None:
    """The next page begins after all rows of this one, and one of which nothing is taken is not
    the last.
    """
    target.answers["GET /api/v1/people"] = people_from
    position = {"offset": {"skip": "{{ page.offset }}"}, "page": {"page": "{{ page.number }}"}}
    search = {
        **SEARCH,
        "items": items,
        "total": "all",
        "query": position[style],
        "paging": {"style": style, "size": 2},
    }
    found = driver({"operations": {"search": search}}).search(session, PatientQuery())
    assert [one.id for one in found] == [row["id"] for row in ROWS if row["active"]]


# ── its own document, its own pages ──

DOCUMENT = {
    "openapi": "3.0.3",
    "paths": {
        "/people/{person}": {
            "get": {
                "security": [{"t": []}],
                "parameters": [{"name": "person", "in": "path"}],
                "responses": {"200": {}},
            }
        },
        "/papers": {
            "get": {
                "security": [{"t": []}],
                "parameters": [{"name": "person", "in": "query", "required": True}],
                "responses": {"200": {}},
            }
        },
    },
}


def test_a_documents_own_names_for_ids_are_told_in_ours(
    target: HttpServerStandin, driver: Make
) -> None:
    """A check speaks of patient_id, in paths and in queries; the target is asked by its own name."""
    target.answers |= {
        "GET /openapi.json": json_reply(DOCUMENT),
        "GET /people/p1": json_reply({}),
        "GET /papers": json_reply({}),
    }
    mapped = driver({"parameters": {"person": "patient_id"}})
    one, papers = mapped.operations()
    assert one.path == "/people/{patient_id}"
    mapped.attempt(one, None, {"patient_id": "p1"})
    mapped.attempt(papers, None, {"patient_id": "p1"})
    assert (target.asked[-2].path, target.asked[-1].query) == ("/people/p1", {"person": "p1"})


def test_a_lock_is_seen_by_what_the_mapping_says_whatever_the_status(
    target: HttpServerStandin, driver: Make
) -> None:
    """400 for a stranger, told apart from 400 for an invalid request."""
    target.answers |= {
        "GET /openapi.json": json_reply(DOCUMENT),
        "GET /people/p1": json_reply({"errors": {"session": "who?"}}, 400),
    }
    mapped = driver({"refusals": {"unauthenticated": {"status": [400], "where": "errors.session"}}})
    operation = mapped.operations()[0]
    assert find_auth_problem("", mapped.attempt(operation, None, {"person": "p1"})) is None
    target.answers["GET /people/p1"] = json_reply({"errors": {"born": "when?"}}, 400)
    finding = find_auth_problem("person", mapped.attempt(operation, None, {"person": "p1"}))
    assert finding is not None
    assert finding_values(finding) == ("person", "HTTP 401 or 403", "HTTP 400")


def test_what_an_error_page_says_is_the_message(
    target: HttpServerStandin, driver: Make, session: Session
) -> None:
    """Its words, without its markup; an empty page has none."""
    page = (
        b"<html><head><title>Clinic</title><style>p {}</style></head><body><h1>Not for"
        b" you</h1><p>Ask the desk.</p></body></html>"
    )
    target.answers["GET /api/v1/patients/p1"] = (403, {"Content-Type": "text/html"}, page)
    with pytest.raises(Rejected) as told:
        driver().patient(session, "p1")
    assert told.value.message == "Not for you Ask the desk."


def test_a_secret_stands_where_the_mapping_says(
    target: HttpServerStandin, recorder: Recorder, session: Session
) -> None:
    """An API key in a header of every request, also of those without a token; another host never
    sees it.
    """
    target.answers |= {
        "GET /api/v1/patients/p1": json_reply(PATIENT),
        "GET /openapi.json": json_reply(DOCUMENT),
        "GET /people/p1": json_reply({}),
    }
    with running_http_standin() as elsewhere:
        elsewhere.answers["GET /version"] = json_reply({"release": "1"})
        table = {
            "extends": "default",
            "headers": {"X-Key": "{{ secret.api_key }}"},
            "operations": {
                "release": {"url": f"{elsewhere.url}/version", "answer": {"release": "release"}}
            },
        }
        driver = connect(
            target.url,
            recorder=recorder,
            run_tag="run-1",
            mapping=table,
            secrets={"api_key": "sesame-open"},
        )
        driver.patient(session, "p1")
        driver.attempt(driver.operations()[0], None, {"person": "p1"})
        driver.release()
    assert [asked.headers.get("x-key") for asked in target.asked] == ["sesame-open"] * 3
    assert "x-key" not in elsewhere.asked[0].headers


def test_a_header_of_every_request_knows_only_what_every_request_has() -> None:
    with pytest.raises(
        MappingError, match=r"headers\.X-Site = '\{\{ site \}\}': there is no variable 'site' here"
    ):
        load_mapping({"extends": "default", "headers": {"X-Site": "{{ site }}"}})


# ── sign-ins ──


def test_trying_the_documented_sign_in_takes_a_turn_too(
    target: HttpServerStandin, driver: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The target counts it like any other."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    document = {
        "openapi": "3.0.3",
        "paths": {
            "/api/v1/auth/sign-in": {"post": {"responses": {"200": {}}}},
            "/other": {"post": {"responses": {}}},
        },
    }
    target.answers |= {
        "GET /openapi.json": json_reply(document),
        "POST /api/v1/auth/sign-in": problem("unauthenticated", 401),
        "POST /other": json_reply({}),
    }
    mapped = driver({"token": {"sign_ins_per_minute": 5}})
    for operation in mapped.operations():
        mapped.attempt(operation, None)
    (times,) = tmp_path.glob("*/*.json")
    assert len(json.loads(times.read_text(encoding="ascii"))) == 1


def test_one_limit_of_sign_ins_is_given(driver: Make) -> None:
    with pytest.raises(MappingError, match="give one of sign_ins_per_minute and sign_in_limit"):
        driver(
            {"token": {"sign_ins_per_minute": 5, "sign_in_limit": {"sign_ins": 1, "seconds": 2}}}
        )
