"""Reads single records through a session of its own, as somebody else sees them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from hashlib import sha256
from typing import Any

from cutover_gates.hospital import (
    Document,
    Driver,
    Reason,
    Rejected,
    Role,
    Session,
    Unsupported,
    VisitStatus,
)
from cutover_gates.hospital.write_journal import fields_of


def choose_reading_role(users: Collection[Role]) -> Role:
    """Return the role that reads what others wrote: an administrator may see everything."""
    roles = (Role.ADMINISTRATOR, Role.CLINICIAN, Role.REGISTRAR)
    return next((role for role in roles if role in users), Role.ADMINISTRATOR)


class SessionReader:
    """Reads records through a driver. `session` returns a living session.

    It is no session that wrote anything: what a target keeps for the writer alone is not found.
    A document's size and sum are those of the bytes that come back.
    """

    source = "another session"

    def __init__(self, driver: Driver, session: Callable[[], Session]) -> None:
        self._driver, self._session = driver, session

    def read(self, kind: str, record_id: str, patient_id: str) -> Mapping[str, Any] | None:
        """Return the record's fields; None where the target does not find it.

        Raises `Rejected` for any other refusal, and what `Driver` raises besides.
        """
        try:
            return self._read(kind, record_id, patient_id)
        except Rejected as rejection:
            if rejection.reason is Reason.NOT_FOUND:
                return None
            raise

    def _read(self, kind: str, record_id: str, patient_id: str) -> Mapping[str, Any]:
        session = self._session()
        if kind == "patient":
            return fields_of(self._driver.patient(session, record_id).draft)
        if kind == "visit":
            visit = self._driver.visit(session, patient_id, record_id)
            found = {"patient_id": visit.patient_id, "status": VisitStatus(visit.status)}
            # A target that keeps no reason has to declare that: the field is then not compared.
            return found if visit.reason is None else {**found, "reason": visit.reason}
        return self._read_document(session, record_id, patient_id)

    def _read_document(
        self, session: Session, record_id: str, patient_id: str
    ) -> Mapping[str, Any]:
        document = self._driver.document(session, patient_id, record_id)
        described = {
            "patient_id": document.patient_id,
            "file_name": document.file_name,
            "media_type": document.media_type,
        }
        return {**described, **self._read_bytes(session, document)}

    def _read_bytes(self, session: Session, document: Document) -> Mapping[str, Any]:
        try:
            content = self._driver.content(session, document)
        except Unsupported:
            return {}
        return {"size": len(content), "sha256": sha256(content).hexdigest()}
