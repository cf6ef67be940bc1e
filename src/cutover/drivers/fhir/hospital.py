"""A FHIR R4 server as a `Hospital`: patients, visits and documents as Patient, Encounter and
DocumentReference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import quote

from cutover.drivers.client import Client
from cutover.drivers.fhir import describing
from cutover.drivers.fhir.auth import Auth
from cutover.drivers.fhir.capability import Capability
from cutover.drivers.fhir.charts import Charts
from cutover.drivers.fhir.client import Came, Server
from cutover.drivers.fhir.documents import Documents
from cutover.drivers.fhir.errors import message_of, reason_of
from cutover.drivers.fhir.resources import IN_ERROR, KEY_SYSTEM, Resources
from cutover.drivers.fhir.searching import escaped, walk
from cutover.drivers.fhir.statements import Statements
from cutover.drivers.fhir.visits import Visits
from cutover.drivers.transport import GuardedTransport
from cutover.evidence import Recorder
from cutover.hospital import (
    Answer,
    Credentials,
    Document,
    Health,
    Move,
    NotOffered,
    Operation,
    Patient,
    PatientDraft,
    PatientQuery,
    Reason,
    Refused,
    Session,
    Upload,
    Visit,
)
from cutover.settings.fhir import Fhir

_RETIRED: Mapping[str, tuple[str, Mapping[str, Any], str]] = {
    "patient": ("Patient", {"active": False}, "inactive"),
    "visit": ("Encounter", {"status": IN_ERROR}, IN_ERROR),
}


class FhirHospital:
    """A `Hospital` behind a FHIR R4 server.

    `unsupported` are the names that the settings declare so, each with its reason: operations, and
    `encounter-rules` (the server takes any status over any other), `file-names` (it keeps a file's
    name as it came).
    """

    def __init__(
        self,
        base_url: str,
        settings: Fhir,
        client: Client,
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
        self.server = Server(base_url, settings, client, run_tag, recorder, source)
        self.resources, self.charts = Resources(settings, run_tag), Charts(self.server)
        self._auth, self.documents = (
            Auth(self.server),
            Documents(self.server, self.charts, self.resources),
        )
        self._attempts = describing.Attempts(self.server, self.resources)
        self._visits, self._statements = (
            Visits(self.charts, self.resources, self._unsupported),
            Statements(self.server),
        )

    def close(self) -> None:
        self._client.close()

    # -- in and out

    def sign_in(self, credentials: Credentials) -> Session:
        self._declared("sign_in")
        return self._auth.sign_in(credentials)

    def refresh(self, session: Session) -> Session:
        """By a refresh token.

        Where the server gave none there is nothing to ask with: client credentials usually bring
        none.
        """
        if session.refresh is None or self.server.settings.auth in ("basic", "none"):
            raise NotOffered(
                "refresh", self._unsupported.get("refresh", "the server gave no refresh token")
            )
        return self._auth.refresh(session)

    def sign_out(self, session: Session) -> None:
        self._declared("sign_out")
        self._auth.sign_out(session)

    # -- patients

    def register(
        self, session: Session, draft: PatientDraft, *, idempotency_key: str | None = None
    ) -> Patient:
        """By a conditional create where the server offers one: whoever has this record number (or
        came with this key) is not made again.
        """
        self.offered("register")
        headers = self._once(draft, idempotency_key)
        came = self.charts.made(
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
            raise Refused(
                reason,
                f"{what}: the server made nobody, and gives Patient/{patient.id}",
                came.answer,
            )
        return patient

    def patient(self, session: Session, patient_id: str) -> Patient:
        self.offered("patient")
        return self._patient(self.charts.read("patient", "Patient", patient_id, session))

    def search(self, session: Session, query: PatientQuery) -> Sequence[Patient]:
        self.offered("search")
        mrn = (
            f"{self.server.settings.mrn_system}|{escaped(query.mrn)}"
            if query.mrn is not None
            else None
        )
        asked = {
            "identifier": mrn,
            "name": escaped(query.name) if query.name is not None else None,
            "birthdate": query.birth_date.isoformat() if query.birth_date is not None else None,
        }
        found = walk(
            self.server,
            "search",
            "Patient",
            {name: value for name, value in asked.items() if value is not None},
            session,
        )
        return [
            self.charts.understood(came, self.resources.as_patient, resource, None)
            for came, resource in found
        ]

    def update(self, session: Session, patient: Patient) -> Patient:
        self.offered("update")
        resource = {**self.resources.patient(patient.draft), "id": patient.id}
        with self.charts.existing(patient.id, session):
            return self._patient(
                self.charts.stored("update", resource, patient.version, session, "update")
            )

    # -- visits

    def open_visit(self, session: Session, patient_id: str, reason: str) -> Visit:
        self.offered("open_visit")
        with self.charts.existing(patient_id, session):
            return self._visits.understood(
                self.charts.made(
                    "open_visit", self.resources.encounter(patient_id, reason), session, "create"
                )
            )

    def visit(self, session: Session, patient_id: str, visit_id: str) -> Visit:
        self.offered("visit")
        return self._visits.understood(
            self.charts.read_of("visit", "Encounter", visit_id, patient_id, session)
        )

    def visits_of(self, session: Session, patient_id: str) -> Sequence[Visit]:
        capability = self.offered("visits_of")
        by = capability.searched_by("Encounter", "subject", "patient")
        return self.charts.list_of(
            "visits_of", "Encounter", by, patient_id, session, self.resources.as_visit
        )

    def move(self, session: Session, visit: Visit, move: Move) -> Visit:
        self.offered(move.value)
        return self._visits.moved(session, visit, move)

    # -- documents

    def upload(self, session: Session, patient_id: str, upload: Upload) -> Document:
        capability = self.offered("upload")
        if "file-names" in self._unsupported and (
            "/" in upload.file_name or "\\" in upload.file_name
        ):
            raise NotOffered("file-names", self._unsupported["file-names"])
        return self._document(self.documents.filed(capability, session, patient_id, upload))

    def cut_upload(self, session: Session, patient_id: str, upload: Upload) -> None:
        self.documents.cut(self.offered("upload"), session, patient_id, upload, self._transport)

    def document(self, session: Session, patient_id: str, document_id: str) -> Document:
        self.offered("document")
        return self._document(
            self.charts.read_of("document", "DocumentReference", document_id, patient_id, session)
        )

    def content(self, session: Session, document: Document) -> bytes:
        self.offered("content")
        return self.documents.bytes_of(session, document)

    def documents_of(self, session: Session, patient_id: str) -> Sequence[Document]:
        by = self.offered("documents_of").searched_by("DocumentReference", "subject", "patient")
        return self.charts.list_of(
            "documents_of", "DocumentReference", by, patient_id, session, self.resources.as_document
        )

    # -- what it says of itself

    def live(self) -> Health:
        return self._health("live", self.server.settings.live_path)

    def ready(self) -> Health:
        return self._health("ready", self.server.settings.ready_path)

    def release(self) -> str:
        """As its capability statement says it, asked anew."""
        self._declared("release")
        said = self._statements.anew("release").release
        if said is None:
            raise NotOffered("release", "its capability statement names no software.version")
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
        self._declared(f"retire_{kind}")
        if kind == "document":
            return self.documents.retire(self.capability, session, thing_id)
        name, changed, how = _RETIRED[kind]
        if self.capability.lists(name, "delete") and self.charts.removed(name, thing_id, session):
            return "deleted"
        self.charts.marked(self.charts.read("retire", name, thing_id, session), changed, session)
        return how

    def operations(self) -> Sequence[Operation]:
        return describing.operations_of(self.capability)

    def attempt(
        self, operation: Operation, session: Session | None, values: Mapping[str, str] | None = None
    ) -> Answer:
        answer = self.server.sent(
            str(operation), self._attempts.request(operation, session, values or {})
        )
        return replace(answer, reason=reason_of(answer))

    def reason_of(self, answer: Answer) -> Reason | None:
        """Why an answer to `attempt` is a refusal; None where it is none."""
        return reason_of(answer)

    # -- what it can do

    @property
    def capability(self) -> Capability:
        """Its capability statement, read once."""
        return self._statements.kept

    def not_offered(self) -> dict[str, str]:
        """The operations that its own capability statement does not list, with its words."""
        return self.capability.not_offered()

    # -- below

    def _declared(self, operation: str) -> None:
        if operation in self._unsupported:
            raise NotOffered(operation, self._unsupported[operation])

    def offered(self, operation: str) -> Capability:
        """The capability statement, which lists the operation, and the settings do not declare
        otherwise. Raises `NotOffered`.
        """
        self._declared(operation)
        capability = self.capability
        capability.obey(operation)
        return capability

    def _once(self, draft: PatientDraft, key: str | None) -> dict[str, str]:
        """The header of a conditional create; none where the server offers none."""
        if "conditional-create" in self.capability.not_offered():
            if key:
                self.offered("conditional-create")
            return {}
        system, value = (KEY_SYSTEM, key) if key else (self.server.settings.mrn_system, draft.mrn)
        return {
            "If-None-Exist": (
                f"identifier={quote(system, safe=':/')}|{quote(escaped(value), safe='')}"
            )
        }

    def _patient(self, came: Came) -> Patient:
        return self.charts.understood(came, self.resources.as_patient, came.resource, came.etag)

    def _document(self, came: Came) -> Document:
        document = self.charts.understood(came, self.resources.as_document, came.resource)
        if document is None:
            raise Refused(Reason.NOT_FOUND, "the document was entered in error", came.answer)
        return document

    def _health(self, operation: str, path: str | None) -> Health:
        self._declared(operation)
        if path is None:
            statement = self._statements.anew(operation).statement
            return Health(True, f"its capability statement of {statement.get('date')}")
        answer = self.server.sent(
            operation, self.server.request("GET", self.server.beside(path), None, accept="*/*")
        )
        detail = f"HTTP {answer.status}" + (
            f": {message_of(answer)}" if answer.status >= 300 else ""
        )
        return Health(answer.status < 300, self.server.recorder.redactor.text(detail))
