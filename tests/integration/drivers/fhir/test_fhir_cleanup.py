"""Nothing of a FHIR server is removed, or marked, by its id alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.drivers.cleanup import sweep
from cutover_gates.drivers.fhir.fhir_driver import FhirDriver
from cutover_gates.hospital import Session
from tests.standins.fhir_answers import (
    a_document,
    a_patient,
    an_encounter,
    fhir_reply,
    operation_outcome,
    statement,
)
from tests.standins.http_server import HttpServerStandin, ReceivedRequest, Reply

OWN_NUMBER = [{"system": "urn:cutover:mrn", "value": "run-1-a"}]
OWN = a_patient(identifier=OWN_NUMBER)
REAL = a_patient(name=[{"family": "Real", "given": ["Rita"], "use": "official"}])
NAMESAKE = {**REAL, "identifier": OWN_NUMBER}
WITHOUT_DELETE = statement(
    without=dict.fromkeys(("Patient", "Encounter", "DocumentReference"), ("delete",))
)
RECORDS = (
    ("/Patient/p1", OWN),
    ("/Encounter/e1", an_encounter()),
    ("/DocumentReference/d1", a_document()),
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger of one patient with a visit and a document."""
    ledger = Ledger(tmp_path / "ledger.jsonl", "run-1", "tried")
    entry = ledger.intend("patient", "run-1-a", family_name="Okafor", given_name="Ada Eze")
    ledger.record_created(entry, "p1")
    ledger.record_created(ledger.intend("visit", "why", patient_id="p1"), "e1")
    ledger.record_created(ledger.intend("document", "a.txt", patient_id="p1"), "d1")
    yield ledger
    ledger.close()


@pytest.fixture
def server(target: HttpServerStandin) -> HttpServerStandin:
    """A server that has these records, and really deletes."""

    def deleting(path: str) -> Any:
        def delete(_: ReceivedRequest) -> Reply:
            target.answers[f"GET {path}"] = operation_outcome(410, "deleted")
            return 204, {}, b""

        return delete

    for path, resource in RECORDS:
        target.answers |= {
            f"GET {path}": fhir_reply(resource),
            f"PUT {path}": fhir_reply(resource),
            f"DELETE {path}": deleting(path),
        }
    return target


def writes(target: HttpServerStandin) -> list[str]:
    return [path for path in target.paths() if not path.startswith("GET")]


def test_what_is_the_runs_is_removed(
    server: HttpServerStandin, fhir: FhirDriver, ledger: Ledger, session: Session
) -> None:
    """Otherwise the tests below would prove nothing."""
    results = sweep(fhir, ledger, session)
    assert [result.how for result in results] == ["deleted"] * 3, results
    assert sorted(writes(server)) == sorted(f"DELETE {path}" for path, _ in RECORDS)


@pytest.mark.parametrize("listed", [statement(), WITHOUT_DELETE], ids=["deletes", "marks"])
@pytest.mark.parametrize("patient", [REAL, NAMESAKE], ids=["another number", "another name"])
def test_an_id_that_names_a_real_patient_is_neither_deleted_nor_marked(
    server: HttpServerStandin,
    fhir: FhirDriver,
    ledger: Ledger,
    session: Session,
    patient: dict[str, Any],
    listed: dict[str, Any],
) -> None:
    """After a restore the ids are given again. A server without DELETE would write `active`."""
    server.answers["GET /metadata"] = fhir_reply(listed)
    server.answers["GET /Patient/p1"] = fhir_reply(patient)
    results = sweep(fhir, ledger, session)
    assert "/Patient/p1" not in " ".join(writes(server))
    (of_patient,) = [result for result in results if result.kind == "patient"]
    assert of_patient.how is None
    assert "Real" not in (of_patient.why or "")


def test_records_of_a_real_patient_are_not_touched(
    server: HttpServerStandin, fhir: FhirDriver, ledger: Ledger, session: Session
) -> None:
    server.answers["GET /Patient/p1"] = fhir_reply(REAL)
    results = sweep(fhir, ledger, session)
    assert [result.how for result in results] == [None] * 3
    assert writes(server) == []


def test_an_encounter_and_a_document_of_another_patient_are_not_touched(
    server: HttpServerStandin, fhir: FhirDriver, ledger: Ledger, session: Session
) -> None:
    """Also where the run's patient is still there."""
    elsewhere = {"subject": {"reference": "Patient/p9"}}
    server.answers["GET /Encounter/e1"] = fhir_reply(an_encounter(**elsewhere))
    server.answers["GET /DocumentReference/d1"] = fhir_reply({**a_document(), **elsewhere})
    sweep(fhir, ledger, session)
    assert writes(server) == ["DELETE /Patient/p1"]
