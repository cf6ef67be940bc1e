"""Faults of who the caller is: passwords, sessions, and what the audit log says of it."""

# What takes a function's place takes what that one took, whether it looks at it or not.

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

import jwt

from reference import security
from reference.audit import store as audit
from reference.auth import passwords, sessions, tokens
from reference.auth.passwords import Hashing
from reference.patients import store
from reference.pool import Rows
from tests.faults.fault import EVERYTHING, replace
from tests.faults.functional.functional_fault import FunctionalFault


class PasswordsWithMoreLettersOpen(FunctionalFault):
    """Only the first letters are compared: who saw most of a password has all of it."""

    item = "authentication-flow"

    def put_in(self) -> None:
        right = passwords.matches

        def matches(password: str, password_hash: str | None, hashing: Hashing) -> bool:
            ends = range(len(password), max(len(password) - 3, 0), -1)
            return any(right(password[:end], password_hash, hashing) for end in ends)

        replace(passwords, matches=matches)


class _Refreshed(FunctionalFault):
    """A session is another one once it was refreshed. `becomes` are fields of its holder."""

    item = "access-control"
    becomes: ClassVar[Mapping[str, Any]]

    def put_in(self) -> None:
        use, find = sessions.use_refresh_token, sessions.find
        refreshed: set[UUID] = set()

        def use_and_note(connection: Rows, token: str) -> UUID | None:
            session_id = use(connection, token)
            if session_id:
                refreshed.add(session_id)
            return session_id

        def find_changed(connection: Rows, session_id: UUID) -> dict[str, Any] | None:
            holder = find(connection, session_id)
            return {**holder, **self.becomes} if holder and session_id in refreshed else holder

        replace(sessions, use_refresh_token=use_and_note, find=find_changed)


class RefreshedTokensHaveAllRights(_Refreshed):
    """After a quarter of an hour the front desk may read and destroy everything."""

    becomes: ClassVar[Mapping[str, Any]] = {"role": security.ADMINISTRATOR}


class RefreshedTokensAreOfAnotherFacility(_Refreshed):
    """After a quarter of an hour the nurse's own patients are gone, and the neighbours' are there."""

    becomes: ClassVar[Mapping[str, Any]] = {"facility": "elsewhere"}


class TokensEndBeforeTheirTime(FunctionalFault):
    """A quarter of an hour is promised and ten seconds are given: the order is lost in mid-entry."""

    item = "patient-creation"
    also = EVERYTHING

    def put_in(self) -> None:
        right = tokens.verify

        def verify(signing_key: str, token: str) -> UUID:
            session_id = right(signing_key, token)
            issued = jwt.decode(token, options={"verify_signature": False})["iat"]
            if time.time() - issued > 10:
                raise tokens.Refused
            return session_id

        replace(tokens, verify=verify)


class RemovedPatientsLeaveNoTrace(FunctionalFault):
    """Who read the chart before it was removed is not known any more."""

    item = "access-control"
    statement = "GRANT DELETE ON audit_entries TO hospital_app"

    def put_in(self) -> None:
        right = store.delete

        def delete(connection: Rows, patient_id: UUID) -> None:
            right(connection, patient_id)
            connection.execute("DELETE FROM audit_entries WHERE patient_id = %s", [patient_id])

        replace(store, delete=delete)


class _Written(FunctionalFault):
    """The audit log has the line, and in it another patient."""

    item = "access-control"

    def name(self, action: str, patient_id: UUID | None) -> UUID | None:
        """Return the patient whom the line names."""
        raise NotImplementedError

    def put_in(self) -> None:
        right = audit.write

        def write(
            connection: Rows, username: str, action: str, patient_id: UUID | None, *rest: str
        ) -> None:
            right(connection, username, action, self.name(action, patient_id), *rest)

        replace(audit, write=write)


class TheAuditLogNamesThePatientBefore(_Written):
    """A value of the thread is a request late: the wrong family is told who read the chart."""

    before: ClassVar[list[UUID]] = []

    def name(self, action: str, patient_id: UUID | None) -> UUID | None:
        if patient_id is None or not action.startswith("visit."):
            return patient_id
        self.before.append(patient_id)
        return self.before[-2] if len(self.before) > 1 else patient_id


class ListsAreOfNobodyInTheAuditLog(_Written):
    """Who went through the list of her documents is not among those who read her chart."""

    def name(self, action: str, patient_id: UUID | None) -> UUID | None:
        return None if action.endswith(".list") else patient_id
