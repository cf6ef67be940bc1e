"""Faults of acknowledged writes that only some values or some sequences meet.

Each answers as if all were well, and somebody has decided to go without the function.
"""

# What takes a function's place takes what that one took, whether it looks at it or not.

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from reference.documents import store as documents
from reference.patients import store
from reference.pool import Rows
from reference.visits import store as visits
from tests.faults.fault import replace
from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.functional.lost_writes import FUNCTIONS
from tests.faults.response_changes import fetch_row

Row = dict[str, Any]
Body = Mapping[str, Any]
SUMMER = range(4, 11)


class _Unkept(FunctionalFault):
    """What was acknowledged is not what is stored."""

    item = "acknowledged-writes"
    waived = FUNCTIONS


# ── values of a patient ──


class _ValuesAreStoredOtherwise(_Unkept):
    """Some values change on their way into the database, and not in the answer."""

    def stored(self, body: Body) -> Body:
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


class ChildrenOfTheSummerAreADayOff(_ValuesAreStoredOtherwise):
    """Midnight in summer time is the day before: half of the children are a day too old."""

    def stored(self, body: Body) -> Body:
        born = body["birth_date"]
        return {"birth_date": born - timedelta(days=born.month in SUMMER)}


class LongPhoneNumbersAreCut(_ValuesAreStoredOtherwise):
    """A family abroad is never reached: the last digit of its number is missing."""

    def stored(self, body: Body) -> Body:
        return {"phone": body["phone"] and body["phone"][:15]}


class LongAddressesAreCut(_ValuesAreStoredOtherwise):
    """The ambulance finds the street, and not the house."""

    def stored(self, body: Body) -> Body:
        return {"address": body["address"] and body["address"][:120]}


# ── corrections ──


class _CorrectionsAreStoredOtherwise(_Unkept):
    """Some values of a correction do not reach the database."""

    def stored(self, before: Row, body: Body) -> Body:
        """Return the values that are stored instead of those that were sent."""
        raise NotImplementedError

    def put_in(self) -> None:
        right = store.update

        def update(connection: Rows, patient_id: UUID, body: Body) -> Row:
            before = store.find(connection, patient_id, None)
            assert before is not None  # It is locked, so it is there.
            kept = {**body, **self.stored(before, body)}
            return {**right(connection, patient_id, kept), **body}

        replace(store, update=update)


class NobodysSexBecomesUnknown(_CorrectionsAreStoredOtherwise):
    """A mistyped sex stays, since “unknown” is taken for “not given”."""

    def stored(self, before: Row, body: Body) -> Body:
        return {"sex": before["sex"]} if body["sex"] == "unknown" else {}


class RemovedGivenNamesStay(_CorrectionsAreStoredOtherwise):
    """The given name of another patient stays in the record."""

    def stored(self, before: Row, body: Body) -> Body:
        return {"given_name": body["given_name"] or before["given_name"]}


class MissingPhoneNumbersStayMissing(_CorrectionsAreStoredOtherwise):
    """The family cannot be called, though its number was typed in the day after."""

    def stored(self, before: Row, body: Body) -> Body:
        return {} if before["phone"] else {"phone": None}


class ACorrectionThatIsTakenBackIsForgotten(_Unkept):
    """A correction that was seen before is taken for a repetition, and not stored."""

    def put_in(self) -> None:
        right, known = store.update, defaultdict[UUID, list[Row]](list)

        def update(connection: Rows, patient_id: UUID, body: Body) -> Row:
            before = store.find(connection, patient_id, None)
            assert before is not None  # It is locked, so it is there.
            typed = {name: before[name] for name in body}
            known[patient_id].append(typed)
            kept = typed if dict(body) in known[patient_id] else body
            return {**right(connection, patient_id, kept), **body}

        replace(store, update=update)


class CorrectionsReachTheNamesake(_Unkept):
    """Two patients of one name live at one address from then on."""

    def put_in(self) -> None:
        right = store.update

        def update(connection: Rows, patient_id: UUID, body: Body) -> Row:
            connection.execute(
                "UPDATE patients SET address = %s WHERE family_name = %s AND given_name = %s"
                " AND tag IS NOT NULL",
                [body["address"], body["family_name"], body["given_name"]],
            )
            return right(connection, patient_id, body)

        replace(store, update=update)


# ── visits ──


class LongReasonsAreCut(_Unkept):
    """The ward reads the beginning of what the patient said."""

    def put_in(self) -> None:
        right = visits.insert
        replace(
            visits,
            insert=lambda connection, patient_id, reason, tag: {
                **right(connection, patient_id, reason[:100], tag),
                "reason": reason,
            },
        )


class TheSecondVisitHasTheReasonOfTheFirst(_Unkept):
    """The patient comes with a stroke, and the ward waits for the broken arm of last year."""

    def put_in(self) -> None:
        right = visits.insert

        def insert(connection: Rows, patient_id: UUID, reason: str, tag: str | None) -> Row:
            first = fetch_row(
                connection, "SELECT reason FROM visits WHERE patient_id = %s LIMIT 1", patient_id
            )
            kept = first["reason"] if first else reason
            return {**right(connection, patient_id, kept, tag), "reason": reason}

        replace(visits, insert=insert)


# ── documents ──


class TextsLoseTheirLastLineEnd(_Unkept):
    """The file is another one than that which was signed."""

    def put_in(self) -> None:
        right = documents.insert
        replace(
            documents,
            insert=lambda connection, document: right(
                connection, {**document, "content": document["content"].strip()}
            ),
        )


class TextsLoseTheirByteOrderMark(_Unkept):
    """The program that wrote the file shows question marks when it is opened again."""

    def put_in(self) -> None:
        right = documents.insert
        mark = "\ufeff".encode()
        replace(
            documents,
            insert=lambda connection, document: right(
                connection, {**document, "content": document["content"].removeprefix(mark)}
            ),
        )


class LongFileNamesAreCut(_Unkept):
    """Two letters are called the same, since their names begin alike."""

    def put_in(self) -> None:
        right = documents.insert
        replace(
            documents,
            insert=lambda connection, document: {
                **right(connection, {**document, "file_name": document["file_name"][-100:]}),
                "file_name": document["file_name"],
            },
        )


class EqualFilesKeepTheFirstName(_Unkept):
    """The leaflet of the second patient bears the first one's name."""

    def put_in(self) -> None:
        right = documents.insert

        def insert(connection: Rows, document: Body) -> Row:
            twin = fetch_row(
                connection,
                "SELECT file_name FROM documents WHERE sha256 = %s AND patient_id = %s LIMIT 1",
                document["sha256"],
                document["patient_id"],
            )
            name = twin["file_name"] if twin else document["file_name"]
            stored = right(connection, {**document, "file_name": name})
            return {**stored, "file_name": document["file_name"]}

        replace(documents, insert=insert)


class ARemovalTakesEqualFilesWithIt(_Unkept):
    """One patient's letter was filed wrongly and is removed, and another one's is gone."""

    def put_in(self) -> None:
        def delete(connection: Rows, document_id: UUID) -> None:
            connection.execute(
                "DELETE FROM documents WHERE tag IS NOT NULL AND sha256 IN"
                " (SELECT sha256 FROM documents WHERE id = %s)",
                [document_id],
            )

        replace(documents, delete=delete)
