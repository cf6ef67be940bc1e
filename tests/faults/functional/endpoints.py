"""Faults of the interface: another release than judged, other answers than documented, and words
that help an intruder.
"""

# What takes a function's place takes what that one took, whether it looks at it or not.

from __future__ import annotations

import traceback
from dataclasses import replace as changed
from typing import Any
from uuid import UUID

from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp

from reference import problems
from reference.audit import store as audit
from reference.problems import Problem
from reference.settings import Settings
from tests.faults.fault import replace
from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.response_changes import ResponseDraft, rewrite_responses


class _Endpoints(FunctionalFault):
    """Whatever is wrong with the interface, one item looks after it."""

    item = "api-endpoints"


# ── which release ──


class TheReleaseBeforeStillRuns(_Endpoints):
    """The cutover is declared done, and the old software writes into the new tables."""

    def settings(self, settings: Settings) -> Settings:
        return changed(settings, release="1.9.0")


# ── not as documented ──


class TheAuditLogCannotBeRead(_Endpoints):
    """Nobody can say who looked at the minister's record."""

    def put_in(self) -> None:
        def page(*place: Any) -> dict[str, Any]:
            raise RuntimeError("no such index")

        replace(audit, page=page)


class _Rewritten(_Endpoints):
    """Some answers are changed on their way out."""

    def change(self, answer: ResponseDraft) -> None:
        raise NotImplementedError

    def around(self, app: ASGIApp) -> ASGIApp:
        return rewrite_responses(app, self.change)


class AnAnswerHasAnUndocumentedStatus(_Rewritten):
    """A client that was built by the document takes “who am I” for a failure, and signs the nurse
    out.
    """

    def change(self, answer: ResponseDraft) -> None:
        if answer.scope["path"].endswith("/auth/me") and answer.status == 200:
            answer.status = 203


class ErrorsAreHtmlPages(_Endpoints):
    """The ward's program shows a page full of angle brackets instead of what is wrong."""

    def put_in(self) -> None:
        right = problems.answer

        def answer(problem: Problem, request_id: str) -> Response:
            plain = problem.kind not in ("not-found", "unauthenticated", "forbidden")
            return (
                right(problem, request_id)
                if plain
                else HTMLResponse(f"<h1>{problem.title}</h1>", problem.status_code, problem.headers)
            )

        replace(problems, answer=answer)


# ── what helps an intruder ──


class OddIdsBringAStackTrace(_Endpoints):
    """Whoever types nonsense into the address reads how the server is built."""

    def around(self, app: ASGIApp) -> ASGIApp:
        def change(answer: ResponseDraft) -> None:
            if answer.status in (404, 422) and any(
                not _is_an_id(value) for value in answer.scope.get("path_params", {}).values()
            ):
                answer.status, answer.body = 500, "".join(traceback.format_stack()).encode()
                answer.headers["content-type"] = "text/plain"

        return rewrite_responses(app, change)


def _is_an_id(value: object) -> bool:
    try:
        return bool(UUID(str(value)))
    except ValueError:
        return False


class RefusalsQuoteTheDatabase(_Endpoints):
    """Whoever registers a patient twice reads the names of tables and constraints."""

    def put_in(self) -> None:
        right = problems.answer

        def answer(problem: Problem, request_id: str) -> Response:
            if problem.kind == "duplicate":
                problem.detail = 'duplicate key value violates unique constraint "patients_mrn_key"'
            return right(problem, request_id)

        replace(problems, answer=answer)


class TheServerTellsItsVersion(_Rewritten):
    """Whoever knows a hole in that version knows where to come in."""

    def change(self, answer: ResponseDraft) -> None:
        answer.headers["server"] = "uvicorn/0.34.0"


class DownloadsMayBeTakenForPrograms(_Rewritten):
    """A browser guesses that a filed text is a page, and runs what is in it.

    The header that forbids it is missing.
    """

    def change(self, answer: ResponseDraft) -> None:
        if answer.scope["path"].endswith("/content"):
            del answer.headers["x-content-type-options"]
