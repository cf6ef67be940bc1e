"""A hospital without any of the rules that a target may be declared not to keep.

It is no fault: what it lacks is declared, and all else is proven. The gate must say GO.
"""

# What takes a function's place takes what that one took, whether it looks at it or not.

from __future__ import annotations

import json
from collections import Counter
from http import HTTPStatus
from threading import Lock
from time import sleep
from uuid import UUID

from starlette.types import ASGIApp

from reference import middleware
from reference.auth import sessions, throttle
from reference.documents import files
from reference.documents import routes as document_routes
from reference.documents import store as documents
from reference.patients import idempotency, service, store
from reference.patients.model import Patient, PatientBody
from reference.pool import Rows
from reference.problems import Problem, not_found
from reference.security import Access
from reference.settings import UPLOAD_LIMIT
from reference.visits import routes as visit_routes
from reference.visits import store as visits
from tests.faults.fault import Defect, replace
from tests.faults.response_changes import ResponseDraft, fetch_row, rewrite_responses

ABSENT = (
    "unique-record-numbers",
    "versions",
    "idempotency-keys",
    "search-by-birth-date",
    "size-limit",
    "file-types",
    "file-names",
    "visit-references",
    "document-references",
    "admission-before-discharge",
    "single-admission",
    "single-discharge",
    "visits-below-a-patient",
    "documents-below-a-patient",
    "sign-in-throttling",
    "refresh-rotation",
    "security-headers",
    "refusal-to-strangers",
)
"""What it lacks, and declares."""
LISTS = ("/visits", "/documents", "/patients")
MEETING_SECONDS = 0.03
"""Long enough to meet whoever began at the same moment, and short enough for each registration."""
EMPTY_PAGE = {"items": [], "page": 1, "page_size": 50, "total": 0}
REFUSED = (401, 403, 404)


class ThePoorHospital(Defect):
    """A hospital that keeps none of the rules in `ABSENT`."""

    statement = """
        ALTER TABLE patients DROP CONSTRAINT patients_mrn_key;
        ALTER TABLE visits
            DROP CONSTRAINT visits_admitted_at_check,
            DROP CONSTRAINT visits_discharged_at_check,
            DROP CONSTRAINT visits_patient_id_fkey;
        ALTER TABLE documents
            DROP CONSTRAINT documents_size_check,
            DROP CONSTRAINT documents_media_type_check,
            DROP CONSTRAINT documents_patient_id_fkey
    """

    def put_in(self) -> None:
        put_in_loose_patients()
        put_in_loose_visits()
        put_in_loose_documents()
        replace(throttle, seconds_left=lambda *_: 0)
        replace(sessions, use_refresh_token=_use_again)
        replace(middleware, _SECURITY_HEADERS={})

    def around(self, app: ASGIApp) -> ASGIApp:
        return rewrite_responses(app, _give_empty_lists)


class TheHospitalOfConflicts(Defect):
    """A hospital that tells who was slower at the same moment to try again, once."""

    def put_in(self) -> None:
        meet_conflicts(times=1)


def meet_conflicts(times: int) -> None:
    """Answer who registers a number at the same moment as somebody else with a conflict.

    Each gets it so many times, and only then the true answer.
    """
    right, lock = service.register, Lock()
    begun, open_conflicts = Counter[str](), Counter[str]()

    def register(access: Access, body: PatientBody, key: str | None) -> Patient:
        with lock:
            begun[body.mrn] += 1
            open_conflicts[body.mrn] += times if begun[body.mrn] > 1 else 0
            is_conflict = open_conflicts[body.mrn] > 0
            open_conflicts[body.mrn] -= is_conflict
        try:
            if is_conflict:
                raise Problem("stale", "Somebody else was quicker: try again.")
            sleep(MEETING_SECONDS)
            return right(access, body, key)
        finally:
            with lock:
                begun[body.mrn] -= 1

    replace(service, register=register)


def put_in_loose_patients() -> None:
    """No versions, no keys, and a search that does not look at the birth date."""
    search = store.search
    replace(service, matches=lambda if_match, version: True)
    replace(idempotency, take=lambda *_: None, keep=lambda *_: None)
    replace(
        store, search=lambda *place, birth_date, **wanted: search(*place, birth_date=None, **wanted)
    )


def put_in_loose_visits() -> None:
    """Moves in any order, and visits that are found by their id alone."""
    more = {("admitted", "admitted"), ("discharged", "discharged"), ("open", "discharged")}
    replace(visit_routes, TRANSITIONS=visit_routes.TRANSITIONS | more)
    replace(visit_routes, _require_patient=require_if_known)
    replace(visits, find=_find_visit, lock=_find_visit)


def put_in_loose_documents() -> None:
    """Documents of any size, type and name, that are found by their id alone."""
    replace(
        files,
        media_type=lambda sent: (sent or "").partition(";")[0].strip().lower(),
        content=lambda file: file.read(2 * UPLOAD_LIMIT),
        safe_name=lambda sent: "document",
    )
    replace(documents, find=_find_document)
    replace(document_routes, _require_patient=require_if_known)


def require_if_known(connection: Rows, access: Access, patient_id: UUID) -> None:
    """Refuse a patient of another facility; one who does not exist is no reason to refuse."""
    known = store.find(connection, patient_id, None)
    seen = store.find(connection, patient_id, access.caller.sees)
    if known and not seen:
        raise not_found("patient")


def _find_visit(connection: Rows, patient_id: UUID, visit_id: UUID) -> visits.Visit | None:
    return fetch_row(connection, "SELECT * FROM visits WHERE id = %s", visit_id)


def _find_document(
    connection: Rows, patient_id: UUID, document_id: UUID
) -> documents.Document | None:
    return fetch_row(
        connection, f"SELECT {documents._COLUMNS} FROM documents WHERE id = %s", document_id
    )


def _use_again(connection: Rows, token: str) -> UUID | None:
    found = fetch_row(
        connection,
        "SELECT session_id FROM refresh_tokens JOIN sessions ON sessions.id = session_id"
        " WHERE token_hash = %s AND ended_at IS NULL",
        sessions._hash(token),
    )
    return UUID(str(found["session_id"])) if found else None


def _give_empty_lists(answer: ResponseDraft) -> None:
    """Give who may not see a list an empty one; what a role may not do is not found."""
    is_list = answer.scope["method"] == "GET" and answer.scope["path"].endswith(LISTS)
    if is_list and answer.status in REFUSED:
        answer.status, answer.body = 200, json.dumps(EMPTY_PAGE).encode()
        answer.headers["content-type"] = "application/json"
    elif answer.status == HTTPStatus.FORBIDDEN:
        answer.status = HTTPStatus.NOT_FOUND
