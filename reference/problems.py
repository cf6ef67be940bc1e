"""Errors as RFC 9457 problem details.

The body is `{"type": "/problems/stale", "title", "status", "detail", "request_id"}`. For an invalid
request it also lists `"errors": [{"field": "birth_date", "message": "…"}]`. Raise `Problem("stale",
"…")` anywhere below a route. The cause of an internal error is never part of an answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.routing import Match

MEDIA_TYPE = "application/problem+json"

KINDS: Mapping[str, tuple[int, str]] = {
    "unauthenticated": (401, "Sign in first"),
    "forbidden": (403, "Your role may not do this"),
    "not-found": (404, "Not found"),
    "method-not-allowed": (405, "This cannot be done here"),
    "duplicate": (409, "Already there"),
    "illegal-transition": (409, "The visit cannot go there from where it is"),
    "stale": (412, "Someone else changed it meanwhile"),
    "too-large": (413, "Too large"),
    "unsupported-type": (415, "This type of file is not taken"),
    "invalid": (422, "The request is not valid"),
    "precondition-required": (428, "If-Match is required"),
    "throttled": (429, "Too many failures"),
    "internal": (500, "Something went wrong on our side"),
    "unavailable": (503, "Not available right now"),
}
_HEADERS: Mapping[str, Mapping[str, str]] = {
    "unauthenticated": {"WWW-Authenticate": "Bearer"},
    "unavailable": {"Retry-After": "1"},
}
_KIND_OF_STATUS = {400: "invalid", 404: "not-found", 405: "method-not-allowed", 413: "too-large"}
_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_LONGEST_FIELD = 100  # characters of a field's name that an answer repeats


class FieldError(BaseModel):
    """What is wrong with one field of a request."""

    field: str
    message: str


class ProblemBody(BaseModel):
    """A problem as the document describes it."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[FieldError] | None = None


class Problem(HTTPException):
    """An error that is answered as a problem; `kind` is a key of `KINDS`."""

    def __init__(
        self,
        kind: str,
        detail: str,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        status, self.title = KINDS[kind]
        super().__init__(status, detail, {**_HEADERS.get(kind, {}), **(headers or {})})
        self.kind = kind
        self.errors = errors


def not_found(what: str) -> Problem:
    """Return the problem for a record that does not exist, or that the caller must not know of."""
    return Problem("not-found", f"There is no such {what}.")


def invalid(field: str, message: str) -> Problem:
    """Return the problem for one invalid field."""
    return Problem("invalid", "See errors.", [FieldError(field=field, message=message)])


def answer(problem: Problem, request_id: str) -> Response:
    """Return the problem as a response.

    The body is ASCII, because a field's name may hold characters that UTF-8 cannot encode.
    """
    body: dict[str, Any] = {
        "type": f"/problems/{problem.kind}",
        "title": problem.title,
        "status": problem.status_code,
        "detail": problem.detail,
        "request_id": request_id,
    }
    if problem.errors:
        body["errors"] = [error.model_dump() for error in problem.errors]
    return Response(json.dumps(body), problem.status_code, problem.headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Answer each known error below `app` as a problem."""
    for kind in (StarletteHTTPException, RequestValidationError, psycopg.OperationalError):
        app.add_exception_handler(kind, _answer_error)


async def _answer_error(request: Request, error: Exception) -> Response:
    problem = named(error)
    if problem.kind == "method-not-allowed":
        problem.headers = {"Allow": ", ".join(_methods(request))}
    return answer(problem, request.state.request_id)


def _methods(request: Request) -> list[str]:
    """Return the methods that a path allows.

    Starlette's own answer names the methods of one route, and several routes may share a path (RFC
    9110, 10.2.1).
    """
    return [
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    ]


def named(error: Exception) -> Problem:
    """Return the problem that the caller sees for an error."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, RequestValidationError):
        return Problem("invalid", "See errors.", [_field_error(each) for each in error.errors()])
    if isinstance(error, StarletteHTTPException) and error.status_code in _KIND_OF_STATUS:
        return Problem(_KIND_OF_STATUS[error.status_code], str(error.detail), headers=error.headers)
    if isinstance(error, psycopg.OperationalError):
        return Problem("unavailable", "The database does not answer in time.")
    return Problem("internal", "The request id leads to what happened.")


def _field_error(error: Mapping[str, Any]) -> FieldError:
    where, *inside = error["loc"]
    field = ".".join(str(part) for part in inside) or str(where)
    return FieldError(field=field[:_LONGEST_FIELD], message=error["msg"])
