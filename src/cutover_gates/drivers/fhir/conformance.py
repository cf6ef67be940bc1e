"""What only a FHIR server promises: that its capability statement is true, that versions are kept,
that transactions are atomic.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.drivers.fhir.capability_operations import IDS
from cutover_gates.drivers.fhir.client import FhirClient, FhirResponse
from cutover_gates.drivers.fhir.fhir_driver import FhirDriver
from cutover_gates.drivers.fhir.resources import hash_of, version_of
from cutover_gates.drivers.ledger_driver import LedgerDriver
from cutover_gates.hospital import (
    Document,
    Patient,
    PatientDraft,
    ProtocolViolation,
    Reason,
    Rejected,
    Session,
)

NO_TYPE = "NoSuchType"
_SAMPLES: Mapping[str, str] = {
    "token": "x",
    "string": "x",
    "date": "2000-01-01",
    "reference": "Patient/x",
    "number": "1",
    "quantity": "1",
    "uri": "urn:x",
}
"""A value for a search parameter of each type; others (composite, special) are not tried."""
_OF_PARAMETER: Mapping[str, str] = {
    "active": "true",
    "deceased": "false",
    "gender": "female",
    "class": "IMP",
    "language": "en",
    "address-use": "home",
    "Encounter.status": "planned",
    "DocumentReference.status": "current",
}
"""For a parameter whose values FHIR names: a server may refuse another."""
_NOBODY = {
    "resource": {"resourceType": "Patient", "birthDate": "never"},
    "request": {"method": "POST", "url": "Patient"},
}


class FhirConformance:
    """Puts questions to a FHIR server.

    What they make is in the ledger; `record` takes what they saw.
    """

    def __init__(
        self, hospital: LedgerDriver, fhir: FhirDriver, record: Callable[[Assessment], None]
    ) -> None:
        self._hospital, self._fhir, self._record = hospital, fhir, record

    @property
    def _server(self) -> FhirClient:
        return self._fhir.server

    # -- the statement is true

    def assess_listed_interactions(self, session: Session, own: Mapping[str, str]) -> Assessment:
        """Every interaction and search parameter that it lists, tried on the check's own things
        (`own`: ids by their names in paths).
        """
        examined, findings = [], []
        for name, wrong in self._try_listed_interactions(session, own):
            examined.append(name)
            findings += [f"{name} is listed, and {wrong}"] if wrong else []
        return self._record_assessment("capability statement: what it lists", examined, findings)

    def assess_unlisted_interactions(self, session: Session, own: Mapping[str, str]) -> Assessment:
        """What it does not list is refused; also a type that there is not."""
        examined, findings = [], []
        for name, method, path in self._unlisted_requests(own):
            answer = self._server.send(
                "capability", self._server.request(method, self._server.url(*path), session)
            )
            examined.append(name)
            findings += (
                [f"{name} is not listed, and came HTTP {answer.status}"]
                if answer.status < 300 or answer.status in (500, 502, 503)
                else []
            )
        return self._record_assessment(
            "capability statement: what it does not list", examined, findings
        )

    # -- versions

    def versions(self, session: Session, patient_id: str) -> Sequence[Patient]:
        """Every version of a patient, newest first, as `_history` has them."""
        self._fhir.require("version-history")
        came = self._server.ask(
            "version-history",
            "GET",
            "Patient",
            patient_id,
            "_history",
            session=session,
            kind="Bundle",
        )
        entries = (came.resource or {}).get("entry", [])
        return [
            self._as_patient(came, entry["resource"]) for entry in entries if "resource" in entry
        ]

    def version(self, session: Session, patient: Patient) -> Patient:
        """The version of a patient that `patient` carries, whatever came after it."""
        self._fhir.require("version-history")
        number = (patient.version or "").removeprefix("W/").strip('"')
        came = self._server.ask(
            "version-history",
            "GET",
            "Patient",
            patient.id,
            "_history",
            number,
            session=session,
            kind="Patient",
        )
        return self._as_patient(came, came.resource)

    # -- documents

    def hashes(self, session: Session, document: Document) -> tuple[str | None, str]:
        """The hash that a document's description gives, and that of the bytes to which it leads."""
        return self._fhir.documents.read_hash(session, document), hash_of(
            self._hospital.content(session, document)
        )

    # -- transactions

    def register_together(
        self, session: Session, drafts: Sequence[PatientDraft], *, spoilt: bool = False
    ) -> None:
        """All of them in one transaction; `spoilt`: and one more, who is no valid Patient.

        Raises `Refused`, and then nobody shall be there.
        """
        self._fhir.require("transaction")
        ledger = self._hospital.ledger
        for draft in drafts:  # stays open: the sweep looks whom it made
            ledger.intend(
                "patient", draft.mrn, family_name=draft.family_name, given_name=draft.given_name
            )
        entries = [
            {
                "resource": self._fhir.resources.patient(draft),
                "request": {"method": "POST", "url": "Patient"},
            }
            for draft in drafts
        ]
        entries += [_NOBODY] if spoilt else []
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        request = self._server.request(
            "POST", self._server.url(), session, raw=json.dumps(bundle).encode()
        )
        came = self._server.send_and_judge("transaction", request, "create")
        answered = (self._server.resource(came, "Bundle") or {}).get("entry", [])
        statuses = [str(entry.get("response", {}).get("status", ""))[:3] for entry in answered]
        if statuses != ["201"] * len(entries):
            raise self._server.violation(
                "transaction",
                f"{len(entries)} entries with status 201",
                f"statuses {statuses}",
                request,
            )

    # -- below

    def _as_patient(self, came: FhirResponse, resource: Any) -> Patient:
        return self._fhir.charts.interpret(came, self._fhir.resources.read_patient, resource, None)

    def _try_listed_interactions(
        self, session: Session, own: Mapping[str, str]
    ) -> Iterator[tuple[str, str | None]]:
        """What is listed of each type, by name, and what is wrong with it.

        What removes comes last.
        """
        capability = self._fhir.capability
        for kind, thing_id in _resources_of(own):
            for interaction in sorted(capability.interactions(kind) - {"delete", "create"}):
                if interaction in _ACTS:
                    yield (
                        f"{interaction} of {kind}",
                        self._try_interaction(_ACTS[interaction], kind, thing_id, session),
                    )
            for param in capability.type_property(kind, "searchParam") or []:
                name, value = param["name"], _SAMPLES.get(param["type"])
                if value is not None and capability.lists(kind, "search-type"):
                    value = _OF_PARAMETER.get(name, _OF_PARAMETER.get(f"{kind}.{name}", value))
                    yield (
                        f"search of {kind} by {name}",
                        self._try_search(kind, name, value, session),
                    )
        for word, kind in (("document", "DocumentReference"), ("visit", "Encounter")):
            if capability.lists(kind, "delete"):
                yield f"delete of {kind}", self._try_delete(word, kind, own, session)

    def _unlisted_requests(
        self, own: Mapping[str, str]
    ) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        yield f"search of {NO_TYPE}", "GET", (NO_TYPE,)
        ways = {
            "read": ("GET", ()),
            "history-instance": ("GET", ("_history",)),
            "delete": ("DELETE", ()),
        }
        for kind, thing_id in _resources_of(own):
            for interaction, (method, rest) in ways.items():
                if not self._fhir.capability.lists(kind, interaction):
                    yield f"{interaction} of {kind}", method, (kind, thing_id, *rest)

    def _try_interaction(
        self,
        act: Callable[[FhirDriver, str, str, Session], object],
        kind: str,
        thing_id: str,
        session: Session,
    ) -> str | None:
        try:
            act(self._fhir, kind, thing_id, session)
        except (Rejected, ProtocolViolation) as error:
            return " ".join(str(error).splitlines()[:3])
        return None

    def _try_search(self, kind: str, name: str, value: str, session: Session) -> str | None:
        query, strictly = (
            {name: value, "_count": "1"},
            {"Prefer": "handling=strict"},
        )  # else an unknown parameter would only be left aside
        request = self._server.request(
            "GET", self._server.url(kind), session, query=query, headers=strictly
        )
        answer = self._server.send("capability", request)
        return None if answer.status == 200 else self._server.describe_answer(answer)

    def _try_delete(
        self, word: str, kind: str, own: Mapping[str, str], session: Session
    ) -> str | None:
        """Deleted, and then not there."""
        thing_id = own[IDS[kind]]
        try:
            how = self._hospital.retire(session, word, thing_id, own["patient_id"])
            self._fhir.charts.read("capability", kind, thing_id, session)
        except Rejected as refused:
            return None if refused.reason is Reason.NOT_FOUND else str(refused)
        return f"it is still there ({how})"

    def _record_assessment(
        self, title: str, examined: Sequence[str], findings: Sequence[str]
    ) -> Assessment:
        examination = Assessment(title, tuple(examined), tuple(findings))
        self._record(examination)
        return examination


def _resources_of(own: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(kind, own[name]) for kind, name in IDS.items() if name in own]


def _read(fhir: FhirDriver, kind: str, thing_id: str, session: Session) -> None:
    fhir.charts.read("capability", kind, thing_id, session)


def _vread(fhir: FhirDriver, kind: str, thing_id: str, session: Session) -> None:
    came = fhir.charts.read("capability", kind, thing_id, session)
    version = str((came.resource or {}).get("meta", {}).get("versionId", "1"))
    fhir.server.ask(
        "capability", "GET", kind, thing_id, "_history", version, session=session, kind=kind
    )


def _history(fhir: FhirDriver, kind: str, thing_id: str, session: Session) -> None:
    fhir.server.ask("capability", "GET", kind, thing_id, "_history", session=session, kind="Bundle")


def _update(fhir: FhirDriver, kind: str, thing_id: str, session: Session) -> None:
    """Stored as it is."""
    came = fhir.charts.read("capability", kind, thing_id, session)
    resource = came.resource or {}
    fhir.charts.update("capability", resource, version_of(resource, came.etag), session, "update")


def _search(fhir: FhirDriver, kind: str, thing_id: str, session: Session) -> None:
    fhir.server.ask(
        "capability", "GET", kind, session=session, kind="Bundle", query={"_id": thing_id}
    )


_ACTS: Mapping[str, Callable[[FhirDriver, str, str, Session], None]] = {
    "read": _read,
    "vread": _vread,
    "history-instance": _history,
    "update": _update,
    "search-type": _search,
}
