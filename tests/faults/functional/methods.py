"""Faults of methods that no document lists: handlers that nobody put a guard before."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from reference.pool import Pool
from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.response_changes import ResponseDraft, fetch_row, rewrite_responses

_PATIENT = re.compile(r"/api/v1/patients/([0-9a-f-]{36})(?:/|$)")
_VISIT = re.compile(r"/api/v1/patients/[0-9a-f-]{36}/visits/([0-9a-f-]{36})$")


class _Unguarded(FunctionalFault):
    """A handler before the application answers `method` at paths of a patient, to anybody."""

    item = "access-control"
    method: ClassVar[str]

    def answer(self, pool: Pool, patient_id: str, path: str) -> Response | None:
        """Return the answer; None: the application answers."""
        raise NotImplementedError

    def hits(self, scope: Scope) -> bool:
        """Whether the handler takes this request."""
        return bool(scope["method"] == self.method)

    def around(self, app: ASGIApp) -> ASGIApp:
        state: Any = getattr(app, "state")  # noqa: B009  # the reference's application has it

        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            found = scope["type"] == "http" and _PATIENT.match(scope["path"])
            answer = None
            if found and self.hits(scope):
                answer = await run_in_threadpool(self.answer, state.pool, found[1], scope["path"])
            await (answer or app)(scope, receive, send)

        return wrapped


def _name_of(pool: Pool, patient_id: str) -> str:
    with pool.connection() as connection:
        statement = "SELECT family_name FROM patients WHERE id = %s::uuid"
        row = fetch_row(connection, statement, patient_id)
    return str(row["family_name"]) if row else ""


class HeadNeedsNoToken(_Unguarded):
    """Anyone on the network asks whether the minister is a patient, and is told."""

    method = "HEAD"

    def answer(self, pool: Pool, patient_id: str, path: str) -> Response | None:
        return Response(status_code=200) if _name_of(pool, patient_id) else None


class OptionsNameThePatient(_Unguarded):
    """A proxy that asks for the methods of a path keeps the patient's name in its log."""

    method = "OPTIONS"

    def answer(self, pool: Pool, patient_id: str, path: str) -> Response | None:
        name = _name_of(pool, patient_id)
        return Response(status_code=204, headers={"Allow": "GET", "X-Record": name})


class APatchIsRefusedAndDone(_Unguarded):
    """Whoever has a patient's id gives them another name, and is told that it cannot be done."""

    method = "PATCH"

    def answer(self, pool: Pool, patient_id: str, path: str) -> Response | None:
        with pool.connection() as connection:
            statement = b"UPDATE patients SET given_name = 'Changed' WHERE id = %s::uuid"
            connection.execute(statement, [patient_id])
        return None


class AVisitIsRemovedByAnybody(_Unguarded):
    """The bed is given to somebody else, because the visit is gone."""

    method = "DELETE"

    def answer(self, pool: Pool, patient_id: str, path: str) -> Response | None:
        found = _VISIT.match(path)
        if found is None:
            return None
        with pool.connection() as connection:
            connection.execute(b"DELETE FROM visits WHERE id = %s::uuid", [found[1]])
        return Response(status_code=204)


class AHeaderMakesAReadAChange(_Unguarded):
    """A link in a mail, opened on the ward, removes a patient's visits."""

    def hits(self, scope: Scope) -> bool:
        return "DELETE" in Headers(scope=scope).get("X-HTTP-Method-Override", "")

    def answer(self, pool: Pool, patient_id: str, path: str) -> Response | None:
        with pool.connection() as connection:
            connection.execute(b"DELETE FROM visits WHERE patient_id = %s::uuid", [patient_id])
        return None


class TraceRepeatsTheRequest(_Unguarded):
    """A page that may not read the token reads it in the answer."""

    method = "TRACE"

    def answer(self, pool: Pool, patient_id: str, path: str) -> Response | None:
        return Response(f"TRACE {path} HTTP/1.1", 200, media_type="message/http")


class APutIsTakenAsARead(_Unguarded):
    """A guard that looks at POST alone lets a PUT read the whole record."""

    method = "PUT"

    def answer(self, pool: Pool, patient_id: str, path: str) -> Response | None:
        if _VISIT.match(path) is None:
            return None
        return Response(_name_of(pool, patient_id), 200, media_type="text/plain")


class ARefusalNamesThePatient(FunctionalFault):
    """Who may not see the chart still reads whose it is, in a header of the refusal."""

    item = "access-control"

    def around(self, app: ASGIApp) -> ASGIApp:
        state: Any = getattr(app, "state")  # noqa: B009  # the reference's application has it

        def change(answer: ResponseDraft) -> None:
            found = _PATIENT.match(answer.scope["path"])
            if found and answer.status == 401:
                answer.headers["x-record"] = _name_of(state.pool, found[1])

        return rewrite_responses(app, change)


class _Conditional(_Unguarded):
    """A condition is looked at before anybody asks who asks."""

    method = "GET"
    header: ClassVar[bytes]

    def hits(self, scope: Scope) -> bool:
        return super().hits(scope) and any(name == self.header for name, _ in scope["headers"])


class AConditionTellsWhoIsHere(_Conditional):
    """Anyone on the network asks whether the minister's record has changed, and is told “no”."""

    header = b"if-none-match"

    def answer(self, pool: Pool, patient_id: str, path: str) -> Response | None:
        return Response(status_code=304) if _name_of(pool, patient_id) else None


class APreconditionTellsWhoIsHere(_Conditional):
    """Whoever guesses an id is told that its version is another one: so it is an id."""

    header = b"if-match"

    def answer(self, pool: Pool, patient_id: str, path: str) -> Response | None:
        return Response(status_code=412) if _name_of(pool, patient_id) else None


class AnOldVersionIsToldToOutsiders(FunctionalFault):
    """A cache answers "not modified" from its memory to whoever knows the version."""

    item = "access-control"

    def around(self, app: ASGIApp) -> ASGIApp:
        known: dict[str, str] = {}

        def change(answer: ResponseDraft) -> None:
            scope = answer.scope
            if scope["method"] != "GET":
                return
            if answer.status == 200 and "etag" in answer.headers:
                known[scope["path"]] = answer.headers["etag"]
            wanted = Headers(scope=scope).get("if-none-match")
            if wanted and wanted == known.get(scope["path"]):
                answer.status, answer.body = 304, b""

        return rewrite_responses(app, change)
