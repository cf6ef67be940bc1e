"""The people who act in a check: a driver and a session under the names of their work."""

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
    """The place where people sign in and out."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def sign_in(self, credentials: Credentials) -> Session:
        """Open a session for a person."""
        return self._driver.sign_in(credentials)

    def refresh(self, session: Session) -> Session:
        """Return the session with a new token."""
        return self._driver.refresh(session)

    def sign_out(self, session: Session) -> None:
        """End the session at the target."""
        self._driver.sign_out(session)


class FrontDesk:
    """The place where a registrar registers, finds and corrects patients."""

    def __init__(self, driver: Driver, session: Session) -> None:
        self._driver, self._session = driver, session

    def register(self, draft: PatientDraft, *, idempotency_key: str | None = None) -> Patient:
        """Register a patient. `idempotency_key` marks repeated requests as the same one."""
        return self._driver.register(self._session, draft, idempotency_key=idempotency_key)

    def patient(self, patient_id: str) -> Patient:
        """Return the stored patient."""
        return self._driver.patient(self._session, patient_id)

    def find(
        self, *, mrn: str | None = None, name: str | None = None, birth_date: date | None = None
    ) -> Sequence[Patient]:
        """Return the patients who match every given value."""
        return self._driver.search(self._session, PatientQuery(mrn, name, birth_date))

    def update(self, patient: Patient) -> Patient:
        """Store `patient` over the version that it carries."""
        return self._driver.update(self._session, patient)


class Ward:
    """The place where a clinician opens and moves visits."""

    def __init__(self, driver: Driver, session: Session) -> None:
        self._driver, self._session = driver, session

    def open(self, patient: Patient, reason: str = "cutover check") -> Visit:
        """Open a visit of a patient."""
        return self._driver.open_visit(self._session, patient.id, reason)

    def open_for(self, patient_id: str, reason: str = "cutover check") -> Visit:
        """Open a visit of the patient with this id, also where there is none."""
        return self._driver.open_visit(self._session, patient_id, reason)

    def visit(self, visit: Visit) -> Visit:
        """Return the stored visit."""
        return self._driver.visit(self._session, visit.patient_id, visit.id)

    def visits_of(self, patient: Patient) -> Sequence[Visit]:
        """Return all visits of a patient."""
        return self._driver.visits_of(self._session, patient.id)

    def admit(self, visit: Visit) -> Visit:
        """Admit the patient of a planned visit."""
        return self._driver.move(self._session, visit, Transition.ADMIT)

    def discharge(self, visit: Visit) -> Visit:
        """Discharge the patient of an active visit."""
        return self._driver.move(self._session, visit, Transition.DISCHARGE)


class Records:
    """The place where documents are filed and read."""

    def __init__(self, driver: Driver, session: Session) -> None:
        self._driver, self._session = driver, session

    def file(self, patient: Patient, upload: Upload) -> Document:
        """File an upload with the patient."""
        return self._driver.upload(self._session, patient.id, upload)

    def abort_upload(self, patient: Patient, upload: Upload) -> None:
        """Begin an upload and break the connection half way."""
        self._driver.cut_upload(self._session, patient.id, upload)

    def document(self, document: Document) -> Document:
        """Return the stored description of a document."""
        return self._driver.document(self._session, document.patient_id, document.id)

    def content(self, document: Document) -> bytes:
        """Return the bytes of a document."""
        return self._driver.content(self._session, document)

    def list_documents(self, patient: Patient) -> Sequence[Document]:
        """Return all documents of a patient."""
        return self._driver.documents_of(self._session, patient.id)
