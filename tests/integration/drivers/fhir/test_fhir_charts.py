"""Visits and documents of a FHIR server, and how they are taken away again."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from cutover_gates.drivers.fhir.fhir_driver import FhirDriver
from cutover_gates.drivers.production_guard import GuardError
from cutover_gates.hospital import (
    Document,
    ProtocolViolation,
    Reason,
    Rejected,
    Session,
    Transition,
    Unsupported,
    Upload,
    Visit,
    VisitStatus,
)
from tests.standins.fhir_answers import (
    a_document,
    a_patient,
    an_encounter,
    bundle,
    fhir_reply,
    find_request,
    operation_outcome,
    statement,
)
from tests.standins.http_server import HttpServerStandin, ReceivedRequest, Reply

VISIT = Visit("e1", "p1", VisitStatus.OPEN)
NOTE = Upload("a.txt", "text/plain", b"hi")
SHA1 = "witfkXg0JglCjW9RssWvTAveakI="
"""Of `hi`, in base64: `printf hi | openssl sha1 -binary | base64`."""
FILED = Document("d1", "p1", "a.txt", "text/plain")


# ── visits ──


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("planned", VisitStatus.OPEN),
        ("arrived", VisitStatus.OPEN),
        ("triaged", VisitStatus.OPEN),
        ("in-progress", VisitStatus.ADMITTED),
        ("onleave", VisitStatus.ADMITTED),
        ("finished", VisitStatus.DISCHARGED),
        ("cancelled", VisitStatus.CANCELLED),
    ],
)
def test_a_status_is_read_as_the_languages(
    target: HttpServerStandin, fhir: FhirDriver, session: Session, word: str, status: VisitStatus
) -> None:
    target.answers["GET /Encounter/e1"] = fhir_reply(an_encounter(status=word))
    assert fhir.visit(session, "p1", "e1") == Visit("e1", "p1", status, "why")


def test_a_status_that_says_nothing_is_a_misbehaviour(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    target.answers["GET /Encounter/e1"] = fhir_reply(an_encounter(status="unknown"))
    with pytest.raises(ProtocolViolation, match=r"Encounter\.status = 'unknown'"):
        fhir.visit(session, "p1", "e1")


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "entered-in-error"},
        {"subject": {"reference": "Patient/p2"}},
        {"subject": {"reference": "Group/p1"}},
    ],
)
def test_what_is_an_error_or_anothers_is_not_there(
    target: HttpServerStandin, fhir: FhirDriver, session: Session, changed: dict[str, Any]
) -> None:
    target.answers["GET /Encounter/e1"] = fhir_reply(an_encounter(**changed))
    with pytest.raises(Rejected) as told:
        fhir.visit(session, "p1", "e1")
    assert told.value.reason is Reason.NOT_FOUND


def test_a_visit_for_nobody_is_not_found(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    """However the server says it: the patient is looked for."""
    target.answers["POST /Encounter"] = operation_outcome(400, "processing")
    with pytest.raises(Rejected) as told:
        fhir.open_visit(session, "p1", "why")
    assert told.value.reason is Reason.NOT_FOUND


def test_a_visit_that_is_refused_for_somebody_is_invalid(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    target.answers |= {
        "POST /Encounter": operation_outcome(400, "processing"),
        "GET /Patient/p1": fhir_reply(a_patient()),
    }
    with pytest.raises(Rejected) as told:
        fhir.open_visit(session, "p1", "why")
    assert told.value.reason is Reason.INVALID
    assert "processing (Patient.name) it is processing" in told.value.message


def test_a_move_stores_over_the_version_that_was_read(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    """With all else as it was."""
    target.answers |= {
        "GET /Encounter/e1": fhir_reply(an_encounter(priority={"text": "soon"})),
        "PUT /Encounter/e1": fhir_reply(an_encounter(status="in-progress")),
    }
    assert fhir.move(session, VISIT, Transition.ADMIT).status is VisitStatus.ADMITTED
    sent = find_request(target, "PUT /Encounter/e1")
    assert (sent.headers["if-match"], sent.json["status"], sent.json["priority"]) == (
        'W/"1"',
        "in-progress",
        {"text": "soon"},
    )
    assert "start" in sent.json["period"]


def test_who_is_overtaken_looks_again(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    """Somebody else admitted meanwhile: then there is nothing left to do, and that is no admission."""
    standing = ["planned"]

    def overtaken(_: ReceivedRequest) -> Reply:
        standing[0] = "in-progress"
        return operation_outcome(412, "conflict")

    target.answers |= {
        "GET /Encounter/e1": lambda _: fhir_reply(an_encounter(status=standing[0])),
        "PUT /Encounter/e1": overtaken,
    }
    with pytest.raises(Rejected, match="in-progress already") as told:
        fhir.move(session, VISIT, Transition.ADMIT)
    assert told.value.reason is Reason.ILLEGAL_TRANSITION


def test_who_is_always_overtaken_gives_up(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    target.answers |= {
        "GET /Encounter/e1": fhir_reply(an_encounter()),
        "PUT /Encounter/e1": operation_outcome(412, "conflict"),
    }
    with pytest.raises(Rejected) as told:
        fhir.move(session, VISIT, Transition.ADMIT)
    assert told.value.reason is Reason.STALE
    assert target.paths().count("PUT /Encounter/e1") == 5


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (422, "business-rule", Reason.ILLEGAL_TRANSITION),
        (409, "conflict", Reason.ILLEGAL_TRANSITION),
        (400, "invariant", Reason.ILLEGAL_TRANSITION),
        (422, "structure", Reason.INVALID),
        (403, "forbidden", Reason.FORBIDDEN),
    ],
)
def test_whether_a_move_is_legal_is_for_the_server_to_say(
    target: HttpServerStandin,
    fhir: FhirDriver,
    session: Session,
    status: int,
    code: str,
    reason: Reason,
) -> None:
    target.answers |= {
        "GET /Encounter/e1": fhir_reply(an_encounter(status="finished")),
        "PUT /Encounter/e1": operation_outcome(status, code),
    }
    with pytest.raises(Rejected) as told:
        fhir.move(session, VISIT, Transition.ADMIT)
    assert told.value.reason is reason


def test_a_server_that_takes_any_move_is_not_excused(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    """What it took is told as it is, and the check finds it."""
    target.answers |= {
        "GET /Encounter/e1": fhir_reply(an_encounter(status="finished")),
        "PUT /Encounter/e1": fhir_reply(an_encounter(status="in-progress")),
    }
    assert fhir.move(session, VISIT, Transition.ADMIT).status is VisitStatus.ADMITTED


def test_a_server_without_rules_may_be_declared(
    target: HttpServerStandin, driver: Callable[..., FhirDriver], session: Session
) -> None:
    """Then an illegal move is not asked for; a legal one is."""
    fhir = driver(unsupported={"encounter-rules": "the ward's application holds them"})
    target.answers |= {
        "GET /Encounter/e1": fhir_reply(an_encounter()),
        "PUT /Encounter/e1": fhir_reply(an_encounter(status="in-progress")),
    }
    assert fhir.move(session, VISIT, Transition.ADMIT).status is VisitStatus.ADMITTED
    with pytest.raises(Unsupported, match="the ward's application"):
        fhir.move(session, VISIT, Transition.DISCHARGE)


def test_a_list_is_of_one_patient(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    """Without what was entered in error."""
    target.answers["GET /Encounter"] = fhir_reply(
        bundle(an_encounter(), an_encounter(id="e2", status="entered-in-error"))
    )
    assert [visit.id for visit in fhir.visits_of(session, "p1")] == ["e1"]
    assert find_request(target, "GET /Encounter").query["subject"] == "Patient/p1"


def test_anothers_visit_in_a_list_is_a_misbehaviour(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    target.answers["GET /Encounter"] = fhir_reply(
        bundle(an_encounter(subject={"reference": "Patient/p2"}))
    )
    with pytest.raises(ProtocolViolation, match="Patient/p2"):
        fhir.visits_of(session, "p1")


def test_an_empty_list_of_somebody_hidden_is_a_refusal(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    target.answers |= {
        "GET /Encounter": fhir_reply(bundle(total=0)),
        "GET /Patient/p1": operation_outcome(403, "forbidden"),
    }
    with pytest.raises(Rejected) as told:
        fhir.visits_of(session, "p1")
    assert told.value.reason is Reason.FORBIDDEN


def test_the_parameter_that_is_listed_is_used(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    listed = statement()
    listed["rest"][0]["resource"][1]["searchParam"] = [{"name": "patient", "type": "reference"}]
    target.answers |= {
        "GET /metadata": fhir_reply(listed),
        "GET /Encounter": fhir_reply(bundle(an_encounter())),
    }
    fhir.visits_of(session, "p1")
    assert find_request(target, "GET /Encounter").query["patient"] == "Patient/p1"


# ── documents ──


def test_bytes_go_into_a_binary_and_their_description_beside(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    target.answers |= {
        "POST /Binary": (201, {"Location": "Binary/b1/_history/1"}, b""),
        "POST /DocumentReference": fhir_reply(a_document(), 201),
    }
    assert fhir.upload(session, "p1", NOTE) == Document("d1", "p1", "a.txt", "text/plain", 2)
    binary, described = (
        find_request(target, "POST /Binary").json,
        find_request(target, "POST /DocumentReference").json,
    )
    assert (binary["data"], binary["contentType"], binary["securityContext"]) == (
        "aGk=",
        "text/plain",
        {"reference": "Patient/p1"},
    )
    assert described["content"][0]["attachment"] == {
        "contentType": "text/plain",
        "url": "Binary/b1",
        "size": 2,
        "hash": SHA1,
        "title": "a.txt",
    }
    assert described["subject"] == {"reference": "Patient/p1"}
    assert (
        binary["meta"]["tag"]
        == described["meta"]["tag"]
        == [{"system": "urn:cutover:run", "code": "run-1"}]
    )


def test_without_binaries_the_bytes_go_into_the_description(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    target.answers |= {
        "GET /metadata": fhir_reply(statement(without={"Binary": ("create",)})),
        "POST /DocumentReference": fhir_reply(a_document(), 201),
        "GET /DocumentReference/d1": fhir_reply(a_document(data="aGk=", hash=SHA1)),
    }
    fhir.upload(session, "p1", NOTE)
    assert (
        find_request(target, "POST /DocumentReference").json["content"][0]["attachment"]["data"]
        == "aGk="
    )
    assert fhir.content(session, FILED) == b"hi"


def test_bytes_without_a_description_are_taken_away(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    target.answers |= {
        "POST /Binary": (201, {"Location": "Binary/b1"}, b""),
        "POST /DocumentReference": operation_outcome(403, "forbidden"),
        "DELETE /Binary/b1": (204, {}, b""),
    }
    with pytest.raises(Rejected) as told:
        fhir.upload(session, "p1", NOTE)
    assert told.value.reason is Reason.FORBIDDEN
    assert "DELETE /Binary/b1" in target.paths()


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (413, "too-long", Reason.TOO_LARGE),
        (422, "too-long", Reason.TOO_LARGE),
        (415, "not-supported", Reason.UNSUPPORTED_TYPE),
        (422, "not-supported", Reason.UNSUPPORTED_TYPE),
        (422, "value", Reason.INVALID),
    ],
)
def test_why_a_file_is_not_taken(
    target: HttpServerStandin,
    fhir: FhirDriver,
    session: Session,
    status: int,
    code: str,
    reason: Reason,
) -> None:
    target.answers |= {
        "POST /Binary": operation_outcome(status, code),
        "GET /Patient/p1": fhir_reply(a_patient()),
    }
    with pytest.raises(Rejected) as told:
        fhir.upload(session, "p1", NOTE)
    assert told.value.reason is reason


@pytest.mark.parametrize(
    "reply",
    [
        (200, {"Content-Type": "text/plain"}, b"hi"),
        fhir_reply(
            {"resourceType": "Binary", "id": "b1", "contentType": "text/plain", "data": "aGk="}
        ),
    ],
)
def test_bytes_come_as_themselves_or_in_a_resource(
    target: HttpServerStandin, fhir: FhirDriver, session: Session, reply: Reply
) -> None:
    target.answers |= {
        "GET /DocumentReference/d1": fhir_reply(a_document(url="Binary/b1", hash=SHA1)),
        "GET /Binary/b1": reply,
    }
    assert fhir.content(session, FILED) == b"hi"
    assert find_request(target, "GET /Binary/b1").headers["accept"] == "text/plain"


@pytest.mark.parametrize("data", ["a", None])
def test_bytes_that_are_none_are_a_misbehaviour(
    target: HttpServerStandin, fhir: FhirDriver, session: Session, data: str | None
) -> None:
    target.answers["GET /DocumentReference/d1"] = fhir_reply(
        a_document(**({"data": data} if data else {}))
    )
    with pytest.raises(ProtocolViolation):
        fhir.content(session, FILED)


def test_a_file_elsewhere_is_fetched_without_the_token(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    elsewhere = f"{target.url.replace('127.0.0.1', 'localhost')}/signed"
    target.answers |= {
        "GET /DocumentReference/d1": fhir_reply(a_document(url=elsewhere)),
        "GET /signed": (200, {}, b"hi"),
    }
    assert fhir.content(session, FILED) == b"hi"
    assert "authorization" not in find_request(target, "GET /signed").headers


def test_another_patients_document_is_not_there(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    target.answers["GET /DocumentReference/d1"] = fhir_reply(
        {**a_document(data="aGk="), "subject": {"reference": "Patient/p2"}}
    )
    for ask in (lambda: fhir.content(session, FILED), lambda: fhir.document(session, "p1", "d1")):
        with pytest.raises(Rejected) as told:
            ask()
        assert told.value.reason is Reason.NOT_FOUND


def test_half_an_upload_is_half_of_its_bytes(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    """The server reads what it was promised, and it does not come."""
    fhir.cut_upload(session, "p1", Upload("a.txt", "text/plain", b"x" * 100_000))
    assert "POST /DocumentReference" not in target.paths()
    assert all(len(one.body) < 100_000 for one in target.asked)


# ── taken away ──


def test_what_can_be_deleted_is(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    gone: Reply = (204, {}, b"")
    target.answers |= {
        "DELETE /Patient/p1": gone,
        "DELETE /Encounter/e1": gone,
        "DELETE /DocumentReference/d1": gone,
        "DELETE /Binary/b1": gone,
        "GET /DocumentReference/d1": fhir_reply(a_document(url=f"{target.url}/Binary/b1")),
    }
    assert {
        fhir.retire(session, kind, thing, "p1")
        for kind, thing in (("document", "d1"), ("visit", "e1"), ("patient", "p1"))
    } == {"deleted"}
    assert [path for path in target.paths() if path.startswith("DELETE")] == [
        "DELETE /DocumentReference/d1",
        "DELETE /Binary/b1",
        "DELETE /Encounter/e1",
        "DELETE /Patient/p1",
    ]


def test_what_cannot_be_deleted_is_marked(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    """A patient as inactive, all else as an error, each over the version that was read."""
    lacking = dict.fromkeys(("Patient", "Encounter", "DocumentReference"), ("delete",))
    target.answers |= {"GET /metadata": fhir_reply(statement(without=lacking))}
    for path, resource in (
        ("/Patient/p1", a_patient()),
        ("/Encounter/e1", an_encounter()),
        ("/DocumentReference/d1", a_document()),
    ):
        target.answers |= {
            f"GET {path}": fhir_reply(resource, ETag='W/"9"'),
            f"PUT {path}": fhir_reply(resource),
        }
    assert [
        fhir.retire(session, *thing)
        for thing in (("document", "d1", "p1"), ("visit", "e1", "p1"), ("patient", "p1", None))
    ] == ["entered-in-error", "entered-in-error", "inactive"]
    assert find_request(target, "PUT /Patient/p1").json["active"] is False
    assert (
        find_request(target, "PUT /Encounter/e1").json["status"]
        == find_request(target, "PUT /DocumentReference/d1").json["status"]
        == "entered-in-error"
    )
    assert find_request(target, "PUT /DocumentReference/d1").headers["if-match"] == 'W/"9"'


def test_what_is_still_referred_to_is_marked(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    target.answers |= {
        "DELETE /Patient/p1": operation_outcome(409, "conflict"),
        "GET /Patient/p1": fhir_reply(a_patient()),
        "PUT /Patient/p1": fhir_reply(a_patient()),
    }
    assert fhir.retire(session, "patient", "p1", None) == "inactive"


# ── its operations ──


def test_operations_are_those_that_are_listed(target: HttpServerStandin, fhir: FhirDriver) -> None:
    """With FHIR's own statuses. All but the statement itself is behind the door."""
    target.answers["GET /metadata"] = fhir_reply(
        statement(
            without={
                "Binary": ("read", "vread", "update", "delete", "history-instance", "search-type")
            }
        )
    )
    found = {str(operation): operation for operation in fhir.operations()}
    assert [name for name in found if "Binary" in name] == ["POST /Binary"]
    assert [name for name, operation in found.items() if not operation.protected] == [
        "GET /metadata"
    ]
    assert found["PUT /Patient/{patient_id}"].statuses >= {200, 401, 403, 409, 412, 422}
    assert 500 not in found["GET /Encounter/{visit_id}"].statuses


def test_an_attempt_is_sent_as_it_is(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    """Also what is no valid id; and a refusal is an answer."""
    operations = {str(operation): operation for operation in fhir.operations()}
    answer = fhir.attempt(operations["PUT /Patient/{patient_id}"], session, {"patient_id": "'\"/;"})
    assert (answer.status, answer.reason, fhir.features.reason_of(answer)) == (
        404,
        Reason.NOT_FOUND,
        Reason.NOT_FOUND,
    )
    assert target.asked[-1].path == "/Patient/%27%22%2F%3B"
    fhir.attempt(operations["POST /Patient"], None, {"mrn": "m-9"})
    assert (
        target.asked[-1].json["identifier"][0]["value"],
        "authorization" in target.asked[-1].headers,
    ) == ("m-9", False)


def test_production_is_guarded(
    target: HttpServerStandin, driver: Callable[..., FhirDriver], session: Session
) -> None:
    """The driver's own operations go out; an attempt that writes does not."""
    fhir = driver(production=True)
    target.answers["POST /Encounter"] = fhir_reply(an_encounter(), 201)
    fhir.open_visit(session, "p1", "why")
    operations = {str(operation): operation for operation in fhir.operations()}
    with pytest.raises(GuardError):
        fhir.attempt(operations["POST /Patient"], session)
    assert fhir.attempt(operations["GET /Patient"], session).status == 404
    assert "POST /Patient" not in target.paths()


def test_what_an_exchange_leaves_holds_no_secret(
    target: HttpServerStandin, fhir: FhirDriver, session: Session
) -> None:
    recorder = fhir.server.recorder
    recorder.begin("check")
    target.answers["GET /Patient/p1"] = fhir_reply(a_patient())
    fhir.patient(session, "p1")
    entries = str(recorder.end())
    assert "GET" in entries
    assert "$TOKEN" in entries
    assert session.access not in entries
    assert "Okafor" not in entries
    assert base64.b64encode(b"Okafor").decode() not in entries
