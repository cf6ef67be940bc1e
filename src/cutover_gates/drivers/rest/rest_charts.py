"""The operations on patients, visits and documents of a REST backend."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import httpx

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.partial_upload import cut_request
from cutover_gates.drivers.rest.extraction import ExtractionError, search_body
from cutover_gates.drivers.rest.operation_runner import OperationResult, OperationRunner
from cutover_gates.drivers.rest.pagination import Paginator
from cutover_gates.drivers.rest.request_body import UploadVariable
from cutover_gates.drivers.rest.stored_forms import draft_variables
from cutover_gates.drivers.rest.value_mapping import AnswerReader
from cutover_gates.drivers.transport import GuardedTransport
from cutover_gates.hospital import (
    Document,
    Patient,
    PatientDraft,
    PatientQuery,
    Session,
    Transition,
    Upload,
    Visit,
)


class RestCharts:
    """The operations on patients, visits and documents, as `Driver` names them."""

    def __init__(
        self,
        runner: OperationRunner,
        reader: AnswerReader,
        recorder: Recorder,
        transport: GuardedTransport | None,
    ) -> None:
        self._runner, self._read, self._recorder = runner, reader, recorder
        self._transport, self._pages = transport, Paginator(runner)

    # -- patients

    def register(
        self, session: Session, draft: PatientDraft, *, idempotency_key: str | None = None
    ) -> Patient:
        """Register a patient."""
        variables = draft_variables(draft, self._read)
        result = self._runner.run("register", session, draft=variables, key=idempotency_key)
        return self._read.patient(result)

    def patient(self, session: Session, patient_id: str) -> Patient:
        """Return a patient."""
        return self._read.patient(self._runner.run("patient", session, patient={"id": patient_id}))

    def search(self, session: Session, query: PatientQuery) -> Sequence[Patient]:
        """Return every match, from all pages."""
        variables = {"mrn": query.mrn, "name": query.name, "birth_date": query.birth_date}
        return self._pages.list_all("search", session, self._read.patient, query=variables)

    def update(self, session: Session, patient: Patient) -> Patient:
        """Store a patient over the version that it carries."""
        variables = draft_variables(patient.draft, self._read)
        variables |= {"id": patient.id, "version": patient.version}
        return self._read.patient(self._runner.run("update", session, patient=variables))

    # -- visits

    def open_visit(self, session: Session, patient_id: str, reason: str) -> Visit:
        """Open a visit."""
        patient = {"id": patient_id}
        result = self._runner.run("open_visit", session, patient=patient, reason=reason)
        return self._read.visit(result)

    def visit(self, session: Session, patient_id: str, visit_id: str) -> Visit:
        """Return a visit."""
        patient, visit = {"id": patient_id}, {"id": visit_id}
        return self._read.visit(self._runner.run("visit", session, patient=patient, visit=visit))

    def visits_of(self, session: Session, patient_id: str) -> Sequence[Visit]:
        """Return all visits of a patient."""
        patient = {"id": patient_id}
        return self._pages.list_all("visits_of", session, self._read.visit, patient=patient)

    def move(self, session: Session, visit: Visit, move: Transition) -> Visit:
        """Move a visit to another state."""
        variables = {
            "id": visit.id,
            "patient_id": visit.patient_id,
            "reason": visit.reason,
            "status": self._read.to_target("status", visit.status),
        }
        result = self._runner.run(
            move.value,
            session,
            patient={"id": visit.patient_id},
            visit=variables,
            move=self._read.to_target("move", move),
        )
        return self._read.visit(result)

    # -- documents

    def upload(self, session: Session, patient_id: str, upload: Upload) -> Document:
        """File a document."""
        variables = {"patient": {"id": patient_id}, "upload": UploadVariable(upload)}
        return self._read.document(self._runner.run("upload", session, **variables))

    def cut_upload(self, session: Session, patient_id: str, upload: Upload) -> None:
        """Send half of the request that carries the file."""
        variables = {"patient": {"id": patient_id}, "upload": UploadVariable(upload)}
        request = self._runner.upload_request("upload", session, **variables)
        try:
            cut_request(request, self._transport, self._recorder)
        except (OSError, httpx.TransportError) as error:
            actual = f"{type(error).__name__}: {error}"
            raise self._runner.judge.violation(
                "upload", "a connection", actual, "operations.upload", request
            ) from error

    def document(self, session: Session, patient_id: str, document_id: str) -> Document:
        """Return the description of a document."""
        patient, document = {"id": patient_id}, {"id": document_id}
        result = self._runner.run("document", session, patient=patient, document=document)
        return self._read.document(result)

    def content(self, session: Session, document: Document) -> bytes:
        """Return the bytes of a document."""
        variables = {field.name: getattr(document, field.name) for field in fields(Document)}
        patient = {"id": document.patient_id}
        result = self._runner.run("content", session, patient=patient, document=variables)
        where = self._runner.operation("content").base64
        return result.answer.content if where is None else self._decode_base64(result, where)

    def documents_of(self, session: Session, patient_id: str) -> Sequence[Document]:
        """Return the descriptions of all documents of a patient."""
        patient = {"id": patient_id}
        return self._pages.list_all("documents_of", session, self._read.document, patient=patient)

    def _decode_base64(self, result: OperationResult, where: str) -> bytes:
        try:
            text: Any = search_body(where, result.answer.json)
            return base64.b64decode(text, validate=True)
        except (ExtractionError, TypeError, ValueError) as error:
            line = f"operations.content.base64 = {where!r}"
            expected = f"base64 at {where!r}"
            raise self._runner.judge.violation(
                "content", expected, type(error).__name__, line, result.request
            ) from error
