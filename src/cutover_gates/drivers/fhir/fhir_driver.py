"""A FHIR R4 server as a `Hospital`: patients, visits and documents as Patient, Encounter and
DocumentReference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import quote

from cutover_gates.config.fhir import Fhir
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.fhir import capability_operations
from cutover_gates.drivers.fhir.answer_interpretation import read_message, read_reason
from cutover_gates.drivers.fhir.authentication import FhirAuthentication
from cutover_gates.drivers.fhir.capability_statement import CapabilityLoader, CapabilityStatement
from cutover_gates.drivers.fhir.client import FhirClient, FhirResponse
from cutover_gates.drivers.fhir.document_references import DocumentReferences
from cutover_gates.drivers.fhir.encounters import Encounters
from cutover_gates.drivers.fhir.patient_records import PatientRecords
from cutover_gates.drivers.fhir.resources import IN_ERROR, KEY_SYSTEM, ResourceMapper
from cutover_gates.drivers.fhir.search_bundles import escape_value, search_all
from cutover_gates.drivers.http_exchange import HttpClient
from cutover_gates.drivers.transport import GuardedTransport
from cutover_gates.hospital import (
    Answer,
    Credentials,
    Document,
    Health,
    Operation,
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

_RETIRED: Mapping[str, tuple[str, Mapping[str, Any], str]] = {
    "patient": ("Patient", {"active": False}, "inactive"),
    "visit": ("Encounter", {"status": IN_ERROR}, IN_ERROR),
}


class FhirDriver:
    """A `Hospital` behind a FHIR R4 server.

    `unsupported` are the names that the settings declare so, each with its reason: operations, and
    `encounter-rules` (the server takes any status over any other), `file-names` (it keeps a file's
    name as it came).
    """

    def __init__(
        self,
        base_url: str,
        settings: Fhir,
        client: HttpClient,
        *,
        run_tag: str,
        recorder: Recorder,
        unsupported: Mapping[str, str] | None = None,
        source: str = "cutover.toml",
        transport: GuardedTransport | None = None,
    ) -> None:
        client.cookies.jar.set_policy(
            DefaultCookiePolicy(allowed_domains=[])
        )  # a remembered session would sign in who must not be
        self._client, self._transport, self._unsupported = (
            client,
            transport,
            dict(unsupported or {}),
        )
        self.server = FhirClient(base_url, settings, client, run_tag, recorder, source)
        self.resources, self.charts = ResourceMapper(settings, run_tag), PatientRecords(self.server)
        self._auth, self.documents = (
            FhirAuthentication(self.server),
            DocumentReferences(self.server, self.charts, self.resources),
        )
        self._attempts = capability_operations.DocumentedRequests(self.server, self.resources)
        self._visits, self._statements = (
            Encounters(self.charts, self.resources, self._unsupported),
            CapabilityLoader(self.server),
        )

    def close(self) -> None:
        self._client.close()

    # -- in and out

    def sign_in(self, credentials: Credentials) -> Session:
        self._check_declaration("sign_in")
        return self._auth.sign_in(credentials)

    def refresh(self, session: Session) -> Session:
        """By a refresh token.

        Where the server gave none there is nothing to ask with: client credentials usually bring
        none.
        """
        if session.refresh is None or self.server.settings.auth in ("basic", "none"):
            raise Unsupported(
                "refresh", self._unsupported.get("refresh", "the server gave no refresh token")
            )
        return self._auth.refresh(session)

    def sign_out(self, session: Session) -> None:
        self._check_declaration("sign_out")
        self._auth.sign_out(session)

    # -- patients

    def register(
        self, session: Session, draft: PatientDraft, *, idempotency_key: str | None = None
    ) -> Patient:
        """By a conditional create where the server offers one: whoever has this record number (or
        came with this key) is not made again.
        """
        self.require("register")
        headers = self._conditional_create_header(draft, idempotency_key)
        came = self.charts.create(
            "register", self.resources.patient(draft, idempotency_key), session, "create", headers
        )
        patient = self._patient(came)
        if (
            came.answer.status == 200
            and headers
            and not (idempotency_key and patient.mrn == draft.mrn)
        ):
            what = (
                "this key was used for another"
                if idempotency_key
                else "this record number is taken"
            )
            reason = Reason.INVALID if idempotency_key else Reason.DUPLICATE
            raise Rejected(
                reason,
                f"{what}: the server made nobody, and gives Patient/{patient.id}",
                came.answer,
            )
        return patient

    def patient(self, session: Session, patient_id: str) -> Patient:
        self.require("patient")
        return self._patient(self.charts.read("patient", "Patient", patient_id, session))

    def search(self, session: Session, query: PatientQuery) -> Sequence[Patient]:
        self.require("search")
        mrn = (
            f"{self.server.settings.mrn_system}|{escape_value(query.mrn)}"
            if query.mrn is not None
            else None
        )
        asked = {
            "identifier": mrn,
            "name": escape_value(query.name) if query.name is not None else None,
            "birthdate": query.birth_date.isoformat() if query.birth_date is not None else None,
        }
        found = search_all(
            self.server,
            "search",
            "Patient",
            {name: value for name, value in asked.items() if value is not None},
            session,
        )
        return [
            self.charts.interpret(came, self.resources.read_patient, resource, None)
            for came, resource in found
        ]

    def update(self, session: Session, patient: Patient) -> Patient:
        self.require("update")
        resource = {**self.resources.patient(patient.draft), "id": patient.id}
        with self.charts.require_patient(patient.id, session):
            return self._patient(
                self.charts.update("update", resource, patient.version, session, "update")
            )

    # -- visits

    def open_visit(self, session: Session, patient_id: str, reason: str) -> Visit:
        self.require("open_visit")
        with self.charts.require_patient(patient_id, session):
            return self._visits.interpret(
                self.charts.create(
                    "open_visit", self.resources.encounter(patient_id, reason), session, "create"
                )
            )

    def visit(self, session: Session, patient_id: str, visit_id: str) -> Visit:
        self.require("visit")
        return self._visits.interpret(
            self.charts.read_for_patient("visit", "Encounter", visit_id, patient_id, session)
        )

    def visits_of(self, session: Session, patient_id: str) -> Sequence[Visit]:
        capability = self.require("visits_of")
        by = capability.choose_search_parameter("Encounter", "subject", "patient")
        return self.charts.list_for_patient(
            "visits_of", "Encounter", by, patient_id, session, self.resources.read_visit
        )

    def move(self, session: Session, visit: Visit, move: Transition) -> Visit:
        self.require(move.value)
        return self._visits.move(session, visit, move)

    # -- documents

    def upload(self, session: Session, patient_id: str, upload: Upload) -> Document:
        capability = self.require("upload")
        if "file-names" in self._unsupported and (
            "/" in upload.file_name or "\\" in upload.file_name
        ):
            raise Unsupported("file-names", self._unsupported["file-names"])
        return self._document(self.documents.create(capability, session, patient_id, upload))

    def cut_upload(self, session: Session, patient_id: str, upload: Upload) -> None:
        self.documents.abort_upload(
            self.require("upload"), session, patient_id, upload, self._transport
        )

    def document(self, session: Session, patient_id: str, document_id: str) -> Document:
        self.require("document")
        return self._document(
            self.charts.read_for_patient(
                "document", "DocumentReference", document_id, patient_id, session
            )
        )

    def content(self, session: Session, document: Document) -> bytes:
        self.require("content")
        return self.documents.read_bytes(session, document)

    def documents_of(self, session: Session, patient_id: str) -> Sequence[Document]:
        by = self.require("documents_of").choose_search_parameter(
            "DocumentReference", "subject", "patient"
        )
        return self.charts.list_for_patient(
            "documents_of",
            "DocumentReference",
            by,
            patient_id,
            session,
            self.resources.read_document,
        )

    # -- what it says of itself

    def live(self) -> Health:
        return self._health("live", self.server.settings.live_path)

    def ready(self) -> Health:
        return self._health("ready", self.server.settings.ready_path)

    def release(self) -> str:
        """As its capability statement says it, asked anew."""
        self._check_declaration("release")
        said = self._statements.load("release").release
        if said is None:
            raise Unsupported("release", "its capability statement names no software.version")
        return said

    def retire(
        # the signature is given
        self,
        session: Session,
        kind: str,
        thing_id: str,
        patient_id: str | None,  # noqa: ARG002
    ) -> str:  # the protocol's signature
        """Deleted where the server offers that, else marked: a patient as inactive, anything else
        as entered in error.
        """
        self._check_declaration(f"retire_{kind}")
        if kind == "document":
            return self.documents.retire(self.capability, session, thing_id)
        name, changed, how = _RETIRED[kind]
        if self.capability.lists(name, "delete") and self.charts.delete(name, thing_id, session):
            return "deleted"
        self.charts.update_elements(
            self.charts.read("retire", name, thing_id, session), changed, session
        )
        return how

    def operations(self) -> Sequence[Operation]:
        return capability_operations.list_operations(self.capability)

    def attempt(
        self, operation: Operation, session: Session | None, values: Mapping[str, str] | None = None
    ) -> Answer:
        answer = self.server.send(
            str(operation), self._attempts.request(operation, session, values or {})
        )
        return replace(answer, reason=read_reason(answer))

    def reason_of(self, answer: Answer) -> Reason | None:
        """Why an answer to `attempt` is a refusal; None where it is none."""
        return read_reason(answer)

    # -- what it can do

    @property
    def capability(self) -> CapabilityStatement:
        """Its capability statement, read once."""
        return self._statements.statement

    def unsupported_operations(self) -> dict[str, str]:
        """The operations that its own capability statement does not list, with its words."""
        return self.capability.unsupported_operations()

    # -- below

    def _check_declaration(self, operation: str) -> None:
        if operation in self._unsupported:
            raise Unsupported(operation, self._unsupported[operation])

    def require(self, operation: str) -> CapabilityStatement:
        """The capability statement, which lists the operation, and the settings do not declare
        otherwise. Raises `NotOffered`.
        """
        self._check_declaration(operation)
        capability = self.capability
        capability.require(operation)
        return capability

    def _conditional_create_header(self, draft: PatientDraft, key: str | None) -> dict[str, str]:
        """The header of a conditional create; none where the server offers none."""
        if "conditional-create" in self.capability.unsupported_operations():
            if key:
                self.require("conditional-create")
            return {}
        system, value = (KEY_SYSTEM, key) if key else (self.server.settings.mrn_system, draft.mrn)
        return {
            "If-None-Exist": (
                f"identifier={quote(system, safe=':/')}|{quote(escape_value(value), safe='')}"
            )
        }

    def _patient(self, came: FhirResponse) -> Patient:
        return self.charts.interpret(came, self.resources.read_patient, came.resource, came.etag)

    def _document(self, came: FhirResponse) -> Document:
        document = self.charts.interpret(came, self.resources.read_document, came.resource)
        if document is None:
            raise Rejected(Reason.NOT_FOUND, "the document was entered in error", came.answer)
        return document

    def _health(self, operation: str, path: str | None) -> Health:
        self._check_declaration(operation)
        if path is None:
            statement = self._statements.load(operation).statement
            return Health(True, f"its capability statement of {statement.get('date')}")
        answer = self.server.send(
            operation, self.server.request("GET", self.server.url_on_host(path), None, accept="*/*")
        )
        detail = f"HTTP {answer.status}" + (
            f": {read_message(answer)}" if answer.status >= 300 else ""
        )
        return Health(answer.status < 300, self.server.recorder.redactor.redact_text(detail))
