"""Faults of acknowledged writes, while the function itself is waived: the answer is right, and what
is stored is not.

Each answers as if all were well. The gate has waivers for the functions, and must say NO-GO all the
same.
"""

# What takes a function's place takes what that one took, whether it looks at it or not.

from __future__ import annotations

import threading
import time
import unicodedata
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any, ClassVar
from uuid import UUID, uuid4

from reference.documents import store as documents
from reference.patients import service, store
from reference.patients.model import Patient, PatientBody
from reference.pool import Rows
from reference.security import Access
from reference.visits import store as visits
from tests.faults.fault import replace
from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.response_changes import fetch_row

Row = dict[str, Any]
FUNCTIONS = ("patient-creation", "visit-creation", "document-upload")
LATER_SECONDS = 0.2
DISCHARGE_NEEDED = {"api-endpoints": "one of its checks needs a discharged visit"}


class _Lost(FunctionalFault):
    """What was acknowledged is lost, and somebody has decided to go without the function."""

    item = "acknowledged-writes"
    waived = FUNCTIONS


# ── moves ──


class _MovesAreForgotten(_Lost):
    """A move is acknowledged and not stored."""

    forgotten: ClassVar[str]

    def put_in(self) -> None:
        right = visits.move

        def move(connection: Rows, visit_id: UUID, status: str) -> Row:
            if status != self.forgotten:
                return right(connection, visit_id, status)
            visit = fetch_row(connection, "SELECT * FROM visits WHERE id = %s", visit_id)
            assert visit is not None  # It is locked, so it is there.
            return {**visit, "status": status, f"{status}_at": datetime.now(UTC)}

        replace(visits, move=move)


class DischargesAreForgotten(_MovesAreForgotten):
    """The patient is at home, and the bed stays taken."""

    forgotten = "discharged"


class AdmissionsAreForgotten(_MovesAreForgotten):
    """The patient is in a bed that the board calls free."""

    also = DISCHARGE_NEEDED
    forgotten = "admitted"


class CancellationsAreForgotten(_MovesAreForgotten):
    """The operating room waits for somebody who called off."""

    forgotten = "cancelled"


class MovesReachSomebodyElsesVisit(_Lost):
    """The wrong patient is admitted."""

    also = DISCHARGE_NEEDED

    def put_in(self) -> None:
        right = visits.move

        def move(connection: Rows, visit_id: UUID, status: str) -> Row:
            visit = fetch_row(connection, "SELECT * FROM visits WHERE id = %s", visit_id)
            assert visit is not None  # It is locked, so it is there.
            other = fetch_row(
                connection,
                "SELECT id FROM visits WHERE status = %s AND patient_id <> %s"
                " ORDER BY opened_at DESC LIMIT 1",
                visit["status"],
                visit["patient_id"],
            )
            if other is None:
                return right(connection, visit_id, status)
            right(connection, other["id"], status)
            return {**visit, "status": status, f"{status}_at": datetime.now(UTC)}

        replace(visits, move=move)


# ── visits ──


class OneInstanceKeepsItsVisitsToItself(_Lost):
    """One of five visits was opened on an instance without a database, and is gone with it."""

    perhaps = dict.fromkeys(
        ("access-control", "api-endpoints", "authentication-flow"),
        "a check of it may have needed the visit that is gone",
    )

    def put_in(self) -> None:
        right, numbers = visits.insert, count()

        def insert(connection: Rows, patient_id: UUID, reason: str, tag: str | None) -> Row:
            if next(numbers) % 5 != 4:
                return right(connection, patient_id, reason, tag)
            visit = right(connection, patient_id, reason, tag)
            connection.execute("DELETE FROM visits WHERE id = %s", [visit["id"]])
            return visit

        replace(visits, insert=insert)


class ReasonsOfVisitsAreForgotten(_Lost):
    """The ward does not know why the patient came."""

    def put_in(self) -> None:
        right = visits.insert
        replace(
            visits,
            insert=lambda connection, patient_id, reason, tag: {
                **right(connection, patient_id, "-", tag),
                "reason": reason,
            },
        )


# ── patients ──


class _StoredOtherwise(_Lost):
    """Some values of a patient change on their way into the database, and not in the answer."""

    def stored(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the values that become others."""
        raise NotImplementedError

    def put_in(self) -> None:
        insert, update = store.insert, store.update
        replace(
            store,
            insert=lambda connection, facility, body: {
                **insert(connection, facility, {**body, **self.stored(body)}),
                **body,
            },
            update=lambda connection, patient_id, body: {
                **update(connection, patient_id, {**body, **self.stored(body)}),
                **body,
            },
        )


class NamesAreCutAtSixtyFourCharacters(_StoredOtherwise):
    """A patient with a long name is not found under it."""

    def stored(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: body[name][:64] for name in ("family_name", "given_name")}


class NamesAreNormalized(_StoredOtherwise):
    """The name in the passport is another one than that in the record."""

    def stored(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        names = ("family_name", "given_name")
        return {name: unicodedata.normalize("NFC", body[name]) for name in names}


class LeapDaysAreMoved(_StoredOtherwise):
    """A child that was born on a leap day gets the dose of an older one."""

    def stored(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        born = body["birth_date"]
        is_leap_day = (born.month, born.day) == (2, 29)
        return {"birth_date": born.replace(day=28)} if is_leap_day else {}


class TwoPatientsShareANumber(_Lost):
    """The laboratory's results reach the wrong patient."""

    statement = "ALTER TABLE patients DROP CONSTRAINT patients_mrn_key"


class _UpdatesAreStoredOtherwise(_Lost):
    """Some values of a correction do not reach the database."""

    def stored(self, before: Row, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the values that are stored instead of those that were sent."""
        raise NotImplementedError

    def put_in(self) -> None:
        right = store.update

        def update(connection: Rows, patient_id: UUID, body: Mapping[str, Any]) -> Row:
            before = store.find(connection, patient_id, None)
            assert before is not None  # It is locked, so it is there.
            kept = {**body, **self.stored(before, body)}
            return {**right(connection, patient_id, kept), **body}

        replace(store, update=update)


class CorrectedAddressesAreForgotten(_UpdatesAreStoredOtherwise):
    """The ambulance drives to the old address."""

    def stored(self, before: Row, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"address": before["address"]}


class RemovedPhoneNumbersStay(_UpdatesAreStoredOtherwise):
    """Somebody else is called about a patient's illness."""

    def stored(self, before: Row, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return {} if body["phone"] else {"phone": before["phone"]}


class TheSecondCorrectionIsForgotten(_Lost):
    """The first correction of a patient is stored, and every later one is lost."""

    def put_in(self) -> None:
        right = store.update
        corrected: Counter[UUID] = Counter()

        def update(connection: Rows, patient_id: UUID, body: Mapping[str, Any]) -> Row:
            corrected[patient_id] += 1
            if corrected[patient_id] == 1:
                return right(connection, patient_id, body)
            before = store.find(connection, patient_id, None)
            assert before is not None  # It is locked, so it is there.
            return {**right(connection, patient_id, before), **body}

        replace(store, update=update)


class OutdatedCorrectionsOverwrite(_Lost):
    """Two desks correct one patient, and what the first one typed is gone."""

    def put_in(self) -> None:
        replace(service, matches=lambda if_match, version: True)


class PatientsWithoutAPhoneAreRolledBackLater(_Lost):
    """The patient is there when the desk looks, and gone a moment later."""

    def put_in(self) -> None:
        right = service.register

        def register(access: Access, body: PatientBody, key: str | None) -> Patient:
            patient = right(access, body, key)
            if body.phone is None:
                threading.Thread(target=_delete_later, args=(access, patient.id)).start()
            return patient

        replace(service, register=register)


def _delete_later(access: Access, patient_id: UUID) -> None:
    time.sleep(5 * LATER_SECONDS)
    with access.pool.connection() as connection:
        store.delete(connection, patient_id)


class CorrectionsAreStoredALittleLater(_Lost):
    """The power fails in the moment after the answer, and the correction is gone."""

    def put_in(self) -> None:
        right = store.update

        def change(
            access: Access, patient_id: UUID, body: PatientBody, if_match: str | None
        ) -> Patient:
            patient = service.read(access, patient_id)
            threading.Thread(target=update_later, args=(access, patient_id, body)).start()
            return patient.model_copy(update={**body.model_dump(), "version": patient.version + 1})

        def update_later(access: Access, patient_id: UUID, body: PatientBody) -> None:
            time.sleep(LATER_SECONDS)
            with access.pool.connection() as connection:
                right(connection, patient_id, body.model_dump())

        replace(service, change=change)


# ── documents ──


class _DocumentsAreStoredOtherwise(_Lost):
    """Some values of a document change on their way into the database."""

    def stored(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the values that become others."""
        raise NotImplementedError

    def put_in(self) -> None:
        right = documents.insert
        replace(
            documents,
            insert=lambda connection, document: {
                **right(connection, {**document, **self.stored(document)}),
                "file_name": document["file_name"],
                "media_type": document["media_type"],
            },
        )


class DocumentsAreCutAtAMebibyte(_DocumentsAreStoredOtherwise):
    """The last pages of a long letter are missing."""

    def stored(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"content": document["content"][: 1024 * 1024]}


class FileNamesLoseTheirScript(_DocumentsAreStoredOtherwise):
    """Every name in another script is a row of question marks, and nobody finds the image."""

    def stored(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"file_name": document["file_name"].encode("ascii", "replace").decode()}


class MediaTypesAreForgotten(_DocumentsAreStoredOtherwise):
    """The image does not open, since the computer takes it for a letter."""

    def stored(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"media_type": "application/pdf"}


class RemovedDocumentsStay(_Lost):
    """A letter that was filed with the wrong patient, and removed, is still read there."""

    def put_in(self) -> None:
        replace(documents, delete=lambda connection, document_id: None)


class DocumentsAreKeptUnderAnotherId(_Lost):
    """The letter is stored, and the link to it that was printed leads nowhere."""

    also: ClassVar[Mapping[str, str]] = {
        "api-endpoints": "it reads a document by the id that it was given",
        "access-control": "it reads a document by the id that it was given",
    }

    def put_in(self) -> None:
        right = documents.insert
        replace(
            documents,
            insert=lambda connection, document: {
                **right(connection, document),
                "id": uuid4(),
            },
        )
