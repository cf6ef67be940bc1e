"""The base of everything that wraps a driver: ledger, sessions, measuring."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from cutover_gates.hospital import (
    Answer,
    Credentials,
    Document,
    Driver,
    DriverFeatures,
    Health,
    Operation,
    Patient,
    PatientDraft,
    PatientQuery,
    Session,
    Transition,
    Upload,
    Visit,
)

T = TypeVar("T")


class DriverWrapper:
    """A driver that passes each operation on to `inner`.

    A subclass overrides single operations, or `current_session` and `perform`, through which every
    operation runs.
    """

    def __init__(self, inner: Driver) -> None:
        self.inner = inner

    @property
    def features(self) -> DriverFeatures:
        """The features of the inner driver."""
        return self.inner.features

    def current_session(self, session: Session) -> Session:
        """Return the session that an operation uses instead of the given one."""
        return session

    def session_for(self, operation: str, session: Session) -> Session:  # noqa: ARG002  # as below
        """Return the session that one operation of the language uses."""
        return self.current_session(session)

    def perform(self, operation: str, act: Callable[[], T]) -> T:  # noqa: ARG002  # for subclasses
        """Run one operation of the inner driver. `operation` is its name in the protocol."""
        return act()

    # -- sessions

    def sign_in(self, credentials: Credentials) -> Session:
        """Pass on `sign_in`."""
        return self.perform("sign_in", lambda: self.inner.sign_in(credentials))

    def refresh(self, session: Session) -> Session:
        """Pass on `refresh`."""
        return self.perform("refresh", lambda: self.inner.refresh(session))

    def sign_out(self, session: Session) -> None:
        """Pass on `sign_out`."""
        self.perform("sign_out", lambda: self.inner.sign_out(session))

    # -- patients

    def register(
        self, session: Session, draft: PatientDraft, *, idempotency_key: str | None = None
    ) -> Patient:
        """Pass on `register`."""
        session = self.session_for("register", session)
        return self.perform(
            "register",
            lambda: self.inner.register(session, draft, idempotency_key=idempotency_key),
        )

    def patient(self, session: Session, patient_id: str) -> Patient:
        """Pass on `patient`."""
        session = self.session_for("patient", session)
        return self.perform("patient", lambda: self.inner.patient(session, patient_id))

    def search(self, session: Session, query: PatientQuery) -> Sequence[Patient]:
        """Pass on `search`."""
        session = self.session_for("search", session)
        return self.perform("search", lambda: self.inner.search(session, query))

    def update(self, session: Session, patient: Patient) -> Patient:
        """Pass on `update`."""
        session = self.session_for("update", session)
        return self.perform("update", lambda: self.inner.update(session, patient))

    # -- visits

    def open_visit(self, session: Session, patient_id: str, reason: str) -> Visit:
        """Pass on `open_visit`."""
        session = self.session_for("open_visit", session)
        return self.perform(
            "open_visit", lambda: self.inner.open_visit(session, patient_id, reason)
        )

    def visit(self, session: Session, patient_id: str, visit_id: str) -> Visit:
        """Pass on `visit`."""
        session = self.session_for("visit", session)
        return self.perform("visit", lambda: self.inner.visit(session, patient_id, visit_id))

    def visits_of(self, session: Session, patient_id: str) -> Sequence[Visit]:
        """Pass on `visits_of`."""
        session = self.session_for("visits_of", session)
        return self.perform("visits_of", lambda: self.inner.visits_of(session, patient_id))

    def move(self, session: Session, visit: Visit, move: Transition) -> Visit:
        """Pass on `move`."""
        session = self.session_for(move.value, session)
        return self.perform("move", lambda: self.inner.move(session, visit, move))

    # -- documents

    def upload(self, session: Session, patient_id: str, upload: Upload) -> Document:
        """Pass on `upload`."""
        session = self.session_for("upload", session)
        return self.perform("upload", lambda: self.inner.upload(session, patient_id, upload))

    def cut_upload(self, session: Session, patient_id: str, upload: Upload) -> None:
        """Pass on `cut_upload`."""
        session = self.session_for("upload", session)
        self.perform("cut_upload", lambda: self.inner.cut_upload(session, patient_id, upload))

    def document(self, session: Session, patient_id: str, document_id: str) -> Document:
        """Pass on `document`."""
        session = self.session_for("document", session)
        return self.perform(
            "document", lambda: self.inner.document(session, patient_id, document_id)
        )

    def content(self, session: Session, document: Document) -> bytes:
        """Pass on `content`."""
        session = self.session_for("content", session)
        return self.perform("content", lambda: self.inner.content(session, document))

    def documents_of(self, session: Session, patient_id: str) -> Sequence[Document]:
        """Pass on `documents_of`."""
        session = self.session_for("documents_of", session)
        return self.perform("documents_of", lambda: self.inner.documents_of(session, patient_id))

    # -- the target itself

    def live(self) -> Health:
        """Pass on `live`."""
        return self.perform("live", self.inner.live)

    def ready(self) -> Health:
        """Pass on `ready`."""
        return self.perform("ready", self.inner.ready)

    def release(self) -> str:
        """Pass on `release`."""
        return self.perform("release", self.inner.release)

    def retire(self, session: Session, kind: str, thing_id: str, patient_id: str | None) -> str:
        """Pass on `retire`."""
        session = self.session_for(f"retire_{kind}", session)
        return self.perform(
            "retire", lambda: self.inner.retire(session, kind, thing_id, patient_id)
        )

    def operations(self) -> Sequence[Operation]:
        """Pass on `operations`."""
        return self.perform("operations", self.inner.operations)

    def attempt(
        self, operation: Operation, session: Session | None, values: Mapping[str, str] | None = None
    ) -> Answer:
        """Pass on `attempt`."""
        return self.perform("attempt", lambda: self.inner.attempt(operation, session, values))
