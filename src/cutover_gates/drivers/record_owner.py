"""Tells whose a record on the target is, before anything is removed by its id.

Ids are given again: after a restore from a backup a serial id that a run once got names a real
patient. So a record is read first. It is the run's where its number or name carries what the ledger
says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

from cutover_gates.core.evidence.ledger_lines import RemainingRecord
from cutover_gates.drivers.record_entries import (
    MRN_TAG_CHARACTERS,
    carries_tag,
    find_entry_difference,
)
from cutover_gates.hospital import (
    Document,
    Driver,
    Patient,
    PatientDraft,
    PatientQuery,
    Reason,
    Rejected,
    Session,
    Unsupported,
    Visit,
)

_ANY_DAY = date(2000, 2, 29)


class Ownership(Enum):
    """Whose a record is. `GONE`: the target has no such record."""

    OWN = "own"
    GONE = "gone"
    FOREIGN = "foreign"


@dataclass(frozen=True)
class OwnedRecord:
    """Whose a record is, and why it is not known to be the run's. No value of a stranger's."""

    ownership: Ownership
    why: str = ""


OWN, GONE = OwnedRecord(Ownership.OWN), OwnedRecord(Ownership.GONE)
NUMBER_LOST = "the target keeps too little of a record number to tell the run's from others"
NO_NUMBER = "-"
UNREADABLE = "the target offers no way to read it, so its owner is unknown"


class RecordOwner:
    """Reads records as they are now. Only reads are sent.

    A patient is read once in the lifetime of this object, which is that of one sweep: their visits
    and documents ask for the same one.
    """

    def __init__(self, driver: Driver, session: Session) -> None:
        self._driver, self._session = driver, session
        self._patients: dict[str, Patient] = {}

    def look(self, record: RemainingRecord) -> OwnedRecord:
        """Return whose the record with this id is. Raises what `Driver` raises."""
        try:
            if record.kind == "patient":
                return self._look_at_patient(record)
            return self._look_at_entry(record)
        except Rejected as rejection:
            if rejection.reason is Reason.NOT_FOUND:
                return GONE
            raise

    def is_present(self, record: RemainingRecord) -> bool:
        """Return whether the target still has a record with this id, of any person."""
        try:
            if record.kind == "patient":
                self._patients.pop(record.id or "", None)
                return self._read_patient(record) is not None
            return self._read_entry(record) is not None
        except Rejected as rejection:
            if rejection.reason is Reason.NOT_FOUND:
                return False
            raise

    def own_patients(self, record: RemainingRecord) -> Sequence[str]:
        """Return the ids of the patients that have the entry's number and names."""
        number = self._stored(record.key).mrn
        found = self._driver.search(self._session, PatientQuery(mrn=number))
        return [patient.id for patient in found if not self._find_difference(record, patient)]

    def own_entries(self, record: RemainingRecord) -> Sequence[str]:
        """Return the ids of the visits (or documents) that the entry may have made."""
        if self._patient_of(record).ownership is not Ownership.OWN:
            return []
        listing: Sequence[Visit | Document] = self._entries_of(record)
        return [entry.id for entry in listing if not find_entry_difference(record, entry)]

    # -- patients

    def _look_at_patient(self, record: RemainingRecord) -> OwnedRecord:
        patient = self._read_patient(record)
        if patient is None:
            return GONE
        difference = self._find_difference(record, patient)
        return OwnedRecord(Ownership.FOREIGN, difference) if difference else OWN

    def _read_patient(self, record: RemainingRecord) -> Patient | None:
        try:
            return self._read_patient_once(record.id or "")
        except Unsupported:
            number = self._stored(record.key).mrn
            found = self._driver.search(self._session, PatientQuery(mrn=number))
            return next((patient for patient in found if patient.id == record.id), None)

    def _read_patient_once(self, patient_id: str) -> Patient:
        if patient_id not in self._patients:
            self._patients[patient_id] = self._driver.patient(self._session, patient_id)
        return self._patients[patient_id]

    def _find_difference(self, record: RemainingRecord, patient: Patient) -> str:
        """Return why the patient is not the entry's; empty where they are."""
        if not record.key.startswith(record.run[:MRN_TAG_CHARACTERS]):
            return "the record number in the ledger does not carry the run's tag"
        if not self._keeps(record.key):
            return NUMBER_LOST
        if patient.mrn != self._stored(record.key).mrn:
            return "the id leads to a patient with another record number now"
        if not any(self._has_names(record, patient, names) for names in record.names()):
            return "the patient with this id has another name than the run gave"
        return ""

    def _has_names(
        self, record: RemainingRecord, patient: Patient, names: Mapping[str, str]
    ) -> bool:
        if not names:
            return True  # the run sent names that it does not know: only the number can tell
        stored = self._stored(
            record.key, names.get("family_name", "-"), names.get("given_name", "-")
        )
        found = (patient.family_name, patient.given_name)
        return found == (stored.family_name, stored.given_name)

    def _stored(self, number: str, family: str = "-", given: str = "-") -> PatientDraft:
        """Return number and names as this target keeps them."""
        return self._driver.features.stored_form(PatientDraft(number, family, given, _ANY_DAY))

    # -- visits and documents

    def _look_at_entry(self, record: RemainingRecord) -> OwnedRecord:
        owner = self._patient_of(record)
        if owner.ownership is Ownership.FOREIGN:
            return owner
        entry = self._read_entry(record)
        if entry is None:
            return GONE
        difference = find_entry_difference(record, entry)
        if owner.ownership is Ownership.GONE and not (difference or carries_tag(record, entry)):
            difference = "its patient is gone, and it is still there"
        return OwnedRecord(Ownership.FOREIGN, difference) if difference else OWN

    def _patient_of(self, record: RemainingRecord) -> OwnedRecord:
        """Return whose the patient of a visit or document is."""
        if not record.patient_id:
            return OwnedRecord(Ownership.FOREIGN, "the ledger does not say whose it is")
        try:
            patient = self._read_patient_once(record.patient_id)
        except Unsupported:
            return OwnedRecord(Ownership.FOREIGN, UNREADABLE)
        except Rejected as rejection:
            if rejection.reason is Reason.NOT_FOUND:
                return GONE
            raise
        tag = record.run[:MRN_TAG_CHARACTERS]
        if not self._keeps(tag):
            return OwnedRecord(Ownership.FOREIGN, NUMBER_LOST)
        if patient.mrn.startswith(self._stored(tag).mrn):
            return OWN
        return OwnedRecord(Ownership.FOREIGN, "its patient's number is not of that run")

    def _keeps(self, number: str) -> bool:
        """Return whether the target keeps enough of a record number to tell it from others."""
        stored = self._stored(number).mrn
        return bool(stored) and stored != self._stored(NO_NUMBER).mrn

    def _read_entry(self, record: RemainingRecord) -> Visit | Document | None:
        patient_id, entry_id = record.patient_id or "", record.id or ""
        read = self._driver.visit if record.kind == "visit" else self._driver.document
        try:
            return read(self._session, patient_id, entry_id)
        except Unsupported:
            entries = self._entries_of(record)
            return next((entry for entry in entries if entry.id == entry_id), None)

    def _entries_of(self, record: RemainingRecord) -> Sequence[Visit | Document]:
        patient_id = record.patient_id or ""
        if record.kind == "visit":
            return self._driver.visits_of(self._session, patient_id)
        return self._driver.documents_of(self._session, patient_id)
