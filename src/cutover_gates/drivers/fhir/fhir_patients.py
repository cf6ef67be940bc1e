"""The patients of a FHIR server: conditional creates, searches and updates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from cutover_gates.drivers.fhir.client import FhirClient
from cutover_gates.drivers.fhir.fhir_response import FhirResponse
from cutover_gates.drivers.fhir.patient_records import PatientRecords
from cutover_gates.drivers.fhir.resource_elements import KEY_SYSTEM
from cutover_gates.drivers.fhir.resources import ResourceMapper
from cutover_gates.drivers.fhir.search_bundles import escape_value, search_all
from cutover_gates.hospital import Patient, PatientDraft, PatientQuery, Reason, Rejected, Session

CONFLICT = 409


class FhirPatients:
    """The patients of one server."""

    def __init__(
        self, server: FhirClient, charts: PatientRecords, resources: ResourceMapper
    ) -> None:
        self._server, self._charts, self._resources = server, charts, resources

    def create(
        self, session: Session, draft: PatientDraft, key: str | None, *, conditional: bool
    ) -> Patient:
        """Create a patient; `key` is an idempotency key.

        A `conditional` create does not create a patient whose record number (or key) exists.
        """
        headers = {}
        if conditional:
            headers["If-None-Exist"] = self._condition(draft, key)
        resource = self._resources.patient(draft, key)
        response = self._create(session, resource, headers)
        patient = self.interpret(response)
        is_repetition = key is not None and patient.mrn == draft.mrn
        # 200 instead of 201: the condition found a patient, and nobody was created.
        if response.answer.status == 200 and conditional and not is_repetition:
            raise _existing_patient(patient, key, response)
        return patient

    def _create(
        self, session: Session, resource: Mapping[str, Any], headers: Mapping[str, str]
    ) -> FhirResponse:
        """Create the patient; where a conditional create meets a conflict, ask once more.

        Of several at the same moment one creates, and the others may meet it half way (409). When
        that one is done, the condition finds its patient.
        """
        try:
            return self._charts.create("register", resource, session, "create", headers)
        except Rejected as rejection:
            if not headers or rejection.answer.status != CONFLICT:
                raise
        return self._charts.create("register", resource, session, "create", headers)

    def search(self, session: Session, query: PatientQuery) -> Sequence[Patient]:
        """Return every match, from all pages."""
        parameters = {}
        if query.mrn is not None:
            system = self._server.settings.mrn_system
            parameters["identifier"] = f"{system}|{escape_value(query.mrn)}"
        if query.name is not None:
            parameters["name"] = escape_value(query.name)
        if query.birth_date is not None:
            parameters["birthdate"] = query.birth_date.isoformat()
        found = search_all(self._server, "search", "Patient", parameters, session)
        return [
            self._charts.interpret(page, self._resources.read_patient, resource, None)
            for page, resource in found
        ]

    def update(self, session: Session, patient: Patient) -> Patient:
        """Store a patient over the version that it carries."""
        resource = {**self._resources.patient(patient.draft), "id": patient.id}
        with self._charts.require_patient(patient.id, session):
            return self.interpret(
                self._charts.update("update", resource, patient.version, session, "update")
            )

    def interpret(self, response: FhirResponse) -> Patient:
        """Return the patient in an answer."""
        return self._charts.interpret(
            response, self._resources.read_patient, response.resource, response.etag
        )

    def _condition(self, draft: PatientDraft, key: str | None) -> str:
        system, value = self._server.settings.mrn_system, draft.mrn
        if key:
            system, value = KEY_SYSTEM, key
        return f"identifier={quote(system, safe=':/')}|{quote(escape_value(value), safe='')}"


def _existing_patient(patient: Patient, key: str | None, response: FhirResponse) -> Rejected:
    reason, problem = Reason.DUPLICATE, "this record number is taken"
    if key:
        reason, problem = Reason.INVALID, "this key was used for another patient"
    message = f"{problem}: the server created nobody, and gives Patient/{patient.id}"
    return Rejected(reason, message, response.answer)
