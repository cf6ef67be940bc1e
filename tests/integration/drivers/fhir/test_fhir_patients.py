"""Patients of a FHIR server: made once, read truly, found on every page, and corrected over the
right version.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from cutover_gates.drivers.fhir.fhir_driver import FhirDriver
from cutover_gates.hospital import (
    MappingError,
    PatientDraft,
    PatientQuery,
    ProtocolViolation,
    Reason,
    Rejected,
    Session,
    Sex,
    Unsupported,
)
from tests.standins.fhir_answers import (
    a_patient,
    bundle,
    fhir_reply,
    find_request,
    operation_outcome,
    statement,
)
from tests.standins.http_server import HttpServerStandin, ReceivedRequest, Reply, json_reply

DRAFT = PatientDraft("m-1", "Okafor", "Ada Eze", date(1987, 3, 4), Sex.FEMALE, "+49301", "1 Road")


def test_what_is_sent_is_marked_and_made_once(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    """The run's tag, the record number with its system, and a condition."""
    target.answers["POST /Patient"] = fhir_reply(a_patient(), 201)
    fhir.register(session, DRAFT)
    sent = find_request(target, "POST /Patient")
    assert sent.json["meta"]["tag"] == [{"system": "urn:cutover:run", "code": "run-1"}]
    assert sent.json["identifier"] == [
        {"use": "usual", "system": "urn:cutover:mrn", "value": "m-1"}
    ]
    assert sent.headers["if-none-exist"] == "identifier=urn:cutover:mrn|m-1"
    assert sent.headers["authorization"] == f"Bearer {session.access}"


def test_the_settings_systems_are_used(
    target: HttpServerStandin, driver: Callable[..., FhirDriver], session: Session
) -> None:
    target.answers["POST /Patient"] = fhir_reply(a_patient(), 201)
    driver(mrn_system="http://h.example/mrn", tag_system="http://h.example/run").register(
        session, DRAFT
    )
    sent = find_request(target, "POST /Patient")
    assert (sent.json["identifier"][0]["system"], sent.json["meta"]["tag"][0]["system"]) == (
        "http://h.example/mrn",
        "http://h.example/run",
    )
    assert sent.headers["if-none-exist"] == "identifier=http://h.example/mrn|m-1"


def test_what_is_empty_is_left_out(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    target.answers["POST /Patient"] = fhir_reply(a_patient(), 201)
    fhir.register(session, PatientDraft("m-1", "", "", date(1987, 3, 4)))
    assert find_request(target, "POST /Patient").json["name"] == [{"use": "official"}]
    assert not {"telecom", "address"} & find_request(target, "POST /Patient").json.keys()


def test_a_patient_is_read_by_his_official_name(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    target.answers["GET /Patient/p1"] = fhir_reply(a_patient())
    found = fhir.patient(session, "p1")
    assert (found.mrn, found.family_name, found.given_name, found.birth_date, found.sex) == (
        "m-1",
        "Okafor",
        "Ada Eze",
        date(1987, 3, 4),
        Sex.FEMALE,
    )
    assert (found.id, found.version) == ("p1", 'W/"3"')


@pytest.mark.parametrize("text", ["1987", "1987-03", None])
def test_a_birth_date_that_is_not_whole_is_nobodys(
    target: HttpServerStandin, fhir: FhirDriver, session: Session, text: str | None
) -> None:
    """Never mistaken for the first of January."""
    patient = (
        a_patient(birthDate=text)
        if text
        else {name: value for name, value in a_patient().items() if name != "birthDate"}
    )
    target.answers["GET /Patient/p1"] = fhir_reply(patient)
    assert fhir.patient(session, "p1").birth_date == date.min


def test_who_has_the_number_already_is_not_made_again(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    """200 to a conditional create: the server gives who is there. That is a refusal."""
    target.answers["POST /Patient"] = fhir_reply(a_patient(), 200)
    with pytest.raises(Rejected) as told:
        fhir.register(session, DRAFT)
    assert told.value.reason is Reason.DUPLICATE


def test_the_same_key_gives_the_same_patient(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    target.answers["POST /Patient"] = fhir_reply(a_patient(), 200)
    assert fhir.register(session, DRAFT, idempotency_key="k-1").id == "p1"
    sent = find_request(target, "POST /Patient")
    assert sent.headers["if-none-exist"] == "identifier=urn:cutover:idempotency-key|k-1"
    assert sent.json["identifier"][1]["value"] == "k-1"


def test_a_key_of_another_patient_is_refused(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    target.answers["POST /Patient"] = fhir_reply(
        a_patient(identifier=[{"system": "urn:cutover:mrn", "value": "m-2"}]), 200
    )
    with pytest.raises(Rejected) as told:
        fhir.register(session, DRAFT, idempotency_key="k-1")
    assert told.value.reason is Reason.INVALID


def test_without_conditional_create_none_is_asked(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    """As the statement says.

    A repeated request cannot be known again then, and a key is not offered.
    """
    target.answers |= {
        "GET /metadata": fhir_reply(statement(conditionalCreate=False)),
        "POST /Patient": fhir_reply(a_patient(), 200),
    }
    assert fhir.register(session, DRAFT).id == "p1"
    assert "if-none-exist" not in find_request(target, "POST /Patient").headers
    with pytest.raises(Unsupported, match="conditionalCreate") as told:
        fhir.register(session, DRAFT, idempotency_key="k")
    assert told.value.operation == "conditional-create"


def test_an_answer_without_a_body_is_read_again(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    target.answers |= {
        "POST /Patient": (201, {"Location": f"{target.url}/Patient/p1/_history/3"}, b""),
        "GET /Patient/p1": fhir_reply(a_patient()),
    }
    assert fhir.register(session, DRAFT).id == "p1"


def test_an_answer_without_a_place_is_a_misbehaviour(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    target.answers["POST /Patient"] = (201, {}, b"")
    with pytest.raises(ProtocolViolation, match="Location"):
        fhir.register(session, DRAFT)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"birthDate": "4.3.1987"}, r"Patient\.birthDate"),
        ({"name": [{"family": ["Okafor"]}]}, r"Patient\.name\[0\]\.family"),
        ({"gender": "F"}, r"Patient\.gender = 'F'"),
        ({"favourite": 1}, r"Patient\.favourite"),
        ({"resourceType": "Person"}, "'Person', expected 'Patient'"),
        ({"id": "p2"}, "Patient/p2"),
    ],
)
def test_an_invalid_answer_names_its_element(
    target: HttpServerStandin,
    fhir: FhirDriver,
    session: Session,
    changed: dict[str, Any],
    named: str,
) -> None:
    target.answers["GET /Patient/p1"] = fhir_reply(a_patient(**changed))
    with pytest.raises(ProtocolViolation, match=named):
        fhir.patient(session, "p1")


@pytest.mark.parametrize(
    "reply",
    [
        (200, {"Content-Type": "text/html"}, b"<html>sign in</html>"),
        (302, {"Location": "/login"}, b""),
        (500, {}, b""),
        (405, {}, b""),
        (200, {}, b""),
        (200, {"Content-Type": "application/fhir+json"}, b'{"resourceType"'),
    ],
)
def test_what_is_neither_success_nor_refusal_is_a_misbehaviour(
    target: HttpServerStandin, fhir: FhirDriver, session: Session, reply: Any
) -> None:
    target.answers["GET /Patient/p1"] = reply
    with pytest.raises(ProtocolViolation, match="patient: GET /Patient/p1"):
        fhir.patient(session, "p1")


# ── corrected ──


def test_an_update_presents_its_version(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    target.answers |= {
        "GET /Patient/p1": fhir_reply(a_patient()),
        "PUT /Patient/p1": fhir_reply(a_patient(meta={"versionId": "4"})),
    }
    assert fhir.update(session, fhir.patient(session, "p1")).version == 'W/"4"'
    sent = find_request(target, "PUT /Patient/p1")
    assert (sent.headers["if-match"], sent.json["id"]) == ('W/"3"', "p1")


def answer_in_turn(*replies: Reply) -> Callable[[ReceivedRequest], Reply]:
    """Give these replies one after the other; the last one for ever."""
    waiting = list(replies)
    return lambda _: waiting.pop(0) if len(waiting) > 1 else waiting[0]


def test_a_conflict_of_creates_at_once_is_asked_again(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    """The second time the condition finds who was quicker: the same patient, where it is a key."""
    conflict, found = operation_outcome(409, "conflict"), fhir_reply(a_patient(), 200)
    target.answers["POST /Patient"] = answer_in_turn(conflict, found)
    assert fhir.register(session, DRAFT, idempotency_key="k1").id == "p1"
    target.answers["POST /Patient"] = answer_in_turn(conflict, found)
    with pytest.raises(Rejected) as told:
        fhir.register(session, DRAFT)
    assert told.value.reason is Reason.DUPLICATE
    assert target.paths().count("POST /Patient") == 4


def test_a_conflict_that_remains_is_a_refusal(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    target.answers["POST /Patient"] = operation_outcome(409, "conflict")
    with pytest.raises(Rejected):
        fhir.register(session, DRAFT, idempotency_key="k1")
    assert target.paths().count("POST /Patient") == 2


@pytest.mark.parametrize("status", [409, 412, 428])
def test_a_stale_update_is_refused(
    target: HttpServerStandin, fhir: FhirDriver, session: Session, status: int
) -> None:
    target.answers |= {
        "GET /Patient/p1": fhir_reply(a_patient()),
        "PUT /Patient/p1": operation_outcome(status, "conflict"),
    }
    with pytest.raises(Rejected) as told:
        fhir.update(session, fhir.patient(session, "p1"))
    assert told.value.reason is Reason.STALE


def test_an_update_of_nobody_is_not_found(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    """Some servers find the version stale of a patient who is not there. So he is looked for."""
    target.answers["GET /Patient/p1"] = fhir_reply(a_patient())
    patient = fhir.patient(session, "p1")
    target.answers |= {
        "GET /Patient/p1": operation_outcome(404, "not-found"),
        "PUT /Patient/p1": operation_outcome(412, "conflict"),
    }
    with pytest.raises(Rejected) as told:
        fhir.update(session, patient)
    assert told.value.reason is Reason.NOT_FOUND


# ── found ──


def test_a_search_walks_all_pages(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    """By absolute links and by relative ones, and without what is only included."""
    link = {"link": [{"relation": "next", "url": f"{target.url}/page2?x=1"}]}
    included = {
        "resource": {"resourceType": "Organization", "id": "o", "name": "x"},
        "search": {"mode": "include"},
    }
    first = bundle(a_patient(), total=3, **link)
    first["entry"].append(included)
    target.answers |= {
        "GET /Patient": fhir_reply(first),
        "GET /page2": fhir_reply(
            bundle(a_patient(id="p2"), link=[{"relation": "next", "url": "page3"}])
        ),
        "GET /page3": fhir_reply(bundle(a_patient(id="p3"))),
    }
    assert [one.id for one in fhir.search(session, PatientQuery(mrn="a,b|c", name="O$k"))] == [
        "p1",
        "p2",
        "p3",
    ]
    assert find_request(target, "GET /Patient").query == {
        "identifier": r"urn:cutover:mrn|a\,b\|c",
        "name": r"O\$k",
        "_count": "100",
    }
    assert find_request(target, "GET /page3").headers["authorization"] == f"Bearer {session.access}"


def test_a_search_may_ask_for_small_pages_and_past_a_cache(
    target: HttpServerStandin, driver: Callable[..., FhirDriver], session: Session
) -> None:
    """HAPI answers an equal search from a result of the last minute, unless it is told not to."""
    target.answers["GET /Patient"] = fhir_reply(bundle(a_patient()))
    for plain, expected in ((driver(), None), (driver(no_cache=True), "no-cache")):
        small = plain.features.with_page_size
        assert small is not None
        small(2).search(session, PatientQuery(mrn="m-1"))
        asked = target.asked[-1]
        assert asked.query["_count"] == "2"
        assert asked.headers.get("cache-control") == expected


def test_the_token_goes_to_no_other_server(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    elsewhere = target.url.replace("127.0.0.1", "localhost")
    target.answers |= {
        "GET /Patient": fhir_reply(
            bundle(a_patient(), link=[{"relation": "next", "url": f"{elsewhere}/page2"}])
        ),
        "GET /page2": fhir_reply(bundle()),
    }
    fhir.search(session, PatientQuery(mrn="m-1"))
    assert "authorization" not in find_request(target, "GET /page2").headers


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (bundle(a_patient(), a_patient()), "a second time"),
        (bundle(a_patient(), total=2), "2 matches"),
        (bundle({"resourceType": "Organization", "id": "o", "name": "x"}), "'Organization'"),
        ({**bundle(), "type": "batch-response"}, "searchset"),
        (bundle(a_patient(birthDate="x")), "birthDate"),
        (a_patient(), "expected 'Bundle'"),
    ],
)
def test_a_list_that_is_none_is_a_misbehaviour(
    target: HttpServerStandin, fhir: FhirDriver, session: Session, answer: dict[str, Any], said: str
) -> None:
    target.answers["GET /Patient"] = fhir_reply(answer)
    with pytest.raises(ProtocolViolation, match=said):
        fhir.search(session, PatientQuery(mrn="m-1"))


def test_a_page_that_leads_to_itself_is_a_misbehaviour(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    again = [{"relation": "next", "url": f"{target.url}/again"}]
    target.answers |= {
        "GET /Patient": fhir_reply(bundle(link=again)),
        "GET /again": fhir_reply(bundle(link=again)),
    }
    with pytest.raises(ProtocolViolation, match="the same page"):
        fhir.search(session, PatientQuery(mrn="m-1"))


# ── what it can do ──


def test_what_is_not_listed_is_not_offered(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    """With the statement's own words, and without a request."""
    target.answers["GET /metadata"] = fhir_reply(
        statement(without={"Patient": ("update",), "Encounter": ("create",)})
    )
    with pytest.raises(
        Unsupported, match=r"its capability statement lists for Encounter .*and not create"
    ):
        fhir.open_visit(session, "p1", "why")
    assert target.paths() == ["GET /metadata"]
    missing = {"update", "open_visit", "transaction", "audit"}
    assert set(fhir.unsupported_operations()) == missing


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ((404, {}, b""), "is this the FHIR base"),
        ((200, {"Content-Type": "text/html"}, b"<html>"), "is this the FHIR base"),
        ((302, {"Location": "/login"}, b""), "is this the FHIR base"),
        (fhir_reply(statement("3.0.2")), "speaks FHIR 3.0.2"),
    ],
)
def test_what_is_no_fhir_base_is_the_settings_mistake(
    target: HttpServerStandin, fhir: FhirDriver, session: Session, reply: Any, said: str
) -> None:
    target.answers["GET /metadata"] = reply
    with pytest.raises(MappingError, match=said):
        fhir.patient(session, "p1")


@pytest.mark.parametrize(
    "reply",
    [
        (503, {}, b""),
        (401, {}, b""),
        fhir_reply({**statement(), "kind": ["x"]}),
        json_reply({"openapi": "3.1.0"}),
    ],
)
def test_a_base_that_fails_is_a_finding(
    target: HttpServerStandin, fhir: FhirDriver, session: Session, reply: Any
) -> None:
    target.answers["GET /metadata"] = reply
    with pytest.raises(ProtocolViolation):
        fhir.patient(session, "p1")


def test_what_failed_is_asked_again(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    """A statement that did not come is not remembered as one."""
    target.answers |= {"GET /metadata": (503, {}, b""), "GET /Patient/p1": fhir_reply(a_patient())}
    with pytest.raises(ProtocolViolation):
        fhir.patient(session, "p1")
    target.answers["GET /metadata"] = fhir_reply(statement())
    assert fhir.patient(session, "p1").id == "p1"


def test_release_and_health_are_asked_anew(
    target: HttpServerStandin, driver: Callable[..., FhirDriver]
) -> None:
    fhir = driver(ready_path="/ready")
    assert fhir.release() == "7.1"
    assert fhir.live().healthy
    target.answers["GET /ready"] = (503, {}, b"")
    assert not fhir.ready().healthy
    target.answers["GET /metadata"] = fhir_reply(
        {name: value for name, value in statement().items() if name != "software"}
    )
    with pytest.raises(Unsupported, match=r"software\.version"):
        fhir.release()
