"""What only a FHIR server promises: each lie of its capability statement is told, and history and
transactions are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.drivers.fhir import rules
from cutover_gates.drivers.fhir.conformance import FhirConformance
from cutover_gates.drivers.fhir.fhir_driver import FhirDriver
from cutover_gates.drivers.ledger_driver import LedgerDriver
from cutover_gates.hospital import (
    Document,
    Patient,
    PatientDraft,
    ProtocolViolation,
    Reason,
    Rejected,
    Session,
    Unsupported,
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
from tests.standins.http_server import HttpServerStandin

OWN = {"patient_id": "p1", "visit_id": "e1", "document_id": "d1", "patientId": "p1"}
DRAFTS = [
    PatientDraft("m-1", "A", "B", date(2000, 1, 2)),
    PatientDraft("m-2", "C", "D", date(2000, 1, 2)),
]


@pytest.fixture
def seen() -> list[Assessment]:
    return []


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "ledger.jsonl", "run-1", "tried")
    yield ledger
    ledger.close()


@pytest.fixture
def promises(fhir: FhirDriver, ledger: Ledger, seen: list[Assessment]) -> FhirConformance:
    return FhirConformance(LedgerDriver(fhir, ledger, production=False), fhir, seen.append)


@pytest.fixture
def whole(target: HttpServerStandin) -> HttpServerStandin:
    """A server that does all that it lists, with one patient, one visit and one document."""
    listed = statement(
        searchParam=[
            {"name": "identifier", "type": "token"},
            {"name": "phonetic", "type": "string"},
        ]
    )
    target.answers["GET /metadata"] = fhir_reply(listed)
    for path, thing in (
        ("/Patient/p1", a_patient()),
        ("/Encounter/e1", an_encounter()),
        ("/DocumentReference/d1", a_document()),
    ):
        kind, version = path.split("/")[1], thing.get("meta", {}).get("versionId", "1")
        target.answers |= {
            f"GET {path}": fhir_reply(thing),
            f"PUT {path}": fhir_reply(thing),
            f"GET {path}/_history/{version}": fhir_reply(thing),
            f"GET {path}/_history": fhir_reply({**bundle(thing), "type": "collection"}),
            f"GET /{kind}": fhir_reply(bundle(thing)),
            f"DELETE {path}": deleting(target, path),
        }
    return target


def deleting(target: HttpServerStandin, path: str) -> Callable[..., Any]:
    def delete(_: object) -> tuple[int, dict[str, str], bytes]:
        target.answers[f"GET {path}"] = operation_outcome(410, "deleted")
        return 204, {}, b""

    return delete


# ── the statement ──


@pytest.mark.usefixtures("whole")
def test_a_statement_that_is_true_is_sound(
    promises: FhirConformance, session: Session, seen: list[Assessment]
) -> None:
    found = promises.assess_listed_interactions(session, OWN)
    assert not found.findings
    assert {
        "read of Patient",
        "vread of Encounter",
        "history-instance of DocumentReference",
        "update of Patient",
        "search-type of Encounter",
        "search of Patient by phonetic",
        "delete of DocumentReference",
        "delete of Encounter",
    } <= set(found.checked)
    assert seen == [found]


@pytest.mark.parametrize(
    ("line", "reply", "said"),
    [
        (
            "GET /Patient/p1/_history",
            operation_outcome(404, "not-found"),
            "history-instance of Patient",
        ),
        ("GET /Encounter/e1/_history/1", (405, {}, b""), "vread of Encounter"),
        (
            "PUT /DocumentReference/d1",
            operation_outcome(403, "forbidden"),
            "update of DocumentReference",
        ),
        ("DELETE /Encounter/e1", (204, {}, b""), "delete of Encounter"),
    ],
)
def test_a_promise_that_is_not_kept_is_told(
    whole: HttpServerStandin,
    promises: FhirConformance,
    session: Session,
    line: str,
    reply: Any,
    said: str,
) -> None:
    whole.answers[line] = reply
    (finding,) = promises.assess_listed_interactions(session, OWN).findings
    assert (finding.rule, finding.subject) == (rules.LISTED_INTERACTIONS_WORK, said)


def test_a_search_parameter_that_is_not_known_is_told(
    whole: HttpServerStandin, promises: FhirConformance, session: Session
) -> None:
    """It is asked strictly, or an unknown one would only be left aside."""
    whole.answers["GET /Patient"] = lambda request: (
        operation_outcome(400, "not-supported")
        if "phonetic" in request.query
        else fhir_reply(bundle(a_patient()))
    )
    (finding,) = promises.assess_listed_interactions(session, OWN).findings
    assert finding.rule == rules.LISTED_INTERACTIONS_WORK
    assert finding.subject == "search of Patient by phonetic"
    assert finding.actual.startswith("HTTP 400")
    assert {one.headers.get("prefer") for one in whole.asked if "phonetic" in one.query} == {
        "handling=strict"
    }


def test_a_parameter_is_asked_with_a_value_of_its_own(
    target: HttpServerStandin, promises: FhirConformance, session: Session
) -> None:
    """A server may refuse a word that FHIR does not know.

    What is composite or special is not tried.
    """
    kinds = {
        "gender": "token",
        "given": "string",
        "birthdate": "date",
        "near": "special",
        "general-practitioner": "reference",
    }
    target.answers |= {
        "GET /metadata": fhir_reply(
            statement(searchParam=[{"name": name, "type": kind} for name, kind in kinds.items()])
        )
    }
    promises.assess_listed_interactions(
        session, {"patient_id": "p1", "visit_id": "e1", "document_id": "d1"}
    )
    sent = {name: one.query[name] for one in target.asked for name in kinds if name in one.query}
    assert sent == {
        "gender": "female",
        "given": "x",
        "birthdate": "2000-01-01",
        "general-practitioner": "Patient/x",
    }


def test_what_is_not_listed_is_refused(
    target: HttpServerStandin, promises: FhirConformance, session: Session
) -> None:
    """A delete that nobody declared, and a type that there is not."""
    target.answers["GET /metadata"] = fhir_reply(
        statement(without={"Patient": ("delete",), "Encounter": ("history-instance",)})
    )
    found = promises.assess_unlisted_interactions(session, OWN)
    assert found.checked == (
        "search of NoSuchType",
        "delete of Patient",
        "history-instance of Encounter",
    )
    assert not found.findings
    target.answers |= {"DELETE /Patient/p1": (204, {}, b""), "GET /NoSuchType": (500, {}, b"")}
    findings = promises.assess_unlisted_interactions(session, OWN).findings
    assert [(finding.rule, finding.subject, finding.actual) for finding in findings] == [
        (rules.UNLISTED_INTERACTIONS_ARE_REFUSED, "search of NoSuchType", "HTTP 500"),
        (rules.UNLISTED_INTERACTIONS_ARE_REFUSED, "delete of Patient", "HTTP 204"),
    ]


# ── versions, hashes ──


def test_versions_come_newest_first(
    target: HttpServerStandin, promises: FhirConformance, session: Session
) -> None:
    newer = a_patient(meta={"versionId": "4"}, telecom=[{"system": "phone", "value": "+49"}])
    history = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": newer}, {"resource": a_patient()}],
    }
    target.answers |= {
        "GET /Patient/p1/_history": fhir_reply(history),
        "GET /Patient/p1/_history/3": fhir_reply(a_patient()),
    }
    assert [(one.version, one.phone) for one in promises.versions(session, "p1")] == [
        ('W/"4"', "+49"),
        ('W/"3"', None),
    ]
    now = Patient("m-1", "Okafor", "Ada", date(1987, 3, 4), id="p1", version='W/"3"')
    assert promises.version(session, now).version == 'W/"3"'


def test_versions_that_are_not_listed_are_not_offered(
    target: HttpServerStandin, promises: FhirConformance, session: Session
) -> None:
    target.answers["GET /metadata"] = fhir_reply(statement(without={"Patient": ("vread",)}))
    with pytest.raises(Unsupported, match="and not vread") as told:
        promises.versions(session, "p1")
    assert told.value.operation == "version-history"


def test_a_hash_is_held_to_the_bytes(
    target: HttpServerStandin, promises: FhirConformance, session: Session
) -> None:
    target.answers |= {
        "GET /DocumentReference/d1": fhir_reply(a_document(url="Binary/b1", hash="aGk=")),
        "GET /Binary/b1": (200, {}, b"hi"),
    }
    assert promises.hashes(session, Document("d1", "p1", "a.txt", "text/plain")) == (
        "aGk=",
        "witfkXg0JglCjW9RssWvTAveakI=",
    )


# ── transactions ──


def transactional(**more: Any) -> Any:
    listed = statement()
    listed["rest"][0]["interaction"] = [{"code": "transaction"}]
    return fhir_reply({**listed, **more})


def done(*statuses: str) -> Any:
    entries = [{"response": {"status": status}} for status in statuses]
    return fhir_reply({"resourceType": "Bundle", "type": "transaction-response", "entry": entries})


def test_a_transaction_is_in_the_ledger_before_it_is_sent(
    target: HttpServerStandin, promises: FhirConformance, session: Session, ledger: Ledger
) -> None:
    target.answers |= {"GET /metadata": transactional(), "POST /": done("201 Created", "201")}
    promises.register_together(session, DRAFTS)
    assert [left.key for left in reversed(ledger.remaining_records())] == ["m-1", "m-2"]
    sent = find_request(target, "POST /").json
    assert [entry["request"] for entry in sent["entry"]] == [
        {"method": "POST", "url": "Patient"}
    ] * 2
    assert {entry["resource"]["meta"]["tag"][0]["code"] for entry in sent["entry"]} == {"run-1"}


@pytest.mark.parametrize("statuses", [("201",), ("201", "200"), ("201", "422")])
def test_an_entry_that_was_not_made_is_a_misbehaviour(
    target: HttpServerStandin,
    promises: FhirConformance,
    session: Session,
    statuses: tuple[str, ...],
) -> None:
    target.answers |= {"GET /metadata": transactional(), "POST /": done(*statuses)}
    with pytest.raises(ProtocolViolation, match="2 entries with status 201"):
        promises.register_together(session, DRAFTS)


def test_a_spoilt_one_is_refused(
    target: HttpServerStandin, promises: FhirConformance, session: Session
) -> None:
    target.answers |= {"GET /metadata": transactional(), "POST /": operation_outcome(422, "value")}
    with pytest.raises(Rejected) as told:
        promises.register_together(session, DRAFTS, spoilt=True)
    assert told.value.reason is Reason.INVALID
    assert find_request(target, "POST /").json["entry"][2]["resource"] == {
        "resourceType": "Patient",
        "birthDate": "never",
    }


def test_without_transactions_nothing_is_sent(
    promises: FhirConformance, session: Session, ledger: Ledger
) -> None:
    with pytest.raises(Unsupported, match="no transaction"):
        promises.register_together(session, DRAFTS)
    assert not ledger.remaining_records()
