"""Who acts in a check: thin words over a driver and a session."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from cutover_gates.hospital.driver import Driver
from cutover_gates.hospital.values import (
    Credentials,
    Document,
    Patient,
    PatientDraft,
    PatientQuery,
    Session,
    Transition,
    Upload,
    Visit,
)


class SignInDesk:
    """Where people sign in and out."""

    def __init__(self, hospital: Driver) -> None:
        self._hospital = hospital

    def sign_in(self, credentials: Credentials) -> Session:
        return self._hospital.sign_in(credentials)

    def refresh(self, session: Session) -> Session:
        return self._hospital.refresh(session)

    def sign_out(self, session: Session) -> None:
        self._hospital.sign_out(session)


class FrontDesk:
    """Where a registrar registers, finds and corrects patients."""

    def __init__(self, hospital: Driver, session: Session) -> None:
        self._hospital, self._session = hospital, session

    def register(self, draft: PatientDraft, *, idempotency_key: str | None = None) -> Patient:
        return self._hospital.register(self._session, draft, idempotency_key=idempotency_key)

    def patient(self, patient_id: str) -> Patient:
        return self._hospital.patient(self._session, patient_id)

    def find(
        self, *, mrn: str | None = None, name: str | None = None, birth_date: date | None = None
    ) -> Sequence[Patient]:
        return self._hospital.search(self._session, PatientQuery(mrn, name, birth_date))

    def update(self, patient: Patient) -> Patient:
        return self._hospital.update(self._session, patient)


class Ward:
    """Where a clinician opens and moves visits."""

    def __init__(self, hospital: Driver, session: Session) -> None:
        self._hospital, self._session = hospital, session

    def open(self, patient: Patient, reason: str = "cutover check") -> Visit:
        return self._hospital.open_visit(self._session, patient.id, reason)

    def open_for(self, patient_id: str, reason: str = "cutover check") -> Visit:
        return self._hospital.open_visit(self._session, patient_id, reason)

    def visit(self, visit: Visit) -> Visit:
        return self._hospital.visit(self._session, visit.patient_id, visit.id)

    def visits_of(self, patient: Patient) -> Sequence[Visit]:
        return self._hospital.visits_of(self._session, patient.id)

    def admit(self, visit: Visit) -> Visit:
        return self._hospital.move(self._session, visit, Transition.ADMIT)

    def discharge(self, visit: Visit) -> Visit:
        return self._hospital.move(self._session, visit, Transition.DISCHARGE)


class Records:
    """Where documents are filed and read."""

    def __init__(self, hospital: Driver, session: Session) -> None:
        self._hospital, self._session = hospital, session

    def file(self, patient: Patient, upload: Upload) -> Document:
        return self._hospital.upload(self._session, patient.id, upload)

    def abort_upload(self, patient: Patient, upload: Upload) -> None:
        self._hospital.cut_upload(self._session, patient.id, upload)

    def document(self, document: Document) -> Document:
        return self._hospital.document(self._session, document.patient_id, document.id)

    def content(self, document: Document) -> bytes:
        return self._hospital.content(self._session, document)

    def list_documents(self, patient: Patient) -> Sequence[Document]:
        return self._hospital.documents_of(self._session, patient.id)
