"""The promises that only a FHIR server makes: a true statement, versions, atomic transactions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.findings import Rule
from cutover_gates.drivers.fhir import rules
from cutover_gates.drivers.fhir.capability_probes import CapabilityProbes, Problem
from cutover_gates.drivers.fhir.client import FhirClient
from cutover_gates.drivers.fhir.fhir_driver import FhirDriver
from cutover_gates.drivers.fhir.fhir_response import FhirResponse
from cutover_gates.drivers.fhir.resource_elements import hash_of
from cutover_gates.drivers.ledger_driver import LedgerDriver
from cutover_gates.hospital import Document, Patient, PatientDraft, Session
from cutover_gates.hospital.write_journal import SentWrite, WriteJournal

_INVALID_ENTRY = {
    "resource": {"resourceType": "Patient", "birthDate": "never"},
    "request": {"method": "POST", "url": "Patient"},
}
"""An entry of a transaction that no server may accept: its birth date is not a date."""


class FhirConformance:
    """Assesses a FHIR server.

    What the assessments create is in the ledger, and in `journal` once it is acknowledged. `record`
    receives each assessment.
    """

    def __init__(
        self,
        driver: LedgerDriver,
        fhir: FhirDriver,
        record: Callable[[Assessment], None],
        journal: WriteJournal | None = None,
    ) -> None:
        self._driver, self._fhir, self._record = driver, fhir, record
        self._journal = journal or WriteJournal()

    @property
    def _server(self) -> FhirClient:
        return self._fhir.server

    # -- the capability statement

    def assess_listed_interactions(self, session: Session, own: Mapping[str, str]) -> Assessment:
        """Assess every interaction and search parameter that the statement lists.

        They are tried on the check's own things (`own`: ids by their names in paths).
        """
        probes = CapabilityProbes(self._driver, self._fhir, session, own)
        return self._assess(
            "capability statement: listed interactions",
            rules.LISTED_INTERACTIONS_WORK,
            "it works",
            probes.try_listed(),
        )

    def assess_unlisted_interactions(self, session: Session, own: Mapping[str, str]) -> Assessment:
        """Assess that what the statement does not list is refused; also an unknown type."""
        probes = CapabilityProbes(self._driver, self._fhir, session, own)
        return self._assess(
            "capability statement: unlisted interactions",
            rules.UNLISTED_INTERACTIONS_ARE_REFUSED,
            "a refusal",
            probes.try_unlisted(),
        )

    def _assess(
        self, title: str, rule: Rule, expected: str, probes: Iterable[tuple[str, Problem]]
    ) -> Assessment:
        builder = AssessmentBuilder()
        for name, problem in probes:
            builder.checked.append(name)
            if problem:
                builder.add_finding(rule, name, expected=expected, actual=problem)
        assessment = builder.build(title)
        self._record(assessment)
        return assessment

    # -- versions

    def versions(self, session: Session, patient_id: str) -> Sequence[Patient]:
        """Return every version of a patient, newest first, as `_history` has them."""
        self._fhir.require("version-history")
        response = self._server.ask(
            "version-history",
            "GET",
            "Patient",
            patient_id,
            "_history",
            session=session,
            kind="Bundle",
        )
        entries = (response.resource or {}).get("entry", [])
        resources = [entry["resource"] for entry in entries if "resource" in entry]
        return [self._as_patient(response, resource) for resource in resources]

    def version(self, session: Session, patient: Patient) -> Patient:
        """Return the version of a patient that `patient` carries, whatever came after it."""
        self._fhir.require("version-history")
        number = (patient.version or "").removeprefix("W/").strip('"')
        response = self._server.ask(
            "version-history",
            "GET",
            "Patient",
            patient.id,
            "_history",
            number,
            session=session,
            kind="Patient",
        )
        return self._as_patient(response, response.resource)

    # -- documents

    def hashes(self, session: Session, document: Document) -> tuple[str | None, str]:
        """Return the hash in a document's description, and that of the bytes it leads to."""
        described = self._fhir.documents.read_hash(session, document)
        return described, hash_of(self._driver.content(session, document))

    # -- transactions

    def register_together(
        self, session: Session, drafts: Sequence[PatientDraft], *, spoilt: bool = False
    ) -> None:
        """Register all drafts in one transaction; `spoilt` adds an entry that is not valid.

        Raises `Rejected`, and then none of the patients may exist.
        """
        self._fhir.require("transaction")
        for draft in drafts:
            # The entries stay open, so that the sweep looks whom the transaction created.
            self._driver.ledger.intend(
                "patient", draft.mrn, family_name=draft.family_name, given_name=draft.given_name
            )
        entries = [self._entry(draft) for draft in drafts]
        if spoilt:
            entries.append(_INVALID_ENTRY)
        begun = self._journal.clock()
        for draft, patient_id in zip(
            drafts, self._send_transaction(session, entries), strict=False
        ):
            write = SentWrite(draft, begun, self._journal.clock())
            self._journal.add("patient", patient_id, patient_id, write)

    def _entry(self, draft: PatientDraft) -> dict[str, Any]:
        return {
            "resource": self._fhir.resources.patient(draft),
            "request": {"method": "POST", "url": "Patient"},
        }

    def _send_transaction(
        self, session: Session, entries: Sequence[Mapping[str, Any]]
    ) -> list[str]:
        """Send a transaction; return the ids of what it created, where the server names them."""
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        raw = json.dumps(bundle).encode()
        request = self._server.request("POST", self._server.url(), session, raw=raw)
        response = self._server.send_and_judge("transaction", request, "create")
        answered = (self._server.resource(response, "Bundle") or {}).get("entry", [])
        statuses = [str(entry.get("response", {}).get("status", ""))[:3] for entry in answered]
        if statuses != ["201"] * len(entries):
            expected = f"{len(entries)} entries with status 201"
            raise self._server.violation("transaction", expected, f"statuses {statuses}", request)
        return [_id_in_location(entry) for entry in answered if _id_in_location(entry)]

    def _as_patient(self, response: FhirResponse, resource: Any) -> Patient:
        return self._fhir.charts.interpret(
            response, self._fhir.resources.read_patient, resource, None
        )


def _id_in_location(entry: Mapping[str, Any]) -> str:
    """Return the id in `Patient/12/_history/1`; empty where the entry has no such location."""
    _, found, rest = str(entry.get("response", {}).get("location", "")).rpartition("Patient/")
    return rest.partition("/")[0] if found else ""
