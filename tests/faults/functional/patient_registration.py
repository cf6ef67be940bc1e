"""Faults of registering and finding: patients who are there twice, not at all, or cannot be found."""

# What takes a function's place takes what that one took, whether it looks at it or not.

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
from starlette.types import ASGIApp, Receive, Scope, Send

from reference.patients import idempotency, service, store
from reference.patients.model import Patient, PatientBody
from reference.pool import Rows
from reference.security import REGISTRAR, Access
from reference.settings import Settings
from tests.faults.fault import replace
from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.response_changes import (
    RACE_SECONDS,
    ResponseDraft,
    drop_last_entry,
    fetch_row,
    replay_body,
    rewrite_responses,
    whole_body,
)

Body = Mapping[str, Any]


class _Registering(FunctionalFault):
    """Whatever is wrong with registering and finding, one item looks after it."""

    item = "patient-creation"


# ── registered twice, or not at all ──


class RecordNumbersAreGivenTwice(_Registering):
    """Two patients share a record number, and the laboratory's results reach the wrong one."""

    statement = "ALTER TABLE patients DROP CONSTRAINT patients_mrn_key"


class ImpatientDesksAreRefused(_Registering):
    """The desk presses twice: the key is looked up, but not taken before both registrations have
    begun.
    """

    def put_in(self) -> None:
        def take(connection: Rows, username: str, key: str, body: Body) -> str | None:
            earlier = fetch_row(
                connection,
                "SELECT answer FROM idempotency_keys WHERE username = %s AND key = %s",
                username,
                key,
            )
            time.sleep(RACE_SECONDS)
            return str(earlier["answer"]) if earlier else None

        def keep(connection: Rows, username: str, key: str, patient_id: UUID, answer: str) -> None:
            connection.execute(
                "INSERT INTO idempotency_keys VALUES (%s, %s, '', %s, %s)",
                [username, key, patient_id, answer],
            )

        replace(idempotency, take=take, keep=keep)


class AReusedKeySwallowsAPatient(_Registering):
    """A program sends one key for everybody: the second patient is acknowledged, and is the first
    one.
    """

    def put_in(self) -> None:
        right = idempotency.take

        def take(connection: Rows, username: str, key: str, body: Body) -> str | None:
            earlier = fetch_row(
                connection,
                "SELECT answer FROM idempotency_keys WHERE username = %s AND key = %s",
                username,
                key,
            )
            return str(earlier["answer"]) if earlier else right(connection, username, key, body)

        replace(idempotency, take=take)


class PatientsRegisteredWithAKeyAreRolledBack(_Registering):
    """An acknowledged patient is gone a moment later, and nobody knows that she came."""

    def put_in(self) -> None:
        right = service.register

        def register(access: Access, body: PatientBody, key: str | None) -> Patient:
            patient = right(access, body, key)
            if key is not None:
                with access.pool.connection() as connection:
                    store.delete(connection, patient.id)
            return patient

        replace(service, register=register)


class HalfOfAnInvalidPatientIsKept(_Registering):
    """A registration is refused, and yet a patient without a name lies in the index."""

    def settings(self, settings: Settings) -> Settings:
        self.database = settings.database
        return settings

    def around(self, app: ASGIApp) -> ASGIApp:
        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            if scope.get("method") != "POST" or not scope["path"].endswith("/patients"):
                await app(scope, receive, send)
                return
            body = await whole_body(receive)
            await rewrite_responses(app, lambda answer: self.keep(answer, body))(
                scope, replay_body(body, receive), send
            )

        return wrapped

    def keep(self, answer: ResponseDraft, body: bytes) -> None:
        if answer.status == 422:
            with psycopg.connect(self.database) as connection:
                connection.execute(
                    "INSERT INTO patients (facility, mrn, family_name, birth_date, sex_in_words) VALUES"
                    " ('north', %s, '?', '1900-01-01', 'unknown') ON CONFLICT DO NOTHING",
                    [json.loads(body).get("mrn", "?")],
                )


# ── found or not found ──


class SearchesDropTheLastPatient(_Registering):
    """The last page is lost: the patient is there, is not found, and is registered again."""

    def put_in(self) -> None:
        replace(store, search=drop_last_entry(store.search))


class SearchesMissTheBirthDate(_Registering):
    """The patient is asked for by name and birth date, is not found, and is registered again."""

    def put_in(self) -> None:
        search = store.search
        replace(
            store,
            search=lambda *place, birth_date, **wanted: search(
                *place, birth_date=birth_date and birth_date + timedelta(days=1), **wanted
            ),
        )


class SearchesFoldOnlyEnglishLetters(_Registering):
    """Åström is not found as “åström”, and is registered again."""

    def put_in(self) -> None:
        right = store.search

        def search(*place: Any, name: str | None, **wanted: Any) -> dict[str, Any]:
            found = right(*place, name=name, **wanted)
            items = [
                patient
                for patient in found["items"]
                if _english(name or "")
                in _english(f"{patient['family_name']} {patient['given_name']}")
            ]
            return {
                **found,
                "items": items,
                "total": found["total"] - len(found["items"]) + len(items),
            }

        replace(store, search=search)


def _english(name: str) -> bytes:
    return name.encode().lower()  # bytes fold only A to Z


class AnUnknownIdShowsSomebodyElse(_Registering):
    """A mistyped address shows another patient, and the nurse goes on with his record."""

    def put_in(self) -> None:
        right = service.read

        def read(access: Access, patient_id: UUID) -> Patient:
            with access.pool.connection() as connection:
                known = store.find(connection, patient_id, None)
                other = fetch_row(
                    connection,
                    "SELECT id FROM patients WHERE facility = %s LIMIT 1",
                    access.caller.facility,
                )
            astray = other and not known and access.caller.role == REGISTRAR
            return right(access, other["id"] if other and astray else patient_id)

        replace(service, read=read)
