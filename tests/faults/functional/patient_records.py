"""Faults of what is stored of a patient: changed on its way, or corrected in vain."""

# What takes a function's place takes what that one took, whether it looks at it or not.

from __future__ import annotations

import time
import unicodedata
from datetime import timedelta
from uuid import UUID

from reference.patients import service, store
from reference.patients.model import Patient, PatientBody
from reference.pool import Rows
from reference.problems import not_found
from reference.security import CLINICIAN, Access
from tests.faults.fault import replace
from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.functional.stored_patients import Body, store_patients_otherwise
from tests.faults.response_changes import RACE_SECONDS

LATE_SECONDS = 1.0


class _Patients(FunctionalFault):
    """Whatever is wrong with patients, one item looks after it."""

    item = "patient-creation"


# ── stored otherwise than it was sent ──


class _StoredOtherwise(_Patients):
    """Some fields change on their way into the database."""

    def stored(self, body: Body) -> Body:
        """The fields that become another value."""
        raise NotImplementedError

    def put_in(self) -> None:
        store_patients_otherwise(self.stored)


class LongNamesAreCut(_StoredOtherwise):
    """Two people with long names become one, and the wristband shows half of it."""

    def stored(self, body: Body) -> Body:
        return {"family_name": body["family_name"][:50]}


class NamesAreNormalised(_StoredOtherwise):
    """A name is no longer what the passport says, and the insurance does not find it."""

    def stored(self, body: Body) -> Body:
        return {
            name: unicodedata.normalize("NFC", body[name]) for name in ("family_name", "given_name")
        }


class ForeignNamesBecomeQuestionMarks(_StoredOtherwise):
    """All patients whose names are written in another script are called “????”."""

    def stored(self, body: Body) -> Body:
        return {
            name: body[name].encode("latin-1", "replace").decode("latin-1")
            for name in ("family_name", "given_name")
        }


class BirthDatesAreADayOff(_StoredOtherwise):
    """Midnight in another time zone: the child is a day too young for the dose, and is not found by
    birth date.
    """

    def stored(self, body: Body) -> Body:
        return {"birth_date": body["birth_date"] - timedelta(days=1)}


class FamilyAndGivenNameAreSwapped(_StoredOtherwise):
    """The patient is called up by the wrong name, and her second registration is not recognised."""

    def stored(self, body: Body) -> Body:
        return {"family_name": body["given_name"], "given_name": body["family_name"]}


class NewPatientsAreUnknownOnTheWard(_Patients):
    """The desk registers a patient, and the ward that waits for her is told that she does not
    exist.
    """

    item = "acknowledged-writes"

    def put_in(self) -> None:
        right = service.read

        def read(access: Access, patient_id: UUID) -> Patient:
            if access.caller.role == CLINICIAN:
                raise not_found("patient")
            return right(access, patient_id)

        replace(service, read=read)


# ── corrections ──


class CorrectionsAreLost(_Patients):
    """A new telephone number is acknowledged and forgotten: the transaction is never committed."""

    def put_in(self) -> None:
        replace(store, update=_as_updated)


def _as_updated(connection: Rows, patient_id: UUID, body: Body) -> store.Patient:
    """What a correction would give, without storing it."""
    patient = store.find(connection, patient_id, None)
    assert patient is not None  # It is locked, so it is there.
    return {**patient, **body, "version": patient["version"] + 1}


class TheLastToSaveWins(_Patients):
    """Two desks correct one patient; the second overwrites the first unseen.

    `If-Match` is not looked at.
    """

    def put_in(self) -> None:
        replace(service, matches=lambda if_match, version: True)


class CorrectionsAtOnceOverwriteEachOther(_Patients):
    """Two desks press the button in the same second: both are told that it is saved, and one
    correction is gone.
    """

    def put_in(self) -> None:
        right = service.matches

        def matches(if_match: str, version: int) -> bool:
            time.sleep(RACE_SECONDS)
            return right(if_match, version)

        replace(store, lock=store.find)  # who comes at the same moment finds the same version
        replace(service, matches=matches)


class ReadsComeFromALateReplica(_Patients):
    """The desk corrects a name, looks again, sees the old one, and corrects it once more: over what
    somebody else wrote meanwhile.
    """

    def put_in(self) -> None:
        former: dict[UUID, tuple[float, Patient]] = {}
        read, change = service.read, service.change

        def change_and_remember(
            access: Access, patient_id: UUID, body: PatientBody, if_match: str | None
        ) -> Patient:
            with access.pool.connection() as connection:
                before = store.find(connection, patient_id, access.caller.sees)
            corrected = change(access, patient_id, body, if_match)
            if before:
                former[patient_id] = time.monotonic(), Patient.model_validate(before)
            return corrected

        def read_late(access: Access, patient_id: UUID) -> Patient:
            patient = read(access, patient_id)
            since, before = former.get(patient_id, (0.0, patient))
            return before if time.monotonic() < since + LATE_SECONDS else patient

        replace(service, read=read_late, change=change_and_remember)


class ACorrectionOfNobodyRegistersHim(_Patients):
    """A mistyped address makes a patient who does not exist."""

    def put_in(self) -> None:
        right = service.change

        def change(
            access: Access, patient_id: UUID, body: PatientBody, if_match: str | None
        ) -> Patient:
            with access.pool.connection() as connection:
                known = store.find(connection, patient_id, None)
            return (
                right(access, patient_id, body, if_match)
                if known
                else service.register(access, body, None)
            )

        replace(service, change=change)
