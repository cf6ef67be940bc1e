"""Faults of record numbers and keys: they lead to another patient than their own."""

# What takes a function's place takes what that one took, whether it looks at it or not.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psycopg import sql

from reference.patients import idempotency, store
from reference.pool import Rows
from reference.problems import Problem
from tests.faults.fault import replace
from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.response_changes import fetch_row


class RecordNumbersAreFoundByTheirBeginning(FunctionalFault):
    """The number 10 brings 100, too, and the nurse takes the first."""

    item = "patient-creation"

    def put_in(self) -> None:
        before, after = "mrn = %s", "starts_with(mrn, %s)"
        replace(store, _condition=lambda text: sql.SQL(after if text == before else text))


class ACorrectedNumberMayBeAnothers(FunctionalFault):
    """Only registration looks for the number: two patients share the results of the laboratory."""

    item = "patient-creation"
    statement = "ALTER TABLE patients DROP CONSTRAINT patients_mrn_key"

    def put_in(self) -> None:
        right = store.insert

        def insert(connection: Rows, facility: str, body: Mapping[str, Any]) -> store.Patient:
            connection.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [body["mrn"]]
            )
            if fetch_row(connection, "SELECT id FROM patients WHERE mrn = %s", body["mrn"]):
                raise Problem("duplicate", "This medical record number is taken.")
            return right(connection, facility, body)

        replace(store, insert=insert)


class ATakenNumberAnswersWithItsOwner(FunctionalFault):
    """The desk registers a twin and is given the other's chart, as if it were new."""

    item = "patient-creation"

    def put_in(self) -> None:
        right = store.insert

        def insert(connection: Rows, facility: str, body: Mapping[str, Any]) -> store.Patient:
            query = f"SELECT {store._COLUMNS} FROM patients WHERE mrn = %s"
            return fetch_row(connection, query, body["mrn"]) or right(connection, facility, body)

        replace(store, insert=insert)


class AnotherDesksKeyShowsItsPatient(FunctionalFault):
    """Each desk counts its own keys, and nobody asks whose: one opens the other's patient."""

    item = "patient-creation"

    def put_in(self) -> None:
        right = idempotency.take

        def take(connection: Rows, username: str, key: str, body: Mapping[str, Any]) -> str | None:
            query = "SELECT answer FROM idempotency_keys WHERE key = %s AND username <> %s"
            others = fetch_row(connection, query, key, username)
            return str(others["answer"]) if others else right(connection, username, key, body)

        replace(idempotency, take=take)
