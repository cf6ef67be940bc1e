"""Faults of visits, access and sign-in, in the shelter of a capability that is declared absent."""

# What takes a function's place takes what that one took, whether it looks at it or not.

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from starlette.types import ASGIApp

from reference import middleware
from reference.auth import service as sign_in_service
from reference.auth import throttle
from reference.documents import store as documents
from reference.patients import store as patients
from reference.pool import Pool, Rows
from reference.security import Access
from reference.settings import Settings
from reference.visits import routes, store
from tests.faults.fault import replace
from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.functional.poor_hospital import LISTS, require_if_known
from tests.faults.response_changes import ResponseDraft, fetch_row, rewrite_responses

# ── visits ──


class AVisitOfNobodyGoesToAnother(FunctionalFault):
    """A visit may be of nobody, and it is put into the list of whoever was registered last."""

    item = "visit-creation"
    absent = ("visit-references",)

    def put_in(self) -> None:
        right = store.insert

        def insert(connection: Rows, patient_id: UUID, reason: str, tag: str | None) -> store.Visit:
            if patients.find(connection, patient_id, None):
                return right(connection, patient_id, reason, tag)
            last = fetch_row(connection, "SELECT id FROM patients ORDER BY created_at DESC LIMIT 1")
            assert last is not None  # The check has registered one.
            return {**right(connection, last["id"], reason, tag), "patient_id": patient_id}

        replace(routes, _require_patient=require_if_known)
        replace(store, insert=insert)


class _Moves(FunctionalFault):
    """One move more is allowed, and what becomes of it, one item looks after."""

    item = "visit-creation"
    allowed: tuple[str, str]

    def move(self, connection: Rows, visit: store.Visit) -> store.Visit:
        """Make the move, and answer it."""
        raise NotImplementedError

    def put_in(self) -> None:
        right = routes.move

        def move(access: Access, patient_id: UUID, visit_id: UUID, status: str) -> store.Visit:
            with access.pool.connection() as connection:
                visit = store.find(connection, patient_id, visit_id)
                if visit and access.caller.sees and (visit["status"], status) == self.allowed:
                    return self.move(connection, visit)
            return right(access, patient_id, visit_id, status)

        replace(routes, move=move)


class WhoWasNotAdmittedStaysInTheList(_Moves):
    """Who is discharged without an admission is discharged in the answer only."""

    absent = ("admission-before-discharge",)
    allowed = ("open", "discharged")

    def move(self, connection: Rows, visit: store.Visit) -> store.Visit:
        return {**visit, "status": "discharged"}


class ASecondAdmissionCallsTheVisitOff(_Moves):
    """Who is admitted twice has no bed."""

    absent = ("single-admission",)
    allowed = ("admitted", "admitted")

    def move(self, connection: Rows, visit: store.Visit) -> store.Visit:
        connection.execute(
            "UPDATE visits SET status = 'cancelled', admitted_at = NULL WHERE id = %s",
            [visit["id"]],
        )
        return visit


# ── records of another patient ──


class AnothersVisitIsShownAsTheirOwn(FunctionalFault):
    """A visit is found by its id alone, and is shown as that of the patient who was asked for."""

    item = "access-control"
    absent = ("visits-below-a-patient",)

    def put_in(self) -> None:
        def find(connection: Rows, patient_id: UUID, visit_id: UUID) -> store.Visit | None:
            visit = fetch_row(connection, "SELECT * FROM visits WHERE id = %s", visit_id)
            return visit and {**visit, "patient_id": patient_id}

        replace(store, find=find)


class AnothersDocumentIsShownAsTheirOwn(FunctionalFault):
    """A document is found by its id alone, and is shown as that of the patient who was asked for."""

    item = "access-control"
    absent = ("documents-below-a-patient",)

    def put_in(self) -> None:
        right, query = documents.find, "SELECT patient_id FROM documents WHERE id = %s"

        def find(
            connection: Rows, patient_id: UUID, document_id: UUID
        ) -> documents.Document | None:
            owner = fetch_row(connection, query, document_id)
            found = owner and right(connection, owner["patient_id"], document_id)
            return found and {**found, "patient_id": patient_id}

        replace(documents, find=find)


class ANeighboursFileComesInItsPlace(FunctionalFault):
    """Who asks for a file under another patient's id gets that patient's newest one."""

    item = "access-control"
    absent = ("documents-below-a-patient",)

    def put_in(self) -> None:
        find, content, taken_for = documents.find, documents.content, dict[UUID, UUID]()
        newest = "SELECT id FROM documents WHERE patient_id = %s ORDER BY uploaded_at DESC"

        def find_any(
            connection: Rows, patient_id: UUID, document_id: UUID
        ) -> documents.Document | None:
            found = find(connection, patient_id, document_id)
            other = None if found else fetch_row(connection, newest, patient_id)
            if other is None:
                return found
            taken_for[document_id] = other["id"]
            return find(connection, patient_id, other["id"])

        def content_of_any(connection: Rows, document_id: UUID) -> bytes:
            return content(connection, taken_for.pop(document_id, document_id))

        replace(documents, find=find_any, content=content_of_any)


# ── lists for strangers ──


class _Lists(FunctionalFault):
    """Strangers get an answer. What is in it, one item looks after."""

    item = "access-control"
    absent = ("refusal-to-strangers",)

    def is_listed(self, path: str) -> bool:
        """Tell whether this refusal becomes a list."""
        return path.endswith(LISTS)

    def entries(self, path: str) -> list[Any]:
        """What a stranger sees."""
        return []

    def look(self, answer: ResponseDraft) -> None:
        """See an answer that others get."""

    def change(self, answer: ResponseDraft) -> None:
        path = answer.scope["path"]
        if answer.status != 401 or answer.scope["method"] != "GET" or not self.is_listed(path):
            self.look(answer)
            return
        found = self.entries(path)
        page = {"items": found, "page": 1, "page_size": 50, "total": len(found)}
        answer.status, answer.body = 200, json.dumps(page).encode()
        answer.headers["content-type"] = "application/json"

    def around(self, app: ASGIApp) -> ASGIApp:
        return rewrite_responses(app, self.change)


class AStrangersSearchHoldsThePatient(_Lists):
    """The search of a stranger is not refused, and the patient is in it."""

    def __init__(self) -> None:
        self.last: list[Any] = []

    def look(self, answer: ResponseDraft) -> None:
        is_new = answer.scope.get("method") == "POST" and answer.status == 201
        if is_new and answer.scope["path"].endswith("/patients"):
            self.last = [json.loads(answer.body)]

    def entries(self, path: str) -> list[Any]:
        return self.last if path.endswith("/patients") else []


class AStrangerGetsAnEmptyRecord(_Lists):
    """Who reads a single record cannot tell an empty one from a refusal, and takes it as true."""

    also: ClassVar[Mapping[str, str]] = {
        "authentication-flow": "a token that has ended, or was made up, gets the same empty record"
    }

    def is_listed(self, path: str) -> bool:
        return "/patients/" in path and not path.endswith("/content")


class _RefusedRoles(_Lists):
    """A role that may not is told so by an empty list. What is in it, one item looks after."""

    refused: ClassVar[str]

    def change(self, answer: ResponseDraft) -> None:
        path = answer.scope["path"]
        is_refused = answer.status == 403 and answer.scope["method"] == "GET"
        if is_refused and path.endswith(self.refused):
            found = self.entries(path)
            page = {"items": found, "page": 1, "page_size": 50, "total": len(found)}
            answer.status, answer.body = 200, json.dumps(page).encode()
            answer.headers["content-type"] = "application/json"


class ARefusedRolesListHoldsADocument(_RefusedRoles):
    """The front desk is given a list instead of a refusal, and a letter is in it."""

    refused = "/documents"

    def entries(self, path: str) -> list[Any]:
        document = {"id": "00000000-0000-4000-8000-000000000001", "file_name": "letter.pdf"}
        described = {"media_type": "application/pdf", "size": 1, "sha256": "0" * 64}
        when = {"uploaded_at": "2026-11-30T00:00:00Z", "tag": None}
        return [{**document, **described, **when, "patient_id": path.split("/")[-2]}]


class ARefusedRoleGetsAnEmptyFile(_RefusedRoles):
    """The front desk takes an empty answer for the letter."""

    refused = "/content"


class RolesAreToldNothing(FunctionalFault):
    """Who may not is told that nothing is there, and nobody declared that it is so."""

    item = "access-control"

    def around(self, app: ASGIApp) -> ASGIApp:
        def change(answer: ResponseDraft) -> None:
            if answer.status == 403:
                answer.status = 404

        return rewrite_responses(app, change)


class AnOutsidersListHoldsTheVisits(FunctionalFault):
    """A clinician of another facility gets a list instead of a refusal, and the visits are in it."""

    item = "access-control"
    absent = ("refusal-to-strangers",)

    def put_in(self) -> None:
        require = routes._require_patient

        def require_unless_listing(connection: Rows, access: Access, patient_id: UUID) -> None:
            if access.action != "visit.list":
                require(connection, access, patient_id)

        replace(routes, _require_patient=require_unless_listing)


# ── sign-in, and answers ──


class GuessingLocksOthersOut(FunctionalFault):
    """Who guesses is not slowed down; after five guesses the next person cannot sign in."""

    item = "authentication-flow"
    absent = ("sign-in-throttling",)

    def put_in(self) -> None:
        right, guesses = throttle.record_failure, Counter[str]()

        def record_failure(connection: Rows, username: str, window: int) -> None:
            guesses[username] += 1
            right(connection, username, window)

        def seconds_left(connection: Rows, username: str, failures: int, window: int) -> int:
            locks = [name for name, count in guesses.items() if count == failures]
            if not locks or username in locks:
                return 0
            guesses.clear()
            return window

        replace(throttle, record_failure=record_failure, seconds_left=seconds_left)


class AUsedRefreshTokenGivesAnEmptyKey(FunctionalFault):
    """A refresh token may be used again. What it gives the second time opens nothing."""

    item = "authentication-flow"
    absent = ("refresh-rotation",)

    def put_in(self) -> None:
        right, used = sign_in_service.refresh, dict[str, Any]()

        def refresh(pool: Pool, settings: Settings, refresh_token: str) -> dict[str, Any]:
            if refresh_token in used:
                return {**used[refresh_token], "access_token": "an empty key"}
            used[refresh_token] = right(pool, settings, refresh_token)
            return dict(used[refresh_token])

        replace(sign_in_service, refresh=refresh)


class ChartsMayBeStoredByAnyone(FunctionalFault):
    """The API sends no headers for browsers, and none that keeps a proxy from storing a chart."""

    item = "api-endpoints"
    absent = ("security-headers",)

    def put_in(self) -> None:
        right = middleware._set_headers

        def set_headers(headers: Any, request_id: str, path: str) -> None:
            right(headers, request_id, path)
            headers["Cache-Control"] = "public"

        replace(middleware, _SECURITY_HEADERS={}, _set_headers=set_headers)
