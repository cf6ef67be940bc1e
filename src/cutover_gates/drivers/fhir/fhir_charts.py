"""The operations on patients, visits and documents of a FHIR server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cutover_gates.drivers.fhir.capability_statement import CapabilityLoader, CapabilityStatement
from cutover_gates.drivers.fhir.client import FhirClient
from cutover_gates.drivers.fhir.document_references import DocumentReferences
from cutover_gates.drivers.fhir.encounters import Encounters
from cutover_gates.drivers.fhir.fhir_patients import FhirPatients
from cutover_gates.drivers.fhir.fhir_response import FhirResponse
from cutover_gates.drivers.fhir.patient_records import PatientRecords
from cutover_gates.drivers.fhir.resources import ResourceMapper
from cutover_gates.drivers.transport import GuardedTransport
from cutover_gates.hospital import (
    Document,
    Patient,
    PatientDraft,
    PatientQuery,
    Reason,
    Rejected,
    Session,
    Transition,
    Unsupported,
    Upload,
    Visit,
)


class FhirCharts:
    """The operations on patients, visits and documents, as `Driver` names them.

    Each first requires what the capability statement must list for it.
    """

    def __init__(
        self,
        server: FhirClient,
        unsupported: Mapping[str, str],
        transport: GuardedTransport | None,
    ) -> None:
        self.server, self._unsupported, self._transport = server, unsupported, transport
        self.resources = ResourceMapper(server.settings, server.run_tag)
        self.charts = PatientRecords(server)
        self.documents = DocumentReferences(server, self.charts, self.resources)
        self._patients = FhirPatients(server, self.charts, self.resources)
        self._visits = Encounters(self.charts, self.resources, unsupported)
        self._statements = CapabilityLoader(server)

    # -- patients

    def register(
        self, session: Session, draft: PatientDraft, *, idempotency_key: str | None = None
    ) -> Patient:
        """Register a patient, by a conditional create where the server offers one."""
        self.require("register")
        conditional = "conditional-create" not in self.unsupported_operations()
        if idempotency_key and not conditional:
            self.require("conditional-create")
        return self._patients.create(session, draft, idempotency_key, conditional=conditional)

    def patient(self, session: Session, patient_id: str) -> Patient:
        """Return a patient."""
        self.require("patient")
        return self._patients.interpret(self.charts.read("patient", "Patient", patient_id, session))

    def search(self, session: Session, query: PatientQuery) -> Sequence[Patient]:
        """Return every match, from all pages."""
        self.require("search")
        return self._patients.search(session, query)

    def update(self, session: Session, patient: Patient) -> Patient:
        """Store a patient over the version that it carries."""
        self.require("update")
        return self._patients.update(session, patient)

    # -- visits

    def open_visit(self, session: Session, patient_id: str, reason: str) -> Visit:
        """Open a visit."""
        self.require("open_visit")
        resource = self.resources.encounter(patient_id, reason)
        with self.charts.require_patient(patient_id, session):
            return self._visits.interpret(
                self.charts.create("open_visit", resource, session, "create")
            )

    def visit(self, session: Session, patient_id: str, visit_id: str) -> Visit:
        """Return a visit."""
        self.require("visit")
        return self._visits.interpret(
            self.charts.read_for_patient("visit", "Encounter", visit_id, patient_id, session)
        )

    def visits_of(self, session: Session, patient_id: str) -> Sequence[Visit]:
        """Return all visits of a patient."""
        capability = self.require("visits_of")
        by = capability.choose_search_parameter("Encounter", "subject", "patient")
        return self.charts.list_for_patient(
            "visits_of", "Encounter", by, patient_id, session, self.resources.read_visit
        )

    def move(self, session: Session, visit: Visit, move: Transition) -> Visit:
        """Move a visit to another state."""
        self.require(move.value)
        return self._visits.move(session, visit, move)

    # -- documents

    def upload(self, session: Session, patient_id: str, upload: Upload) -> Document:
        """File a document."""
        capability = self.require("upload")
        return self._document(self.documents.create(capability, session, patient_id, upload))

    def cut_upload(self, session: Session, patient_id: str, upload: Upload) -> None:
        """Send half of the request that carries the bytes."""
        capability = self.require("upload")
        self.documents.abort_upload(capability, session, patient_id, upload, self._transport)

    def document(self, session: Session, patient_id: str, document_id: str) -> Document:
        """Return the description of a document."""
        self.require("document")
        return self._document(
            self.charts.read_for_patient(
                "document", "DocumentReference", document_id, patient_id, session
            )
        )

    def content(self, session: Session, document: Document) -> bytes:
        """Return the bytes of a document."""
        self.require("content")
        return self.documents.read_bytes(session, document)

    def documents_of(self, session: Session, patient_id: str) -> Sequence[Document]:
        """Return the descriptions of all documents of a patient."""
        kind, capability = "DocumentReference", self.require("documents_of")
        by = capability.choose_search_parameter(kind, "subject", "patient")
        return self.charts.list_for_patient(
            "documents_of", kind, by, patient_id, session, self.resources.read_document
        )

    # -- the capability statement

    @property
    def capability(self) -> CapabilityStatement:
        """The capability statement, which is requested once."""
        return self._statements.statement

    def unsupported_operations(self) -> dict[str, str]:
        """Return the operations that the capability statement does not list, with why."""
        return self.capability.unsupported_operations()

    def require(self, operation: str) -> CapabilityStatement:
        """Return the capability statement, which lists the operation.

        Raises `Unsupported` where it does not, or the settings declare it so.
        """
        self._check_declaration(operation)
        capability = self.capability
        capability.require(operation)
        return capability

    def _check_declaration(self, operation: str) -> None:
        if operation in self._unsupported:
            raise Unsupported(operation, self._unsupported[operation])

    def _document(self, response: FhirResponse) -> Document:
        document = self.charts.interpret(response, self.resources.read_document, response.resource)
        if document is None:
            message = "the document was entered in error"
            raise Rejected(Reason.NOT_FOUND, message, response.answer)
        return document
